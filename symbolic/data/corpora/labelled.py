"""Your own labelled music: files and a CSV of their labels, one column or more for each task."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from symbolic.data.corpora.label_rows import LabelRow, read_rows, task_columns
from symbolic.data.groups import first_of
from symbolic.data.pieces import Label, Piece
from symbolic.notes.sources import display_name
from symbolic.tasks import EMOTION, GENRE, MOOD, TAGS, TASKS, VALENCE_AROUSAL, Task

logger = logging.getLogger(__name__)

TABLE = "labels.csv"
OTHER_NAMES = {"file": "path", "song": "group", "emotion": "quadrant"}
"""Other names of columns, by which a table may call them; a table has one of the two."""

TOGETHER = ("artist", "composer", "work", "piece", "album", "game")
"""Columns that are not used, but that may say which files belong together."""

SUGGESTED = 3  # tables, at most
MOST_SPLITS = 12
"""Different values of a column of splits: ten folds, and two."""

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


def read_labelled(path: str | Path, split: str = "split") -> list[Piece]:
    """Read music that is labelled by a CSV; pieces lack the labels that are empty in their row.

    | column | of each file |
    |---|---|
    | path, or file | relative to the folder of the CSV, or to `midi/` in that folder |
    | quadrant, or emotion | Q1 to Q4, happy, angry, sad, calm, or 1 to 4 |
    | valence, arousal | numbers, best of -1 to 1; if only one is given the other is NaN |
    | key | as in `symbolic.notes.keys.parse_key`: `C major`, `Gb:maj`, `a` |
    | name of another task | a class; of a `multi` task any, separated by `\\|` or `;` |
    | labels of another `regression` task | numbers |
    | group, or song | stays on one side of a split, for example a song; by default each file |
    | split | `train`, `val` or any other name, at most 12 of them |

    Tasks are those of `symbolic.tasks.TASKS` for whole pieces, without genre, mood and tags. At
    least one of their columns is required. A line on stderr names other columns, which are not
    used, and says if there is no group. A missing quadrant follows
    from the signs of valence and arousal, unless one of them is 0; but only if the scale of the
    table is -1..1: all values are within, and some are negative (on a scale of 0..1 or 1..9 signs
    mean nothing).

    Args:
        path: the CSV, separated by commas, semicolons or tabs, or the folder with the CSV as
            `labels.csv`.
        split: column of the split.

    Returns:
        A piece for each row, in order. Its corpus is the name of the folder, its labels are
        `emotion` (0..3), `valence_arousal`, `key` (0..23) and those of other tasks, as far as they
        are given.

    Raises:
        FileNotFoundError: a missing table or file.
        ValueError: missing columns, two columns of which one is another name of the other, a label
            that does not exist, a file with two rows, or too many splits. The message names the CSV
            and the line.
    """
    tasks = labelled_tasks()
    columns = [column for task in tasks for column in task_columns(task)]
    rows = labelled_rows(path, columns, "midi", split)
    labels = read_labels([row for _, row, _ in rows], tasks)
    return labelled_pieces(rows, labels, split)


def labelled_rows(
    path: str | Path, labels: Sequence[str], beside: str, split: str = "split"
) -> list[tuple[Path, LabelRow, str]]:
    """Read the rows of a table with a column `path` or `file`.

    Columns with one of `OTHER_NAMES` have their usual name in the rows.

    Args:
        path: the CSV, or the folder with the CSV as `labels.csv`.
        labels: columns of which at least one is required.
        beside: a folder within that of the table that may also hold files.
        split: column of the split.

    Returns:
        For each row, in order, the file, the row, and the name of the file in the row.

    Raises:
        FileNotFoundError: a missing table or file.
        ValueError: missing columns, two names of one column, a file with two rows, or more than
            `MOST_SPLITS` splits. The message names the CSV and the line.
    """
    names = [f"{name} (or emotion)" if name == "quadrant" else name for name in labels]
    layout = (
        f"expected is a folder with {TABLE}, or a CSV: a column path (or file) relative to its "
        f"folder or to {beside}/ in there, and any of {', '.join(names)}, group (or song), split"
    )
    path = Path(path)
    table = path / TABLE if path.is_dir() else path
    if not table.is_file():
        raise FileNotFoundError(f"{table}: not there{other_tables(path)}; {layout}")
    rows = read_rows(table)
    there = f"it has the columns {', '.join(rows[0].values)}"
    for other, usual in OTHER_NAMES.items():
        if {other, usual} <= rows[0].values.keys():
            raise ValueError(
                f"{table}: both a column {usual} and a column {other}, which is another name of "
                f"it; {there}"
            )
    given = dict(zip(map(_usual, rows[0].values), rows[0].values, strict=True))
    rows = [replace(row, values=dict(zip(given, row.values.values(), strict=True))) for row in rows]
    columns = set(given)
    if "path" not in columns:
        raise ValueError(f"{table}: no column path or file; {there}; {layout}")
    for task in TASKS.values():
        if task.level == "token" and task.name.lower() in columns:
            logger.warning(
                "%s: the column %s is ignored: %s has labels of %s, and a row those of a file",
                *(table, task.name.lower(), task.name, "notes" if task.label else "frames"),
            )
    if not columns & set(labels):
        raise ValueError(f"{table}: none of the columns {', '.join(names)}; {there}; {layout}")
    ignored = {task.name.lower() for task in TASKS.values() if task.level == "token"}
    used = {"path", "group", split.lower(), *labels, *ignored}
    _report_columns(table, "group" in columns, tuple(name for name in given if name not in used))
    _check_splits(table, [row.text(split.lower()) for row in rows])
    first: dict[Path, int] = {}
    found = []
    for row in rows:
        name = row.text("path")
        if not name:
            raise row.error(f"no {given['path']}")
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


def _usual(column: str) -> str:
    """Return the usual name of a column."""
    return OTHER_NAMES.get(column, column)


@cache  # one line for each table, however often it is read
def _report_columns(table: Path, has_group: bool, unused: tuple[str, ...]) -> None:
    """Say which columns are not used, and what follows from a missing group."""
    lines = [] if has_group else ["no column group or song: each file is its own group"]
    if unused:
        lines.append(f"columns not used: {', '.join(unused)}")
    if not has_group and (may := [name for name in unused if name in TOGETHER]):
        lines.append(f"to keep the files of one {may[0]} together, call that column group")
    if lines:
        logger.warning("%s: %s", table, "; ".join(lines))


@cache  # one line for each table, however often it is read
def _report_scale(table: Path, least: float, most: float) -> None:
    """Say that valence and arousal are on a scale of their own."""
    logger.warning(
        "%s: valence and arousal reach from %g to %g: predictions will be on this scale; those of "
        "this package are on -1 to 1",
        table,
        least,
        most,
    )


def _check_splits(table: Path, splits: Sequence[str]) -> None:
    """Refuse a column of splits with more than `MOST_SPLITS` different values."""
    values = sorted(set(splits) - {""})
    if len(values) > MOST_SPLITS:
        raise ValueError(
            f"{table}: the column split has {len(values)} different values, {first_of(values)}; "
            f"splits are train, val, test or other names, at most {MOST_SPLITS}. Files that belong "
            "together have the same name in the column group"
        )


def other_tables(path: str | Path) -> str:
    """Ask for the CSV files in a folder that has no `labels.csv`: `; did you mean a/b.csv?`."""
    path = Path(path)
    found = sorted(file for file in path.glob("*") if file.suffix.lower() == ".csv")
    names = [display_name(file) for file in found[:SUGGESTED]]
    return f"; did you mean {' or '.join(names)}?" if names else ""


def read_labels(rows: Sequence[LabelRow], tasks: Sequence[Task]) -> list[dict[str, Label]]:
    """Read the labels of tasks in each row, as far as they are given, by task name.

    A missing quadrant follows from the signs of valence and arousal as in `read_labelled`.

    Raises:
        ValueError: a label that the task does not have.
    """
    plane = np.array([[row.number(name) for name in VALENCE_AROUSAL.labels] for row in rows])
    known = plane[~np.isnan(plane)]
    signed = bool((known < 0).any() and np.abs(known).max() <= 1)
    if len(known) and np.abs(known).max() > 1:
        _report_scale(rows[0].table, float(known.min()), float(known.max()))
    found = []
    for row, (valence, arousal) in zip(rows, plane.tolist(), strict=True):
        labels = {task.name: row.label(task) for task in tasks}
        if labels[EMOTION.name] is None and signed:
            labels[EMOTION.name] = quadrant_of(valence, arousal)
        found.append({name: label for name, label in labels.items() if label is not None})
    return found


def labelled_pieces(
    rows: Sequence[tuple[Path, LabelRow, str]],
    labels: Sequence[dict[str, Label]],
    split: str = "split",
) -> list[Piece]:
    """Make the pieces of `labelled_rows`; their corpus is the folder of the table, also for `.`."""
    corpus = Path(os.path.abspath(rows[0][1].table)).parent.name
    return [
        Piece(file, row.text("group") or name, values, corpus, row.text(split.lower()))
        for (file, row, name), values in zip(rows, labels, strict=True)
    ]


def quadrant_of(valence: float, arousal: float) -> int | None:
    """Return the quadrant 0..3 of two signed numbers; None if one of them is 0 or NaN."""
    if not (valence and arousal) or np.isnan([valence, arousal]).any():
        return None
    if valence > 0:
        return 0 if arousal > 0 else 3
    return 1 if arousal > 0 else 2
