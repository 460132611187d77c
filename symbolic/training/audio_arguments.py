"""Arguments of training on recordings, or on pieces with marked parts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from symbolic.data import FOLDS, recording_corpora
from symbolic.encoders.beat_systems import BEAT_SYSTEMS
from symbolic.encoders.systems import SYSTEMS
from symbolic.structure.detection import BoundaryArguments
from symbolic.training.audio_augmentation import AugmentArguments
from symbolic.training.trainer import TRAINING_DEFAULTS

MARKED = ("marked", "marked-folders")  # corpora of --marked, the first by default


@dataclass(kw_only=True)
class AudioDataArguments:
    """Corpus and split."""

    corpus: str = field(default="", metadata={"help": f"one of {', '.join(recording_corpora())}"})
    audio: str = field(default="", metadata={"help": "folder of the corpus"})
    marked: str = field(
        default="",
        metadata={
            "help": "folder of MIDI and MusicXML that mark their own sections, by markers, "
            "rehearsal marks, double bars or repeats: the corpus and its folder; each file is a "
            "group, and each folder with --corpus marked-folders"
        },
    )
    hold_out: str = field(
        default="fold-0",
        metadata={
            "help": "recordings to predict and not to train on: fold-K, fold K by group (artist, "
            "song); the name of a split of the corpus; or none"
        },
    )
    folds: int = field(default=FOLDS, metadata={"help": "number of folds"})
    fold_seed: int = field(default=0, metadata={"help": "of the random folds"})
    most: int = field(
        default=0, metadata={"help": "use only this many randomly drawn pieces (0: all)"}
    )
    cache_dir: str | None = field(default=None, metadata={"help": "folder of cached features"})
    workers: int | None = field(default=None, metadata={"help": "processes that read files"})

    def __post_init__(self) -> None:
        if self.marked:
            if self.audio not in ("", self.marked) or self.corpus not in ("", *MARKED):
                raise ValueError("marked: is a corpus and its folder; give no others beside it")
            self.corpus, self.audio = self.corpus or MARKED[0], self.marked
        if not self.corpus or not self.audio:
            raise ValueError("give corpus and audio, the folder of the corpus, or marked")


@dataclass(kw_only=True)
class AudioModelArguments(AugmentArguments, BoundaryArguments):
    """The model, and the augmentation of its training data."""

    system: str = field(metadata={"help": f"one of {', '.join([*SYSTEMS, *BEAT_SYSTEMS])}"})
    width: float = field(default=1.0, metadata={"help": "factor of the encoder's channels"})
    seconds: float = field(default=0.0, metadata={"help": "of a window; 0: that of the system"})
    frame_rate: float = field(
        default=0.0,
        metadata={
            "help": "frames a second to which the spectrograms of a corpus without audio are "
            "resampled, as they are to the system's bands; 0: as they are"
        },
    )
    front_inside: bool = field(
        default=False, metadata={"help": "compute the spectrograms in the model, from samples"}
    )
    pretrained: str = field(
        default="",
        metadata={
            "help": "folder or hub name of a model of the same system, from which the encoder is "
            "taken with its front end and window"
        },
    )
    head_dropout: float = field(
        default=-1.0, metadata={"help": "in the heads; below 0: that of the system"}
    )
    norm: str = field(
        default="",
        metadata={
            "help": "normalisation of the input: column, global or none; empty: that of the system"
        },
    )
    label_smoothing: float = field(default=0.0, metadata={"help": "of classification tasks"})
    variety: float = field(
        default=0.0,
        metadata={
            "help": "share of the stretches of systems of beats without tokens that are variations "
            "of pieces: other beats, one track, mosaics of several pieces"
        },
    )


AUDIO_DEFAULTS = {
    **TRAINING_DEFAULTS,
    "per_device_train_batch_size": 16,
    "weight_decay": 1e-4,
    "num_train_epochs": 20.0,
}


def described(data: AudioDataArguments) -> dict[str, Any]:
    """Describe the data for the record, by names without folders."""
    values = {**asdict(data), "audio": Path(data.audio).name}
    del values["cache_dir"], values["workers"], values["marked"]
    return values
