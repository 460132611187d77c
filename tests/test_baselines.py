import numpy as np
import pytest
from sklearn.base import clone

from symbolic.baselines import BASELINES, CLASSES, fit_predict
from symbolic.features import feature_frame
from symbolic.notes import note_table

TRIADS = {True: (0, 4, 7), False: (0, 3, 7)}  # major, minor


def clip(quadrant, rng):
    """A caricature: positive valence is major, high arousal is fast and loud."""
    triad = np.array(TRIADS[quadrant in (0, 3)])
    gap, loudness = (200, 100) if quadrant in (0, 1) else (900, 45)
    tonic = 48 + rng.integers(12)
    pitch = np.concatenate([tonic + triad + shift for shift in (0, 5, 7, 0)])
    onset = np.repeat(np.arange(4) * gap, 3) + rng.integers(0, 20, 12)
    velocity = loudness + rng.integers(-15, 16, 12)
    return note_table(onset, np.full(12, gap), pitch, velocity)


@pytest.fixture(scope="module")
def clips():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(4), 15)
    return feature_frame([clip(quadrant, rng) for quadrant in y]).to_numpy(), y


@pytest.mark.parametrize("name", BASELINES)
def test_probabilities_are_one_row_per_clip_and_sum_to_one(name, clips):
    X, y = clips
    probabilities = fit_predict(name, X[::2], y[::2], X[1::2], seed=0)
    assert probabilities.shape == (len(X[1::2]), CLASSES)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert probabilities.min() >= 0


@pytest.mark.parametrize("name", ["logistic", "extra_trees"])
def test_caricatures_of_the_quadrants_are_told_apart(name, clips):
    X, y = clips
    assert (fit_predict(name, X[::2], y[::2], X[1::2]).argmax(axis=1) == y[1::2]).mean() > 0.9


def test_the_majority_ignores_the_music(clips):
    X, y = clips
    more_sad = np.append(np.flatnonzero(y != 2)[::3], np.flatnonzero(y == 2))
    assert (fit_predict("majority", X[more_sad], y[more_sad], X).argmax(axis=1) == 2).all()


@pytest.mark.parametrize("name", BASELINES)
def test_a_quadrant_missing_from_training_keeps_its_column(name, clips):
    X, y = clips
    train = y != 1
    probabilities = fit_predict(name, X[train], y[train], X)
    assert probabilities.shape == (len(X), CLASSES)
    assert not probabilities[:, 1].any()
    assert probabilities.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("name", BASELINES)
def test_a_training_set_of_one_quadrant_says_that_quadrant(name, clips):
    X, y = clips
    assert (fit_predict(name, X[y == 3], y[y == 3], X)[:, 3] == 1).all()


@pytest.mark.parametrize("name", BASELINES)
def test_the_same_seed_gives_the_same_probabilities(name, clips):
    X, y = clips
    first, second = (fit_predict(name, X[::2], y[::2], X[1::2], seed=7) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("make", BASELINES.values(), ids=BASELINES)
def test_baselines_are_estimators_that_can_be_cloned(make):
    assert clone(make(0)) is not None


def test_other_names_and_labels_are_refused(clips):
    X, y = clips
    with pytest.raises(ValueError, match="extra_trees"):
        fit_predict("oracle", X, y, X)
    with pytest.raises(ValueError, match=r"0\.\.3"):
        fit_predict("logistic", X, y + 1, X)
    with pytest.raises(ValueError, match=r"0\.\.3"):
        fit_predict("logistic", X[:0], y[:0], X)
