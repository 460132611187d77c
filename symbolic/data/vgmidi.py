"""VGMIDI: phrases of game music with quadrants, valence and arousal."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from symbolic.data.label_rows import corpus_rows
from symbolic.data.pieces import Piece

SOURCE = "VGMIDI (Ferreira and Whitehead 2019, the GitHub project lucasnfe/vgmidi)"


def read_vgmidi(folder: str | Path, by: Literal["piece", "game"] = "piece") -> list[Piece]:
    """VGMIDI phrases (Ferreira 2019), grouped by game and piece, or by game.

    `folder` holds `phrases.csv` (columns file, game, piece, quadrant, valence, arousal) and
    `midi/`. Valence and arousal are -1 or 1. There is no split of its own: use `group_folds`.

    Args:
        folder: of the corpus.
        by: `piece` takes game and piece together, since several games have a "Main Theme"; `game`
            is the harder test, of games that a model has never heard.

    Raises:
        FileNotFoundError: the folder is not there or is not laid out like this.
        ValueError: another `by`, a table that cannot be read, or labels that do not exist.
    """
    if by not in ("piece", "game"):
        raise ValueError(f"VGMIDI is grouped by 'piece' or 'game', not by {by!r}")
    folder = Path(folder)
    columns = ("file", "game", "piece", "quadrant", "valence", "arousal")
    pieces = []
    for path, row in corpus_rows(folder / "phrases.csv", folder / "midi", columns, SOURCE):
        game, quadrant = row.text("game"), row.quadrant()
        if quadrant is None:
            raise row.error("no quadrant")
        plane = (row.number("valence"), row.number("arousal"))
        group = game if by == "game" else f"{game} / {row.text('piece')}"
        labels = {"emotion": quadrant, "valence_arousal": plane}
        pieces.append(Piece(path, group, labels, "vgmidi"))
    return pieces
