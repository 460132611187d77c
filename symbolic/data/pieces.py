"""Pieces: files with what is known of them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from symbolic.data.groups import UNLABELLED
from symbolic.notes.sources import display_name, find_files


@dataclass(frozen=True)
class Piece:
    """One file with its labels.

    Attributes:
        path: the file.
        group: what must not cross a split: the song, the piece of a game, or the game.
        labels: by task name: an int for classes, a tuple of floats for real-valued targets.
        corpus: name of the corpus.
        split: the corpus's own split, where it has one.
    """

    path: Path
    group: str
    labels: dict[str, int | tuple[float, ...]] = field(default_factory=dict)
    corpus: str = ""
    split: str = ""


def unlabelled_pieces_in(
    pieces: Iterable[Piece | str | os.PathLike] | str | os.PathLike,
) -> list[Piece]:
    """Pieces as they are, files and the music in folders as pieces without labels.

    Each file is a group of its own, by its name without the suffix, of the corpus `unlabelled`.
    """
    found: list[Piece] = []
    for piece in [pieces] if isinstance(pieces, str | os.PathLike) else pieces:
        if isinstance(piece, Piece):
            found.append(piece)
        else:
            found += [
                Piece(path=path, group=display_name(path.stem), corpus=UNLABELLED)
                for path in find_files(piece)
            ]
    return found
