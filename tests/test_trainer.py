"""The Trainer with several tasks: large steps, early stopping, learning rates by layer."""

import copy
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from limits import HANGS
from transformers import EvalPrediction, TrainerCallback, TrainingArguments

from symbolic.commands import train_tokens
from symbolic.data import Collator, TokenDataset, save_tokens
from symbolic.modeling import SymbolicModel
from symbolic.tasks import IGNORE
from symbolic.tokenizers import CPTokenizer
from symbolic.training import procedure
from symbolic.training.build import ShapeArguments, build_model
from symbolic.training.optimisation import parameter_depths
from symbolic.training.procedure import train_model
from symbolic.training.tokens import TokenInputs, TokenModelArguments
from symbolic.training.trainer import (
    TRAINING_DEFAULTS,
    FitArguments,
    SymbolicTrainer,
    fit,
    piece_accuracy,
)

MIDIBERT = CPTokenizer(preset="midibert")
SHAPE = {"hidden_size": 16, "layers": 2, "heads": 2, "field_embedding_size": 8, "window": 64,
         "dropout": 0.0, "head_dropout": 0.0}  # fmt: skip


def make(backbone="bert", tokenizer=MIDIBERT, **changes):
    torch.manual_seed(0)
    return build_model(tokenizer, ShapeArguments(backbone=backbone, **{**SHAPE, **changes}))


def told(folder, **changes):
    """Plain gradient descent by one whole step, so that the step is the gradient."""
    values = {**TRAINING_DEFAULTS, "output_dir": str(folder), "use_cpu": True, "bf16": False,
              "disable_tqdm": True, "save_strategy": "no", "logging_strategy": "steps",
              "logging_steps": 1, "optim": "sgd", "learning_rate": 1.0, "weight_decay": 0.0,
              "warmup_steps": 0, "lr_scheduler_type": "constant", "max_grad_norm": 0.0,
              "max_steps": 1, "train_sampling_strategy": "sequential"}  # fmt: skip
    return TrainingArguments(**{**values, **changes})


@pytest.fixture(scope="module")
def tunes(token_tunes):
    """Eight tunes of equally many notes, each with its quadrant, its key and its dynamics."""
    return token_tunes("cp-midibert", n=16, spread=0)


@pytest.fixture(scope="module")
def data(tunes):
    return TokenDataset(tunes, 64)


def one_step(model, data, folder, **changes):
    """What a step of training takes from each parameter, and the loss that was logged."""
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    trainer = fit(model, data, None, FitArguments(), told(folder, **changes))
    step = {name: before[name] - p.detach() for name, p in model.named_parameters()}
    return step, [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def assert_same_step(first, second):
    assert max(value.abs().max() for value in first.values()) > 1e-2
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, atol=2e-6, rtol=1e-4, msg=name)


ACCUMULATED = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 2}


@pytest.mark.slow
@pytest.mark.parametrize("weights", [{}, {"emotion": [0.2, 3.0, 1.0, 0.5]}])
def test_small_batches_together_take_the_step_of_one_large_one(weights, data, tmp_path):
    whole, parts = make(), make()
    for model in (whole, parts):
        model.config.class_weights = weights
    expected, loss = one_step(whole, data, tmp_path, per_device_train_batch_size=8)
    step, accumulated = one_step(parts, data, tmp_path, **ACCUMULATED)
    assert_same_step(expected, step)
    assert accumulated == pytest.approx(loss, abs=1e-5)


class Labelled(TokenDataset):
    """Tunes of which only some have a quadrant: one of the first four, and all of the others."""

    def __getitem__(self, index):
        example = super().__getitem__(index)
        if index in (1, 2, 3):
            del example["labels"]["emotion"]
        return example


