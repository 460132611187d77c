"""Tables that label your own files: paths of the files, and their emotion."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from symbolic.data.corpora.label_rows import LabelRow, read_rows

TABLE = "labels.csv"


def labelled_rows(
    path: str | Path, labels: Sequence[str], beside: str, layout: str
) -> list[tuple[Path, LabelRow, str]]:
    """Read the rows of a table with a column `path` or `file`.

    Args:
        path: the CSV, or the folder with the CSV as `labels.csv`.
        labels: columns of which at least one is required.
        beside: a folder within that of the table that may also hold files.
        layout: the expected layout, for error messages.

    Returns:
        For each row, in order, the file, the row, and the name of the file in the row.

    Raises:
        FileNotFoundError: a missing table or file.
        ValueError: missing columns, or a file with two rows. The message names the CSV and the
            line.
    """
    path = Path(path)
    table = path / TABLE if path.is_dir() else path
    if not table.is_file():
        raise FileNotFoundError(f"{table}: not there; {layout}")
    rows = read_rows(table)
    column = _path_column(table, set(rows[0].values), labels, layout)
    first: dict[Path, int] = {}
    found = []
    for row in rows:
        file, name = _found(row, column, beside), row.text(column)
        if (seen := first.setdefault(file.resolve(), row.line)) != row.line:
            raise row.error(f"{name} has a row already, in line {seen}")
        found.append((file, row, name))
    return found


def corpus_name(table: Path) -> str:
    """Return the name of the folder of a table, also for `.`."""
    return Path(os.path.abspath(table)).parent.name


def emotion_labels(rows: Sequence[LabelRow]) -> list[dict[str, int | tuple[float, ...]]]:
    """Read `emotion` and `valence_arousal` of each row, as far as they are given.

    A missing quadrant follows from the signs of valence and arousal as in
    `symbolic.data.read_labelled`.

    Raises:
        ValueError: a value that is not a quadrant, or not a number.
    """
    plane = np.array([[row.number(name) for name in ("valence", "arousal")] for row in rows])
    signed = bool((plane < 0).any() and np.nanmax(np.abs(plane)) <= 1)
    found = []
    for row, (valence, arousal) in zip(rows, plane.tolist(), strict=True):
        quadrant = row.quadrant()
        if quadrant is None and signed:
            quadrant = quadrant_of(valence, arousal)
        labels: dict[str, int | tuple[float, ...]] = {}
        if quadrant is not None:
            labels["emotion"] = quadrant
        if not np.isnan([valence, arousal]).all():
            labels["valence_arousal"] = (valence, arousal)
        found.append(labels)
    return found


def quadrant_of(valence: float, arousal: float) -> int | None:
    """Return the quadrant 0..3 of two signed numbers; None if one of them is 0 or NaN."""
    if not (valence and arousal) or np.isnan([valence, arousal]).any():
        return None
    if valence > 0:
        return 0 if arousal > 0 else 3
    return 1 if arousal > 0 else 2


def _path_column(table: Path, columns: set[str], labels: Sequence[str], layout: str) -> str:
    named = [name for name in ("path", "file") if name in columns]
    if len(named) != 1:
        what = "both a column path and a column file" if named else "no column path or file"
        raise ValueError(f"{table}: {what}; {layout}")
    if not columns & set(labels):
        raise ValueError(f"{table}: none of the columns {', '.join(labels)}; {layout}")
    return named[0]


def _found(row: LabelRow, column: str, beside: str) -> Path:
    name, folder = row.text(column), row.table.parent
    if not name:
        raise row.error(f"no {column}")
    for place in (folder, folder / beside):
        if (place / name).is_file():
            return place / name
    raise FileNotFoundError(
        f"{row.table}, line {row.line}: {name} is neither in {folder} nor in {folder / beside}"
    )
