"""The model in the hands of transformers, PEFT and PyTorch's compilers; errors on wrong input."""

import copy

import numpy as np
import pytest
import torch
from datasets import Dataset
from safetensors import safe_open
from torch import nn
from transformers import LlamaConfig, PreTrainedModel, Trainer, TrainingArguments

from symbolic import CPTokenizer, load
from symbolic.configuration import LSTMConfig, SymbolicConfig
from symbolic.data import Collator, TokenDataset
from symbolic.modeling import SymbolicModel
from symbolic.tasks import EMOTION, IGNORE, KEY, VALENCE_AROUSAL, VELOCITY
from symbolic.training.build import ShapeArguments, build_model

SIZES = [5, 9, 12]
BERT = {"model_type": "bert", "vocab_size": 1, "hidden_size": 16, "num_hidden_layers": 2,
        "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 64,
        "type_vocab_size": 1}  # fmt: skip
LLAMA = LlamaConfig(vocab_size=1, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                    intermediate_size=32)  # fmt: skip
LSTM = LSTMConfig(hidden_size=16, num_hidden_layers=2)


def make(**changes):
    torch.manual_seed(0)
    values = {"backbone_config": BERT, "field_names": ["Bar", "Pitch", "Velocity"],
              "vocab_sizes": SIZES, "pad_ids": [0, 0, 0], "mask_ids": [1, 1, 1],
              "field_embedding_size": 8, "window": 64,
              "tasks": [EMOTION, KEY, VELOCITY]}  # fmt: skip
    return SymbolicModel(SymbolicConfig(**{**values, **changes})).eval()


def batch(size=3, length=20):
    generator = torch.Generator().manual_seed(1)
    ids = [torch.randint(2, n, (size, length), generator=generator) for n in SIZES]
    return torch.stack(ids, dim=-1)


LABELS = {"emotion": torch.tensor([0, 3, IGNORE]), "key": torch.arange(3)}


@pytest.fixture(scope="module")
def default_model():
    return load().model


@pytest.fixture(scope="module")
def tunes(token_tunes):
    return token_tunes("cp-midibert", n=40)


def features_of(model, rows=3):
    return torch.randn(rows, len(model.config.feature_names), generator=torch.manual_seed(0))


# --- outputs


@pytest.mark.parametrize("backbone", [BERT, LLAMA, LSTM], ids=["bert", "llama", "lstm"])
def test_hidden_states_are_those_of_the_layers(backbone):
    model = make(backbone_config=backbone)
    output = model(batch(), output_hidden_states=True)
    assert [tuple(states.shape) for states in output.hidden_states] == [(3, 20, 16)] * 3
    assert torch.equal(output.hidden_states[-1], output.last_hidden_state)
    assert torch.equal(output.last_hidden_state, model.encoder(batch())[0])
    plain = model(batch())
    assert plain.hidden_states is None
    assert torch.equal(plain.logits["emotion"], output.logits["emotion"])
    model.config.output_hidden_states = True
    assert len(model(batch()).hidden_states) == 3


def test_an_encoder_without_layers_gives_its_states(default_model):
    output = default_model(features=features_of(default_model), output_hidden_states=True)
    (states,) = output.hidden_states
    assert torch.equal(states, output.last_hidden_state)


def test_a_tuple_holds_what_the_output_holds():
    model = make()
    output = model(batch(), labels=LABELS)
    loss, logits, mask, states = model(batch(), labels=LABELS, return_dict=False)
    assert torch.equal(loss, output.loss)
    assert logits.keys() == output.logits.keys()
    assert torch.equal(mask, output.mask)
    assert torch.equal(states, output.last_hidden_state)
    assert isinstance(model(batch(), return_dict=None), type(output))


def test_inputs_that_the_encoder_does_not_take_are_named():
    model = make()
    assert model(batch(), inputs_embeds=None, output_attentions=None).logits
    with pytest.raises(TypeError, match=r"takes input_ids, .*does not take output_attentions"):
        model(batch(), output_attentions=True)


# --- embeddings


