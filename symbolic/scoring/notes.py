"""Models of notes: MIDI and MusicXML in, one row per file out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import torch

from symbolic.configuration import SymbolicConfig
from symbolic.features import features
from symbolic.inference.prediction import embed_ids, predict_ids
from symbolic.modeling import SymbolicModel
from symbolic.notes.read import NOTE_SUFFIXES, read_notes
from symbolic.notes.table import ReadError
from symbolic.scoring.base import Row, Scorer, on
from symbolic.scoring.columns import COUNT, NUMBER, TEXT, task_columns, task_values
from symbolic.tokenizers import Tokenizer, load_tokenizer

if TYPE_CHECKING:
    from symbolic.notes import NoteTable
    from symbolic.notes.read import Source

HUB_OPTIONS = ("revision", "token", "cache_dir", "local_files_only")


def load_model(name: str | os.PathLike, **kwargs: Any) -> tuple[SymbolicModel, Tokenizer]:
    """Load a model and the tokenizer that was saved beside it, of the same revision.

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
        raise ValueError(f"{name}: a model of audio, which takes no notes")
    model = load_weights(name, config, **kwargs)
    tokenizer = load_tokenizer(config.tokenizer_class, name, **hub)
    check_vocabulary(model, tokenizer)
    return model, tokenizer


def load_weights(name: str, config: SymbolicConfig, **kwargs: Any) -> SymbolicModel:
    """Load a model with all its weights.

    Raises:
        ValueError: weights are missing.
    """
    options = {**kwargs, "use_safetensors": True, "output_loading_info": True}
    found = SymbolicModel.from_pretrained(name, config=config, **options)
    model, loading = cast(tuple[SymbolicModel, dict[str, Any]], found)
    if loading["missing_keys"]:
        raise ValueError(f"{name}: the weights lack {', '.join(sorted(loading['missing_keys']))}")
    return model


def check_vocabulary(model: SymbolicModel, tokenizer: Tokenizer) -> None:
    """Refuse a tokenizer that the model was not trained with, with a ValueError."""
    if list(model.config.vocab_sizes) != list(tokenizer.vocab_sizes):
        raise ValueError("the model was trained with another tokenizer's sub-tokens")


@dataclass(frozen=True)
class PieceInputs:
    """The inputs of a model for one piece, and a summary of its notes.

    Attributes:
        ids: of the tokenizer; None for a model of features alone.
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


def prepare(
    sources: Sequence[Source], tokenizer: Tokenizer, names: Sequence[str], takes_ids: bool
) -> list[PieceInputs]:
    """Read sources and prepare them for a model: all that can be done without torch.

    Args:
        sources: as `read_notes` takes them.
        tokenizer: of the model.
        names: of the features that it takes.
        takes_ids: whether it takes ids.

    Raises:
        ReadError: a source that cannot be read, or without a note that the tokenizer can represent.
    """
    return [
        prepare_notes(emitted_notes(source, tokenizer), tokenizer, names, takes_ids)
        for source in sources
    ]


def emitted_notes(source: Source, tokenizer: Tokenizer) -> NoteTable:
    """Read the notes of a source that a tokenizer emits.

    Raises:
        ReadError: a source that cannot be read, or without such a note.
    """
    notes = tokenizer.emitted(read_notes(source))
    if not len(notes):
        raise ReadError("no note that the tokenizer can hold")
    return notes


def prepare_notes(
    notes: NoteTable, tokenizer: Tokenizer, names: Sequence[str], takes_ids: bool
) -> PieceInputs:
    """Prepare emitted notes, as `prepare` does."""
    return PieceInputs(
        tokenizer.note_ids(notes) if takes_ids else None,
        features(notes, names) if names else None,
        len(notes),
        notes.seconds,
        float(notes.velocity.mean()) if notes.has_dynamics else np.nan,
    )


class NoteScorer(Scorer[PieceInputs]):
    """Predictions of a model of notes, one row for each piece.

    Args:
        model: one of notes.
        tokenizer: the one the model was trained with.

    Raises:
        ValueError: other sub-tokens than the tokenizer's.

    Example:
        >>> scorer = NoteScorer.from_pretrained("runs/keys")
        >>> table = scorer.score("folder/")
        >>> vectors = scorer.embed("folder/")
    """

    suffixes = NOTE_SUFFIXES
    source_kind = "MIDI or MusicXML"
    files_per_task = 16  # handing a file over takes time, too

    def __init__(self, model: SymbolicModel, tokenizer: Tokenizer) -> None:
        check_vocabulary(model, tokenizer)
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.tasks = [task for task in model.tasks if task.level == "sequence"]

    @classmethod
    def from_pretrained(
        cls, name: str | os.PathLike, *, device: str | torch.device = "cpu", **kwargs: Any
    ) -> Self:
        """Load a model and its tokenizer; other arguments and errors as of `load_model`.

        Args:
            name: a folder or a hub name.
            device: where the model runs.
            kwargs: `revision`, `token`, `cache_dir`, `local_files_only`, as in transformers.
        """
        model, tokenizer = load_model(name, **kwargs)
        return cls(on(model, device), tokenizer)

    def save_pretrained(self, save_directory: str | os.PathLike, **kwargs: Any) -> None:
        super().save_pretrained(save_directory, **kwargs)
        self.tokenizer.save_pretrained(Path(save_directory))

    @property
    def columns(self) -> dict[str, str]:
        """Columns of the table: those of `task_columns`, `notes` and `seconds`."""
        known = {"path": TEXT, **task_columns(self.tasks)}
        return {**known, "notes": COUNT, "seconds": NUMBER, "error": TEXT}

    @property
    def preprocess(self) -> Callable[[list[Source]], list[PieceInputs]]:
        return partial(prepare, **self.preprocess_options)

    @property
    def preprocess_options(self) -> dict[str, Any]:
        """Arguments of `prepare` and `prepare_notes` that depend on the model."""
        return {
            "tokenizer": self.tokenizer,
            "names": self.model.config.feature_names,
            "takes_ids": self.model.config.inputs == "notes",
        }

    def predict_rows(
        self, prepared: Sequence[PieceInputs | ReadError], batch_size: int | None = None
    ) -> list[Row]:
        pieces = [piece for piece in prepared if not isinstance(piece, ReadError)]
        rows = iter(self._rows(pieces, batch_size or self.batch_size) if pieces else ())
        return [
            {"error": piece.reason} if isinstance(piece, ReadError) else next(rows)
            for piece in prepared
        ]

    def _rows(self, pieces: Sequence[PieceInputs], batch_size: int) -> list[Row]:
        """Predict a row for each piece."""
        matrix = feature_matrix(pieces)
        predictions = predict_ids(self.model, sequences(pieces), matrix, batch_size)
        return [
            {
                **task_values(self.tasks, predictions, n),
                "notes": piece.notes,
                "seconds": piece.seconds,
                "error": "",
            }
            for n, piece in enumerate(pieces)
        ]

    def embed_prepared(self, prepared: Sequence[PieceInputs], batch_size: int) -> np.ndarray:
        return embed_ids(self.model, sequences(prepared), feature_matrix(prepared), batch_size)


def sequences(pieces: Sequence[PieceInputs]) -> list[np.ndarray]:
    """Return the ids of each piece; none for a model of features alone."""
    return [piece.ids for piece in pieces if piece.ids is not None]


def feature_matrix(pieces: Sequence[PieceInputs]) -> np.ndarray | None:
    """Stack the (n, C) features of pieces; None for a model without features."""
    rows = [piece.features for piece in pieces if piece.features is not None]
    return np.stack(rows) if rows else None
