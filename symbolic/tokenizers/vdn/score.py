"""Decoding of v/d/n tokens to a score that has the same tokens.

The text counts time in units of 62.5 ms, but sorts the notes of a step by onset in milliseconds,
then by end, then by pitch. Notes of a step that are in this order begin together; a note that is
out of order, and those after it, begin a millisecond later. The following wait counts from the last
of them. A step whose notes are all dropped becomes a note of half a millisecond at pitch 0, in a
track of its own. A key that is struck again while it sounds continues in another track, since a
release ends all notes of its key in one track.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from symbolic.tokenizers.scores import add_track, new_score

if TYPE_CHECKING:
    from symusic.core import ScoreTick

TICKS_PER_QUARTER = 1000  # at 120 a tick is half a millisecond
STEPS_TRACK = "steps without notes"
MOST_MILLISECONDS = 80_000_000  # `read_notes` refuses pieces of a day


def text_score(
    step: np.ndarray,
    pitch: np.ndarray,
    velocity: np.ndarray,
    units: np.ndarray,
    waits: np.ndarray,
    program: int = 0,
) -> ScoreTick:
    """Make the score of notes in steps.

    Args:
        step: (n,) number of the step of each note, ascending.
        pitch, velocity: (n,) MIDI numbers.
        units: (n,) durations in 32nd notes at 120, 1 or more.
        waits: (s,) units before step 1, 2, ..., s; step 0 is at time 0.
        program: MIDI program of the tracks.
    """
    score = new_score(TICKS_PER_QUARTER)
    onset, start = _onsets(step, pitch, units, waits)
    # Half a millisecond away from whole milliseconds, so that rounding down is unambiguous.
    onset = 2 * onset + 1
    duration = 2 * _shortened(units)
    track = _tracks(onset, duration, pitch)
    for number in range(int(track.max(initial=0)) + 1):
        inside = np.flatnonzero(track == number) if track.any() else slice(None)
        notes = (onset[inside], duration[inside], pitch[inside], velocity[inside])
        add_track(score, *notes, program)
    empty = np.append(False, np.ones(len(waits), bool))
    empty[step] = False
    if empty.any():
        begin = 2 * start[empty] + 1
        ones = np.ones(len(begin), np.int64)
        loudness = velocity[0] if len(velocity) else 64  # another value would count as dynamics
        add_track(score, begin, ones, 0 * ones, loudness * ones, program, STEPS_TRACK)
    return score


def _onsets(
    step: np.ndarray, pitch: np.ndarray, units: np.ndarray, waits: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) onsets of the notes and (s + 1,) of the steps, in milliseconds."""
    first = np.append(True, step[1:] != step[:-1])[: len(step)]
    falls = np.zeros(len(step), np.int64)
    falls[1:] = (units[1:] < units[:-1]) | ((units[1:] == units[:-1]) & (pitch[1:] <= pitch[:-1]))
    falls[first] = 0
    total = falls.cumsum()
    late = total - np.repeat(total[first], np.diff(np.append(np.flatnonzero(first), len(step))))
    latest = np.zeros(len(waits) + 1, np.int64)
    np.maximum.at(latest, step, late)
    start = np.append(0, np.cumsum(latest[:-1] + _shortened(waits)))
    if start[-1] > MOST_MILLISECONDS:  # the shortest waits that round to the same units
        start = np.append(0, np.cumsum(latest[:-1] + (2 * waits - 1) * 125 // 4 + 1))
    return start[step] + late, start


def _shortened(units: np.ndarray) -> np.ndarray:
    """Convert units to milliseconds, rounded down."""
    return units * 125 // 2


def _tracks(onset: np.ndarray, duration: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """(n,) track numbers such that the notes of a key do not overlap within a track.

    Each cluster of overlapping notes of a key is spread over as many tracks as its notes begin, at
    most, before one of them ends.
    """
    order = np.lexsort((onset, pitch))
    base = pitch[order].astype(np.int64) << 32
    begins, ends = base + onset[order], base + onset[order] + duration[order]
    track = np.zeros(len(onset), np.int64)
    if not (ends[:-1] > begins[1:]).any():
        return track
    fresh = np.append(True, begins[1:] >= np.maximum.accumulate(ends)[:-1])
    cluster, place = np.cumsum(fresh) - 1, np.arange(len(onset))
    rank = place - np.flatnonzero(fresh)[cluster]
    begun = np.searchsorted(begins, ends) - place  # within its cluster: the next begins no earlier
    most = np.maximum.reduceat(begun, np.flatnonzero(fresh))
    track[order] = rank % most[cluster]
    return track
