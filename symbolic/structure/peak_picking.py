"""Boundaries from a curve: which of its peaks count.

Peaks are frames; frame t is at t / `rate` seconds. A plateau is one peak, in its middle.
"""

from __future__ import annotations

import numpy as np

SIGMA = 0.6  # seconds, of what `gaussian_targets` makes of a boundary
SPREAD = 0.3
CLOSE = 0.5
LEAST = 0.02


def peaks_apart(
    activation: np.ndarray, rate: float, threshold: float, seconds: float = 6.0
) -> np.ndarray:
    """Peaks of at least `threshold`; where two are less than `seconds` apart, the higher one.

    The first and the last frame are no peaks (Hernandez-Olivan et al., arXiv 2008.07527).

    Args:
        activation: (T,) a curve.
        rate: frames a second.
        threshold: least height of a peak.
        seconds: least distance of two peaks.

    Returns:
        (P,) int64 frames, in order.
    """
    from scipy.signal import find_peaks

    # What rounding adds to a whole number of frames is not one more.
    distance = max(1, np.ceil(seconds * rate - 1e-6))
    return find_peaks(activation, height=threshold, distance=distance)[0].astype(np.int64)


def peaks_in_window(
    activation: np.ndarray,
    rate: float,
    threshold: float,
    around: float = 6.0,
    past: float = 12.0,
    future: float = 6.0,
) -> np.ndarray:
    """Frames that are the greatest of those around them, and more than the mean by a threshold.

    The mean is of the frames from `past` seconds before to `future` seconds after, of those that
    there are. Of equal frames not more than `around` apart one is chosen; the first and the last
    frame may be peaks (Ullrich, Schlüter & Grill, "Boundary detection in music structure analysis
    using convolutional neural networks", ISMIR 2014).

    Args:
        activation: (T,) a curve.
        rate: frames a second.
        threshold: a peak is above the mean by more than this.
        around: seconds before and after within which a peak is the greatest.
        past: seconds before a peak that count to the mean.
        future: seconds after it that do.

    Returns:
        (P,) int64 frames, in order.
    """
    from scipy.ndimage import maximum_filter1d
    from scipy.signal import find_peaks

    activation, count = np.asarray(activation, np.float64), len(activation)
    if not count:
        return np.zeros(0, np.int64)
    near, before, after = (round(seconds * rate) for seconds in (around, past, future))
    greatest = maximum_filter1d(activation, 2 * near + 1, mode="constant", cval=-np.inf)
    # Nothing but the greatest is left, with nothing before the first frame and after the last.
    left = np.full(count + 2, -np.inf)
    left[1:-1] = np.where(activation == greatest, activation, -np.inf)
    peaks = find_peaks(left, distance=near + 1)[0].astype(np.int64) - 1
    sums = np.concatenate([[0], np.cumsum(activation)])
    first, stop = np.maximum(peaks - before, 0), np.minimum(peaks + after + 1, count)
    means = (sums[stop] - sums[first]) / (stop - first)
    return peaks[activation[peaks] > means + threshold]


def expected_hits(
    activation: np.ndarray,
    rate: float,
    threshold: float,
    tolerance: float,
    exact: float = 0.0,
    sigma: float = SIGMA,
    spread: float = SPREAD,
) -> tuple[np.ndarray, np.ndarray]:
    """Frames from which as many boundaries as possible are within a tolerance.

    An activation that is spread over several places, bars for example of which one begins a part,
    has no high peak, and yet somewhere among them a boundary is all but certain. Read as the
    density of boundaries, it says how many are to be expected within the tolerance of a frame. The
    frame with most of them is taken, what is within its reach is taken away from the curve, and so
    on, as long as there are `threshold` of them. So boundaries are where the metric looks for them:
    maybe between two places, and off a place that is certain if more is within reach from there.
    Which to leave out, see Lipton, Elkan & Naryanaswamy, "Optimal thresholding of classifiers to
    maximize F1 measure" (ECML 2014): those expected to be less than half of the F-measure. The
    design is this package's.

    Args:
        activation: (T,) 0 or more.
        rate: frames a second.
        threshold: least number of boundaries to be expected; at least `LEAST` count.
        tolerance: seconds that a boundary may be off.
        exact: what a boundary counts beside where it is within `CLOSE` seconds. A little of it
            keeps frames near places that are certain.
        sigma: seconds, of the Gaussian of height 1 that tells of a boundary that is certain.
        spread: standard deviation, in seconds, of annotated times, by which a tolerance has no
            sharp end: a frame reaches twice as far beyond it.

    Returns:
        (P,) int64 frames in order, and (P,) float64 boundaries to be expected within the tolerance
        of each of them, without those within reach of a frame that was taken before.
    """
    left = np.array(activation, np.float64)
    if not len(left):
        return np.zeros(0, np.int64), np.zeros(0)
    reach = int((tolerance + 2 * spread) * rate)
    away = np.arange(-reach, reach + 1) / rate
    certain = np.exp(-((away / sigma) ** 2) / 2)
    within, close = (_within(away, limit, spread) for limit in (tolerance, min(CLOSE, tolerance)))
    within, close = within / (within @ certain), close / (close @ certain)
    sought = within + exact * close
    worth = np.convolve(left, sought)[reach : reach + len(left)]
    frames, hits = [], []
    least = max(threshold, LEAST)
    while worth[best := worth.argmax()] >= least:
        near = slice(max(best - reach, 0), best + reach + 1)
        taken = left[near].copy()
        frames.append(best)
        hits.append(taken @ within[near.start - best + reach :][: len(taken)])
        left[near] = 0
        lost = np.convolve(taken, sought)
        start = max(near.start - reach, 0)
        part = worth[start : near.stop + reach]
        part -= lost[start - near.start + reach :][: len(part)]
    found, expected = np.array(frames, np.int64), np.array(hits, np.float64)
    order = np.argsort(found)
    order = order[expected[order] >= least]
    return found[order], expected[order]


def _within(seconds: np.ndarray, tolerance: float, spread: float) -> np.ndarray:
    """0..1: the share of uncertain times, so far away on average, that is within a tolerance."""
    from scipy.special import ndtr

    return ndtr((tolerance - seconds) / spread) - ndtr((-tolerance - seconds) / spread)


def over_running_median(
    novelty: np.ndarray, rate: float, seconds: float, threshold: float = 0.0
) -> np.ndarray:
    """Local maxima of a novelty curve that are above the median of what is around them.

    Args:
        novelty: (T,) a curve, as of `foote_novelty`.
        rate: frames a second.
        seconds: that the median is of, a half before and a half after; beyond its ends a piece is
            heard backwards.
        threshold: a peak is above the median by more than this.

    Returns:
        (P,) int64 frames, in order.
    """
    from scipy.ndimage import median_filter
    from scipy.signal import find_peaks

    novelty = np.asarray(novelty, np.float64)
    if not len(novelty):
        return np.zeros(0, np.int64)
    median = median_filter(novelty, size=2 * round(seconds * rate / 2) + 1, mode="reflect")
    peaks = find_peaks(novelty)[0].astype(np.int64)
    return peaks[novelty[peaks] > median[peaks] + threshold]
