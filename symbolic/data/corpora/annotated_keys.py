"""Corpora with annotated keys: POP909 and When in Rome."""

from __future__ import annotations

import re
from pathlib import Path

from symbolic.data.corpora.label_rows import LabelRow, corpus_rows
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
    """Read POP909 (Wang 2020) with the keys of Dai (2020); each song is a group.

    The label of a song with several keys is the first one.

    Args:
        folder: of all songs, `001.mid` and so on.
        table: CSV with the columns file and key; by default `pop909_keys.csv` in the folder or
            beside it.

    Raises:
        FileNotFoundError: a missing folder, table or song.
        ValueError: a table that cannot be read, or a key that does not exist.
    """
    return _keyed(folder, table, "pop909", "key", POP909)


def read_when_in_rome(folder: str | Path, table: str | Path | None = None) -> list[Piece]:
    """Read scores of When in Rome (Gotham 2023) with the opening key of their analysis.

    Each score is a group. The opening key is not always that of the whole; capitals are major,
    small letters minor.

    Args:
        folder: of all scores, as `.mxl`.
        table: CSV with the columns file and opening_key; by default `when_in_rome_keys.csv` in the
            folder or beside it.

    Raises:
        FileNotFoundError: a missing folder, table or score.
        ValueError: a table that cannot be read, or a key that does not exist.
    """
    return _keyed(folder, table, "when_in_rome", "opening_key", WHEN_IN_ROME)


def steady_songs(folder: str | Path, table: str | Path | None = None) -> set[Path]:
    """Find the files of POP909 songs with one key throughout.

    Args:
        folder, table: as for `read_pop909`; the table also has a column keys, of all keys in order.

    Raises:
        FileNotFoundError: a missing folder, table, column or song.
        ValueError: a table that cannot be read.
    """
    rows = _rows(folder, table, "pop909", "keys", POP909)
    return {path for path, row in rows if len(row.text("keys").split()) == 1}


def work_of(piece: Piece) -> str:
    """Return the collection of a score of When in Rome, the beginning of its file name."""
    return re.split(r"_[^_]*\d", piece.path.stem)[0]


def _keyed(
    folder: str | Path, table: str | Path | None, corpus: str, column: str, source: str
) -> list[Piece]:
    pieces = []
    for path, row in _rows(folder, table, corpus, column, source):
        key = row.key(column)
        if key is None:
            raise row.error("no key")
        pieces.append(Piece(path, path.stem, {"key": key}, corpus))
    return pieces


def _rows(
    folder: str | Path, table: str | Path | None, corpus: str, column: str, source: str
) -> list[tuple[Path, LabelRow]]:
    """Read the files of a corpus with the rows of its table, in its folder or beside it."""
    folder = Path(folder)
    if table is None:
        table = folder / f"{corpus}_keys.csv"
        if not table.is_file():
            table = folder.resolve().parent / table.name
    return corpus_rows(Path(table), folder, ("file", column), source)
