"""Metrics of boundary detection by bars: a boundary is right if it is at the right bar line."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

BAR_SCORES = ("precision_bar", "recall_bar", "f_bar")


def bar_scores(
    reference: ArrayLike, estimated: ArrayLike, bars: ArrayLike, trim: bool = False
) -> dict[str, float]:
    """Compute precision, recall and F-measure of the boundaries of a piece that hit the bar.

    Both annotations are adjusted as by `boundary_scores`. A boundary within the piece belongs to
    its nearest bar line, and hits if an annotated one belongs to the same. Annotated boundaries of
    one bar line are one; of predicted ones all but one are wrong.

    Args:
        reference, estimated, trim: as of `boundary_scores`.
        bars: (b,) seconds of bar lines, ascending, at least one.

    Returns:
        `precision_bar`, `recall_bar` and `f_bar`; 0 where there is nothing to find or none found.

    Raises:
        ValueError: a reference without a segment, times that are not ascending, or no bar line.
    """
    true, predicted = np.asarray(reference, float), np.asarray(estimated, float)
    lines = np.asarray(bars, float)
    if len(true) < 2 or not true[-1] > 0:
        raise ValueError(f"boundaries {true.tolist()}: not a single segment")
    if not len(lines):
        raise ValueError("no bar lines")
    middles = (lines[1:] + lines[:-1]) / 2
    truth, found = (
        middles.searchsorted(_inside(times, true[-1]), side="right") for times in (true, predicted)
    )
    known = 0 if trim else 2  # beginning and end
    wanted = len(np.unique(truth)) + known
    hits = len(np.intersect1d(truth, found)) + known
    precision = hits / max(len(found) + known, 1)
    recall = hits / max(wanted, 1)
    total = precision + recall
    f = 2 * precision * recall / total if total else 0.0
    return {"precision_bar": precision, "recall_bar": recall, "f_bar": f}


def _inside(times: np.ndarray, end: float) -> np.ndarray:
    """Return the distinct boundaries between the beginning and an end."""
    if (np.diff(times) < 0).any():
        raise ValueError("boundaries are not ascending")
    return np.unique(times[(times > 0) & (times < end)])
