"""Beats of performances whose file has none: recorded at a nominal tempo, without a click.

The tracker is after Ellis (2007): the tempo with the strongest autocorrelation of onsets, and
the series of beats that falls on the strongest onsets and keeps this tempo, found by dynamic
programming.
"""

from __future__ import annotations

import numpy as np

from symbolic.notes.table import NoteTable

FRAME = 0.02  # seconds
LOUDEST = 127
SUBDIVISIONS = (4, 6)  # of a quarter, on which the notes of a file with beats begin
ON_GRID = 0.5  # least concentration of onsets on one of them
PERIODS = (0.25, 1.2)  # seconds: shortest and longest
USUAL_PERIOD, OCTAVES = 0.7, 0.7  # seconds, and the standard deviation around it
TIGHTNESS = 100.0  # of the tempo
SMOOTHING = 1.2  # frames: standard deviation of an onset
BACKGROUND = 151  # frames, whose mean is no onset


def has_beats(notes: NoteTable) -> bool:
    """Return whether the beats of a file are those of its music.

    Notation has beats. So has a file whose onsets concentrate on sixteenths, or triplets of them:
    the length of the mean of their phases, weighted by velocity, is at least `ON_GRID`.
    """
    if notes.from_notation or not len(notes):
        return True
    turns = 2j * np.pi * notes.onset_ticks / notes.ticks_per_quarter
    total = max(float(notes.velocity.sum()), 1.0)
    found = (abs(np.vdot(notes.velocity, np.exp(parts * turns))) for parts in SUBDIVISIONS)
    return bool(max(found) / total >= ON_GRID)


def track_beats(notes: NoteTable) -> np.ndarray:
    """Track the beats of a performance.

    Args:
        notes: at least one.

    Returns:
        (B,) float64 seconds, ascending, at least one; of the beat or a simple fraction or multiple
        of it, since which of them is the beat is often ambiguous.
    """
    strength = onset_strength(notes)
    period = _period(strength)
    shortest, longest = round(0.6 * period), round(1.6 * period)
    lags = np.arange(shortest, longest + 1)
    penalties = -TIGHTNESS * np.log(lags / period) ** 2
    frames = len(strength)
    # Frames closer than the shortest lag do not depend on each other.
    best, before = np.zeros(frames + longest), np.full(frames, -1)
    for start in range(0, frames, shortest):
        rows = np.arange(start, min(start + shortest, frames))
        candidates = best[rows[:, None] + longest - lags] + penalties
        chosen = candidates.argmax(axis=1)
        gain = candidates[np.arange(len(rows)), chosen]
        first = (rows < longest) & (gain <= 0)
        best[rows + longest] = strength[rows] + np.where(first, 0, gain)
        before[rows] = np.where(first, -1, rows - lags[chosen])
    best = best[longest:]
    last = frames - 1 - int(best[::-1][: int(period) + 1].argmax())
    beats = [last]
    while before[beats[-1]] >= 0:
        beats.append(int(before[beats[-1]]))
    return np.array(beats[::-1]) * FRAME


def onset_strength(notes: NoteTable) -> np.ndarray:
    """(T,) strength of the onsets in each frame, above that of the frames around it."""
    frame = np.rint(notes.onset / FRAME).astype(np.int64)
    loud = np.bincount(frame, notes.velocity / LOUDEST, int(frame.max()) + 3)
    kernel = np.exp(-0.5 * (np.arange(-3, 4) / SMOOTHING) ** 2)
    strength = np.convolve(np.log1p(2 * loud), kernel / kernel.sum(), "same")
    sums = np.pad(strength, BACKGROUND // 2 + 1).cumsum()
    strength = strength - (sums[BACKGROUND:] - sums[:-BACKGROUND])[: len(strength)] / BACKGROUND
    return strength / (strength.std() + 1e-9)


def _period(strength: np.ndarray) -> float:
    """Estimate the frames between beats from the autocorrelation of the onset strength."""
    size = 1 << (2 * len(strength) - 1).bit_length()
    spectrum = np.fft.rfft(strength, size)
    correlation = np.fft.irfft(spectrum * spectrum.conj(), size)[: len(strength)]
    place = np.arange(len(correlation))

    def at(lags: np.ndarray) -> np.ndarray:
        return np.interp(lags, place, correlation)

    lags = np.arange(int(PERIODS[0] / FRAME), int(PERIODS[1] / FRAME) + 1)
    usual = np.exp(-0.5 * (np.log2(lags * FRAME / USUAL_PERIOD) / OCTAVES) ** 2)
    # Halves of a beat recur as well; those of a beat and a half do not.
    regular = at(lags) + 0.5 * (at(lags / 2) + at(2 * lags) + at(4 * lags))
    period = lags[np.argmax(regular * usual)]
    finer = np.linspace(period - 1, period + 1, 41)
    return float(finer[np.argmax(at(4 * finer) + at(8 * finer))])
