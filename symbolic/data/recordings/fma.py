"""FMA (Defferrard 2017): clips of the Free Music Archive with genres."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from symbolic.data.corpus import Corpus, missing_files, without_leaks
from symbolic.data.pieces import Piece
from symbolic.tasks import GENRE

SPLITS = {"training": "train", "validation": "val", "test": "test"}
SUBSETS = ("small", "medium", "large")  # each is a part of the next
COLUMNS = {
    "artist": ("artist", "id"),
    "split": ("set", "split"),
    "subset": ("set", "subset"),
    "genre": ("track", "genre_top"),
}
SOURCE = "FMA: fma_metadata/tracks.csv, and recordings as fma_small/000/000002.mp3"

# Shorter than 30 s, by the notes on the data set.
KNOWN_SHORT = ("098565", "098567", "098569", "099134", "108925", "133297")


def read_fma(folder: str | Path, subset: str = "small") -> Corpus:
    """Read a subset of FMA with its own split; each artist is a group.

    Args:
        folder: with `fma_metadata/tracks.csv` or `tracks.csv`, and the recordings in
            `fma_<subset>/` or in `folder` itself.
        subset: `small` (8 genres, 8,000 clips), `medium` or `large`; each includes the one before.

    Raises:
        FileNotFoundError: no table, or no recording at all; some missing recordings are a finding.
        ValueError: a subset that does not exist, or a table that cannot be read; the message names
            the table and the line.
    """
    if subset not in SUBSETS:
        raise ValueError(f"no subset {subset!r} of FMA; there are {', '.join(SUBSETS)}")
    folder = Path(folder)
    tables = [folder / "fma_metadata" / "tracks.csv", folder / "tracks.csv"]
    table = next((path for path in tables if path.is_file()), None)
    if table is None:
        raise FileNotFoundError(f"{tables[0]}: not there. Expected is {SOURCE}")
    wanted = SUBSETS[: SUBSETS.index(subset) + 1]
    rows = [(line, row) for line, row in _rows(table) if row["subset"] in wanted]
    if not rows:
        raise ValueError(f"{table}: no track of the subset {subset}")
    findings = []
    if without := sum(not row["genre"] for _, row in rows):
        findings.append(f"{without} tracks have no top genre and are left out")
        rows = [(line, row) for line, row in rows if row["genre"]]
    genres = sorted({row["genre"] for _, row in rows})
    audio = folder / f"fma_{subset}"
    audio = audio if audio.is_dir() else folder
    pieces = []
    for line, row in rows:
        if row["split"] not in SPLITS:
            names = ", ".join(SPLITS)
            raise ValueError(f"{table}, line {line}: split {row['split']!r} is none of {names}")
        number = row["track"].zfill(6)
        path = audio / number[:3] / f"{number}.mp3"
        group = row["artist"] or f"track {number}"
        label = genres.index(row["genre"])
        pieces.append(Piece(path, group, {"genre": label}, "fma", SPLITS[row["split"]]))
    gone, missing = missing_files([piece.path for piece in pieces], SOURCE)
    pieces = [piece for piece in pieces if piece.path not in gone]
    if short := [piece.path.name for piece in pieces if piece.path.stem in KNOWN_SHORT]:
        findings.append(
            f"{len(short)} recordings that last a second or two, or cannot be decoded, are kept: "
            f"{', '.join(short)}"
        )
    pieces, leaks = without_leaks(pieces)
    task = replace(GENRE, labels=tuple(genres))
    return Corpus("fma", pieces, (task,), findings + missing + leaks)


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Read the line and values of each track: `track`, its number, and those of `COLUMNS`.

    Columns have names in two rows, such as (artist, id); the name of the index is in a third.
    """
    csv.field_size_limit(2**24)  # biographies
    try:
        with open(table, encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            first, second = next(reader, []), next(reader, [])
            named = {pair: i for i, pair in enumerate(zip(first, second, strict=False))}
            if absent := [pair for pair in COLUMNS.values() if pair not in named]:
                raise ValueError(f"no column {absent[0]} in its two rows of names")
            for row in reader:
                if not row or not row[0].strip().isdigit():
                    if reader.line_num > 3 and any(row):
                        raise ValueError(f"line {reader.line_num} does not begin with a number")
                    continue
                if len(row) != len(first):
                    raise ValueError(f"line {reader.line_num} has not the {len(first)} values")
                yield (
                    reader.line_num,
                    {
                        "track": row[0].strip(),
                        **{name: row[named[pair]].strip() for name, pair in COLUMNS.items()},
                    },
                )
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{table}: not the table of FMA: {error}") from error
