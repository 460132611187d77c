"""Labels of pieces as columns of a table, and labels that follow from the notes."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from symbolic.data.pieces import Label, Piece
from symbolic.notes import NoteTable
from symbolic.tasks import EMOTION, IGNORE, KEY, TASKS, Task

RESERVED_COLUMNS = frozenset(
    ("path", "group", "corpus", "split", "input_ids", "length", "dropped", "features")
)
"""Columns that no label can be called."""


def derived_tasks(level: Literal["sequence", "token"]) -> list[Task]:
    """List the tasks of `TASKS` at a level whose labels follow from the notes."""
    return [task for task in TASKS.values() if task.label is not None and task.level == level]


def derived_labels(notes: NoteTable, known: Container[str] = ()) -> dict[str, Label]:
    """Compute the labels of a piece that follow from its notes and are not known, by task name."""
    return {
        task.name: checked_label(task, task.label(notes))
        for task in derived_tasks("sequence")
        if task.label is not None and task.name not in known
    }


def estimated_tasks(pieces: Iterable[Piece]) -> tuple[str, ...]:
    """Name the tasks whose label is an estimate for one of the pieces: the key, if it has none."""
    return (KEY.name,) if any(KEY.name not in piece.labels for piece in pieces) else ()


def checked_label(task: Task, label: Any, notes: int = 0) -> Any:
    """Return a label, or labels of notes, that a task derives from notes.

    Args:
        task: the task.
        label: what its label function returned.
        notes: at token level, how many notes there are.

    Raises:
        ValueError: not a class that the task has, not numbers, or labels of another shape; the
            message names the task.
    """
    classes = f"labels are class indices, 0 to {task.num_labels - 1}, or {IGNORE} for none"
    try:
        values = np.asarray(label, None if task.kind == "single" else float)
    except (TypeError, ValueError) as error:
        raise _label_error(task, f"{label!r}, not numbers") from error
    expected = task.empty_labels(*([notes] if task.level == "token" else [])).shape
    if values.shape != tuple(expected):
        if task.level == "token" and values.shape[:1] != (notes,):
            count = len(values) if values.ndim else 1
            raise _label_error(task, f"{count} labels for {notes} notes")
        raise _label_error(task, f"labels of shape {values.shape}, not {tuple(expected)}")
    if task.kind == "single":
        if values.dtype.kind not in "biuf":
            raise _label_error(task, f"{values.ravel().tolist()[0]!r}, and {classes}")
        known = (values >= 0) & (values < task.num_labels) & (values == np.floor(values))
        wrong = values[~known & (values != IGNORE)]
        if wrong.size:
            raise _label_error(task, f"class {wrong.flat[0]}, and {classes}")
    return label


def _label_error(task: Task, what: str) -> ValueError:
    """Make the error of a label function that gives something else than labels."""
    return ValueError(f"task {task.name!r}: its label function gives {what}")


def any_label(values: Any) -> bool:
    """Whether any of class ids or numbers, of any shape, is a label: neither -100 nor NaN."""
    values = np.asarray(values)
    known = ~np.isnan(values) if values.dtype.kind == "f" else values != IGNORE
    return bool(known.any())


def token_labels(task: Task, notes: NoteTable, positions: np.ndarray) -> np.ndarray:
    """Place the labels of notes at their tokens.

    Args:
        task: one of `derived_tasks` at token level.
        notes: n notes.
        positions: (T,) bool, n tokens that stand for the notes; or none, where tokens cannot be
            tied to notes.

    Returns:
        (T,) int64 or (T, K) float32, -100 or NaN for tokens without a label.
    """
    labels = task.empty_labels(len(positions)).numpy()
    if task.label is not None and positions.any():
        labels[positions] = checked_label(task, task.label(notes), len(notes))
    return labels


def token_dtype(task: Task) -> np.dtype:
    """The type in which token labels of a task are stored: int8, int16 or float32."""
    if task.kind != "single":
        return np.dtype(np.float32)
    return np.dtype(np.int8 if task.num_labels <= np.iinfo(np.int8).max else np.int16)


def reserved_columns() -> set[str]:
    """Names of all columns that are not labels of pieces."""
    return {*RESERVED_COLUMNS, *(task.name for task in derived_tasks("token"))}


def label_columns(pieces: Sequence[Piece]) -> dict[str, int | None]:
    """Find the columns for the labels of pieces; quadrant and derived labels are always there.

    Returns:
        By task name, None for class ids, else the number of values.

    Raises:
        ValueError: labels of one name and two kinds, or a name that another column has.
    """
    columns: dict[str, int | None] = {EMOTION.name: None}
    for task in derived_tasks("sequence"):
        columns[task.name] = None if task.kind == "single" else task.num_labels
    reserved = reserved_columns()
    for piece in pieces:
        for name, label in piece.labels.items():
            width = len(label) if isinstance(label, Sequence) else None
            if name in reserved:
                raise ValueError(f"{piece.path}: no label of a piece can be called {name!r}")
            if columns.setdefault(name, width) != width:
                raise ValueError(f"{piece.path}: its label {name!r} is {label!r}, others are not")
    return columns


def label_values(
    columns: Mapping[str, int | None], labels: Mapping[str, Label]
) -> dict[str, int | list[float]]:
    """Fill every column with the label of a piece; -100 or NaN if it has none."""
    values: dict[str, int | list[float]] = {}
    for name, width in columns.items():
        label = labels.get(name)
        if width is None:
            values[name] = IGNORE if label is None else int(np.asarray(label))
        else:
            values[name] = (
                np.full(width, np.nan).tolist() if label is None else np.asarray(label).tolist()
            )
    return values
