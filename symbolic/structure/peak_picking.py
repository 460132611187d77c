"""Boundary activations and novelty curves: training targets, and peak picking.

Peaks are frame numbers; frame t is at t / `rate` seconds. A plateau is one peak, at its centre.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

SIGMA = 0.6  # seconds, standard deviation of the Gaussian target around a boundary
SPREAD = 0.3  # seconds, standard deviation of annotated times
CLOSE = 0.5  # seconds within which `exact` counts
LEAST = 0.02  # expected boundaries
APART = 6.0  # seconds between peaks, and around a peak within which it is the maximum
PAST, FUTURE = 12.0, 6.0  # seconds before and after a peak that its local mean covers


def gaussian_targets(times: ArrayLike, at: np.ndarray, sigma: float = SIGMA) -> np.ndarray:
    """Compute soft targets: a Gaussian around each boundary, from 0.01 to 0.99.

    Targets of 0 and 1 would demand certainty. Where two Gaussians overlap, the larger value counts
    (Hernandez-Olivan et al., arXiv 2008.07527).

    Args:
        times: (B,) seconds of boundaries, in any order.
        at: (T,) seconds of positions: frames, bars or beats.
        sigma: standard deviation in seconds.

    Returns:
        (T,) float32.
    """
    times = np.concatenate([[-np.inf], np.sort(np.asarray(times, np.float64)), [np.inf]])
    after = times.searchsorted(at)
    distance = np.minimum(times[after] - at, at - times[after - 1])  # inf without boundaries
    return (0.01 + 0.98 * np.exp(-((distance / sigma) ** 2) / 2)).astype(np.float32)


def min_distance_peaks(activation: np.ndarray, rate: float, threshold: float) -> np.ndarray:
    """Pick peaks of at least `threshold`; of two less than 6 s apart, the higher one.

    The first and the last frame are no peaks (Hernandez-Olivan et al., arXiv 2008.07527).

    Args:
        activation: (T,) a curve.
        rate: frames a second.
        threshold: minimal height of a peak.

    Returns:
        (P,) int64 frames, ascending.
    """
    from scipy.signal import find_peaks

    # A whole number of frames with a rounding error is not one frame more.
    distance = max(1, np.ceil(APART * rate - 1e-6))
    return find_peaks(activation, height=threshold, distance=distance)[0].astype(np.int64)


def local_mean_peaks(activation: np.ndarray, rate: float, threshold: float) -> np.ndarray:
    """Pick local maxima that exceed the mean of their surroundings by a threshold.

    The mean is of the frames from 12 s before to 6 s after, as far as they exist. Of equal frames
    not more than 6 s apart one is picked; the first and the last frame may be peaks (Ullrich,
    Schlüter & Grill, "Boundary detection in music structure analysis using convolutional neural
    networks", ISMIR 2014).

    Args:
        activation: (T,) a curve.
        rate: frames a second.
        threshold: minimal height above the mean.

    Returns:
        (P,) int64 frames, ascending.
    """
    from scipy.ndimage import maximum_filter1d
    from scipy.signal import find_peaks

    activation, count = np.asarray(activation, np.float64), len(activation)
    if not count:
        return np.zeros(0, np.int64)
    near, before, after = (round(seconds * rate) for seconds in (APART, PAST, FUTURE))
    greatest = maximum_filter1d(activation, 2 * near + 1, mode="constant", cval=-np.inf)
    # Only the maxima remain, padded so that the first and the last frame may be peaks.
    maxima = np.full(count + 2, -np.inf)
    maxima[1:-1] = np.where(activation == greatest, activation, -np.inf)
    peaks = find_peaks(maxima, distance=near + 1)[0].astype(np.int64) - 1
    sums = np.concatenate([[0], np.cumsum(activation)])
    first, stop = np.maximum(peaks - before, 0), np.minimum(peaks + after + 1, count)
    means = (sums[stop] - sums[first]) / (stop - first)
    return peaks[activation[peaks] > means + threshold]


def expected_hits(
    activation: np.ndarray, rate: float, threshold: float, tolerance: float, exact: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Pick frames that maximise the expected number of boundaries within a tolerance.

    An activation that is spread over several positions, for example over bars of which one begins a
    part, has no high peak although a boundary among them is almost certain. The activation is
    therefore treated as a density of boundaries, of which a certain one is a Gaussian of height 1
    and standard deviation `SIGMA`. Greedily, the frame with the largest expected number of
    boundaries within the tolerance is picked, and the activation within its reach is set to 0,
    until that number is below `threshold`. A picked frame may lie between two likely positions, or
    beside a certain one if more boundaries are within reach from there. Annotated times are
    uncertain (`SPREAD`): this softens the tolerance, so that a frame reaches 2 `SPREAD` beyond it.

    On the choice of a threshold see Lipton, Elkan & Naryanaswamy, "Optimal thresholding of
    classifiers to maximize F1 measure" (ECML 2014): half of the F-measure. The algorithm is
    original to this package.

    Args:
        activation: (T,) 0 or more.
        rate: frames a second.
        threshold: minimal expected number of boundaries; at least `LEAST`.
        tolerance: in seconds.
        exact: additional weight of a boundary within `CLOSE` seconds. A small weight keeps frames
            near certain positions.

    Returns:
        (P,) int64 frames, ascending, and (P,) float64 expected numbers of boundaries within the
        tolerance of each, without those in reach of a frame picked before.
    """
    density = np.array(activation, np.float64)
    if not len(density):
        return np.zeros(0, np.int64), np.zeros(0)
    reach = int((tolerance + 2 * SPREAD) * rate)
    offsets = np.arange(-reach, reach + 1) / rate
    certain = np.exp(-((offsets / SIGMA) ** 2) / 2)
    within, close = (_within(offsets, limit) for limit in (tolerance, min(CLOSE, tolerance)))
    within, close = within / (within @ certain), close / (close @ certain)
    kernel = within + exact * close
    expected = np.convolve(density, kernel)[reach : reach + len(density)]
    frames, hits = [], []
    least = max(threshold, LEAST)
    while expected[best := expected.argmax()] >= least:
        near = slice(max(best - reach, 0), best + reach + 1)
        removed = density[near].copy()
        frames.append(best)
        hits.append(removed @ within[near.start - best + reach :][: len(removed)])
        density[near] = 0
        lost = np.convolve(removed, kernel)
        start = max(near.start - reach, 0)
        part = expected[start : near.stop + reach]
        part -= lost[start - near.start + reach :][: len(part)]
    picked, counts = np.array(frames, np.int64), np.array(hits, np.float64)
    order = np.argsort(picked)
    order = order[counts[order] >= least]
    return picked[order], counts[order]


def _within(seconds: np.ndarray, tolerance: float) -> np.ndarray:
    """Return the probability that an uncertain time at this mean distance is within a tolerance."""
    from scipy.special import ndtr

    return ndtr((tolerance - seconds) / SPREAD) - ndtr((-tolerance - seconds) / SPREAD)


def running_median(curve: np.ndarray, rate: float, seconds: float) -> np.ndarray:
    """(T,) median of a curve in a window of `seconds` around each frame, mirrored at its ends."""
    from scipy.ndimage import median_filter

    return median_filter(curve, size=2 * round(seconds * rate / 2) + 1, mode="reflect")


def over_running_median(
    novelty: np.ndarray, rate: float, seconds: float, threshold: float = 0.0
) -> np.ndarray:
    """Pick local maxima of a novelty curve that exceed the running median.

    Args:
        novelty: (T,) a curve, for example of `foote_novelty`.
        rate: frames a second.
        seconds: length of the median window, centred on a frame; the curve is mirrored at its ends.
        threshold: minimal height above the median.

    Returns:
        (P,) int64 frames, ascending.
    """
    from scipy.signal import find_peaks

    novelty = np.asarray(novelty, np.float64)
    if not len(novelty):
        return np.zeros(0, np.int64)
    median = running_median(novelty, rate, seconds)
    peaks = find_peaks(novelty)[0].astype(np.int64)
    return peaks[novelty[peaks] > median[peaks] + threshold]
