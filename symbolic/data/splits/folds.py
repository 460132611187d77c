"""Folds of pieces, and a validation share of training pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from symbolic.data.groups import group_folds, group_name
from symbolic.data.pieces import Piece
from symbolic.data.splits.validation import validation_mask
from symbolic.tasks import IGNORE

FOLDS = 5


def fold_pieces(
    pieces: list[Piece], fold: str | int, folds: int = FOLDS, seed: int = 0
) -> list[Piece]:
    """Select the pieces of one fold; folds are by group and stratified by quadrant.

    Args:
        pieces: n; those without a quadrant count as one class.
        fold: 0..folds-1, as a number or as text.
        folds: number of folds, at least 2.
        seed: of the shuffle.

    Raises:
        ValueError: a fold that does not exist, or more folds than there are groups, or than pieces
            of the most frequent class.
    """
    if not pieces:
        return []
    number = fold_numbers(_classes(pieces), [piece.group for piece in pieces], folds, seed)
    if str(fold) not in map(str, range(folds)):
        raise ValueError(f"fold {fold!r} is not one of 0 to {folds - 1}")
    return [piece for piece, k in zip(pieces, number, strict=True) if k == int(fold)]


def fold_numbers(
    classes: Sequence[int] | np.ndarray, groups: Sequence[str], folds: int, seed: int
) -> np.ndarray:
    """Assign pieces to folds by group, stratified by class.

    Args:
        classes: n class ids.
        groups: n group names.
        folds: number of folds, at least 2.
        seed: of the shuffle.

    Returns:
        (n,) int64 in 0..folds-1.

    Raises:
        ValueError: more folds than there are groups, or than pieces of the most frequent class.
    """
    if folds < 2:
        raise ValueError(f"{folds} folds: there must be at least 2")
    most = min(len(set(groups)), int(np.unique(classes, return_counts=True)[1].max()))
    if folds > most:
        raise ValueError(f"{folds} folds: there are groups and pieces of a class for {most}")
    return group_folds(classes, groups, folds, seed)


def validation_split(
    train: list[Piece], share: float, seed: int = 0
) -> tuple[list[Piece], list[Piece]]:
    """Split training pieces into those to train on and those to validate epochs on.

    The split is by group and stratified by quadrant, as `validation_mask` chooses.

    Args:
        train: training pieces of any corpora; those without a quadrant count as one class.
        share: of the pieces, above 0 and below 1.
        seed: of the shuffle.

    Returns:
        The pieces left to train on, and the validation pieces, each in the order of `train`;
        neither is empty, and no group of a corpus is in both.

    Raises:
        ValueError: a share outside 0..1, or too few groups or pieces to split.
    """
    if not 0 < share < 1:
        raise ValueError(f"a share of {share} for validation is not between 0 and 1")
    groups = [group_name(piece.corpus, piece.group) for piece in train]
    chosen = validation_mask(_classes(train), groups, share, seed)
    kept = [piece for piece, taken in zip(train, chosen, strict=True) if not taken]
    if not kept:
        raise ValueError(f"{len(train)} pieces: a share of {share} leaves none to train on")
    return kept, [piece for piece, taken in zip(train, chosen, strict=True) if taken]


def _classes(pieces: Sequence[Piece]) -> list[int]:
    return [cast("int", piece.labels.get("emotion", IGNORE)) for piece in pieces]
