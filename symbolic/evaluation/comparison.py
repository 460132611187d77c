"""Paired comparison of two systems on the same pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.evaluation.metrics import metrics_of
from symbolic.evaluation.summary import labelled
from symbolic.inference.prediction_table import PIECE, check_predictions, group_numbers, identity
from symbolic.tasks import EMOTION, Task
from symbolic.tasks.intervals import DRAWS, grouped_bootstrap

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Comparison:
    """A score of one system less that of another, on the same pieces.

    Attributes:
        difference: positive if the first system is better.
        interval: 95 %, from drawing groups; with several seeds, from drawing trainings as well.
        pieces: number of pieces that both predicted.
        score: its name.
        seeds: of which the trainings were drawn; 1 if only groups were.
    """

    difference: float
    interval: tuple[float, float]
    pieces: int
    score: str = "accuracy"
    seeds: int = 1


def compare(
    frame_a: pd.DataFrame,
    frame_b: pd.DataFrame,
    draws: int = DRAWS,
    task: Task = EMOTION,
) -> Comparison:
    """Compute the difference between two systems, on the same bootstrap samples.

    The score is the first one of the task with an interval, such as accuracy.

    Several predictions of a piece, with other seeds, are averaged: whether they are right, or for
    tags their probabilities. If both systems predicted every piece with the same seeds, a sample of
    a task of classes draws seeds with replacement too, for each fold by itself, since every fold
    and seed is a training of its own. Three seeds show less than the whole spread of trainings.

    Args:
        frame_a, frame_b: as in `symbolic.inference.prediction_table`.
        draws: bootstrap samples.
        task: predicted by both.

    Raises:
        ValueError: frames without the task, or with other pieces, groups or labels; a task of real
            values.
    """
    a, b = (_by_piece(frame, task) for frame in (frame_a, frame_b))
    pieces: list[Any] = list(a.index)
    if odd := sorted(set(pieces) ^ set(b.index)):
        raise ValueError(
            f"the two systems predicted different pieces: {len(odd)} are in one frame only, the "
            f"first is {odd[0][1]} of {odd[0][0] or 'no corpus'}"
        )
    for name in ("group", "label"):
        if (other := a[name].to_numpy() != b[name].to_numpy()).any():
            raise ValueError(
                f"the two frames give {pieces[int(other.argmax())][1]} another "
                f"{task.name if name == 'label' else name}"
            )
    metrics = metrics_of(task)
    score = metrics.intervals[0]
    groups = group_numbers(a.reset_index()).tolist()
    if metrics.values and (seeds := _common_seeds(a, b)) > 1:
        differences = np.stack(a["every"].tolist()) - np.stack(b["every"].tolist())
        interval = _interval_over_seeds(differences, a["fold"].to_numpy(), groups, draws)
        return Comparison(float(differences.mean()), interval, len(a), score, seeds)
    labels = np.stack(a["labels"].tolist())
    values = [np.stack(frame["values"].tolist()) for frame in (a, b)]

    def statistic(rows: np.ndarray) -> float:
        if metrics.values:
            return (values[0][rows, 0] - values[1][rows, 0]).mean()
        scores = [metrics.scores(labels[rows], v[rows])[score] for v in values]
        return scores[0] - scores[1]

    interval = grouped_bootstrap(statistic, groups, draws)
    return Comparison(float(statistic(np.arange(len(a)))), interval, len(a), score)


def _common_seeds(a: pd.DataFrame, b: pd.DataFrame) -> int:
    """Return the number of seeds if all pieces of both systems have the same ones, otherwise 1."""
    seeds = {tuple(one) for frame in (a, b) for one in frame["seeds"]}
    return len(seeds.pop()) if len(seeds) == 1 else 1


def _interval_over_seeds(
    differences: np.ndarray, folds: np.ndarray, groups: list, draws: int
) -> tuple[float, float]:
    """Draw groups, and for every fold seeds; `differences` is (n, S)."""
    import pandas as pd

    fold, names = pd.factorize(folds, use_na_sentinel=False)
    generator, seeds = np.random.default_rng(0), differences.shape[1]

    def statistic(rows: np.ndarray) -> float:
        drawn = generator.integers(0, seeds, (len(names), seeds))
        return np.take_along_axis(differences[rows], drawn[fold[rows]], axis=1).mean()

    return grouped_bootstrap(statistic, groups, draws)


def _by_piece(frame: pd.DataFrame, task: Task) -> pd.DataFrame:
    """A row for each labelled piece.

    Returns:
        Columns `group`, `fold`, `label` as text, `labels`, `values` (m,), their mean over the
        seeds, `seeds` in order, and `every` (S,), the mean of each seed's values.
    """
    check_predictions(frame)
    part = labelled(frame, task)
    if not len(part.labels):
        raise ValueError(f"no labels of {task.name} to compare")
    if not part.metrics.intervals:
        raise ValueError(f"{task.name}: systems cannot be compared")
    values = part.predictions
    if part.metrics.values:
        values = part.metrics.values(part.labels, part.predictions)[:, None]
    columns = {"labels": list(part.labels), "label": list(map(str, part.labels))}
    rows: Any = part.rows.assign(**columns, values=list(values), every=list(map(np.mean, values)))
    if "group" in identity(frame):
        rows["file"] = rows["group"] + "/" + rows["file"]
    pieces = rows.sort_values("seed", kind="stable").groupby(PIECE)
    first = pieces[["group", "fold", "label", "labels"]].first()
    return first.assign(
        values=pieces["values"].apply(lambda rows: np.mean(rows.tolist(), axis=0)),
        seeds=pieces["seed"].apply(tuple),
        every=pieces["every"].apply(tuple),
    )
