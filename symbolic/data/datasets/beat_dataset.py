"""Pieces by bars or beats: the tokens that belong to them, and pictures of their notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.utils.data import Dataset

from symbolic.audio.piano_roll import piano_roll, transposed_rolls
from symbolic.data.tokens.transposition import Transposer
from symbolic.data.tokens.vocabulary import TokenVocabulary
from symbolic.notes import NoteTable, ReadError, read_notes
from symbolic.notes.beats import metrical_edges

if TYPE_CHECKING:
    from symbolic.notes.read import Source
    from symbolic.tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class BeatRow:
    """One piece.

    Attributes:
        edges: (U + 1,) seconds at which units begin and end.
        seconds: when the last note ends.
        ids: (T, F) or (T,) of its tokens; None where a model takes none.
        units: (T,) int64, in which of its U units each token is, never falling; None likewise.
        pictures: (U, C) float32 of the notes of units; None likewise.
    """

    edges: np.ndarray
    seconds: float
    ids: np.ndarray | None = None
    units: np.ndarray | None = None
    pictures: np.ndarray | None = None

    @property
    def count(self) -> int:
        return len(self.edges) - 1


def beat_row(
    notes: NoteTable, unit: str, tokenizer: Tokenizer | None = None, pictures: Sequence[str] = ()
) -> BeatRow:
    """A piece as a model of units takes it; tokens that are no notes go with the next note.

    Args:
        notes: the piece.
        unit: "bar" or "beat".
        tokenizer: of the tokens; None, no tokens.
        pictures: kinds of `symbolic.audio.front_end.ROLL_KINDS`, side by side.

    Raises:
        ReadError: no note that the tokenizer can hold, or too many units.
        ValueError: a tokenizer that does not tell which token stands for which note.
    """
    edges = metrical_edges(notes, unit)
    shown = None
    if pictures:
        shown = np.concatenate([piano_roll(notes, edges, kind) for kind in pictures], axis=1)
    if tokenizer is None:
        return BeatRow(edges, notes.seconds, pictures=shown)
    emitted = tokenizer.emitted(notes)
    if not len(emitted):
        raise ReadError("no note that the tokenizer can hold")
    ids = tokenizer.note_ids(emitted)
    of_notes = edges.searchsorted(emitted.onset, side="right") - 1
    places = np.flatnonzero(tokenizer.note_positions(ids))
    following = np.minimum(places.searchsorted(np.arange(len(ids))), len(places) - 1)
    units = np.maximum.accumulate(of_notes[following])
    return BeatRow(edges, notes.seconds, ids, units, shown)


def read_beat_rows(
    unit: str,
    tokenizer: Tokenizer | None,
    pictures: Sequence[str],
    sources: Sequence[Source],
) -> list[BeatRow | ReadError]:
    """`beat_row` of each source, or why there is none."""
    rows: list[BeatRow | ReadError] = []
    for source in sources:
        try:
            rows.append(beat_row(read_notes(source), unit, tokenizer, pictures))
        except ReadError as error:
            rows.append(error)
    return rows


class BeatDataset(Dataset):
    """One random stretch of each piece at a time, transposed.

    Random choices follow torch's global generator, as those of `TokenDataset`.

    Args:
        rows: the pieces.
        labels: of each, by name of a task of units, (U,) or (U, K).
        window: tokens in a window, which hear one another in the encoder.
        length: units in a stretch; a piece that has fewer is taken whole.
        vocabulary: of the ids, where there are any.
        pictures: kinds of the pictures, where there are any.
        semitones: each stretch is moved by up to so many, up or down.

    Attributes:
        lengths: (len(self),) int64, units of whole pieces.

    Raises:
        ValueError: a window or a length that is not positive, or ids that cannot be transposed.
    """

    def __init__(
        self,
        rows: Sequence[BeatRow],
        labels: Sequence[dict[str, np.ndarray]],
        window: int,
        length: int,
        vocabulary: TokenVocabulary | None = None,
        pictures: Sequence[str] = (),
        semitones: int = 0,
    ) -> None:
        if window < 1 or length < 1:
            raise ValueError(f"windows of {window} tokens in {length} units: both must be positive")
        self.rows, self.labels, self.window, self.length = rows, labels, window, length
        self.transposer = None if vocabulary is None else Transposer(vocabulary, semitones)
        self.pictures, self.semitones = pictures, semitones
        self.lengths = np.array([row.count for row in rows], np.int64)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, object]:
        """One example, as the collator takes it: see `beat_example`."""
        row = self.rows[index]
        rng = np.random.default_rng(int(torch.randint(2**62, ())))
        first = int(rng.integers(0, max(row.count - self.length, 0), endpoint=True))
        stop = min(first + self.length, row.count)
        steps = int(rng.integers(-self.semitones, self.semitones + 1))
        example = beat_example(self._stretch(row, first, stop, steps), self.window)
        example["labels"] = {name: one[first:stop] for name, one in self.labels[index].items()}
        return example

    def _stretch(self, row: BeatRow, first: int, stop: int, steps: int) -> BeatRow:
        """Some units of a piece, moved by semitones."""
        ids = units = pictures = None
        if row.ids is not None:
            start, end = row.units.searchsorted([first, stop])
            ids, units = self.transposer(row.ids[start:end], steps), row.units[start:end] - first
        if row.pictures is not None:
            pictures = transposed_rolls(row.pictures[first:stop], self.pictures, steps)
        return BeatRow(row.edges[first : stop + 1], row.seconds, ids, units, pictures)


def beat_example(row: BeatRow, window: int) -> dict[str, object]:
    """A piece, or a stretch of one, for the collator.

    Args:
        row: the piece.
        window: tokens in a window, but for the last.

    Returns:
        `unit_count`; where there are tokens, `input_ids` and `units`, lists of a part of either for
        each window; and where there are pictures, `unit_rolls`.
    """
    example: dict[str, object] = {"unit_count": row.count}
    if row.ids is not None:
        starts = range(0, max(len(row.ids), 1), window)
        example["input_ids"] = [row.ids[start : start + window] for start in starts]
        example["units"] = [row.units[start : start + window] for start in starts]
    if row.pictures is not None:
        example["unit_rolls"] = row.pictures
    return example
