"""Metrics of boundary detection, as in `mir_eval.segment.evaluate`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from symbolic.audio.extra import audio_module


def boundary_scores(
    reference: ArrayLike,
    estimated: ArrayLike,
    tolerances: Sequence[float] = (0.5, 3.0),
    trim: bool = False,
) -> dict[str, float]:
    """Compute precision, recall and F-measure of the boundaries of a piece.

    Both annotations are first adjusted to the span from 0 to the end of the reference. Each
    boundary is matched with at most one other.

    Args:
        reference: annotated times in seconds, ascending, including the beginning and the end.
        estimated: predicted times, likewise.
        tolerances: maximal distances of matched boundaries, in seconds.
        trim: whether to leave out the beginning and the end.

    Returns:
        `precision_T`, `recall_T` and `f_T` for each tolerance T, such as `f_0.5`.

    Raises:
        ValueError: a reference without a segment, or times that are not ascending.
        ImportError: mir_eval is missing.
    """
    mir_eval = audio_module("mir_eval")
    true, predicted = np.asarray(reference, float), np.asarray(estimated, float)
    if len(true) < 2 or not true[-1] > 0:
        raise ValueError(f"boundaries {true.tolist()}: not a single segment")
    truth, found = (_segments(times, true[-1]) for times in (true, predicted))
    scores = {}
    for tolerance in tolerances:
        with warnings.catch_warnings():  # a trimmed piece of one part has none: its scores are 0
            warnings.filterwarnings("ignore", message=".*intervals are empty")
            values = mir_eval.segment.detection(truth, found, window=tolerance, trim=trim)
        for name, value in zip(("precision", "recall", "f"), values, strict=True):
            scores[f"{name}_{tolerance:g}"] = float(value)
    return scores


def matched(reference: ArrayLike, estimated: ArrayLike, tolerance: float) -> np.ndarray:
    """(P,) bool: the estimated times that are matched with a time of the reference.

    Matching is that of `boundary_scores`: each time is matched with at most one other.
    """
    mir_eval = audio_module("mir_eval")
    times = np.asarray(estimated, float)
    right = np.zeros(len(times), bool)
    pairs = mir_eval.util.match_events(np.asarray(reference, float), times, tolerance)
    right[[found for _, found in pairs]] = True
    return right


def _segments(times: np.ndarray, end: float) -> np.ndarray:
    """(n, 2) segments between successive distinct boundaries, from 0 to the end.

    `mir_eval.util.adjust_intervals` gives the same, but a segment of length 0 if a boundary is at
    the end.
    """
    if (np.diff(times) < 0).any():
        raise ValueError("boundaries are not ascending")
    times = np.unique(np.concatenate([[0.0], times[(times > 0) & (times < end)], [end]]))
    return np.stack([times[:-1], times[1:]], axis=1)
