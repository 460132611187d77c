"""Long pieces in overlapping windows."""

from __future__ import annotations

import numpy as np


def window_starts(length: int, window: int, hop: int | None = None) -> np.ndarray:
    """First note of each window, so that together they cover the piece.

    Windows are full: the last one ends with the piece, and overlaps the one before by as much as
    that takes. A piece that fits into one window is one window.

    Args:
        length: notes in the piece.
        window: notes in a window.
        hop: notes from one window to the next; half a window by default.

    Returns:
        (w,) int64, ascending, at least one.
    """
    if length <= window:
        return np.zeros(1, np.int64)
    starts = np.arange(0, length - window, hop or max(window // 2, 1))
    return np.append(starts, length - window)
