"""Training models of notes that find boundaries at bars or beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path

import numpy as np
from transformers import TrainingArguments, set_seed

from symbolic.audio.synthesis.rendering import is_music
from symbolic.configuration import SymbolicConfig
from symbolic.data import AUDIO_READERS, Corpus, TokenVocabulary, assert_disjoint, group_name
from symbolic.data.corpus import readable
from symbolic.data.datasets.beat_dataset import BeatDataset, BeatRow, read_beat_rows
from symbolic.data.splits.audio_splits import drawn, held_out
from symbolic.data.splits.validation import validation_mask
from symbolic.encoders.audio.blocks import scaled
from symbolic.encoders.beat_systems import HEAD_DROPOUT, LENGTH, UNIT_SYSTEMS, UnitSystem
from symbolic.inference.audio_predictions import audio_rows
from symbolic.modeling import SymbolicModel
from symbolic.notes.pool import apply_many
from symbolic.structure.detection import (
    boundary_rows,
    choose_thresholds,
    position_labels,
    unit_activations,
)
from symbolic.tasks import BOUNDARY, UNIT_BOUNDARY
from symbolic.tokenizers import Tokenizer, build_tokenizer
from symbolic.training.audio_arguments import AudioDataArguments, AudioModelArguments, recorded
from symbolic.training.audio_augmentation import AugmentArguments
from symbolic.training.build import ShapeArguments, new_backbone, share_pitch_classes
from symbolic.training.run_folder import save_run
from symbolic.training.trainer import FitArguments, fit

SEMITONES = 6  # each stretch is moved by up to so many, as elsewhere
OF_RECORDINGS = (
    *("seconds", "frame_rate", "front_inside", "pretrained", "norm", "label_smoothing"),
    *(change.name for change in fields(AugmentArguments)),
)


def train_units(
    data: AudioDataArguments,
    arguments: AudioModelArguments,
    fitting: FitArguments,
    training: TrainingArguments,
) -> SymbolicModel:
    """As `symbolic.training.audio.train_audio`, of a system in `UNIT_SYSTEMS`.

    The folder has the tokenizer in place of a feature extractor, or nothing where a system takes no
    tokens.

    Raises:
        FileNotFoundError: a corpus that is not there.
        ValueError: a corpus that does not exist, or has no files of notes with marked parts; a
            split that does not exist; what is asked of recordings alone.
        LeakError: a group on both sides.
        ReadError: no file of the corpus can be read.
    """
    system = UNIT_SYSTEMS[arguments.system]
    _refuse(arguments, fitting)
    corpus = drawn(AUDIO_READERS[data.corpus](data.audio), data.most, data.fold_seed)
    if BOUNDARY not in corpus.tasks or not all(is_music(piece.path) for piece in corpus.pieces):
        raise ValueError(
            f"system {arguments.system!r} reads notes with marked parts, and {data.corpus} has none"
        )
    tokenizer = build_tokenizer(system.tokenizer) if system.backbone else None
    corpus, rows, findings = unit_rows(corpus, system, tokenizer, data.workers)
    for finding in findings:
        print(finding)
    train, test = held_out(corpus, data.hold_out, data.folds, data.fold_seed)
    groups = [group_name(piece.corpus, piece.group) for piece in corpus.pieces]
    trained_on = [groups[i] for i in train]
    assert_disjoint(train=trained_on, held_out=[groups[i] for i in test])
    chosen = validation_mask(
        np.zeros(len(train), int), trained_on, arguments.threshold_share, training.seed
    )
    set_seed(training.seed)
    model = build_unit_model(system, tokenizer, arguments)
    vocabulary = None if tokenizer is None else TokenVocabulary.of(tokenizer)
    dataset = BeatDataset(
        [rows[i] for i in train[~chosen]],
        [
            {
                BOUNDARY.name: position_labels(
                    corpus.pieces[i].labels[BOUNDARY.name], rows[i].edges[:-1], arguments
                )
            }
            for i in train[~chosen]
        ],
        system.window,
        LENGTH,
        vocabulary,
        system.pictures,
        SEMITONES,
    )
    trainer = fit(model, dataset, None, fitting, training)
    if trainer.is_world_process_zero():

        def answers(which: Sequence[int]) -> tuple[list, list[np.ndarray]]:
            return [corpus.pieces[i] for i in which], unit_activations(
                model, [rows[i] for i in which]
            )

        choose_thresholds(model.config, *answers(train[chosen]))
        predicted = []
        if len(test):
            pieces, activations = answers(test)
            named = {"fold": data.hold_out, "seed": training.seed}
            found = boundary_rows(pieces, activations, model.config)
            for row, one in zip(audio_rows((), pieces, {}, **named), found, strict=True):
                predicted.append({**row, **one})
        save_run(
            training.output_dir,
            model,
            nothing if vocabulary is None else vocabulary.save_tokenizer,
            recorded(data, findings),
            trained_on,
            arguments,
            fitting,
            training,
            predicted,
        )
        if predicted:
            print(f"held out {data.hold_out}: {len(predicted)} pieces")
    return model


def nothing(folder: Path) -> None:
    """What makes the input of a system without tokens: its configuration says it all."""


def _refuse(arguments: AudioModelArguments, fitting: FitArguments) -> None:
    if asked := [name for name in OF_RECORDINGS if getattr(arguments, name)]:
        raise ValueError(f"{', '.join(asked)}: of recordings, and {arguments.system!r} reads notes")
    if fitting.validation_share or fitting.class_weights:
        raise ValueError(f"{arguments.system!r} knows neither validation_share nor class_weights")


def unit_rows(
    corpus: Corpus,
    system: UnitSystem,
    tokenizer: Tokenizer | None,
    workers: int | None = None,
) -> tuple[Corpus, list[BeatRow], list[str]]:
    """The pieces of a corpus as a system takes them.

    Returns:
        The corpus without the files that cannot be read, a row for each that is left, and sentences
        on what was left out.

    Raises:
        ReadError: none can be read.
    """
    paths = [piece.path for piece in corpus.pieces]
    read = partial(read_beat_rows, system.unit, tokenizer, system.pictures)
    return readable(corpus, list(apply_many(read, paths, workers)))


def build_unit_model(
    system: UnitSystem, tokenizer: Tokenizer | None, arguments: AudioModelArguments
) -> SymbolicModel:
    """A new model of a system, with random weights of torch's generator.

    Args:
        system: which one.
        tokenizer: of its tokens, None where it takes none.
        arguments: its width, head and way to pick peaks.
    """
    given = arguments.head_dropout
    told = {
        "head_dropout": given if given >= 0 else HEAD_DROPOUT,
        "window": system.window,
        "unit": system.unit,
        "unit_options": {
            "pictures": list(system.pictures),
            "size": scaled(system.size, arguments.width),
            "lags": system.lags,
        },
        "peaks": arguments.peaks,
    }
    if tokenizer is None:
        told["unit_members"] = system.members
        return SymbolicModel(SymbolicConfig(encoder="units", tasks=[BOUNDARY], **told))
    half = scaled(system.hidden_size // system.heads // 2, arguments.width)  # even, for rotations
    shape = ShapeArguments(
        backbone=system.backbone,
        hidden_size=system.heads * 2 * half,
        layers=system.layers,
        heads=system.heads,
        window=system.window,
    )
    config = SymbolicConfig(
        backbone_config=new_backbone(shape),
        field_names=tokenizer.field_names,
        vocab_sizes=tokenizer.vocab_sizes,
        pad_ids=tokenizer.pad_ids,
        mask_ids=tokenizer.mask_ids,
        field_embedding_size=shape.field_embedding_size,
        tasks=[UNIT_BOUNDARY],
        tokenizer_class=type(tokenizer).__name__,
        **told,
    )
    model = SymbolicModel(config)
    share_pitch_classes(model, tokenizer)
    return model
