"""Pieces: files with their labels, groups and splits."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from symbolic.data.groups import UNLABELLED
from symbolic.notes.sources import display_name, find_files

Label = int | tuple[float, ...]
"""A class id, or real values: targets, or the times of boundaries in seconds."""


@dataclass(frozen=True)
class Piece:
    """A file with its labels.

    Attributes:
        path: of the file.
        group: name of all pieces that must stay on one side of a split: a song, the piece of a
            game, the game, or an artist.
        labels: by task name: an int for classes, a tuple of floats for real values.
        corpus: name of the corpus.
        split: the split of the corpus that the piece is in; empty for none.
        same_notes: name of what all performances of the same notes are of; empty if unknown.
        bars: bar lines in seconds, with the end of the last bar, for scores of boundaries by bars;
            empty if unknown.
    """

    path: Path
    group: str
    labels: Mapping[str, Label] = field(default_factory=dict)
    corpus: str = ""
    split: str = ""
    same_notes: str = ""
    bars: tuple[float, ...] = ()


def unlabelled_pieces_in(
    pieces: Iterable[Piece | str | os.PathLike] | str | os.PathLike,
) -> list[Piece]:
    """Replace files and folders by pieces without labels, and keep pieces as they are.

    Each file is a group of its own, by its name without the suffix, in the corpus `unlabelled`.
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
