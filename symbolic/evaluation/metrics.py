"""Metrics of tasks: scores, and the sums over pieces from which intervals are computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.inference.prediction_table import BAR_LINES, labels_and_predictions, note_columns
from symbolic.structure.detection import TOLERANCES, predicted_column, read_times
from symbolic.tasks import BOUNDARY, EMOTION, IGNORE, KEY, VALENCE_AROUSAL, VELOCITY, Task
from symbolic.tasks.bar_metrics import BAR_SCORES, bar_scores
from symbolic.tasks.boundary_metrics import boundary_scores
from symbolic.tasks.metrics import accuracy, emotion_metrics, macro_f1, mirex_key_score
from symbolic.tasks.tag_metrics import class_metrics, tag_metrics, value_metrics

if TYPE_CHECKING:
    import pandas as pd

Arrays = tuple[np.ndarray, np.ndarray]
Statistic = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Metrics:
    """Metrics of the labelled pieces of a task.

    Attributes:
        scores: from labels and predictions, both (n, ...), to numbers by name.
        terms: from the same to (n, ...) terms of each piece, whose sums give `statistics`.
        statistics: by name of a score, from (..., *) sums to (...) values. Without `terms` the
            scores in `drawn` are computed anew from the pieces of each bootstrap sample.
        drawn: scores with intervals if there are no `terms`.
        values: (n,) values of the pieces whose mean is the first statistic.
        read: labels and predictions of all rows of a frame.
        confusion: whether there is a confusion matrix.
        prefix: before the names of the scores in tables and `metrics.json`.
    """

    scores: Callable[[np.ndarray, np.ndarray], Mapping[str, Any]]
    terms: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    statistics: Mapping[str, Statistic] = field(default_factory=dict)
    drawn: tuple[str, ...] = ()
    values: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    read: Callable[[pd.DataFrame, Task], Arrays] = labels_and_predictions
    confusion: bool = False
    prefix: str = ""

    @property
    def intervals(self) -> tuple[str, ...]:
        """Names of the scores that have intervals."""
        return tuple(self.statistics) or self.drawn

    def numbers(self, labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
        """Compute the scores that are defined."""
        scores = self.scores(labels, predictions).items() if len(labels) else ()
        return {k: float(v) for k, v in scores if isinstance(v, float) and np.isfinite(v)}


def is_labelled(labels: np.ndarray) -> np.ndarray:
    """(n,) bool: the pieces with a label."""
    if labels.dtype.kind == "i":
        return labels != IGNORE
    if labels.dtype.kind == "f":
        return np.asarray((~np.isnan(labels)).reshape(len(labels), -1).any(axis=1))
    return np.array([isinstance(text, str) for text in labels], bool)


def one_hot(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """(n, K, K) confusion matrices of single pieces."""
    classes = np.arange(probabilities.shape[1])
    true = labels[:, None] == classes
    predicted = probabilities.argmax(axis=1)[:, None] == classes
    return (true[:, :, None] & predicted[:, None, :]).astype(float)


def share(pairs: np.ndarray) -> np.ndarray:
    """(...) quotients of (..., 2) sums; NaN for an empty one."""
    whole = pairs[..., 1]
    return np.where(whole > 0, pairs[..., 0] / np.where(whole > 0, whole, 1), np.nan)


def _correct(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """(n,) 1. for the right class; a missing prediction is wrong."""
    return ((probabilities.argmax(axis=1) == labels) & probabilities.any(axis=1)).astype(float)


def _classes(prefix: str = "", scores: Callable[..., Mapping[str, Any]] = class_metrics) -> Metrics:
    return Metrics(
        scores,
        one_hot,
        {"accuracy": accuracy, "macro_f1": macro_f1},
        values=_correct,
        confusion=True,
        prefix=prefix,
    )


def _key_scores(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    mirex = mirex_key_score(labels, probabilities.argmax(axis=1))
    return {
        "key_exact": _correct(labels, probabilities).mean(),
        "key_mirex": np.where(probabilities.any(axis=1), mirex, 0.0).mean(),
    }


def _pairs(values: np.ndarray) -> np.ndarray:
    return np.stack([values, np.ones_like(values)], axis=-1)


def _note_read(frame: pd.DataFrame, task: Task) -> Arrays:
    """(n,) numbers of notes, NaN for none, and (n,) of correct ones or sums of their errors."""
    notes, totals = (frame[name].to_numpy(float) for name in note_columns(task))
    return np.where(notes > 0, notes, np.nan), totals


def _note_metrics(score: str, statistic: Statistic, prefix: str) -> Metrics:
    """Metrics of a task of each note, from the sums over pieces."""
    return Metrics(
        lambda notes, totals: {score: statistic(np.array([totals.sum(), notes.sum()]))[()]},
        lambda notes, totals: np.stack([totals, notes], axis=-1),
        {score: statistic},
        read=_note_read,
        prefix=prefix,
    )


def _boundary_read(frame: pd.DataFrame, task: Task) -> Arrays:
    columns = [predicted_column(f"{tolerance:g}") for tolerance in TOLERANCES]
    if not {task.name, *columns} <= set(frame):
        raise ValueError(f"the table has no predictions of {task.name}")
    bars = frame[BAR_LINES].fillna("").astype(str) if BAR_LINES in frame else ""
    return frame[task.name].to_numpy(object), frame[columns].assign(bars=bars).to_numpy(object)


def _boundary_values(labels: np.ndarray, predictions: np.ndarray) -> dict[str, np.ndarray]:
    """(n,) scores of each piece; at each tolerance those of the boundaries picked for it.

    `trimmed` is the F-measure without the beginning and the end. Scores by bars are those of the
    boundaries picked for 0.5 s, NaN for pieces without bar lines; missing if none has any.

    Args:
        labels: (n,) texts of times.
        predictions: (n, 3) texts of times for each tolerance, and of bar lines, may be empty.
    """
    found: dict[str, list[float]] = {}
    for text, texts in zip(labels, predictions, strict=True):
        for tolerance, predicted in zip(TOLERANCES, texts[:-1], strict=True):
            times = (read_times(text), read_times(predicted), (tolerance,))
            trimmed = boundary_scores(*times, trim=True)[f"f_{tolerance:g}"]
            scores = {**boundary_scores(*times), f"f_{tolerance:g} trimmed": trimmed}
            for name, score in scores.items():
                found.setdefault(name, []).append(score)
        by_bars = dict.fromkeys(BAR_SCORES, np.nan)
        if len(bars := read_times(texts[-1])):
            by_bars = bar_scores(read_times(text), read_times(texts[0]), bars)
        for name, score in by_bars.items():
            found.setdefault(name, []).append(score)
    scores = {name: np.array(values) for name, values in found.items()}
    return {name: values for name, values in scores.items() if not np.isnan(values).all()}


BOUNDARY_F = [f"f_{tolerance:g}" for tolerance in TOLERANCES]


def _boundary_metrics(labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    """Means over pieces, and standard deviations of the F-measures."""
    values = _boundary_values(labels, predictions)
    deviations = {f"{name} deviation": values[name].std() for name in BOUNDARY_F}
    return {**{name: float(np.nanmean(scores)) for name, scores in values.items()}, **deviations}


def _boundary_f(labels: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """(n, tolerances) F-measures."""
    values = _boundary_values(labels, predictions)
    return np.stack([values[name] for name in BOUNDARY_F], axis=1)


TASK_METRICS: dict[str, Metrics] = {
    EMOTION.name: _classes(scores=emotion_metrics),
    VALENCE_AROUSAL.name: Metrics(partial(value_metrics, names=VALENCE_AROUSAL.labels)),
    KEY.name: Metrics(
        _key_scores,
        lambda labels, p: _pairs(_correct(labels, p)),
        {"key_exact": share},
        values=_correct,
    ),
    VELOCITY.name: Metrics(
        lambda notes, correct: {"velocity_accuracy": correct.sum() / notes.sum()},
        read=_note_read,
    ),
    BOUNDARY.name: Metrics(
        _boundary_metrics,
        lambda labels, p: _pairs(_boundary_f(labels, p)),
        {
            name: lambda sums, place=place: share(sums[..., place, :])
            for place, name in enumerate(BOUNDARY_F)
        },
        values=lambda labels, p: _boundary_f(labels, p)[:, 0],
        read=_boundary_read,
        prefix=f"{BOUNDARY.name}: ",
    ),
}
"""Metrics of tasks with metrics of their own, in the order of tables."""


def metrics_of(task: Task) -> Metrics:
    """The metrics of a task, by its name or by its kind.

    A task of each note has the accuracy over notes, or for real values the root of the mean squared
    error.
    """
    if task.name in TASK_METRICS:
        return TASK_METRICS[task.name]
    prefix = f"{task.name}: "
    if task.level == "token":
        if task.kind == "regression":
            return _note_metrics("rmse", lambda sums: np.sqrt(share(sums)), prefix)
        return _note_metrics("accuracy", share, prefix)
    if task.kind == "single":
        return _classes(prefix)
    if task.kind == "multi":
        return Metrics(tag_metrics, drawn=("roc_auc", "pr_auc"), prefix=prefix)
    return Metrics(partial(value_metrics, names=task.labels), prefix=prefix)