def test_embeddings_are_read_and_replaced(tmp_path):
    model = make()
    tables = model.get_input_embeddings()
    assert [table.num_embeddings for table in tables] == SIZES
    larger = nn.ModuleList(nn.Embedding(n + 2, 8) for n in SIZES)
    model.set_input_embeddings(larger)
    assert model.get_input_embeddings()[1].weight is larger[1].weight
    ids = batch()
    ids[0, 0, 1] = SIZES[1] + 1
    expected = model(ids).logits["emotion"]
    model.save_pretrained(tmp_path)
    loaded = SymbolicModel.from_pretrained(tmp_path).eval()
    assert torch.equal(loaded(ids).logits["emotion"], expected)
    for wrong in (nn.Embedding(9, 8), nn.ModuleList(nn.Embedding(9, 4) for _ in SIZES)):
        with pytest.raises(ValueError, match="3 embeddings of size 8"):
            model.set_input_embeddings(wrong)


def test_one_vocabulary_has_one_embedding():
    model = make(vocab_sizes=[11], field_names=["token"], pad_ids=[0], mask_ids=[1])
    assert model.get_input_embeddings() is model.encoder.embeddings[0]
    new = nn.Embedding(11, 8)
    model.set_input_embeddings(new)
    assert model.get_input_embeddings() is new
    assert model(torch.randint(2, 11, (2, 5))).logits["key"].shape == (2, 24)


def test_models_without_tokens_have_no_embeddings(default_model):
    with pytest.raises(NotImplementedError, match="'features' has no token embeddings"):
        default_model.get_input_embeddings()


# --- PEFT


def adapted(model, targets, **options):
    peft = pytest.importorskip("peft", reason="PEFT is not installed")
    return peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules=targets, **options))


def step(model, inputs, labels):
    """Train for one step, and return the names of the parameters that moved."""
    model.train()
    before = {name: value.clone() for name, value in model.named_parameters()}
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.5)
    for _ in range(2):  # the second matrix of an adapter starts at 0
        optimiser.zero_grad()
        model(**inputs, labels=labels).loss.backward()
        optimiser.step()
    model.eval()
    return [n for n, value in model.named_parameters() if not torch.equal(value, before[n])]


ADAPTERS = [
    *((task_type, saved) for task_type in (None, "FEATURE_EXTRACTION")
      for saved in (None, "heads", "heads.emotion")),
    # PEFT saves modules called `classifier` of these types.
    *((task_type, saved) for task_type in ("SEQ_CLS", "TOKEN_CLS") for saved in (None, "pool")),
]  # fmt: skip


@pytest.mark.parametrize(("task_type", "saved"), ADAPTERS)
def test_adapters_are_trained_saved_and_merged(task_type, saved, tmp_path):
    peft = pytest.importorskip("peft", reason="PEFT is not installed")
    options = {} if task_type is None else {"task_type": task_type}
    if saved is not None:
        options["modules_to_save"] = [saved]
    model = adapted(make(), ["query", "value"], **options)
    torch.testing.assert_close(model(input_ids=batch()).logits, make()(batch()).logits)
    moved = step(model, {"input_ids": batch()}, LABELS)
    assert any("lora_B" in name for name in moved)
    heads = [name for name in moved if ".heads." in name]
    if task_type in (None, "FEATURE_EXTRACTION"):
        trained = {None: set(), "heads": {"emotion", "key"}, "heads.emotion": {"emotion"}}[saved]
        assert {task for task in LABELS if any(f".{task}." in name for name in heads)} == trained
    else:
        assert any(".classifier." in name for name in heads)
        assert any(".pool." in name for name in heads) == (saved == "pool")
    expected = model(input_ids=batch()).logits
    model.save_pretrained(tmp_path / "adapter")
    again = peft.PeftModel.from_pretrained(make(), tmp_path / "adapter").eval()
    torch.testing.assert_close(again(input_ids=batch()).logits, expected)
    merged = model.merge_and_unload()
    torch.testing.assert_close(merged(batch()).logits, expected)
    assert merged.state_dict().keys() == make().state_dict().keys()
    merged.save_pretrained(tmp_path / "merged")
    loaded = SymbolicModel.from_pretrained(tmp_path / "merged").eval()
    torch.testing.assert_close(loaded(batch()).logits, expected)


