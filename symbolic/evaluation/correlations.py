"""Correlations of valence and arousal with predictions: over pieces, and among the same notes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from symbolic.tasks.intervals import DRAWS, bootstrap_of_sums

OVER_PIECES, SAME_NOTES, MEANS = "r", "r_same_notes", "r_means"
"""Ends of the names of scores, after that of a value such as valence."""


def correlations(
    labels: np.ndarray,
    predictions: np.ndarray,
    names: Sequence[str],
    seeds: np.ndarray,
    groups: np.ndarray,
    same_notes: np.ndarray | None = None,
    draws: int = DRAWS,
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Correlate (n, K) predicted values with their labels (Pearson), by name.

    Args:
        labels: (n, K), NaN for none.
        predictions: (n, K).
        names: of the K values.
        seeds: (n,) numbers of the seeds, from 0; scores are means over seeds.
        groups: (n,) numbers of the groups, which are drawn for the intervals.
        same_notes: (n,) numbers of what pieces are performances of, which are drawn instead; None
            if unknown.
        draws: bootstrap samples.

    Returns:
        For each name the scores that are defined: `<name>_r` over pieces; and with `same_notes`
        `<name>_r_same_notes`, of the differences of each piece from the mean of all performances of
        its notes, and `<name>_r_means`, of these means. Intervals of them, 95 %.
    """
    units = np.unique(groups if same_notes is None else same_notes, return_inverse=True)[1]
    ends = (OVER_PIECES,) if same_notes is None else (OVER_PIECES, SAME_NOTES, MEANS)
    scores: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    for name, true, predicted in zip(names, labels.T, predictions.T, strict=True):
        known = ~np.isnan(true)
        shape = (units.max(initial=-1) + 1, seeds.max(initial=-1) + 1)
        sums = _sums(true[known], predicted[known], units[known], seeds[known], shape)
        for place, end in enumerate(ends):
            mean: Callable = partial(_mean_correlation, place=place)
            score = float(mean(sums.sum(axis=0)))
            if np.isfinite(score):
                scores[f"{name}_{end}"] = score
                pair = bootstrap_of_sums(mean, sums, draws)
                if np.isfinite(pair).all() and len(sums) > 1:
                    intervals[f"{name}_{end}"] = pair
    return scores, intervals


def _sums(
    true: np.ndarray,
    predicted: np.ndarray,
    units: np.ndarray,
    seeds: np.ndarray,
    shape: tuple[int, int],
) -> np.ndarray:
    """(units, seeds, 3, 6) moments: of pieces, of their differences from the means, of the means.

    The six are sums of 1, x, y, xx, yy and xy. Means are those of the pieces of a unit and a seed;
    a unit with one piece has no differences.
    """
    # Around one point, so that no difference of large sums loses digits.
    x, y = (values - (values.mean() if len(values) else 0) for values in (true, predicted))
    place = units * shape[1] + seeds
    count = np.bincount(place, minlength=shape[0] * shape[1])
    mean_x, mean_y = (
        np.bincount(place, values, minlength=len(count)) / np.maximum(count, 1) for values in (x, y)
    )
    several = count[place] > 1
    found = np.zeros((len(count), 3, 6))
    np.add.at(found[:, 0], place, _moments(x, y))
    apart = _moments((x - mean_x[place])[several], (y - mean_y[place])[several])
    np.add.at(found[:, 1], place[several], apart)
    there = count > 0
    found[there, 2] = _moments(mean_x[there], mean_y[there])
    return found.reshape(*shape, 3, 6)


def _moments(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(n, 6) terms of `_sums`."""
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1)


def _mean_correlation(sums: np.ndarray, place: int) -> np.ndarray:
    """(...) mean over seeds of the correlations of (..., seeds, 3, 6) sums; NaN without any."""
    count, x, y, xx, yy, xy = np.moveaxis(sums[..., place, :], -1, 0)
    count = np.maximum(count, 1)
    spread = (xx - x * x / count) * (yy - y * y / count)
    defined = spread > 1e-18
    r = np.where(defined, (xy - x * y / count) / np.sqrt(np.where(defined, spread, 1)), 0)
    many = defined.sum(axis=-1)
    return np.where(many > 0, r.sum(axis=-1) / np.maximum(many, 1), np.nan)
