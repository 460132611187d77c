"""Validation pieces among the training pieces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def validation_mask(
    labels: Sequence[int] | np.ndarray,
    groups: Sequence[str] | np.ndarray,
    share: float,
    seed: int = 0,
) -> np.ndarray:
    """Choose whole groups with about a share of the pieces of each class.

    Groups are visited in random order; one is chosen if that brings the counts of the classes
    closer to the share.

    Args:
        labels: n class ids; negative ids, of pieces without a label, count as one class.
        groups: n group names.
        share: above 0 and below 1.
        seed: of the order.

    Returns:
        (n,) bool, True for validation; no group is on both sides.

    Raises:
        ValueError: a share outside of this range, or fewer than two groups, so that one side would
            be empty.
    """
    if not 0 < share < 1:
        raise ValueError(f"a share of {share} for validation is not between 0 and 1")
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"{len(names)} groups of {len(labels)} pieces cannot be parted")
    column = np.maximum(np.asarray(labels), -1) + 1
    counts = np.zeros((len(names), column.max() + 1), int)
    np.add.at(counts, (group, column), 1)
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
