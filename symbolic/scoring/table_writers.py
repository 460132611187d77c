"""Writers of tables of scores, shard by shard: a table is valid whenever a run ends."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from symbolic.scoring.columns import COUNT, NUMBER, TEXT

if TYPE_CHECKING:
    pass

DECIMALS = 6  # of numbers in tables
LARGEST = 1e16  # of numbers that JSON has without an exponent
PART = "part-{:05d}.parquet"
PARTS = re.compile(r"part-\d{5,}\.parquet(\.unfinished)?$")

FORMULA = tuple("=+-@\t\r'")  # first characters of cells that a spreadsheet computes
APOSTROPHES = tuple(f"'{first}" for first in FORMULA)


def harmless(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula.

    One that begins with an apostrophe gets another one, so that `plain_text` restores all.
    """
    return f"'{text}" if text.startswith(FORMULA) else text


def writable(value: object) -> object:
    """Text with escapes for halves of characters, which no encoding can write; all else as it is.

    JSON may hold them, and so do names of files that are not UTF-8.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return value


def cells_of(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> dict[str, list[Any]]:
    """Make the columns of a table from rows: text that can be written, numbers rounded, counts.

    Args:
        rows: by column; values that are absent, None or NaN are missing.
        columns: of each, `TEXT`, `NUMBER` or `COUNT`.

    Returns:
        By column a value for each row, None where it is missing.
    """
    made: dict[str, list[Any]] = {}
    for name, kind in columns.items():
        values = [row.get(name) for row in rows]
        if kind == NUMBER:
            values = np.round(np.array(values, np.float64), DECIMALS).tolist()
        convert = {TEXT: writable, COUNT: int}.get(kind, float)
        made[name] = [
            None if value is None or value != value else convert(value) for value in values
        ]
    return made


class CsvWriter:
    """A CSV file; its mark is how many bytes of it are valid."""

    def __init__(self, path: Path, columns: Mapping[str, str]) -> None:
        self.path, self.columns = path, columns
        self._file: BinaryIO | None = None

    @property
    def file(self) -> BinaryIO:
        """The output, which `open` has opened."""
        if self._file is None:
            raise ValueError(f"{self.path}: not open")
        return self._file

    def open(self, mark: int | None) -> int:
        """Continue from a mark (None: a new file) and return it.

        Raises:
            ValueError: the file is shorter than the mark.
        """
        self._file = open(self.path, "wb" if mark is None else "r+b")  # noqa: SIM115 - till `close`
        if mark is None:
            self.file.write(self.head())
        else:
            if self.path.stat().st_size < mark:
                raise ValueError(f"{self.path}: shorter than when the run was interrupted")
            self.file.truncate(mark)
            self.file.seek(mark)
        return self.file.tell()

    def write(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """Write rows to the disk and return the mark after them."""
        self.file.write(self.text(cells_of(rows, self.columns)).encode("utf-8"))
        self.file.flush()
        os.fsync(self.file.fileno())
        return self.file.tell()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def head(self) -> bytes:
        returns = any("\r" in name for name in self.columns)
        return _lines([self.columns], returns).encode("utf-8")

    def text(self, cells: Mapping[str, Sequence[Any]]) -> str:
        """Write the columns of `cells_of` as text, a row on each line."""
        returns = False
        written = []
        for name, kind in self.columns.items():
            values = ["" if value is None else value for value in cells[name]]
            if kind == TEXT:
                values = list(map(harmless, values))
                returns |= any("\r" in value for value in values)
            written.append(values)
        return _lines(zip(*written, strict=True), returns)


def _lines(rows: Iterable[Iterable[Any]], returns: bool) -> str:
    """Write rows of CSV; `returns`: some cell has a carriage return."""
    # Python 3.11 takes a bare carriage return for no reason to quote a cell.
    quoting = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=quoting).writerows(rows)
    return text.getvalue()


class JsonLinesWriter(CsvWriter):
    """A JSON object a line, missing values as null; its mark is as a `CsvWriter`'s."""

    def head(self) -> bytes:
        return b""

    def text(self, cells: Mapping[str, Sequence[Any]]) -> str:
        return "".join(f"{line}\n" for line in json_lines(cells, self.columns))


