"""Metrics of recordings: classes such as genre and mood, multi-label tags, real values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symbolic.tasks.metrics import (
    accuracy,
    calibration_error,
    concordance,
    confusion,
    macro_f1,
    r2,
    rmse,
)

THRESHOLD = 0.5


def class_metrics(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """Compute the metrics of (n, K) class probabilities for (n,) true classes, 0..K-1.

    Returns:
        `accuracy`, `macro_f1` over the K classes and `calibration_error` (15 bins) as floats, and
        `confusion`, (K, K) counts whose rows are true classes.
    """
    matrix = confusion(labels, probabilities)
    return {
        "accuracy": float(accuracy(matrix)),
        "macro_f1": float(macro_f1(matrix)),
        "calibration_error": calibration_error(labels, probabilities),
        "confusion": matrix,
    }


def tag_metrics(
    labels: np.ndarray, probabilities: np.ndarray, names: Sequence[str] = ()
) -> dict[str, Any]:
    """Compute the metrics of K tag probabilities.

    The areas equal `roc_auc_score` and `average_precision_score` of scikit-learn for each tag.
    Metrics are means over the tags for which they are defined: precision, recall and the area under
    the precision-recall curve need positive recordings, those of the negative class negative
    recordings, and the area under the ROC both.

    Published tables of the ten tags of MagnaTagATune give precision and recall of the negative
    class ("does not have the tag"), which are high because most recordings lack a tag. A system
    that predicts no tag has a `negative_recall` of 1.

    Args:
        labels: (n, K), 1 if a recording has the tag, 0 if not, NaN if unknown.
        probabilities: (n, K); a tag is predicted from `THRESHOLD` on.
        names: of the tags; their numbers by default.

    Returns:
        `roc_auc`, `pr_auc`, `precision`, `recall`, `negative_precision` and `negative_recall`,
        floats, NaN if undefined for all tags, precision 0 if nothing is predicted; and `tags`, for
        each tag by name the same metrics and `positives`, the share of recordings with the tag.

    Raises:
        ValueError: shapes that differ, labels that are not 0, 1 or NaN, or other than K names.
    """
    labels, probabilities = np.asarray(labels, float), np.asarray(probabilities, float)
    if labels.ndim != 2 or labels.shape != probabilities.shape:
        raise ValueError(
            f"labels {labels.shape} and probabilities {probabilities.shape}: not (n, K)"
        )
    known = ~np.isnan(labels)
    if not np.isin(labels[known], (0, 1)).all():
        raise ValueError("tags are labelled 0, 1 or NaN")
    names = names or [str(tag) for tag in range(labels.shape[1])]
    if len(names) != labels.shape[1]:
        raise ValueError(f"{len(names)} names of {labels.shape[1]} tags")
    positive, negative = known & (labels == 1), known & (labels == 0)
    predicted = probabilities >= THRESHOLD
    positives, negatives = positive.sum(axis=0), negative.sum(axis=0)
    roc_auc, pr_auc = _areas(positive, negative, probabilities)
    metrics = {
        "roc_auc": roc_auc,
        "pr_auc": pr_auc,
        "precision": _share(positive & predicted, known & predicted, positives),
        "recall": _share(positive & predicted, positive, positives),
        "negative_precision": _share(negative & ~predicted, known & ~predicted, negatives),
        "negative_recall": _share(negative & ~predicted, negative, negatives),
    }
    scores: dict[str, Any] = {name: _mean(values) for name, values in metrics.items()}
    metrics["positives"] = positives / np.maximum(positives + negatives, 1)
    scores["tags"] = {
        tag: {name: float(values[k]) for name, values in metrics.items()}
        for k, tag in enumerate(names)
    }
    return scores


def _areas(
    positive: np.ndarray, negative: np.ndarray, scores: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(K,) areas under the ROC, by the rank sum of Mann and Whitney, and average precisions.

    Rows with equal scores are one step of the curves, as in scikit-learn.
    """
    order = np.argsort(-scores, axis=0, kind="stable")
    positive, negative, scores = (
        np.take_along_axis(values, order, axis=0) for values in (positive, negative, scores)
    )
    hits, misses = positive.cumsum(axis=0), negative.cumsum(axis=0)
    if not len(scores):
        return np.full(scores.shape[1], np.nan), np.full(scores.shape[1], np.nan)
    rows = np.arange(len(scores))[:, None]
    steps = scores[1:] != scores[:-1]
    border = np.ones((1, scores.shape[1]), bool)
    first = np.maximum.accumulate(np.where(np.concatenate([border, steps]), rows, 0), axis=0)
    ends = np.where(np.concatenate([steps, border]), rows, len(scores) - 1)
    last = np.minimum.accumulate(ends[::-1], axis=0)[::-1]
    step_hits = np.take_along_axis(hits, last, axis=0)
    step_misses = np.take_along_axis(misses, last, axis=0)
    tied = step_misses - np.take_along_axis(misses - negative, first, axis=0)
    positives, negatives = hits[-1], misses[-1]
    above = np.where(positive, negatives - step_misses + 0.5 * tied, 0).sum(axis=0)
    precision = step_hits / np.maximum(step_hits + step_misses, 1)
    precision = np.where(positive, precision, 0).sum(axis=0)
    pairs = positives * negatives
    return (
        np.where(pairs > 0, above / np.maximum(pairs, 1), np.nan),
        np.where(positives > 0, precision / np.maximum(positives, 1), np.nan),
    )


def _share(part: np.ndarray, whole: np.ndarray, defined: np.ndarray) -> np.ndarray:
    shares = part.sum(axis=0) / np.maximum(whole.sum(axis=0), 1)
    return np.where(defined > 0, shares, np.nan)


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def value_metrics(labels: np.ndarray, values: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    """Compute the metrics of (n, K) predicted values, such as valence and arousal, by name.

    Returns:
        For each name with a label, `<name>_ccc` (Lin 1989), `<name>_rmse` and `<name>_r2`; unknown
        (n, K) labels are NaN.
    """
    found = {}
    for name, true, predicted in zip(
        names, np.asarray(labels).T, np.asarray(values).T, strict=True
    ):
        known = ~np.isnan(true)
        if known.any():
            for metric, score in (("ccc", concordance), ("rmse", rmse), ("r2", r2)):
                found[f"{name}_{metric}"] = float(score(true[known], predicted[known]))
    return found
