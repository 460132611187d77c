"""Classical systems of audio: statistics of a recording and scikit-learn, what a network must beat.

The statistics are those of the well-known table of GTZAN, 57 columns of librosa's features; the
systems those of Tzanetakis & Cook 2002 and what has been set beside them since. Settings are chosen
within what is trained on, and never on what is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, PredefinedSplit, StratifiedGroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from symbolic.audio.extra import audio_module
from symbolic.audio.sample_types import float_samples
from symbolic.data.groups import assert_disjoint
from symbolic.tasks.intervals import DRAWS, bootstrap_of_sums
from symbolic.tasks.metrics import accuracy, macro_f1

if TYPE_CHECKING:
    import pandas as pd

SAMPLING_RATE = 22050
MFCC = 20
INNER_FOLDS = 5

FEATURES = (
    *("chroma_stft", "rms", "spectral_centroid", "spectral_bandwidth", "rolloff"),
    *("zero_crossing_rate", "harmony", "perceptr"),
)
STATISTICS: tuple[str, ...] = (
    *(f"{name}_{moment}" for name in FEATURES for moment in ("mean", "var")),
    "tempo",
    *(f"mfcc{k}_{moment}" for k in range(1, MFCC + 1) for moment in ("mean", "var")),
)
"""The 57 columns, by the names of the table (`perceptr` is what is left without harmony)."""


def sound_statistics(samples: np.ndarray, sampling_rate: int = SAMPLING_RATE) -> np.ndarray:
    """Means and variances of librosa's features with its default settings, and the tempo.

    Args:
        samples: (n,) of one channel, as `float_samples` takes them.
        sampling_rate: in Hz.

    Returns:
        (57,) float64, as `STATISTICS` names them: means and variances over frames of chroma (all
        pitch classes together), RMS, centroid, bandwidth and roll-off in Hz, and the share of zero
        crossings; of the samples of the harmonic and the percussive part (Fitzgerald 2010); the
        tempo in beats a minute; and of each of 20 MFCC.
    """
    librosa = audio_module("librosa")
    samples = float_samples(samples)
    rate = {"y": samples, "sr": sampling_rate}
    feature = librosa.feature
    harmonic, percussive = librosa.effects.hpss(samples)
    pictures = (
        feature.chroma_stft(**rate),
        feature.rms(y=samples),
        feature.spectral_centroid(**rate),
        feature.spectral_bandwidth(**rate),
        feature.spectral_rolloff(**rate),
        feature.zero_crossing_rate(samples),
        harmonic,
        percussive,
    )
    tempo, _ = librosa.beat.beat_track(**rate)
    cepstrum = feature.mfcc(**rate, n_mfcc=MFCC)
    moments = [moment for picture in pictures for moment in (picture.mean(), picture.var())]
    cepstral = np.stack([cepstrum.mean(axis=1), cepstrum.var(axis=1)], axis=1).ravel()
    return np.concatenate([moments, np.ravel(tempo)[:1], cepstral]).astype(np.float64)


def frame_statistics(frames: np.ndarray) -> np.ndarray:
    """(2F,) float64: mean of each column of (T, F) frames, then the standard deviation of each."""
    frames = np.asarray(frames, np.float64)
    return np.concatenate([frames.mean(axis=0), frames.std(axis=0)])


class MixtureClassifier(ClassifierMixin, BaseEstimator):
    """A mixture of Gaussians with diagonal covariances for each class (Tzanetakis & Cook 2002).

    Args:
        components: of each mixture; of a class with fewer rows, one for each row.
        regularisation: added to the variances.
        random_state: of where the components begin.
    """

    def __init__(
        self, components: int = 3, regularisation: float = 0.1, random_state: int = 0
    ) -> None:
        self.components = components
        self.regularisation = regularisation
        self.random_state = random_state

    def fit(self, X: np.ndarray, y: np.ndarray) -> MixtureClassifier:
        """Fit to (n, F) columns and (n,) classes."""
        X, y = np.asarray(X), np.asarray(y)
        self.classes_, counts = np.unique(y, return_counts=True)
        self.log_priors_ = np.log(counts / counts.sum())
        self.mixtures_ = [
            GaussianMixture(
                min(self.components, count),
                covariance_type="diag",
                reg_covar=self.regularisation,
                random_state=self.random_state,
            ).fit(X[y == one])
            for one, count in zip(self.classes_, counts.tolist(), strict=True)
        ]
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """(n, classes) probabilities, in the order of `classes_`."""
        from scipy.special import softmax

        densities = np.stack([mixture.score_samples(X) for mixture in self.mixtures_], axis=1)
        return softmax(densities + self.log_priors_, axis=1)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """(n,) the most probable class."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


