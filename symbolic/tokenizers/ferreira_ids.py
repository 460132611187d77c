"""Ids of v/d/n text from sorted notes; values that have not changed are left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symbolic.tokenizers.ferreira_notes import round_units


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
    waits = round_units(_shifted(onset, starts), onset)
    waits = np.clip(waits, 0, tokens.longest).astype(np.int16)
    units = np.minimum(units, tokens.longest).astype(np.int16)
    written = (units > 0) | (waits > 0)
    if not written.all():
        counts = np.add.reduceat(written, starts, dtype=np.int64)
        starts = counts.cumsum() - counts
        waits, units, pitch, velocity = (x[written] for x in (waits, units, pitch, velocity))
    is_note, waited = units > 0, waits > 0
    last = _shifted(np.where(is_note, units, waits), starts)  # of the last d_
    first_unit = tokens.unit - 1
    rows = np.zeros((len(units), 6), np.int16)  # 0: no token
    rows[:, 0] = (waits + first_unit) * (waited & (waits != last))
    rows[:, 1] = tokens.step * waited
    last = np.where(waited, waits, last)
    rows[:, 3] = (units + first_unit) * (is_note & (units != last))
    rows[:, 4] = tokens.pitch[pitch & 127] * is_note
    rows[starts + counts - 1, 5] = tokens.end
    notes = np.flatnonzero(is_note)
    loudness = tokens.velocity[velocity[notes] & 127]
    last = _shifted(loudness, notes.searchsorted(starts))
    rows[notes, 2] = loudness * (loudness != last)
    flat = rows.ravel()
    present = flat != 0
    return flat[present].astype(np.int64), np.add.reduceat(present, 6 * starts, dtype=np.int64)


def _shifted(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the previous value of each, 0 for the first of a piece."""
    before = np.empty_like(values)
    before[1:] = values[:-1]
    before[starts] = 0
    return before
