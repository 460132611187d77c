"""Tables of scores: reading of what `symbolic score --output` writes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from symbolic.scoring.columns import COUNT, NUMBER, SCORES, TEXT, TIMELINE

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".jsonl", ".parquet")
TYPES = {TEXT: "string[pyarrow]", NUMBER: "float64", COUNT: "Int64"}
KINDS = {name: TYPES[kind] for name, kind in (TIMELINE | SCORES).items()}
"""Types of the columns of emotion tables; those of other columns are inferred."""

FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "'",
)  # first characters of cells that a spreadsheet computes
APOSTROPHES = tuple(f"'{first}" for first in FORMULA)
ROWS = 50_000  # that are read at one time


def harmless(series: pd.Series) -> pd.Series:
    """Put an apostrophe before texts that a spreadsheet would take for formulas.

    Texts that begin with an apostrophe get another one, so that `plain_text` restores all.
    """
    return series.where(~series.str.startswith(FORMULA, na=False), "'" + series.astype("string"))


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
            raise ValueError(f"{path}: no part-*.parquet in this folder")
        return parts
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path}: not a table of scores ({', '.join(SUFFIXES)} or a folder)")
    return [path]


def read_scores(
    path: str | Path, columns: Sequence[str] | None = None, optional: Sequence[str] = ()
) -> pd.DataFrame:
    """Read a table of scores in parts: a million rows need little more memory than the result.

    Args:
        path: `.csv`, `.jsonl`, `.parquet` or a folder of `part-*.parquet`.
        columns: those to read; None is all.
        optional: further columns to read, where the table has them.

    Returns:
        DataFrame of the columns in the order of `columns`. Texts are empty where they are missing
        and as they were before they were written; numbers are float64, NaN where they are missing,
        and the counts of notes Int64.

    Raises:
        OSError: a file that cannot be opened.
        ValueError: no such table, or one without a column of `columns`; it names the file.
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
        except (ValueError, TypeError, LookupError, NotImplementedError) as error:  # also of Arrow
            reason = " ".join(str(error).split())
            raise ValueError(f"{file}: cannot be read as a table of scores: {reason}") from error
        missing = [name for name in columns or () if name not in frames[-1]]
        if missing:
            raise ValueError(f"{file}: no column {', '.join(missing)} in this table")
    table = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    table = _texts_where_some_are(table)
    return table if wanted is None else table.loc[:, [name for name in wanted if name in table]]


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


def _jsonl(path: Path, wanted: Collection[str] | None) -> Iterator[pd.DataFrame]:
    import pandas as pd

    with path.open(encoding="utf-8", errors="backslashreplace") as file:
        rows = _objects(file)
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


def writable(value: object) -> object:
    """Text with escapes for halves of characters, which no encoding can write; all else as it is.

    JSON may hold them, and so do names of files that are not UTF-8.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return value


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


_READERS = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}
