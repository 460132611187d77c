"""Ids of v/d/n text from sorted notes; values that have not changed are left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symbolic.tokenizers.vdn.notes import round_units


@dataclass(frozen=True, slots=True)
class TokenIds:
    """Ids of the tokens by their values; none is 0.

    Attributes:
        velocity, pitch: (128,) int16 ids of MIDI velocities and pitches.
        unit: the id of `d_1`; the ids of the other durations follow.
        longest: the longest duration, in units.
        step, end: ids of the tokens that end a wait and a piece.
    """

    velocity: np.ndarray
    pitch: np.ndarray
    unit: int
    longest: int
    step: int
    end: int


def text_ids(
    tokens: TokenIds,
    onset: np.ndarray,
    units: np.ndarray,
    pitch: np.ndarray,
    velocity: np.ndarray,
    counts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Make the ids of pieces end to end, and (p,) int64 their numbers of tokens.

    Args:
        tokens: the vocabulary.
        onset: (n,) float64 whole milliseconds, ascending within each piece.
        units: (n,) durations in 32nd notes at 120; 0 for a note that is dropped.
        pitch, velocity: (n,) MIDI numbers.
        counts: (p,) notes of each piece, at least one of which is not dropped.
    """
    starts = counts.cumsum() - counts
    waits = round_units(_shifted(onset, starts), onset).astype(np.int32)
    waits, units = (np.minimum(x, tokens.longest) for x in (waits, units.astype(np.int32)))
    is_note, waited = units > 0, waits > 0
    written = is_note | waited
    if np.count_nonzero(written) < len(written):
        counts = np.add.reduceat(written, starts, dtype=np.int64)
        starts = counts.cumsum() - counts
        waits, units, pitch, velocity, is_note, waited = (
            x[written] for x in (waits, units, pitch, velocity, is_note, waited)
        )
    last = _shifted(np.where(is_note, units, waits), starts)  # of the last d_
    values = np.empty((len(units), 6), np.int16)
    given = np.zeros(values.shape, bool)
    values[:, 0] = waits + (tokens.unit - 1)
    given[:, 0] = waited & (waits != last)
    values[:, 1], given[:, 1] = tokens.step, waited
    notes = is_note.nonzero()[0]
    loudness = tokens.velocity.take(velocity[notes], mode="clip")
    values[notes, 2] = loudness
    given[notes, 2] = loudness != _shifted(loudness, notes.searchsorted(starts))
    values[:, 3] = units + (tokens.unit - 1)
    given[:, 3] = is_note & (units != np.where(waited, waits, last))
    values[:, 4], given[:, 4] = tokens.pitch.take(pitch, mode="clip"), is_note
    values[:, 5], given[starts[1:] - 1, 5], given[-1, 5] = tokens.end, True, True
    ids = values[given].astype(np.int64)
    if len(starts) == 1:
        return ids, np.array([len(ids)])
    return ids, np.add.reduceat(given.ravel(), 6 * starts, dtype=np.int64)


def _shifted(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the previous value of each, 0 for the first of a piece."""
    before = np.empty_like(values)
    before[1:] = values[:-1]
    before[starts] = 0
    return before
