"""Backbones by name: what stands between the notes and the heads, and what it hears."""

import pytest
import torch
from transformers import AutoModel

from symbolic.encoders.backbones import BACKBONES, CAUSAL, backbone_config
from symbolic.modeling import SymbolicModel
from symbolic.tokenizers import CPTokenizer
from symbolic.training.build import ShapeArguments, build_model

TOKENIZER = CPTokenizer()


def shape(backbone, **changes):
    small = {"hidden_size": 16, "layers": 2, "heads": 2, "field_embedding_size": 8, "window": 32}
    return ShapeArguments(backbone=backbone, **{**small, **changes})


@pytest.fixture(scope="module")
def models():
    made = {}
    for name in BACKBONES:
        torch.manual_seed(0)
        made[name] = build_model(TOKENIZER, shape(name), ["density", "mode"]).eval()
    return made


def notes(size=3, length=11, seed=1):
    generator = torch.Generator().manual_seed(seed)
    columns = [
        torch.randint(0, n, (size, length), generator=generator) for n in TOKENIZER.vocab_sizes
    ]
    features = torch.randn(size, 2, generator=generator)
    return {"input_ids": torch.stack(columns, dim=-1), "features": features}


def labels(size=3, length=11):
    return {
        "emotion": torch.arange(size) % 4,
        "key": torch.arange(size),
        "velocity": torch.arange(size * length).view(size, length) % 6,
    }


def padded(inputs, by, ids):
    """Inputs with `by` positions of some ids after the end, and their mask."""
    size, length, fields = inputs["input_ids"].shape
    after = torch.as_tensor(ids).expand(size, by, fields)
    mask = torch.cat([torch.ones(size, length), torch.zeros(size, by)], dim=1).long()
    return {
        **inputs,
        "input_ids": torch.cat([inputs["input_ids"], after], dim=1),
        "attention_mask": mask,
    }


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_answers_every_task(name, models):
    model = models[name]
    assert model.config.backbone_config.model_type == BACKBONES[name][0]
    output = model(**notes(), labels=labels())
    shapes = {task: tuple(logits.shape) for task, logits in output.logits.items()}
    assert shapes == {"emotion": (3, 4), "key": (3, 24), "velocity": (3, 11, 6)}
    assert output.loss.isfinite()


@pytest.mark.parametrize("name", BACKBONES)
def test_padding_after_the_end_changes_no_answer(name, models):
    model, inputs = models[name], notes()
    with torch.inference_mode():
        plain = model(**inputs).logits
        # Whatever ids stand there: not even music after the end is heard.
        for ids in (TOKENIZER.pad_ids, notes(seed=2)["input_ids"][:1, :6]):
            after = model(**padded(inputs, 6, ids)).logits
            for task in plain:
                heard = after[task][:, :11] if task == "velocity" else after[task]
                torch.testing.assert_close(heard, plain[task], atol=1e-5, rtol=1e-4)


def test_a_piece_in_a_batch_of_longer_ones_ends_where_it_ends(models):
    model, inputs = models["lstm"], notes()
    mask = torch.ones(3, 11, dtype=torch.long)
    mask[1, 5:] = 0
    with torch.inference_mode():
        hidden, _ = model.encoder(**inputs, attention_mask=mask)
        alone, _ = model.encoder(inputs["input_ids"][1:2, :5], features=inputs["features"][1:2])
        # Read backwards, an LSTM would meet the padding first.
        whole, _ = model.encoder(**inputs)
    torch.testing.assert_close(hidden[1:2, :5], alone)
    assert not torch.allclose(hidden[1:2, :5], whole[1:2, :5])
    torch.testing.assert_close(hidden[[0, 2]], whole[[0, 2]])


@pytest.mark.parametrize("name", BACKBONES)
def test_saved_and_loaded_by_the_auto_class_every_bit_is_the_same(name, models, tmp_path):
    import symbolic  # noqa: F401 - which is all that AutoModel has to be told

    model = models[name]
    model.save_pretrained(tmp_path)
    loaded = AutoModel.from_pretrained(tmp_path).eval()
    assert isinstance(loaded, SymbolicModel)
    assert loaded.state_dict().keys() == model.state_dict().keys()
    for key, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key
    with torch.inference_mode():
        before, after = model(**notes()).logits, loaded(**notes()).logits
    for task in before:
        assert torch.equal(before[task], after[task])


@pytest.mark.parametrize("name", BACKBONES)
def test_every_parameter_that_learns_gets_a_gradient(name):
    # One without would make distributed training wait for ever.
    torch.manual_seed(0)
    model = build_model(TOKENIZER, shape(name), ["density", "mode"])
    model.train()(**notes(), labels=labels()).loss.backward()
    learning = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert [key for key, p in learning.items() if p.grad is None] == []
    in_backbone = [p.grad.abs().max() for key, p in learning.items() if "encoder.backbone" in key]
    assert max(in_backbone) > 0


@pytest.mark.parametrize("name", BACKBONES)
def test_only_causal_backbones_are_deaf_to_what_comes_later(name, models):
    encoder, inputs = models[name].encoder, notes()
    changed = inputs["input_ids"].clone()
    changed[:, 7:] = notes(seed=3)["input_ids"][:, 7:]
    with torch.inference_mode():
        before, _ = encoder(**inputs)
        after, _ = encoder(**{**inputs, "input_ids": changed})
    assert not torch.allclose(before[:, 7:], after[:, 7:])
    deaf = torch.allclose(before[:, :7], after[:, :7], atol=1e-6)
    assert deaf == (BACKBONES[name][0] in CAUSAL)


@pytest.mark.parametrize("name", BACKBONES)
def test_heads_hear_the_piece_from_its_first_note_to_its_last(name, models):
    model, inputs = models[name], notes()
    hidden, mask = model.encoder(**inputs)
    hidden = hidden.detach().requires_grad_()
    model.heads["emotion"](hidden, mask).sum().backward()
    assert (hidden.grad.abs().amax(dim=-1) > 0).all()


def test_names_and_widths_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="unknown backbone 'choir'; known: bert, gpt2, lstm"):
        backbone_config("choir", shape("choir", feedforward=48))
    with pytest.raises(ValueError, match="unknown backbone 'choir'"):
        build_model(TOKENIZER, shape("choir"))
    with pytest.raises(ValueError, match="hidden_size 15"):
        build_model(TOKENIZER, shape("lstm", hidden_size=15))
