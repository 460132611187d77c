"""Reports of results: files for machines, tables and plots."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symbolic.evaluation.comparison import Comparison
from symbolic.evaluation.summary import Summary, labelled
from symbolic.evaluation.tables import confusion_tables, results_table
from symbolic.reports.confusion import confusion_plot
from symbolic.reports.plots import reliability_plot
from symbolic.tasks import Task
from symbolic.training.run_folder import METRICS

if TYPE_CHECKING:
    import pandas as pd

CONFUSION = "confusion.csv"
CONFUSION_PLOT = "confusion.png"
RELIABILITY_PLOT = "reliability.png"
RESULTS = "results.md"
_LIMITED_CHANGES = {
    "velocity": "velocities were perturbed in the {} pieces with dynamics",
    "drums": "drums were dropped in the {} pieces with drums",
}
"""Notes on `symbolic.evaluation.robustness.LIMITED` kinds of perturbation."""


def write_report(
    folder: str | Path,
    frames: Mapping[str, pd.DataFrame],
    summaries: Mapping[str, Summary],
    differences: Mapping[str, Comparison] | None = None,
    reference: str = "",
) -> None:
    """Write the results of one or several systems into a folder.

    `results.md` holds the table of all systems, their protocols and confusion matrices. Beside it,
    or with several systems in a subfolder for each, lie `metrics.json` (`Summary.to_dict`) and, for
    a task of classes, `confusion.csv`, `confusion.png` and `reliability.png`; with several such
    tasks the names of all but the first contain that of the task.

    Args:
        folder: created if missing; files of these names in it are overwritten.
        frames: predictions by name of the system; see `symbolic.inference.prediction_table`.
        summaries: by name.
        differences: by name, comparisons with the reference.
        reference: name of the system that `differences` compare with.

    Raises:
        ValueError: no system, or names with the same subfolder.
    """
    if not frames:
        raise ValueError("no system to report")
    folder = Path(folder)
    places = {name: folder / _file_name(name) if len(frames) > 1 else folder for name in frames}
    if len({str(place).casefold() for place in places.values()}) < len(frames) > 1:
        raise ValueError(f"two of these names make the same folder: {', '.join(frames)}")
    for name, frame in frames.items():
        write_system(places[name], frame, summaries[name], name)
    text = [results_table(summaries, differences, reference), *_notes(summaries)]
    text += confusion_tables(summaries)
    (folder / RESULTS).write_text("\n\n".join(["# Results", *text]) + "\n", encoding="utf-8")


def write_system(
    folder: str | Path,
    frame: pd.DataFrame,
    summary: Summary,
    name: str = "",
    baselines: Mapping[str, Summary] | None = None,
) -> None:
    """Write `metrics.json` and, for tasks of classes, confusion and reliability.

    The folder is created if missing; the name of the system is in the titles of the plots. Scores
    and intervals of baselines on the same pieces are in `metrics.json`, for the model card.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    values = summary.to_dict()
    if baselines:
        kept = ("scores", "intervals")
        found = {baseline: one.to_dict() for baseline, one in baselines.items()}
        values["baselines"] = {b: {key: one[key] for key in kept} for b, one in found.items()}
    metrics = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / METRICS).write_text(metrics + "\n", encoding="utf-8")
    tasks = [task for task in summary.tasks if task.name in summary.confusion]
    for number, task in enumerate(tasks):
        suffix = f"-{task.name}" if number else ""
        paths = [
            folder / file.replace(".", f"{suffix}.")
            for file in (CONFUSION, CONFUSION_PLOT, RELIABILITY_PLOT)
        ]
        matrix, part = summary.confusion[task.name], labelled(frame, task)
        _write_confusion(matrix, task, paths[0])
        confusion_plot(matrix, paths[1], name, task.labels)
        reliability_plot(part.labels, part.predictions, paths[2], name)


def _write_confusion(matrix: np.ndarray, task: Task, path: Path) -> None:
    import pandas as pd

    whole = np.allclose(matrix, np.round(matrix), atol=1e-6)
    table = pd.DataFrame(
        np.round(matrix).astype(int) if whole else matrix,
        index=pd.Index(task.labels, name="true"),
        columns=pd.Index(task.labels),
    )
    table.to_csv(path, lineterminator="\n")


def estimate_notes(summaries: Iterable[Summary]) -> list[str]:
    """Say which figures are an agreement with estimates, since the labels are none of the table."""
    return [
        f"The true {name} is an estimate from the notes where a table has none: its figures are an "
        "agreement with these estimates, not an accuracy."
        for name in dict.fromkeys(name for one in summaries for name in one.estimated)
    ]


def _notes(summaries: Mapping[str, Summary]) -> list[str]:
    notes = ["Intervals are 95 %, from drawing groups with replacement."]
    if any("valence_r_same_notes" in summary.scores for summary in summaries.values()):
        notes.append(
            "Correlations (r) of valence and arousal: over pieces; of the differences of pieces "
            "from the mean of all performances of the same notes; and of these means. Their "
            "intervals are from drawing sets of performances of the same notes."
        )
    notes += estimate_notes(summaries.values())
    if any(summary.over_folds for summary in summaries.values()):
        notes[0] += " Over folds: mean ± standard deviation."
    protocols = dict.fromkeys(summary.protocol for summary in summaries.values())
    if len(protocols) == 1:
        notes += [f"Protocol: {text}." for text in protocols if text]
    else:
        notes += [
            f"Protocol of {name}: {s.protocol}." for name, s in summaries.items() if s.protocol
        ]
    for name, summary in summaries.items():
        for kind, change in _LIMITED_CHANGES.items():
            perturbed = summary.robustness.get(f"{kind}_pieces")
            if perturbed and perturbed < summary.robustness.get("pieces", perturbed):
                notes.append(f"{name}: {change.format(f'{perturbed:.0f}')}.")
    return notes


def _file_name(name: str) -> str:
    safe = re.sub(r"[^\w+=.-]+", "_", name).strip("_.")
    if not safe:
        raise ValueError(f"no folder can be named after the system {name!r}")
    return safe
