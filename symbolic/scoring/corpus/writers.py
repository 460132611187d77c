"""Writers of tables, shard by shard: the output is valid whenever a run ends."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from symbolic.scoring.columns import COUNT, NUMBER, TEXT
from symbolic.scoring.tables import harmless, writable

if TYPE_CHECKING:
    import pandas as pd

DECIMALS = 6  # of numbers in tables
PART = "part-{:05d}.parquet"
PARTS = re.compile(r"part-\d{5,}\.parquet(\.unfinished)?$")


def table_of(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Make a table of rows with given types, numbers rounded.

    Args:
        rows: by column; missing values are empty.
        columns: of each, `TEXT`, `NUMBER` or `COUNT`.
    """
    import pandas as pd

    made = {}
    for name, kind in columns.items():
        values = [row.get(name) for row in rows]
        if kind == NUMBER:
            made[name] = np.round(np.array(values, np.float64), DECIMALS)
        elif kind == COUNT:
            made[name] = pd.array(values, "Int64")
        else:
            made[name] = pd.array([writable(value) for value in values], "object")
    return pd.DataFrame(made)


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
        self.file.write(self.text(table_of(rows, self.columns)).encode("utf-8"))
        self.file.flush()
        os.fsync(self.file.fileno())
        return self.file.tell()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def head(self) -> bytes:
        return (",".join(self.columns) + "\n").encode("utf-8")

    def text(self, table: pd.DataFrame) -> str:
        returns = False
        for name, kind in self.columns.items():
            if kind == TEXT:
                cells = harmless(table.loc[:, name])
                table[name] = cells
                returns |= bool(cells.str.contains("\r", na=False, regex=False).any())
        # Python 3.11 takes a bare carriage return for no reason to quote a cell.
        quoting = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
        return table.to_csv(index=False, header=False, lineterminator="\n", quoting=quoting)


class JsonLinesWriter(CsvWriter):
    """A JSON object a line, missing values as null; its mark is as a `CsvWriter`'s."""

    def head(self) -> bytes:
        return b""

    def text(self, table: pd.DataFrame) -> str:
        return str(
            table.to_json(
                orient="records", lines=True, force_ascii=False, double_precision=DECIMALS
            )
        )


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
        table = pa.Table.from_pandas(
            table_of(rows, self.columns), schema, preserve_index=False
        ).replace_schema_metadata(None)
        path = self.path / PART.format(self.parts)
        unfinished = path.with_name(path.name + ".unfinished")
        parquet.write_table(table, unfinished)
        os.replace(unfinished, path)
        self.parts += 1
        return self.parts

    def close(self) -> None:
        pass


WRITERS = {".csv": CsvWriter, ".jsonl": JsonLinesWriter, ".parquet": ParquetWriter}
"""By the end of the output's name."""
