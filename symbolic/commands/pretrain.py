"""Command line of `symbolic pretrain`: encoders of music without labels."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import TrainingArguments

from symbolic.commands.arguments import guarded, parsed
from symbolic.training.build import ShapeArguments
from symbolic.training.pretraining import PretrainArguments, pretrain
from symbolic.training.trainer import TRAINING_DEFAULTS, FitArguments


def main(arguments: Sequence[str] | None = None) -> int:
    """Pre-train an encoder on music without labels.

    Returns:
        The exit status.
    """
    return guarded(_main, arguments)


def _main(arguments: Sequence[str] | None) -> None:
    kinds = (PretrainArguments, ShapeArguments, FitArguments, TrainingArguments)
    defaults = {**TRAINING_DEFAULTS, "output_dir": "runs/pretrained", "num_train_epochs": 10.0}
    pretrain(*parsed(kinds, arguments, defaults, "Pre-train an encoder on music without labels."))
