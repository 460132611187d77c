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
        interval: 95 %, from drawing groups.
        pieces: number of pieces that both predicted.
        score: its name.
    """

    difference: float
    interval: tuple[float, float]
    pieces: int
    score: str = "accuracy"


def compare(
    frame_a: pd.DataFrame,
    frame_b: pd.DataFrame,
    draws: int = DRAWS,
    task: Task = EMOTION,
) -> Comparison:
    """Compute the difference between two systems, on the same bootstrap samples.

    The score is the first one of the task with an interval, such as accuracy.

    Several predictions of a piece, with other seeds, are averaged first: whether they are right,
    or for tags their probabilities.

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
    labels = np.stack(a["labels"].tolist())
    values = [np.stack(frame["values"].tolist()) for frame in (a, b)]

    def statistic(rows: np.ndarray) -> float:
        if metrics.values:
            return (values[0][rows, 0] - values[1][rows, 0]).mean()
        scores = [metrics.scores(labels[rows], v[rows])[score] for v in values]
        return scores[0] - scores[1]

    groups = group_numbers(a.reset_index()).tolist()
    interval = grouped_bootstrap(statistic, groups, draws)
    return Comparison(float(statistic(np.arange(len(a)))), interval, len(a), score)


def _by_piece(frame: pd.DataFrame, task: Task) -> pd.DataFrame:
    """A row for each labelled piece: `group`, `label` as text, `labels` and `values` (m,)."""
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
    rows: Any = part.rows.assign(**columns, values=list(values))
    if "group" in identity(frame):
        rows["file"] = rows["group"] + "/" + rows["file"]
    pieces = rows.groupby(PIECE)
    first = pieces[["group", "label", "labels"]].first()
    return first.assign(values=pieces["values"].apply(lambda rows: np.mean(rows.tolist(), axis=0)))
