"""Labels of pieces as columns: numbers of classes, or real-valued targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symbolic.data.pieces import Piece
from symbolic.tasks import IGNORE

ALWAYS = ("emotion", "key")
TAKEN = {
    *("path", "group", "corpus", "split", "input_ids", "length", "velocity", "dropped"),
    "features",
}


def label_columns(pieces: Sequence[Piece]) -> dict[str, int | None]:
    """Columns for all labels that any piece has, and for `ALWAYS`.

    Returns:
        By name of the task, None where the label is a class, else the number of its values.

    Raises:
        ValueError: labels of one name and two kinds, or a name that another column has.
    """
    columns: dict[str, int | None] = dict.fromkeys(ALWAYS)
    for piece in pieces:
        for name, label in piece.labels.items():
            width = len(label) if isinstance(label, Sequence) else None
            if name in TAKEN:
                raise ValueError(f"{piece.path}: no label of a piece can be called {name!r}")
            if columns.setdefault(name, width) != width:
                raise ValueError(f"{piece.path}: its label {name!r} is {label!r}, others are not")
    return columns


def label_values(
    columns: dict[str, int | None], labels: dict[str, int | tuple[float, ...]]
) -> dict[str, int | list[float]]:
    """A value for every column; -100 or NaN where a piece has no label."""
    values: dict[str, int | list[float]] = {}
    for name, width in columns.items():
        if width is None:
            values[name] = int(labels.get(name, IGNORE))
        else:
            values[name] = list(labels.get(name, np.full(width, np.nan)))
    return values
