"""Groups of pieces that must stay on one side of a split."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

import numpy as np

from symbolic.errors import SymbolicError

HASHED = re.compile(r"(^|: )#[0-9a-f]{16}$")
FOLDS = 5
SHOWN = 5  # names in a message
UNLABELLED = "unlabelled"  # corpus of files without labels


class LeakError(SymbolicError, ValueError):
    """A group on both sides of a split."""

    kind = "leak: "


def merged_groups(groups: Iterable[str], look_alikes: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Merge groups that are connected by look-alike pairs, directly or through others.

    Returns:
        Group name to merged name, the alphabetically first of those connected.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    names = sorted(set(groups))
    index = {name: i for i, name in enumerate(names)}
    pairs = [(index[a], index[b]) for a, b in look_alikes if a in index and b in index]
    rows, columns = np.array(pairs, dtype=int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(names), len(names)))
    _, component = connected_components(graph, directed=False)
    _, first = np.unique(component, return_index=True)
    return {name: names[first[component[i]]] for i, name in enumerate(names)}


def assert_disjoint(**sides: Iterable[str]) -> None:
    """Refuse a split with a group on more than one side.

    Args:
        sides: by name, the group of each piece, which may be hashed (`hashed_group`).

    Raises:
        LeakError: with the names of the two sides and of the first groups that they share.
    """
    seen = [
        (name, {hashed_group(group): group for group in groups}) for name, groups in sides.items()
    ]
    for i, (a, left) in enumerate(seen):
        for b, right in seen[i + 1 :]:
            if shared := sorted(right[group] for group in left.keys() & right):
                raise LeakError(f"{len(shared)} groups are in both {a} and {b}: {first_of(shared)}")


def first_of(names: Sequence[str]) -> str:
    """List names in a message: the first five, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def group_folds(
    labels: Sequence[int] | np.ndarray, groups: Sequence[str], folds: int = FOLDS, seed: int = 0
) -> np.ndarray:
    """Assign n pieces to folds, stratified by class id and shuffled; no group is in two folds.

    Returns:
        (n,) int64 in 0..folds-1.

    Raises:
        ValueError: fewer than 2 folds, or more than groups or pieces of the most frequent class.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    if folds < 2:
        raise ValueError(f"{folds} folds: there must be at least 2")
    most = min(len(set(groups)), int(np.unique(labels, return_counts=True)[1].max()))
    if folds > most:
        raise ValueError(f"too few pieces for {folds} folds: --folds {most} is the most")
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    fold = np.empty(len(labels), np.int64)
    for k, (_, test) in enumerate(splitter.split(np.zeros(len(labels)), labels, groups)):
        fold[test] = k
    for k in range(folds):
        assert_disjoint(
            train=[g for g, f in zip(groups, fold, strict=True) if f != k],
            test=[g for g, f in zip(groups, fold, strict=True) if f == k],
        )
    return fold


def validation_mask(
    labels: Sequence[int] | np.ndarray,
    groups: Sequence[str] | np.ndarray,
    share: float,
    seed: int = 0,
) -> np.ndarray:
    """Choose whole groups with about a share of the pieces of each class.

    Groups are visited in random order; one is chosen if that brings the counts of the classes
    closer to the share. Of the n class ids, negative ones (no label) count as one class.

    Returns:
        (n,) bool, True for validation; no group is on both sides.

    Raises:
        ValueError: a share that is not between 0 and 1, or fewer than two groups, so that one side
            would be empty.
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


def group_name(corpus: str, group: str) -> str:
    """Name a group with its corpus, as in training records; corpora may use the same names."""
    return f"{corpus}: {group}"


def hashed_group(name: str) -> str:
    """Replace the group in a name of `group_name` by a hash of 64 bits: `emopia: #91f0...`.

    A training record stores hashes, which are short and hold no titles. Hashed names stay as they
    are.
    """
    if HASHED.search(name):
        return name
    corpus, separator, _ = name.partition(": ")
    digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    return f"{corpus if separator else ''}{separator}#{digest}"
