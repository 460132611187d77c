"""The stock Trainer with what music and several tasks ask for, and what it is told by default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler
from transformers import (
    EarlyStoppingCallback,
    EvalPrediction,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.trainer_utils import IntervalStrategy, SaveStrategy, get_last_checkpoint

from symbolic.data.datasets.collator import Collator
from symbolic.data.datasets.sampling import LengthSampler
from symbolic.data.datasets.token_dataset import TokenDataset
from symbolic.modeling import SymbolicModel
from symbolic.tasks import IGNORE
from symbolic.training.optimisation import freeze, layer_groups

TRAINING_DEFAULTS = {
    "output_dir": "runs/model",
    "num_train_epochs": 25.0,
    "per_device_train_batch_size": 32,
    "learning_rate": 1e-3,
    "weight_decay": 0.05,
    "warmup_steps": 100,
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
    # Where the device computes in it; on a CPU only when asked for, with --bf16 True.
    "bf16": torch.cuda.is_available() and torch.cuda.is_bf16_supported(),
}


@dataclass
class FitArguments:
    """What the Trainer of transformers has no words for."""

    layer_decay: float = field(
        default=1.0, metadata={"help": "0.9: each layer learns at 0.9 times the rate of the next"}
    )
    freeze: str = field(
        default="none", metadata={"help": "none, embeddings, encoder, or a number of layers"}
    )
    class_weights: bool = field(
        default=False, metadata={"help": "classes count alike, however many pieces they have"}
    )
    validation_share: float = field(
        default=0.0,
        metadata={
            "help": "share of the training pieces, by group, to choose the best epoch by; never "
            "of those held out"
        },
    )
    patience: int = field(
        default=0, metadata={"help": "stop after so many epochs without a better one; 0: never"}
    )

    def __post_init__(self) -> None:
        if not 0 <= self.validation_share < 1:
            raise ValueError(f"validation_share {self.validation_share} is no share below 1")
        if self.patience and not self.validation_share:
            raise ValueError("patience asks for a validation_share to judge epochs by")


class SymbolicTrainer(Trainer):
    """The stock Trainer, with batches by length and learning rates by layer.

    `train_sampling_strategy="group_by_length"` asks a data set that knows its `lengths` for them:
    see `symbolic.data.LengthSampler`. Gradient accumulation takes the mean of the micro-batches'
    mean losses: with equally many labels of each task in each of them it is the gradient of the one
    large batch, else batches of few labels count more than they would there.
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

    def create_optimizer(self, model: SymbolicModel | None = None) -> torch.optim.Optimizer:
        if self.optimizer is None and self.layer_decay != 1.0:
            model = self.model if model is None else model
            decayed = self.get_decay_parameter_names(model)
            kind, options = self.get_optimizer_cls_and_kwargs(self.args, model)
            groups = layer_groups(model, self.args.learning_rate, self.layer_decay, decayed)
            for group in groups:
                group["weight_decay"] = self.args.weight_decay if group.pop("decayed") else 0.0
            self.optimizer = kind(groups, **options)
        return super().create_optimizer(model)


def fit(
    model: SymbolicModel,
    dataset: Dataset,
    validation: TokenDataset | None,
    arguments: FitArguments,
    training: TrainingArguments,
    callbacks: Sequence[TrainerCallback] = (),
) -> SymbolicTrainer:
    """Train a model, from the last checkpoint where the training was cut off.

    Args:
        model: changed in place.
        dataset: of training examples.
        validation: windows of pieces that are not trained on; with it the model ends as it was
            after its best epoch: by accuracy of the quadrants, of pieces, where it has that task,
            else by loss.
        arguments: what is frozen, learning rates by layer, patience.
        training: what the stock Trainer is told; with validation it saves, and judges, by epochs or
            by steps.
        callbacks: further ones.

    Raises:
        ValueError: a validation where no epoch is saved, or what `freeze` refuses.
    """
    freeze(model, arguments.freeze)
    options = {"callbacks": list(callbacks)}
    if validation is not None:
        if training.save_strategy not in (SaveStrategy.EPOCH, SaveStrategy.STEPS):
            raise ValueError(
                "validation_share chooses from what is saved: save_strategy must be epoch or steps"
            )
        training.eval_strategy = IntervalStrategy(training.save_strategy.value)
        training.eval_steps = training.save_steps
        training.load_best_model_at_end = True
        training.metric_for_best_model = "loss"
        training.greater_is_better = False
        if "emotion" in model.heads:
            training.metric_for_best_model, training.greater_is_better = "accuracy", True
            options["compute_metrics"] = lambda answers: piece_accuracy(answers, validation.piece)
            options["preprocess_logits_for_metrics"] = lambda logits, _: _emotion_logits(logits)
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
    trainer.train(resume_from_checkpoint=checkpoint(training))
    return trainer


def _emotion_logits(outputs: dict | tuple) -> torch.Tensor:
    logits = outputs[0] if isinstance(outputs, tuple) else outputs
    return logits["emotion"]


def piece_accuracy(answers: EvalPrediction, piece: np.ndarray) -> dict[str, float]:
    """Accuracy of the quadrants of pieces, the probabilities of their windows averaged.

    Args:
        answers: (w, 4) logits of windows, and their labels.
        piece: (w,) number of the piece that each window is of.
    """
    logits = torch.from_numpy(answers.predictions).float()
    labels = answers.label_ids["emotion"]
    _, place = np.unique(piece, return_inverse=True)
    totals = np.zeros((place.max() + 1, logits.shape[1]))
    np.add.at(totals, place, logits.softmax(dim=-1).numpy())
    truth = np.full(len(totals), IGNORE)
    truth[place] = labels
    known = truth != IGNORE
    return {"accuracy": float((totals.argmax(axis=1) == truth)[known].mean()) if known.any() else 0}


def checkpoint(training: TrainingArguments) -> str | None:
    """The checkpoint to go on from: the last in the output folder, or the one that was named."""
    asked = training.resume_from_checkpoint
    if str(asked).lower() in ("none", "false", ""):
        return None
    if str(asked).lower() != "true":
        return asked
    folder = training.output_dir
    return get_last_checkpoint(folder) if Path(folder).is_dir() else None
