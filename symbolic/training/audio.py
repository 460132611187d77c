"""Training models of audio: what `scripts/train.py --system NAME` calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from transformers import TrainingArguments, set_seed

from symbolic.audio.cache import features_of
from symbolic.configuration import SymbolicConfig
from symbolic.data import (
    AUDIO_READERS,
    AudioDataset,
    Corpus,
    assert_disjoint,
    group_name,
)
from symbolic.data.corpus import readable
from symbolic.data.splits.audio_splits import class_labels, classes, drawn, held_out
from symbolic.data.splits.validation import validation_mask
from symbolic.encoders.audio_system import AudioSystem
from symbolic.encoders.beat_systems import UNIT_SYSTEMS
from symbolic.encoders.boundary_systems import BOUNDARY_SYSTEMS
from symbolic.encoders.systems import SYSTEMS
from symbolic.inference.audio_predictions import Row, audio_rows
from symbolic.inference.feature_extractor import extractor_of
from symbolic.inference.prediction import predict_audio
from symbolic.modeling import SymbolicModel
from symbolic.structure.detection import (
    boundary_rows,
    choose_thresholds,
    frame_activations,
    frame_times,
    position_labels,
)
from symbolic.tasks import BOUNDARY, Task
from symbolic.training.audio_arguments import (
    AudioDataArguments,
    AudioModelArguments,
    recorded,
)
from symbolic.training.audio_augmentation import augmentation
from symbolic.training.beats import train_units
from symbolic.training.optimisation import balanced_weights
from symbolic.training.run_folder import known_groups, save_run
from symbolic.training.trainer import FitArguments, fit


def train_audio(
    data: AudioDataArguments,
    arguments: AudioModelArguments,
    fitting: FitArguments,
    training: TrainingArguments,
) -> SymbolicModel:
    """Train, save the model and its feature extractor, predict what is held out.

    Segments are cut after the split; what is said of a recording is the mean over its windows. The
    folder is as `symbolic.training.notes.train` leaves it, with the feature extractor in place of
    the tokenizer.

    Raises:
        FileNotFoundError: a corpus that is not there.
        ValueError: a corpus, a system or a split that does not exist, or a corpus without audio for
            a system that takes samples.
        LeakError: a group on both sides, or held out and known to the model in `pretrained`.
        ReadError: no recording of the corpus can be read.
    """
    if data.corpus not in AUDIO_READERS:
        raise ValueError(f"no corpus {data.corpus!r}; there are {', '.join(AUDIO_READERS)}")
    if arguments.system in UNIT_SYSTEMS:
        return train_units(data, arguments, fitting, training)
    corpus = drawn(AUDIO_READERS[data.corpus](data.audio), data.most, data.fold_seed)
    set_seed(training.seed)
    model = build_audio_model(corpus, arguments)
    corpus, arrays, findings = heard(corpus, model, data.cache_dir, data.workers)
    for finding in findings:
        print(finding)
    train, test = held_out(corpus, data.hold_out, data.folds, data.fold_seed)
    groups = [group_name(piece.corpus, piece.group) for piece in corpus.pieces]
    known = known_groups(arguments.pretrained)
    trained_on = [*(groups[i] for i in train), *known]
    assert_disjoint(train=trained_on, held_out=[groups[i] for i in test])
    validation, fitted = np.zeros(len(train), bool), train
    bounds = BOUNDARY.name in model.heads
    labels = [piece.labels for piece in corpus.pieces]
    if bounds:
        labels = _with_frames(labels, arrays, model, arguments)
    if share := fitting.validation_share or (arguments.threshold_share if bounds else 0.0):
        names = [groups[i] for i in train]
        validation = validation_mask(classes(corpus)[train], names, share, training.seed)
        fitted = train[~validation]
    if fitting.class_weights:
        model.config.class_weights = {
            task.name: balanced_weights(class_labels(corpus, task)[fitted], task.num_labels)
            for task in corpus.tasks
            if task.kind == "single"
        }
    change = augmentation(model.config, arguments)

    def dataset(chosen: Sequence[int], **options) -> AudioDataset:
        return AudioDataset(
            [arrays[i] for i in chosen],
            [labels[i] for i in chosen],
            model.config.window,
            **options,
        )

    trainer = fit(
        model,
        dataset(fitted, augment=change),
        dataset(train[validation], every=True) if fitting.validation_share else None,
        fitting,
        training,
    )
    if trainer.is_world_process_zero():
        if bounds:
            chosen = train[validation]
            activations = frame_activations(model, [arrays[i] for i in chosen])
            choose_thresholds(model.config, [corpus.pieces[i] for i in chosen], activations)
        rows: list[Row] = []
        if len(test):
            pieces, heard_there = [corpus.pieces[i] for i in test], [arrays[i] for i in test]
            named = {"fold": data.hold_out, "seed": training.seed}
            rows = audio_rows(model.tasks, pieces, predict_audio(model, heard_there), **named)
            if bounds:
                found = boundary_rows(pieces, frame_activations(model, heard_there), model.config)
                rows = [{**row, **one} for row, one in zip(rows, found, strict=True)]
        save_run(
            training.output_dir,
            model,
            extractor_of(model.config).save_pretrained,
            recorded(data, findings),
            trained_on,
            arguments,
            fitting,
            training,
            rows,
        )
        if rows:
            print(accuracy_line(model.tasks, rows, data.hold_out))
    return model


def _with_frames(
    labels: Sequence[dict[str, Any]],
    arrays: Sequence[np.ndarray],
    model: SymbolicModel,
    arguments: AudioModelArguments,
) -> list[dict[str, Any]]:
    """Labels with the targets of frames in place of the times of boundaries."""
    front = model.config.front_end
    return [
        {
            **one,
            BOUNDARY.name: position_labels(
                one[BOUNDARY.name], frame_times(len(array), front), arguments
            ),
        }
        for one, array in zip(labels, arrays, strict=True)
    ]


def build_audio_model(corpus: Corpus, arguments: AudioModelArguments) -> SymbolicModel:
    """A new model of a system for the tasks of a corpus, with random weights of torch's generator.

    Of a corpus of pictures the encoder stretches them onto the bands of the system's front, and
    where it is asked to onto other frames a second. The model in `pretrained` gives its encoder and
    its own ears: front end, stretching, and windows unless other seconds are asked for. So
    recordings are heard as that model has heard its own, of another corpus or of pictures.

    Raises:
        ValueError: a system that does not exist, or that takes what the corpus does not have; or a
            pre-trained model of another system.
    """
    if arguments.system not in SYSTEMS:
        raise ValueError(f"no system {arguments.system!r}; there are {', '.join(SYSTEMS)}")
    system = SYSTEMS[arguments.system]
    if BOUNDARY in corpus.tasks and arguments.system not in BOUNDARY_SYSTEMS:
        raise ValueError(
            f"system {arguments.system!r} does not keep its frames, and boundaries are of frames; "
            f"there are {', '.join(BOUNDARY_SYSTEMS)}"
        )
    told: dict[str, Any] = {
        "label_smoothing": arguments.label_smoothing,
        "peaks": arguments.peaks,
    }
    if arguments.head_dropout >= 0:
        told["head_dropout"] = arguments.head_dropout
    if arguments.seconds:  # other windows than the published ones: as many as cover a recording
        told["chunks"] = None
    if arguments.norm:
        told["encoder_options"] = {"norm": arguments.norm}
    base = None
    if arguments.pretrained:
        if arguments.frame_rate:
            raise ValueError("frame_rate: a pre-trained model has its own frames a second")
        base = SymbolicConfig.from_pretrained(arguments.pretrained)
        front, grid = base.front_end, base.encoder_options.get("grid")
        told["backbone_config"] = base.backbone_config
        if not arguments.seconds:
            told |= {"window": base.window, "chunks": base.chunks}
    else:
        front, grid = corpus.front_end_for(system.front), None
        if corpus.front_end is not None and not front.structured:
            rate = arguments.frame_rate or front.rate
            grid = (system.front.width, rate / front.rate)
    config = system.config(
        corpus.tasks,
        arguments.width,
        front=front,
        grid=grid,
        seconds=arguments.seconds or None,
        front_inside=arguments.front_inside,
        **told,
    )
    if base is not None and not _is_of_system(base, config, system):
        raise ValueError(
            f"{arguments.pretrained}: not of the system {arguments.system}, of this width and with "
            "the front on this side"
        )
    model = SymbolicModel(config)
    if base is not None:
        weights = SymbolicModel.from_pretrained(arguments.pretrained).encoder.state_dict()
        model.encoder.load_state_dict(weights)
    return model


def _is_of_system(base: SymbolicConfig, config: SymbolicConfig, system: AudioSystem) -> bool:
    """Whether a pre-trained model is of a system, whose configuration has that model's ears."""
    front, grid = base.front_end, base.encoder_options.get("grid")
    if front is None or front.kinds != system.front.kinds:
        return False
    columns = front.width if grid is None else grid[0]
    same = ("encoder", "encoder_options", "front_inside")
    return columns == system.front.width and all(
        getattr(base, name) == getattr(config, name) for name in same
    )


def heard(
    corpus: Corpus, model: SymbolicModel, cache_dir: str | None, workers: int | None
) -> tuple[Corpus, list[np.ndarray], list[str]]:
    """What a model takes of each recording of a corpus.

    Returns:
        The corpus without the recordings that cannot be read, an array for each that is left, and
        sentences on what was left out.

    Raises:
        ValueError: a corpus of pictures, and a model that was made for others.
        ReadError: none can be read.
    """
    if corpus.features is not None:
        corpus = corpus.with_front_end(model.config.front_end)
        return corpus, list(corpus.features), list(corpus.findings)
    front = extractor_of(model.config).heard
    paths = [piece.path for piece in corpus.pieces]
    return readable(corpus, features_of(paths, front, cache_dir, workers))


def accuracy_line(tasks: Sequence[Task], rows: list[Row], name: str) -> str:
    """What to print of held-out recordings."""
    parts = [f"held out {name}: {len(rows)} recordings"]
    for task in tasks:
        known = [row for row in rows if task.kind == "single" and row.get(task.name)]
        if known:
            right = sum(row[task.name] == row[f"{task.name} predicted"] for row in known)
            parts.append(f"accuracy of {task.name} {right / len(known):.3f}")
    return ", ".join(parts)
