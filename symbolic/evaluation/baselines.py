"""Baselines: classifiers of scikit-learn on features.

Callers choose the training rows, and see to it that no song is on both sides of a split.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.validation import has_fit_parameter

from symbolic.features import FEATURE_SETS

if TYPE_CHECKING:
    import pandas as pd

CLASSES = 4
"""Quadrants, numbered 0..3: Q1 happy, Q2 angry, Q3 sad, Q4 calm."""

FOLDS = 5
"""Parts of the training data, by song, that settings are chosen on."""

SVM_SETTINGS = {"svc__C": (0.3, 1.0, 3.0, 10.0), "svc__gamma": (0.001, 0.003, 0.01)}
"""Candidate penalties and kernel widths on standardised columns; a common width, 1 / (number of
columns), is about 0.01."""


@dataclass(frozen=True)
class Baseline:
    """A classifier and its features.

    Attributes:
        feature_set: a key of `symbolic.features.FEATURE_SETS`.
        make: returns an unfitted scikit-learn classifier for a seed.
    """

    feature_set: str
    make: Callable[[int], BaseEstimator]


class SVM(ClassifierMixin, BaseEstimator):
    """Support vector machine with a Gaussian kernel, tuned within the training data.

    Penalty and width have the best mean accuracy over `FOLDS` parts of the training data, split by
    group; probabilities come from sigmoids fitted to the decisions on left-out parts (Platt 1999).
    If a class has too few groups for such parts, all training data is used for both.

    Args:
        settings: values to choose from, by parameter of the pipeline.
        random_state: seed of the parts.
    """

    def __init__(self, settings: dict[str, tuple[float, ...]], random_state: int = 0) -> None:
        self.settings = settings
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray, groups: Sequence | np.ndarray | None = None) -> SVM:
        """Fit to (n, F) columns and (n,) classes; by default each row is its own group."""
        songs = np.arange(len(y)) if groups is None else np.asarray(groups)
        parts = _parts(np.asarray(y), songs, self.random_state)
        pipeline = make_pipeline(StandardScaler(), SVC())
        search = GridSearchCV(pipeline, self.settings, cv=parts).fit(X, y)
        self.best_params_ = search.best_params_
        ensemble: Any = False  # a bool, though the signature's default is a string
        model = CalibratedClassifierCV(search.best_estimator_, cv=parts, ensemble=ensemble)
        self.model_: Any = model.fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Compute (n, classes) probabilities, in the order of `classes_`."""
        return self.model_.predict_proba(X)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Predict the most probable class, (n,)."""
        return np.asarray(self.classes_)[self.predict_proba(X).argmax(axis=1)]


def _parts(y: np.ndarray, groups: np.ndarray, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit and left-out rows, by group, with every class among the rows to fit.

    If there are no such parts, one part with all rows on both sides.
    """
    y = np.asarray(y)
    classes = np.unique(y)
    most = min(len(np.unique(groups[y == one])) for one in classes)
    for folds in range(min(FOLDS, most), 1, -1):
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        parts = list(splitter.split(np.zeros(len(y)), y, groups))
        if all(len(test) and np.isin(classes, y[train]).all() for train, test in parts):
            return parts
    every = np.arange(len(y))
    return [(every, every)]


BASELINES: dict[str, Baseline] = {
    "majority": Baseline(
        "core", lambda seed: DummyClassifier(strategy="most_frequent", random_state=seed)
    ),
    # More shrinkage than by default, because there are a hundred columns and few clips.
    "logistic": Baseline(
        "core",
        lambda seed: make_pipeline(
            StandardScaler(), LogisticRegression(C=0.1, max_iter=2000, random_state=seed)
        ),
    ),
    # Geurts, Ernst & Wehenkel 2006.
    "extra_trees": Baseline(
        "core",
        lambda seed: ExtraTreesClassifier(n_estimators=500, min_samples_leaf=2, random_state=seed),
    ),
    "boosting": Baseline("core", lambda seed: HistGradientBoostingClassifier(random_state=seed)),
    "svm_lin": Baseline("lin2013", lambda seed: SVM(SVM_SETTINGS, random_state=seed)),
    "svm_panda": Baseline("panda2013", lambda seed: SVM(SVM_SETTINGS, random_state=seed)),
}
"""Baselines by name. The support vector machines represent those of Lin 2013 and Panda 2013, with
columns chosen here: see `symbolic.features.FEATURE_SETS`."""


def fit(
    baseline: str | Baseline,
    X_train: pd.DataFrame,
    y_train: np.ndarray,
    seed: int = 0,
    groups: Sequence | np.ndarray | None = None,
    classes: int = CLASSES,
    columns: Sequence[str] | None = None,
) -> Callable[[pd.DataFrame], np.ndarray]:
    """Fit a baseline.

    Args:
        baseline: a key of `BASELINES`, or one of your own.
        X_train: n_train rows of finite features, with columns as in
            `symbolic.features.feature_frame`; those of the feature set are used.
        y_train: (n_train,) class ids, quadrants by default; some classes may be missing.
        seed: the same seed gives the same probabilities.
        groups: (n_train,) the song of each training row, for baselines that choose settings on
            parts of the training data; by default each row is its own song.
        classes: number of classes.
        columns: used instead of those of the feature set.

    Returns:
        A function from n rows of the same columns to (n, classes) float64 probabilities, whose rows
        sum to 1; 0 for a class without training rows.

    Raises:
        ValueError: an unknown name, labels outside 0..classes - 1, missing columns, or another
            number of groups than rows.
    """
    if isinstance(baseline, str):
        if baseline not in BASELINES:
            raise ValueError(f"no baseline {baseline!r}; there are {', '.join(BASELINES)}")
        baseline = BASELINES[baseline]
    y_train = np.asarray(y_train)
    seen = np.unique(y_train)
    if not len(seen) or not np.isin(seen, np.arange(classes)).all():
        raise ValueError(f"classes 0..{classes - 1} expected as labels, got {seen.tolist()}")
    if groups is not None and len(groups) != len(y_train):
        raise ValueError(f"{len(groups)} groups for {len(y_train)} rows")
    names = list(FEATURE_SETS[baseline.feature_set] if columns is None else columns)
    train = _columns(X_train, names)
    model: Any = None
    if len(seen) > 1:  # logistic regression refuses a single class
        model = baseline.make(seed)
        grouped = {"groups": groups} if has_fit_parameter(model, "groups") else {}
        model.fit(train, y_train, **grouped)

    def probabilities(X: pd.DataFrame) -> np.ndarray:
        rows = _columns(X, names)
        predicted = np.zeros((len(rows), classes))
        if model is None:
            predicted[:, int(seen[0])] = 1.0
        else:
            predicted[:, model.classes_.astype(np.int64)] = model.predict_proba(rows)
        return predicted

    return probabilities


def _columns(X: pd.DataFrame, names: list[str]) -> np.ndarray:
    """(n, F) the named columns."""
    given = getattr(X, "columns", ())
    if missing := [name for name in names if name not in given]:
        raise ValueError(
            f"{len(missing)} columns are missing, the first is {missing[0]}: X must be a frame as "
            "feature_frame returns it"
        )
    return X[names].to_numpy(np.float64)
