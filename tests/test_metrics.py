"""Metrics and their intervals."""

import numpy as np
import pytest

from symbolic.tasks.metrics import (
    best_temperature,
    calibration_error,
    confusion,
    emotion_metrics,
    grouped_bootstrap,
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
