"""GTZAN (Tzanetakis & Cook 2002): excerpts of half a minute in ten genres, and known faults."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from symbolic.audio.decode import AUDIO_SUFFIXES
from symbolic.data.corpora.label_rows import numbered_lines
from symbolic.data.corpus import Corpus, files_by_name, without_leaks
from symbolic.data.groups import merged_groups
from symbolic.data.pieces import Piece
from symbolic.notes.sources import find_files
from symbolic.tasks import GENRE, GTZAN_GENRES

SOURCE = "GTZAN, with files such as blues.00000.wav, in one folder or in one for each genre"
NAME = re.compile(rf"({'|'.join(GTZAN_GENRES)})\.\d{{5}}")
CORRUPT = "jazz.00054"

SPLIT_FILES = {
    "train": ("train_filtered.txt", "train.txt"),
    "val": ("valid_filtered.txt", "valid.txt"),
    "test": ("test_filtered.txt", "test.txt"),
}

# Numbers by genre, a comma between groups.
_REPEATED = {
    "disco": "50 51 70, 55 60 89, 71 74, 98 99",
    "hiphop": "39 45, 76 78",
    "jazz": "33 51, 34 53, 35 55, 36 58, 37 60, 38 62, 39 65, 40 67, 42 68, 43 69, 44 70, 45 71, "
    "46 72",
    "metal": "4 13, 34 94, 40 61, 41 62, 42 63, 43 64, 44 65, 45 66",
    "pop": "15 22, 30 31, 45 46, 47 80, 52 57, 54 60, 56 59, 67 71, 87 90",
    "reggae": "3 54, 5 56, 8 57, 10 60, 13 58, 41 69, 73 74, 80 81 82, 75 91 92",
}
REPETITIONS: tuple[tuple[str, ...], ...] = (
    *(
        tuple(f"{genre}.{int(number):05d}" for number in group.split())
        for genre, groups in _REPEATED.items()
        for group in groups.split(",")
    ),
    ("metal.00058", "rock.00016"),
)
"""Excerpts that are the same, or overlap, from the catalogue of Sturm 2013.

An entry of the catalogue is listed if data confirm it: the common table of 57 statistics has nearly
the same values for the excerpts, or the fault-filtered split (Kereliuk 2015) leaves out all of them
but one or none. The last group is one recording in two genres. The list is not complete: it lacks
different excerpts of one recording, versions, and the many excerpts of one artist (a third of
reggae is Bob Marley). Only the fault-filtered split separates artists.
"""


def read_gtzan(folder: str | Path, splits: str | Path | None = None) -> Corpus:
    """Read GTZAN or a part of it; excerpts that are known to be the same are one group.

    Args:
        folder: with files `<genre>.<five digits>` and any audio suffix, also in folders within.
        splits: folder of the fault-filtered split (Kereliuk 2015): text files `train_filtered.txt`,
            `valid_filtered.txt` and `test_filtered.txt`, or without `_filtered`, a name such as
            `blues/blues.00029.wav` on each line; by default `folder`. Excerpts in none of them are
            in no split, as are all without such files.

    Raises:
        FileNotFoundError: no excerpt in the folder, or `splits` without all three files.
        ValueError: an excerpt that occurs twice, or a line of a split without an excerpt. The
            message names the file and the line.
    """
    folder = Path(folder)
    files = (path for path in find_files(folder, AUDIO_SUFFIXES) if path.is_file())
    excerpts = files_by_name(path for path in files if NAME.fullmatch(path.stem))
    found = dict(sorted(excerpts.items()))
    if not found:
        raise FileNotFoundError(f"{folder}: no excerpt. Expected is {SOURCE}")
    findings = []
    if (corrupt := found.pop(CORRUPT, None)) is not None:
        findings.append(
            f"{corrupt.name} is left out: in most copies of GTZAN it is corrupt or cut off"
        )
    where = folder if splits is None else Path(splits)
    present = [file for files in SPLIT_FILES.values() for file in files if (where / file).is_file()]
    split = gtzan_splits(where) if present or splits is not None else {}
    group = gtzan_groups(found)
    pieces = []
    for name, path in found.items():
        genre = GTZAN_GENRES.index(name.split(".")[0])
        pieces.append(Piece(path, group[name], {"genre": genre}, "gtzan", split.get(name, "")))
    if repeated := sum(group[name] != name for name in found):
        findings.append(
            f"{repeated} excerpts repeat another one and are in its group (Sturm 2013); the list "
            "is not complete, and only the fault-filtered split separates artists"
        )
    if split and (absent := set(split) - set(found) - {CORRUPT}):
        findings.append(
            f"{len(absent)} excerpts of the split are missing, the first is {min(absent)}"
        )
    pieces, leaks = without_leaks(pieces)
    return Corpus("gtzan", pieces, (GENRE,), findings + leaks)


def gtzan_groups(names: Iterable[str]) -> dict[str, str]:
    """Find the group of each excerpt by name, such as `blues.00000`; merges `REPETITIONS`."""
    pairs = [(first, other) for first, *rest in REPETITIONS for other in rest]
    return merged_groups(names, pairs)


def gtzan_splits(folder: str | Path) -> dict[str, str]:
    """Read the fault-filtered split: `train`, `val` or `test` by name of the excerpt.

    Files and errors are those of `read_gtzan`.
    """
    tables: dict[str, Path] = {}
    for split, files in SPLIT_FILES.items():
        present = [Path(folder, file) for file in files if Path(folder, file).is_file()]
        if not present:
            raise FileNotFoundError(f"{Path(folder, files[0])}: not there, and no {files[1]}")
        tables[split] = present[0]
    split_of: dict[str, str] = {}
    for split, table in tables.items():
        for line, text in numbered_lines(table):
            name = Path(text.replace("\\", "/")).stem
            if not NAME.fullmatch(name):
                raise ValueError(f"{table}, line {line}: {text!r} names no excerpt")
            if name in split_of:
                raise ValueError(f"{table}, line {line}: {name} is in {split_of[name]} already")
            split_of[name] = split
    return split_of
