"""Columns of tables of scores, and their kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from symbolic.tasks import Task

TEXT, NUMBER, COUNT = "text", "number", "count"


PREDICTED = {
    "quadrant": TEXT,
    **dict.fromkeys(("confidence", "q1", "q2", "q3", "q4", "valence", "arousal"), NUMBER),
    **dict.fromkeys(("valence_strength", "arousal_strength", "familiarity"), NUMBER),
}
"""Predictions of emotion, of a piece or of a window."""

SCORES = {
    "path": TEXT,
    **PREDICTED,
    "key": TEXT,
    "key_confidence": NUMBER,
    "mean_velocity": NUMBER,
    "notes": COUNT,
    "seconds": NUMBER,
    "error": TEXT,
}
"""Columns of emotion: a row for each piece."""

REASONS = {"reasons": TEXT}
"""The column beside the others of emotion where predictions are explained."""

KEYS_OVER_TIME = {"keys": TEXT, "written_key": TEXT}
"""The columns beside the others of a piece where keys over time are asked for."""

LOCAL_KEY = {"local_key": TEXT}
"""The column of windows where they are."""

TIMELINE = {
    "path": TEXT,
    "window": COUNT,
    **dict.fromkeys(("start", "end"), NUMBER),
    **dict.fromkeys(("first_bar", "last_bar"), COUNT),
    **PREDICTED,
    "notes": COUNT,
    "error": TEXT,
}
"""Columns of emotion over time: a row for each window of each piece."""


def rows_table(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Make a table of rows, with columns of given kinds; values that a row lacks are missing."""
    import numpy as np
    import pandas as pd

    rows = list(rows)
    table: dict[str, Any] = {}
    for name, kind in columns.items():
        values = [row.get(name, np.nan) for row in rows]
        if kind == NUMBER:
            table[name] = np.array(values, np.float64)
        elif kind == COUNT:
            table[name] = pd.array(values, "Int64")
        else:
            table[name] = values or np.empty(0, object)
    return pd.DataFrame(table)


def task_columns(tasks: Sequence[Task]) -> dict[str, str]:
    """Name the columns of sequence-level tasks.

    Of a task of classes its name (the most probable class) and `<task> confidence`; of every task
    `<task>: <label>`, a probability, or a value of a regression.
    """
    named = {}
    for task in tasks:
        if task.kind == "single":
            named |= {task.name: TEXT, f"{task.name} confidence": NUMBER}
        named |= {f"{task.name}: {label}": NUMBER for label in task.labels}
    return named


def task_values(
    tasks: Sequence[Task], predictions: Mapping[str, np.ndarray], number: int
) -> dict[str, Any]:
    """Fill the columns of `task_columns` for one piece.

    Args:
        tasks: on sequence level.
        predictions: by task, (pieces, K).
        number: of the piece.
    """
    row: dict[str, Any] = {}
    for task in tasks:
        values = predictions[task.name][number]
        if task.kind == "single":
            row[task.name] = task.labels[int(values.argmax())]
            row[f"{task.name} confidence"] = values.max()
        names = (f"{task.name}: {label}" for label in task.labels)
        row.update(zip(names, values, strict=True))
    return row
