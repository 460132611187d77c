"""Boundary detection without training: novelty curves and equal distances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from symbolic.audio.front_end import FrontEnd
from symbolic.audio.transforms.banks import cepstral_bank

SIMILARITIES = ("cosine", "euclidean")
SPREAD = 0.5
KERNEL = 66  # frames of the checkerboard
MEDIAN = 12.0  # seconds of the running median


def checkerboard(size: int, spread: float = SPREAD) -> np.ndarray:
    """(size, size) checkerboard kernel of Foote with a Gaussian taper.

    Blocks of the past and of the future are positive, blocks between them negative. The standard
    deviation of the Gaussian is `spread` times half of the size, and the absolute values sum to 1
    (Foote, "Automatic audio segmentation using a measure of audio novelty", ICME 2000).

    Raises:
        ValueError: an odd size, a size below 2, or a spread that is not positive.
    """
    side = _side(size, spread)
    return np.outer(side, side)


def foote_novelty(
    frames: np.ndarray, size: int = KERNEL, metric: str = "cosine", spread: float = SPREAD
) -> np.ndarray:
    """Compute the novelty of Foote: how much the frames after each time differ from those before.

    The checkerboard kernel moves along the diagonal of the self-similarity matrix; for frame t its
    centre is at the beginning of t. Similarity is the cosine (1 for two silent frames, 0 for a
    silent and another frame) or the negative squared Euclidean distance. Both are inner products
    and the kernel is an outer product, so that novelty is the squared norm of a weighted sum of
    frames: the matrix is never formed, and the cost is T times `size`. Frames are mirrored at the
    ends of the piece, so that novelty is small there.

    Args:
        frames: (T, D) finite.
        size: frames of the checkerboard, even.
        metric: "cosine" or "euclidean".
        spread: see `checkerboard`.

    Returns:
        (T,) float64, 0 or more; 0 to 1 with cosines.

    Raises:
        ValueError: another metric, or see `checkerboard`.
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
        silent = norms == 0  # one more dimension
        frames = np.hstack([frames / np.where(silent, 1, norms), silent])
    else:
        # Of -|a - b|² only 2 ab remains, since the weights sum to 0.
        frames = np.sqrt(2) * (frames - frames.mean(axis=0))
    weighted = correlate1d(frames, side, axis=0, mode="reflect")
    return np.einsum("ij,ij->i", weighted, weighted)


def equal_distances(duration: float, spacing: float) -> np.ndarray:
    """(B,) boundaries every `spacing` seconds within a piece, without its beginning and end.

    Args:
        duration: of the piece, in seconds.
        spacing: in seconds.

    Raises:
        ValueError: a spacing that is not positive.
    """
    if not spacing > 0:
        raise ValueError(f"boundaries every {spacing} s")
    count = (
        int(np.ceil(duration / spacing - 1e-9)) - 1
    )  # a boundary within the rounding error of the end is the end
    return spacing * np.arange(1, count + 1)


def _side(size: int, spread: float) -> np.ndarray:
    """(size,) weights whose outer product is the checkerboard."""
    if size < 2 or size % 2 or not spread > 0:
        raise ValueError(f"a checkerboard of {size} frames, an even number, and spread {spread}")
    half = size / 2
    at = (np.arange(size) + 0.5 - half) / half
    weights = np.exp(-((at / spread) ** 2) / 2)
    return np.sign(at) * weights / weights.sum()


def novelty_of(kind: str, frames: np.ndarray, front: FrontEnd) -> np.ndarray:
    """Compute the (T,) novelty of one kind of frames, scaled to a maximum of 1.

    Args:
        kind: of the front end; mel bands are compared as cepstra, without the coefficient of
            loudness.
        frames: (T, F) of the front end.
        front: the front end.
    """
    ends = np.cumsum([*front.widths.values()])[:-1]
    part = dict(zip(front.widths, np.split(frames, ends, axis=1), strict=True))[kind]
    if kind == "mel":
        bank = cepstral_bank(replace(front, kinds=("mfcc",), n_mfcc=front.n_mels, pool=1))
        part = ((part - front.floor) @ bank)[:, 1:]
    novelty = foote_novelty(part, KERNEL)
    return novelty / max(novelty.max(), 1e-12)


def novelty_above(kind: str, frames: np.ndarray, front: FrontEnd) -> np.ndarray:
    """Compute the (T,) novelty above its running median; arguments as in `novelty_of`."""
    from scipy.ndimage import median_filter

    novelty = novelty_of(kind, frames, front)
    median = median_filter(novelty, size=2 * round(MEDIAN * front.rate / 2) + 1, mode="reflect")
    return (novelty - median).clip(min=0)
