"""Training on recordings (`symbolic train --system NAME`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from transformers import TrainingArguments

from symbolic.audio.cache import features_of
from symbolic.configuration import SymbolicConfig
from symbolic.data import AudioDataset, Corpus
from symbolic.data.corpus import readable
from symbolic.encoders.audio_system import AudioSystem
from symbolic.encoders.beat_systems import BEAT_SYSTEMS
from symbolic.encoders.boundary_systems import BOUNDARY_SYSTEMS
from symbolic.encoders.systems import SYSTEMS
from symbolic.inference.prediction import predict_audio
from symbolic.inference.weights import load_config
from symbolic.modeling import SymbolicModel, no_bar_of_weights
from symbolic.structure.detection import Curve, frame_activations, frame_times
from symbolic.tasks import BOUNDARY
from symbolic.training.audio_arguments import AudioDataArguments, AudioModelArguments
from symbolic.training.audio_augmentation import augmentation
from symbolic.training.beats import BeatInputs
from symbolic.training.procedure import train_and_report
from symbolic.training.recordings import RecordingInputs
from symbolic.training.trainer import FitArguments


class AudioInputs(RecordingInputs):
    """Samples or spectrograms of recordings."""

    def build(self) -> SymbolicModel:
        self.model = build_audio_model(self.corpus, self.arguments)
        return self.model

    def read(self, model: SymbolicModel) -> tuple[Corpus, list[np.ndarray], list[str]]:
        return read_recordings(self.corpus, model, self.data.cache_dir, self.data.workers)

    def times(self, model: SymbolicModel, example: np.ndarray) -> np.ndarray:
        return frame_times(len(example), model.config.feature_extractor().front_end)

    def dataset(self, model: SymbolicModel, chosen: np.ndarray, training: bool) -> AudioDataset:
        return AudioDataset(
            self.chosen(chosen)[1],
            self.labels(model, chosen),
            model.config.window,
            augmentation(model.config, self.arguments) if training else None,
            every=not training,
        )

    def probabilities(self, model: SymbolicModel, examples: Sequence[Any]) -> dict[str, np.ndarray]:
        return predict_audio(model, examples)

    def activations(self, model: SymbolicModel, examples: Sequence[Any]) -> list[Curve]:
        return frame_activations(model, examples)

    def save(self, folder: Path) -> None:
        self.model.config.feature_extractor().save_pretrained(folder)


def train_audio(
    data: AudioDataArguments,
    arguments: AudioModelArguments,
    fitting: FitArguments,
    training: TrainingArguments,
) -> SymbolicModel:
    """Train, save the model and its feature extractor, predict what is held out.

    Recordings are cut into windows after the split; predictions of a recording are means over its
    windows. The folder is as `symbolic.training.notes.train` leaves it, with the feature extractor
    in place of the tokenizer. Systems in `BEAT_SYSTEMS` have a tokenizer, or neither if they take
    no tokens.

    Raises:
        FileNotFoundError: a corpus that is not there.
        ValueError: a corpus, a system or a split that does not exist, or a corpus without audio for
            a system that takes samples; for systems in `BEAT_SYSTEMS`, a corpus without files of
            notes with marked parts, or options of recordings alone.
        LeakError: a group on both sides, or a held-out group that the model in `pretrained` was
            trained on.
        ReadError: no recording of the corpus can be read.
    """
    inputs = AudioInputs
    if arguments.variety and arguments.system not in BEAT_SYSTEMS:
        raise ValueError(f"variety: of beats without tokens, not of {arguments.system!r}")
    if arguments.system in BEAT_SYSTEMS:
        inputs = BeatInputs
        if fitting.validation_share or fitting.class_weights:
            raise ValueError(
                f"validation_share and class_weights are not supported by {arguments.system!r}"
            )
    return train_and_report(inputs(data, arguments), fitting, training, data.hold_out)


def build_audio_model(corpus: Corpus, arguments: AudioModelArguments) -> SymbolicModel:
    """Build a model of a system for the tasks of a corpus, with torch's random weights.

    If the corpus provides spectrograms instead of audio, the encoder resamples them to the system's
    frequency bands, and to `frame_rate` if given. With `pretrained`, encoder weights, front end,
    resampling and window length are taken from that model; `seconds` replaces the window length.

    Raises:
        ValueError: a system that does not exist, an input that the corpus does not have, or a
            pre-trained model of another system.
    """
    if arguments.system not in SYSTEMS:
        raise ValueError(f"no system {arguments.system!r}; there are {', '.join(SYSTEMS)}")
    system = SYSTEMS[arguments.system]
    if BOUNDARY in corpus.tasks and arguments.system not in BOUNDARY_SYSTEMS:
        raise ValueError(
            f"system {arguments.system!r} predicts no boundaries of frames; there are "
            f"{', '.join(BOUNDARY_SYSTEMS)}"
        )
    changes: dict[str, Any] = {
        "label_smoothing": arguments.label_smoothing,
        "peaks": arguments.peaks,
    }
    if arguments.head_dropout >= 0:
        changes["head_dropout"] = arguments.head_dropout
    if arguments.seconds:  # not the published windows: as many as cover a recording
        changes["chunks"] = None
    if arguments.norm:
        changes["encoder_options"] = {"norm": arguments.norm}
    base = None
    if arguments.pretrained:
        if arguments.frame_rate:
            raise ValueError("frame_rate: a pre-trained model has its own frames a second")
        base = load_config(arguments.pretrained)
        front, grid = base.front_end, base.encoder_options.get("grid")
        changes["backbone_config"] = base.backbone_config
        if not arguments.seconds:
            changes |= {"window": base.window, "chunks": base.chunks}
    else:
        if arguments.frame_rate and corpus.front_end is None:
            raise ValueError("frame_rate: of corpora of spectrograms, and this one has audio")
        front, grid = corpus.front_end_for(system.front), None
        if corpus.front_end is not None and not front.is_derived:
            rate = arguments.frame_rate or front.rate
            grid = (system.front.width, rate / front.rate)
    config = system.config(
        corpus.tasks,
        arguments.width,
        front=front,
        grid=grid,
        seconds=arguments.seconds or None,
        front_end_in_model=arguments.front_inside,
        **changes,
    )
    if base is not None and not _is_of_system(base, config, system):
        raise ValueError(
            f"{arguments.pretrained}: not of the system {arguments.system}, of this width and with "
            "the front end on the same side"
        )
    model = SymbolicModel(config)
    if base is not None:
        with no_bar_of_weights():
            weights = SymbolicModel.from_pretrained(arguments.pretrained).encoder.state_dict()
        model.encoder.load_state_dict(weights)
    return model


def _is_of_system(base: SymbolicConfig, config: SymbolicConfig, system: AudioSystem) -> bool:
    """Whether a pre-trained model is of a system, in a configuration with its front end."""
    front, grid = base.front_end, base.encoder_options.get("grid")
    if front is None or front.kinds != system.front.kinds:
        return False
    columns = front.width if grid is None else grid[0]
    same = ("encoder", "encoder_options", "front_end_in_model")
    return columns == system.front.width and all(
        getattr(base, name) == getattr(config, name) for name in same
    )


def read_recordings(
    corpus: Corpus, model: SymbolicModel, cache_dir: str | None, workers: int | None
) -> tuple[Corpus, list[np.ndarray], list[str]]:
    """Read what a model takes of each recording of a corpus.

    Returns:
        The corpus without the recordings that cannot be read, an array for each of the others, and
        sentences on what was left out.

    Raises:
        ValueError: a corpus of spectrograms other than those of the model.
        ReadError: no recording can be read.
    """
    if corpus.features is not None:
        corpus = corpus.with_front_end(model.config.feature_extractor().front_end)
        return corpus, list(corpus.features or ()), list(corpus.findings)
    front = model.config.feature_extractor().input_front_end
    paths = [piece.path for piece in corpus.pieces]
    return readable(corpus, features_of(paths, front, cache_dir, workers))
