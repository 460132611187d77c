"""Metrics of quadrants, valence and arousal, keys, and calibration."""

from __future__ import annotations

from typing import Any

import numpy as np

BINS = 15


def emotion_metrics(quadrants: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Compute the metrics of (n, 4) quadrant probabilities for (n,) true quadrants, 0..3.

    Returns:
        `accuracy`, `macro_f1` over the four quadrants, `valence` and `arousal` (accuracy of the
        half of the plane that the quadrant implies), `surest_half` (accuracy at 50 % coverage: of
        the half of the pieces with the largest confidence) and `calibration_error` (15 bins).
    """
    matrix = confusion(quadrants, probabilities)
    positive, high = np.isin([0, 1, 2, 3], [0, 3]), np.isin([0, 1, 2, 3], [0, 1])
    return {
        "accuracy": float(accuracy(matrix)),
        "macro_f1": float(macro_f1(matrix)),
        "valence": float(matrix[positive[:, None] == positive].sum() / matrix.sum()),
        "arousal": float(matrix[high[:, None] == high].sum() / matrix.sum()),
        "surest_half": surest_half(quadrants, probabilities),
        "calibration_error": calibration_error(quadrants, probabilities),
    }


def surest_half(quadrants: np.ndarray, probabilities: np.ndarray) -> float:
    """Compute the accuracy at 50 % coverage: of the half of the pieces with the largest confidence.

    The half is rounded up. Pieces whose confidence is the median count by their mean accuracy.
    """
    right = np.argmax(probabilities, axis=1) == quadrants
    confidence = np.max(probabilities, axis=1)
    half = (len(right) + 1) // 2
    median = np.sort(confidence)[-half]
    above, equal = confidence > median, confidence == median
    return float((right[above].sum() + (half - above.sum()) * right[equal].mean()) / half)


def confusion(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Compute the (K, K) confusion matrix of (n,) true classes and (n, K) probabilities.

    Rows are true classes, columns predicted classes.
    """
    from sklearn.metrics import confusion_matrix

    classes = range(np.shape(probabilities)[1])
    return confusion_matrix(labels, np.argmax(probabilities, axis=1), labels=classes)


def accuracy(matrix: np.ndarray) -> np.ndarray:
    """(...) accuracies of (..., K, K) confusion matrices; NaN for an empty one."""
    matrix = np.asarray(matrix, float)
    return _ratio(np.trace(matrix, axis1=-2, axis2=-1), matrix.sum(axis=(-2, -1)), np.nan)


def macro_f1(matrix: np.ndarray) -> np.ndarray:
    """(...) mean F1 over the classes of (..., K, K) confusion matrices; NaN for an empty one.

    A class that neither occurs nor is predicted counts as 0, as in scikit-learn with
    `zero_division=0`.
    """
    matrix = np.asarray(matrix, float)
    right = np.diagonal(matrix, axis1=-2, axis2=-1)
    f1 = _ratio(2 * right, matrix.sum(axis=-1) + matrix.sum(axis=-2), 0.0).mean(axis=-1)
    return np.where(matrix.sum(axis=(-2, -1)) > 0, f1, np.nan)


def _ratio(above: np.ndarray, below: np.ndarray, where_zero: float) -> np.ndarray:
    return np.where(below > 0, above / np.where(below > 0, below, 1), where_zero)


def calibration_error(labels: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> float:
    """Compute the expected calibration error of (n,) labels and (n, K) probabilities (Guo 2017).

    It is the mean distance of confidence and accuracy of the bins of `reliability`, weighted by
    their sizes, 0..1.
    """
    confidence, right, count = reliability(labels, probabilities, bins)
    return float((count * np.abs(right - confidence)).sum() / count.sum())


def reliability(
    labels: np.ndarray, probabilities: np.ndarray, bins: int = BINS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute the reliability diagram of (n,) labels and (n, K) probabilities (Guo 2017).

    The bins, of equal width, are those of the confidence, the largest probability of a row.

    Returns:
        (bins,) mean confidence, (bins,) accuracy, both 0 for an empty bin, and (bins,) number of
        rows.
    """
    probabilities = np.asarray(probabilities)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == np.asarray(labels)
    number = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(number, minlength=bins)
    sums = (np.bincount(number, values, minlength=bins) for values in (confidence, right))
    mean_confidence, bin_accuracy = (values / np.maximum(count, 1) for values in sums)
    return mean_confidence, bin_accuracy, count


TEMPERATURES = (0.2, 5.0)
"""Between which `best_temperature` searches."""


def best_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Fit the temperature of maximum likelihood (Guo 2017).

    Above 1 the (n, K) positive probabilities of (n,) true classes are overconfident, below 1
    underconfident. Fit it on pieces that are used neither for training nor for evaluation.

    Returns:
        The temperature, within `TEMPERATURES`, relative to that of `probabilities`.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    logits = np.log(np.maximum(probabilities, 1e-12))
    rows = np.arange(len(labels))

    def cost(log_temperature: float) -> float:
        return -log_softmax(logits / np.exp(log_temperature), axis=1)[rows, labels].mean()

    found: Any = minimize_scalar(cost, bounds=np.log(TEMPERATURES), method="bounded")
    return float(np.exp(found.x))


def concordance(true: np.ndarray, predicted: np.ndarray) -> float:
    """Compute the concordance correlation coefficient of (n,) predictions (Lin 1989).

    2 cov / (var true + var predicted + (mean true - mean predicted)²), with population moments.

    Returns:
        -1..1; 1 only if both are equal, 0 for a constant prediction. NaN if labels and predictions
        are the same constant, or empty.
    """
    true, predicted = np.asarray(true, float), np.asarray(predicted, float)
    if not len(true):
        return float("nan")
    covariance = ((true - true.mean()) * (predicted - predicted.mean())).mean()
    spread = true.var() + predicted.var() + (true.mean() - predicted.mean()) ** 2
    return float(2 * covariance / spread) if spread else float("nan")


def rmse(true: np.ndarray, predicted: np.ndarray) -> float:
    """Compute the root mean squared error of (n,) predictions, in the unit of the labels."""
    from sklearn.metrics import root_mean_squared_error

    return float(root_mean_squared_error(true, predicted))


def r2(true: np.ndarray, predicted: np.ndarray) -> float:
    """Compute the coefficient of determination of (n,) predictions; NaN for constant labels."""
    from sklearn.metrics import r2_score

    return float(r2_score(true, predicted)) if np.ptp(true) else float("nan")


def mirex_key_score(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Compute the weighted key score of MIREX, in which related keys count partly.

    The rules are those of `mir_eval.key.weighted_score`. Only an ascending fifth counts (G for C,
    not F for C), as in MIREX until 2016 and in most published results; MIREX has counted both
    since 2017.

    Args:
        true, predicted: key ids 0..23, C major 0, c minor 12, of one shape.

    Returns:
        float64 of that shape: 1 for the same key, 0.5 for the key a perfect fifth above in the same
        mode, 0.3 for the relative and 0.2 for the parallel key, else 0.

    Raises:
        ValueError: a key id outside 0..23.
    """
    true, predicted = np.asarray(true, int), np.asarray(predicted, int)
    if ((true < 0) | (true > 23) | (predicted < 0) | (predicted > 23)).any():
        raise ValueError("a key id is outside 0..23")
    same_mode, major = true // 12 == predicted // 12, true < 12
    up = (predicted - true) % 12
    return np.select(
        [
            same_mode & (up == 0),
            same_mode & (up == 7),
            ~same_mode & (up == np.where(major, 9, 3)),
            ~same_mode & (up == 0),
        ],
        [1.0, 0.5, 0.3, 0.2],
        0.0,
    )
