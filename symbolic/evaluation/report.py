"""Reports: what systems scored, as files to keep, to read and to print."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symbolic.evaluation.comparison import compare
from symbolic.evaluation.summary import Summary, summarise
from symbolic.evaluation.tables import confusion_table, results_table
from symbolic.inference.prediction_table import PROBABILITIES, labelled, true_quadrants
from symbolic.reports.plots import confusion_plot, reliability_plot
from symbolic.tasks import QUADRANTS
from symbolic.tasks.intervals import DRAWS
from symbolic.training.run_folder import METRICS

if TYPE_CHECKING:
    import pandas as pd

CONFUSION = "confusion.csv"
CONFUSION_PLOT = "confusion.png"
RELIABILITY_PLOT = "reliability.png"
RESULTS = "results.md"


def write_report(
    folder: str | Path,
    frames: Mapping[str, pd.DataFrame],
    summaries: Mapping[str, Summary] | None = None,
    reference: str | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Summary]:
    """Write what is known of one or several systems into a folder.

    `results.md` holds the table of all systems, their protocols and confusion matrices. Beside it,
    or with several systems in a subfolder for each, lie `metrics.json` (`Summary.to_dict`) and,
    where quadrants were predicted, `confusion.csv`, `confusion.png` and `reliability.png`.

    Args:
        folder: made where it is missing; files of these names in it are written over.
        frames: predictions by name of the system, as `symbolic.inference.prediction_table`
            describes them.
        summaries: by name, where they are known already, or have a protocol, a leak or robustness
            to tell; the others are made here.
        reference: the system that the others are compared with, piece by piece; all must have
            predicted the same pieces then.
        draws: bootstrap samples.
        seed: of the draws.

    Returns:
        The summary of each system.

    Raises:
        ValueError: no system, a reference that is none of them, names that make the same subfolder,
            or predictions that are not as described.
    """
    if not frames:
        raise ValueError("no system to report")
    if reference is not None and reference not in frames:
        raise ValueError(f"reference {reference!r} is none of {', '.join(frames)}")
    folder = Path(folder)
    places = {name: folder / _file_name(name) if len(frames) > 1 else folder for name in frames}
    if len({str(place).casefold() for place in places.values()}) < len(frames) > 1:
        raise ValueError(f"two of these names make the same folder: {', '.join(frames)}")
    known = summaries or {}
    summaries = {
        name: known[name] if name in known else summarise(frame, draws, seed)
        for name, frame in frames.items()
    }
    differences = {
        name: compare(frame, frames[reference], draws, seed)
        for name, frame in frames.items()
        if reference is not None and name != reference
    }
    for name, frame in frames.items():
        write_system(places[name], frame, summaries[name], name)
    text = [results_table(summaries, differences, reference or ""), *_notes(summaries)]
    matrices = [
        confusion_table(summary.confusion, name)
        for name, summary in summaries.items()
        if summary.confusion is not None
    ]
    if matrices:
        text += ["Rows are true quadrants, columns predicted ones.", *matrices]
    (folder / RESULTS).write_text("\n\n".join(["# Results", *text]) + "\n", encoding="utf-8")
    return summaries


def write_system(folder: str | Path, frame: pd.DataFrame, summary: Summary, name: str = "") -> None:
    """Write `metrics.json` and, where quadrants were predicted, their confusion and reliability.

    Args:
        folder: made where it is missing.
        frame: the predictions that were summarised.
        summary: of them.
        name: of the system, in the titles of the pictures.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    metrics = json.dumps(summary.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    (folder / METRICS).write_text(metrics + "\n", encoding="utf-8")
    if summary.confusion is None:
        return
    _write_confusion(summary.confusion, folder / CONFUSION)
    title = f"{name} (LEAKING)" if summary.leaks else name
    confusion_plot(summary.confusion, folder / CONFUSION_PLOT, title)
    rows = frame[labelled(frame)]
    reliability_plot(
        true_quadrants(rows), rows[PROBABILITIES].to_numpy(float), folder / RELIABILITY_PLOT, title
    )


def _write_confusion(matrix: np.ndarray, path: Path) -> None:
    import pandas as pd

    whole = np.allclose(matrix, np.round(matrix), atol=1e-6)
    table = pd.DataFrame(
        np.round(matrix).astype(int) if whole else matrix,
        index=pd.Index(QUADRANTS, name="true"),
        columns=QUADRANTS,
    )
    table.to_csv(path, lineterminator="\n")


def _notes(summaries: Mapping[str, Summary]) -> list[str]:
    notes = ["Intervals are 95 %, from drawing groups with replacement."]
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
        asked = summary.robustness.get("velocity_pieces")
        if asked is not None and asked < summary.robustness.get("pieces", asked):
            notes.append(
                f"{name}: other velocities were tried on the {asked:.0f} pieces with dynamics."
            )
    return notes


def _file_name(name: str) -> str:
    safe = re.sub(r"[^\w+=.-]+", "_", name).strip("_.")
    if not safe:
        raise ValueError(f"no folder can be named after the system {name!r}")
    return safe
