"""Numbers that sum up many: quantiles, means, entropy."""

from __future__ import annotations

import numpy as np

STATISTICS = ("mean", "std", "q10", "q25", "median", "q75", "q90")
"""What `spread` gives of each quantity, in order."""


def spread(name: str, values: np.ndarray) -> dict[str, float]:
    """Mean, standard deviation and five quantiles of (k,) values, k at least 1."""
    quantiles = np.quantile(values, (0.1, 0.25, 0.5, 0.75, 0.9))
    numbers = (values.mean(), values.std(), *quantiles)
    return {
        f"{name}_{statistic}": number for statistic, number in zip(STATISTICS, numbers, strict=True)
    }


def mean(values: np.ndarray) -> float:
    """Mean of (k,) values, 0 of none."""
    return values.mean() if len(values) else 0.0


def entropy(shares: np.ndarray) -> float:
    """Shannon entropy of shares that sum to 1, in nats; 0 where all is in one."""
    shares = shares[shares > 0]
    return -(shares * np.log(shares)).sum()
