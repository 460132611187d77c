"""Calibrated confidence of boundaries: the probability that one is within the tolerance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MOST = 0.999  # confidence before calibration; its logarithm of odds is finite
PRIOR = 0.01  # of the squared slope: boundaries that are all right leave it finite
STEPS = 50  # of Newton's method


def fit_confidence(confidence: np.ndarray, is_right: np.ndarray) -> list[float]:
    """Fit a logistic calibration (Platt 1999) of the log odds of confidences.

    Args:
        confidence: (n,) 0..1 of boundaries.
        is_right: (n,) bool, whether each is within the tolerance of an annotated one.

    Returns:
        Slope and intercept, for `calibrated`.
    """
    inputs = np.stack([_log_odds(confidence), np.ones(len(confidence))], axis=1)
    weights, prior = np.array([1.0, 0.0]), PRIOR * np.eye(2)
    for _ in range(STEPS):
        found = 1 / (1 + np.exp(-(inputs @ weights)))
        slope = inputs.T @ (is_right - found) - prior @ weights
        curvature = (inputs * (found * (1 - found))[:, None]).T @ inputs + prior
        step = np.linalg.solve(curvature, slope)
        weights = weights + np.clip(step, -1, 1)
    return [round(float(weight), 4) for weight in weights]


def calibrated(confidence: np.ndarray, line: Sequence[float]) -> np.ndarray:
    """Calibrate (n,) confidences by the slope and intercept of `fit_confidence`."""
    slope, intercept = line
    return 1 / (1 + np.exp(-(slope * _log_odds(confidence) + intercept)))


def _log_odds(confidence: np.ndarray) -> np.ndarray:
    kept = np.clip(confidence, 1 - MOST, MOST)
    return np.log(kept / (1 - kept))
