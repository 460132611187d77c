"""Confidence intervals by the bootstrap over groups.

Clips of a song are alike, so that songs, not clips, are drawn with replacement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

DRAWS = 2000
QUANTILES = (0.025, 0.975)


def grouped_bootstrap(
    statistic: Callable[[np.ndarray], float],
    groups: Sequence[str],
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[float, float]:
    """Compute the 95 % interval of a statistic by drawing groups with replacement.

    For a paired comparison use the difference of two systems on the same rows as the statistic.

    Args:
        statistic: from the positions of the drawn rows (repeats included) to a number.
        groups: the group of each row.
        draws: number of bootstrap samples.
        seed: of the draws.

    Returns:
        The 2.5 % and the 97.5 % quantile.
    """
    low, high = grouped_bootstraps(lambda rows: [statistic(rows)], groups, draws, seed)[:, 0]
    return float(low), float(high)


def grouped_bootstraps(
    statistics: Callable[[np.ndarray], Sequence[float]],
    groups: Sequence[str],
    draws: int = DRAWS,
    seed: int = 0,
) -> np.ndarray:
    """Compute the intervals of `grouped_bootstrap` for several statistics of the same draws.

    Returns:
        (2, k), the 2.5 % and the 97.5 % quantiles of the k numbers that `statistics` returns.
    """
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    order = np.argsort(group, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(group))[:-1])
    values = [
        statistics(np.concatenate([members[g] for g in drawn]))
        for drawn in _drawn(len(members), draws, seed)
    ]
    return np.quantile(values, QUANTILES, axis=0)


def bootstrap_of_sums(
    statistic: Callable[[np.ndarray], np.ndarray],
    sums: np.ndarray,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[float, float]:
    """Compute the interval of `grouped_bootstrap` faster, for a statistic of sums over rows.

    Args:
        statistic: from (draws, ...) sums over the drawn rows to (draws,) numbers.
        sums: (G, ...) sums over the rows of each group, groups in sorted order.
        draws: number of bootstrap samples.
        seed: of the draws; the same seed draws the same groups as in `grouped_bootstrap`.

    Returns:
        The 2.5 % and the 97.5 % quantile.
    """
    sums = np.asarray(sums)
    times = np.stack(
        [np.bincount(drawn, minlength=len(sums)) for drawn in _drawn(len(sums), draws, seed)]
    )
    low, high = np.quantile(statistic(np.tensordot(times, sums, axes=1)), QUANTILES)
    return float(low), float(high)


def _drawn(groups: int, draws: int, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, groups, groups) for _ in range(draws)]
