"""Tables of scores: written shard by shard, valid whenever a run ends, and read in parts."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from symbolic.scoring.columns import COUNT, NUMBER, SCORES, TEXT, TIMELINE

if TYPE_CHECKING:
    import pandas as pd

TYPES = {TEXT: "string[pyarrow]", NUMBER: "float64", COUNT: "Int64"}
KINDS = {name: TYPES[kind] for name, kind in (TIMELINE | SCORES).items()}
"""Types of the columns of emotion tables; those of other columns are inferred."""

DECIMALS = 6  # of numbers in tables
LARGEST = 1e16  # of numbers that JSON has without an exponent
PART = "part-{:05d}.parquet"
PARTS = re.compile(r"part-\d{5,}\.parquet(\.unfinished)?$")

FORMULA = tuple("=+-@\t\r'")  # first characters of cells that a spreadsheet computes
APOSTROPHES = tuple(f"'{first}" for first in FORMULA)
ROWS = 50_000  # that are read at one time


def harmless(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula.

    One that begins with an apostrophe gets another one, so that `plain_text` restores all.
    """
    return f"'{text}" if text.startswith(FORMULA) else text


def plain_text(series: pd.Series) -> pd.Series:
    """Remove from texts of a CSV file the apostrophe that `harmless` has put before them.

    Args:
        series: texts, none of them missing; one that begins with an apostrophe and then with
            `= + - @`, a tab, a carriage return or another apostrophe loses the first apostrophe.
    """
    marked = series.str.startswith(APOSTROPHES).to_numpy(bool)
    return series.where(~marked, series.str[1:]) if marked.any() else series


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
        return (",".join(self.columns) + "\n").encode("utf-8")

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
        # Python 3.11 takes a bare carriage return for no reason to quote a cell.
        quoting = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n", quoting=quoting).writerows(zip(*written, strict=True))
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


def score_files(path: str | Path) -> list[Path]:
    """List the files of a table of scores: itself, or `part-*.parquet` of a folder.

    Raises:
        ValueError: a folder without parts, or a file with another suffix than `SUFFIXES`.
    """
    path = Path(path)
    if path.is_dir():
        parts = sorted(path.glob("part-*.parquet"))
        if not parts:
            raise ValueError(f"{path}: no part-*.parquet in this folder{_unscored(path)}")
        return parts
    if path.suffix.lower() not in SUFFIXES:
        kinds = f"{', '.join(SUFFIXES)} or a folder"
        raise ValueError(f"{path}: not a table of scores ({kinds}){_unscored(path)}")
    return [path]


def _unscored(path: Path) -> str:
    """The end of an error for what may be music."""
    return f"; if it is music, score it first: symbolic score {quote(str(path))} -o scores.csv"


def read_scores(
    path: str | Path, columns: Sequence[str] | None = None, optional: Sequence[str] = ()
) -> pd.DataFrame:
    """Read a table of scores in parts: a million rows need little more memory than the result.

    Args:
        path: `.csv`, `.jsonl`, `.json`, `.parquet` or a folder of `part-*.parquet`.
        columns: those to read; None is all.
        optional: further columns to read, where the table has them.

    Returns:
        DataFrame of the columns in the order of `columns`. Texts are empty where they are missing
        and as they were before they were written; numbers are float64, NaN where they are missing,
        and the counts of notes Int64.

    Raises:
        OSError: a file that cannot be opened.
        ValueError: no such table, or one without a column of `columns`, by default without `path`;
            it names the file.
    """
    import pandas as pd

    wanted = None if columns is None else tuple(dict.fromkeys((*columns, *optional)))
    frames = []
    for file in score_files(path):
        try:
            frames += [
                _typed(frame, plain=file.suffix.lower() == ".csv")
                for frame in _READERS[file.suffix.lower()](file, wanted)
            ]
        except READING_ERRORS as error:
            raise _unreadable(file, error) from error
        missing = [name for name in columns or () if name not in frames[-1]]
        if missing:
            raise ValueError(f"{file}: no column {', '.join(missing)} in this table")
    table = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    table = _texts_where_some_are(table)
    if columns is None and "path" not in table:
        raise ValueError(f"{path}: not a table of scores: it has no column path")
    return table if wanted is None else table.loc[:, [name for name in wanted if name in table]]


def read_rows(path: str | Path) -> list[dict[str, Any]]:
    """Read all rows of a table of scores, without pandas: for tables that are not large.

    Args:
        path: as of `read_scores`.

    Returns:
        The rows by column. Values that are missing are None or, in text, empty.

    Raises:
        OSError: a file that cannot be opened.
        ValueError: no such table; it names the file.
    """
    rows: list[dict[str, Any]] = []
    for file in score_files(path):
        try:
            rows += _ROW_READERS[file.suffix.lower()](file)
        except READING_ERRORS as error:
            raise _unreadable(file, error) from error
    return rows


def first_columns(path: str | Path) -> list[str]:
    """Return the names of the columns of a table, of any kind, from its first rows.

    Raises:
        OSError: a file that cannot be opened.
        ValueError: no table; it names the file.
    """
    file = score_files(path)[0]
    try:
        return list(map(str, next(_READERS[file.suffix.lower()](file, None))))
    except READING_ERRORS as error:
        raise _unreadable(file, error) from error


READING_ERRORS = (ValueError, TypeError, LookupError, NotImplementedError, csv.Error)
"""Errors of readers for a damaged table."""


