"""Splits of EMOPIA by clip, which leak: how many songs are on both sides of them.

    python benchmarks/leaking_splits.py DATA/emopia --clips midibert_cp_emopia_valid.npz

Others split EMOPIA by clip (MIDI-BERT, Chou 2021), so that clips of one song are trained on and
held out, and their scores are too high. To compare with such figures, `--write leaking.csv` gives
the listed clips the split `val`, all others `train`, and every clip a group of its own:

    python scripts/train.py --labelled leaking.csv --hold_out labelled-val ...
    python scripts/train.py --labelled leaking.csv --hold_out labelled-0 ...     # fold 0 of clips
"""

import argparse
import csv
import re
import zipfile
from pathlib import Path

import numpy as np

from symbolic.data import FOLDS, Piece, group_folds, read_emopia
from symbolic.data.corpora.label_rows import read_rows
from symbolic.tasks import QUADRANTS

SUFFIXES = re.compile(r"(\.(midi?|npy))+$", re.IGNORECASE)


def listed_pieces(pieces: list[Piece], path: str | Path) -> list[Piece]:
    """Select the pieces whose file is named in a list; their order is kept.

    Args:
        pieces: no two have the same file name.
        path: `.txt`, a name in each line; `.csv` with a column `file`, `path` or `name`; or `.npz`,
            whose arrays have the names of files. Folders before a name and a suffix .mid, .midi or
            .npy behind it do not matter. MIDI-BERT's own lists are pickles, which are not opened
            here since they can hold programs.

    Raises:
        FileNotFoundError: no such list.
        ValueError: another kind of file, an empty list, or a name that no piece has; the message
            names the list.
    """
    path = Path(path)
    names = {_bare(name) for name in _names(path) if name.strip()}
    if not names:
        raise ValueError(f"{path}: no name of a clip in it")
    chosen = [piece for piece in pieces if _bare(piece.path.name) in names]
    if unknown := sorted(names - {_bare(piece.path.name) for piece in chosen}):
        raise ValueError(
            f"{path}: {len(unknown)} of {len(names)} names are no clips of the corpus, "
            f"the first is {unknown[0]}"
        )
    return chosen


def clip_fold(pieces: list[Piece], fold: int, folds: int = FOLDS, seed: int = 0) -> list[Piece]:
    """Select a fold of clips, stratified by quadrant, whatever songs the clips are from."""
    quadrants = [piece.labels["emotion"] for piece in pieces]
    number = group_folds(quadrants, [piece.path.name for piece in pieces], folds, seed)
    return [piece for piece, k in zip(pieces, number, strict=True) if k == fold]


def shared_songs(pieces: list[Piece], test: list[Piece]) -> tuple[int, int]:
    """Count the songs held out that are also trained on, and all songs held out."""
    paths = {piece.path for piece in test}
    held = {piece.group for piece in test}
    return len(held & {piece.group for piece in pieces if piece.path not in paths}), len(held)


def write_table(pieces: list[Piece], test: list[Piece], path: str | Path) -> None:
    """Write a table for `symbolic.data.read_labelled` in which each clip is a group."""
    paths = {piece.path for piece in test}
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "quadrant", "group", "split"))
        for piece in pieces:
            split = "val" if piece.path in paths else "train"
            quadrant = QUADRANTS[piece.labels["emotion"]]
            writer.writerow((piece.path.resolve(), quadrant, piece.path.stem, split))


def _bare(name: str) -> str:
    """Remove folders and suffixes from a name, however it is written."""
    return SUFFIXES.sub("", name.strip().replace("\\", "/").rpartition("/")[2])


def _names(path: Path) -> list[str]:
    if path.suffix not in (".txt", ".csv", ".npz"):
        raise ValueError(f"{path}: a list of clips ends with .txt, .csv or .npz")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such list of clips")
    if path.suffix == ".csv":
        rows = read_rows(path)
        columns = [name for name in ("file", "path", "name") if name in rows[0].values]
        if not columns:
            raise ValueError(f"{path}: no column file, path or name")
        return [row.text(columns[0]) for row in rows]
    try:
        if path.suffix == ".txt":
            return path.read_text(encoding="utf-8-sig").splitlines()
        with np.load(path, allow_pickle=False) as arrays:
            return list(arrays.files)
    except (ValueError, OSError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: not a list that can be read: {error}") from error


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("emopia", help="folder of EMOPIA")
    parser.add_argument("--clips", help="names of clips to hold out: .txt, .csv or .npz")
    parser.add_argument("--write", metavar="CSV", help="the listed clips as a split to train with")
    options = parser.parse_args()
    if options.write and not options.clips:
        parser.error("--write needs --clips")
    pieces = read_emopia(options.emopia)
    splits = {f"fold {k} of clips": clip_fold(pieces, k) for k in range(FOLDS)}
    if options.clips:
        splits[Path(options.clips).name] = listed_pieces(pieces, options.clips)
    for name, test in splits.items():
        shared, held = shared_songs(pieces, test)
        print(f"{name}: {shared} of the {held} songs held out are also trained on")
    if options.write:
        write_table(pieces, splits[Path(options.clips).name], options.write)


if __name__ == "__main__":
    main()
