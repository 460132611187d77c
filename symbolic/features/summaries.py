"""Summary statistics: quantiles, moments, shares, entropy.

The feature code calls ufuncs directly: on a few hundred notes, the overhead of the wrappers in
NumPy exceeds the computation.
"""

from __future__ import annotations

from functools import cache
from math import sqrt

import numpy as np

SPREAD_STATISTICS = ("mean", "std", "q10", "q25", "median", "q75", "q90")  # as `spread` orders them
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


@cache
def _names(name: str) -> tuple[str, ...]:
    return tuple(f"{name}_{statistic}" for statistic in SPREAD_STATISTICS)


def spread(name: str, values: np.ndarray) -> dict[str, float]:
    """Compute mean, standard deviation and five quantiles of (k,) values, k at least 1."""
    ordered = values.copy()
    ordered.sort()
    return dict(zip(_names(name), (*moments(values), *_quantiles(ordered)), strict=True))


def _quantiles(ordered: np.ndarray) -> list[float]:
    """Compute quantiles of (k,) ascending values, interpolated as `np.quantile` does."""
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
    """Compute the median of (k,) values, k at least 1."""
    ordered, middle = values.copy(), len(values) // 2
    ordered.sort()
    if len(values) % 2:
        return ordered.item(middle)
    return (ordered.item(middle - 1) + ordered.item(middle)) / 2


def moments(values: np.ndarray) -> tuple[float, float]:
    """Compute mean and standard deviation of (k,) values, k at least 1."""
    count = len(values)
    middle = np.add.reduce(values) / count
    away = values - middle
    return middle, sqrt(np.add.reduce(away * away) / count)


def mean(values: np.ndarray) -> float:
    """Compute the mean of (k,) values; 0 if k is 0."""
    return np.add.reduce(values) / len(values) if len(values) else 0.0


def share(marks: np.ndarray) -> float:
    """Compute the share of true values in a (k,) mask; 0 if k is 0."""
    return np.count_nonzero(marks) / len(marks) if len(marks) else 0.0


def entropy(shares: np.ndarray) -> float:
    """Compute the Shannon entropy in nats of shares that sum to 1."""
    shares = shares[shares > 0]
    return -np.add.reduce(shares * np.log(shares))
