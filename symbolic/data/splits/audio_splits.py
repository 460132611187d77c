"""Which pieces of a corpus are trained on and which held out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from symbolic.data.corpus import Corpus
from symbolic.data.splits.folds import FOLDS, group_folds
from symbolic.data.splits.protocols import training_pieces
from symbolic.tasks import IGNORE, Task


def drawn(corpus: Corpus, most: int, seed: int = 0) -> Corpus:
    """So many pieces of a corpus at random, in their order; all of them where `most` is 0.

    Raises:
        ValueError: a number below 0.
    """
    if most < 0:
        raise ValueError(f"{most} pieces")
    if not most or most >= len(corpus.pieces):
        return corpus
    order = np.random.default_rng(seed).permutation(len(corpus.pieces))
    kept = np.sort(order[:most]).tolist()
    features = None if corpus.features is None else [corpus.features[i] for i in kept]
    findings = [*corpus.findings, f"{most} of {len(corpus.pieces)} pieces are taken, at random"]
    pieces = [corpus.pieces[i] for i in kept]
    return replace(corpus, pieces=pieces, features=features, findings=findings)


def held_out(
    corpus: Corpus, hold_out: str, folds: int = FOLDS, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the pieces to train on, and of those held out.

    Where a split of the corpus is held out, its split `train` is trained on, or where it has none
    what is in no split.

    Raises:
        ValueError: a fold or a split that does not exist.
    """
    pieces = corpus.pieces
    everything = np.arange(len(pieces))
    if hold_out == "none":
        return everything, everything[:0]
    if hold_out.startswith("fold-"):
        number = hold_out.removeprefix("fold-")
        if number not in map(str, range(folds)):
            raise ValueError(f"hold_out {hold_out!r}: the folds are fold-0 to fold-{folds - 1}")
        fold = group_folds(classes(corpus), [piece.group for piece in pieces], folds, seed)
        return np.flatnonzero(fold != int(number)), np.flatnonzero(fold == int(number))
    splits = sorted({piece.split for piece in pieces} - {""})
    if hold_out not in splits:
        known = ", ".join(splits) or "none"
        raise ValueError(f"hold_out {hold_out!r}: {corpus.name} has the splits {known}, and fold-K")
    trained = {id(piece) for piece in training_pieces(pieces)}
    return (
        np.array([i for i in everything if id(pieces[i]) in trained]),
        np.array([i for i in everything if pieces[i].split == hold_out]),
    )


def classes(corpus: Corpus) -> np.ndarray:
    """(n,) what folds are stratified by: the first task of classes, if there is one."""
    single = [task for task in corpus.tasks if task.kind == "single"]
    return class_labels(corpus, single[0]) if single else np.zeros(len(corpus.pieces), int)


def class_labels(corpus: Corpus, task: Task) -> np.ndarray:
    """(n,) class ids of a task of classes, -100 for no label."""
    return np.array([piece.labels.get(task.name, IGNORE) for piece in corpus.pieces])
