"""Pieces by bars or beats, as inputs of models: their tokens, and piano rolls of their notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from symbolic.audio.piano_roll import piano_roll
from symbolic.notes import NoteTable, ReadError, read_notes
from symbolic.notes.beats import metrical_edges

if TYPE_CHECKING:
    from symbolic.notes.read import Source
    from symbolic.tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class BeatRow:
    """A piece as input of a model of bars or beats (U units).

    Attributes:
        edges: (U + 1,) seconds at which units begin and end.
        seconds: end of the last note.
        ids: (T, F) or (T,) token ids; None for models without tokens.
        units: (T,) int64 number of the unit of each token, ascending; None like `ids`.
        rolls: (U, C) float32 piano rolls of the units; None for models without them.
    """

    edges: np.ndarray
    seconds: float
    ids: np.ndarray | None = None
    units: np.ndarray | None = None
    rolls: np.ndarray | None = None

    @property
    def count(self) -> int:
        """U, the number of bars or beats."""
        return len(self.edges) - 1


def beat_row(
    notes: NoteTable, unit: str, tokenizer: Tokenizer | None = None, kinds: Sequence[str] = ()
) -> BeatRow:
    """Make the input of a model of bars or beats.

    Tokens that are not notes belong to the unit of the next note.

    Args:
        notes: the piece.
        unit: "bar" or "beat".
        tokenizer: makes the tokens; None for no tokens.
        kinds: of piano rolls (`symbolic.audio.front_end.ROLL_KINDS`), side by side.

    Raises:
        ReadError: no note that the tokenizer can hold, or too many units.
        ValueError: a tokenizer whose tokens cannot be tied to notes.
    """
    edges = metrical_edges(notes, unit)
    rolls = None
    if kinds:
        rolls = np.concatenate([piano_roll(notes, edges, kind) for kind in kinds], axis=1)
    if tokenizer is None:
        return BeatRow(edges, notes.seconds, rolls=rolls)
    emitted = tokenizer.emitted(notes)
    if not len(emitted):
        raise ReadError("no note that the tokenizer can hold")
    ids = tokenizer.note_ids(emitted)
    unit_of_note = edges.searchsorted(emitted.onset, side="right") - 1
    positions = np.flatnonzero(tokenizer.checked_positions(ids, len(emitted)))
    following = np.minimum(positions.searchsorted(np.arange(len(ids))), len(positions) - 1)
    units = np.maximum.accumulate(unit_of_note[following])
    return BeatRow(edges, notes.seconds, ids, units, rolls)


def read_beat_rows(
    unit: str,
    tokenizer: Tokenizer | None,
    kinds: Sequence[str],
    sources: Sequence[Source],
) -> list[BeatRow | ReadError]:
    """Make the `beat_row` of each source; an error takes the place of one that cannot be read."""
    rows: list[BeatRow | ReadError] = []
    for source in sources:
        try:
            rows.append(beat_row(read_notes(source), unit, tokenizer, kinds))
        except ReadError as error:
            rows.append(error)
    return rows
