"""Which features carry over from one corpus to another, and which only win within one.

    python benchmarks/feature_sets.py --emopia DIR --vgmidi DIR

Quadrants by classifiers of scikit-learn on columns of `symbolic.features`: within each corpus over
folds by song or piece, and trained on the whole of one corpus, tested on the whole of the other.
`factored` classifiers answer valence from the `harmonic` columns and arousal from the `temporal`
ones, and multiply.
"""

import argparse
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from symbolic.data import READERS, group_folds, read_tables
from symbolic.features import FEATURE_GROUPS, FEATURE_NAMES, FEATURE_SETS, feature_frame
from symbolic.tasks.metrics import emotion_metrics

CLASSIFIERS: dict[str, Callable[[], BaseEstimator]] = {
    "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression(C=0.03, max_iter=3000)),
    "svm": lambda: make_pipeline(
        StandardScaler(), CalibratedClassifierCV(SVC(C=2.0, gamma=0.002), cv=5, ensemble=False)
    ),
    "trees": lambda: ExtraTreesClassifier(
        300, min_samples_leaf=2, max_features=0.2, random_state=0
    ),
}
OLD = [name for name in FEATURE_NAMES if name not in FEATURE_GROUPS["histograms"]]
COLUMNS = {
    "core": list(FEATURE_SETS["core"]),
    "all but histograms": OLD,
    "all": list(FEATURE_NAMES),
    "all but dynamics": [name for name in OLD if name not in FEATURE_GROUPS["dynamics"]],
    "harmonic, temporal": sorted({*FEATURE_SETS["harmonic"], *FEATURE_SETS["temporal"]}),
}


class OnColumns(ClassifierMixin, BaseEstimator):
    """A classifier of quadrants that sees some columns of a frame."""

    def __init__(self, make: Callable[[], BaseEstimator], columns: list[str]) -> None:
        self.make, self.columns = make, columns

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "OnColumns":
        self.model_ = self.make().fit(X[self.columns].to_numpy(), y)
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        return self.model_.predict_proba(X[self.columns].to_numpy())


class Factored(ClassifierMixin, BaseEstimator):
    """Valence from harmonic columns, arousal from temporal ones, as if they were independent."""

    def __init__(self, make: Callable[[], BaseEstimator]) -> None:
        self.make = make

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "Factored":
        halves = {"harmonic": (0, 3), "temporal": (0, 1)}  # quadrants of the positive half
        self.models_ = [
            OnColumns(self.make, list(FEATURE_SETS[columns])).fit(X, np.isin(y, quadrants))
            for columns, quadrants in halves.items()
        ]
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        valence, arousal = (model.predict_proba(X)[:, 1] for model in self.models_)
        low = (1 - valence) * (1 - arousal)
        return np.stack(
            [valence * arousal, (1 - valence) * arousal, low, valence * (1 - arousal)], axis=1
        )


def within(
    make: Callable, X: pd.DataFrame, y: np.ndarray, groups: np.ndarray, seeds: int
) -> list[np.ndarray]:
    """(n, 4) probabilities of every piece by models that did not see its group; one per seed."""
    answers = []
    for seed in range(seeds):
        fold = group_folds(y, groups, 5, seed=seed)
        probabilities = np.empty((len(y), 4))
        for one in range(5):
            held = fold == one
            probabilities[held] = make().fit(X[~held], y[~held]).predict_proba(X[held])
        answers.append(probabilities)
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--emopia", required=True, help="folder of EMOPIA")
    parser.add_argument("--vgmidi", required=True, help="folder of VGMIDI")
    parser.add_argument("--seeds", type=int, default=2, help="shufflings into folds (2)")
    options = parser.parse_args()
    corpora = {}
    for name in ("emopia", "vgmidi"):
        pieces = READERS[name](getattr(options, name)).pieces
        quadrants = np.array([piece.labels["emotion"] for piece in pieces])
        groups = np.array([piece.group for piece in pieces])
        corpora[name] = feature_frame(read_tables(pieces)), quadrants, groups

    systems = {
        (kind, columns): partial(OnColumns, make, names)
        for kind, make in CLASSIFIERS.items()
        for columns, names in COLUMNS.items()
    }
    systems |= {(kind, "factored"): partial(Factored, make) for kind, make in CLASSIFIERS.items()}
    rows = []
    for (kind, columns), make in systems.items():
        row: dict[str, object] = {"classifier": kind, "columns": columns}
        for name, (X, y, groups) in corpora.items():
            scores = [emotion_metrics(y, p) for p in within(make, X, y, groups, options.seeds)]
            row[f"{name}, folds"] = np.mean([one["accuracy"] for one in scores])
        for trained, tested in (("emopia", "vgmidi"), ("vgmidi", "emopia")):
            X, y, _ = corpora[trained]
            other, truth, _ = corpora[tested]
            scores = emotion_metrics(truth, make().fit(X, y).predict_proba(other))
            row[f"{trained} to {tested}"] = scores["accuracy"]
            row |= {
                f"{half}, {trained} to {tested}": scores[half] for half in ("valence", "arousal")
            }
        rows.append(row)
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
