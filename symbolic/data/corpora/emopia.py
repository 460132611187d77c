"""EMOPIA: pop-piano clips of quadrants, grouped by song."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np

from symbolic.data.corpora.label_rows import corpus_rows, read_rows
from symbolic.data.groups import merged_groups
from symbolic.data.pieces import Piece

SOURCE = (
    "EMOPIA 1.0 (Hung et al. 2021, https://zenodo.org/record/5090631; a file is named "
    "QUADRANT_SONG_NUMBER.mid; split_emopia_cls is the split of the GitHub project "
    "SeungHeonDoh/EMOPIA_cls)"
)

# Songs of EMOPIA 1.0 that occur under two ids, or nearly: look-alikes stay on one side of a split.
EMOPIA_LOOK_ALIKES = (
    ("TNoaOTrTkTQ", "bIx4DwkZxFY"),
    ("ZTrEoB8T9YA", "k-FNDbK6Qhg"),
    ("FoTXpYZXxJs", "Ie5koh4qvJc"),
    ("jO2zX6Ul8GM", "Ie5koh4qvJc"),
    ("0J7lX-Tcx-w", "_FVzelKlBFs"),
    ("8c7kcmsnf-s", "RaUSISlnhKw"),
)

_SUFFIXES = re.compile(r"(\.(midi?|npy))+$", re.IGNORECASE)


def read_emopia(folder: str | Path, split: str = "split") -> list[Piece]:
    """EMOPIA clips (Hung 2021), grouped by song; songs that occur under two ids are one group.

    `folder` holds `clips.csv` (columns file, song, quadrant and the split's) and `midi/`. Song ids
    are YouTube ids. Training songs which look like a song that is held out are in no split: theirs
    is empty. EMOPIA_cls separates ids, but has the same look-alikes on two sides.

    Args:
        folder: of the corpus.
        split: column of the split: `split` is EMOPIA 1.0's own, `split_emopia_cls` that of
            EMOPIA_cls, which leaves some clips out (their split is empty).

    Raises:
        FileNotFoundError: the folder is not there or is not laid out like this.
        ValueError: a table that cannot be read, or a quadrant that does not exist.
    """
    folder = Path(folder)
    columns = ("file", "song", "quadrant", split)
    rows = corpus_rows(folder / "clips.csv", folder / "midi", columns, SOURCE)
    group = merged_groups((row.text("song") for _, row in rows), EMOPIA_LOOK_ALIKES)
    held_out = {group[row.text("song")] for _, row in rows if row.text(split) not in ("train", "")}
    pieces = []
    for path, row in rows:
        quadrant, song = row.quadrant(), group[row.text("song")]
        if quadrant is None:
            raise row.error("no quadrant")
        side = "" if row.text(split) == "train" and song in held_out else row.text(split)
        pieces.append(Piece(path, song, {"emotion": quadrant}, "emopia", side))
    return pieces


def listed_pieces(pieces: list[Piece], path: str | Path) -> list[Piece]:
    """Those of the pieces whose file is named in a list, in their own order.

    Args:
        pieces: of which no two have a file name in common.
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


def _bare(name: str) -> str:
    """A name without folders and suffixes, however it is written."""
    return _SUFFIXES.sub("", name.strip().replace("\\", "/").rpartition("/")[2])


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
