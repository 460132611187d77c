"""Kinds of tables that commands write, recognised by their columns."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from symbolic.errors import SymbolicError
from symbolic.scoring.table_writers import SUFFIXES
from symbolic.scoring.tables import first_columns


@dataclass(frozen=True)
class TableKind:
    """A kind of table.

    Attributes:
        name: what its rows are.
        columns: that all its tables have, and no table of another kind.
        command: what is done with it.
    """

    name: str
    columns: frozenset[str]
    command: str


PIECES = TableKind(
    "scores of pieces",
    frozenset({"path", "error"}),
    "`symbolic report TABLE` makes a page of it",
)
PARTS = "parts of pieces, as `symbolic segment` finds them"
DRAW_PARTS = "`symbolic segment FILE --plots FOLDER` draws them"
KINDS = (
    TableKind(
        "windows of a timeline",
        frozenset({"path", "window", "start", "end"}),
        "`symbolic plot PIECE --output PLOT.png` draws the windows of a piece",
    ),
    TableKind(PARTS, frozenset({"path", "part", "start", "end"}), DRAW_PARTS),
    TableKind(PARTS, frozenset({"path", "boundaries"}), DRAW_PARTS),
    TableKind(
        "predictions of held-out pieces",
        frozenset({"corpus", "file", "group", "fold", "seed"}),
        "`symbolic evaluate RUN` takes the folder of the training run",
    ),
    PIECES,
)
"""All kinds; a table is of the first whose columns it has."""


class TableKindError(SymbolicError, ValueError):
    """A table of another kind than a command takes, or a table where it takes none."""


def kind_of_columns(columns: Iterable[str]) -> TableKind | None:
    """Recognise the kind of a table."""
    names = set(columns)
    return next((kind for kind in KINDS if kind.columns <= names), None)


def refuse_other_tables(path: Path, takes: str, kind: TableKind | None = None) -> None:
    """Refuse a table of a kind that a command does not take.

    Files that are no tables, or of an unknown kind, are not refused.

    Args:
        path: given to the command.
        takes: what the command takes, in words, for the message.
        kind: of the tables that it takes; None if it takes none.

    Raises:
        TableKindError: naming the table, what it is, and the command for it.
    """
    if not _is_table(path):
        return
    found = None
    with suppress(OSError, ValueError):  # the command reports what it cannot read
        found = kind_of_columns(first_columns(path))
    if found is None or found is kind:
        return
    command = found.command.replace("TABLE", str(path))
    raise TableKindError(f"{path} is a table ({found.name}): {command}; {takes}")


def _is_table(path: Path) -> bool:
    """Whether a path is that of a table, by its suffix, or a folder of the parts of one."""
    if path.is_dir():
        return any(path.glob("part-*.parquet"))
    return path.is_file() and path.suffix.lower() in SUFFIXES
