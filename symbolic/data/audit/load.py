"""Pieces to audit: labelled corpora before their reader merges look-alike groups."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from symbolic.data.audit.audit import audit
from symbolic.data.audit.records import Audit
from symbolic.data.corpora.emopia import read_emopia
from symbolic.data.corpora.label_rows import read_rows
from symbolic.data.corpora.labelled import TABLE, other_tables, read_labelled
from symbolic.data.corpora.percepiano import read_percepiano
from symbolic.data.corpora.vgmidi import game_piece, read_vgmidi
from symbolic.data.corpora.ym2413 import read_ym2413
from symbolic.data.groups import group_name
from symbolic.data.pieces import Piece, unlabelled_pieces_in
from symbolic.data.readers import READERS
from symbolic.notes.pool import read_many
from symbolic.notes.sources import display_name, find_files

logger = logging.getLogger(__name__)

SPLIT = "split"


def audit_paths(
    paths: Iterable[str | os.PathLike],
    split: str = SPLIT,
    raw: bool = False,
    workers: int | None = None,
    corpora: Mapping[str, str | os.PathLike] | None = None,
) -> Audit:
    """Audit corpora, labelled folders and plain folders of music together.

    A file in two of the paths counts once, for the first of them.

    Args:
        paths, split, raw: as `pieces_to_audit` takes them, for each path.
        workers: processes that read files, as in `read_many`.
        corpora: folders by the name of their reader in `READERS`, in addition to the paths.

    Raises:
        FileNotFoundError: a path that does not exist, or a corpus that lacks something.
        ValueError: nothing to audit, a table that cannot be read, or no table with this split.
    """
    paths = [Path(path) for path in paths]
    others = {}
    for name, folder in (corpora or {}).items():
        if name in WITH_TABLES:
            paths.append(Path(folder))
        else:
            others[name] = Path(folder)
    pieces: dict[Path, Piece] = {}
    together: dict[str, str] = {}
    unlabelled: list[Piece] = []
    music: set[Path] = set()
    passed_over: Counter[str] = Counter()
    for path in paths:
        found, kept = pieces_to_audit(path, split, raw)
        together |= kept
        for piece in found:
            pieces.setdefault(piece.path.resolve(), piece)
        table = _table(path)
        if table is not None:
            unlabelled += [piece for piece in found if not piece.labels]
        if path.is_dir():
            music |= {file.resolve() for file in find_files(path, passed_over=passed_over)}
            passed_over[".csv"] -= table is not None
    for name, folder in others.items():
        for piece in READERS[name](folder).pieces:
            pieces.setdefault(piece.path.resolve(), piece)
    paths += others.values()
    names = ", ".join(display_name(path) for path in paths)
    if not pieces:
        raise ValueError(f"no MIDI or MusicXML file in {names}")
    if split != SPLIT and not any(piece.split for piece in pieces.values()):
        raise ValueError(f"no split in a column {split} in {names}")
    tables = list(read_many([piece.path for piece in pieces.values()], workers))
    return replace(
        audit(list(pieces.values()), tables, together),
        unlabelled=tuple(unlabelled),
        without_row=tuple(map(display_name, sorted(music - pieces.keys()))),
        passed_over=dict(+passed_over),
    )


def pieces_to_audit(
    path: str | Path, split: str = SPLIT, raw: bool = False
) -> tuple[list[Piece], dict[str, str]]:
    """Read pieces with the groups of their table.

    Args:
        path: the folder of EMOPIA or YM2413-MDB (`clips.csv`), VGMIDI (`phrases.csv`) or
            PercePiano (`ratings.csv`), a folder with `labels.csv`, a CSV like that, or a folder or
            file of music without labels, where each name is a group. The first of these tables in a
            folder is used.
        split: column of the split.
        raw: keep split and groups as they are in the table. Otherwise look-alike songs are what the
            corpus's reader makes of them: one group, and in no split if one of them is held out. A
            song that is itself in several splits always stays there.

    Returns:
        The pieces; and by `group_name`, the group into which the reader merges several of them.

    Raises:
        FileNotFoundError, ValueError: as the readers do; a path that does not exist.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{display_name(path)}: no such file or folder")
    table = _table(path)
    if table is None:
        if others := other_tables(path):
            logger.warning("%s: no %s: unlabelled%s", display_name(path), TABLE, others)
        return _music(path), {}
    return TABLES.get(table.name, _labelled)(table, split, raw)


