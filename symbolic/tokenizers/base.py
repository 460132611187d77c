"""Base class of tokenizers that quantise the notes of a piece themselves, or of many pieces."""

from __future__ import annotations

import logging
import os
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
from miditok import MusicTokenizer, TokenizerConfig, TokSequence

from symbolic.notes import NoteTable, ReadError
from symbolic.notes.batch import NoteBatch, note_batch, read_batches, read_piece
from symbolic.notes.read import kind_of, name_of
from symbolic.notes.velocity_tokens import VelocityTokens
from symbolic.tokenizers.emission import in_order
from symbolic.tokenizers.interface import NO_NOTES, BaseTokenizer
from symbolic.tokenizers.saved import FILE_NAME
from symbolic.tokenizers.velocity_trial import trial_problem, velocity_changes_ids

if TYPE_CHECKING:
    from symusic.core import ScoreTick
    from symusic.types import Score

    from symbolic.notes.read import Source

NOTES_PER_BATCH = 8192  # long enough for fast array operations, short enough for the cache
SPECIAL_TOKENS = ("PAD", "MASK")

logger = logging.getLogger(__name__)


class NoteTokenizer(BaseTokenizer, MusicTokenizer):
    """A tokenizer that takes the notes of a piece as arrays and quantises them itself.

    A subclass defines its vocabulary (`_create_base_vocabulary`, and `field_names` of several),
    which notes it emits, in which order (`order`), their ids (`batch_ids`), and how ids are decoded
    to the same onsets and pitches (`_tokens_to_score`). With several flat ids for a note it defines
    `note_positions`, and with velocities that are not tokens called `Velocity_...` in the column or
    before the pitch of a note, `hide_velocity`. docs/tokenizers.md has an example.
    """

    field_names: Sequence[str] = ("Token",)
    """Names of the sub-tokens, in the order of the columns of `ids`; one for flat ids."""

    def __init__(
        self,
        tokenizer_config: TokenizerConfig | None = None,
        params: str | os.PathLike | None = None,
    ) -> None:
        if params is None:
            tokenizer_config = tokenizer_config or TokenizerConfig(special_tokens=[*SPECIAL_TOKENS])
            # all tracks in one stream
            tokenizer_config.use_programs = tokenizer_config.one_token_stream_for_programs = True
        super().__init__(cast(Any, tokenizer_config), cast(Any, params))

    def _create_token_types_graph(self) -> dict[str, set[str]]:
        names = self.field_names
        return {name: {names[(i + 1) % len(names)]} for i, name in enumerate(names)}

    @abstractmethod
    def order(self, batch: NoteBatch) -> np.ndarray:
        """(m,) indices of the notes of a batch that are emitted, in order; pieces keep theirs."""

    @abstractmethod
    def batch_ids(self, batch: NoteBatch) -> tuple[np.ndarray, np.ndarray]:
        """Ids of a batch of emitted notes, end to end, and (p,) the number of tokens of each."""

    @abstractmethod
    def _tokens_to_score(  # pyright: ignore[reportIncompatibleMethodOverride] - one sequence
        self, tokens: TokSequence, programs: list[tuple[int, bool]] | None = None
    ) -> ScoreTick:
        """Decode tokens to the same onsets and pitches."""

    def emitted(self, notes: NoteTable) -> NoteTable:
        notes = notes.pitched()
        return in_order(notes, self.order(note_batch([notes]))) if len(notes) else notes

    def note_ids(self, notes: NoteTable) -> np.ndarray:
        return self.batch_ids(note_batch([notes]))[0]

    @cached_property
    def _velocity(self) -> VelocityTokens:
        return VelocityTokens(self._vocabularies(), self.mask_ids)

    @property
    def shows_velocity(self) -> bool:
        """Whether tokens are named as velocities, or ids change with the velocities of notes."""
        return bool(self._velocity.columns) or self._velocity_changes_ids

    @cached_property
    def _velocity_changes_ids(self) -> bool:
        return velocity_changes_ids(self)

    def hide_velocity(
        self, ids: np.ndarray, share: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mask velocities as `BaseTokenizer.hide_velocity` defines it, by `VelocityTokens.hide`."""
        ids, hidden = self._velocity.hide(ids, share, rng)
        return ids, hidden & self.note_positions(ids)

    @cached_property
    def velocity_problem(self) -> str:
        """Why the velocity task would find its labels in the ids, and what to do; "" if it cannot.

        Found out on a few notes, by `symbolic.tokenizers.velocity_trial`.
        """
        return trial_problem(self)

    def _vocabularies(self) -> list[dict[str, int]]:
        return self.vocab if isinstance(self.vocab, list) else [self.vocab]

    @property
    def vocab_sizes(self) -> list[int]:
        """Number of ids of each sub-token, PAD and MASK included."""
        return [len(vocabulary) for vocabulary in self._vocabularies()]

    @property
    def mask_ids(self) -> list[int]:
        """The id of MASK in each sub-token."""
        return [vocabulary["MASK_None"] for vocabulary in self._vocabularies()]

    def ids(self, source: Source) -> np.ndarray:
        file = self._file(source)
        batch = read_piece(file)
        ordered, emitted = self._ordered(batch, [file])
        count = int(emitted[0])
        if count != batch.parts[0].count:
            self._warn_of_dropped(batch, [source])
            if not count:
                raise ReadError(NO_NOTES, name_of(source))
        ids, counts = self._ordered_ids(batch, ordered)
        self._check_counts(ids, int(counts[0]))
        return ids

    def ids_many(self, sources: Iterable[Source]) -> list[np.ndarray | ReadError]:
        """Tokenize many sources, at up to three times the speed of `ids`.

        Returns:
            For each source its ids, or the error that `ids` would raise.

        Raises:
            TypeError: a single source, or an object of another kind among them.
        """
        if kind_of(sources):
            raise TypeError("ids_many takes several sources; use ids for one")
        sources = list(sources)
        results: list[np.ndarray | ReadError] = []
        for batch, errors, files in read_batches(map(self._file, sources), NOTES_PER_BATCH):
            read = [i for i, error in enumerate(errors) if error is None]
            ids: list[np.ndarray | ReadError] = []
            if batch is not None:
                first = len(results)
                named = [sources[first + i] for i in read]
                ids = self._ids_of(batch, named, [files[i] for i in read])
            results += fill(errors, ids)
        return results

    def _file(self, source: Source) -> Source:
        """Return the object that a source is read from."""
        return source

    def _ids_of(
        self, batch: NoteBatch, sources: Sequence[Source], files: Sequence[Source]
    ) -> list[np.ndarray | ReadError]:
        """Return the ids of each piece, or an error for one without notes; files as of `_file`."""
        ordered, emitted = self._ordered(batch, files)
        counts = emitted.tolist()
        if counts != batch.counts.tolist():
            self._warn_of_dropped(batch, sources)
        if 0 not in counts:
            return self._split_ids(batch, ordered)
        kept = np.flatnonzero(emitted).tolist()
        ids: list[np.ndarray | ReadError] = []
        if kept:
            batch = note_batch([batch.pieces[i] for i in kept])
            ordered, _ = self._ordered(batch, [files[i] for i in kept])
            ids = self._split_ids(batch, ordered)
        errors = [
            None if count else ReadError(NO_NOTES, name_of(source))
            for count, source in zip(counts, sources, strict=True)
        ]
        return fill(errors, ids)

    def _warn_of_dropped(self, batch: NoteBatch, sources: Sequence[Source]) -> None:
        """Log how many notes of each source the scheme cannot hold."""
        dropped = self.dropped(batch) if self.why_dropped else None
        if dropped is None:
            return
        for source, count in zip(sources, dropped.tolist(), strict=True):
            if count:
                name = name_of(source) or type(source).__name__
                logger.warning("%s: %d notes dropped: %s", name, count, self.why_dropped)

    def _split_ids(self, batch: NoteBatch, ordered: Any) -> list[np.ndarray | ReadError]:
        """Return the ids of each piece of a batch; all pieces have a note."""
        ids, counts = self._ordered_ids(batch, ordered)
        bounds = [0, *accumulate(counts.tolist())]
        self._check_counts(ids, bounds[-1])
        return [ids[start:end] for start, end in pairwise(bounds)]

    def _check_counts(self, ids: np.ndarray, total: int) -> None:
        """Check that `batch_ids` of a subclass has counted its tokens."""
        if total != len(ids):
            raise ValueError(
                f"{type(self).__name__}.batch_ids returns {len(ids)} tokens and counts of "
                f"{total}: let it return the number of tokens of each piece"
            )

    def _ordered(self, batch: NoteBatch, files: Sequence[Source]) -> tuple[Any, np.ndarray]:
        """Order the notes of a batch for `_ordered_ids`; and (p,) emitted notes of each piece."""
        emitted = batch.take(self.order(batch))
        return emitted, emitted.counts

    def _ordered_ids(self, batch: NoteBatch, ordered: Any) -> tuple[np.ndarray, np.ndarray]:
        """See `batch_ids`; all pieces of the batch have a note."""
        return self.batch_ids(ordered)

    def dropped(self, batch: NoteBatch) -> np.ndarray | None:
        """(p,) pitched notes of each piece that the scheme cannot hold; None if it holds all.

        A duplicate is held by the note that it repeats.
        """
        return None

    def count_dropped(self, source: Source) -> int:
        """Count the pitched notes of a source that the scheme cannot hold.

        Raises:
            ReadError: the source cannot be read.
        """
        dropped = self.dropped(read_piece(source))
        return 0 if dropped is None else int(dropped[0])

    why_dropped = "the scheme cannot hold them"
    """Reason in the log message about the notes that `dropped` counts; "" for no message."""

    def encode(self, score, *args, **kwargs) -> TokSequence:
        """Return the ids as a `miditok.TokSequence`; `score` is anything that `ids` takes.

        The scheme quantises itself, so the other arguments of `miditok.MusicTokenizer.encode`
        (preprocessing, trained models, attribute controls) change nothing.
        """
        sequence = TokSequence(ids=self.ids(score).tolist())
        self.complete_sequence(sequence)
        return sequence

    def _call(self, source: Any, *args: Any, **kwargs: Any) -> Any:
        return MusicTokenizer.__call__(self, source, *args, **kwargs)

    def decode(self, tokens: Any, programs: Any = None, output_path: Any = None) -> Score:
        """Decode ids; see `miditok.MusicTokenizer.decode`.

        Args:
            tokens: ids as of `ids`, as an array, a tensor or lists, or a `TokSequence`.
            programs, output_path: as of MidiTok.

        Raises:
            ValueError: ids of another shape, that are no whole numbers, or outside of the
                vocabulary.
        """
        if not isinstance(tokens, TokSequence) and not _of_sequences(tokens):
            tokens = self._checked_ids(tokens)
        return super().decode(tokens, programs, output_path)

    def _checked_ids(self, tokens: Any) -> np.ndarray:
        """Return ids as an array; a ValueError for what `ids` does not return."""
        sizes = self.vocab_sizes
        flat = not isinstance(self.vocab, list)
        expected = "(T,)" if flat else f"(T, {len(sizes)}): {', '.join(self.field_names)}"
        try:
            ids = np.asarray(tokens)
        except ValueError:  # lists of different lengths
            raise ValueError(f"ids in lists of different lengths, expected {expected}") from None
        if not ids.size:
            return ids
        if ids.ndim != 2 - flat or not (flat or ids.shape[1] == len(sizes)):
            raise ValueError(f"ids of shape {ids.shape}, expected {expected}")
        if ids.dtype.kind not in "iu":
            raise ValueError(f"ids of type {ids.dtype}, expected whole numbers")
        for name, size, column in zip(
            self.field_names, sizes, [ids] if flat else ids.T, strict=True
        ):
            wrong = column[(column < 0) | (column >= size)]
            if len(wrong) and not self.is_trained:
                raise ValueError(f"ids: {wrong[0]} for {name}, expected 0 to {size - 1}")
        return ids

    def _score_to_tokens(self, score: Score, attribute_controls_indexes=None) -> TokSequence:
        return self.encode(score)

    def _add_time_events(self, events, time_division):
        raise TypeError("sequences are made from note arrays, not from events")

    def save(self, out_path, additional_attributes=None, filename: str | None = FILE_NAME) -> None:
        """Save as `music_tokenizer.json` (or `filename`) in a folder, or as the file `out_path`."""
        super().save(out_path, additional_attributes, filename)

    @classmethod
    def _load(cls, file: Path, saved: str) -> Self:
        if saved != cls.__name__:
            raise ValueError(f"{file}: saved by {saved}, not by {cls.__name__}")
        return cls(params=file)


def _of_sequences(tokens: Any) -> bool:
    """Whether tokens are a list of sequences of MidiTok."""
    return isinstance(tokens, list) and any(isinstance(one, TokSequence) for one in tokens)


def fill(
    errors: Sequence[ReadError | None], values: Sequence[np.ndarray | ReadError]
) -> list[np.ndarray | ReadError]:
    """Return the errors of sources with the next of `values` wherever there is none."""
    rest = iter(values)
    return [next(rest) if error is None else error for error in errors]
