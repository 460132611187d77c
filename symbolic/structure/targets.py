"""Training targets of boundary detection for frames, bars or beats."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

LEAST, RANGE = 0.01, 0.98  # targets of 0 and 1 would demand certainty


def gaussian_targets(times: ArrayLike, at: np.ndarray, sigma: float = 0.6) -> np.ndarray:
    """Compute soft targets: a Gaussian around each boundary, from 0.01 to 0.99.

    Where two overlap, the larger value counts (Hernandez-Olivan et al., arXiv 2008.07527).

    Args:
        times: (B,) seconds of boundaries, in any order.
        at: (T,) seconds of positions.
        sigma: standard deviation in seconds.

    Returns:
        (T,) float32.
    """
    times = np.concatenate([[-np.inf], np.sort(np.asarray(times, np.float64)), [np.inf]])
    after = times.searchsorted(at)
    distance = np.minimum(times[after] - at, at - times[after - 1])  # inf without boundaries
    return (LEAST + RANGE * np.exp(-((distance / sigma) ** 2) / 2)).astype(np.float32)