def test_of_unequal_batches_the_mean_of_their_means_is_taken(tunes, tmp_path):
    data = Labelled(tunes, 64)
    step, (loss,) = one_step(make(), data, tmp_path, **ACCUMULATED)
    model = make()
    collate = Collator(model.tasks, model.config.pad_ids)
    halves = [collate([data[i] for i in four]) for four in (range(4), range(4, 8))]
    mean = sum(model(**half).loss for half in halves) / 2
    mean.backward()
    expected = {n: torch.zeros_like(p) if p.grad is None else p.grad
                for n, p in model.named_parameters()}  # fmt: skip
    assert_same_step(expected, step)
    assert loss == pytest.approx(mean.item(), abs=1e-5)
    # And not the step of the large batch, in which the lonely quadrant would count a fifth.
    together = model(**collate([data[i] for i in range(8)])).loss
    assert abs(together.item() - mean.item()) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["bert", "gpt2"])
def test_states_that_are_computed_again_give_the_same_gradients(backbone, data, tmp_path):
    plain, again = make(backbone), make(backbone)
    expected, loss = one_step(plain, data, tmp_path, per_device_train_batch_size=8)
    computed = []
    layers = [m for m in again.modules() if type(m).__name__ in ("BertLayer", "GPT2Block")]
    assert len(layers) == 2
    for layer in layers:
        first = next(layer.children())
        first.register_forward_pre_hook(lambda *_: computed.append(1))
    step, checkpointed = one_step(
        again, data, tmp_path, per_device_train_batch_size=8, gradient_checkpointing=True
    )
    assert len(computed) == 4  # each layer forwards, and once more on the way back
    assert_same_step(expected, step)
    assert checkpointed == pytest.approx(loss, abs=1e-6)


def test_a_backbone_that_cannot_compute_again_says_so(data, tmp_path):
    with pytest.raises(ValueError, match="gradient checkpointing"):
        one_step(make("lstm"), data, tmp_path, gradient_checkpointing=True)


class States(TrainerCallback):
    """Keeps the weights as they were after each epoch."""

    def __init__(self):
        self.after = []

    def on_epoch_end(self, args, state, control, model, **_):
        self.after.append(copy.deepcopy(model.state_dict()))


@pytest.fixture(scope="module")
def stopped(tunes, tmp_path_factory):
    """A training that was stopped: what is learnt is wrong of the tunes that judge."""
    folder = tmp_path_factory.mktemp("stopped")
    model = make(tasks="emotion")
    states = States()
    with pytest.MonkeyPatch.context() as patch:
        callbacks = SymbolicTrainer.__init__

        def with_states(self, *args, callbacks_=(), **kwargs):
            kwargs["callbacks"] = [states, *kwargs.get("callbacks", ())]
            callbacks(self, *args, **kwargs)

        patch.setattr(SymbolicTrainer, "__init__", with_states)
        validation = Contrary(tunes, 12, every=True)
        trainer = fit(
            model,
            TokenDataset(tunes, 64),
            validation,
            FitArguments(validation_share=0.5, patience=3),
            told(folder, save_strategy="epoch", max_steps=-1, num_train_epochs=40,
                 optim="adamw_torch", learning_rate=1e-2, save_total_limit=1),
        )  # fmt: skip
    return model, trainer, states.after, validation


class Contrary(TokenDataset):
    """Windows of tunes, each with a quadrant that is never its own."""

    def __getitem__(self, index):
        example = super().__getitem__(index)
        example["labels"]["emotion"] = (example["labels"]["emotion"] + 1) % 4
        return example


def test_training_stops_when_no_epoch_has_been_better_for_a_while(stopped):
    _, trainer, states, _ = stopped
    found = [e["eval_accuracy"] for e in trainer.state.log_history if "eval_accuracy" in e]
    best = int(np.argmax(found))  # the first of them
    assert len(found) == len(states) == best + 1 + 3 < 40
    assert trainer.state.best_metric == found[best] > min(found)


def test_the_model_ends_as_it_was_after_its_best_epoch(stopped):
    model, trainer, states, validation = stopped
    found = [e["eval_accuracy"] for e in trainer.state.log_history if "eval_accuracy" in e]
    best = states[int(np.argmax(found))]
    for name, value in model.state_dict().items():
        assert torch.equal(value, best[name]), name
    assert any(not torch.equal(value, states[-1][n]) for n, value in model.state_dict().items())
    assert trainer.evaluate(validation)["eval_accuracy"] == max(found)