def test_heads_are_not_combined_with_types_that_save_classifiers():
    """The limit in docs/training.md: PEFT wraps the classifiers within the wrapped heads again."""
    for task_type in ("SEQ_CLS", "TOKEN_CLS"):
        options = {"task_type": task_type, "modules_to_save": ["heads"]}
        merged = adapted(make(), ["query"], **options).merge_and_unload()
        assert merged.state_dict().keys() != make().state_dict().keys()


@pytest.mark.parametrize("saved", ["heads", "heads.emotion"])
def test_members_of_an_ensemble_are_trained_alone_also_in_an_adapter(default_model, saved):
    plain = copy.deepcopy(default_model).requires_grad_(True)
    inputs, labels = {"features": features_of(plain)}, {"emotion": torch.tensor([0, 1, 2])}
    expected = plain(**inputs, labels=labels).loss
    model = adapted(copy.deepcopy(plain), ["tonic.classifier"], modules_to_save=[saved])
    assert torch.equal(model(**inputs, labels=labels).loss, expected)
    mean = EMOTION.loss(plain(**inputs).logits["emotion"], labels["emotion"])
    assert abs(expected / EMOTION.weight - mean) > 1e-4


@pytest.mark.parametrize("targets", [["project"], ["embeddings.1"], "all-linear"])
def test_adapters_of_embeddings_and_projection_are_trained(targets):
    """Training takes a fast path through their weights where they have no adapter."""
    model = adapted(make(), targets)
    moved = step(model, {"input_ids": batch(4, 30)}, {"key": torch.arange(4)})
    wanted = "project" if targets == "all-linear" else targets[0]
    assert [name for name in moved if wanted in name and "lora" in name]


@pytest.mark.parametrize("reason", ["adapter", "checkpointing"])
def test_an_adapter_trains_with_the_trainer(tunes, tmp_path, reason):
    torch.manual_seed(0)
    model = build_model(CPTokenizer(preset="midibert"), ShapeArguments(hidden_size=16, heads=2))
    model = adapted(model, ["query"], modules_to_save=["heads"])
    data = TokenDataset(tunes, 32, every=True)
    arguments = TrainingArguments(
        str(tmp_path), max_steps=2, per_device_train_batch_size=4, use_cpu=True, report_to="none",
        gradient_checkpointing=reason == "checkpointing", label_names=["labels"], save_steps=1,
    )  # fmt: skip
    collate = Collator(model.tasks, model.config.pad_ids)
    trainer = Trainer(model, arguments, data_collator=collate, train_dataset=data)
    assert trainer.train().training_loss > 0
    arguments.max_steps = 3
    trainer.train(resume_from_checkpoint=True)
    assert trainer.state.global_step == 3


# --- state dict


def test_names_of_weights_stay_and_default_weights_load_to_the_last_bit(default_model):
    from symbolic.scoring.emotion import DEFAULT_MODEL

    state = default_model.state_dict()
    assert list(make().heads) == ["emotion", "key", "velocity"]
    assert "heads.emotion.classifier.1.weight" in make().state_dict()
    with safe_open(DEFAULT_MODEL / "model.safetensors", "pt") as file:
        assert set(file.keys()) == set(state)
        for name in file.keys():  # noqa: SIM118 - no mapping
            assert torch.equal(file.get_tensor(name), state[name]), name


def test_a_model_can_be_copied():
    model = make()
    assert torch.equal(copy.deepcopy(model)(batch()).logits["key"], model(batch()).logits["key"])


# --- compilers


def same_logits(found, expected):
    for name, value in expected.logits.items():
        torch.testing.assert_close(found[name], value, atol=1e-4, rtol=1e-4, msg=name)


def notes_and_default(default_model, rows):
    size, length = torch.export.Dim("size"), torch.export.Dim("length", max=64)
    yield make(), {"input_ids": batch(rows)}, {"input_ids": {0: size, 1: length}}
    yield default_model, {"features": features_of(default_model, rows)}, {"features": {0: size}}


