"""Voices: how fast each track or part moves, and what the drums do.

A doubled part and a pad under the music change the number of notes per second, but hardly the
rate of each voice. The columns belong to no group; the feature sets `voices` and `drums` have them.
"""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import CHORD_SECONDS, Onsets
from symbolic.features.segments import Columns, Segments, quotients

LEAST_SECONDS = 1.0  # of a voice, and of a piece with drums, for rates
MOST_HELD = 32  # onsets for which an outer note can hide those below, or above, it
_FEW = 1024  # notes, from which one array of their onsets is faster than one of each next onset


def rates(onsets: Onsets) -> Columns:
    """Compute natural logarithms of the onsets per second of each voice, a track of pitched notes.

    Its notes are grouped as those of a piece; its seconds are those from its first onset to the end
    of its last note, at least `LEAST_SECONDS`. `voice_rate_log` is the mean over voices, weighted
    by their onsets; `voice_rate_max_log` and `voice_rate_min_log` are the largest and the smallest.
    """
    order, starts, by_voice = _voices(onsets)
    time, end = onsets.onset[order], onsets.end[order]
    new = np.empty(len(time), bool)
    np.greater(time[1:] - time[:-1], CHORD_SECONDS, out=new[1:])
    new[starts] = True
    counts = np.add.reduceat(new, starts, dtype=np.int64)
    seconds = np.maximum.reduceat(end, starts) - time[starts]
    rate = np.log(counts / np.maximum(seconds, LEAST_SECONDS))
    return {
        "voice_rate_log": by_voice.sum(rate * counts) / by_voice.sum(counts),
        "voice_rate_max_log": by_voice.maximum(rate),
        "voice_rate_min_log": by_voice.minimum(rate),
    }


def doublings(onsets: Onsets) -> Columns:
    """Compute the share of notes with one of their pitch class at their onset in another voice."""
    track = onsets.track
    place = onsets.group * 12 + onsets.pitch_class
    one = np.empty(12 * len(onsets.time), np.int64)
    one[place] = track  # of any of the notes there
    several = np.zeros(len(one), bool)
    several[place[one[place] != track]] = True
    return {"voice_doubling": onsets.by_note.share(several[place])}


def outer_rates(onsets: Onsets) -> Columns:
    """Compute natural logarithms of the events per second of melody and bass.

    An onset is an event of the melody unless a higher note, the highest of one of the `MOST_HELD`
    onsets before, still sounds, and of the bass unless such a lower one does: a pad or an
    accompaniment under a held melody adds none. Seconds are those of the piece, at least
    `LEAST_SECONDS`.
    """
    seconds = np.maximum(onsets.span, LEAST_SECONDS)
    melody = _outer_events(onsets, onsets.top, onsets.tops[0])
    bass = _outer_events(onsets, -onsets.bottom, onsets.bottoms[0])
    return {
        "melody_rate_log": np.log(onsets.by_onset.count(melody) / seconds),
        "bass_rate_log": np.log(onsets.by_onset.count(bass) / seconds),
    }


def drums(onsets: Onsets) -> Columns:
    """Measure the drums; all columns are 0 without any.

    `drums_present` is 1. `drum_rate_log1p` is the natural logarithm of 1 plus the onsets of drums,
    grouped as those of notes, per second of the piece: from the first onset, of a drum or not, to
    the end of the last pitched note or the last onset of a drum, at least `LEAST_SECONDS`.
    `drum_kinds` is the logarithm of 1 plus the number of different drums. `drum_share` is the share
    of the seconds from the first to the last of the drums. `drum_regularity` is 1 minus half the
    normalised pairwise variability of gaps between onsets (Grabe & Low 2002): 1 for equal gaps,
    about 0 where each is far from the next; 0 for fewer than three onsets.
    """
    found = np.zeros((len(DRUM_COLUMNS), len(onsets)))
    some = np.flatnonzero(onsets.drums[2].counts)
    if len(some):
        found[:, some] = _drum_columns(onsets, some)
    return {DRUM_COLUMNS: found}


DRUM_COLUMNS = (
    "drums_present",
    "drum_rate_log1p",
    "drum_kinds",
    "drum_share",
    "drum_regularity",
)


def _drum_columns(onsets: Onsets, some: np.ndarray) -> np.ndarray:
    """Compute the columns of `drums` of the (s,) pieces with drums: (5, s)."""
    time, kind, by_piece = onsets.drums
    notes = Segments(by_piece.counts[some])
    new = np.empty(len(time), bool)
    np.greater(time[1:] - time[:-1], CHORD_SECONDS, out=new[1:])
    new[notes.starts] = True
    places, groups = notes.find(new)
    first, last = time[notes.starts], time[notes.ends - 1]
    begin = onsets.first[some]
    end = np.maximum(last, begin + onsets.span[some])
    seconds = np.maximum(end - np.minimum(first, begin), LEAST_SECONDS)
    starts = time[places]
    gap = groups.after(starts) - groups.before(starts)
    before, after = groups.steps.before(gap), groups.steps.after(gap)
    pairs = groups.steps.steps
    uneven = pairs.mean(np.abs(after - before) / (after + before))
    return np.array(
        [
            np.ones(len(some)),
            np.log1p(groups.counts / seconds),
            np.log1p(np.count_nonzero(notes.histogram(kind, 128), axis=1)),
            (last - first) / seconds,
            quotients(1.0 - uneven, np.ones(len(some)), pairs.counts > 0),
        ]
    )


def _voices(onsets: Onsets) -> tuple[np.ndarray | slice, np.ndarray, Segments]:
    """Sort notes by piece and voice.

    Returns:
        What brings the notes into this order, in which those of a voice stay in theirs; the (v,)
        position of the first note of each voice; the segments of the voices of each piece.
    """
    notes, track = onsets.by_note, onsets.track
    lowest = notes.minimum(track)
    widths = notes.maximum(track) - lowest + 1
    if np.maximum.reduce(widths) == 1:
        return slice(None), notes.starts, Segments(np.ones(len(notes), np.int64))
    ends = np.add.accumulate(widths)
    voice = track + notes.each(ends - widths - lowest)
    if ends[-1] < 1 << 16:
        voice = voice.astype(np.uint16)  # is sorted in linear time
    order = voice.argsort(kind="stable")
    voice = voice[order]
    new = np.ones(len(voice), bool)
    np.not_equal(voice[1:], voice[:-1], out=new[1:])
    starts = new.nonzero()[0]
    return order, starts, notes.select(new)


def _outer_events(onsets: Onsets, pitch: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Mark the onsets at which no higher outer note of the `MOST_HELD` before sounds: (g,) bool.

    Args:
        onsets: of the pieces.
        pitch: (g,) of the outer note of each onset; that of the bass is negative.
        places: (m,) positions of the outer notes.
    """
    pitch = pitch.astype(np.int16)
    event = np.ones(len(pitch), bool)
    group = onsets.group.take(places)
    held = onsets.until.take(places) - group  # onsets, with its own
    own = pitch.take(group)
    for step in range(1, MOST_HELD + 1):
        longer = (held > step).nonzero()[0]
        group, held, own = group.take(longer), held.take(longer), own.take(longer)
        if len(longer) < _FEW:
            break
        later = group + step
        event[later.compress(pitch.take(later) < own)] = False
    else:
        return event
    counts = np.minimum(held, MOST_HELD + 1) - step
    ends = np.add.accumulate(counts)
    later = (group + step - ends + counts).repeat(counts)
    later += np.arange(len(later))
    event[later.compress(pitch.take(later) < own.repeat(counts))] = False
    return event
