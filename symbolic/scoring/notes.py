"""Models of notes: MIDI and MusicXML in, one row per file out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from symbolic.features import feature_rows
from symbolic.features.columns import MOST_NOTES
from symbolic.inference.feature_model import FeatureModel, load_feature_model
from symbolic.inference.predictor import Predictor
from symbolic.inference.saved import hub_options
from symbolic.notes.batch import NoteBatch, read_batches
from symbolic.notes.joined import JoinedNotes
from symbolic.notes.read import NOTE_SUFFIXES, is_file, read_notes
from symbolic.notes.table import ReadError
from symbolic.scoring.base import Row, Scorer
from symbolic.scoring.columns import COUNT, NUMBER, TEXT, task_columns, task_values
from symbolic.tokenizers.emission import Emitted

if TYPE_CHECKING:
    import torch

    from symbolic.modeling import SymbolicModel
    from symbolic.notes import NoteTable
    from symbolic.notes.read import Source
    from symbolic.tasks import Task
    from symbolic.tokenizers import Tokenizer


NOTHING_EMITTED = "no note that the tokenizer can hold"


def load_model(name: str | os.PathLike, **kwargs: Any) -> tuple[SymbolicModel, Tokenizer]:
    """Load a model and the tokenizer that was saved beside it, of the same revision.

    Args:
        name: a folder or a hub name.
        kwargs: of `SymbolicModel.from_pretrained`, and `device`; the tokenizer gets `HUB_OPTIONS`.

    Raises:
        OSError: nothing to load under that name.
        ValueError: a model of another type, or of other sub-tokens than the tokenizer's.
    """
    from symbolic.inference.weights import load_config, load_weights  # loads PyTorch
    from symbolic.tokenizers import load_tokenizer

    config = load_config(name, **kwargs)
    if config.inputs == "audio":
        raise ValueError(f"{os.fspath(name)}: a model of audio, which takes no notes")
    model = load_weights(name, config, **kwargs)
    tokenizer = load_tokenizer(config.tokenizer_class, name, **hub_options(kwargs))
    check_vocabulary(model, tokenizer)
    return model, tokenizer


def check_vocabulary(model: SymbolicModel, tokenizer: Tokenizer) -> None:
    """Refuse a tokenizer that the model was not trained with, with a ValueError."""
    if list(model.config.vocab_sizes) != list(tokenizer.vocab_sizes):
        raise ValueError("the model was trained with another tokenizer's sub-tokens")


@dataclass(frozen=True)
class NoteInputs:
    """The inputs of a model for one piece or one window.

    Attributes:
        ids: of the tokenizer; None for a model of features alone.
        features: (C,) float32, those that the model takes; None where it takes none.
    """

    ids: np.ndarray | None
    features: np.ndarray | None


@dataclass(frozen=True)
class PieceInputs(NoteInputs):
    """The inputs of a model for one piece, and a summary of its notes.

    Attributes:
        notes: how many the tokenizer emits.
        seconds: to the end of the last of them.
        mean_velocity: NaN without dynamics.
    """

    notes: int
    seconds: float
    mean_velocity: float


@dataclass(frozen=True)
class NotePreparation:
    """Preparation of the inputs of a model of notes: all that can be done without torch.

    Attributes:
        kept: from the notes of a piece to those that the tokenizer of the model emits.
        names: of the features that the model takes.
        note_ids: from emitted notes to ids; None for a model that takes no ids.
    """

    kept: Emitted
    names: Sequence[str]
    note_ids: Callable[[NoteTable], np.ndarray] | None

    @classmethod
    def of(cls, tokenizer: Tokenizer, names: Sequence[str], takes_ids: bool) -> Self:
        """Prepare with a tokenizer; `takes_ids`: whether the model takes its ids."""
        return cls(tokenizer.emitted, names, tokenizer.note_ids if takes_ids else None)

    def __call__(self, sources: Sequence[Source]) -> list[PieceInputs | ReadError]:
        """Read and prepare sources; errors as of `emitted`, or in the place of their source."""
        joined = getattr(self.kept, "of_batch", None)
        if joined is not None and self.note_ids is None and all(map(is_file, sources)):
            return self._batches(sources, joined)
        return [*self.pieces([self.emitted(source) for source in sources])]

    def _batches(
        self, sources: Sequence[Source], kept: Callable[[NoteBatch], NoteBatch]
    ) -> list[PieceInputs | ReadError]:
        """Read and prepare files, several in one batch."""
        found: list[PieceInputs | ReadError] = []
        for batch, errors, _ in read_batches(sources, MOST_NOTES):
            pieces = iter(() if batch is None else self._joined(kept(batch)))
            found += [next(pieces) if error is None else error for error in errors]
        return found

    def _joined(self, batch: NoteBatch) -> list[PieceInputs]:
        """Prepare the emitted notes of a batch; a ReadError where a piece has none."""
        if not batch.counts.all():
            raise ReadError(NOTHING_EMITTED)
        notes = JoinedNotes.of_batch(batch)
        starts, dynamics = batch.starts, notes.has_dynamics
        rows = feature_rows(notes, self.names).astype(np.float32)
        ends = np.maximum.reduceat(notes.onset + notes.seconds, starts)
        loudness = np.add.reduceat(batch.velocity, starts, dtype=np.int64) / batch.counts
        loudness = np.where(dynamics, loudness, np.nan)
        columns = zip(rows, batch.counts.tolist(), ends.tolist(), loudness.tolist(), strict=True)
        return [PieceInputs(None, *values) for values in columns]

    def emitted(self, source: Source) -> NoteTable:
        """Read the notes of a source that the tokenizer emits.

        Raises:
            ReadError: a source that cannot be read, or without such a note.
        """
        notes = self.kept(read_notes(source))
        if not len(notes):
            raise ReadError(NOTHING_EMITTED)
        return notes

    def inputs(self, tables: Sequence[NoteTable]) -> list[NoteInputs]:
        """Prepare the emitted notes of pieces, or of windows of a piece."""
        ids = [None if self.note_ids is None else self.note_ids(notes) for notes in tables]
        rows: Sequence[np.ndarray | None] = [None] * len(tables)
        if self.names:
            rows = list(feature_rows(tables, self.names).astype(np.float32))
        return [NoteInputs(*both) for both in zip(ids, rows, strict=True)]

    def pieces(self, tables: Sequence[NoteTable]) -> list[PieceInputs]:
        """Prepare the emitted notes of pieces."""
        return [
            PieceInputs(
                inputs.ids,
                inputs.features,
                len(notes),
                notes.seconds,
                float(np.add.reduce(notes.velocity) / len(notes)) if notes.has_dynamics else np.nan,
            )
            for notes, inputs in zip(tables, self.inputs(tables), strict=True)
        ]


class NoteScorer(Scorer[PieceInputs]):
    """Predictions of a model of notes, one row for each piece.

    A model of features alone that `from_pretrained` loads predicts in NumPy, without PyTorch, until
    `model` or `tokenizer` is used.

    Args:
        model: one of notes.
        tokenizer: the one the model was trained with; a `FeatureModel` needs none.

    Raises:
        ValueError: other sub-tokens than the tokenizer's.

    Example:
        >>> scorer = NoteScorer.from_pretrained("runs/keys")
        >>> table = scorer.score("folder/")
        >>> vectors = scorer.embed("folder/")
    """

    suffixes = NOTE_SUFFIXES
    source_kind = "MIDI or MusicXML"
    files_per_task = 64  # of which features are computed in one pass

    def __init__(
        self, model: SymbolicModel | FeatureModel, tokenizer: Tokenizer | None = None
    ) -> None:
        self._loaded: tuple[SymbolicModel, Tokenizer] | None = None
        if isinstance(model, FeatureModel):
            self.predictor: Predictor = model
        elif tokenizer is None:
            raise TypeError("a model object needs its tokenizer beside it")
        else:
            check_vocabulary(model, tokenizer)
            self._compute_with(model, tokenizer)
        super().__init__(self.predictor.tasks)

    def _compute_with(self, model: SymbolicModel, tokenizer: Tokenizer) -> None:
        """Let a model of PyTorch predict."""
        from symbolic.inference.torch_predictor import TorchPredictor

        self._loaded = model.eval(), tokenizer
        self.predictor = TorchPredictor(model)

    def _in_torch(self) -> tuple[SymbolicModel, Tokenizer]:
        """Return the model of PyTorch and its tokenizer, loaded when they are first used."""
        if self._loaded is None:
            light = cast(FeatureModel, self.predictor)
            self._compute_with(*load_model(light.config.name_or_path, **light.hub))
        return cast("tuple[SymbolicModel, Tokenizer]", self._loaded)

    @property
    def model(self) -> SymbolicModel:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The model in PyTorch. A model of features is loaded, and predicts, only from then on."""
        return self._in_torch()[0]

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer of the model; loaded as `model` is."""
        return self._in_torch()[1]

    @property
    def digest(self) -> str:
        return self.predictor.digest

    @property
    def width(self) -> int:
        return self.predictor.width

    @property
    def _described(self) -> tuple[str, Sequence[Task], str]:
        predictor = self.predictor
        return predictor.config.name_or_path, predictor.tasks, predictor.device

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
        light = load_feature_model(name, device, **kwargs)
        if light is not None:
            return cls(light)
        return cls(*load_model(name, device=device, **kwargs))

    def save_pretrained(self, save_directory: str | os.PathLike, **kwargs: Any) -> None:
        super().save_pretrained(save_directory, **kwargs)
        self.tokenizer.save_pretrained(Path(save_directory))

    @property
    def columns(self) -> dict[str, str]:
        """Columns of the table: those of `task_columns`, `notes` and `seconds`."""
        known = {"path": TEXT, **task_columns(self.tasks)}
        return {**known, "notes": COUNT, "seconds": NUMBER, "error": TEXT}

    @property
    def preprocess(self) -> NotePreparation:
        config = self.predictor.config
        if isinstance(self.predictor, FeatureModel):
            return NotePreparation(self.predictor.emitted, config.feature_names, None)
        return NotePreparation.of(self.tokenizer, config.feature_names, config.inputs == "notes")

    def rows_of(self, prepared: Sequence[PieceInputs], batch_size: int) -> list[Row]:
        matrix = feature_matrix(prepared)
        predictions = self.predictor.predict(sequences(prepared), matrix, batch_size)
        return [
            {
                **task_values(self.tasks, predictions, n),
                "notes": piece.notes,
                "seconds": piece.seconds,
                "error": "",
            }
            for n, piece in enumerate(prepared)
        ]

    def embed_prepared(self, prepared: Sequence[PieceInputs], batch_size: int) -> np.ndarray:
        matrix = feature_matrix(prepared)
        return self.predictor.embed(sequences(prepared), matrix, batch_size)


def sequences(pieces: Sequence[NoteInputs]) -> list[np.ndarray]:
    """Return the ids of each piece; none for a model of features alone."""
    return [piece.ids for piece in pieces if piece.ids is not None]


def feature_matrix(pieces: Sequence[NoteInputs]) -> np.ndarray | None:
    """Stack the (n, C) features of pieces; None for a model without features."""
    rows = [piece.features for piece in pieces if piece.features is not None]
    return np.array(rows) if rows else None
