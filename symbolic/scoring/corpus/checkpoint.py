"""Checkpoint of a scoring run, from which it is resumed after it was interrupted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

SUFFIX = ".resume"
TABLES = """
create table run (fingerprint text not null);
create table shard (number integer primary key, marks text not null, counts text not null);
create table kept (file integer primary key, answer text not null);
"""


class Checkpoint:
    """A small database beside the output, which is removed when the run is complete.

    A shard is entered after its rows were written, all at once: a run that is killed in between
    finds more in its output than the checkpoint has, and cuts it off.

    Args:
        output: of the run; None is one that is not resumed, with the database in memory.
    """

    def __init__(self, output: Path | None) -> None:
        self.path = output and output.with_name(output.name + SUFFIX)

    @cached_property
    def base(self) -> sqlite3.Connection:
        """The database, opened when it is first used."""
        return sqlite3.connect(self.path or ":memory:")

    @property
    def exists(self) -> bool:
        return self.path is not None and self.path.exists()

    @property
    def has_rows(self) -> bool:
        """Whether a run was interrupted after it had written some rows; errors as of `open`."""
        if not self.exists:
            return False
        try:
            return self.open() is not None and self.last() is not None
        finally:
            self.close()

    def begin(self) -> None:
        """Begin a new run; an earlier one is forgotten."""
        self.remove()
        with self.base:
            self.base.executescript(TABLES)

    def open(self) -> str | None:
        """Return the fingerprint of the interrupted run; None where it had only just begun.

        Raises:
            ValueError: another kind of file under its name.
        """
        try:
            found = self.base.execute("select fingerprint from run").fetchone()
        except sqlite3.OperationalError:  # it was killed before the tables were there
            return None
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{self.path}: no record of an interrupted run: {error}") from error
        return found[0] if found else None

    def enter_run(self, fingerprint: str) -> None:
        """Enter the fingerprint of the run."""
        with self.base:
            self.base.execute("insert into run values (?)", [fingerprint])

    def enter(
        self, number: int, marks: list[int], counts: dict[str, Any], kept: dict[int, Any]
    ) -> None:
        """Enter a shard that has been written.

        Args:
            number: of the shard.
            marks: how far each output reaches.
            counts: of the rows so far.
            kept: rows that later shards need, by the number of the file.
        """
        with self.base:
            self.base.execute(
                "insert into shard values (?, ?, ?)",
                [number, json.dumps(marks), json.dumps(counts)],
            )
            self.base.executemany(
                "insert into kept values (?, ?)",
                [(file, json.dumps(rows, default=_plain)) for file, rows in kept.items()],
            )

    def last(self) -> tuple[int, list[int], dict[str, Any]] | None:
        """Return the last shard that was entered, its marks and counts."""
        found = self.base.execute(
            "select number, marks, counts from shard order by number desc limit 1"
        ).fetchone()
        return found and (found[0], json.loads(found[1]), json.loads(found[2]))

    def kept(self, files: Iterable[int]) -> dict[int, Any]:
        """Return the rows of files that were kept."""
        found = {}
        for file in files:
            row = self.base.execute("select answer from kept where file = ?", [file]).fetchone()
            found[file] = json.loads(row[0])
        return found

    def close(self) -> None:
        if "base" in vars(self):
            self.base.close()
            del self.base

    def remove(self) -> None:
        """Remove the checkpoint: there is nothing to resume."""
        self.close()
        if self.path is None:
            return
        for end in ("", "-journal"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    """Convert a NumPy number to Python's, which JSON keeps to the last bit."""
    return value.item()
