"""Corpora whose keys somebody has written down: POP909 and When in Rome."""

from __future__ import annotations

import re
from pathlib import Path

from symbolic.data.corpora.label_rows import corpus_rows
from symbolic.data.pieces import Piece

POP909 = (
    "POP909 (Wang et al. 2020, the GitHub project music-x-lab/POP909-Dataset; all songs in one "
    "folder as 001.mid, 002.mid, ...) with its keys (Dai et al. 2020, the GitHub project "
    "Dsqvival/hierarchical-structure-analysis; written as Gb:maj)"
)
WHEN_IN_ROME = (
    "When in Rome (Gotham et al. 2023, the GitHub project MarkGotham/When-in-Rome; all scores in "
    "one folder as .mxl) with the opening key of each analysis (lower case is minor)"
)


def read_pop909(folder: str | Path, table: str | Path | None = None) -> list[Piece]:
    """POP909 songs (Wang 2020) with the key that Dai (2020) annotated, each a group of its own.

    The label of a song that changes its key is the first of its keys.

    Args:
        folder: with all songs, `001.mid` and so on.
        table: CSV with the columns file and key; by default `pop909_keys.csv` in the folder or
            beside it.

    Raises:
        FileNotFoundError: folder, table or songs that are missing.
        ValueError: a table that cannot be read, or a key that does not exist.
    """
    return _keyed(folder, table, "pop909", "key", POP909)


def read_when_in_rome(folder: str | Path, table: str | Path | None = None) -> list[Piece]:
    """Scores of When in Rome (Gotham 2023) with the opening key of their analysis.

    Each is a group of its own. The opening key is not always that of the whole; a capital is major,
    lower case is minor.

    Args:
        folder: with all scores, as `.mxl`.
        table: CSV with the columns file and opening_key; by default `when_in_rome_keys.csv` in the
            folder or beside it.

    Raises:
        FileNotFoundError: folder, table or scores that are missing.
        ValueError: a table that cannot be read, or a key that does not exist.
    """
    return _keyed(folder, table, "when_in_rome", "opening_key", WHEN_IN_ROME)


def steady_songs(folder: str | Path, table: str | Path | None = None) -> set[Path]:
    """The files of those POP909 songs that never leave the key of their label.

    Args:
        folder, table: as for `read_pop909`; the table has a column keys, too, all of them in order.

    Raises:
        FileNotFoundError: folder, table, a column or songs that are missing.
        ValueError: a table that cannot be read.
    """
    table = key_table(folder, "pop909") if table is None else table
    rows = corpus_rows(Path(table), Path(folder), ("file", "keys"), POP909)
    return {path for path, row in rows if len(row.text("keys").split()) == 1}


def key_table(folder: str | Path, corpus: str) -> Path:
    """Where the table of a corpus's keys is: in its folder, or beside it."""
    name = f"{corpus}_keys.csv"
    inside, beside = Path(folder) / name, Path(folder).resolve().parent / name
    return inside if inside.is_file() else beside


def work_of(piece: Piece) -> str:
    """The book or the author that a score of When in Rome is from, as its name begins."""
    return re.split(r"_[^_]*\d", piece.path.stem)[0]


def _keyed(
    folder: str | Path, table: str | Path | None, corpus: str, column: str, source: str
) -> list[Piece]:
    folder = Path(folder)
    table = key_table(folder, corpus) if table is None else table
    pieces = []
    for path, row in corpus_rows(Path(table), folder, ("file", column), source):
        key = row.key(column)
        if key is None:
            raise row.error("no key")
        pieces.append(Piece(path, path.stem, {"key": key}, corpus))
    return pieces