@dataclass(frozen=True)
class ClassicalSystem:
    """A classifier on standardised columns, and the settings that it chooses from.

    Attributes:
        make: takes a seed, returns a scikit-learn classifier that is not fitted.
        settings: values by parameter.
    """

    make: Callable[[int], BaseEstimator]
    settings: dict[str, tuple[Any, ...]]


def _logistic(seed: int) -> BaseEstimator:
    return LogisticRegression(max_iter=2000, random_state=seed)


SYSTEMS: dict[str, ClassicalSystem] = {
    "knn": ClassicalSystem(
        lambda seed: KNeighborsClassifier(weights="distance"), {"n_neighbors": (1, 3, 5, 9, 15, 25)}
    ),
    "gmm": ClassicalSystem(
        lambda seed: MixtureClassifier(random_state=seed),
        {"components": (1, 2, 3, 5), "regularisation": (0.03, 0.1, 0.3)},
    ),
    "logistic": ClassicalSystem(_logistic, {"C": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)}),
    "svm": ClassicalSystem(
        lambda seed: SVC(), {"C": (1.0, 3.0, 10.0, 30.0), "gamma": (0.001, 0.003, 0.01, 0.03)}
    ),
}


def fit_classical(
    system: str | ClassicalSystem,
    X: np.ndarray,
    y: np.ndarray,
    groups: Sequence | None = None,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    seed: int = 0,
) -> BaseEstimator:
    """Choose the settings with the best accuracy, and fit with them to all rows given.

    Args:
        system: a key of `SYSTEMS`, or one of your own.
        X: (n, F) columns, which are standardised.
        y: (n,) classes.
        groups: (n,) what must not be in two of the five parts of these rows that settings are
            chosen by; without groups each row is its own.
        validation: columns and classes of other rows, which settings are chosen by instead of by
            parts; the classifier is not fitted to them.
        seed: of the parts, and of what the classifier draws.

    Returns:
        A fitted pipeline of scikit-learn with `predict`.

    Raises:
        ValueError: an unknown name.
    """
    if isinstance(system, str):
        if system not in SYSTEMS:
            raise ValueError(f"no system {system!r}; there are {', '.join(SYSTEMS)}")
        system = SYSTEMS[system]
    classifier = system.make(seed)
    pipeline = make_pipeline(StandardScaler(), classifier)
    prefix = type(classifier).__name__.lower()
    settings = {f"{prefix}__{name}": values for name, values in system.settings.items()}
    if validation is None:
        parts = StratifiedGroupKFold(INNER_FOLDS, shuffle=True, random_state=seed)
        groups = np.arange(len(y)) if groups is None else np.asarray(groups)
        return GridSearchCV(pipeline, settings, cv=parts).fit(X, y, groups=groups).best_estimator_
    others, truth = validation
    parts = PredefinedSplit(np.repeat([-1, 0], [len(X), len(others)]))
    search = GridSearchCV(pipeline, settings, cv=parts, refit=False)
    search.fit(np.concatenate([X, others]), np.concatenate([y, truth]))
    return pipeline.set_params(**search.best_params_).fit(X, y)


