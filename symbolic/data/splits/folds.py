"""Parts of a set of pieces: folds to hold out, and a share to judge epochs by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symbolic.data.groups import group_folds, group_name
from symbolic.data.pieces import Piece
from symbolic.data.splits.validation import validation_mask
from symbolic.tasks import IGNORE

FOLDS = 5


def fold_pieces(
    pieces: list[Piece],
    fold: str | int,
    folds: int = FOLDS,
    seed: int = 0,
) -> list[Piece]:
    """The pieces of one of several folds, stratified by quadrant and grouped.

    Args:
        pieces: n; those without a quadrant count as one class.
        fold: which one, 0..folds-1, as a number or as text.
        folds: how many there are, at least 2.
        seed: of the shuffle.

    Raises:
        ValueError: a fold that does not exist, or more folds than there are groups, or than pieces
            of the most frequent class.
    """
    if not pieces:
        return []
    if folds < 2:
        raise ValueError(f"{folds} folds: there must be at least 2")
    if str(fold) not in map(str, range(folds)):
        raise ValueError(f"fold {fold!r} is not one of 0 to {folds - 1}")
    classes = _classes(pieces)
    groups = [piece.group for piece in pieces]
    if folds > (most := _most_folds(classes, groups)):
        raise ValueError(f"{folds} folds: there are groups and pieces of a quadrant for {most}")
    number = group_folds(classes, groups, folds, seed)
    return [piece for piece, k in zip(pieces, number, strict=True) if k == int(fold)]


def validation_split(
    train: list[Piece], share: float, seed: int = 0
) -> tuple[list[Piece], list[Piece]]:
    """Training pieces parted into what is trained on and what epochs are judged by.

    By group and stratified by quadrant, as `validation_mask` chooses. Held-out pieces have no part
    in it.

    Args:
        train: the training pieces of any corpora; those without a quadrant count as one class.
        share: of the pieces, above 0 and below 1.
        seed: of the shuffle.

    Returns:
        What is left to train on, and the validation pieces, each in the order of `train`; neither
        is empty, and no group of a corpus is in both.

    Raises:
        ValueError: a share outside 0..1, or too few groups or pieces to part.
    """
    if not 0 < share < 1:
        raise ValueError(f"a share of {share} for validation is not between 0 and 1")
    groups = [group_name(piece.corpus, piece.group) for piece in train]
    taken = validation_mask(_classes(train), groups, share, seed)
    kept, validation = (
        [piece for piece, chosen in zip(train, rows, strict=True) if chosen]
        for rows in (~taken, taken)
    )
    if not kept:
        raise ValueError(f"{len(train)} pieces: a share of {share} leaves none to train on")
    return kept, validation


def _classes(pieces: Sequence[Piece]) -> list[int]:
    return [piece.labels.get("emotion", IGNORE) for piece in pieces]


def _most_folds(classes: Sequence[int], groups: Sequence[str]) -> int:
    """Folds that scikit-learn can make: of as many groups, and pieces of some class."""
    if not len(classes):
        return 0
    return min(len(set(groups)), int(np.unique(classes, return_counts=True)[1].max()))
