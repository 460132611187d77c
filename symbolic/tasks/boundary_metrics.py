"""How well boundaries are found, as `mir_eval.segment.evaluate` counts it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from symbolic.audio.extra import audio_module


def boundary_scores(
    reference: Sequence[float],
    estimated: Sequence[float],
    windows: Sequence[float] = (0.5, 3.0),
    trim: bool = False,
) -> dict[str, float]:
    """Precision, recall and F-measure of the boundaries of one piece.

    Both are adjusted to one span first: from 0 to the end of the reference. Each boundary is
    matched with one other at most.

    Args:
        reference: annotated times in seconds, ascending, with the beginning and the end.
        estimated: those found, likewise.
        windows: seconds that a boundary may be off.
        trim: whether beginning and end do not count.

    Returns:
        `precision_W`, `recall_W` and `f_W` for each window W, such as `f_0.5`.

    Raises:
        ValueError: a reference without a segment, or times that are not ascending.
        ImportError: mir_eval is missing.
    """
    mir_eval = audio_module("mir_eval")
    reference, estimated = np.asarray(reference, float), np.asarray(estimated, float)
    if len(reference) < 2 or not reference[-1] > 0:
        raise ValueError(f"boundaries {reference.tolist()}: not a single segment")
    truth, found = (_segments(times, reference[-1]) for times in (reference, estimated))
    scores = {}
    for window in windows:
        with warnings.catch_warnings():  # trimmed, a piece of one part has none: its scores are 0
            warnings.filterwarnings("ignore", message=".*intervals are empty")
            values = mir_eval.segment.detection(truth, found, window=window, trim=trim)
        for name, value in zip(("precision", "recall", "f"), values, strict=True):
            scores[f"{name}_{window:g}"] = float(value)
    return scores


def _segments(times: np.ndarray, end: float) -> np.ndarray:
    """(n, 2) from each boundary to the next, from 0 to the end; equal ones are one.

    It is what `mir_eval.util.adjust_intervals` makes of them, which leaves a segment of no length
    where a boundary falls on the end.
    """
    if (np.diff(times) < 0).any():
        raise ValueError("boundaries are not in order of time")
    times = np.unique(np.concatenate([[0.0], times[(times > 0) & (times < end)], [end]]))
    return np.stack([times[:-1], times[1:]], axis=1)
