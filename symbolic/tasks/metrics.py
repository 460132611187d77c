"""Metrics of predictions, with intervals that respect songs.

Clips of one song are alike, so intervals come from drawing songs, not clips, with replacement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def emotion_metrics(quadrants: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Scores of quadrant probabilities.

    Args:
        quadrants: (n,) true quadrants, 0..3.
        probabilities: (n, 4), rows summing to 1.

    Returns:
        `accuracy`, `macro_f1` over the four quadrants, `valence` and `arousal` (accuracy of the
        half of the plane that the quadrant implies) and `calibration_error` (15 bins).
    """
    from sklearn.metrics import accuracy_score, f1_score

    predicted = np.asarray(probabilities).argmax(axis=1)
    quadrants = np.asarray(quadrants)
    positive, high = np.isin([0, 1, 2, 3], [0, 3]), np.isin([0, 1, 2, 3], [0, 1])
    return {
        "accuracy": accuracy_score(quadrants, predicted),
        "macro_f1": f1_score(
            quadrants, predicted, labels=range(4), average="macro", zero_division=0
        ),
        "valence": accuracy_score(positive[quadrants], positive[predicted]),
        "arousal": accuracy_score(high[quadrants], high[predicted]),
        "calibration_error": calibration_error(quadrants, probabilities),
    }


def confusion(quadrants: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """(4, 4) counts: rows are true quadrants, columns predicted ones."""
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(quadrants, np.argmax(probabilities, axis=1), labels=range(4))


def calibration_error(labels: np.ndarray, probabilities: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error of the top answer (Guo 2017), over equally wide bins.

    Args:
        labels: (n,) true classes.
        probabilities: (n, K).
        bins: of the confidence.

    Returns:
        Mean distance of confidence and accuracy within a bin, weighted by the bins' sizes, 0..1.
    """
    probabilities = np.asarray(probabilities)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == np.asarray(labels)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = np.bincount(place, right - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(confidence))


def best_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The temperature that makes the answers most likely (Guo 2017).

    Above 1 the probabilities are too sure of themselves, below 1 too modest. Fit it on pieces that
    are neither trained on nor reported.

    Args:
        labels: (n,) true classes.
        probabilities: (n, K), positive.

    Returns:
        The temperature, within 0.2..5, relative to the one that `probabilities` were made with.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    logits = np.log(np.maximum(probabilities, 1e-12))
    rows = np.arange(len(labels))

    def cost(log_temperature: float) -> float:
        return -log_softmax(logits / np.exp(log_temperature), axis=1)[rows, labels].mean()

    return float(np.exp(minimize_scalar(cost, bounds=np.log([0.2, 5]), method="bounded").x))


def grouped_bootstrap(
    statistic: Callable[[np.ndarray], float],
    groups: Sequence[str],
    draws: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % interval of a statistic, by drawing whole groups with replacement.

    For a paired comparison let the statistic be the difference of two systems on the same rows.

    Args:
        statistic: from the positions of the rows drawn (repeats included) to a number.
        groups: the group of each row.
        draws: bootstrap samples.
        seed: of the draws.

    Returns:
        The 2.5 % and the 97.5 % quantile.
    """
    rng = np.random.default_rng(seed)
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    order = np.argsort(group, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(group))[:-1])
    values = [
        statistic(np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))]))
        for _ in range(draws)
    ]
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
