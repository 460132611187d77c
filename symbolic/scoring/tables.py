"""Tables of scores: read as a whole, in parts or as rows, in the formats of `table_writers`."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from symbolic.scoring.columns import (
    COUNT,
    KEYS_OVER_TIME,
    LOCAL_KEY,
    NUMBER,
    REASONS,
    SCORES,
    TEXT,
    TIMELINE,
)
from symbolic.scoring.table_writers import APOSTROPHES, SUFFIXES, writable

if TYPE_CHECKING:
    import pandas as pd

TYPES = {TEXT: "string[pyarrow]", NUMBER: "float64", COUNT: "Int64"}
KINDS = {
    name: TYPES[kind]
    for name, kind in (TIMELINE | SCORES | REASONS | KEYS_OVER_TIME | LOCAL_KEY).items()
}
"""Types of the columns of emotion tables; those of other columns are inferred."""

ROWS = 50_000  # that are read at one time


def plain_text(series: pd.Series) -> pd.Series:
    """Remove from texts of a CSV file the apostrophe that `harmless` has put before them.

    Args:
        series: texts, none of them missing; one that begins with an apostrophe and then with
            `= + - @`, a tab, a carriage return or another apostrophe loses the first apostrophe.
    """
    marked = series.str.startswith(APOSTROPHES).to_numpy(bool)
    return series.where(~marked, series.str[1:]) if marked.any() else series


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
