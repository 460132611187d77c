"""Boundaries from a curve: which of its peaks count.

Peaks are frames; frame t is at t / `rate` seconds. A plateau is one peak, in its middle.
"""

from __future__ import annotations

import numpy as np


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
