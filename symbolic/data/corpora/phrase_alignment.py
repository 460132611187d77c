"""Which beat of a song its phrase string begins on.

Phrase strings count bars of melodies that were moved to their bar lines by hand (Dai 2020), and
say not by how much. The downbeats that come with POP909 do not agree with these bars: their number
is not that of the bars, and many are counted anew in the middle of a song. So bars are taken for
equally many beats each, and their first beat is looked for: the one from which there is melody in
phrases with a melody and none in the others, harmonies change with the bars, and the song begins
in the first bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symbolic.data.corpora.phrases import Phrases, melodic_bars
from symbolic.notes import NoteTable

MELODY = 0
"""The track of the melody."""

LATEST, OVERHANG = 40, 12
"""The last beat on which a string may begin; beats by which it may be longer than the song."""

UPBEAT = 2
"""Beats of melody before a phrase that may be its upbeat."""

HARMONY = 0.4
"""What a change of harmony with the bars counts against misfits of the melody."""

OPENING, NEAR_OPENING = 0.05, 0.02
"""What it counts if the song's first note is on the first beat, or about the first bar."""

METERS = (4, 3, 2)
"""Beats in a bar; of those that fit equally well the first."""

_EARLY = 0.12  # beats: notes that are played this much early belong to the next one


@dataclass(frozen=True)
class Alignment:
    """Where a phrase string begins.

    Attributes:
        start: number of the beat, from 0.
        beats: in a bar.
        misfits: of each string, the share of the notes of the melody where there should be none
            (those of an upbeat count a quarter on average) and the share of the bars that should
            have some and have none (the last bar of a phrase, which may ring, counts half).
    """

    start: int
    beats: int
    misfits: tuple[float, ...]

    def bar_lines(self, beats: np.ndarray, bars: int) -> np.ndarray:
        """(bars + 1,) seconds at which bars begin; after the last beat they go on evenly."""
        return beat_times(beats, self.start + self.beats * np.arange(bars + 1))


def align_phrases(
    strings: Sequence[Phrases], beats: np.ndarray, notes: NoteTable
) -> Alignment | None:
    """The beat on which strings of phrases begin, which several annotators made of one melody.

    It is that of the string that fits best.

    Where a melody is published as the annotators saw it, its first rest tells the beat. The weights
    were chosen by 47 such songs, of which it is right in 45; of 21 others it is right in 18, a bar
    early in two and half a bar in one.

    Args:
        strings: of one song.
        beats: (K,) seconds, at least 2.
        notes: of the song, the melody in track `MELODY`.

    Returns:
        None where the song is too short for the strings, or has no melody.
    """
    melody = notes.track == MELODY
    if not melody.any():
        return None
    bars = [melodic_bars(phrases) for phrases in strings]
    onsets = beat_numbers(beats, notes.onset)
    ends = beat_numbers(beats, notes.onset + notes.duration)
    change = _harmonic_change(
        *(column[~melody] for column in (onsets, ends, notes.pitch)), len(beats)
    )
    found = [_in_meter(bars, onsets[melody], onsets.min(), change, meter) for meter in METERS]
    return min(filter(None, found), key=lambda one: min(one.misfits), default=None)


def beat_numbers(beats: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Numbers of beats, with fractions, at which times are; before and after beats are even."""
    length, last = np.median(np.diff(beats)), len(beats) - 1
    numbers = np.interp(seconds, beats, np.arange(len(beats)))
    numbers += np.minimum(seconds - beats[0], 0) / length
    return numbers + np.maximum(seconds - beats[last], 0) / length


def beat_times(beats: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Seconds of beats by their numbers; the inverse of `beat_numbers`."""
    length, last = np.median(np.diff(beats)), len(beats) - 1
    seconds = np.interp(numbers, np.arange(len(beats)), beats)
    return seconds + (np.minimum(numbers, 0) + np.maximum(numbers - last, 0)) * length


def _in_meter(
    bars: list[np.ndarray], onsets: np.ndarray, opening: float, change: np.ndarray, meter: int
) -> Alignment | None:
    latest = min(LATEST, len(change) + OVERHANG - meter * max(map(len, bars)))
    if latest < 0:
        return None
    starts = np.arange(latest + 1)
    misfits = np.stack([_misfits(melodic, onsets, starts, meter) for melodic in bars])
    by_phase = np.array([change[phase::meter].mean() for phase in range(meter)])
    late = starts - opening  # beats from the first note to the first bar line
    near = (late > -0.6 * meter) & (late < 0.9 * meter)
    opens = np.where(abs(late) < 0.6, OPENING, NEAR_OPENING * near)
    best = (misfits.min(0) - HARMONY * by_phase[starts % meter] - opens).argmin()
    return Alignment(int(starts[best]), meter, tuple(misfits[:, best].tolist()))


def _misfits(
    melodic: np.ndarray, onsets: np.ndarray, starts: np.ndarray, per_bar: int
) -> np.ndarray:
    """(S,) misfits of the n bars with and without melody, were they to begin on each start."""
    count = len(melodic)
    melodic = np.concatenate([[False], melodic, [False]])  # nothing before the first, nor after
    follows = np.append(melodic[1:], False)
    sixteenths = np.floor(onsets * 4 + 0.5) / 4
    at = (sixteenths - starts[:, None]) / per_bar  # (S, notes)
    bar = np.clip(np.floor(at), -1, count).astype(np.int64) + 1
    left = per_bar * (1 - (at - np.floor(at)))  # beats to the next bar
    upbeat = follows[bar] & (left <= UPBEAT)
    wrong = ~melodic[bar] * np.where(upbeat, left / UPBEAT / 2, 1.0)
    rows = np.arange(len(starts))[:, None]
    notes = np.zeros((len(starts), count + 2), np.int64)
    np.add.at(notes, (rows, bar), 1)
    silent = (melodic & (notes == 0)) * np.where(follows, 1.0, 0.5)
    return wrong.mean(1) + silent.sum(1) / count


def _harmonic_change(
    begins: np.ndarray, ends: np.ndarray, pitches: np.ndarray, count: int
) -> np.ndarray:
    """(K,) 0..1: how much the pitch classes of two beats differ from those of the two before."""
    first = np.clip(np.floor(begins + _EARLY), 0, count - 1).astype(np.int64)
    stop = np.clip(np.ceil(ends - _EARLY), first + 1, count).astype(np.int64)
    steps = np.zeros((count + 1, 12))
    np.add.at(steps, (first, pitches % 12), 1)
    np.add.at(steps, (stop, pitches % 12), -1)
    sounding = np.cumsum(steps, 0)[:-1]  # notes of each pitch class in each beat
    total = np.concatenate([np.zeros((1, 12)), np.cumsum(sounding, 0)])
    k = np.arange(count)
    before = total[k] - total[np.maximum(k - 2, 0)]
    after = total[np.minimum(k + 2, count)] - total[k]
    norms = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    return np.where(norms > 0, 1 - (before * after).sum(1) / np.maximum(norms, 1), 0.0)
