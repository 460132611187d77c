"""One's own labelled music: files and a CSV of what is known of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from symbolic.data.label_rows import LabelRow, read_rows
from symbolic.data.pieces import Piece

TABLE = "labels.csv"
LABELS = ("quadrant", "valence", "arousal", "key")
LAYOUT = (
    f"labelled music is a folder with {TABLE}, or a CSV: a column path (or file) relative to its "
    f"folder or to midi/ in there, and any of {', '.join(LABELS)}, group, split"
)


def read_labelled(path: str | Path) -> list[Piece]:
    """Music that a CSV labels; a value that is missing is a label that the piece lacks.

    | column | of each file |
    |---|---|
    | path, or file | where it is, from the folder of the CSV, or from `midi/` in that folder |
    | quadrant | Q1 to Q4, happy, angry, sad, calm, or 1 to 4 |
    | valence, arousal | numbers; where only one is known the other is NaN |
    | key | as `symbolic.keys.parse_key` reads it: `C major`, `Gb:maj`, `a` |
    | group | what must not cross a split, a song for example; each file on its own by default |
    | split | `train`, `val` or any other name |

    At least one of quadrant, valence, arousal and key must be there; other columns are passed over.
    Where a row has no quadrant, it follows from the signs of valence and arousal, unless one of
    them is 0; but only in a table whose scale is -1..1: no value is beyond, and some are negative
    (on a scale of 0..1 or 1..9 the signs say nothing).

    Args:
        path: the CSV, or the folder that holds it as `labels.csv`.

    Returns:
        A piece for each row, in order. Its corpus is the name of the folder, its labels are
        `emotion` (0..3), `valence_arousal` and `key` (0..23), as far as they are known.

    Raises:
        FileNotFoundError: no such table, or a file that is missing.
        ValueError: columns that do not suffice, a label that does not exist, or a file that has two
            rows. Each message names the CSV, and the line where there is one.
    """
    path = Path(path)
    table = path / TABLE if path.is_dir() else path
    if not table.is_file():
        raise FileNotFoundError(f"{table}: not there; {LAYOUT}")
    rows = read_rows(table)
    named = _path_column(table, set(rows[0].values))
    plane = np.array([[row.number(name) for name in ("valence", "arousal")] for row in rows])
    signed = bool((plane < 0).any() and np.nanmax(np.abs(plane)) <= 1)
    corpus = Path(os.path.abspath(table)).parent.name  # of `.` too
    first: dict[Path, int] = {}
    pieces = []
    for row, (valence, arousal) in zip(rows, plane, strict=True):
        file = _found(row, named)
        if (seen := first.setdefault(file.resolve(), row.line)) != row.line:
            raise row.error(f"{row.text(named)} has a row already, in line {seen}")
        quadrant, key = row.quadrant(), row.key()
        if quadrant is None and signed:
            quadrant = quadrant_of(valence, arousal)
        labels: dict[str, int | tuple[float, ...]] = {}
        if quadrant is not None:
            labels["emotion"] = quadrant
        if not np.isnan([valence, arousal]).all():
            labels["valence_arousal"] = (float(valence), float(arousal))
        if key is not None:
            labels["key"] = key
        group = row.text("group") or row.text(named)
        pieces.append(Piece(file, group, labels, corpus, row.text("split")))
    return pieces


def quadrant_of(valence: float, arousal: float) -> int | None:
    """The quadrant 0..3 of two signed numbers; None where one of them is 0 or NaN."""
    if not (valence and arousal) or np.isnan([valence, arousal]).any():
        return None
    if valence > 0:
        return 0 if arousal > 0 else 3
    return 1 if arousal > 0 else 2


def _path_column(table: Path, columns: set[str]) -> str:
    named = [name for name in ("path", "file") if name in columns]
    if len(named) != 1:
        what = "both a column path and a column file" if named else "no column path or file"
        raise ValueError(f"{table}: {what}; {LAYOUT}")
    if not columns & set(LABELS):
        raise ValueError(f"{table}: none of the columns {', '.join(LABELS)}; {LAYOUT}")
    return named[0]


def _found(row: LabelRow, column: str) -> Path:
    name, folder = row.text(column), row.table.parent
    if not name:
        raise row.error(f"no {column}")
    for place in (folder, folder / "midi"):
        if (place / name).is_file():
            return place / name
    raise FileNotFoundError(
        f"{row.table}, line {row.line}: {name} is neither in {folder} nor in {folder / 'midi'}"
    )
