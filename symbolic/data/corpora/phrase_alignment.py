"""Alignment of phrase strings with the beats of a song.

Phrase strings count bars of melodies that were moved to bar lines by hand (Dai 2020), by an unknown
number of beats. The downbeats of POP909 do not agree with these bars: their number differs, and in
many songs the count restarts in the middle. Here all bars have the same number of beats, and the
first beat is the one for which melody occurs in phrases with a melody and in no others, harmonies
change at bar lines, and the song begins in the first bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symbolic.data.corpora.phrases import Phrases, melodic_bars
from symbolic.notes import NoteTable

MELODY = 0
"""Track of the melody."""

LATEST, OVERHANG = 40, 12
"""Last beat on which a string may begin; beats by which it may be longer than the song."""

UPBEAT = 2
"""Longest upbeat of a phrase, in beats."""

HARMONY = 0.4
"""Weight of harmonic change at bar lines, relative to misfits of the melody."""

OPENING, NEAR_OPENING = 0.05, 0.02
"""Weights of a first note on the first beat, and near the first bar."""

METERS = (4, 3, 2)
"""Beats of a bar, tried in this order; the first of equal fits is taken."""

_EARLY = 0.12  # beats; notes this close before a beat belong to it


@dataclass(frozen=True)
class Alignment:
    """Position of a phrase string in a song.

    Attributes:
        start: first beat, from 0.
        beats: of a bar.
        misfits: for each string, the share of melody notes in bars without melody (notes of an
            upbeat count a quarter on average), plus the share of bars with a melody that have no
            notes (the last bar of a phrase, in which a note may ring, counts half).
    """

    start: int
    beats: int
    misfits: tuple[float, ...]

    def bar_lines(self, beats: np.ndarray, bars: int) -> np.ndarray:
        """(bars + 1,) seconds of the bar lines; after the last beat they are evenly spaced."""
        return beat_times(beats, self.start + self.beats * np.arange(bars + 1))


def align_phrases(
    strings: Sequence[Phrases], beats: np.ndarray, notes: NoteTable
) -> Alignment | None:
    """Find the beat on which the phrase strings of a song begin.

    The strings of several annotators begin on one beat, that of the string that fits best.

    The weights were chosen on 47 songs whose melody is published as the annotators saw it: its
    first rest gives the beat, and 45 songs are right. Of 21 other such songs 18 are right, two are
    a bar early and one half a bar.

    Args:
        strings: of one song.
        beats: (K,) seconds, at least 2.
        notes: of the song, the melody in track `MELODY`.

    Returns:
        The alignment; None if the song is too short for the strings or has no melody.
    """
    melody = notes.track == MELODY
    if not melody.any():
        return None
    bars = [melodic_bars(phrases) for phrases in strings]
    onsets = beat_numbers(beats, notes.onset)
    ends = beat_numbers(beats, notes.onset + notes.duration)
    rest = ~melody
    change = _harmonic_change(onsets[rest], ends[rest], notes.pitch[rest], len(beats))
    found = [_in_meter(bars, onsets[melody], onsets.min(), change, meter) for meter in METERS]
    return min(filter(None, found), key=lambda fit: min(fit.misfits), default=None)


def beat_numbers(beats: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Convert seconds to beat numbers with fractions; beats continue evenly at both ends."""
    length, last = np.median(np.diff(beats)), len(beats) - 1
    numbers = np.interp(seconds, beats, np.arange(len(beats)))
    numbers += np.minimum(seconds - beats[0], 0) / length
    return numbers + np.maximum(seconds - beats[last], 0) / length


def beat_times(beats: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Convert beat numbers to seconds; the inverse of `beat_numbers`."""
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
    """Compute (S,) misfits of the n bars with and without melody for each start."""
    count = len(melodic)
    melodic = np.concatenate(
        [[False], melodic, [False]]
    )  # no melody before the first bar and after the last
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
    """Compute (K,) cosine distances of the pitch classes of two beats and of the two before."""
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
