"""Pictures of embeddings, and what is said of their clusters."""

import numpy as np
import pytest

from symbolic.reports.embedding_views import agreement, embedding_views

NAMES = ("rock", "folk", "jazz")


@pytest.fixture(scope="module")
def apart():
    """60 pieces of three classes that lie far apart, in eight dimensions."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 20)
    return rng.normal(size=(60, 8)) + 8 * rng.normal(size=(3, 8))[labels], labels


def test_classes_that_lie_apart_are_their_own_clusters(apart, tmp_path):
    figures = embedding_views(*apart, NAMES, tmp_path / "views.png")
    assert figures["purity"] == figures["adjusted_rand"] == figures["neighbours"] == 1
    assert 0.5 < figures["explained"] <= 1
    assert all(isinstance(value, float) for value in figures.values())
    assert (tmp_path / "views.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_seed_gives_the_same_figures(apart, tmp_path):
    rng = np.random.default_rng(1)
    embeddings, labels = rng.normal(size=(30, 5)), rng.integers(0, 3, 30)
    one, two = (embedding_views(embeddings, labels, NAMES, tmp_path / "a.png") for _ in range(2))
    assert one == two
    assert abs(one["adjusted_rand"]) < 0.3


def test_purity_and_rand_of_clusters():
    labels = np.array([0, 0, 1, 1])
    assert agreement(labels, np.array([1, 1, 0, 0])) == {"adjusted_rand": 1.0, "purity": 1.0}
    assert agreement(labels, np.zeros(4, int)) == {"adjusted_rand": 0.0, "purity": 0.5}


@pytest.mark.parametrize("width", [1, 2])
def test_few_pieces_of_few_columns_are_drawn(tmp_path, width):
    embeddings = np.random.default_rng(0).normal(size=(5, width))
    embedding_views(embeddings, [0, 1, 1, 0, 2], NAMES, tmp_path / "few.svg")
    assert b"<svg" in (tmp_path / "few.svg").read_bytes()


@pytest.mark.parametrize(
    ("shape", "labels", "message"),
    [
        ((5, 2), [0, 1], "do not match"),
        ((3, 2), [0, 1, 2], "at least 4"),
        ((5, 2), [0, 1, 2, 3, 0], "must be 0..2"),
    ],
)
def test_what_cannot_be_drawn_is_refused(tmp_path, shape, labels, message):
    with pytest.raises(ValueError, match=message):
        embedding_views(np.zeros(shape), labels, NAMES, tmp_path / "a.png")
