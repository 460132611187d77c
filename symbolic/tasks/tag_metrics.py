"""Metrics of recordings: classes such as genre and mood, tags of which any number apply, values."""

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


def class_metrics(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """Scores of the probabilities of K classes.

    Args:
        labels: (n,) true classes, 0..K-1.
        probabilities: (n, K), rows summing to 1.

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
    labels: np.ndarray,
    probabilities: np.ndarray,
    names: Sequence[str] = (),
    threshold: float = 0.5,
) -> dict[str, Any]:
    """Scores of the probabilities of K tags.

    The areas are those of scikit-learn's `roc_auc_score` and `average_precision_score` of each tag,
    for all tags at once. Figures are means over the tags for which they are defined: those that
    some recordings have (for recall, precision and the area under precision and recall), and some
    have not (for those of the negative class; the area under the ROC needs both).

    Published tables of MagnaTagATune's ten tags give the precision and recall of the negative
    class, "does not have the tag", which are high because most recordings lack a tag. A system that
    never says yes has a `negative_recall` of 1.

    Args:
        labels: (n, K), 1 where a recording has the tag, 0 where it has not, NaN where it is not
            known.
        probabilities: (n, K), or anything that ranks recordings, where `threshold` is on its scale.
        names: of the tags; their numbers by default.
        threshold: a probability from it on says that a recording has the tag.

    Returns:
        `roc_auc`, `pr_auc`, `precision`, `recall`, `negative_precision` and `negative_recall`,
        floats, NaN where no tag has one, precision 0 where nothing is predicted; and `tags`, for
        each tag by name the same figures and `positives`, the share of recordings that have it.

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
    yes, no = known & (labels == 1), known & (labels == 0)
    said = probabilities >= threshold
    has, lacks = yes.sum(axis=0), no.sum(axis=0)
    roc_auc, pr_auc = _areas(yes, no, probabilities)
    each = {
        "roc_auc": roc_auc,
        "pr_auc": pr_auc,
        "precision": _share(yes & said, known & said, has),
        "recall": _share(yes & said, yes, has),
        "negative_precision": _share(no & ~said, known & ~said, lacks),
        "negative_recall": _share(no & ~said, no, lacks),
    }
    scores: dict[str, Any] = {name: _mean(values) for name, values in each.items()}
    each["positives"] = has / np.maximum(has + lacks, 1)
    scores["tags"] = {
        tag: {name: float(values[k]) for name, values in each.items()}
        for k, tag in enumerate(names)
    }
    return scores


def _areas(yes: np.ndarray, no: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(K,) areas under the ROC, by the rank sum of Mann and Whitney, and average precision.

    Rows whose scores are equal are taken as one step, as scikit-learn has it.
    """
    order = np.argsort(-scores, axis=0, kind="stable")
    yes, no, scores = (np.take_along_axis(values, order, axis=0) for values in (yes, no, scores))
    hits, misses = yes.cumsum(axis=0), no.cumsum(axis=0)
    if not len(scores):
        return np.full(scores.shape[1], np.nan), np.full(scores.shape[1], np.nan)
    rows = np.arange(len(scores))[:, None]
    steps = scores[1:] != scores[:-1]
    border = np.ones((1, scores.shape[1]), bool)
    first = np.maximum.accumulate(np.where(np.concatenate([border, steps]), rows, 0), axis=0)
    ends = np.where(np.concatenate([steps, border]), rows, len(scores) - 1)
    last = np.minimum.accumulate(ends[::-1], axis=0)[::-1]
    hits_there = np.take_along_axis(hits, last, axis=0)
    misses_there = np.take_along_axis(misses, last, axis=0)
    tied = misses_there - np.take_along_axis(misses - no, first, axis=0)
    has, lacks = hits[-1], misses[-1]
    above = np.where(yes, lacks - misses_there + 0.5 * tied, 0).sum(axis=0)
    precision = np.where(yes, hits_there / np.maximum(hits_there + misses_there, 1), 0).sum(axis=0)
    pairs = has * lacks
    return (
        np.where(pairs > 0, above / np.maximum(pairs, 1), np.nan),
        np.where(has > 0, precision / np.maximum(has, 1), np.nan),
    )


def _share(part: np.ndarray, whole: np.ndarray, defined: np.ndarray) -> np.ndarray:
    shares = part.sum(axis=0) / np.maximum(whole.sum(axis=0), 1)
    return np.where(defined > 0, shares, np.nan)


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def value_metrics(labels: np.ndarray, values: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    """Scores of K real values, such as valence and arousal.

    Args:
        labels: (n, K), NaN where one is not known.
        values: (n, K) predicted.
        names: of the K values.

    Returns:
        For each name that has a label `<name>_ccc` (Lin 1989), `<name>_rmse` and `<name>_r2`.
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
