"""Metrics and their intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, f1_score

from symbolic.notes.keys import KEY_NAMES, parse_key
from symbolic.tasks.intervals import bootstrap_of_sums, grouped_bootstrap
from symbolic.tasks.metrics import (
    accuracy,
    best_temperature,
    calibration_error,
    concordance,
    confusion,
    emotion_metrics,
    macro_f1,
    mirex_key_score,
    r2,
    reliability,
    rmse,
    surest_half,
)


def certain(quadrants):
    return np.eye(4)[quadrants]


def test_a_perfect_answer_scores_one_and_is_calibrated():
    quadrants = np.array([0, 1, 2, 3, 3])
    scores = emotion_metrics(quadrants, certain(quadrants))
    assert scores.pop("calibration_error") == 0
    assert set(scores.values()) == {1.0}


def test_the_right_half_of_the_plane_counts_for_valence_and_arousal():
    scores = emotion_metrics(np.array([0, 0, 0, 0]), certain([0, 1, 2, 3]))
    assert (scores["accuracy"], scores["valence"], scores["arousal"]) == (0.25, 0.5, 0.5)


def test_macro_f1_counts_quadrants_that_nobody_predicts():
    scores = emotion_metrics(np.array([0, 0, 1, 2, 3]), certain([0, 0, 0, 0, 0]))
    assert scores["macro_f1"] == pytest.approx((2 * 2 / (2 + 5)) / 4)


def test_confusion_has_truth_in_rows():
    matrix = confusion(np.array([0, 0, 3]), certain([0, 1, 3]))
    assert matrix[0].tolist() == [1, 1, 0, 0]
    assert matrix.sum() == 3
    assert matrix[3, 3] == 1


def test_the_surest_half_is_that_of_the_most_probable_answers():
    sure, unsure = [0.9, 0.1, 0, 0], [0.4, 0.3, 0.2, 0.1]
    quadrants = np.array([0, 1, 1, 0, 2])
    assert surest_half(quadrants[:4], np.array([sure, sure, unsure, unsure])) == 0.5
    assert surest_half(quadrants[:4], np.array([sure, unsure, unsure, sure])) == 1.0
    # Three of five are half, rounded up: a sure one, and two of four that are equally sure.
    scores = surest_half(quadrants, np.array([sure, unsure, unsure, unsure, unsure]))
    assert scores == pytest.approx((1 + 2 * 1 / 4) / 3)


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    probabilities = np.array([[0.7, 0.1, 0.1, 0.1]] * 10)
    labels = np.array([0] * 4 + [1] * 6)
    assert calibration_error(labels, probabilities) == pytest.approx(0.3)


def test_calibration_error_agrees_with_a_loop_over_bins():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), 200)
    labels = rng.integers(0, 4, 200)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence >= low) & (confidence < low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert calibration_error(labels, probabilities) == pytest.approx(expected)


def test_intervals_widen_when_clips_of_a_song_agree():
    rng = np.random.default_rng(0)
    songs = np.repeat(np.arange(20), 10)
    right = np.repeat(rng.random(20) < 0.6, 10).astype(float)
    by_song = grouped_bootstrap(lambda rows: right[rows].mean(), songs, 500)
    by_clip = grouped_bootstrap(lambda rows: right[rows].mean(), np.arange(200), 500)
    assert by_song[1] - by_song[0] > 2 * (by_clip[1] - by_clip[0])


def test_the_interval_of_a_constant_is_a_point():
    assert grouped_bootstrap(lambda rows: 0.5, ["a", "b"], 50) == (0.5, 0.5)


def test_the_bootstrap_is_seeded():
    values = np.arange(10.0)
    once = grouped_bootstrap(lambda rows: values[rows].mean(), values, 100, seed=3)
    assert once == grouped_bootstrap(lambda rows: values[rows].mean(), values, 100, seed=3)


def test_the_best_temperature_undoes_overconfidence():
    rng = np.random.default_rng(0)
    honest = rng.dirichlet(np.ones(4), 4000)
    labels = np.array([rng.choice(4, p=row) for row in honest])
    sure = honest**2 / (honest**2).sum(axis=1, keepdims=True)
    assert best_temperature(labels, honest) == pytest.approx(1.0, abs=0.1)
    assert best_temperature(labels, sure) == pytest.approx(2.0, abs=0.2)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_accuracy_and_f1_are_those_of_scikit_learn(pairs):
    true, predicted = np.array(pairs).T
    matrix = confusion(true, certain(predicted))
    f1 = f1_score(true, predicted, labels=range(4), average="macro", zero_division=0)
    assert accuracy(matrix) == pytest.approx(accuracy_score(true, predicted))
    assert macro_f1(matrix) == pytest.approx(f1)


def test_many_confusion_matrices_are_scored_at_once_and_an_empty_one_has_no_score():
    matrices = np.stack([np.eye(4), np.ones((4, 4)), np.zeros((4, 4))])
    for score in (accuracy, macro_f1):
        assert score(matrices)[:2].tolist() == [1.0, 0.25]
        assert np.isnan(score(matrices)[2])


def test_one_who_is_certain_and_always_wrong_has_a_calibration_error_of_one():
    quadrants = np.array([0, 1, 2, 3])
    assert calibration_error(quadrants, certain((quadrants + 1) % 4)) == 1.0
    assert emotion_metrics(quadrants, certain((quadrants + 1) % 4))["accuracy"] == 0.0


def test_a_reliability_diagram_counts_every_answer_once():
    probabilities = np.array([[0.75, 0.25, 0, 0]] * 4 + [[0.0, 1.0, 0, 0]])
    confidence, right, count = reliability(np.array([0, 0, 1, 1, 1]), probabilities, bins=10)
    assert count.tolist() == [0] * 7 + [4, 0, 1]
    assert right[count == 4] == pytest.approx(0.5)
    assert confidence[count == 4] == pytest.approx(0.75)
    assert right[count == 1] == confidence[count == 1] == 1.0


def test_sums_of_groups_draw_the_same_interval_as_the_rows_do():
    rng = np.random.default_rng(0)
    songs = rng.permutation(np.repeat([f"song {i}" for i in range(15)], 6))
    true, predicted = rng.integers(0, 4, (2, 90))
    sums = np.stack(
        [
            confusion(true[songs == song], certain(predicted[songs == song]))
            for song in sorted(set(songs))
        ]
    )
    for score in (accuracy, macro_f1):
        by_rows = grouped_bootstrap(
            lambda rows, score=score: score(confusion(true[rows], certain(predicted[rows]))),
            songs,
            40,
        )
        assert bootstrap_of_sums(score, sums, 40) == pytest.approx(by_rows)


REAL = arrays(float, 6, elements=st.floats(-1, 1, width=16))


def test_concordance_of_hand_worked_examples():
    # Means 2 and 3, variances 2/3, covariance 2/3: 2 * 2/3 / (4/3 + 1).
    assert concordance([1, 2, 3], [2, 3, 4]) == pytest.approx(4 / 7)
    # The same mean, twice the spread: 2 * 4/3 / (2/3 + 8/3).
    assert concordance([1, 2, 3], [0, 2, 4]) == pytest.approx(0.8)
    assert concordance([-1, 0, 1], [1, 0, -1]) == -1.0


def test_concordance_is_one_for_the_labels_themselves_and_nothing_for_a_constant():
    assert concordance([-1, 1, 1, -0.5], [-1, 1, 1, -0.5]) == 1.0
    assert concordance([-1, 1, 1, -1], [0.3] * 4) == 0.0
    assert np.isnan(concordance([1.0, 1.0], [1.0, 1.0]))
    assert np.isnan(concordance([], []))


@given(REAL, st.floats(0.1, 3))
def test_a_shifted_mean_lowers_concordance_and_not_correlation(true, shift):
    if np.ptp(true) < 0.1:
        true = np.linspace(-1, 1, 6)
    assert concordance(true, true + shift) < concordance(true, true)
    assert concordance(true, true + shift) > concordance(true, true + 2 * shift)
    assert np.corrcoef(true, true + shift)[0, 1] == pytest.approx(1)


@given(REAL, REAL)
def test_concordance_is_symmetric_and_never_above_correlation(a, b):
    if min(np.ptp(a), np.ptp(b)) < 1e-2:
        return
    assert concordance(a, b) == pytest.approx(concordance(b, a))
    assert abs(concordance(a, b)) <= abs(np.corrcoef(a, b)[0, 1]) + 1e-9


def test_error_and_explained_variance_of_the_mean():
    assert rmse([1, -1], [0, 0]) == 1.0
    assert r2([1, -1], [0, 0]) == 0.0
    assert r2([1, -1], [1, -1]) == 1.0
    assert np.isnan(r2([1, 1], [1, 1]))


@pytest.mark.parametrize(
    ("true", "named", "score"),
    [
        ("C major", "C major", 1.0),
        ("C major", "G major", 0.5),
        ("C major", "F major", 0.0),
        ("a minor", "e minor", 0.5),
        ("a minor", "d minor", 0.0),
        ("C major", "a minor", 0.3),
        ("a minor", "C major", 0.3),
        ("C major", "c minor", 0.2),
        ("c minor", "C major", 0.2),
        ("C major", "g minor", 0.0),
        ("C major", "e minor", 0.0),
        ("B major", "F# major", 0.5),
        ("eb minor", "F# major", 0.3),
    ],
)
def test_near_misses_of_keys_count_in_part(true, named, score):
    assert mirex_key_score(parse_key(true), parse_key(named)) == score


def written_rule(true: int, named: int) -> float:
    """The table of MIREX, key by key, in names of pitch classes and modes."""
    tonic, mode = true % 12, true // 12
    relative = (tonic + 3) % 12 if mode else (tonic - 3) % 12 + 12
    if named == true:
        return 1.0
    if named == (tonic + 7) % 12 + 12 * mode:
        return 0.5
    return 0.3 if named == relative else 0.2 if named == tonic + 12 * (1 - mode) else 0.0


def test_all_pairs_of_keys_follow_the_written_rule():
    true, named = np.divmod(np.arange(24 * 24), 24)
    expected = [written_rule(t, n) for t, n in zip(true, named, strict=True)]
    assert mirex_key_score(true, named).tolist() == expected
    assert mirex_key_score(np.arange(24), np.arange(24)).tolist() == [1.0] * len(KEY_NAMES)


def test_what_is_no_key_has_no_score():
    with pytest.raises(ValueError, match=r"outside 0\.\.23"):
        mirex_key_score([0, -100], [0, 0])
