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
    lengths, maps = batch.bar_ticks()
    bar_ticks = batch.spread(lengths)
    # Division of whole numbers below 2^53 in floats is exact where it is rounded down, and faster.
    bar = batch.onset_ticks / bar_ticks
    np.floor(bar, out=bar)
    ticks = batch.onset_ticks - bar * bar_ticks
    for i, (starts, lengths) in maps.items():
        cut = batch.slices[i]
        whole = 4 * int(quarter[i])
        bar[cut], ticks[cut] = _piece_bars(batch.onset_ticks[cut], starts, lengths, whole)
    ticks *= positions_per_quarter
    ticks /= batch.spread(quarter)
    return bar, np.floor(ticks, out=ticks)


def _piece_bars(
    onset_ticks: np.ndarray, starts: np.ndarray, bar_ticks: np.ndarray, whole: int
) -> tuple[np.ndarray, np.ndarray]:
    """Bars and ticks within them, whole numbers in float64, of a piece whose bars change.

    Args:
        onset_ticks: (n,) int64.
        starts, bar_ticks: (m,) int64, where bars of a length begin, and the length.
        whole: ticks of a whole note, which is a bar until the first change.
    """
    if starts[0] > 0:
        starts = np.append(0, starts)
        bar_ticks = np.append(whole, bar_ticks)
    before = np.zeros(len(bar_ticks), np.int64)
    np.cumsum(-((starts[:-1] - starts[1:]) // bar_ticks[:-1]), out=before[1:])
    segment = starts.searchsorted(onset_ticks, side="right") - 1
    ticks = onset_ticks - starts[segment]
    lengths = bar_ticks[segment]
    bar = ticks / lengths
    np.floor(bar, out=bar)
    return before[segment] + bar, ticks - bar * lengths
