"""Trainer for music models: batches by length, layer-wise learning rates, default arguments."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, Sampler
from tqdm import tqdm
from transformers import (
    EarlyStoppingCallback,
    EvalPrediction,
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.trainer_utils import IntervalStrategy, SaveStrategy, get_last_checkpoint

from symbolic.data.datasets.collator import Collator
from symbolic.data.datasets.examples import WindowedDataset
from symbolic.data.datasets.sampling import LengthSampler
from symbolic.modeling import SymbolicModel
from symbolic.tasks import IGNORE
from symbolic.training.optimisation import freeze, layer_groups


def _is_needed(record: logging.LogRecord) -> bool:
    """Whether a message is not that checkpoints are sorted by number, which is right here."""
    return "mtime may not be reliable" not in record.getMessage()


logging.getLogger("transformers.trainer_utils").addFilter(_is_needed)

LOGGED = {
    "loss": "loss",
    "eval_loss": "validation loss",
    "eval_accuracy": "accuracy of the quadrants of validation pieces",
}
"""Figures that a training prints, by their keys in the log."""

TRAINING_RECORD = "training.json"  # beside the weights: data and arguments of the training

TRAINING_DEFAULTS = {
    "output_dir": "runs/model",
    "num_train_epochs": 25.0,
    "per_device_train_batch_size": 32,
    "learning_rate": 1e-3,
    "weight_decay": 0.05,
    "warmup_steps": 0.1,  # a share of the steps, since a small corpus has few
    "lr_scheduler_type": "cosine",
    "seed": 0,
    "save_strategy": "epoch",
    "save_total_limit": 1,
    "logging_strategy": "epoch",
    "report_to": "none",
    "remove_unused_columns": False,
    "label_names": ["labels"],
    "dataloader_pin_memory": False,
    "ddp_find_unused_parameters": False,  # every batch has labels of every task
    "disable_tqdm": False,
    # By default on GPUs that support it; on a CPU only with --bf16 True.
    "bf16": torch.cuda.is_available() and torch.cuda.is_bf16_supported(),
}


def bf16_on_cpu() -> dict[str, Any]:
    """Return options of the Trainer for bfloat16 on a processor that has instructions for it.

    Where there is a GPU, or no such processor, nothing is changed. A step takes about 0.6 times as
    long as in float32.
    """
    tests = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    fast = any(getattr(torch.cpu, test, bool)() for test in tests)
    return {} if torch.cuda.is_available() or not fast else {"bf16": True, "use_cpu": True}


@dataclass
class FitArguments:
    """Freezing, learning rates by layer, class weights, validation."""

    layer_decay: float = field(
        default=1.0,
        metadata={
            "help": "0.9: the learning rate of each layer is 0.9 times that of the layer above"
        },
    )
    freeze: str = field(
        default="none", metadata={"help": "none, embeddings, encoder, or a number of layers"}
    )
    class_weights: bool = field(
        default=False, metadata={"help": "weigh classes by the inverse of their frequency"}
    )
    validation_share: float = field(
        default=0.0,
        metadata={
            "help": "share of the training pieces, by group, on which the best epoch is chosen; "
            "never held-out pieces"
        },
    )
    patience: int = field(
        default=0, metadata={"help": "stop after this many epochs without improvement; 0: never"}
    )
    overwrite: bool = field(
        default=False,
        metadata={"help": "replace the finished model in the output folder, and its figures"},
    )

    def __post_init__(self) -> None:
        if not 0 <= self.validation_share < 1:
            raise ValueError(f"validation_share {self.validation_share} is no share below 1")
        if self.patience and not self.validation_share:
            raise ValueError("patience needs a validation_share")


class SymbolicTrainer(Trainer):
    """The stock Trainer, with batches by length and learning rates by layer.

    With `train_sampling_strategy="group_by_length"` and a data set that has `lengths`, batches are
    those of `symbolic.data.LengthSampler`. Gradient accumulation takes the mean of the mean losses
    of micro-batches: the gradient of one large batch if all have equally many labels of each task,
    otherwise micro-batches with few labels weigh more than in the large batch.
    """

    def __init__(self, *args, layer_decay: float = 1.0, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.layer_decay = layer_decay

    def _get_train_sampler(self, train_dataset: Dataset | None = None) -> Sampler | None:
        dataset = self.train_dataset if train_dataset is None else train_dataset
        by_length = self.args.train_sampling_strategy == "group_by_length"
        if not by_length or (lengths := getattr(dataset, "lengths", None)) is None:
            return super()._get_train_sampler(train_dataset)
        together = self._train_batch_size * self.args.gradient_accumulation_steps
        seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
        return LengthSampler(lengths, together * self.args.world_size, seed)

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        if self.optimizer is None and self.layer_decay != 1.0:
            model = cast(nn.Module, self.model if model is None else model)
            decayed = self.get_decay_parameter_names(model)
            kind, options = self.get_optimizer_cls_and_kwargs(self.args, cast(Any, model))
            groups = layer_groups(model, self.args.learning_rate, self.layer_decay, decayed)
            for group in groups:
                group["weight_decay"] = self.args.weight_decay if group.pop("decayed") else 0.0
            self.optimizer = kind(groups, **options)
        return super().create_optimizer(model)


def fit(
    model: SymbolicModel,
    dataset: Dataset,
    validation: Dataset | None,
    arguments: FitArguments,
    training: TrainingArguments,
    callbacks: Sequence[TrainerCallback] = (),
) -> SymbolicTrainer:
    """Train a model; an interrupted training continues from its last checkpoint.

    Args:
        model: changed in place.
        dataset: of training examples.
        validation: windows of pieces that are not trained on, with the number of the `piece` of
            each. The best epoch is kept: that of the highest accuracy of the quadrants of pieces
            if the model has that task, otherwise of the lowest loss.
        arguments: freezing, learning rates by layer, patience.
        training: arguments of the Trainer; with validation, checkpoints are saved and evaluated by
            epochs or by steps.
        callbacks: further ones of the Trainer.

    Raises:
        ValueError: validation without checkpoints, or arguments that `freeze` refuses.
    """
    freeze(model, arguments.freeze)
    options: dict[str, Any] = {"callbacks": [*callbacks]}
    if validation is not None:
        if training.save_strategy not in (SaveStrategy.EPOCH, SaveStrategy.STEPS):
            raise ValueError(
                "validation_share chooses from checkpoints: save_strategy must be epoch or steps"
            )
        training.eval_strategy = IntervalStrategy(training.save_strategy.value)
        training.eval_steps = training.save_steps
        training.load_best_model_at_end = True
        training.metric_for_best_model = "loss"
        training.greater_is_better = False
        if "emotion" in model.heads:
            training.metric_for_best_model, training.greater_is_better = "accuracy", True
            piece = cast(WindowedDataset, validation).piece
            options["compute_metrics"] = lambda outputs: piece_accuracy(outputs, piece)
            options["preprocess_logits_for_metrics"] = _emotion_logits
        if arguments.patience:
            options["callbacks"].append(EarlyStoppingCallback(arguments.patience))
    trainer = SymbolicTrainer(
        model=model,
        args=training,
        train_dataset=dataset,
        eval_dataset=validation,
        data_collator=Collator(model.tasks, model.config.pad_ids),
        layer_decay=arguments.layer_decay,
        **options,
    )
    for callback in (PrinterCallback, ProgressCallback):  # of figures in dictionaries
        trainer.remove_callback(callback)
    trainer.add_callback(TrainingLines)
    trainer.train(resume_from_checkpoint=checkpoint(training))
    return trainer


class TrainingLines(TrainerCallback):
    """Lines on stderr for the figures that the Trainer logs, and a bar of steps on a terminal."""

    bar: tqdm | None = None

    def on_train_begin(self, args, state, control, **kwargs) -> None:
        """Show the bar, unless `disable_tqdm`."""
        if state.is_world_process_zero:
            shown = sys.stderr.isatty() and not args.disable_tqdm
            self.bar = tqdm(
                total=state.max_steps, initial=state.global_step, leave=False, disable=not shown
            )

    def on_step_end(self, args, state, control, **kwargs) -> None:
        """Move the bar."""
        if self.bar is not None:
            self.bar.update(state.global_step - self.bar.n)

    def on_log(self, args, state, control, logs=None, **kwargs) -> None:
        """Write the figures of `LOGGED` in a line."""
        found = logs or {}
        figures = [f"{text} {found[key]:.4g}" for key, text in LOGGED.items() if key in found]
        if figures and state.is_world_process_zero:
            line = f"epoch {state.epoch or 0:.3g} of {args.num_train_epochs:g}"
            if args.max_steps > 0:
                line = f"step {state.global_step} of {args.max_steps}"
            tqdm.write(f"{line}: {', '.join(figures)}", file=sys.stderr)

    def on_train_end(self, args, state, control, **kwargs) -> None:
        """Remove the bar."""
        if self.bar is not None:
            self.bar.close()


def _emotion_logits(outputs: dict | tuple, labels: Any) -> torch.Tensor:
    logits = outputs[0] if isinstance(outputs, tuple) else outputs
    return logits["emotion"]


def piece_accuracy(outputs: EvalPrediction, piece: np.ndarray) -> dict[str, float]:
    """Compute the accuracy of the quadrants of pieces, from mean probabilities of their windows.

    Args:
        outputs: (w, 4) logits of windows, and their labels.
        piece: (w,) number of the piece of each window.
    """
    logits = torch.from_numpy(outputs.predictions).float()
    labels = cast(dict[str, np.ndarray], outputs.label_ids)["emotion"]
    _, place = np.unique(piece, return_inverse=True)
    totals = np.zeros((place.max() + 1, logits.shape[1]))
    np.add.at(totals, place, logits.softmax(dim=-1).numpy())
    truth = np.full(len(totals), IGNORE)
    truth[place] = labels
    labelled = truth != IGNORE
    right = (totals.argmax(axis=1) == truth)[labelled]
    return {"accuracy": float(right.mean()) if len(right) else 0}


def refuse_finished(arguments: FitArguments, training: TrainingArguments) -> None:
    """Refuse to train into a folder that holds a finished model, unless it is to be replaced.

    A training that continues from a checkpoint is not refused.

    Raises:
        FileExistsError: naming the folder and the options.
    """
    folder = training.output_dir or "."
    finished = Path(folder, TRAINING_RECORD).is_file()
    if finished and not arguments.overwrite and checkpoint(training) is None:
        raise FileExistsError(
            f"{folder}: holds a finished model: --overwrite replaces it with its figures, another "
            "--output-dir keeps it"
        )


def leave_processes() -> None:
    """Leave the group of processes of `accelerate launch` or `torchrun`, if this is one of them.

    A process that ends without it while others still write may be aborted, and they with it.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def checkpoint(training: TrainingArguments) -> str | None:
    """Find the checkpoint to continue from: the last in the output folder, or a named one."""
    name = training.resume_from_checkpoint
    if str(name).lower() in ("none", "false", ""):
        return None
    if str(name).lower() != "true":
        return name
    folder = training.output_dir
    return get_last_checkpoint(folder) if folder and Path(folder).is_dir() else None