def test_without_a_head_of_quadrants_the_loss_decides(tunes, tmp_path):
    trainer = fit(
        make(tasks="key"), TokenDataset(tunes, 64), TokenDataset(tunes, 64, every=True),
        FitArguments(validation_share=0.5),
        told(tmp_path, save_strategy="steps", save_steps=2, max_steps=6, learning_rate=1e-2,
             optim="adamw_torch"),
    )  # fmt: skip
    losses = [e["eval_loss"] for e in trainer.state.log_history if "eval_loss" in e]
    assert len(losses) == 3
    assert trainer.state.best_metric == min(losses)


def test_further_callbacks_are_called(data, tmp_path):
    ends = []

    class Ends(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            ends.append(state.global_step)

    fit(make(), data, None, FitArguments(), told(tmp_path, max_steps=2), [Ends()])
    assert ends == [1, 2]


def test_epochs_that_are_not_kept_cannot_be_chosen_from(tunes, tmp_path):
    with pytest.raises(ValueError, match=r"validation_share .* save_strategy"):
        fit(make(), TokenDataset(tunes, 64), TokenDataset(tunes, 64, every=True),
            FitArguments(validation_share=0.5), told(tmp_path, save_strategy="no"))  # fmt: skip


def test_epochs_are_judged_by_songs_that_are_neither_trained_on_nor_held_out(
    token_tunes, tmp_path, monkeypatch
):
    tokens = token_tunes("cp-midibert", count=24)
    seen = {}

    class Enough(Exception):
        pass

    def spy(model, dataset, validation, *_):
        seen.update(trained=dataset.piece, judged=validation.piece)
        raise Enough

    monkeypatch.setattr(procedure, "fit", spy)
    inputs = TokenInputs(tokens, range(16), range(16, 24), TokenModelArguments(**SHAPE), {})
    with pytest.raises(Enough):
        train_model(inputs, FitArguments(validation_share=0.25), told(tmp_path))
    songs = {name: {tokens.groups[i] for i in numbers} for name, numbers in seen.items()}
    assert set(seen["trained"]) | set(seen["judged"]) == set(range(16))
    assert not songs["trained"] & songs["judged"]
    assert len(songs["judged"]) == 2
    assert not (songs["trained"] | songs["judged"]) & {tokens.groups[i] for i in range(16, 24)}


def test_shares_and_patience_that_cannot_be_are_refused():
    for share in (-0.1, 1.0):
        with pytest.raises(ValueError, match="no share below 1"):
            FitArguments(validation_share=share)
    with pytest.raises(ValueError, match="patience needs a validation_share"):
        FitArguments(patience=2)


def test_windows_of_a_piece_speak_together():
    # Piece 7: one window that is sure of Q2 and two that lean to Q1. Piece 3 is right, piece 5 has
    # no label.
    sure, lean = [0.0, 9.0, 0, 0], [0.5, 0.0, 0, 0]
    logits = np.array([sure, [0, 0, 0, 5.0], lean, lean, [0, 0, 4.0, 0]], np.float32)
    labels = np.array([1, 3, 1, 1, IGNORE])
    piece = np.array([7, 3, 7, 7, 5])
    answers = EvalPrediction(logits, {"emotion": labels})
    assert piece_accuracy(answers, piece) == {"accuracy": 1.0}
    labels[[0, 2, 3]] = 0
    assert piece_accuracy(answers, piece) == {"accuracy": 0.5}
    nothing = EvalPrediction(logits, {"emotion": np.full(5, IGNORE)})
    assert piece_accuracy(nothing, piece) == {"accuracy": 0}


@pytest.mark.parametrize("decay", [1.0, 0.5])
def test_biases_and_norms_do_not_decay(decay, data, tmp_path):
    model = make()
    training = told(tmp_path, weight_decay=0.3, optim="adamw_torch")
    trainer = SymbolicTrainer(model, training, train_dataset=data, layer_decay=decay)
    decays = {p: group["weight_decay"] for group in trainer.create_optimizer().param_groups
              for p in group["params"]}  # fmt: skip
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            spared = parameter.ndim < 2  # biases and norms
            assert decays[parameter] == (0.0 if spared else 0.3), name


def test_each_layer_has_its_rate_and_the_schedule_scales_them_all(data, tmp_path):
    model = make()
    training = told(tmp_path, learning_rate=0.1, lr_scheduler_type="linear", warmup_steps=2,
                    optim="adamw_torch")  # fmt: skip
    trainer = SymbolicTrainer(model, training, train_dataset=data, layer_decay=0.5)
    trainer.create_optimizer_and_scheduler(num_training_steps=6)
    depths = {p: parameter_depths(model)[name] for name, p in model.named_parameters()}
    for factor in (0, 0.5, 1, 0.75, 0.5, 0.25):
        for group in trainer.optimizer.param_groups:
            for parameter in group["params"]:
                rate = 0.1 * 0.5 ** (3 - depths[parameter]) * factor
                assert group["lr"] == pytest.approx(rate)
        trainer.optimizer.step()
        trainer.lr_scheduler.step()
    learning = sum(p.requires_grad for p in model.parameters())
    assert sum(len(group["params"]) for group in trainer.optimizer.param_groups) == learning


def test_layers_of_a_low_rate_move_less(data, tmp_path):
    plain, _ = one_step(make(), data, tmp_path, per_device_train_batch_size=8)
    model = make()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    training = told(tmp_path, per_device_train_batch_size=8)
    fit(model, data, None, FitArguments(layer_decay=0.5), training)
    depths = parameter_depths(model)
    for name, parameter in model.named_parameters():
        step = plain[name] * 0.5 ** (3 - depths[name])
        torch.testing.assert_close(before[name] - parameter, step, atol=1e-6, rtol=1e-4, msg=name)


@pytest.mark.slow
def test_two_processes_train_as_one_does(token_tunes, root, tmp_path):
    # Eight tunes for training in one batch, so that it does not matter who takes which; windows
    # are longer than the tunes, nothing is dropped, transposed or masked.
    save_tokens(token_tunes("cp-midibert", count=12), tmp_path / "tunes.npz")
    words = ["--tokens", str(tmp_path / "tunes.npz"), "--tasks", "emotion,key", "--max_steps", "3",
             "--hidden_size", "16", "--layers", "1", "--heads", "2", "--field_embedding_size", "8",
             "--window", "64", "--training_window", "64", "--dropout", "0", "--head_dropout", "0",
             "--semitones", "0", "--validation_share", "0.33", "--use_cpu", "True",
             "--disable_tqdm", "True", "--logging_strategy", "steps", "--logging_steps", "1",
             "--save_strategy", "steps", "--save_steps", "3", "--warmup_steps", "0"]  # fmt: skip
    # Of several processes on CPUs, --cpu starts the first one only.
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu",
              "--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no",
              "--dynamo_backend", "no", "--main_process_port", "0"]  # fmt: skip
    both = ["scripts/train_tokens.py", *words, "--per_device_train_batch_size", "4"]
    done = subprocess.run(
        [*launch, *both, "--output_dir", str(tmp_path / "two")],
        cwd=root, capture_output=True, text=True, timeout=HANGS,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    alone = ["--per_device_train_batch_size", "8", "--output_dir", str(tmp_path / "one")]
    assert train_tokens.main([*words, *alone]) == 0
    logs = []
    for name in ("one", "two"):
        state = tmp_path / name / "checkpoint-3" / "trainer_state.json"
        logs.append(json.loads(state.read_text())["log_history"])
    for what, times in (("loss", 3), ("grad_norm", 3), ("eval_accuracy", 1)):
        one, two = ([entry[what] for entry in log if what in entry] for log in logs)
        assert len(one) == times
        assert two == pytest.approx(one, abs=1e-5), what
    one, two = (SymbolicModel.from_pretrained(tmp_path / name) for name in ("one", "two"))
    for name, value in one.state_dict().items():
        torch.testing.assert_close(two.state_dict()[name], value, atol=1e-4, rtol=0, msg=name)