def _unreadable(file: Path, error: Exception) -> ValueError:
    """Make the error for a table that cannot be read."""
    reason = " ".join(str(error).split())
    return ValueError(f"{file}: cannot be read as a table of scores: {reason}")


def _typed(frame: pd.DataFrame, plain: bool) -> pd.DataFrame:
    """Convert columns to the types in `KINDS`; `plain` removes apostrophes before texts."""
    frame = frame.astype({name: KINDS[name] for name in frame.columns if name in KINDS})
    frame = _texts_where_some_are(frame)
    for name in frame.columns if plain else ():
        column = frame.loc[:, name]
        if column.dtype == TYPES[TEXT]:
            frame[name] = plain_text(column)
    return frame


def _texts_where_some_are(frame: pd.DataFrame) -> pd.DataFrame:
    """Convert columns of text or objects to text, empty where values are missing."""
    from pandas.api.types import is_object_dtype, is_string_dtype

    for name in frame.columns:
        column = frame.loc[:, name]
        if is_object_dtype(column) and bool(column.isna().all()):
            frame[name] = column.astype(TYPES[NUMBER])
        elif is_object_dtype(column) or is_string_dtype(column):
            frame[name] = column.astype(TYPES[TEXT]).fillna("")
    return frame


def _csv(path: Path, wanted: Collection[str] | None) -> Iterator[pd.DataFrame]:
    import pandas as pd

    with path.open("rb") as file:
        head = file.readline()
    # A carriage return may be part of a name: only spreadsheets end lines with one.
    returns = head.endswith(b"\r\n") or not head.endswith(b"\n")
    with pd.read_csv(
        path,
        usecols=None if wanted is None else lambda name: name in wanted,
        dtype={n: TYPES[NUMBER] if k == TYPES[COUNT] else k for n, k in KINDS.items()},
        keep_default_na=False,
        na_values=[""],
        lineterminator=None if returns else "\n",
        encoding="utf-8-sig",
        encoding_errors="backslashreplace",
        chunksize=ROWS,
        low_memory=False,
    ) as frames:
        yield from frames


def _csv_rows(path: Path) -> list[dict[str, Any]]:
    """Read the rows of a CSV file; columns of numbers alone are numbers."""
    with path.open(encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
        heading, *rows = csv.reader(file)
    columns = []
    for name, *cells in zip(heading, *rows, strict=True):
        kind = SCORES.get(name) or TIMELINE.get(name)
        columns.append(_values(cells, kind))
    return [dict(zip(heading, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(cells: Sequence[str], kind: str | None) -> list[Any]:
    """Convert the cells of a column of a kind, or of one that follows from them."""
    if kind in (None, NUMBER, COUNT):
        convert = int if kind == COUNT else float
        try:
            return [convert(cell) if cell else None for cell in cells]
        except ValueError:
            if kind is not None:
                raise
    return [cell[1:] if cell.startswith(APOSTROPHES) else cell for cell in cells]


def _parquet_rows(path: Path) -> list[dict[str, Any]]:
    from pyarrow import parquet

    return parquet.ParquetFile(path).read().to_pylist()


def _jsonl_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", errors="backslashreplace") as file:
        yield from _objects(file)


def _json_rows(path: Path) -> list[dict[str, Any]]:
    rows = json.loads(path.read_text(encoding="utf-8", errors="backslashreplace"))
    if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
        raise ValueError("not a JSON array of objects")
    return rows


def _jsonl(path: Path, wanted: Collection[str] | None) -> Iterator[pd.DataFrame]:
    yield from _frames(_jsonl_rows(path), wanted)


def _json(path: Path, wanted: Collection[str] | None) -> Iterator[pd.DataFrame]:
    yield from _frames(iter(_json_rows(path)), wanted)


def _frames(rows: Iterator[dict], wanted: Collection[str] | None) -> Iterator[pd.DataFrame]:
    """Make tables of rows, `ROWS` at a time; one without rows has the columns of scores."""
    import pandas as pd

    chunk = list(islice(rows, ROWS))
    held = list(dict.fromkeys(name for row in chunk for name in row) if chunk else SCORES)
    if wanted is not None:
        held = [name for name in (held if chunk else wanted) if name in wanted]
    while True:
        columns = {name: [writable(row.get(name)) for row in chunk] for name in held}
        yield pd.DataFrame(columns)
        if not (chunk := list(islice(rows, ROWS))):
            return


def _objects(lines: Iterator[str]) -> Iterator[dict]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise ValueError(f"line {number} is not JSON") from error
            if not isinstance(row, dict):
                raise ValueError(f"line {number} is no JSON object")
            yield row


def _parquet(path: Path, wanted: Collection[str] | None) -> Iterator[pd.DataFrame]:
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    types = dict.fromkeys((pa.string(), pa.large_string()), pd.StringDtype("pyarrow"))
    with parquet.ParquetFile(path) as file:
        schema = file.schema_arrow
        names = [name for name in schema.names if wanted is None or name in wanted]
        for batch in file.iter_batches(ROWS, columns=names):
            yield batch.to_pandas(types_mapper=types.get)
        if not file.metadata.num_rows:
            yield schema.empty_table().select(names).to_pandas(types_mapper=types.get)


_READERS = {".csv": _csv, ".jsonl": _jsonl, ".json": _json, ".parquet": _parquet}

_ROW_READERS = {
    ".csv": _csv_rows,
    ".jsonl": _jsonl_rows,
    ".json": _json_rows,
    ".parquet": _parquet_rows,
}
