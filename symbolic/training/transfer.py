"""Parts of a `FeatureEnsemble` that are computed, not trained by steps: linear model, references.

The linear model stands for music unlike that of training, so that no corpus may rule it: each
counts by the square root of its pieces, and within it all quadrants alike. Ratings, whose scales
differ between corpora, only order the pieces of a corpus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from symbolic.encoders import FeatureEnsemble
from symbolic.forward import ensemble, torch_ops
from symbolic.tasks import IGNORE
from symbolic.tasks.emotion import SIGNS

RIDGE = 0.05  # penalty of squared weights, beside a mean loss
RATINGS = np.array([0.05, 0.1])  # weights of the order by rated valence and arousal, beside 1
LEAST_DIFFERENCE = 0.1  # of two ratings from -1 to 1 that order their pieces
MAX_PAIRS = 20_000  # of pieces, drawn at random where there are more
LEAST_SCALE = 1e-6  # of a column, below which it is constant
SEED = 0


@dataclass(frozen=True)
class Labels:
    """Labels and origin of n training pieces.

    Attributes:
        quadrants: (n,) int, -100 for none.
        ratings: (n, 2) valence and arousal, NaN for none.
        groups, corpora: (n,) names.
        changed: (n,) bool, copies of pieces that are changed, which are no references.
    """

    quadrants: np.ndarray
    ratings: np.ndarray
    groups: np.ndarray
    corpora: np.ndarray
    changed: np.ndarray

    def select(self, chosen: np.ndarray) -> Labels:
        """Return those of some pieces."""
        return Labels(*(values[chosen] for values in vars(self).values()))


@torch.no_grad()
def fit_ensemble(head: FeatureEnsemble, states: torch.Tensor, labels: Labels) -> None:
    """Fit the linear model of an ensemble and the pieces that others are compared with.

    Args:
        head: the ensemble.
        states: (n, H) hidden states of the training pieces, each once.
        labels: of the pieces; those without a quadrant are no references.
    """
    known = labels.quadrants != IGNORE
    if not known.any():
        return
    states = states.detach().double().cpu()
    own = known & ~labels.changed
    references = ensemble.placed(head, states[torch.from_numpy(own)], torch_ops)
    radii = nearest_distances(references.numpy(), labels.groups[own])
    device = head.valence.weight.device
    head.refer(references.float().to(device), torch.from_numpy(radii).float().to(device))
    kept = states[:, : head.width].clamp(-ensemble.INPUT_RANGE, ensemble.INPUT_RANGE).numpy()
    weights = balanced_weights(labels.quadrants[known], labels.corpora[known])
    signs = SIGNS[labels.quadrants[known]]
    parts = ((head.valence, head.valence_columns), (head.arousal, head.arousal_columns))
    for side, (layer, columns) in enumerate(parts):
        pairs = ordered_pairs(labels.ratings[~known, side], labels.corpora[~known])
        rated = kept[~known][:, columns]
        found = fit_side(
            kept[known][:, columns],
            signs[:, side],
            weights,
            rated[pairs[:, 0]] - rated[pairs[:, 1]],
            RATINGS[side],
        )
        # Logits of a quadrant are those of both halves: the log odds of a half are twice the value.
        layer.weight.copy_(torch.from_numpy(found[None, :-1] / 2))
        layer.bias.copy_(torch.from_numpy(found[-1:] / 2))
        layer.requires_grad_(False)


def balanced_weights(quadrants: np.ndarray, corpora: np.ndarray) -> np.ndarray:
    """Weigh pieces: corpora by the square roots of their sizes, quadrants alike within each.

    Args:
        quadrants: (n,) 0..3.
        corpora: (n,) names.

    Returns:
        (n,) float64, whose sum is 1.
    """
    weights = np.zeros(len(quadrants))
    for corpus in np.unique(corpora):
        own = corpora == corpus
        counts = np.bincount(quadrants[own], minlength=4)
        share = np.sqrt(own.sum()) / np.count_nonzero(counts)
        weights[own] = share / counts[quadrants[own]]
    return weights / weights.sum()


def ordered_pairs(ratings: np.ndarray, corpora: np.ndarray) -> np.ndarray:
    """List pairs of pieces of a corpus, the one with the higher rating first: (m, 2).

    Args:
        ratings: (n,), NaN for none.
        corpora: (n,) names.
    """
    rng, found = np.random.default_rng(SEED), [np.zeros((0, 2), np.int64)]
    for corpus in np.unique(corpora):
        own = np.flatnonzero((corpora == corpus) & ~np.isnan(ratings))
        if len(own) * (len(own) - 1) // 2 <= MAX_PAIRS:
            first, second = np.triu_indices(len(own), 1)
        else:
            first, second = rng.integers(0, len(own), (2, MAX_PAIRS))
        pairs = own[np.stack([first, second], axis=1)]
        difference = ratings[pairs[:, 0]] - ratings[pairs[:, 1]]
        pairs = np.where(difference[:, None] < 0, pairs[:, ::-1], pairs)
        found.append(pairs[np.abs(difference) >= LEAST_DIFFERENCE])
    return np.concatenate(found)


def fit_side(
    columns: np.ndarray,
    signs: np.ndarray,
    weights: np.ndarray,
    differences: np.ndarray,
    pair_weight: float,
) -> np.ndarray:
    """Fit a logistic regression to halves of the plane and to ordered pairs.

    Args:
        columns: (n, C) features.
        signs: (n,) 1 and -1, the halves.
        weights: (n,) of the pieces, whose sum is 1.
        differences: (m, C) features of the piece with the higher rating less those of the other.
        pair_weight: weight of the mean loss of the pairs.

    Returns:
        (C + 1,) weights of the log odds of the upper half, the intercept last.
    """
    from scipy.optimize import minimize  # training on token files does without SciPy

    count = columns.shape[1]
    middle = weights @ columns
    scale = np.sqrt(weights @ (columns - middle) ** 2)
    scale[scale < LEAST_SCALE] = 1.0
    inputs = np.hstack([(columns - middle) / scale, np.ones((len(columns), 1))])
    differences = differences / scale

    def loss(vector: np.ndarray) -> tuple[float, np.ndarray]:
        slope = np.append(vector[:count], 0.0)
        margin = signs * (inputs @ vector)
        total = weights @ np.logaddexp(0, -margin) + RIDGE / 2 * slope @ slope
        gradient = RIDGE * slope - inputs.T @ (weights * signs / (1 + np.exp(margin)))
        if len(differences):
            margin = differences @ vector[:count]
            total += pair_weight * np.logaddexp(0, -margin).mean()
            pulls = differences.T @ (1 / (1 + np.exp(margin)))
            gradient[:count] -= pair_weight * pulls / len(differences)
        return float(total), gradient

    found: Any = minimize(loss, np.zeros(count + 1), jac=True, method="L-BFGS-B")
    slope = found.x[:count] / scale
    return np.append(slope, found.x[count] - slope @ middle)


def nearest_distances(rows: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Compute root mean squares of the distances of pieces from the nearest of other groups.

    Args:
        rows: (n, F) features.
        groups: (n,) names.

    Returns:
        (n,) float64; infinity where there is no other group, so that nothing is strange.
    """
    squares = (rows * rows).sum(1)
    distances = squares[:, None] + squares - 2 * rows @ rows.T
    distances[groups[:, None] == groups] = np.inf
    nearest = np.sort(distances, axis=1)[:, : ensemble.NEIGHBOURS]
    found = np.isfinite(nearest)
    means = np.where(found, nearest, 0.0).sum(1) / np.maximum(found.sum(1), 1)
    return np.where(found.any(1), np.sqrt(np.maximum(means, 0.0)), np.inf)
