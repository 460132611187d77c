"""Evaluation of models of audio: what they said of the recordings that they held out, pooled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symbolic.configuration import SymbolicConfig
from symbolic.evaluation.summary import Interval
from symbolic.evaluation.tables import markdown
from symbolic.inference.audio_predictions import read_audio_rows, truth_and_answers
from symbolic.inference.prediction_table import assert_folds
from symbolic.structure.detection import TOLERANCES, predicted_column, read_times
from symbolic.tasks import IGNORE, Task
from symbolic.tasks.boundary_metrics import boundary_scores
from symbolic.tasks.intervals import DRAWS, grouped_bootstraps
from symbolic.tasks.tag_metrics import class_metrics, tag_metrics, value_metrics
from symbolic.training.run_folder import PREDICTIONS

if TYPE_CHECKING:
    import pandas as pd

METRICS = {"single": class_metrics, "multi": tag_metrics}
INTERVALS = ("accuracy", "macro_f1", "roc_auc", "pr_auc")
NAMED = ("corpus", "group", "file")


@dataclass(frozen=True)
class AudioSummary:
    """What was scored of one task.

    Attributes:
        task: the task.
        recordings: with a label.
        groups: artists or songs.
        folds: how many, over all seeds.
        scores: as `class_metrics`, `tag_metrics` or `value_metrics` name them; of several seeds,
            their mean.
        intervals: 95 %, from drawing groups, of those of `INTERVALS` that there are.
        confusion: (K, K) of a task of classes, rows true; a recording counts once for each seed.
    """

    task: Task
    recordings: int
    groups: int
    folds: int
    scores: dict[str, float]
    intervals: dict[str, Interval]
    confusion: np.ndarray | None


def evaluate_audio(folders: Sequence[str | Path], draws: int = DRAWS) -> list[AudioSummary]:
    """What several runs, folds or seeds of one protocol, score together.

    Args:
        folders: as `symbolic.training.audio.train_audio` leaves them.
        draws: bootstrap samples.

    Raises:
        FileNotFoundError: a folder that is no run, or that has held nothing out.
        ValueError: models of different tasks.
        LeakError: a group that two models of one seed have predicted.
    """
    import pandas as pd

    tasks = [SymbolicConfig.from_pretrained(folder).task_specs for folder in folders]
    if len(set(tasks)) > 1:
        raise ValueError("these models have different tasks")
    frames = {
        f"{folder} ({number})": read_audio_rows(Path(folder) / PREDICTIONS)
        for number, folder in enumerate(folders, 1)
    }
    assert_folds(frames)
    frame = pd.concat(frames.values(), ignore_index=True)
    return [
        (summarise_audio if task.level == "sequence" else summarise_boundaries)(frame, task, draws)
        for task in tasks[0]
    ]


def summarise_audio(frame: pd.DataFrame, task: Task, draws: int = DRAWS) -> AudioSummary:
    """The scores of one task in a table of predictions.

    Raises:
        ValueError: no recording has a label of it.
    """
    labels, answers = truth_and_answers(frame, task)
    single = task.kind == "single"
    known = labels != IGNORE if single else ~np.isnan(labels).all(axis=1)
    if not known.any():
        raise ValueError(f"no recording has a label of {task.name}")
    labels, answers, frame = labels[known], answers[known], frame[known]
    metrics: Callable = METRICS.get(task.kind) or partial(value_metrics, names=task.labels)
    seeds = [(frame["seed"] == seed).to_numpy() for seed in sorted(frame["seed"].unique())]

    def scores(rows: np.ndarray) -> dict[str, float]:
        each = [metrics(labels[rows & one], answers[rows & one]) for one in seeds]
        numbers = [{k: v for k, v in one.items() if isinstance(v, float)} for one in each]
        return {name: float(np.mean([one[name] for one in numbers])) for name in numbers[0]}

    whole = scores(np.ones(len(labels), bool))
    names = frame["corpus"] + ": " + frame["group"].astype(str)

    drawn = [name for name in INTERVALS if name in whole]

    def statistics(rows: np.ndarray) -> list[float]:
        found = metrics(labels[rows], answers[rows])
        return [found[name] for name in drawn]

    intervals = grouped_bootstraps(statistics, names, draws).T if drawn else []
    return AudioSummary(
        task,
        len(frame[[*NAMED]].drop_duplicates()),
        names.nunique(),
        len(frame[["fold", "seed"]].drop_duplicates()),
        whole,
        {
            name: (float(low), float(high))
            for name, (low, high) in zip(drawn, intervals, strict=True)
        },
        np.asarray(metrics(labels, answers)["confusion"]) if single else None,
    )


def summarise_boundaries(frame: pd.DataFrame, task: Task, draws: int = DRAWS) -> AudioSummary:
    """The scores of boundaries in a table of predictions: means over pieces.

    What is said of each window was found with the threshold for it. `trimmed` is F1 without the
    beginning and the end of pieces.

    Raises:
        ValueError: a table without boundaries, or of which no piece has any.
    """
    columns = {name: predicted_column(name) for name in map("{:g}".format, TOLERANCES)}
    if task.name not in frame or not set(columns.values()) <= set(frame):
        raise ValueError(f"the table has no answers to {task.name}")
    frame = frame[frame[task.name].notna()]
    if frame.empty:
        raise ValueError(f"no recording has a label of {task.name}")
    truth = [read_times(text) for text in frame[task.name]]
    each: dict[str, list[float]] = {}
    for window, column in columns.items():
        for reference, text in zip(truth, frame[column], strict=True):
            both = (reference, read_times(text), (float(window),))
            scores = boundary_scores(*both)
            scores[f"f_{window} trimmed"] = boundary_scores(*both, trim=True)[f"f_{window}"]
            for name, score in scores.items():
                each.setdefault(name, []).append(score)
    table = {name: np.array(scores) for name, scores in each.items()}
    names = frame["corpus"] + ": " + frame["group"].astype(str)
    drawn = [f"f_{window}" for window in columns]
    intervals = grouped_bootstraps(
        lambda rows: [table[name][rows].mean() for name in drawn], names, draws
    ).T
    deviations = {f"{name} deviation": float(table[name].std()) for name in drawn}
    return AudioSummary(
        task,
        len(frame[[*NAMED]].drop_duplicates()),
        names.nunique(),
        len(frame[["fold", "seed"]].drop_duplicates()),
        {**{name: float(scores.mean()) for name, scores in table.items()}, **deviations},
        {n: (float(low), float(high)) for n, (low, high) in zip(drawn, intervals, strict=True)},
        None,
    )


def audio_table(summaries: dict[str, AudioSummary]) -> str:
    """Markdown: a row for each system, with 95 % intervals where there are any."""
    columns = list(dict.fromkeys(name for one in summaries.values() for name in one.scores))
    head = ["system", "recordings (groups)", "folds", *(c.replace("_", " ") for c in columns)]
    rows = []
    for name, one in summaries.items():
        cells = [name, f"{one.recordings} ({one.groups})", str(one.folds)]
        for column in columns:
            text = f"{one.scores[column]:.3f}" if column in one.scores else ""
            if column in one.intervals:
                text += " [{:.3f}, {:.3f}]".format(*one.intervals[column])
            cells.append(text)
        rows.append(cells)
    return markdown(head, rows)
