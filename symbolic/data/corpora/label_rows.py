"""Label tables: CSV files with a row of labels for each file."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from symbolic.data.pieces import Label
from symbolic.notes.keys import parse_key
from symbolic.tasks import EMOTION, KEY, QUADRANT_WORDS, QUADRANTS, Task

MISSING = ("", "na", "nan")

_QUADRANT_TEXTS = {
    text: i
    for i, name in enumerate(QUADRANTS)
    for text in (name.lower(), QUADRANT_WORDS[name], str(i + 1), f"{i + 1}.0")
}


@dataclass(frozen=True)
class LabelRow:
    """A row of a table; errors name the table and the line.

    Attributes:
        table: the CSV file.
        line: of the row in the file, from 1.
        values: text by column, without spaces around it.
    """

    table: Path
    line: int
    values: dict[str, str]

    def text(self, column: str) -> str:
        """Return the text of a column; "" if the table lacks it."""
        return self.values.get(column, "")

    def error(self, what: str) -> ValueError:
        """Make an error that names the table and the line."""
        return ValueError(f"{self.table}, line {self.line}: {what}")

    def given(self, column: str) -> str:
        """Return the text of a column; "" if it is empty, `NA` or `NaN`."""
        text = self.text(column)
        return "" if text.lower() in MISSING else text

    def names(self, column: str) -> list[str]:
        """Return the names in a column, separated by `|` or `;`."""
        return [name for name in map(str.strip, re.split(r"[|;]", self.given(column))) if name]

    def quadrant(self) -> int | None:
        """Read a quadrant as 0..3: Q1..Q4, happy, angry, sad, calm, or 1..4; None if empty.

        Raises:
            ValueError: anything else.
        """
        text = self.given("quadrant")
        if text and text.lower() not in _QUADRANT_TEXTS:
            words = ", ".join(QUADRANT_WORDS.values())
            raise self.error(f"quadrant {text!r} is not Q1 to Q4, 1 to 4 or one of {words}")
        return _QUADRANT_TEXTS.get(text.lower())

    def number(self, column: str) -> float:
        """Read a finite number; NaN if empty.

        Raises:
            ValueError: anything else.
        """
        text = self.given(column)
        number = as_number(text)
        if text and not math.isfinite(number):
            raise self.error(f"{column} {text!r} is not a number")
        return number

    def key(self, column: str = "key") -> int | None:
        """Read a key as 0..23 with `symbolic.notes.keys.parse_key`; None if empty.

        Raises:
            ValueError: anything else.
        """
        text = self.given(column)
        try:
            return parse_key(text) if text else None
        except ValueError as error:
            raise self.error(f"{column}: {error}") from error

    def label(self, task: Task) -> Label | None:
        """Read the label of a task from its `task_columns`; None if they are empty.

        Raises:
            ValueError: text that is not a number, or names no class of the task.
        """
        columns = task_columns(task)
        if task.kind == "regression":
            values = tuple(map(self.number, columns))
            return None if all(map(math.isnan, values)) else values
        if read := _READ.get(task.name):
            return read(self)
        (column,) = columns
        names = self.names(column) if task.kind == "multi" else [self.given(column)]
        classes = {label.lower(): i for i, label in enumerate(task.labels)}
        classes |= {label: i for i, label in enumerate(task.labels)}
        ids = {classes.get(name, classes.get(name.lower(), -1)) for name in names if name}
        if -1 in ids:
            wrong = next(name for name in names if name.lower() not in classes)
            raise self.error(f"{column} {wrong!r} is none of {', '.join(task.labels)}")
        if task.kind == "single" or not ids:
            return min(ids, default=None)
        return tuple(float(i in ids) for i in range(task.num_labels))


_READ = {EMOTION.name: LabelRow.quadrant, KEY.name: LabelRow.key}  # classes with several names


def as_number(text: str) -> float:
    """Return the number in a text; NaN for other text."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def numbered_lines(path: str | Path) -> list[tuple[int, str]]:
    """Read the lines of a text file that are not empty, without spaces around them, from 1."""
    lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    return [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]


def task_columns(task: Task) -> tuple[str, ...]:
    """Name the columns of a task: its name, or its labels if they are numbers, in small letters."""
    if task.kind == "regression":
        return tuple(label.lower() for label in task.labels)
    return ("quadrant",) if task.name == EMOTION.name else (task.name.lower(),)


def read_rows(table: str | Path, columns: Sequence[str] = (), source: str = "") -> list[LabelRow]:
    """Read the rows of a CSV file, UTF-8; names of columns are lowered.

    Values are separated by commas; by semicolons or tabs if the first line has these alone.

    Raises:
        FileNotFoundError: no such file, or none of the `columns`; the message gives `source`.
        ValueError: another kind of file, or no rows; the message names the file.
    """
    table = Path(table)
    if not table.is_file():
        raise FileNotFoundError(f"{table}: no such table")
    try:
        with open(table, encoding="utf-8-sig", newline="") as file:
            names = file.readline()
            file.seek(0)
            separators = [mark for mark in (",", ";", "\t") if mark in names]
            reader = csv.DictReader(file, strict=True, delimiter=(separators or [","])[0])
            reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or []]
            if not reader.fieldnames:
                raise ValueError("it is empty")
            if twice := {name for name in reader.fieldnames if reader.fieldnames.count(name) > 1}:
                raise ValueError(f"two columns are called {min(twice)!r}")
            rows = [(reader.line_num, values) for values in reader]
    except (ValueError, csv.Error) as error:  # text that is not UTF-8 is a ValueError
        raise ValueError(f"{table}: not a table that can be read: {error}") from error
    if not rows:
        raise ValueError(f"{table}: there is no row below the names of the columns")
    for line, values in rows:
        if None in values or None in values.values():
            count = len(reader.fieldnames)
            raise ValueError(f"{table}, line {line}: the row has not the {count} values it needs")
    if missing := set(columns) - set(reader.fieldnames):
        raise FileNotFoundError(f"{table}: no column {', '.join(sorted(missing))}, of {source}")
    return [
        LabelRow(table, line, {name: value.strip() for name, value in values.items()})
        for line, values in rows
    ]


def corpus_rows(
    table: Path, files: Path, columns: tuple[str, ...], source: str
) -> list[tuple[Path, LabelRow]]:
    """Read the rows of a corpus's table, each with its file.

    The table has certain columns, of which `file` is a name in the folder `files`.

    Raises:
        FileNotFoundError: a missing table, folder, column or file; the message gives the `source`.
        ValueError: a table that cannot be read.
    """
    if not table.is_file() or not files.is_dir():
        absent = table if not table.is_file() else files
        raise FileNotFoundError(
            f"{absent}: not there. Expected is a table {table.name} (columns {', '.join(columns)}) "
            f"and a folder {files.name}/ with the files that it names, of {source}. "
            "Nothing is downloaded here"
        )
    rows = read_rows(table, columns, source)
    found = [(files / row.text("file"), row) for row in rows]
    if absent := [path.name for path, _ in found if not path.is_file()]:
        raise FileNotFoundError(
            f"{files}: {len(absent)} of the {len(rows)} files of {table.name} are missing, "
            f"the first is {absent[0]}; expected is {source}"
        )
    return found
