"""v/d/n tokens back to a score that is told in the same tokens.

The text counts time in 62.5 ms, but tells the notes of one step in the order of their onsets in
milliseconds, then of their ends, then of their pitches. So the notes of a step begin together while
that order is theirs, and the next begin a millisecond later where it is not; the wait that follows
counts from the last of them. A step without notes is one whose notes are all dropped: it becomes a
note of half a millisecond at pitch 0, in a track of its own. A key that is struck again while it
sounds goes on in another track, since a release ends all notes of its key in one track.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from symusic import Score

TICKS_PER_QUARTER = 1000  # at 120 a tick is half a millisecond
STEPS_TRACK = "steps without notes"
MOST_MILLISECONDS = 80_000_000  # `read_notes` takes a day for damaged


def text_score(
    step: np.ndarray,
    pitch: np.ndarray,
    velocity: np.ndarray,
    units: np.ndarray,
    waits: np.ndarray,
    program: int = 0,
) -> Score:
    """The score of notes in steps.

    Args:
        step: (n,) which step each note is in; rises.
        pitch, velocity: (n,) MIDI numbers.
        units: (n,) durations in 32nd notes at 120, 1 or more.
        waits: (s,) units before step 1, 2, ..., s; step 0 is at the beginning.
        program: MIDI program of the tracks with the notes.
    """
    from symusic import Score, Tempo, TimeSignature, Track

    score = Score(TICKS_PER_QUARTER)
    score.tempos = Tempo.from_numpy(np.zeros(1, np.int32), np.full(1, 500_000, np.int32))
    score.time_signatures = TimeSignature.from_numpy(
        np.zeros(1, np.int32), np.full(1, 4, np.uint8), np.full(1, 4, np.uint8)
    )
    onset, start = _onsets(step, pitch, units, waits)
    # Half a millisecond away from where rounding down would be a matter of the last bit.
    onset = 2 * onset + 1
    duration = 2 * _shortened(units)
    track = _tracks(onset, duration, pitch)
    for number in range(int(track.max(initial=0)) + 1):
        mine = np.flatnonzero(track == number) if track.any() else slice(None)
        notes = _notes(onset[mine], duration[mine], pitch[mine], velocity[mine])
        score.tracks.append(Track(program=program, notes=notes))
    empty = np.append(False, np.ones(len(waits), bool))
    empty[step] = False
    if empty.any():
        begin = 2 * start[empty] + 1
        one = np.ones(len(begin), np.int64)
        loud = velocity[0] if len(velocity) else 64  # another would pretend to be dynamics
        notes = _notes(begin, one, 0 * one, loud * one)
        score.tracks.append(Track(name=STEPS_TRACK, program=program, notes=notes))
    return score


def _onsets(
    step: np.ndarray, pitch: np.ndarray, units: np.ndarray, waits: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) milliseconds of the notes, and (s + 1,) of the steps."""
    first = np.append(True, step[1:] != step[:-1])[: len(step)]
    falls = np.zeros(len(step), np.int64)
    falls[1:] = (units[1:] < units[:-1]) | ((units[1:] == units[:-1]) & (pitch[1:] <= pitch[:-1]))
    falls[first] = 0
    total = falls.cumsum()
    late = total - np.repeat(total[first], np.diff(np.append(np.flatnonzero(first), len(step))))
    latest = np.zeros(len(waits) + 1, np.int64)
    np.maximum.at(latest, step, late)
    start = np.append(0, np.cumsum(latest[:-1] + _shortened(waits)))
    if start[-1] > MOST_MILLISECONDS:  # the least that still rounds to each wait
        start = np.append(0, np.cumsum(latest[:-1] + (2 * waits - 1) * 125 // 4 + 1))
    return start[step] + late, start


def _shortened(units: np.ndarray) -> np.ndarray:
    """Milliseconds of units, rounded down."""
    return units * 125 // 2


def _tracks(onset: np.ndarray, duration: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """(n,) numbers of tracks in which no key is released while another note of it sounds.

    Notes of one key that overlap, or do so through others, take turns on as many tracks as the
    most of them that begin before one of them ends.
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
    begun = np.searchsorted(begins, ends) - place  # of its cluster: the next begins no earlier
    most = np.maximum.reduceat(begun, np.flatnonzero(fresh))
    track[order] = rank % most[cluster]
    return track


def _notes(onset: np.ndarray, duration: np.ndarray, pitch: np.ndarray, velocity: np.ndarray):
    from symusic import Note

    return Note.from_numpy(
        onset.astype(np.int32),
        duration.astype(np.int32),
        pitch.astype(np.int8),
        velocity.astype(np.int8),
    )
