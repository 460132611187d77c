"""The computed parts of an ensemble: weights of corpora, order of ratings, neighbours."""

import json

import numpy as np
import pytest
import torch

from symbolic.configuration import SymbolicConfig
from symbolic.encoders import FeatureEnsemble
from symbolic.features import FEATURE_SETS
from symbolic.forward import ensemble, numpy_ops, torch_ops
from symbolic.training.transfer import (
    Labels,
    balanced_weights,
    fit_ensemble,
    fit_side,
    nearest_distances,
    ordered_pairs,
)


def test_corpora_count_by_the_roots_of_their_sizes_and_quadrants_alike():
    quadrants = np.array([0] * 60 + [1] * 30 + [2] * 10 + [3] * 4)
    corpora = np.array(["large"] * 100 + ["small"] * 4)
    weights = balanced_weights(quadrants, corpora)
    assert weights.sum() == pytest.approx(1)
    each = [weights[(corpora == "large") & (quadrants == q)].sum() for q in range(3)]
    np.testing.assert_allclose(each, each[0])
    assert weights[:100].sum() / weights[100:].sum() == pytest.approx(np.sqrt(100 / 4))


def test_pairs_are_of_one_corpus_with_the_higher_rating_first():
    ratings = np.array([0.5, -0.5, 0.45, np.nan, 0.9])
    corpora = np.array(["a", "a", "a", "a", "b"])
    pairs = {tuple(pair) for pair in ordered_pairs(ratings, corpora).tolist()}
    assert pairs == {(0, 1), (2, 1)}  # 0 and 2 differ too little


def test_of_many_pieces_some_pairs_are_drawn():
    ratings = np.linspace(-1, 1, 400)
    pairs = ordered_pairs(ratings, np.full(400, "a"))
    assert 10_000 < len(pairs) <= 20_000
    assert (ratings[pairs[:, 0]] > ratings[pairs[:, 1]]).all()


def test_a_side_is_fitted_to_halves_and_to_pairs():
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(400, 3))
    signs = np.where(columns[:, 0] > 0.5, 1, -1)
    weights, none = np.full(400, 1 / 400), np.zeros((0, 3))
    alone = fit_side(columns, signs, weights, none, 0.0)
    assert alone[0] > 5 * abs(alone[1:3]).max()
    assert alone[3] < 0  # fewer than half are above
    differences = np.abs(rng.normal(size=(50, 3))) * [0, 1, 0]
    both = fit_side(columns, signs, weights, differences, 1.0)
    assert both[1] > alone[1] + 0.2
    assert np.sign(both[0]) == 1
    scaled = fit_side(columns * [1, 100, 1] + 7, signs, weights, none, 0.0)
    at_zero = columns @ alone[:3] + alone[3]
    moved = (columns * [1, 100, 1] + 7) @ scaled[:3] + scaled[3]
    np.testing.assert_allclose(moved, at_zero, atol=1e-3)


def test_distances_leave_out_the_own_group():
    rows = np.array([[0.0], [0.0], [3.0], [4.0]])
    names = np.array(["a", "a", "b", "c"])
    expected = [np.sqrt((9 + 16) / 2)] * 2 + [np.sqrt((9 + 9 + 1) / 3), np.sqrt((16 + 16 + 1) / 3)]
    np.testing.assert_allclose(nearest_distances(rows, names), expected)
    assert np.isinf(nearest_distances(rows, np.full(4, "a"))).all()


COLUMNS = list(
    dict.fromkeys([*FEATURE_SETS["transfer_valence"], *FEATURE_SETS["transfer_arousal"]])
)


def head(references=1):
    roles = {
        "valence": list(FEATURE_SETS["transfer_valence"]),
        "arousal": list(FEATURE_SETS["transfer_arousal"]),
        "familiar": COLUMNS[-3:],
    }
    config = SymbolicConfig(
        encoder="features",
        feature_names=COLUMNS,
        ensemble_features=roles,
        ensemble_size=2,
        ensemble_units=4,
        ensemble_share=0.7,
        ensemble_references=references,
    )
    torch.manual_seed(0)
    made = FeatureEnsemble(config)
    made.reset()
    return made


def labels(count, rated=0):
    quadrants = np.arange(count) % 4
    quadrants[count - rated :] = -100
    ratings = np.full((count, 2), np.nan)
    ratings[count - rated :] = np.linspace(-1, 1, rated)[:, None] if rated else 0
    names = np.array([f"song {number}" for number in range(count)])
    corpora = np.where(quadrants >= 0, "one", "rated")
    return Labels(quadrants, ratings, names, corpora, np.zeros(count, bool))


def test_an_ensemble_gets_references_and_a_linear_model():
    made = head()
    rng = np.random.default_rng(1)
    states = torch.tensor(rng.normal(size=(80, len(COLUMNS))), dtype=torch.float32)
    known = labels(80, rated=20)
    place = made.valence_columns[0]
    states[:, place] = torch.tensor(np.where(np.isin(known.quadrants, (0, 3)), 1.0, -1.0))
    fit_ensemble(made, states, known)
    assert made.references.shape == (60, 3)
    assert not made.valence.weight.requires_grad
    assert made.valence.weight[0, 0] > 2 * made.valence.weight[0, 1:].abs().max()
    nearby, far = states[:5], states[:5] + 20
    assert made.familiarity(nearby).min() > made.familiarity(far).max()


def test_numpy_and_torch_find_the_same_strangeness():
    made = head()
    rng = np.random.default_rng(2)
    states = rng.normal(size=(50, len(COLUMNS)))
    fit_ensemble(made, torch.tensor(states), labels(50))
    found = ensemble.strangeness(made, torch.tensor(states), torch_ops).numpy()

    class Net:
        familiar_columns = made.familiar_columns
        references = made.references.double().numpy()
        radii = made.radii.double().numpy()

    np.testing.assert_allclose(ensemble.strangeness(Net, states, numpy_ops), found, rtol=1e-9)


def test_unlabelled_pieces_leave_an_ensemble_as_it_is():
    made = head()
    none = Labels(np.full(9, -100), np.full((9, 2), np.nan), *[np.zeros(9, bool)] * 3)
    fit_ensemble(made, torch.zeros(9, len(COLUMNS)), none)
    assert len(made.references) == 1
    assert (made.valence.weight == 0).all()


def test_a_saved_configuration_keeps_the_number_of_references(tmp_path):
    made = SymbolicConfig(ensemble_share=0.7, ensemble_references=12)
    made.save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["ensemble_references"] == 12
    assert SymbolicConfig.from_pretrained(tmp_path).ensemble_share == 0.7
