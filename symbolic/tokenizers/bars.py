"""Bars and positions under time signatures."""

from __future__ import annotations

import numpy as np

from symbolic.notes.batch import NoteBatch, uniform


def bars_and_positions(
    batch: NoteBatch, positions_per_quarter: int
) -> tuple[np.ndarray, np.ndarray]:
    """Compute the bar number and the position within the bar of each note.

    Bars follow the time signatures of each piece; a time signature begins a new bar.

    Returns:
        (n,) bar and (n,) position, each from 0 and rounded down: whole numbers in int64 or float64.
    """
    quarter = batch.quarters
    lengths, maps = batch.bar_ticks()
    length, ticks_per_quarter = uniform(lengths), uniform(quarter)
    if length and ticks_per_quarter and not maps:  # divisions by one number are faster
        bar = batch.onset_ticks // length
        ticks = batch.onset_ticks - bar * length
        step, rest = divmod(ticks_per_quarter, positions_per_quarter)
        if rest or not step:
            ticks *= positions_per_quarter
            step = ticks_per_quarter
        ticks //= step
        return bar, ticks
    bar_ticks = batch.spread(lengths)
    # Float division of whole numbers below 2^53, rounded down, is exact and faster.
    bar = batch.onset_ticks / bar_ticks
    np.floor(bar, out=bar)
    ticks = batch.onset_ticks - bar * bar_ticks
    for i, (starts, lengths) in maps.items():
        part = batch.slices[i]
        whole = 4 * quarter[i]
        bar[part], ticks[part] = _piece_bars(batch.onset_ticks[part], starts, lengths, whole)
    ticks *= positions_per_quarter
    ticks /= batch.spread(quarter)
    return bar, np.floor(ticks, out=ticks)


def _piece_bars(
    onset_ticks: np.ndarray, starts: np.ndarray, bar_ticks: np.ndarray, whole: int
) -> tuple[np.ndarray, np.ndarray]:
    """Compute (n,) bars and ticks within bars, whole numbers in float64.

    At (m,) `starts` the bar length changes to `bar_ticks`; until the first it is a `whole` note.
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
