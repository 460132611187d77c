"""Your own labelled music: files and a CSV of their labels, one column or more for each task."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from symbolic.data.corpora.label_rows import LabelRow, read_rows, task_columns
from symbolic.data.pieces import Label, Piece
from symbolic.tasks import EMOTION, GENRE, MOOD, TAGS, TASKS, VALENCE_AROUSAL, Task

logger = logging.getLogger(__name__)

TABLE = "labels.csv"
NAMED = (GENRE, MOOD, TAGS)
"""Tasks of recordings whose classes are the names in a table."""


def labelled_tasks(recordings: bool = False) -> list[Task]:
    """List the tasks whose labels a table may give: those of whole pieces in `TASKS`.

    Tasks in `NAMED` are left out; for recordings also tasks whose labels follow from notes.
    """
    plane = [EMOTION, VALENCE_AROUSAL]
    others = [
        task
        for task in TASKS.values()
        if task.level == "sequence" and not task.weighted and task not in (*plane, *NAMED)
    ]
    return [*plane, *(task for task in others if not (recordings and task.label))]


def read_labelled(path: str | Path) -> list[Piece]:
    """Read music that is labelled by a CSV; pieces lack the labels that are empty in their row.

    | column | of each file |
    |---|---|
    | path, or file | relative to the folder of the CSV, or to `midi/` in that folder |
    | quadrant | Q1 to Q4, happy, angry, sad, calm, or 1 to 4 |
    | valence, arousal | numbers; if only one is given the other is NaN |
    | key | as in `symbolic.notes.keys.parse_key`: `C major`, `Gb:maj`, `a` |
    | name of another task | a class; of a `multi` task any, separated by `\\|` or `;` |
    | labels of another `regression` task | numbers |
    | group | must stay on one side of a split, for example the song; by default each file |
    | split | `train`, `val` or any other name |

    Tasks are those of `symbolic.tasks.TASKS` for whole pieces, without genre, mood and tags. At
    least one of their columns is required; other columns are ignored, those named after a task of
    notes with a warning. A missing quadrant follows
    from the signs of valence and arousal, unless one of them is 0; but only if the scale of the
    table is -1..1: all values are within, and some are negative (on a scale of 0..1 or 1..9 signs
    mean nothing).

    Args:
        path: the CSV, or the folder with the CSV as `labels.csv`.

    Returns:
        A piece for each row, in order. Its corpus is the name of the folder, its labels are
        `emotion` (0..3), `valence_arousal`, `key` (0..23) and those of other tasks, as far as they
        are given.

    Raises:
        FileNotFoundError: a missing table or file.
        ValueError: missing columns, a label that does not exist, or a file with two rows. The
            message names the CSV and the line.
    """
    tasks = labelled_tasks()
    rows = labelled_rows(path, [column for task in tasks for column in task_columns(task)], "midi")
    labels = read_labels([row for _, row, _ in rows], tasks)
    return labelled_pieces(rows, labels)


def labelled_rows(
    path: str | Path, labels: Sequence[str], beside: str
) -> list[tuple[Path, LabelRow, str]]:
    """Read the rows of a table with a column `path` or `file`.

    Args:
        path: the CSV, or the folder with the CSV as `labels.csv`.
        labels: columns of which at least one is required.
        beside: a folder within that of the table that may also hold files.

    Returns:
        For each row, in order, the file, the row, and the name of the file in the row.

    Raises:
        FileNotFoundError: a missing table or file.
        ValueError: missing columns, or a file with two rows. The message names the CSV and the
            line.
    """
    layout = (
        f"expected is a folder with {TABLE}, or a CSV: a column path (or file) relative to its "
        f"folder or to {beside}/ in there, and any of {', '.join(labels)}, group, split"
    )
    path = Path(path)
    table = path / TABLE if path.is_dir() else path
    if not table.is_file():
        raise FileNotFoundError(f"{table}: not there; {layout}")
    rows = read_rows(table)
    columns = set(rows[0].values)
    named = [name for name in ("path", "file") if name in columns]
    if len(named) != 1:
        what = "both a column path and a column file" if named else "no column path or file"
        raise ValueError(f"{table}: {what}; {layout}")
    for task in TASKS.values():
        if task.level == "token" and task.name.lower() in columns:
            logger.warning(
                "%s: the column %s is ignored: %s has labels of %s, and a row those of a file",
                *(table, task.name.lower(), task.name, "notes" if task.label else "frames"),
            )
    if not columns & set(labels):
        raise ValueError(f"{table}: none of the columns {', '.join(labels)}; {layout}")
    first: dict[Path, int] = {}
    found = []
    for row in rows:
        name = row.text(named[0])
        if not name:
            raise row.error(f"no {named[0]}")
        places = table.parent, table.parent / beside
        file = next((place / name for place in places if (place / name).is_file()), None)
        if file is None:
            raise FileNotFoundError(
                f"{table}, line {row.line}: {name} is neither in {places[0]} nor in {places[1]}"
            )
        if (seen := first.setdefault(file.resolve(), row.line)) != row.line:
            raise row.error(f"{name} has a row already, in line {seen}")
        found.append((file, row, name))
    return found


def read_labels(rows: Sequence[LabelRow], tasks: Sequence[Task]) -> list[dict[str, Label]]:
    """Read the labels of tasks in each row, as far as they are given, by task name.

    A missing quadrant follows from the signs of valence and arousal as in `read_labelled`.

    Raises:
        ValueError: a label that the task does not have.
    """
    plane = np.array([[row.number(name) for name in VALENCE_AROUSAL.labels] for row in rows])
    signed = bool((plane < 0).any() and np.nanmax(np.abs(plane)) <= 1)
    found = []
    for row, (valence, arousal) in zip(rows, plane.tolist(), strict=True):
        labels = {task.name: row.label(task) for task in tasks}
        if labels[EMOTION.name] is None and signed:
            labels[EMOTION.name] = quadrant_of(valence, arousal)
        found.append({name: label for name, label in labels.items() if label is not None})
    return found


def labelled_pieces(
    rows: Sequence[tuple[Path, LabelRow, str]], labels: Sequence[dict[str, Label]]
) -> list[Piece]:
    """Make the pieces of `labelled_rows`; their corpus is the folder of the table, also for `.`."""
    corpus = Path(os.path.abspath(rows[0][1].table)).parent.name
    return [
        Piece(file, row.text("group") or name, values, corpus, row.text("split"))
        for (file, row, name), values in zip(rows, labels, strict=True)
    ]


def quadrant_of(valence: float, arousal: float) -> int | None:
    """Return the quadrant 0..3 of two signed numbers; None if one of them is 0 or NaN."""
    if not (valence and arousal) or np.isnan([valence, arousal]).any():
        return None
    if valence > 0:
        return 0 if arousal > 0 else 3
    return 1 if arousal > 0 else 2
