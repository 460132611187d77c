"""Bars and positions under time signatures."""

from __future__ import annotations

import numpy as np

from symbolic.notes import NoteTable
from symbolic.notes.batch import NoteBatch, note_batch


def bars_and_positions(
    notes: NoteTable | NoteBatch, positions_per_quarter: int
) -> tuple[np.ndarray, np.ndarray]:
    """Bar number and position within the bar of every note, under its piece's time signatures.

    A time signature starts a new bar, as in notation.

    Args:
        notes: n notes.
        positions_per_quarter: grid within the bar.

    Returns:
        (n,) bar, counted from 0, and (n,) position, counted from 0, rounded down; whole numbers in
        float64.
    """
    batch = note_batch([notes]) if isinstance(notes, NoteTable) else notes
    quarter = batch.ticks_per_quarter
    numerator, denominator, maps = batch.meters()
    bar_ticks = batch.spread(_bar_ticks(numerator, denominator, quarter))
    # Division of whole numbers below 2^53 in floats is exact where it is rounded down, and faster.
    bar = batch.onset_ticks / bar_ticks
    np.floor(bar, out=bar)
    ticks = batch.onset_ticks - bar * bar_ticks
    for i, meters in maps.items():
        cut = batch.slices[i]
        bar[cut], ticks[cut] = _piece_bars(batch.onset_ticks[cut], meters, int(quarter[i]))
    ticks *= positions_per_quarter
    ticks /= batch.spread(quarter)
    return bar, np.floor(ticks, out=ticks)


def _bar_ticks(numerator: np.ndarray, denominator: np.ndarray, quarter: np.ndarray) -> np.ndarray:
    ticks = numerator * 4 * quarter // np.maximum(denominator, 1)
    return np.maximum(ticks, 1)


def _piece_bars(
    onset_ticks: np.ndarray, meters: tuple[np.ndarray, np.ndarray, np.ndarray], quarter: int
) -> tuple[np.ndarray, np.ndarray]:
    starts, numerator, denominator = (column.astype(np.int64) for column in meters)
    bar_ticks = _bar_ticks(numerator, denominator, quarter)
    if starts[0] > 0:  # 4/4 until the first signature
        starts = np.append(0, starts)
        bar_ticks = np.append(4 * quarter, bar_ticks)
    before = np.zeros(len(bar_ticks), np.int64)
    before[1:] = np.cumsum(-(-np.diff(starts) // bar_ticks[:-1]))
    segment = np.searchsorted(starts, onset_ticks, side="right") - 1
    bar, ticks = np.divmod(onset_ticks - starts[segment], bar_ticks[segment])
    return before[segment] + bar, ticks