def json_lines(cells: Mapping[str, Sequence[Any]], columns: Mapping[str, str]) -> Iterator[str]:
    """Write a JSON object for each row of the columns of `cells_of`."""
    written = []
    for name, kind in columns.items():
        write = json_number if kind == NUMBER else _compact
        before = f"{_compact(name)}:"
        written.append([before + write(value) for value in cells[name]])
    return (f"{{{','.join(row)}}}" for row in zip(*written, strict=True))


_compact = json.JSONEncoder(ensure_ascii=False).encode


def json_number(value: float | None) -> str:
    """Write a number with one to `DECIMALS` decimals, null where it is missing or infinite.

    Above 1e16 it has an exponent and as many digits.
    """
    if value is None or math.isinf(value):
        return "null"
    if abs(value) > LARGEST:
        return f"{value:.{DECIMALS}g}"
    whole, _, fraction = f"{value + 0.0:.{DECIMALS}f}".partition(".")  # -0.0 is 0.0
    return f"{whole}.{fraction.rstrip('0') or '0'}"


class JsonWriter(CsvWriter):
    """A JSON array with a row on each line, valid after each shard; missing values are null.

    Its mark is before the end of the array, which the next rows replace.
    """

    END = b"\n]\n"

    def open(self, mark: int | None) -> int:
        return self._ended(super().open(mark))

    def write(self, rows: Sequence[Mapping[str, Any]]) -> int:
        return self._ended(super().write(rows))

    def _ended(self, mark: int) -> int:
        """Write the end of the array after a mark, to which the file returns."""
        self.file.write(self.END)
        self.file.flush()
        os.fsync(self.file.fileno())
        return self.file.seek(mark)

    def head(self) -> bytes:
        return b"["

    def text(self, cells: Mapping[str, Sequence[Any]]) -> str:
        before = "\n" if self.file.tell() == len(self.head()) else ",\n"
        lines = ",\n".join(json_lines(cells, self.columns))
        return before + lines if lines else ""


class ParquetWriter:
    """A folder of Parquet files, one for each shard; its mark is how many of them there are."""

    def __init__(self, path: Path, columns: Mapping[str, str]) -> None:
        self.path, self.columns = path, columns
        self.parts = 0

    def open(self, mark: int | None) -> int:
        if self.path.is_dir() and any(not PARTS.match(one.name) for one in self.path.iterdir()):
            raise ValueError(f"{self.path}: a folder that holds more than the parts of a table")
        if self.path.is_file():
            self.path.unlink()
        self.path.mkdir(exist_ok=True)
        self.parts = mark or 0
        valid = {PART.format(part) for part in range(self.parts)}
        there = {part.name for part in self.path.iterdir()}
        for name in there - valid:
            (self.path / name).unlink()
        if valid - there:
            raise ValueError(f"{self.path}: fewer parts than when the run was interrupted")
        return self.parts

    def write(self, rows: Sequence[Mapping[str, Any]]) -> int:
        import pyarrow as pa
        from pyarrow import parquet

        types = {TEXT: pa.string(), NUMBER: pa.float64(), COUNT: pa.int64()}
        schema = pa.schema([(name, types[kind]) for name, kind in self.columns.items()])
        table = pa.Table.from_pydict(cells_of(rows, self.columns), schema)
        path = self.path / PART.format(self.parts)
        unfinished = path.with_name(path.name + ".unfinished")
        parquet.write_table(table, unfinished)
        os.replace(unfinished, path)
        self.parts += 1
        return self.parts

    def close(self) -> None:
        pass


WRITERS = {
    ".csv": CsvWriter,
    ".jsonl": JsonLinesWriter,
    ".json": JsonWriter,
    ".parquet": ParquetWriter,
}
"""By the end of the output's name."""

SUFFIXES = tuple(WRITERS)
