"""What the command line says of a training on recordings, or on pieces with marked parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from symbolic.data import FOLDS, recording_corpora
from symbolic.encoders.beat_systems import BEAT_SYSTEMS
from symbolic.encoders.systems import SYSTEMS
from symbolic.structure.detection import BoundaryArguments
from symbolic.training.audio_augmentation import AugmentArguments
from symbolic.training.trainer import TRAINING_DEFAULTS


@dataclass(kw_only=True)
class AudioDataArguments:
    """Which recordings are trained on and which are held out."""

    corpus: str = field(metadata={"help": f"one of {', '.join(recording_corpora())}"})
    audio: str = field(metadata={"help": "folder of the corpus"})
    hold_out: str = field(
        default="fold-0",
        metadata={
            "help": "recordings to predict, never trained on: fold-K, fold K by group (artist, "
            "song); or the name of a split of the corpus; none"
        },
    )
    folds: int = field(default=FOLDS, metadata={"help": "how many folds, where K names one"})
    fold_seed: int = field(default=0, metadata={"help": "of the shuffle before folding"})
    most: int = field(
        default=0, metadata={"help": "so many pieces of the corpus, drawn by fold_seed; 0: all"}
    )
    cache_dir: str | None = field(default=None, metadata={"help": "where features are kept"})
    workers: int | None = field(default=None, metadata={"help": "processes that read files"})


@dataclass(kw_only=True)
class AudioModelArguments(AugmentArguments, BoundaryArguments):
    """The model, and what is done to its input in training."""

    system: str = field(metadata={"help": f"one of {', '.join([*SYSTEMS, *BEAT_SYSTEMS])}"})
    width: float = field(default=1.0, metadata={"help": "factor of the channels of the encoder"})
    seconds: float = field(default=0.0, metadata={"help": "of a window; 0: the system's own"})
    frame_rate: float = field(
        default=0.0,
        metadata={
            "help": "frames a second that the pictures of a corpus without audio are stretched "
            "to, beside the bands of the system; 0: as many as they have"
        },
    )
    front_inside: bool = field(
        default=False, metadata={"help": "the model takes samples and makes its pictures itself"}
    )
    pretrained: str = field(
        default="",
        metadata={
            "help": "folder or hub name of a model of the same system, whose encoder is taken, "
            "with its front end and window"
        },
    )
    head_dropout: float = field(
        default=-1.0, metadata={"help": "in the heads; below 0: the system's own"}
    )
    norm: str = field(
        default="",
        metadata={"help": "of the input: column, picture or none; the system's own by default"},
    )
    label_smoothing: float = field(default=0.0, metadata={"help": "of tasks of classes"})


AUDIO_DEFAULTS = {
    **TRAINING_DEFAULTS,
    "per_device_train_batch_size": 16,
    "weight_decay": 1e-4,
    "warmup_steps": 0.1,
    "num_train_epochs": 20.0,
}


def recorded(data: AudioDataArguments, findings: Sequence[str]) -> dict[str, Any]:
    """Data arguments as a record keeps them, never where files lie, and what was left out."""
    source = {**asdict(data), "audio": Path(data.audio).name, "findings": list(findings)}
    del source["cache_dir"], source["workers"]
    return source
