"""Decoding of CP super-tokens to a score that has the same super-tokens.

The decoded score has one track. Within a position, notes are a tick apart if their order or a
repeated pitch requires it, so that they are read in the same order again. CP does not hold, so that
a decoded score differs in: tracks and programs, drums, empty bars, time signatures (a bar has as
many quarters as nine in ten bars of the piece need, and more if its last position needs more),
onsets between positions, and

- `midibert`: velocities (64), tempo (120). A grid line holds at most 61 notes that follow a higher
  or equal pitch.
- `score`: velocities (64), tempo (120, or faster if the piece would last a day).
- `performance`: the silence before the first note. Gap sets a tempo between any two onsets, so the
  timing of the performance is kept; a MIDI file cannot hold a tempo below 3.6 quarters per minute,
  a `symusic.Score` can. If no tick fits both Duration and Hold under that tempo, Duration is kept:
  decoding once more gives the same. A piece of one note has no dynamics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from symbolic.notes import ticks_to_seconds
from symbolic.tokenizers.scores import COMMON_TIME, TEMPO_120, Columns, add_track, new_score

if TYPE_CHECKING:
    from symusic.core import ScoreTick

    from symbolic.tokenizers.bins import LogBins

BAR_TICKS, GRID_TICKS, STEP_TICKS = 1920, 120, 60  # of MIDI-BERT, whatever the header of the file
LOWEST, HIGHEST = 22, 107  # pitches of MIDI-BERT

RESOLUTION = 480  # ticks per quarter, unless more are needed
MOST_TICKS = 2**31 - 1
MOST_SECONDS = 80_000  # without tempos in the tokens: `read_notes` refuses pieces of a day
SMOOTHED = 9  # onsets over which the tempo of a decoded performance is evened out
USUAL_BAR = 0.9  # quantile of the bar lengths of a piece that its usual bar has
AT_ONCE = 0.001  # seconds between onsets whose Gap is 0


def midibert_score(columns: np.ndarray, program: int) -> ScoreTick:
    """Decode preset `midibert`; `columns` are (4, n) sub-tokens counted from 0."""
    bar, position, pitch, duration = columns
    line = bars(bar) * (BAR_TICKS // GRID_TICKS) + position
    offset = order_offsets(line, pitch)
    # The grid ends before the last onset: notes on its last line begin after it. Onsets from 59
    # ticks before to 60 after an earlier line snap to it.
    last = line == line[-1:]
    most = np.maximum.reduceat(offset, _starts(line))[_numbers(line)] if len(line) else offset
    early = np.where((line > 0) & ~last, np.clip(most - GRID_TICKS // 2, 0, 59), 0)
    offset = np.minimum(offset - early, GRID_TICKS // 2) + last
    steps = (duration + 1) * STEP_TICKS
    velocity = np.full(len(line), 64)
    return _score(line * GRID_TICKS + offset, steps, pitch + LOWEST, velocity, program)


def score_score(columns: np.ndarray, program: int, positions_per_quarter: int) -> ScoreTick:
    """Decode preset `score`; `columns` are (4, n) sub-tokens counted from 0."""
    bar, position, pitch, duration = columns
    cell, meters = _cells(bar, position, positions_per_quarter)
    offset = order_offsets(cell, pitch)
    ticks = _ticks_per_cell(cell, offset, positions_per_quarter)
    quarter = ticks * positions_per_quarter
    onset = cell * ticks + np.minimum(offset, ticks - 1)
    quarters = onset[-1:].sum() / quarter + 2 * meters[1].max()
    mspq = min(500_000, MOST_SECONDS * 1e6 // quarters)
    return _score(
        onset,
        np.rint((duration + 1) * quarter / 8),
        pitch,
        np.full(len(cell), 64),
        program,
        quarter,
        meters,
        (np.array([0]), np.array([mspq])),
    )


def performance_score(
    columns: np.ndarray,
    velocity: np.ndarray,
    gap: np.ndarray,
    hold: np.ndarray,
    program: int,
    positions_per_quarter: int,
    holds: LogBins,
    longest: int,
) -> ScoreTick:
    """Decode preset `performance`.

    Args:
        columns: (4, n) Bar, Position, Pitch and Duration, counted from 0.
        velocity: (n,) MIDI velocities.
        gap: (n,) seconds.
        hold: (n,) bins of `holds`.
        longest: the number of Duration values, the last of which holds all longer durations.
    """
    bar, position, pitch, duration = columns
    if not len(bar):
        return _score(gap, gap, pitch, velocity, program)
    cell, meters = _cells(bar, position, positions_per_quarter)
    begins = np.append(True, (np.diff(cell) != 0) | (np.diff(pitch) <= 0)) | (gap > 0)
    first = np.flatnonzero(begins)  # the first note of each onset
    cells, rank = cell[first], _ranks(cell[first])
    ticks = _ticks_per_cell(cells, rank, positions_per_quarter)
    quarter = ticks * positions_per_quarter
    seconds = np.where(gap[first] > 0, gap[first], AT_ONCE)
    onset = _even_onsets(cells, rank, np.cumsum(seconds), ticks)
    mspq = np.rint(seconds[1:] * 1e6 * quarter / np.diff(onset))
    if (mspq > MOST_TICKS).any():  # too long for a tick: set the onsets further apart
        onset = cells * ticks + rank * (ticks // np.bincount(_numbers(cells)))[_numbers(cells)]
        mspq = np.rint(seconds[1:] * 1e6 * quarter / np.diff(onset))
    mspq = np.clip(mspq, 1, MOST_TICKS)
    tempos = np.append(0, onset[:-1]), np.append(500_000, mspq)
    time = ticks_to_seconds(onset, tempos[0], 60e6 / tempos[1], quarter)

    number = np.cumsum(begins) - 1
    start, start_time = onset[number], time[number]
    length = _lengths(
        start, start_time, duration + 1, longest, holds, hold, quarter, tempos, onset, time
    )
    return _score(start, length, pitch, velocity, program, quarter, meters, tempos)


def _even_onsets(cell: np.ndarray, rank: np.ndarray, seconds: np.ndarray, ticks: int) -> np.ndarray:
    """Place onsets within their cells so that the tempo changes little: (m,) ascending ticks.

    A cell is as wide as a sixteenth: if each onset were at its beginning, the tempo between onsets
    would be far from that of the piece.
    """
    span = seconds[-1] - seconds[0]
    rate = (cell[-1] - cell[0]) * ticks / span if span > 0 else 0.0
    drift = (cell + 0.5) * ticks - rate * seconds
    window = np.ones(min(SMOOTHED, len(cell)))
    smooth = np.convolve(drift, window, "same") / np.convolve(np.ones(len(cell)), window, "same")
    later = _ranks(cell[::-1])[::-1]  # onsets still to come in the cell
    low, high = cell * ticks + rank, (cell + 1) * ticks - 1 - later
    wished = np.clip(np.rint(rate * seconds + smooth), low, np.maximum(low, high)).astype(np.int64)
    number = np.arange(len(cell))
    return np.maximum.accumulate(wished - number) + number


def _lengths(
    start, start_time, duration, longest, holds, hold, quarter, tempos, onset, time
) -> np.ndarray:
    """(n,) ticks of each note that round to its Duration, as near to its Hold as possible."""
    unit = quarter / 8
    low = np.where(duration == 1, 0, np.floor((duration - 0.5) * unit) + 1)
    high = np.where(duration == longest, np.inf, np.ceil((duration + 0.5) * unit) - 1)
    target = start_time + holds.centres()[hold]
    wished = np.interp(target, time, onset)
    after = target > time[-1]
    wished[after] = onset[-1] + (target[after] - time[-1]) * 1e6 * quarter / tempos[1][-1]
    wished = np.minimum(wished, MOST_TICKS - 1) - start
    best = np.full(len(start), -1.0)
    for candidate in (np.clip(round_(wished), low, high) for round_ in (np.ceil, np.floor)):
        end = ticks_to_seconds(start + candidate, tempos[0], 60e6 / tempos[1], quarter)
        fits = holds.quantise(end - start_time) == hold
        best = np.where(fits | (best < 0), candidate, best)
    return best


def bars(bar: np.ndarray) -> np.ndarray:
    """(n,) number of the bar of each note, from Bar (0 New, 1 Continue).

    The first note of a window may be within a bar.
    """
    return np.cumsum(bar == 0) - (bar[:1] == 0)


def order_offsets(cell: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """(n,) ticks by which notes of a cell are shifted.

    Sorting by onset and pitch then keeps their order, and no two have the same onset and pitch.
    """
    falls = np.append(0, (np.diff(cell) == 0) & (np.diff(pitch) <= 0))[: len(cell)]
    total = np.cumsum(falls)
    return total - total[_starts(cell)][_numbers(cell)] if len(cell) else total


def _starts(cell: np.ndarray) -> np.ndarray:
    """Return the index of the first note of each run of notes in the same cell."""
    return np.flatnonzero(np.append(True, np.diff(cell) != 0))


def _numbers(cell: np.ndarray) -> np.ndarray:
    """(n,) number of the run of each note."""
    return np.cumsum(np.append(0, np.diff(cell) != 0))


def _ranks(cell: np.ndarray) -> np.ndarray:
    """(n,) number of notes before each in its run."""
    return np.arange(len(cell)) - _starts(cell)[_numbers(cell)]


def _cells(
    bar: np.ndarray, position: np.ndarray, positions_per_quarter: int
) -> tuple[np.ndarray, Columns]:
    """(n,) positions since the beginning, and the time signatures of the bars.

    Time signatures are their onsets, in quarters since the beginning, and quarters in a bar.
    """
    if not len(bar):
        return bar, COMMON_TIME
    number = bars(bar)
    last = np.maximum.reduceat(position, _starts(number))
    needed = -(-(last + 1) // positions_per_quarter)
    quarters = np.maximum(needed, np.quantile(needed, USUAL_BAR, method="higher"))
    before = np.cumsum(quarters) - quarters
    changed = np.append(True, np.diff(quarters) != 0)
    cell = before[number] * positions_per_quarter + position
    return cell, (before[changed], quarters[changed])


def _ticks_per_cell(cell: np.ndarray, offset: np.ndarray, positions_per_quarter: int) -> int:
    """Return the ticks of a position.

    There are 480 ticks in a quarter, more if notes must be set further apart, fewer if the piece
    would be too long.
    """
    if not len(cell):
        return RESOLUTION // positions_per_quarter
    needed = int(offset.max()) + 1
    room = MOST_TICKS // (int(cell.max()) + 64 * positions_per_quarter)
    coarsest = -(-16 // positions_per_quarter)  # ticks that resolve 32nds
    ticks = max(RESOLUTION // positions_per_quarter, needed, coarsest)
    return max(min(ticks, room, 32767 // positions_per_quarter), 1)


def _score(
    onset: np.ndarray,
    duration: np.ndarray,
    pitch: np.ndarray,
    velocity: np.ndarray,
    program: int,
    quarter: int = RESOLUTION,
    meters: Columns = COMMON_TIME,
    tempos: Columns = TEMPO_120,
) -> ScoreTick:
    score = new_score(quarter, (meters[0] * quarter, meters[1]), tempos)
    add_track(score, onset, np.minimum(duration, MOST_TICKS - onset), pitch, velocity, program)
    return score
