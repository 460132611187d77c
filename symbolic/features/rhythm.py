"""Rhythm: inter-onset intervals, their successive ratios, and the pulse."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from symbolic.features.onsets import Onsets, within
from symbolic.features.segments import Columns, entropies, quotients

PULSE_FRAME_SECONDS = 0.02  # of the frames of onset strength
MAX_PULSE_FRAMES = 2**15  # about eleven minutes, from which the pulse is estimated
MAX_TRANSFORMED = 2**16  # frames, of several pieces whose spectra are computed together
MIN_LAG, MAX_LAG = 10, 100  # frames, of the period of the pulse: 300 to 30 per minute
MIN_PULSE_CLARITY = 0.05  # below it, the period is undefined

_SMOOTHING = np.array([1.0, 2.0, 3.0, 2.0, 1.0])
_RATIOS = tuple(f"ioi_ratio_{name}" for name in ("1_1", "3_2", "2_1", "3_1"))
# Boundaries between the ratios 1, 3/2, 2 and 3, as logarithms: geometric means.
_BETWEEN_RATIOS = np.log2([1.5**0.5, 3**0.5, 6**0.5])


def intervals(onsets: Onsets) -> Columns:
    """Summarise inter-onset intervals ("ioi", seconds; the last one ends with the piece).

    `ioi_log_*` are natural logarithms. `ioi_variability` is the normalised pairwise variability
    index (Grabe & Low 2002), here 0 (a steady pulse) to 2; `ioi_repeated` the share of intervals
    within a tenth of the one before.
    """
    gap, pieces = onsets.gap, onsets.by_onset
    before, after = pieces.before(gap), pieces.after(gap)
    change = np.abs(after - before)
    middle, deviation = pieces.moments(gap)
    names, spread = pieces.spread("ioi_log", np.log(gap))
    return {
        "ioi_mean": middle,
        "ioi_std": deviation,
        names: spread,
        "ioi_variability": pieces.steps.mean(2 * change / (after + before)),
        "ioi_repeated": pieces.steps.share(change <= 0.1 * before),
    }


def ratios(onsets: Onsets) -> Columns:
    """Compare inter-onset intervals with their predecessors and median, independent of tempo.

    `ioi_ratio_1_1` is the share of intervals about as long as the one before, `3_2` of those whose
    ratio is nearest to 3/2 or 2/3, `2_1` to 2 or 1/2, `3_1` to 3, 1/3 and beyond.
    `ioi_lengthening` is the share of longer intervals among those that change. `ioi_entropy` is
    the entropy of the intervals in half octaves from their median, in nats.
    """
    gap, pieces = onsets.gap, onsets.by_onset
    change = np.log2(pieces.after(gap) / pieces.before(gap))
    ratio = _BETWEEN_RATIOS.searchsorted(np.abs(change))
    shares = pieces.steps.histogram(ratio, 4) / pieces.steps.divisor[:, None]
    changing, segments = pieces.steps.find(ratio > 0)
    middle = pieces.median(pieces.ordered(gap))
    half_octaves = within(np.rint(2 * np.log2(gap / pieces.each(middle))), -8.0, 8.0)
    counts = pieces.histogram((half_octaves + 8).astype(np.int64), 17)
    return {
        _RATIOS: shares.T,
        "ioi_lengthening": segments.share(change[changing] > 0),
        "ioi_entropy": entropies(counts / pieces.counts[:, None]),
    }


class _Strengths:
    """Strengths of onsets in frames, each onset shared between the two nearest frames.

    Small shifts of time then change little.

    Args:
        onsets: of p pieces.

    Attributes:
        frames: (p,) number of frames of each piece.
    """

    def __init__(self, onsets: Onsets) -> None:
        place = onsets.since[onsets.starts] / PULSE_FRAME_SECONDS
        early, self.pieces = onsets.by_onset.find(place < MAX_PULSE_FRAMES)
        place = place[early]
        weight = np.add.reduceat(onsets.velocity, onsets.starts)[early]
        self.frame = place.astype(np.int64)
        self.late = weight * (place - self.frame)
        self.near = weight - self.late
        self.frames = self.frame[self.pieces.ends - 1] + 2

    def smooth(self, piece: int) -> np.ndarray:
        """Smooth the strengths of a piece over about 80 ms, the deviation of played beats."""
        start, end = self.pieces.bounds[piece]
        frame, length = self.frame[start:end], self.frames.item(piece)
        strength = np.bincount(frame, self.near[start:end], length)
        strength += np.bincount(frame + 1, self.late[start:end], length)
        return np.convolve(strength, _SMOOTHING)


def _batches(sizes: list[int]) -> Iterator[tuple[int, list[int]]]:
    """Yield the pieces of each size, as many at a time as `MAX_TRANSFORMED` allows."""
    for size in set(sizes):
        pieces = [piece for piece, own in enumerate(sizes) if own == size]
        step = max(MAX_TRANSFORMED // size, 1)
        for first in range(0, len(pieces), step):
            yield size, pieces[first : first + step]


def _correlations(strengths: _Strengths) -> np.ndarray:
    """Compute the autocorrelation of smoothed strengths: (p, MAX_LAG + 1)."""
    lengths = strengths.frames + len(_SMOOTHING) - 1
    sizes = [1 << (length + MAX_LAG).bit_length() for length in lengths.tolist()]
    correlations = np.empty((len(lengths), MAX_LAG + 1))
    for size, pieces in _batches(sizes):
        rows = np.zeros((len(pieces), size))
        for row, piece in zip(rows, pieces, strict=True):
            smooth = strengths.smooth(piece)
            row[: len(smooth)] = smooth - np.add.reduce(smooth) / len(smooth)
        spectrum = np.fft.rfft(rows)
        spectrum.real = spectrum.real**2 + spectrum.imag**2  # in place: large arrays are slow
        spectrum.imag = 0
        correlations[pieces] = np.fft.irfft(spectrum, size)[:, : MAX_LAG + 1]
    return correlations


def pulse(onsets: Onsets) -> Columns:
    """Measure the periodicity of the onsets, weighted by velocity.

    `pulse_clarity` is the maximum of the normalised autocorrelation of onset strength at lags of
    0.2 to 2 seconds, 0 to 1 (Lartillot, Eerola, Toiviainen & Fornari 2008, "Multi-feature modeling
    of pulse clarity", call it MAX), `pulse_period_log` the natural logarithm of that lag in
    seconds; 0 where the clarity is below `MIN_PULSE_CLARITY`.
    """
    correlations = _correlations(_Strengths(onsets))
    lag = MIN_LAG + correlations[:, MIN_LAG:].argmax(axis=1)
    highest, power = np.maximum.reduce(correlations[:, MIN_LAG:], axis=1), correlations[:, 0]
    clarity = np.maximum(quotients(highest, power, power > 0), 0.0)
    period = np.where(clarity >= MIN_PULSE_CLARITY, np.log(lag * PULSE_FRAME_SECONDS), 0.0)
    return {"pulse_clarity": clarity, "pulse_period_log": period}
