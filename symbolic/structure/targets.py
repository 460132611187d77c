"""What a network is to say of each position, a frame or a beat: how near a boundary is.

Whether the beginning and the end of a piece are boundaries is for those who call.
"""

from __future__ import annotations

import numpy as np

LEAST, RANGE = 0.01, 0.98  # a network need not say that it is certain


def gaussian_targets(times: np.ndarray, at: np.ndarray, sigma: float = 0.6) -> np.ndarray:
    """Soft targets: a Gaussian around each boundary, from 0.01 to 0.99.

    Where two overlap the greater counts (Hernandez-Olivan et al., arXiv 2008.07527).

    Args:
        times: (B,) seconds of boundaries, in any order.
        at: (T,) seconds of positions.
        sigma: standard deviation in seconds.

    Returns:
        (T,) float32.
    """
    away = _away(times, at)
    return (LEAST + RANGE * np.exp(-((away / sigma) ** 2) / 2)).astype(np.float32)


def smeared_targets(
    times: np.ndarray, at: np.ndarray, smear: float = 1.5, sigma: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Hard targets that are smeared, with the weights of their losses.

    Positions at most `smear` seconds from a boundary are boundaries, the less the farther away
    (Ullrich, Schlüter & Grill, "Boundary detection in music structure analysis using convolutional
    neural networks", ISMIR 2014).

    Args:
        times: (B,) seconds of boundaries, in any order.
        at: (T,) seconds of positions.
        smear: in seconds.
        sigma: standard deviation, in seconds, of the Gaussian of the weights; half of `smear` where
            None, a choice made here, which leaves 0.135 at its ends.

    Returns:
        (T,) float32 targets, 0 or 1, and (T,) float32 weights: those of the nearest boundary where
        the target is 1, at most 1, and 1 elsewhere.
    """
    away = _away(times, at)
    near = away <= smear + 1e-9  # positions that rounding leaves a little beyond
    sigma = (smear / 2 if sigma is None else sigma) or 1.0  # without smear, all are in the middle
    weights = np.where(near, np.exp(-((np.where(near, away, 0) / sigma) ** 2) / 2), 1)
    return near.astype(np.float32), weights.astype(np.float32)


def _away(times: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(T,) seconds from each position to the nearest boundary, infinite where there is none."""
    times = np.concatenate([[-np.inf], np.sort(np.asarray(times, np.float64)), [np.inf]])
    after = times.searchsorted(at)
    return np.minimum(times[after] - at, at - times[after - 1])
