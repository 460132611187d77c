"""Boundary detection without training: novelty curves and equal distances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from symbolic.audio.front_end import FrontEnd
from symbolic.audio.transforms.banks import cepstral_bank
from symbolic.structure.peak_picking import running_median

KERNEL = 66  # frames of the checkerboard
SPREAD = 0.5  # standard deviation of its Gaussian taper, relative to half of its size
MEDIAN = 12.0  # seconds of the running median


def foote_novelty(frames: np.ndarray, size: int = KERNEL) -> np.ndarray:
    """Compute the novelty of Foote: how much the frames after each time differ from those before.

    A checkerboard kernel moves along the diagonal of the self-similarity matrix; for frame t its
    centre is at the beginning of t. Its blocks of the past and of the future are positive, blocks
    between them negative, with a Gaussian taper; its absolute values sum to 1 (Foote, "Automatic
    audio segmentation using a measure of audio novelty", ICME 2000). Similarity is the cosine, 1
    for two silent frames, 0 for a silent and another frame. It is an inner product and the kernel
    is an outer product, so that novelty is the squared norm of a weighted sum of frames: the matrix
    is never formed, and the cost is T times `size`. Frames are mirrored at the ends of the piece,
    so that novelty is small there.

    Args:
        frames: (T, D) finite.
        size: frames of the checkerboard, even.

    Returns:
        (T,) float64, 0 to 1.

    Raises:
        ValueError: frames of another shape, an odd size, or a size below 2.
    """
    from scipy.ndimage import correlate1d

    if frames.ndim != 2 or size < 2 or size % 2:
        raise ValueError(f"a checkerboard of {size} frames, an even number, on {frames.shape}")
    if not len(frames):
        return np.zeros(0)
    half = size / 2
    at = (np.arange(size) + 0.5 - half) / half
    weights = np.exp(-((at / SPREAD) ** 2) / 2)
    side = np.sign(at) * weights / weights.sum()  # whose outer product is the checkerboard
    frames = frames.astype(np.float64)
    norms = np.linalg.norm(frames, axis=1, keepdims=True)
    silent = norms == 0  # one more dimension
    frames = np.hstack([frames / np.where(silent, 1, norms), silent])
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
    # A boundary within the rounding error of the end is the end.
    count = int(np.ceil(duration / spacing - 1e-9)) - 1
    return spacing * np.arange(1, count + 1)


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
    novelty = foote_novelty(part)
    return novelty / max(novelty.max(), 1e-12)


def novelty_above(kind: str, frames: np.ndarray, front: FrontEnd) -> np.ndarray:
    """Compute the (T,) novelty above its running median; arguments as in `novelty_of`."""
    novelty = novelty_of(kind, frames, front)
    return (novelty - running_median(novelty, front.rate, MEDIAN)).clip(min=0)
