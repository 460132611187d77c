"""Numbers that sum up many: quantiles, means, entropy.

Here and in the groups of columns, bare ufuncs: on a few hundred notes, the functions and methods
of numpy that wrap them take most of their time to get to them.
"""

from __future__ import annotations

from functools import cache
from math import sqrt

import numpy as np

STATISTICS = ("mean", "std", "q10", "q25", "median", "q75", "q90")
"""What `spread` gives of each quantity, in order."""

_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


@cache
def _names(name: str) -> tuple[str, ...]:
    return tuple(f"{name}_{statistic}" for statistic in STATISTICS)


def spread(name: str, values: np.ndarray) -> dict[str, float]:
    """Mean, standard deviation and five quantiles of (k,) values, k at least 1."""
    ordered = values.copy()
    ordered.sort()
    return dict(zip(_names(name), (*moments(values), *_quantiles(ordered)), strict=True))


def _quantiles(ordered: np.ndarray) -> list[float]:
    """Of (k,) values from low to high, as `np.quantile` interpolates: from the nearer side."""
    last, quantiles = len(ordered) - 1, []
    for quantile in _QUANTILES:
        place = quantile * last
        before = int(place)
        part = place - before
        low, high = ordered.item(before), ordered.item(min(before + 1, last))
        step = high - low
        quantiles.append(low + step * part if part < 0.5 else high - step * (1 - part))
    return quantiles


def median(values: np.ndarray) -> float:
    """Median of (k,) values, k at least 1."""
    ordered, middle = values.copy(), len(values) // 2
    ordered.sort()
    if len(values) % 2:
        return ordered.item(middle)
    return (ordered.item(middle - 1) + ordered.item(middle)) / 2


def moments(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of (k,) values, k at least 1."""
    count = len(values)
    middle = np.add.reduce(values) / count
    away = values - middle
    return middle, sqrt(np.add.reduce(away * away) / count)


def mean(values: np.ndarray) -> float:
    """Mean of (k,) values, 0 of none."""
    return np.add.reduce(values) / len(values) if len(values) else 0.0


def share(marks: np.ndarray) -> float:
    """Share of (k,) marks that are set, 0 of none."""
    return np.count_nonzero(marks) / len(marks) if len(marks) else 0.0


def entropy(shares: np.ndarray) -> float:
    """Shannon entropy of shares that sum to 1, in nats; 0 where all is in one."""
    shares = shares[shares > 0]
    return -np.add.reduce(shares * np.log(shares))