@pytest.mark.parametrize("index", [0, 1], ids=["notes", "default"])
@torch.no_grad()
def test_models_are_compiled_whole(default_model, index):
    model, inputs, _ = list(notes_and_default(default_model, 3))[index]
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    same_logits(compiled(**inputs).logits, model(**inputs))
    # Errors of wrong labels must not break the graph either.
    labels = {"emotion": torch.tensor([0, 1, 2])}
    expected = model(**inputs, labels=labels).loss
    torch.testing.assert_close(compiled(**inputs, labels=labels).loss, expected)


@pytest.mark.parametrize("index", [0, 1], ids=["notes", "default"])
@torch.no_grad()
def test_models_are_exported_for_any_number_of_pieces(default_model, index):
    model, inputs, shapes = list(notes_and_default(default_model, 3))[index]
    program = torch.export.export(model, (), inputs, dynamic_shapes=shapes)
    _, more, _ = list(notes_and_default(default_model, 5))[index]
    same_logits(program.module()(**more).logits, model(**more))


@pytest.mark.slow
@pytest.mark.parametrize("index", [0, 1], ids=["notes", "default"])
@torch.no_grad()
def test_models_are_exported_to_onnx(default_model, index, tmp_path):
    pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    reference = pytest.importorskip("onnx.reference", reason="onnx is not installed")

    class GatherElements(reference.op_run.OpRun):
        """The operator, which onnx 1.23 computes only for dimensions that are not 1."""

        def _run(self, data, indices, axis=0):
            return (np.take_along_axis(data, indices, axis),)

    model, inputs, shapes = list(notes_and_default(default_model, 3))[index]
    program = torch.onnx.export(model, kwargs=inputs, dynamo=True, dynamic_shapes=shapes)
    program.save(tmp_path / "model.onnx")
    _, more, _ = list(notes_and_default(default_model, 5))[index]
    path = str(tmp_path / "model.onnx")
    session = reference.ReferenceEvaluator(path, new_ops=[GatherElements])
    found = session.run(None, {name: value.numpy() for name, value in more.items()})
    names = [task.name for task in model.tasks]
    values = [torch.from_numpy(value) for value in found[: len(names)]]
    same_logits(dict(zip(names, values, strict=True)), model(**more))


# --- errors


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"emotoin": torch.zeros(3)}, r"unknown task, emotoin; .* emotion, key, velocity"),
        ({**LABELS, "genre": torch.zeros(3)}, "unknown task, genre"),
        (torch.zeros(3, dtype=torch.long), r"Tensor; .* emotion, key, velocity"),
        ([0, 1, 2], "list; labels are a dict"),
        ({"emotion": torch.zeros(3, 1, dtype=torch.long)}, r"emotion have shape \(3, 1\)"),
        ({"velocity": torch.zeros(3, dtype=torch.long)}, r"velocity .* expected \(3, 20\)"),
    ],
)
def test_labels_that_would_be_left_out_are_errors(labels, message):
    with pytest.raises(ValueError, match=message):
        make()(batch(), labels=labels)


def test_real_labels_are_not_spread_over_columns():
    model = make(tasks=[VALENCE_AROUSAL])
    with pytest.raises(ValueError, match=r"\(3, 1\), expected \(3, 2\)"):
        model(batch(), labels={"valence_arousal": torch.zeros(3, 1)})


def test_a_model_of_one_task_takes_its_labels_alone():
    model, labels = make(tasks=[KEY]), torch.arange(3)
    alone = model(batch(), labels=labels).loss
    assert torch.equal(alone, model(batch(), labels={"key": labels}).loss)
    assert alone > 0


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ids: ids[..., 0], r"\(3, 20\), expected \(B, T, 3\): Bar, Pitch, Velocity"),
        (lambda ids: ids[0], r"\(20, 3\), expected \(B, T, 3\)"),
        (lambda ids: ids[..., :2], r"\(3, 20, 2\), expected \(B, T, 3\)"),
        (lambda ids: ids + torch.tensor([0, 9, 0]), r"for Pitch, expected 0 to 8"),
        (lambda ids: ids - torch.tensor([0, 0, 99]), r"input_ids: -\d+ for Velocity"),
    ],
)
def test_ids_of_another_tokenizer_are_errors(change, message, training):
    model = make().train(training)
    with pytest.raises(ValueError, match=message):
        model(change(batch()))


