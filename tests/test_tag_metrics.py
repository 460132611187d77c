"""Scores of tags and of classes, beside scikit-learn's."""

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from symbolic.tasks.tag_metrics import class_metrics, tag_metrics

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("decimals", [8, 1, 0])
def test_areas_are_those_of_scikit_learn_with_ties_and_without(decimals):
    labels = (RNG.random((80, 5)) < [0.1, 0.3, 0.5, 0.7, 0.9]).astype(float)
    scores = np.round(np.clip(RNG.normal(0.4, 0.3, (80, 5)) + 0.2 * labels, 0, 1), decimals)
    found = tag_metrics(labels, scores, ["a", "b", "c", "d", "e"])
    assert found["roc_auc"] == pytest.approx(roc_auc_score(labels, scores, average="macro"))
    assert found["pr_auc"] == pytest.approx(average_precision_score(labels, scores))
    for k, name in enumerate("abcde"):
        one = found["tags"][name]
        assert one["roc_auc"] == pytest.approx(roc_auc_score(labels[:, k], scores[:, k]))
        assert one["pr_auc"] == pytest.approx(average_precision_score(labels[:, k], scores[:, k]))
        assert one["positives"] == pytest.approx(labels[:, k].mean())


def test_labels_that_are_not_known_do_not_count():
    labels = (RNG.random((60, 2)) < 0.4).astype(float)
    labels[RNG.random((60, 2)) < 0.3] = np.nan
    scores = np.round(RNG.random((60, 2)), 1)
    found = tag_metrics(labels, scores)
    for k in range(2):
        known = ~np.isnan(labels[:, k])
        area = roc_auc_score(labels[known, k], scores[known, k])
        assert found["tags"][str(k)]["roc_auc"] == pytest.approx(area)


def test_precision_and_recall_are_of_either_class():
    labels = np.array([[1], [1], [0], [0], [0]])
    scores = np.array([[0.9], [0.2], [0.8], [0.1], [0.1]])
    found = tag_metrics(labels, scores)
    assert found["precision"] == 1 / 2
    assert found["recall"] == 1 / 2
    assert found["negative_precision"] == pytest.approx(2 / 3)
    assert found["negative_recall"] == pytest.approx(2 / 3)


def test_never_saying_yes_is_perfect_for_the_negative_class_alone():
    labels = np.eye(10)
    found = tag_metrics(labels, np.zeros((10, 10)))
    assert found["negative_recall"] == 1
    assert found["negative_precision"] == pytest.approx(0.9)
    assert found["precision"] == found["recall"] == 0
    assert found["roc_auc"] == 0.5
    assert found["pr_auc"] == pytest.approx(0.1)


def test_a_tag_that_never_or_always_occurs_does_not_count():
    labels = np.array([[0, 1, 1], [0, 1, 0], [0, 1, 0]])
    scores = np.array([[0.9, 0.1, 0.7], [0.1, 0.1, 0.2], [0.5, 0.1, 0.9]])
    found = tag_metrics(labels, scores)
    assert found["roc_auc"] == found["tags"]["2"]["roc_auc"] == 0.5
    assert math.isnan(found["tags"]["0"]["pr_auc"])
    assert found["tags"]["1"]["pr_auc"] == 1
    assert math.isnan(found["tags"]["1"]["negative_recall"])
    nothing = tag_metrics(np.full((3, 2), np.nan), np.zeros((3, 2)))
    assert all(math.isnan(value) for name, value in nothing.items() if name != "tags")
    assert math.isnan(tag_metrics(np.zeros((0, 2)), np.zeros((0, 2)))["roc_auc"])


@pytest.mark.parametrize(
    ("labels", "scores", "names", "message"),
    [
        (np.zeros((3, 2)), np.zeros((3, 3)), (), r"\(3, 2\) and probabilities \(3, 3\)"),
        (np.full((3, 2), 0.5), np.zeros((3, 2)), (), "0, 1 or NaN"),
        (np.zeros((3, 2)), np.zeros((3, 2)), ("a",), "1 names of 2 tags"),
    ],
)
def test_labels_and_probabilities_that_do_not_fit_are_refused(labels, scores, names, message):
    with pytest.raises(ValueError, match=message):
        tag_metrics(labels, scores, names)


def test_classes_are_scored_over_all_of_them():
    labels = RNG.integers(0, 6, 50)
    probabilities = RNG.dirichlet(np.ones(7), 50)
    found = class_metrics(labels, probabilities)
    predicted = probabilities.argmax(axis=1)
    assert found["accuracy"] == pytest.approx((predicted == labels).mean())
    macro = f1_score(labels, predicted, labels=range(7), average="macro", zero_division=0)
    assert found["macro_f1"] == pytest.approx(macro)
    assert found["confusion"].shape == (7, 7)
    assert found["confusion"].sum() == 50
    assert 0 <= found["calibration_error"] <= 1
