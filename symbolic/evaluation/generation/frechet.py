"""Fréchet distance between two sets of vectors, beside what chance alone gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

DEALS = 200
BLOCKS = 10  # of the jackknife
FEWEST = 4  # vectors of a set


@dataclass(frozen=True)
class FrechetDistance:
    """A distance between two corpora, and its sampling error.

    The distance of two finite samples of one and the same music is above 0, and the more so, the
    fewer they are. So `by_chance` stands beside it: the distance after all vectors were dealt to
    two sets of these sizes at random.

    Attributes:
        distance: squared, in units of the embedding.
        by_chance: mean over the deals.
        by_chance_range: their 2.5 % and 97.5 % quantile.
        excess: `distance` less `by_chance`; about 0 for music of one kind.
        standard_error: of the distance, by a jackknife that leaves out a tenth of the groups.
        p_value: share of the deals with at least this distance, counting the two sets themselves as
            one, under the hypothesis that both are of one kind.
        share: `excess` as a share of the total variance of all vectors, which does not depend on
            their scale.
        sizes: number of vectors of both sets.
        dimensions: of a vector.
        deals: their number.
    """

    distance: float
    by_chance: float
    by_chance_range: tuple[float, float]
    excess: float
    standard_error: float
    p_value: float
    share: float
    sizes: tuple[int, int]
    dimensions: int
    deals: int

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dictionary of numbers and lists; None for what is undefined."""
        fields = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        return {k: None if v != v else v for k, v in fields.items()}


def frechet_distance(
    a: np.ndarray,
    b: np.ndarray,
    groups_a: Sequence[str] | None = None,
    groups_b: Sequence[str] | None = None,
    deals: int = DEALS,
    seed: int = 0,
) -> FrechetDistance:
    """Compute the distance between the normal distributions that fit two sets of vectors.

    |m_a - m_b|² + tr(C_a + C_b - 2 (C_a C_b)^½), with means m and covariances C (Dowson and Landau
    1982; for generated pictures Heusel 2017, for sound Kilgour 2019).

    Args:
        a, b: (n, H) and (m, H) vectors, such as those of `Scorer.embed`.
        groups_a, groups_b: a name for each vector; vectors of one name, such as clips of a song,
            are dealt and left out together. By default each stands for itself.
        deals: random divisions of all vectors into two sets.
        seed: of the deals.

    Raises:
        ValueError: vectors of different lengths or fewer than four in a set; values that are not
            finite; another number of groups; no deals.
    """
    if deals < 1:
        raise ValueError(f"{deals} deals, at least one is needed")
    a, b = (np.asarray(vectors, np.float64) for vectors in (a, b))
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"vectors of shapes {a.shape} and {b.shape}, expected (n, H) and (m, H)")
    if min(len(a), len(b)) < FEWEST:
        raise ValueError(f"sets of {len(a)} and {len(b)} vectors, at least {FEWEST} are needed")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("vectors with values that are not finite")
    vectors = np.concatenate([a, b])
    group = np.concatenate([_numbers(groups_a, a, "a"), _numbers(groups_b, b, "b")])
    group = np.unique(group, return_inverse=True)[1]
    first = np.arange(len(vectors)) < len(a)
    generator = np.random.default_rng(seed)
    distance = _distance(a, b)
    dealt = [_distance(*_dealt(vectors, group, len(a), generator)) for _ in range(deals)]
    mean = float(np.mean(dealt))
    low, high = np.quantile(dealt, (0.025, 0.975)).tolist()
    return FrechetDistance(
        distance=distance,
        by_chance=mean,
        by_chance_range=(low, high),
        excess=distance - mean,
        standard_error=_jackknife(vectors, group, first, generator),
        p_value=(1 + sum(one >= distance for one in dealt)) / (1 + len(dealt)),
        share=(distance - mean) / max(float(np.trace(_covariance(vectors))), 1e-12),
        sizes=(len(a), len(b)),
        dimensions=a.shape[1],
        deals=deals,
    )


def _numbers(groups: Sequence[str] | None, vectors: np.ndarray, name: str) -> np.ndarray:
    """Return a name for each vector; without groups one that no other vector has."""
    if groups is None:
        return np.array([f"\0{name} {i}" for i in range(len(vectors))])
    if len(groups) != len(vectors):
        raise ValueError(f"{len(groups)} groups for {len(vectors)} vectors of {name}")
    return np.array([str(one) for one in groups])


def _dealt(
    vectors: np.ndarray, group: np.ndarray, size: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Divide vectors into two sets, the first of about `size`; groups stay together."""
    place = generator.permutation(group.max() + 1)
    order = np.argsort(place[group], kind="stable")
    ends = np.flatnonzero(np.diff(place[group][order])) + 1  # between two groups
    end = int(ends[np.abs(ends - size).argmin()]) if len(ends) else size
    end = min(max(end, 2), len(vectors) - 2)
    return vectors[order[:end]], vectors[order[end:]]


def _jackknife(
    vectors: np.ndarray, group: np.ndarray, first: np.ndarray, generator: np.random.Generator
) -> float:
    """Compute the standard error of the distance by leaving out blocks of groups."""
    count = min(BLOCKS, int(group.max()) + 1)
    block = generator.permutation(np.arange(group.max() + 1) % count)[group]
    found = []
    for k in range(count):
        a, b = vectors[first & (block != k)], vectors[~first & (block != k)]
        if min(len(a), len(b)) < 2:
            return float("nan")
        found.append(_distance(a, b))
    return float(np.sqrt((count - 1) * np.var(found)))


def _covariance(vectors: np.ndarray) -> np.ndarray:
    return np.atleast_2d(np.cov(vectors, rowvar=False))


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    """Compute the distance of two sets of at least two vectors."""
    shift = a.mean(axis=0) - b.mean(axis=0)
    left, right = _covariance(a), _covariance(b)
    values, axes = np.linalg.eigh(left)
    root = (axes * np.sqrt(np.maximum(values, 0))) @ axes.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ right @ root), 0)).sum()
    return float(max(shift @ shift + np.trace(left) + np.trace(right) - 2 * shared, 0.0))
