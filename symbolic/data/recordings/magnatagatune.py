"""MagnaTagATune (Law 2009): clips of 29 s with tags from a game."""

from __future__ import annotations

import csv
import re
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from symbolic.data.corpus import Corpus, missing_files, without_leaks
from symbolic.data.pieces import Piece
from symbolic.tasks import TAGS

TABLE, INFO = "annotations_final.csv", "clip_info_final.csv"
SOURCE = f"MagnaTagATune: {TABLE}, optionally {INFO}, and the recordings in folders 0 to f"
SEGMENT = re.compile(r"-\d+-\d+(\.\w+)$")  # seconds of the song where a clip begins and ends
TENTHS = 10


def read_magnatagatune(
    folder: str | Path, tags: int = 50, split: str = "12:1:3", keep_untagged: bool = False
) -> Corpus:
    """Read MagnaTagATune with its most frequent tags; each song, of many clips, is a group.

    | split | train | val | test |
    |---|---|---|---|
    | `12:1:3` | folders 0 to b | c | d to f, as in Won 2020 and before |
    | `9:1` | nine tenths | - | one tenth of the songs |

    Publications with a split 9:1 do not list the clips; here a checksum of the song decides, so
    that no song is on both sides, and the split does not depend on the order or number of files.

    Args:
        folder: with `annotations_final.csv` (tab-separated: clip_id, tags, mp3_path), and the clips
            in it or in `mp3/`. The song is the `original_url` in `clip_info_final.csv`, or without
            that table the path without the seconds.
        tags: number of tags, the most frequent in the whole table; equally frequent ones in the
            order of the columns.
        split: `12:1:3` or `9:1`.
        keep_untagged: keep clips with none of these tags, which Won 2020 leaves out.

    Raises:
        FileNotFoundError: no table, or no recording at all; some missing recordings are a finding.
        ValueError: a split that does not exist, or a table that cannot be read; the message names
            the table and the line.
    """
    if split not in ("12:1:3", "9:1"):
        raise ValueError(f"no split {split!r} of MagnaTagATune; there are 12:1:3 and 9:1")
    folder = Path(folder)
    table = folder / TABLE
    if not table.is_file():
        raise FileNotFoundError(f"{table}: not there. Expected is {SOURCE}")
    names, paths, values = _annotations(table)
    if not 1 <= tags <= len(names):
        raise ValueError(f"{table}: {tags} tags of {len(names)}")
    chosen = np.argsort(-values.sum(axis=0), kind="stable")[:tags]
    values = values[:, chosen]
    findings = []
    tagged = np.asarray(values.any(axis=1))
    if not keep_untagged and not tagged.all():
        findings.append(f"{(~tagged).sum()} clips have none of the {tags} tags and are left out")
        paths = [path for path, kept in zip(paths, tagged, strict=True) if kept]
        values = values[tagged]
    audio = folder / "mp3" if (folder / "mp3").is_dir() else folder
    gone, missing = missing_files([audio / path for path in paths], SOURCE)
    songs = _songs(folder / INFO)
    pieces = []
    for path, row in zip(paths, values, strict=True):
        if audio / path in gone:
            continue
        song = songs.get(path) or SEGMENT.sub(r"\1", path)
        side = _folder_split(path, table) if split == "12:1:3" else _song_split(song)
        label = tuple(row.astype(float).tolist())
        pieces.append(Piece(audio / path, song, {"tags": label}, "magnatagatune", side))
    pieces, leaks = without_leaks(pieces)
    task = replace(TAGS, labels=tuple(names[i] for i in chosen))
    return Corpus("magnatagatune", pieces, (task,), findings + missing + leaks)


def _annotations(table: Path) -> tuple[list[str], list[str], np.ndarray]:
    """Read the tags, the paths of the clips, and (n, tags) bool."""
    with open(table, encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter="\t")
        columns = next(reader, [])
        if len(columns) < 3 or columns[0] != "clip_id" or columns[-1] != "mp3_path":
            raise ValueError(
                f"{table}: its first line does not name clip_id, tags and mp3_path between tabs"
            )
        paths, rows = [], []
        for row in reader:
            if len(row) != len(columns) or not set(row[1:-1]) <= {"0", "1"} or not row[-1]:
                raise ValueError(
                    f"{table}, line {reader.line_num}: not {len(columns)} values, of which those "
                    "of tags are 0 or 1"
                )
            paths.append(row[-1])
            rows.append(np.array(row[1:-1]) == "1")
    if not rows:
        raise ValueError(f"{table}: there is no row below the names of the columns")
    return columns[1:-1], paths, np.stack(rows)


def _songs(info: Path) -> dict[str, str]:
    """Read the song of each clip by its path; empty without the table of clips."""
    if not info.is_file():
        return {}
    with open(info, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t")
        if missing := {"original_url", "mp3_path"} - set(reader.fieldnames or ()):
            raise ValueError(f"{info}: no column {', '.join(sorted(missing))}")
        return {row["mp3_path"]: row["original_url"] or "" for row in reader if row["mp3_path"]}


def _folder_split(path: str, table: Path) -> str:
    first = path.split("/")[0].lower()
    if len(first) != 1 or first not in "0123456789abcdef":
        raise ValueError(f"{table}: {path} is not in a folder 0 to f, which the split is by")
    number = int(first, 16)
    return "train" if number < 12 else "val" if number == 12 else "test"


def _song_split(song: str) -> str:
    return "test" if zlib.crc32(song.encode()) % TENTHS == 0 else "train"
