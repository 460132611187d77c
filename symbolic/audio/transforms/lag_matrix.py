"""Self-similarity lag matrices: similarity of each frame of a piece to those before it."""

from __future__ import annotations

import numpy as np

from symbolic.audio.transforms.products import product

METRICS = ("euclidean", "cosine")
SAME_DIRECTION = 1e-12  # cosine distances below it are rounding errors of float32
CLOSE = 1e-5  # squared distance relative to squared norms, below which products lose digits
CELLS = 2**14  # of the matrix in a block, so that they fit into the cache
GATHERED = 2**17  # numbers in a block of close frames that are subtracted


def pooled(frames: np.ndarray, size: int) -> np.ndarray:
    """Max-pool (T, D) frames over `size` adjacent ones: (max(1, T // size), D).

    Frames left over at the end are dropped; fewer frames than `size` give the maximum of all.

    Raises:
        ValueError: no frames, or a size below 1.
    """
    if size < 1 or not len(frames):
        raise ValueError(f"pooling of {size} of {len(frames)} frames")
    if size == 1:
        return frames
    if len(frames) < size:
        return frames.max(axis=0, keepdims=True)
    count = len(frames) // size
    return frames[: count * size].reshape(count, size, -1).max(axis=1)


def lag_matrix(
    frames: np.ndarray,
    lags: int,
    metric: str = "euclidean",
    stack: int = 2,
    quantile: float = 0.1,
    dtype: type = np.float32,
) -> np.ndarray:
    """Compute the similarity of each frame to each of the `lags` frames before it.

    With D[i, l] the distance of frame i to frame i - l, the matrix is sigmoid(1 - D / epsilon),
    where epsilon is a quantile of the distances of both frames to those before them (Grill &
    Schlüter, "Music boundary detection using neural networks on combined features and two-level
    annotations", ISMIR 2015; Hernandez-Olivan et al., arXiv 2008.07527). A repetition of what was
    n frames earlier is a line of large values at lag n. The compared vectors are `stack` frames, up
    to and including the frame itself. Silence, frames of zeros, precedes the first frame.

    A cosine distance is 1 - cos; it is 0 for two frames of zeros, 1 for one of them and another
    frame, and 0 where float32 cannot distinguish it from 0. Where epsilon is 0, frames at a
    distance of 0 have sigmoid(1), others 0. Computed in float64; memory beside the result is
    T (8 `stack` D + 16 `quantile` `lags`) bytes and some MB.

    Args:
        frames: (T, D) finite.
        lags: L, at least 1.
        metric: "euclidean" or "cosine".
        stack: at least 1.
        quantile: 0 to 1, interpolated as numpy does.
        dtype: of the result.

    Returns:
        (T, L), 0 to sigmoid(1) = 0.731; column l - 1 is of lag l.

    Raises:
        ValueError: arguments of other shapes or values.
    """
    if frames.ndim != 2 or metric not in METRICS:
        raise ValueError(f"{metric} distances of frames {frames.shape}, not one of {METRICS}")
    if lags < 1 or stack < 1 or not 0 <= quantile <= 1:
        raise ValueError(f"{lags} lags, a stack of {stack}, a quantile of {quantile}")
    count = len(frames)
    rows = _stacked(frames, lags, stack)
    norms = np.einsum("ij,ij->i", rows, rows)
    if metric == "cosine":
        silent = norms == 0
        rows /= np.where(silent, 1, np.sqrt(norms))[:, None]
        norms = (~silent).astype(float)
    epsilon = _Epsilons(count, lags, quantile)
    out = np.empty((count, lags), dtype)
    block = max(16, CELLS // lags)
    for start in range(0, count, block):
        stop = min(start + block, count)
        near = slice(start, stop + lags)
        distances = _squared(rows[near], norms[near], lags)
        if metric == "cosine":
            distances /= 2
            distances[distances < SAME_DIRECTION] = 0
            if silent[near].any():
                distances[_band_of_pairs(silent[near], lags)] = 1
        else:
            np.sqrt(distances, out=distances)
        out[start:stop] = _similarity(distances, epsilon.of(distances, start))
    return out


def _stacked(frames: np.ndarray, lags: int, stack: int) -> np.ndarray:
    """Stack frames to (lags + T, stack D) float64: row lags + i ends with frame i."""
    padded = np.pad(frames, ((lags + stack - 1, 0), (0, 0)))
    size = lags + len(frames)
    parts = [padded[first : first + size] for first in range(stack)]
    return np.concatenate(parts, axis=1, dtype=np.float64)


def _squared(rows: np.ndarray, norms: np.ndarray, lags: int) -> np.ndarray:
    """Compute (R, lags) squared distances of the last R of (lags + R, K) rows to those before.

    They are computed from products, except for frames so close that a difference of products would
    be rounding only: these are subtracted. Equal frames have a distance of 0.
    """
    count = len(rows) - lags
    products = product(rows, rows[lags:].T)
    # Lag l of row r is at [lags + r - l, r].
    down, across = products.strides
    band = np.lib.stride_tricks.as_strided(
        products[lags - 1 :], (count, lags), (down + across, -down), writeable=False
    )
    before = np.lib.stride_tricks.sliding_window_view(norms[:-1], lags)[:, ::-1]
    both = before + norms[lags:, None]
    squared = both - 2 * band
    row, lag = np.nonzero(squared < CLOSE * both)
    size = max(1, GATHERED // rows.shape[1])
    for start in range(0, len(row), size):
        block = slice(start, start + size)
        here = lags + row[block]
        difference = rows[here] - rows[here - lag[block] - 1]
        squared[row[block], lag[block]] = np.einsum("ij,ij->i", difference, difference)
    return squared


def _band_of_pairs(silent: np.ndarray, lags: int) -> np.ndarray:
    """Mark the pairs of a silent frame and another: (R, lags) bool."""
    before = np.lib.stride_tricks.sliding_window_view(silent[:-1], lags)[:, ::-1]
    return before != silent[lags:, None]


def _similarity(distances: np.ndarray, epsilon: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        distances = np.where(distances == 0, 0, distances / epsilon)
    return expit(1 - distances)


class _Epsilons:
    """Quantiles of the joint distances of two frames, block of frames by block.

    The smallest distances of each frame are kept sorted. For two frames, a binary search finds how
    many of the distances below the quantile belong to each of them, for all pairs at once.
    """

    def __init__(self, count: int, lags: int, quantile: float) -> None:
        at = quantile * (2 * lags - 1)
        self.below = int(at) + 1  # distances up to the one at or before the quantile
        self.share = at - int(at)
        self.lags = lags
        # Sentinels: a smaller value before the smallest, larger ones after the largest.
        self.least = np.full((lags + count, self.below + 2), np.inf)
        self.least[:, 0] = -np.inf
        self.least[:lags, 1 : lags + 1] = 0  # distances within the silence before the piece

    def of(self, distances: np.ndarray, start: int) -> np.ndarray:
        """Compute the (R, lags) epsilons of frames from `start` on, from their (R, lags) distances.

        Blocks must come in order, since the distances of earlier frames are needed.
        """
        lags, below, width = self.lags, self.below, self.least.shape[1]
        here = np.arange(start + lags, start + lags + len(distances))[:, None]
        kept = min(lags, below + 1)
        if kept < lags:
            distances = np.partition(distances, kept - 1, axis=1)[:, :kept]
        self.least[here[:, 0], 1 : kept + 1] = np.sort(distances, axis=1)
        flat = self.least.reshape(-1)
        # Index of the last distance taken from this frame, and of the first not taken from the
        # other frame; their number is constant in sum.
        last = np.repeat(here * width, lags, axis=1)
        first = (here - np.arange(1, lags + 1)) * width + below + 1
        left = below + 1
        while left > 1:
            half = left // 2
            more = (flat.take(last + half) <= flat.take(first - half)) * half
            last += more
            first -= more
            left -= half
        low = np.maximum(flat.take(last), flat.take(first - 1))
        if not self.share:
            return low
        high = np.minimum(flat.take(last + 1), flat.take(first))
        return low + (high - low) * self.share
