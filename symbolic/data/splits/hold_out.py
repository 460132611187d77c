"""Pieces of a corpus to train on and to hold out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from symbolic.data.corpus import Corpus
from symbolic.data.groups import FOLDS, group_folds
from symbolic.data.pieces import Piece
from symbolic.tasks import IGNORE, Task


def training_pieces(pieces: list[Piece]) -> list[Piece]:
    """Select the pieces of the split `train`; if there are none, those of no split."""
    train = [piece for piece in pieces if piece.split == "train"]
    return train or [piece for piece in pieces if not piece.split]


def sampled(corpus: Corpus, count: int, seed: int = 0) -> Corpus:
    """Draw `count` pieces of a corpus at random and keep their order; 0 keeps all pieces.

    Raises:
        ValueError: a count below 0.
    """
    if count < 0:
        raise ValueError(f"{count} pieces")
    if not count or count >= len(corpus.pieces):
        return corpus
    order = np.random.default_rng(seed).permutation(len(corpus.pieces))
    kept = np.sort(order[:count]).tolist()
    features = None if corpus.features is None else [corpus.features[i] for i in kept]
    findings = [*corpus.findings, f"{count} of {len(corpus.pieces)} pieces are taken, at random"]
    pieces = [corpus.pieces[i] for i in kept]
    return replace(corpus, pieces=pieces, features=features, findings=findings)


def hold_out(
    corpus: Corpus, part: str, folds: int = FOLDS, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Split a corpus into training pieces and held-out pieces.

    Args:
        corpus: the corpus.
        part: `fold-K`, fold K by group, stratified by the first task of classes that a piece has a
            label of; the name of a split of the corpus, where `training_pieces` are trained on; or
            `none`.
        folds, seed: as for `group_folds`.

    Returns:
        Numbers of the training pieces, and of the held-out pieces.

    Raises:
        ValueError: a fold or a split that does not exist, or too many folds.
    """
    pieces = corpus.pieces
    everything = np.arange(len(pieces))
    if part == "none":
        return everything, everything[:0]
    if part.startswith("fold-"):
        number = part.removeprefix("fold-")
        if number in map(str, range(folds)):
            fold = group_folds(classes(corpus), corpus.groups, folds, seed)
            return np.flatnonzero(fold != int(number)), np.flatnonzero(fold == int(number))
    if part not in {piece.split for piece in pieces} - {""}:
        names = [f"fold-0 to fold-{folds - 1}", *held_out_splits(corpus), "none"]
        raise ValueError(
            f"hold_out {part!r}: no such fold or split of {corpus.name}; there are "
            f"{', '.join(names)}"
        )
    train = {id(piece) for piece in training_pieces(pieces)}
    return (
        np.array([i for i in everything if id(pieces[i]) in train], int),
        np.array([i for i in everything if pieces[i].split == part], int),
    )


def held_out_splits(corpus: Corpus) -> list[str]:
    """Name the splits that can be held out: all but `train`."""
    return sorted({piece.split for piece in corpus.pieces} - {"", "train"})


def classes(corpus: Corpus) -> np.ndarray:
    """(n,) class ids by which folds are stratified: of the first task with classes and labels."""
    single = (class_labels(corpus.pieces, task) for task in corpus.tasks if task.kind == "single")
    labelled = (ids for ids in single if (ids != IGNORE).any())
    return next(labelled, np.zeros(len(corpus.pieces), int))


def class_labels(pieces: Sequence[Piece], task: Task) -> np.ndarray:
    """(n,) class ids of a task with classes, -100 for no label."""
    return np.array([piece.labels.get(task.name, IGNORE) for piece in pieces], int)
