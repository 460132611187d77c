"""VGMIDI: phrases of game music with quadrants, valence and arousal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from symbolic.data.corpora.label_rows import corpus_rows
from symbolic.data.groups import merged_groups
from symbolic.data.pieces import Piece

SOURCE = "VGMIDI (Ferreira and Whitehead 2019, the GitHub project lucasnfe/vgmidi)"


def game_piece(game: str, piece: str) -> str:
    """Name the group of a piece; names of pieces alone occur in several games."""
    return f"{game} / {piece}"


# Pieces of a game with the same tune, arranged differently or within a medley: they are one group.
# `symbolic audit` finds them by their melodies.
VGMIDI_LOOK_ALIKES = tuple(
    (game_piece(game, first), game_piece(game, second))
    for game, first, second in (
        ("Final Fantasy VII", "One Winged Angel", "One Winged Angel Reborn Arrangement"),
        ("Final Fantasy VII", "Cinco de Chocobo", "Electric de Chocobo"),
        ("Super Mario World", "Overworld", "Overworld 2"),
        ("The Legend of Zelda Ocarina of Time", "Song of Storms", "Medley of Time"),
    )
)


def read_vgmidi(folder: str | Path, by: Literal["piece", "game"] = "piece") -> list[Piece]:
    """Read VGMIDI phrases (Ferreira 2019), grouped by game and piece, or by game.

    Look-alike pieces are one group, with the alphabetically first name. Valence and arousal are -1
    or 1. The corpus has no split: use folds by group.

    Args:
        folder: with `phrases.csv` (columns file, game, piece, quadrant, valence, arousal) and
            `midi/`.
        by: `piece` groups by game and piece, since several games have a "Main Theme"; `game` is the
            harder test, on unknown games.

    Raises:
        FileNotFoundError: a missing folder, or another layout.
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
        group = game if by == "game" else game_piece(game, row.text("piece"))
        labels = {"emotion": quadrant, "valence_arousal": plane}
        pieces.append(Piece(path, group, labels, "vgmidi"))
    if by == "game":
        return pieces
    merged = merged_groups((piece.group for piece in pieces), VGMIDI_LOOK_ALIKES)
    return [replace(piece, group=merged[piece.group]) for piece in pieces]
