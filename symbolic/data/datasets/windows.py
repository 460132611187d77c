"""Overlapping windows of long pieces."""

from __future__ import annotations

import numpy as np


def window_starts(length: int, window: int, hop: int | None = None) -> np.ndarray:
    """Find the starts of full windows that cover a piece.

    The last window ends with the piece and may overlap the one before by more than the others. A
    piece that fits into one window is one window.

    Args:
        length: positions of the piece.
        window: positions of a window.
        hop: positions from one window to the next; half a window by default.

    Returns:
        (w,) int64, ascending, at least one.
    """
    if length <= window:
        return np.zeros(1, np.int64)
    starts = np.arange(0, length - window, hop or max(window // 2, 1))
    return np.append(starts, length - window)
