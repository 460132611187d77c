"""Peak picking of boundary activations and novelty curves.

Peaks are frame numbers; frame t is at t / `rate` seconds. A plateau is one peak, at its centre.
"""

from __future__ import annotations

import numpy as np

SIGMA = 0.6  # seconds, of the Gaussian in `gaussian_targets`
SPREAD = 0.3  # seconds, standard deviation of annotated times
CLOSE = 0.5  # seconds within which `exact` counts
LEAST = 0.02  # expected boundaries


def min_distance_peaks(
    activation: np.ndarray, rate: float, threshold: float, seconds: float = 6.0
) -> np.ndarray:
    """Pick peaks of at least `threshold`; of two less than `seconds` apart, the higher one.

    The first and the last frame are no peaks (Hernandez-Olivan et al., arXiv 2008.07527).

    Args:
        activation: (T,) a curve.
        rate: frames a second.
        threshold: minimal height of a peak.
        seconds: minimal distance of two peaks.

    Returns:
        (P,) int64 frames, ascending.
    """
    from scipy.signal import find_peaks

    # A whole number of frames with a rounding error is not one frame more.
    distance = max(1, np.ceil(seconds * rate - 1e-6))
    return find_peaks(activation, height=threshold, distance=distance)[0].astype(np.int64)


def expected_hits(
    activation: np.ndarray,
    rate: float,
    threshold: float,
    tolerance: float,
    exact: float = 0.0,
    sigma: float = SIGMA,
    spread: float = SPREAD,
) -> tuple[np.ndarray, np.ndarray]:
    """Pick frames that maximise the expected number of boundaries within a tolerance.

    An activation that is spread over several positions, for example over bars of which one begins a
    part, has no high peak although a boundary among them is almost certain. The activation is
    therefore treated as a density of boundaries. Greedily, the frame with the largest expected
    number of boundaries within the tolerance is picked, and the activation within its reach is set
    to 0, until that number is below `threshold`. A picked frame may lie between two likely
    positions, or beside a certain one if more boundaries are within reach from there.

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
        sigma: standard deviation, in seconds, of the Gaussian of height 1 of a certain boundary.
        spread: standard deviation, in seconds, of annotated times. It softens the tolerance, so
            that a frame reaches 2 `spread` beyond it.

    Returns:
        (P,) int64 frames, ascending, and (P,) float64 expected numbers of boundaries within the
        tolerance of each, without those in reach of a frame picked before.
    """
    density = np.array(activation, np.float64)
    if not len(density):
        return np.zeros(0, np.int64), np.zeros(0)
    reach = int((tolerance + 2 * spread) * rate)
    offsets = np.arange(-reach, reach + 1) / rate
    certain = np.exp(-((offsets / sigma) ** 2) / 2)
    within, close = (
        _within(offsets, limit, spread) for limit in (tolerance, min(CLOSE, tolerance))
    )
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


def _within(seconds: np.ndarray, tolerance: float, spread: float) -> np.ndarray:
    """Return the probability that an uncertain time at this mean distance is within a tolerance."""
    from scipy.special import ndtr

    return ndtr((tolerance - seconds) / spread) - ndtr((-tolerance - seconds) / spread)


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
    from scipy.ndimage import median_filter
    from scipy.signal import find_peaks

    novelty = np.asarray(novelty, np.float64)
    if not len(novelty):
        return np.zeros(0, np.int64)
    median = median_filter(novelty, size=2 * round(seconds * rate / 2) + 1, mode="reflect")
    peaks = find_peaks(novelty)[0].astype(np.int64)
    return peaks[novelty[peaks] > median[peaks] + threshold]
