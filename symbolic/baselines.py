"""Baselines: features and scikit-learn, the figures every model has to beat.

Pure functions on arrays. The rows come from `symbolic.features`; which rows may be trained on, and
that no song is on both sides, is settled before they arrive here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

CLASSES = 4
"""Quadrants, numbered 0..3: Q1 happy, Q2 angry, Q3 sad, Q4 calm."""


def _majority(seed: int) -> BaseEstimator:
    """The most frequent quadrant of the training data, whatever the music."""
    return DummyClassifier(strategy="most_frequent", random_state=seed)


def _logistic(seed: int) -> BaseEstimator:
    """Logistic regression on standardised columns; a hundred columns on a few hundred clips want
    more shrinkage than scikit-learn's default."""
    return make_pipeline(
        StandardScaler(), LogisticRegression(C=0.1, max_iter=2000, random_state=seed)
    )


def _extra_trees(seed: int) -> BaseEstimator:
    """Extremely randomised trees (Geurts, Ernst & Wehenkel 2006)."""
    return ExtraTreesClassifier(n_estimators=500, min_samples_leaf=2, random_state=seed)


BASELINES: dict[str, Callable[[int], BaseEstimator]] = {
    "majority": _majority,
    "logistic": _logistic,
    "extra_trees": _extra_trees,
}
"""Baselines by name; each takes a seed and returns an estimator that is not fitted."""


def fit_predict(
    name: str, X_train: np.ndarray, y_train: np.ndarray, X_test: np.ndarray, seed: int = 0
) -> np.ndarray:
    """Fit a baseline and give the quadrant probabilities of the test rows.

    Args:
        name: a key of `BASELINES`.
        X_train: (n_train, F) features, finite.
        y_train: (n_train,) quadrants 0..3; some may be missing.
        X_test: (n_test, F) features.
        seed: the same seed gives the same probabilities.

    Returns:
        (n_test, 4) float64 whose rows sum to 1, columns Q1..Q4; a quadrant that was never seen in
        training gets 0.

    Raises:
        ValueError: an unknown name, or labels outside 0..3.
    """
    if name not in BASELINES:
        raise ValueError(f"no baseline {name!r}; there are {', '.join(BASELINES)}")
    y_train = np.asarray(y_train)
    seen = np.unique(y_train)
    if not len(seen) or not np.isin(seen, np.arange(CLASSES)).all():
        raise ValueError(f"quadrants 0..{CLASSES - 1} expected as labels, got {seen.tolist()}")
    probabilities = np.zeros((len(X_test), CLASSES))
    if len(seen) == 1:  # logistic regression refuses to learn what needs no learning
        probabilities[:, int(seen[0])] = 1.0
        return probabilities
    model = BASELINES[name](seed).fit(X_train, y_train)
    probabilities[:, model.classes_.astype(np.int64)] = model.predict_proba(X_test)
    return probabilities
