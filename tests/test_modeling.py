"""The model: contract, losses together, saving and loading."""

import copy

import pytest
import torch
from transformers import AutoConfig, AutoModel, GPT2Config

from symbolic.configuration import SymbolicConfig
from symbolic.modeling import SymbolicModel
from symbolic.tasks import EMOTION, IGNORE, KEY, VALENCE_AROUSAL, VELOCITY, Task

SIZES = [5, 9, 12]
SMALL = {
    "model_type": "bert",
    "vocab_size": 1,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 32,
    "type_vocab_size": 1,
}


def make(**changes):
    torch.manual_seed(0)
    values = {
        "backbone_config": SMALL,
        "field_names": ["Bar", "Pitch", "Velocity"],
        "vocab_sizes": SIZES,
        "pad_ids": [0, 0, 0],
        "mask_ids": [1, 1, 1],
        "field_embedding_size": 8,
        "window": 32,
    }
    return SymbolicModel(SymbolicConfig(**{**values, **changes})).eval()


def batch(size=3, length=7):
    generator = torch.Generator().manual_seed(1)
    ids = [torch.randint(2, n, (size, length), generator=generator) for n in SIZES]
    return torch.stack(ids, dim=-1)


def all_labels(size=3, length=7):
    return {
        "emotion": torch.tensor([0, 3, IGNORE])[:size],
        "key": torch.arange(size),
        "velocity": torch.randint(0, 6, (size, length)),
    }


def test_every_task_gets_logits_of_its_own_shape():
    output = make(tasks=[EMOTION, KEY, VELOCITY, VALENCE_AROUSAL])(batch())
    assert {name: tuple(value.shape) for name, value in output.logits.items()} == {
        "emotion": (3, 4),
        "key": (3, 24),
        "velocity": (3, 7, 6),
        "valence_arousal": (3, 2),
    }
    assert output.loss is None
    assert output.mask.shape == (3, 7)


def test_the_loss_is_the_weighted_sum_of_the_tasks():
    model, labels = make(), all_labels()
    output = model(batch(), labels=labels)
    parts = [t.weight * t.loss(output.logits[t.name], labels[t.name]) for t in model.tasks]
    torch.testing.assert_close(output.loss, sum(parts))
    assert {task.weight for task in model.tasks} != {1.0}


def test_a_task_without_labels_adds_nothing():
    model, labels = make(), all_labels()
    alone = model(batch(), labels={"emotion": labels["emotion"]}).loss
    absent = {task.name: task.empty_labels(*((3, 7) if task.level == "token" else (3,)))
              for task in model.tasks}  # fmt: skip
    filled = model(batch(), labels={**absent, "emotion": labels["emotion"]}).loss
    torch.testing.assert_close(alone, filled)
    assert model(batch(), labels=absent).loss.item() == 0.0


def test_all_heads_train_the_encoder_together():
    for alone in ("emotion", "key", "velocity"):
        model = make().train()
        model(batch(), labels={alone: all_labels()[alone]}).loss.backward()
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                learns = parameter.grad is not None and parameter.grad.abs().max() > 0
                assert learns == name.startswith(("encoder.", f"heads.{alone}.")), name
    assert "encoder.backbone.embeddings.word_embeddings.weight" in model.state_dict()


def test_padding_changes_nothing():
    model, ids = make(), batch()
    padded = torch.cat([ids, torch.zeros(3, 5, 3, dtype=torch.long)], dim=1)
    mask = torch.cat([torch.ones(3, 7), torch.zeros(3, 5)], dim=1).long()
    plain, with_padding = model(ids), model(padded, attention_mask=mask)
    for name in ("emotion", "key"):
        torch.testing.assert_close(plain.logits[name], with_padding.logits[name])
    torch.testing.assert_close(
        plain.logits["velocity"], with_padding.logits["velocity"][:, :7], atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize("feature_names", [[], ["density", "mode"]])
def test_saving_and_loading_keeps_every_bit(tmp_path, feature_names):
    model = make(feature_names=feature_names, label_smoothing=0.1)
    inputs = {}
    if feature_names:
        model.encoder.feature_mean.fill_(2.5)
        model.encoder.feature_scale.fill_(0.3)
        inputs["features"] = torch.randn(3, 2)
    model.save_pretrained(tmp_path)
    for loaded in (SymbolicModel.from_pretrained(tmp_path), AutoModel.from_pretrained(tmp_path)):
        assert isinstance(loaded, SymbolicModel)
        assert loaded.tasks == model.tasks
        state = loaded.state_dict()
        assert state.keys() == model.state_dict().keys()
        for name, value in model.state_dict().items():
            assert torch.equal(state[name], value), name
        logits, expected = loaded.eval()(batch(), **inputs), model(batch(), **inputs)
        for name, value in expected.logits.items():
            assert torch.equal(logits.logits[name], value), name
    assert isinstance(AutoConfig.from_pretrained(tmp_path), SymbolicConfig)
    assert (tmp_path / "model.safetensors").is_file()


def test_a_checkpoint_knows_its_own_tasks(tmp_path):
    moods = Task("mood", "sequence", "multi", ("gay", "grave"), weight=0.7)
    make(tasks=[EMOTION, moods]).save_pretrained(tmp_path)
    assert SymbolicModel.from_pretrained(tmp_path).tasks == (EMOTION, moods)


def test_gpt2_takes_the_place_of_bert():
    model = make(backbone_config=GPT2Config(vocab_size=1, n_embd=16, n_layer=1, n_head=2))
    output = model(batch(), labels=all_labels())
    output.loss.backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
    assert output.logits["emotion"].shape == (3, 4)


def test_features_are_heard_and_kept_in_range():
    model = make(feature_names=["density"])
    calm, wild, mad = (
        model(batch(), features=torch.full((3, 1), value)).logits["emotion"]
        for value in (0.0, 100.0, 1e6)
    )
    assert not torch.allclose(calm, wild)
    torch.testing.assert_close(wild, mad)  # beyond the range, more is not more
    with pytest.raises(ValueError, match=r"\(pieces, 1\)"):
        model(batch())
    with pytest.raises(ValueError, match=r"\(pieces, 1\)"):
        model(batch(), features=torch.zeros(3, 2))


def test_models_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="unknown encoder 'ears'"):
        make(encoder="ears")
    with pytest.raises(ValueError, match="vocab_sizes"):
        make(vocab_sizes=[])


def test_initial_weights_depend_on_the_seed_only():
    first, second = make(), make()
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
    config = copy.deepcopy(first.config)
    torch.manual_seed(1)
    other = SymbolicModel(config).encoder.project.weight
    assert not torch.equal(other, first.encoder.project.weight)


def test_a_configuration_with_fixed_task_weights_loads_and_one_with_learnt_weights_is_refused():
    config = SymbolicConfig(encoder="features", task_weighting="fixed")
    assert "task_weighting" not in config.to_dict()
    with pytest.raises(ValueError, match="task_weighting 'uncertainty'"):
        SymbolicConfig(encoder="features", task_weighting="uncertainty")
