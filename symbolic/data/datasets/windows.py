"""Overlapping windows of long pieces."""

from __future__ import annotations

import numpy as np


def window_starts(length: int, window: int) -> np.ndarray:
    """Find the starts of full windows that cover a piece; each overlaps the next by half.

    The last window ends with the piece and may overlap the one before by more. A piece that fits
    into one window is one window. Length and window are in positions.

    Returns:
        (w,) int64, ascending, at least one.
    """
    if length <= window:
        return np.zeros(1, np.int64)
    starts = np.arange(0, length - window, max(window // 2, 1))
    return np.append(starts, length - window)
