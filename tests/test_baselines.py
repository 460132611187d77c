from collections import Counter

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier

from symbolic.evaluation.baselines import (
    BASELINES,
    CLASSES,
    SVM,
    SVM_SETTINGS,
    Baseline,
    fit,
)
from symbolic.features import FEATURE_SETS, feature_frame
from symbolic.notes import note_table

TRIADS = {True: (0, 4, 7), False: (0, 3, 7)}  # major, minor


def fit_predict(baseline, X_train, y_train, X_test, seed=0, groups=None):
    return fit(baseline, X_train, y_train, seed, groups)(X_test)


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
    return feature_frame([clip(quadrant, rng) for quadrant in y]), y


@pytest.mark.parametrize("name", BASELINES)
def test_probabilities_are_one_row_per_clip_and_sum_to_one(name, clips):
    X, y = clips
    probabilities = fit_predict(name, X[::2], y[::2], X[1::2], seed=0)
    assert probabilities.shape == (len(X[1::2]), CLASSES)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert probabilities.min() >= 0


@pytest.mark.parametrize("name", ["logistic", "extra_trees", "svm_lin"])
def test_caricatures_of_the_quadrants_are_told_apart(name, clips):
    X, y = clips
    assert (fit_predict(name, X[::2], y[::2], X[1::2]).argmax(axis=1) == y[1::2]).mean() > 0.9


def test_without_key_and_harmony_arousal_is_heard_and_the_mode_of_a_chord_is_not(clips):
    X, y = clips
    told = fit_predict("svm_panda", X[::2], y[::2], X[1::2]).argmax(axis=1)
    loud, major = np.array([True, True, False, False]), np.array([True, False, False, True])
    assert (loud[told] == loud[y[1::2]]).all()
    assert (major[told] == major[y[1::2]]).mean() < 0.8


def test_the_majority_ignores_the_music(clips):
    X, y = clips
    more_sad = np.append(np.flatnonzero(y != 2)[::3], np.flatnonzero(y == 2))
    assert (fit_predict("majority", X.iloc[more_sad], y[more_sad], X).argmax(axis=1) == 2).all()


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


@pytest.mark.slow
@pytest.mark.parametrize("name", BASELINES)
def test_the_same_seed_gives_the_same_probabilities(name, clips):
    X, y = clips
    first, second = (fit_predict(name, X[::2], y[::2], X[1::2], seed=7) for _ in range(2))
    assert np.array_equal(first, second)


def test_songs_stay_whole_where_settings_are_chosen(clips):
    X = clips[0][list(FEATURE_SETS["lin2013"])].to_numpy()
    rng = np.random.default_rng(0)
    quadrants = rng.integers(0, 4, 40)
    # Each of 40 songs is there four times, of any quadrant: known by ear, it tells its own label.
    songs, copies = np.repeat(np.arange(40), 4), np.repeat(X[:40], 4, axis=0)
    labels = np.repeat(quadrants, 4)

    def confidence(groups):
        machine = SVM(SVM_SETTINGS).fit(copies, labels, groups)
        return machine.predict_proba(copies).max(axis=1).mean()

    assert confidence(None) > confidence(songs) + 0.2


def test_a_support_vector_machine_says_what_it_finds_most_probable(clips):
    X, y = clips
    X = X[list(FEATURE_SETS["panda2013"])].to_numpy()
    machine = SVM(SVM_SETTINGS).fit(X, y)
    assert np.array_equal(machine.predict(X), machine.predict_proba(X).argmax(axis=1))
    assert set(machine.best_params_) == set(SVM_SETTINGS)


@pytest.mark.parametrize("name", ["svm_lin", "svm_panda"])
def test_a_quadrant_of_a_single_song_is_learnt_all_the_same(name, clips):
    X, y = clips
    songs = np.where(y == 2, -1, np.arange(len(y)))
    probabilities = fit_predict(name, X, y, X, groups=songs)
    assert (probabilities.argmax(axis=1) == y).mean() > 0.9


def test_the_order_of_the_columns_does_not_matter(clips):
    X, y = clips
    backwards = X[X.columns[::-1]]
    here, there = (fit_predict("logistic", each, y, X) for each in (X, backwards))
    assert np.array_equal(here, there)


@pytest.mark.slow
@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_sees_its_own_columns_and_no_others(name, clips):
    X, y = clips
    seen = list(FEATURE_SETS[BASELINES[name].feature_set])
    noise = X.copy()
    others = X.columns.difference(seen)
    noise[others] = np.random.default_rng(0).normal(size=(len(X), len(others)))
    assert np.array_equal(fit_predict(name, X, y, X), fit_predict(name, noise, y, noise))


def test_a_baseline_of_ones_own_is_fitted_like_the_others(clips):
    X, y = clips
    counting = Baseline("core", lambda seed: DummyClassifier(strategy="prior", random_state=seed))
    shares = [count / len(y) for _, count in sorted(Counter(y).items())]
    assert fit_predict(counting, X, y, X)[0] == pytest.approx(shares)


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
def test_baselines_are_estimators_that_can_be_cloned(baseline):
    assert clone(baseline.make(0)) is not None
    assert baseline.feature_set in FEATURE_SETS


def test_other_names_and_labels_are_refused(clips):
    X, y = clips
    with pytest.raises(ValueError, match="extra_trees"):
        fit_predict("oracle", X, y, X)
    with pytest.raises(ValueError, match=r"0\.\.3"):
        fit_predict("logistic", X, y + 1, X)
    with pytest.raises(ValueError, match=r"0\.\.3"):
        fit_predict("logistic", X[:0], y[:0], X)


def test_columns_and_songs_that_are_missing_are_named(clips):
    X, y = clips
    with pytest.raises(ValueError, match=r"1 columns .* legato"):
        fit_predict("logistic", X, y, X.drop(columns="legato"))
    with pytest.raises(ValueError, match="feature_frame"):
        fit_predict("logistic", X.to_numpy(), y, X)
    with pytest.raises(ValueError, match="3 groups for 60 rows"):
        fit_predict("svm_lin", X, y, X, groups=["a", "b", "c"])


@pytest.mark.slow
def test_the_music_is_heard_on_songs_that_were_not_trained_on(data_folder):
    from symbolic.data import group_folds, read_tables, read_vgmidi

    pieces = read_vgmidi(data_folder / "vgmidi")
    X, groups = feature_frame(read_tables(pieces)), np.array([piece.group for piece in pieces])
    y = np.array([piece.labels["emotion"] for piece in pieces])
    train = group_folds(y, groups) > 0
    right = {
        name: (
            fit_predict(name, X[train], y[train], X[~train], groups=groups[train]).argmax(axis=1)
            == y[~train]
        ).mean()
        for name in BASELINES
    }
    assert min(right[name] for name in BASELINES if name != "majority") > right["majority"]
