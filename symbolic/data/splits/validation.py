"""A part of the training pieces to judge epochs by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def validation_mask(
    labels: Sequence[int] | np.ndarray,
    groups: Sequence[str] | np.ndarray,
    share: float,
    seed: int = 0,
) -> np.ndarray:
    """Choose whole groups that hold about a share of the pieces of each class.

    Groups come in random order, and one is taken where that brings the counts of the classes nearer
    to what is wanted.

    Args:
        labels: n class ids; all negative ones count as one class, those without a label.
        groups: n group names.
        share: 0..1.
        seed: of the order.

    Returns:
        (n,) bool, True for validation; no group is on both sides.

    Raises:
        ValueError: fewer than two groups, so that one side would be empty.
    """
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"{len(names)} groups of {len(labels)} pieces cannot be parted")
    labels = np.maximum(np.asarray(labels), -1) + 1
    counts = np.zeros((len(names), labels.max() + 1), int)
    np.add.at(counts, (group, labels), 1)
    wanted = share * counts.sum(axis=0)
    taken = np.zeros(len(names), bool)
    order = np.random.default_rng(seed).permutation(len(names))
    for g in order:
        if np.abs(wanted - counts[g]).sum() < np.abs(wanted).sum():
            wanted = wanted - counts[g]
            taken[g] = True
    smallest = order[counts[order].sum(axis=1).argmin()]
    if taken.all() or not taken.any():  # neither side may be empty
        taken[smallest] = not taken[smallest]
    return taken[group]
