"""YM2413-MDB: music of old games, with quadrants."""

from __future__ import annotations

from pathlib import Path

from symbolic.data.corpora.label_rows import corpus_rows
from symbolic.data.groups import merged_groups
from symbolic.data.pieces import Piece

SOURCE = (
    "YM2413-MDB 1.0.2 (Choi et al. 2022, the GitHub project jech2/YM2413-MDB; quadrants are those "
    "of the first of the verified tags)"
)

# Games with the same music: they are one group. `symbolic audit` finds them by their melodies.
YM2413_LOOK_ALIKES = (
    ("Out Run", "Out Run 3D"),
    ("BMX Trial - Alex Kidd", "Game de check! Koutsuu Anzen"),
)


def read_ym2413(folder: str | Path) -> list[Piece]:
    """Read YM2413-MDB (Choi 2022), music of a synthesis chip for several instruments and drums.

    A game is a group; games with the same music are one, with the alphabetically first name. A
    quadrant is that of a tag, no listener's rating. The corpus has no split: use folds by game.

    Args:
        folder: with `clips.csv` (columns file, game, quadrant) and `midi/`.

    Raises:
        FileNotFoundError: a missing folder, or another layout.
        ValueError: a table that cannot be read, or a quadrant or a game that is missing or does not
            exist.
    """
    folder = Path(folder)
    columns = ("file", "game", "quadrant")
    rows = corpus_rows(folder / "clips.csv", folder / "midi", columns, SOURCE)
    group = merged_groups((row.text("game") for _, row in rows), YM2413_LOOK_ALIKES)
    pieces = []
    for path, row in rows:
        quadrant, game = row.quadrant(), row.text("game")
        if quadrant is None or not game:
            raise row.error("no quadrant" if game else "no game")
        pieces.append(Piece(path, group[game], {"emotion": quadrant}, "ym2413"))
    return pieces
