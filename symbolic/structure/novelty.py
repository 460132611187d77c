"""Where a piece turns into something else, without learning: novelty, and equal distances."""

from __future__ import annotations

import numpy as np

SIMILARITIES = ("cosine", "euclidean")
SPREAD = 0.5


def checkerboard(size: int, spread: float = SPREAD) -> np.ndarray:
    """(size, size) Foote's checkerboard, +1 within what was and what comes and -1 between, faded.

    It fades as a Gaussian does whose standard deviation is `spread` times half of the size, and its
    absolute values add up to 1 (Foote, "Automatic audio segmentation using a measure of audio
    novelty", ICME 2000).

    Raises:
        ValueError: a size that is odd or below 2, or a spread that is not positive.
    """
    side = _side(size, spread)
    return np.outer(side, side)


def foote_novelty(
    frames: np.ndarray, size: int = 66, metric: str = "cosine", spread: float = SPREAD
) -> np.ndarray:
    """How much what comes from each frame on differs from what was before it.

    A checkerboard moves along the diagonal of the self-similarity matrix; at frame t, its middle is
    where t begins. Similarity is the cosine (of two frames of silence 1, of silence and another
    frame 0) or the squared Euclidean distance, negative. Both are inner products, of which the
    checkerboard, a column of weights times itself, makes the squared length of the weighted sum of
    frames: the matrix is never formed, and the cost is T times `size`. Beyond its ends a piece is
    heard backwards, so that its beginning and its end are nothing new.

    Args:
        frames: (T, D) finite.
        size: frames of the checkerboard, even.
        metric: "cosine" or "euclidean".
        spread: as in `checkerboard`.

    Returns:
        (T,) float64, 0 or more; 0 to 1 with cosines.

    Raises:
        ValueError: another metric, or a size or spread as in `checkerboard`.
    """
    from scipy.ndimage import correlate1d

    if frames.ndim != 2 or metric not in SIMILARITIES:
        raise ValueError(f"{metric} of frames {frames.shape}, not one of {SIMILARITIES}")
    side = _side(size, spread)
    if not len(frames):
        return np.zeros(0)
    frames = frames.astype(np.float64)
    if metric == "cosine":
        norms = np.linalg.norm(frames, axis=1, keepdims=True)
        silent = norms == 0  # a direction of its own
        frames = np.hstack([frames / np.where(silent, 1, norms), silent])
    else:
        # Of -|a - b|² only 2 ab is left, since the weights add up to 0.
        frames = np.sqrt(2) * (frames - frames.mean(axis=0))
    weighted = correlate1d(frames, side, axis=0, mode="reflect")
    return np.einsum("ij,ij->i", weighted, weighted)


def equal_distances(duration: float, spacing: float) -> np.ndarray:
    """(B,) boundaries every `spacing` seconds within a piece of `duration` seconds.

    The beginning and the end are none of them.

    Raises:
        ValueError: a spacing that is not positive.
    """
    if not spacing > 0:
        raise ValueError(f"boundaries every {spacing} s")
    count = int(np.ceil(duration / spacing - 1e-9)) - 1  # one that rounding puts there is the end
    return spacing * np.arange(1, count + 1)


def _side(size: int, spread: float) -> np.ndarray:
    """(size,) the weights of which the checkerboard is the outer product."""
    if size < 2 or size % 2 or not spread > 0:
        raise ValueError(f"a checkerboard of {size} frames, an even number, and spread {spread}")
    half = size / 2
    at = (np.arange(size) + 0.5 - half) / half
    weights = np.exp(-((at / spread) ** 2) / 2)
    return np.sign(at) * weights / weights.sum()
