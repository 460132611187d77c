"""`symbolic pretrain`: pre-training of encoders on music without labels."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import TrainingArguments

from symbolic.commands.arguments import guarded, parsed
from symbolic.data.splits.protocols import DataArguments
from symbolic.training.build import ShapeArguments
from symbolic.training.pretraining import PretrainArguments, pretrain
from symbolic.training.trainer import (
    TRAINING_DEFAULTS,
    FitArguments,
    bf16_on_cpu,
    leave_processes,
)

OF_TASKS = (
    *("class_weights", "tasks", "label_smoothing", "temperature"),
    *("expert_members", "expert_size", "expert_dropout", "expert_share", "unlabelled"),
)
"""Options of training that change nothing where tokens alone are predicted."""


@guarded
def main(arguments: Sequence[str] | None = None) -> None:
    """Pre-train an encoder on music without labels."""
    kinds = (PretrainArguments, ShapeArguments, FitArguments, TrainingArguments, DataArguments)
    defaults = {
        **TRAINING_DEFAULTS,
        "output_dir": "runs/pretrained",
        "num_train_epochs": 10.0,
        **bf16_on_cpu(),
    }
    about = "Pre-train an encoder on music without labels."
    pretrain(*parsed(kinds, arguments, defaults, about, "symbolic pretrain", OF_TASKS))
    leave_processes()