def predict_classical(
    system: str | ClassicalSystem,
    X: np.ndarray,
    y: np.ndarray,
    fold: np.ndarray,
    groups: Sequence | None = None,
    seed: int = 0,
) -> np.ndarray:
    """(n,) class of every row by a classifier that was fitted to the other folds.

    Args:
        system, X, y, groups, seed: as for `fit_classical`.
        fold: (n,) the fold of each row.

    Raises:
        LeakError: a group in two folds.
    """
    y, fold = np.asarray(y), np.asarray(fold)
    groups = np.arange(len(y)) if groups is None else np.asarray(groups)
    assert_disjoint(**{f"fold {k}": groups[fold == k].tolist() for k in np.unique(fold)})
    answers = np.empty_like(y)
    for one in np.unique(fold):
        held = fold == one
        model = fit_classical(system, X[~held], y[~held], groups[~held], seed=seed)
        answers[held] = model.predict(X[held])
    return answers


def classical_table(
    X: np.ndarray,
    y: np.ndarray,
    fold: np.ndarray | None = None,
    split: np.ndarray | None = None,
    groups: Sequence | None = None,
    systems: Sequence[str] = tuple(SYSTEMS),
    seed: int = 0,
    draws: int = DRAWS,
) -> pd.DataFrame:
    """Accuracy and macro-F1 of classical systems, with 95 % intervals from drawing groups.

    Args:
        X: (n, F) columns.
        y: (n,) classes 0..K-1.
        fold: (n,) each fold is tested by what is fitted to the others, where settings are chosen by
            parts of them.
        split: (n,) instead of folds `train`, `val` or `test`, other rows are left out: settings are
            chosen on `val`, fitted is `train` alone, and `test` is tested once.
        groups: (n,) what is not in two folds or splits; without groups each row is its own.
        systems: keys of `SYSTEMS`.
        seed: of parts and classifiers.
        draws: bootstrap samples.

    Returns:
        A row for each system: `system`, `tested` rows, `accuracy`, `accuracy_low`, `accuracy_high`,
        `macro_f1`, `macro_f1_low` and `macro_f1_high`.

    Raises:
        ValueError: both folds and splits, or neither, or an unknown system.
        LeakError: a group in two folds or two splits.
    """
    import pandas as pd

    if (fold is None) == (split is None):
        raise ValueError("either fold or split says what is tested")
    X, y = np.asarray(X, float), np.asarray(y)
    groups = np.arange(len(y)).astype(str) if groups is None else np.asarray(groups)
    if split is not None:
        rows = {
            name: np.flatnonzero(np.asarray(split) == name) for name in ("train", "val", "test")
        }
        assert_disjoint(**{name: groups[chosen].tolist() for name, chosen in rows.items()})
        train, val, test = rows.values()
    table = []
    for system in systems:
        if split is None:
            tested = np.arange(len(y))
            answers = predict_classical(system, X, y, fold, groups, seed)
        else:
            tested = test
            model = fit_classical(system, X[train], y[train], None, (X[val], y[val]), seed)
            answers = model.predict(X[test])
        scores = _scores(y[tested], answers, groups[tested], int(y.max()) + 1, draws, seed)
        table.append({"system": system, "tested": len(tested), **scores})
    return pd.DataFrame(table)


def _scores(
    truth: np.ndarray,
    answers: np.ndarray,
    groups: np.ndarray,
    classes: int,
    draws: int,
    seed: int,
) -> dict[str, float]:
    _, group = np.unique(groups, return_inverse=True)
    matrices = np.zeros((group.max() + 1, classes, classes))
    np.add.at(matrices, (group, truth, answers), 1)
    scores = {}
    for name, score in (("accuracy", accuracy), ("macro_f1", macro_f1)):
        scores[name] = float(score(matrices.sum(axis=0)))
        low, high = bootstrap_of_sums(score, matrices, draws, seed)
        scores |= {f"{name}_low": low, f"{name}_high": high}
    return scores
