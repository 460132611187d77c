"""What learns, and how fast: depths, freezing, rates by layer, weights of classes."""

import numpy as np
import pytest
import torch
from transformers import TrainingArguments

from symbolic.data import Collator, TokenDataset
from symbolic.encoders.backbones import BACKBONES
from symbolic.tokenizers import CPTokenizer
from symbolic.training.build import ShapeArguments, build_model
from symbolic.training.optimisation import (
    balanced_weights,
    freeze,
    layer_groups,
    parameter_depths,
)
from symbolic.training.trainer import FitArguments, fit


def make(backbone="bert", features=("pitch_mean",), **changes):
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "layers": 3, "heads": 2, "field_embedding_size": 8, "window": 32}
    arguments = ShapeArguments(backbone=backbone, dropout=0, head_dropout=0, **{**shape, **changes})
    return build_model(CPTokenizer(), arguments, features)


def depth_of(depths, part):
    """The depths of the parameters whose names hold a part; there must be some."""
    found = {depth for name, depth in depths.items() if part in name}
    assert found, part
    return found


@pytest.mark.parametrize(
    ("backbone", "layers", "others"),
    [
        ("bert", "backbone.encoder.layer.{}.", {"backbone.embeddings.": 0}),
        ("gpt2", "backbone.h.{}.", {".wpe.": 0, ".wte.": 0, ".ln_f.": 3}),
        ("lstm", "backbone.layers.{}.", {"backbone.embeddings.": 0}),
        ("llama", "backbone.layers.{}.", {"backbone.embed_tokens.": 0, "backbone.norm.": 3}),
    ],
)
def test_depth_grows_from_the_notes_to_the_answers(backbone, layers, others):
    depths = parameter_depths(make(backbone))
    assert depth_of(depths, "encoder.embeddings.") == {0}
    assert depth_of(depths, "encoder.project.") == {0}
    for layer in range(3):
        assert depth_of(depths, layers.format(layer)) == {1 + layer}
    for part, depth in others.items():
        assert depth_of(depths, part) == {depth}
    assert depth_of(depths, "heads.") == {4}
    assert depth_of(depths, "feature_projection.") == {4}


def test_both_directions_of_an_lstm_are_one_layer():
    depths = parameter_depths(make("lstm"))
    for layer in range(3):
        one = {name for name, depth in depths.items() if depth == layer + 1}
        assert {name.partition(f"layers.{layer}.")[2] for name in one} == {
            f"{way}.{kind}_{part}_l0"
            for way in ("onward", "back")
            for kind in ("weight", "bias")
            for part in ("ih", "hh")
        }


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_layer_is_found(backbone):
    depths = parameter_depths(make(backbone))
    assert set(depths.values()) == {0, 1, 2, 3, 4}


def test_rates_fall_by_a_factor_from_layer_to_layer():
    model = make()
    decayed = [name for name, p in model.named_parameters() if p.ndim > 1]
    groups = layer_groups(model, 0.1, 0.5, decayed)
    named = {p: name for name, p in model.named_parameters()}
    depths = parameter_depths(model)
    seen = []
    for group in groups:
        for parameter in group["params"]:
            name = named[parameter]
            seen.append(name)
            assert group["lr"] == pytest.approx(0.1 * 0.5 ** (4 - depths[name])), name
            assert group["decayed"] == (name in decayed)
    assert sorted(seen) == sorted(n for n, p in model.named_parameters() if p.requires_grad)
    assert {group["lr"] for group in groups} == {0.1, 0.05, 0.025, 0.0125, 0.00625}


def test_one_rate_for_all_where_nothing_decays():
    assert {group["lr"] for group in layer_groups(make(), 0.1, 1.0, [])} == {0.1}


@pytest.mark.parametrize("decay", [0.0, -0.5, 1.1, float("nan")])
def test_factors_beyond_reason_are_refused(decay):
    with pytest.raises(ValueError, match="layer_decay"):
        layer_groups(make(), 0.1, decay, [])


