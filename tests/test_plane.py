"""Plots of the valence-arousal plane: places, colours, numbers."""

import re

import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from symbolic.reports.corpus.page import corpus_page
from symbolic.reports.plane import CLEARLY, NEAR, elsewhere, needs_line, number_places
from symbolic.reports.plots import valence_arousal_plane
from symbolic.tasks import QUADRANTS, valence_arousal

CERTAIN = [[0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1], [0.1, 0.1, 0.7, 0.1], [0.1, 0.1, 0.1, 0.7]]
SPREAD = [0.36, 0.0, 0.3, 0.34]  # Q1 by its probability, Q4 by valence and arousal


def table(probabilities):
    probabilities = np.array(probabilities, float)
    places = valence_arousal(probabilities)
    return pd.DataFrame(
        {
            "path": [f"piece $_{i}.mid" for i in range(len(probabilities))],
            "quadrant": [QUADRANTS[i] for i in probabilities.argmax(axis=1)],
            "confidence": probabilities.max(axis=1),
            **dict(zip(("q1", "q2", "q3", "q4"), probabilities.T, strict=True)),
            "valence": places[:, 0],
            "arousal": places[:, 1],
            "error": "",
        }
    )


def texts(probabilities, folder):
    """The texts of the plot, which matplotlib writes beside their shapes."""
    valence_arousal_plane(table(probabilities), folder / "plane.svg")
    return re.findall(r"<!-- (.*?) -->", (folder / "plane.svg").read_text(encoding="utf-8"))


def test_a_piece_on_the_side_of_another_quadrant_is_found():
    probabilities = np.array([*CERTAIN, SPREAD, [0.5, 0.0, 0.0, 0.5], [0.25] * 4])
    quadrants = [QUADRANTS[i] for i in probabilities.argmax(axis=1)]
    found = elsewhere(valence_arousal(probabilities), quadrants)
    assert found.tolist() == [False] * 4 + [True] + [False] * 2  # on an axis it is in both
    assert elsewhere(np.zeros((0, 2)), np.array([])).shape == (0,)


def test_such_a_piece_is_a_ring_that_the_legend_explains(tmp_path):
    without, with_ring = texts(CERTAIN, tmp_path), texts([*CERTAIN, SPREAD], tmp_path)
    assert not any("most probable quadrant" in text for text in without)
    assert sum("most probable quadrant" in text for text in with_ring) == 1


@pytest.mark.parametrize(("spread", "said"), [(0, ""), (1, "1 of 5 pieces"), (2, "2 of 6 pieces")])
def test_the_report_counts_such_pieces(spread, said):
    page = " ".join(corpus_page(table([*CERTAIN, *[SPREAD] * spread]), "scores.csv").split())
    assert ("(rings, in its colour)" in page) == bool(spread)
    assert said in page


@pytest.mark.parametrize("count", [1, 2, 7, 20, 40])
def test_numbers_cover_neither_points_nor_each_other(count):
    rng = np.random.default_rng(count)
    plane = np.clip(rng.normal(0.8, 0.15, (count, 2)), -1, 1)
    plane[: count // 5] = plane[0]  # of one place
    found = number_places(plane)
    taken = np.concatenate([plane, found]) @ np.array([1, 1j])
    for number, place in enumerate(found @ np.array([1, 1j]), count):
        assert abs(np.delete(taken, number) - place).min() >= NEAR * (1 - 1e-9)
    assert np.hypot(*(found - plane).T).max() <= 0.31


def test_neighbours_do_not_exchange_their_numbers():
    plane = np.array([[0.5, 0.5], [0.56, 0.52], [0.5, 0.62], [-0.5, -0.5]])
    away = np.linalg.norm(number_places(plane)[:, None] - plane, axis=2)
    assert away.argmin(axis=1).tolist() == [0, 1, 2, 3]
    others = np.where(np.eye(4, dtype=bool), np.inf, away).min(axis=1)
    assert (others >= CLEARLY * np.diag(away)).all()


def test_a_number_that_could_be_a_neighbours_has_a_line():
    point, beside, far = np.zeros(2), np.array([0.06, 0.0]), np.array([0.0, 0.3])
    near = np.array([[0.1, 0.0]])
    assert needs_line(point, np.stack([beside, far]), near).tolist() == [True, True]
    assert needs_line(point, np.stack([beside, -beside]), near).tolist() == [True, False]
    assert needs_line(point, beside[None], np.zeros((0, 2))).tolist() == [False]


def test_a_line_runs_over_no_other_point_where_there_is_room():
    crowd = 0.03 * np.array([[x, y] for x in range(3) for y in range(3)])
    for number, (point, place) in enumerate(zip(crowd, number_places(crowd), strict=True)):
        line = point + np.linspace(0, 1, 50)[:, None] * (place - point)
        others = np.delete(crowd, number, axis=0)
        if number != 4:  # that in the middle has no way out
            assert np.linalg.norm(line[:, None] - others, axis=2).min() >= 0.02


def test_no_piece_and_many_pieces_are_drawn_too(tmp_path):
    assert "0 pieces on the valence-arousal plane" in texts(np.zeros((0, 4)), tmp_path)
    many = np.random.default_rng(0).dirichlet(np.ones(4), 300)
    assert "1" not in texts(many, tmp_path)
    assert {"1", "18"} < set(texts(many[:18], tmp_path))


@pytest.mark.parametrize("count", [5, 60])
def test_the_plot_has_no_wide_margin(count, tmp_path):
    many = np.random.default_rng(0).dirichlet(np.ones(4), count)
    valence_arousal_plane(table(many), tmp_path / "plane.png")
    ink = matplotlib.image.imread(tmp_path / "plane.png")[..., :3].min(axis=2) < 1
    for axis in (0, 1):
        used = np.flatnonzero(ink.any(axis=axis))
        assert used[0] < 40
        assert used[-1] >= ink.shape[1 - axis] - 40
