"""EMOPIA: clips of pop piano with emotion quadrants, grouped by song."""

from __future__ import annotations

from pathlib import Path

from symbolic.data.corpora.label_rows import corpus_rows
from symbolic.data.groups import merged_groups
from symbolic.data.pieces import Piece

SOURCE = (
    "EMOPIA 1.0 (Hung et al. 2021, https://zenodo.org/record/5090631; a file is named "
    "QUADRANT_SONG_NUMBER.mid; split_emopia_cls is the split of the GitHub project "
    "SeungHeonDoh/EMOPIA_cls)"
)

# Songs of EMOPIA 1.0 that occur, nearly the same, under two ids: they are one group.
EMOPIA_LOOK_ALIKES = (
    ("TNoaOTrTkTQ", "bIx4DwkZxFY"),
    ("ZTrEoB8T9YA", "k-FNDbK6Qhg"),
    ("FoTXpYZXxJs", "Ie5koh4qvJc"),
    ("jO2zX6Ul8GM", "Ie5koh4qvJc"),
    ("0J7lX-Tcx-w", "_FVzelKlBFs"),
    ("8c7kcmsnf-s", "RaUSISlnhKw"),
)


def read_emopia(folder: str | Path, split: str = "split") -> list[Piece]:
    """Read EMOPIA (Hung 2021), grouped by song; songs that occur under two ids are one group.

    Song ids are YouTube ids. Training songs that look like a held-out song are in no split. The
    split of EMOPIA_cls separates ids, but has the same look-alikes on two sides.

    Args:
        folder: with `clips.csv` (columns file, song, quadrant and the split) and `midi/`.
        split: column of the split: `split` for EMOPIA 1.0, `split_emopia_cls` for EMOPIA_cls, which
            leaves some clips out (their split is empty).

    Raises:
        FileNotFoundError: a missing folder, or another layout.
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