def moved(model, before):
    """The parameters that are no longer what they were."""
    return {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["bert", "gpt2", "lstm"])
@pytest.mark.parametrize("what", ["none", "embeddings", "encoder", "0", "2", "3"])
def test_what_is_frozen_stays_to_the_bit_and_the_rest_learns(backbone, what, token_tunes, tmp_path):
    tokens = token_tunes(feature_names=["pitch_mean"])
    model = make(backbone)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    depths = parameter_depths(model)
    learnt_before = {name for name, p in model.named_parameters() if p.requires_grad}
    most = {"none": -1, "embeddings": 0, "encoder": 3}.get(what)
    most = int(what) if most is None else most
    frozen = {name for name in depths if depths[name] <= most}
    if what == "encoder":  # features of the piece enter above the layers, and are of the encoder
        frozen |= {name for name in depths if "feature_projection" in name}
    training = TrainingArguments(
        str(tmp_path), max_steps=2, per_device_train_batch_size=8, learning_rate=1e-2,
        weight_decay=0.1, use_cpu=True, disable_tqdm=True, report_to="none", save_strategy="no",
        remove_unused_columns=False, label_names=["labels"],
    )  # fmt: skip
    data = TokenDataset(tokens, 32, feature_names=["pitch_mean"])
    fit(model, data, None, FitArguments(freeze=what), training)
    changed = moved(model, before)
    assert not changed & frozen
    still = learnt_before - frozen - changed
    # Parameters of which this batch knows nothing: ids that do not occur are still decayed.
    assert still == set()


def test_freezing_tells_how_much_would_have_learnt():
    model = make()
    embeddings = sum(
        p.numel()
        for name, p in model.named_parameters()
        if p.requires_grad and parameter_depths(model)[name] == 0
    )
    assert freeze(model, "none") == 0
    assert freeze(model, "embeddings") == embeddings > 0
    assert freeze(model, "embeddings") == 0  # once is enough


@pytest.mark.parametrize("what", ["4", "-1", "half", "", "heads"])
def test_parts_that_a_model_does_not_have_cannot_be_frozen(what):
    model = make()
    with pytest.raises(ValueError, match=r"freeze .*embeddings, encoder, or a number of the 3"):
        freeze(model, what)
    before = [p.requires_grad for p in make().parameters()]
    assert [p.requires_grad for p in model.parameters()] == before


def test_a_rare_quadrant_counts_as_much_as_a_frequent_one():
    # Six pieces of Q1, two of Q3, two of Q4, none of Q2, two without a label: 10 / (3 * count).
    labels = np.array([0] * 6 + [2] * 2 + [3] * 2 + [-100] * 2)
    weights = balanced_weights(labels, 4)
    assert weights == pytest.approx([10 / 18, 1, 10 / 6, 10 / 6])
    known = labels[labels >= 0]
    assert np.mean(np.array(weights)[known]) == pytest.approx(1)
    assert balanced_weights(np.array([0, 1, 2, 3]), 4) == [1, 1, 1, 1]
    assert balanced_weights(np.array([-100]), 4) == [1, 1, 1, 1]


def test_class_weights_weigh_the_loss_of_their_class():
    model = make(tasks="emotion", label_smoothing=0.0)
    data = [{"input_ids": np.zeros((4, 7), int), "features": np.zeros(1)} for _ in range(2)]
    for example, quadrant in zip(data, (0, 2), strict=True):
        example["labels"] = {"emotion": quadrant}
    batch = Collator(model.tasks, model.config.pad_ids)(data)
    each = [
        model(**{**batch, "labels": {"emotion": torch.tensor(one)}}).loss
        for one in ([0, -100], [-100, 2])
    ]
    model.config.class_weights = {"emotion": [0.5, 1.0, 3.0, 1.0]}
    torch.testing.assert_close(model(**batch).loss, (0.5 * each[0] + 3.0 * each[1]) / 2)