def _table(path: Path) -> Path | None:
    """Find the table of labels that a path is, or that is in a folder."""
    is_table = path.suffix.lower() == ".csv"
    tables = [path] if is_table else [path / name for name in TABLES]
    return next((table for table in tables if table.is_file()), None)


def _clips(table: Path, split: str, raw: bool) -> tuple[list[Piece], dict[str, str]]:
    """Read EMOPIA, or YM2413-MDB, whose table has games and no songs."""
    columns = read_rows(table)[0].values
    return (_ym2413 if "game" in columns and "song" not in columns else _emopia)(table, split, raw)


def _emopia(table: Path, split: str, raw: bool) -> tuple[list[Piece], dict[str, str]]:
    songs, splits = _column(table, "song"), _column(table, split)
    sides: dict[str, set[str]] = {}
    for song, side in zip(songs, splits, strict=True):
        sides.setdefault(song, set()).add(side)
    pieces = [
        # The reader would drop training clips of a song that crosses; the audit reports them.
        replace(piece, split=side) if raw or len(sides[song] - {""}) > 1 else piece
        for piece, song, side in zip(read_emopia(table.parent, split), songs, splits, strict=True)
    ]
    return _ungrouped(pieces, songs, raw)


def _vgmidi(table: Path, split: str, raw: bool) -> tuple[list[Piece], dict[str, str]]:
    games, tunes = _column(table, "game"), _column(table, "piece")
    pieces = _with_splits(read_vgmidi(table.parent), table, split)
    return _ungrouped(pieces, list(map(game_piece, games, tunes)), raw)


def _ym2413(table: Path, split: str, raw: bool) -> tuple[list[Piece], dict[str, str]]:
    pieces = _with_splits(read_ym2413(table.parent), table, split)
    return _ungrouped(pieces, _column(table, "game"), raw)


def _percepiano(table: Path, split: str, raw: bool) -> tuple[list[Piece], dict[str, str]]:
    return _with_splits(read_percepiano(table.parent), table, split), {}


def _ungrouped(
    pieces: Sequence[Piece], groups: Sequence[str], raw: bool
) -> tuple[list[Piece], dict[str, str]]:
    """Give pieces the groups of their table; unless `raw`, also what the reader merges."""
    pairs = list(zip(pieces, groups, strict=True))
    together = {
        group_name(piece.corpus, group): group_name(piece.corpus, piece.group)
        for piece, group in pairs
        if group != piece.group and not raw
    }
    return [replace(piece, group=group) for piece, group in pairs], together


def _labelled(table: Path, split: str, raw: bool) -> tuple[list[Piece], dict[str, str]]:
    return read_labelled(table, split), {}


TABLES = {
    "clips.csv": _clips,
    "phrases.csv": _vgmidi,
    "ratings.csv": _percepiano,
    "labels.csv": _labelled,
}
WITH_TABLES = ("emopia", "vgmidi", "ym2413", "percepiano", "labelled")
"""Corpora that are recognised by these tables."""


def _music(path: Path) -> list[Piece]:
    root = path if path.is_dir() else path.parent
    return [
        replace(
            piece,
            group=display_name(piece.path.relative_to(root).with_suffix("")),
            corpus=display_name(root),
        )
        for piece in unlabelled_pieces_in(path)
    ]


def _with_splits(pieces: list[Piece], table: Path, split: str) -> list[Piece]:
    splits = _column(table, split)
    return [replace(piece, split=side) for piece, side in zip(pieces, splits, strict=True)]


def _column(table: Path, name: str) -> list[str]:
    """Read a column of a table; empty texts if the table lacks it."""
    return [row.text(name) for row in read_rows(table)]