def test_a_mask_of_another_shape_is_an_error():
    with pytest.raises(ValueError, match=r"attention_mask of shape \(3, 19\), expected \(3, 20\)"):
        make()(batch(), attention_mask=torch.ones(3, 19, dtype=torch.long))


IDS = np.ones((4, 3), np.int64)


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ({"emotion": 2}, r"outside of `labels`: emotion; expected \{'labels': \{'emotion'"),
        ({"labels": [2]}, "list; labels are a dict by task name: emotion, key, velocity"),
        ({"labels": {"emotoin": 2}}, "unknown task, emotoin"),
        ({"labels": {"emotion": 4}}, "emotion is 4, expected 0 to 3"),
        ({"labels": {"emotion": [2]}}, r"emotion has shape \(1,\), expected \(\)"),
        ({"labels": {"velocity": 2}}, r"velocity has shape \(\), expected \(4,\)"),
        ({"labels": {"velocity": [2, 1]}}, r"velocity has shape \(2,\), expected \(4,\)"),
    ],
)
def test_examples_whose_labels_would_be_left_out_are_errors(example, message):
    collate = Collator((EMOTION, KEY, VELOCITY), [0, 0, 0])
    good = {"input_ids": IDS, "labels": {"emotion": 1}}
    with pytest.raises(ValueError, match=message):
        collate([good, {"input_ids": IDS, **example}])


def test_examples_with_another_number_of_fields_are_an_error():
    rows = [{"input_ids": IDS}, {"input_ids": IDS[:, :1]}]
    with pytest.raises(ValueError, match=r"\(4, 3\) and \(4, 1\)"):
        Collator((EMOTION,), [0, 0, 0])(rows)


def test_a_collator_takes_the_labels_of_other_tasks_and_of_one_task_alone():
    both = {"input_ids": IDS, "labels": {"emotion": 1, "key": 3}}
    assert Collator((KEY,), [0, 0, 0])([both])["labels"]["key"].tolist() == [3]
    alone = {"input_ids": IDS, "labels": 3}
    assert Collator((KEY,), [0, 0, 0])([alone])["labels"]["key"].tolist() == [3]


def test_training_without_labels_stops_instead_of_learning_nothing(tmp_path):
    rows = Dataset.from_list([{"input_ids": IDS.tolist(), "emotion": 1}] * 4)
    arguments = TrainingArguments(str(tmp_path), max_steps=1, use_cpu=True, report_to="none")
    collate = Collator((EMOTION, KEY, VELOCITY), [0, 0, 0])
    # The Trainer drops the column before the collator could refuse it.
    trainer = Trainer(make(), arguments, data_collator=collate, train_dataset=rows)
    with pytest.raises(ValueError, match="did not return a loss"):
        trainer.train()
    arguments.remove_unused_columns = False
    with pytest.raises(ValueError, match="outside of `labels`: emotion"):
        trainer.train()


# --- a Trainer of one's own


def test_predictions_are_logits_and_mask_and_evaluation_repeats_itself(tunes, tmp_path):
    torch.manual_seed(0)
    model = build_model(CPTokenizer(preset="midibert"), ShapeArguments(hidden_size=16, heads=2))
    data = TokenDataset(tunes, 16, every=True)
    assert len(data) > len(tunes)
    arguments = TrainingArguments(
        str(tmp_path), use_cpu=True, report_to="none", label_names=["labels"],
        per_device_eval_batch_size=4,
    )  # fmt: skip
    collate = Collator(model.tasks, model.config.pad_ids)
    trainer = Trainer(model, arguments, data_collator=collate, eval_dataset=data)
    output = trainer.predict(data)
    logits, mask = output.predictions
    assert isinstance(model, PreTrainedModel)
    assert {name: value.shape for name, value in logits.items()} == {
        "emotion": (len(data), 4),
        "key": (len(data), 24),
        "velocity": (len(data), 16, 6),
    }
    assert mask.shape == (len(data), 16)
    assert trainer.evaluate()["eval_loss"] == trainer.evaluate()["eval_loss"]
