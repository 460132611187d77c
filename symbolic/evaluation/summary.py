"""Summary of a table of predictions: scores, intervals, folds and confusion of each task."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from symbolic.evaluation.correlations import correlations
from symbolic.evaluation.metrics import TASK_METRICS, Metrics, is_labelled, metrics_of
from symbolic.inference.prediction_table import (
    RUN,
    SAME_NOTES,
    STRENGTHS,
    check_predictions,
    group_numbers,
    identity,
    predicted_tasks,
)
from symbolic.tasks import EMOTION, VALENCE_AROUSAL, Task, is_note_task
from symbolic.tasks.intervals import DRAWS, bootstrap_of_sums, grouped_bootstrap, grouped_bootstraps

if TYPE_CHECKING:
    import pandas as pd

Interval = tuple[float, float]
ENSEMBLE = "ensemble_accuracy"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Scores of one system. Undefined ones are left out.

    Names of scores are those of `symbolic.evaluation.metrics`: for emotion `accuracy macro_f1
    valence arousal surest_half calibration_error` (see `emotion_metrics`), `valence_ccc
    valence_rmse valence_r2 valence_r valence_r_same_notes valence_r_means` (see `correlations`) and
    the same for arousal, correlations of `valence_strength` and `arousal_strength`,
    `key_exact key_mirex`, `velocity_accuracy` over notes; for other tasks the task
    precedes them, as in `genre: accuracy`. With several seeds also `ensemble_accuracy`, of the mean
    of the probabilities of a quadrant over the seeds.

    Attributes:
        pieces: their number; a piece predicted with several seeds counts once.
        groups: number of songs, artists or pieces of a game.
        folds: their number.
        runs: number of pairs of fold and seed.
        seeds: in order.
        scores: with several seeds, the mean of their scores.
        counts: numbers of labelled pieces of each task, and of notes of tasks of each note.
        intervals: 95 %, from drawing groups.
        over_folds: mean and standard deviation (n - 1) over the folds of all seeds, if there are
            several; for the scores with intervals.
        confusion: by name of the task, (K, K), rows true and columns predicted classes; a piece
            predicted with several seeds adds up to 1.
        tasks: with a labelled piece.
        protocol: description of the split.
        robustness: as in `symbolic.evaluation.robustness.robustness_scores`.
        unit: pieces or recordings.
        compared: signs by which no held-out piece is a training piece, as in `HeldOut`.
        estimated: names of tasks whose labels are estimates for one of the pieces.
    """

    pieces: int
    groups: int
    folds: int
    runs: int
    seeds: tuple[Any, ...]
    scores: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    intervals: dict[str, Interval] = field(default_factory=dict)
    over_folds: dict[str, tuple[float, float]] = field(default_factory=dict)
    confusion: dict[str, np.ndarray] = field(default_factory=dict)
    tasks: tuple[Task, ...] = ()
    protocol: str = ""
    robustness: Mapping[str, float] = field(default_factory=dict)
    unit: str = "pieces"
    compared: tuple[str, ...] = ()
    estimated: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the content of `metrics.json`: numbers, lists and strings; no NaN."""
        return {
            "protocol": self.protocol,
            "leaks": False,  # splits that leak are refused; cards of older files warn of them
            **({"compared": list(self.compared)} if self.compared else {}),
            **({"estimated": list(self.estimated)} if self.estimated else {}),
            self.unit: self.pieces,
            "groups": self.groups,
            "folds": self.folds,
            "seeds": list(self.seeds),
            "scores": self.scores,
            "counts": self.counts,
            "intervals": {
                name: list(pair) for name, pair in self.intervals.items() if np.isfinite(pair).all()
            },
            "over_folds": {name: list(pair) for name, pair in self.over_folds.items()},
            "robustness": {k: v for k, v in self.robustness.items() if np.isfinite(v)},
        }


class Labelled(NamedTuple):
    """The labelled rows of a task."""

    task: Task
    metrics: Metrics
    rows: pd.DataFrame
    labels: np.ndarray
    predictions: np.ndarray


def labelled(frame: pd.DataFrame, task: Task) -> Labelled:
    """Select the rows with a label of a task.

    Raises:
        ValueError: a table without predictions of the task.
    """
    metrics = metrics_of(task)
    labels, predictions = metrics.read(frame, task)
    known = is_labelled(labels)
    rows: Any = frame[known]
    return Labelled(task, metrics, rows, labels[known], predictions[known])


def in_order(tasks: Iterable[Task]) -> list[Task]:
    """Sort tasks as tables show them; the first one is compared between systems."""
    names = list(TASK_METRICS)
    return sorted(tasks, key=lambda task: (*names, task.name).index(task.name))


def summarise(
    frame: pd.DataFrame,
    tasks: Sequence[Task] | None = None,
    draws: int = DRAWS,
    **about: Any,
) -> Summary:
    """Score the predictions of one system.

    A bootstrap sample of groups holds the predictions of all seeds for these groups.

    Args:
        frame: as in `symbolic.inference.prediction_table`.
        tasks: those of `TASKS` that the frame has predictions of by default.
        draws: bootstrap samples.
        about: `protocol`, `robustness`, `unit`, `compared`, `estimated` of the summary.

    Raises:
        ValueError: a frame without that layout, or without predictions of a task in `tasks`.
    """
    check_predictions(frame)
    seeds: list[Any] = sorted(frame["seed"].unique().tolist())
    parts = [
        labelled(frame, task)
        for task in in_order(predicted_tasks(frame) if tasks is None else tasks)
    ]
    parts = [part for part in parts if len(part.labels)]
    r, r_intervals = _correlations(parts, seeds, draws)
    together, together_intervals = _ensemble(parts, seeds, draws)
    return Summary(
        pieces=len(frame[identity(frame)].drop_duplicates()),
        groups=len(frame[["corpus", "group"]].drop_duplicates()),
        folds=len(frame[["fold"]].drop_duplicates()),
        runs=len(frame[RUN].drop_duplicates()),
        seeds=tuple(seeds),
        scores=_named(parts, lambda part: _scores(part, seeds)) | together | r,
        counts={name: count for part in parts for name, count in _counts(part).items() if count},
        intervals=_named(parts, lambda part: _intervals(part, seeds, draws))
        | together_intervals
        | r_intervals,
        over_folds=_named(parts, _over_folds),
        confusion={part.task.name: _confusion(part) for part in parts if part.metrics.confusion},
        tasks=tuple(part.task for part in parts),
        **about,
    )


def _named(parts: Sequence[Labelled], compute: Callable[[Labelled], dict[str, Any]]) -> dict:
    """Results of all tasks under their names in `metrics.json`."""
    return {
        f"{part.metrics.prefix}{name}": value
        for part in parts
        for name, value in compute(part).items()
    }


def _scores(part: Labelled, seeds: Sequence) -> dict[str, float]:
    """Means over the seeds of the scores that are defined."""
    chosen = [(part.rows["seed"] == one).to_numpy() for one in seeds]
    found = [part.metrics.numbers(part.labels[rows], part.predictions[rows]) for rows in chosen]
    return {
        name: float(np.mean([scores[name] for scores in found if name in scores]))
        for name in dict.fromkeys(name for scores in found for name in scores)
    }


def _correlations(
    parts: Sequence[Labelled], seeds: list, draws: int
) -> tuple[dict[str, float], dict[str, Interval]]:
    """Correlations of valence and arousal, and their intervals; none without labels of them."""
    part = next((part for part in parts if part.task.name == VALENCE_AROUSAL.name), None)
    if part is None:
        return {}, {}
    rows: Any = part.rows
    groups, same_notes = group_numbers(rows), None
    if SAME_NOTES in rows and rows[SAME_NOTES].notna().any():
        alone = rows["corpus"] + ": " + rows["file"].astype(str)  # without a name, of one piece
        same_notes = rows[SAME_NOTES].fillna(alone).to_numpy(str)
    place = rows["seed"].map(seeds.index).to_numpy()
    labels, predictions, names = part.labels, part.predictions, part.task.labels
    if set(STRENGTHS) <= set(rows) and rows[[*STRENGTHS]].notna().all(axis=None):
        names = (*names, *STRENGTHS)
        labels = np.hstack([labels, labels])
        predictions = np.hstack([predictions, rows[[*STRENGTHS]].to_numpy(float)])
    return correlations(labels, predictions, names, place, groups, same_notes, draws)


def _ensemble(
    parts: Sequence[Labelled], seeds: list, draws: int
) -> tuple[dict[str, float], dict[str, Interval]]:
    """Accuracy of quadrants predicted by all seeds together; none if a piece lacks a seed."""
    part = next((part for part in parts if part.task.name == EMOTION.name), None)
    if part is None or len(seeds) < 2:
        return {}, {}
    pieces = part.rows.groupby(identity(part.rows), dropna=False)
    if set(pieces["seed"].nunique()) != {len(seeds)}:
        return {}, {}
    number = pieces.ngroup().to_numpy()
    first = np.unique(number, return_index=True)[1]
    total = np.zeros((len(first), part.task.num_labels))
    np.add.at(total, number, part.predictions)
    right = total.argmax(axis=1) == part.labels[first]
    groups = group_numbers(part.rows)[first].tolist()
    interval = grouped_bootstrap(lambda rows: float(right[rows].mean()), groups, draws)
    return {ENSEMBLE: float(right.mean())}, {ENSEMBLE: interval}


def _counts(part: Labelled) -> dict[str, int]:
    once = (~part.rows.duplicated(identity(part.rows))).to_numpy()
    labels, name = part.labels[once], part.task.name
    if is_note_task(part.task):
        return {name: len(labels), f"{name}_notes": int(labels.sum())}
    if part.task.kind == "regression":
        names = [f"{part.metrics.prefix}{label}" for label in part.task.labels]
        return dict(zip(names, (~np.isnan(labels)).sum(axis=0).tolist(), strict=True))
    return {"quadrant" if name == EMOTION.name else name: len(labels)}


def _intervals(part: Labelled, seeds: list, draws: int) -> dict[str, Interval]:
    """Intervals of the means over seeds.

    If seeds predicted different pieces, a draw may hold none of a seed's pieces: NaN.
    """
    metrics, groups = part.metrics, group_numbers(part.rows)
    place = part.rows["seed"].map(seeds.index).to_numpy()
    if metrics.terms is not None:
        terms = metrics.terms(part.labels, part.predictions)
        sums = np.zeros((groups.max() + 1, len(seeds), *terms.shape[1:]))
        np.add.at(sums, (groups, place), terms)

        def mean(statistic: Callable) -> Callable:
            return lambda drawn: _mean(statistic(drawn), 1)

        return {
            name: bootstrap_of_sums(mean(statistic), sums, draws)
            for name, statistic in metrics.statistics.items()
        }

    def statistics(rows: np.ndarray) -> list[float]:
        chosen = [rows[place[rows] == one] for one in range(len(seeds))]
        found = [metrics.scores(part.labels[c], part.predictions[c]) for c in chosen if len(c)]
        return _mean([[scores[name] for name in metrics.drawn] for scores in found], 0).tolist()

    if not metrics.drawn:
        return {}
    low, high = grouped_bootstraps(statistics, groups.tolist(), draws)
    return dict(zip(metrics.drawn, zip(low.tolist(), high.tolist(), strict=True), strict=True))


def _mean(values: Any, axis: int) -> np.ndarray:
    """Means of the values that are defined; NaN without any."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        return np.nanmean(values, axis=axis)


def _over_folds(part: Labelled) -> dict[str, tuple[float, float]]:
    runs = part.rows.groupby(RUN, dropna=False).ngroup().to_numpy()
    if runs.max() < 1 or not part.metrics.intervals:
        return {}
    found = [
        part.metrics.numbers(part.labels[runs == run], part.predictions[runs == run])
        for run in range(runs.max() + 1)
    ]
    names = part.metrics.intervals
    values = {name: [scores.get(name, np.nan) for scores in found] for name in names}
    return {
        name: (float(np.mean(v)), float(np.std(v, ddof=1)))
        for name, v in values.items()
        if np.isfinite(v).all()
    }


def _confusion(part: Labelled) -> np.ndarray:
    times = part.rows.groupby(identity(part.rows))["seed"].transform("nunique").to_numpy()
    matrix = np.zeros((part.task.num_labels, part.task.num_labels))
    np.add.at(matrix, (part.labels, part.predictions.argmax(axis=1)), 1 / times)
    return matrix
