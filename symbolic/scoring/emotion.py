"""Scoring: files in, one row per file out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from symbolic.configuration import SymbolicConfig
from symbolic.features import features
from symbolic.inference.prediction import familiarity, predict_ids
from symbolic.modeling import SymbolicModel
from symbolic.notes import ReadError, read_notes
from symbolic.notes.pool import FILES_AHEAD
from symbolic.notes.read import NOTE_SUFFIXES
from symbolic.notes.sources import find_sources
from symbolic.scoring.columns import SCORES
from symbolic.scoring.workers import rows_of
from symbolic.tasks import quadrant_of, valence_arousal
from symbolic.tokenizers import Tokenizer, load_tokenizer

if TYPE_CHECKING:
    import pandas as pd

    from symbolic.notes import NoteTable
    from symbolic.notes.read import Source

DEFAULT_MODEL = Path(__file__).parents[1] / "weights"
COLUMNS = tuple(SCORES)
TOGETHER = 16  # files in a task of a worker, where there are many: handing one over takes time, too
MANY = 256
HUB_OPTIONS = ("revision", "token", "cache_dir", "local_files_only")


def load_model(name: str | os.PathLike, **kwargs: Any) -> tuple[SymbolicModel, Tokenizer]:
    """A model and the tokenizer that was saved beside it, of the same revision.

    Args:
        name: a folder or a hub name.
        kwargs: of `SymbolicModel.from_pretrained`; the tokenizer gets `HUB_OPTIONS` of them.

    Raises:
        OSError: nothing to load under that name.
        ValueError: a model of another type, or of other sub-tokens than the tokenizer's.
    """
    name = os.fspath(name)
    hub = {option: kwargs[option] for option in HUB_OPTIONS if option in kwargs}
    config = SymbolicConfig.from_pretrained(name, **hub)
    if config.inputs == "audio":
        raise ValueError(f"{name}: a model of audio, which reads no notes")
    model = loaded(name, config, **kwargs)
    tokenizer = load_tokenizer(config.tokenizer_class, name, **hub)
    check_vocabulary(model, tokenizer)
    return model, tokenizer


def loaded(name: str, config: SymbolicConfig, **kwargs: Any) -> SymbolicModel:
    """A model with all its weights.

    Raises:
        ValueError: weights that are missing.
    """
    model, loading = SymbolicModel.from_pretrained(
        name, config=config, **{**kwargs, "use_safetensors": True, "output_loading_info": True}
    )
    if loading["missing_keys"]:
        raise ValueError(f"{name}: the weights lack {', '.join(sorted(loading['missing_keys']))}")
    return model


def check_vocabulary(model: SymbolicModel, tokenizer: Tokenizer) -> None:
    """Refuse a tokenizer that the model was not trained with, with a ValueError."""
    if list(model.config.vocab_sizes) != list(tokenizer.vocab_sizes):
        raise ValueError("the model was trained with another tokenizer's sub-tokens")


@dataclass(frozen=True)
class Heard:
    """A piece as the model takes it, and what is told of its notes.

    Attributes:
        ids: what the tokenizer makes of them; None for a model that hears features alone.
        features: (C,) those that the model takes; None where it takes none.
        notes: how many the tokenizer emits.
        seconds: to the end of the last of them.
        mean_velocity: NaN without dynamics.
    """

    ids: np.ndarray | None
    features: np.ndarray | None
    notes: int
    seconds: float
    mean_velocity: float


def hear(
    sources: Sequence[Source], tokenizer: Tokenizer, names: Sequence[str], hears_notes: bool
) -> list[Heard]:
    """Read sources and prepare them for a model: all that can be done where there is no torch.

    Args:
        sources: as `read_notes` takes them.
        tokenizer: of the model.
        names: of the features that it takes.
        hears_notes: whether it takes ids.

    Raises:
        ReadError: a source that cannot be read, or without a note that the tokenizer can hold.
    """
    return [
        hear_notes(emitted_notes(source, tokenizer), tokenizer, names, hears_notes)
        for source in sources
    ]


def emitted_notes(source: Source, tokenizer: Tokenizer) -> NoteTable:
    """The notes of a source that a tokenizer emits.

    Raises:
        ReadError: a source that cannot be read, or without such a note.
    """
    notes = tokenizer.emitted(read_notes(source))
    if not len(notes):
        raise ReadError("no note that the tokenizer can hold")
    return notes


def hear_notes(
    notes: NoteTable, tokenizer: Tokenizer, names: Sequence[str], hears_notes: bool
) -> Heard:
    """As `hear`, of emitted notes."""
    return Heard(
        tokenizer.note_ids(notes) if hears_notes else None,
        features(notes, names) if names else None,
        len(notes),
        notes.seconds,
        float(notes.velocity.mean()) if notes.has_dynamics else np.nan,
    )


class EmotionScorer:
    """Emotion, key and dynamics of pieces, one row for each.

    Args:
        model: with at least an emotion task.
        tokenizer: the one the model was trained with.

    Raises:
        ValueError: a model without an emotion task, or of other sub-tokens than the tokenizer's.

    Example:
        >>> scorer = EmotionScorer.from_pretrained()
        >>> table = scorer.score(["song.mid", "folder/"])
    """

    suffixes = NOTE_SUFFIXES
    ahead = FILES_AHEAD
    heard = "MIDI or MusicXML"  # what files in folders are
    types = SCORES

    def __init__(self, model: SymbolicModel, tokenizer: Tokenizer) -> None:
        if "emotion" not in model.heads:
            raise ValueError("the model has no emotion task: it cannot score emotion")
        check_vocabulary(model, tokenizer)
        self.model = model.eval()
        self.tokenizer = tokenizer

    @classmethod
    def from_pretrained(
        cls, name: str | os.PathLike | None = None, device: str | torch.device = "cpu", **kwargs
    ) -> EmotionScorer:
        """Load a model and its tokenizer.

        Args:
            name: a folder or a hub name; None is the model inside the package, without network.
            device: where the model runs.
            kwargs: `revision`, `token`, `cache_dir`, `local_files_only`, as in transformers.

        Raises:
            OSError: nothing to load under that name.
            ValueError: a model of another type, or that cannot score emotion.
        """
        model, tokenizer = load_model(DEFAULT_MODEL if name is None else name, **kwargs)
        return cls(model.to(device), tokenizer)

    def score(
        self,
        sources: Source | Iterable[Source],
        *,
        recursive: bool = True,
        batch_size: int = 32,
        workers: int | None = None,
        progress: bool = False,
    ) -> pd.DataFrame:
        """One row per file.

        Args:
            sources: a path or an iterable of paths: files, or folders and archives (zip, tar), of
                which every file with a MIDI or MusicXML name is scored; also bytes and objects as
                `read_notes` takes them.
            recursive: whether folders are searched to the bottom.
            batch_size: windows in one forward pass; changes speed, not the result.
            workers: processes that read files; None is one for each core, 0 reads in this process,
                without a time and memory limit for each file.
            progress: whether to show a progress bar on stderr.

        Returns:
            DataFrame with the columns `path quadrant confidence q1 q2 q3 q4 valence arousal
            familiarity key key_confidence mean_velocity notes seconds error`. q1..q4 sum to 1 and
            confidence is the largest of them; valence and arousal are in [-1, 1]; `familiarity` is
            1 where a piece is played like those that the model was trained on, 0 where it is not
            at all, and missing for a model that does not judge it; `mean_velocity` (1..127) is
            missing where the piece has no dynamics; `notes` counts what was scored, the notes that
            the tokenizer emits (no drums, and no duplicates for the default model); `error` is
            empty for a scored file, and the other columns are missing where it is not.
        """
        import pandas as pd

        with TemporaryDirectory() as scratch:
            found = list(find_sources(sources, recursive, scratch=scratch))
            rows = rows_of(
                found,
                self.hearing,
                partial(self.answer, batch_size=batch_size),
                progress,
                workers=workers,
                files_per_task=TOGETHER if len(found) >= MANY else 1,
            )
        return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"notes": "Int64"})

    @property
    def hearing(self) -> Callable[[list[Source]], list[Heard]]:
        """What workers do: `hear` for this model."""
        return partial(hear, **self.taken)

    @property
    def taken(self) -> dict[str, Any]:
        """What `hear` and `hear_notes` must know of the model."""
        return {
            "tokenizer": self.tokenizer,
            "names": self.model.config.feature_names,
            "hears_notes": self.model.config.inputs == "notes",
        }

    def answer(self, heard: list[Heard | ReadError], batch_size: int = 32) -> list[dict]:
        """A row of the table for each piece, without its path.

        Args:
            heard: what `hearing` made of them, or why it could not.
            batch_size: windows in one forward pass.
        """
        rows: list[dict] = [
            {"error": one.reason} if isinstance(one, ReadError) else {} for one in heard
        ]
        good = [i for i, one in enumerate(heard) if not isinstance(one, ReadError)]
        if not good:
            return rows
        pieces = [heard[i] for i in good]
        taken = None if pieces[0].features is None else np.stack([one.features for one in pieces])
        answers = predict_ids(self.model, [one.ids for one in pieces], taken, batch_size)
        known = None if taken is None else familiarity(self.model, taken)
        emotion = answers["emotion"]
        plane = valence_arousal(emotion)
        for n, (i, piece) in enumerate(zip(good, pieces, strict=True)):
            row = rows[i]
            row["quadrant"] = quadrant_of(emotion[n])
            row["confidence"] = emotion[n].max()
            row.update(zip(("q1", "q2", "q3", "q4"), emotion[n], strict=True))
            row["valence"], row["arousal"] = plane[n]
            row["familiarity"] = np.nan if known is None else known[n]
            row["mean_velocity"] = piece.mean_velocity
            row["notes"] = piece.notes
            row["seconds"] = piece.seconds
            row["error"] = ""
        if "key" in answers:
            names = next(task.labels for task in self.model.tasks if task.name == "key")
            for i, key in zip(good, answers["key"], strict=True):
                rows[i]["key"], rows[i]["key_confidence"] = names[key.argmax()], key.max()
        return rows
