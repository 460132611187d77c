"""`symbolic train-tokens`: training of models from a token file."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import TrainingArguments

from symbolic.commands.arguments import guarded, parsed
from symbolic.training.tokens import TokenArguments, TokenModelArguments, train_tokens
from symbolic.training.trainer import TRAINING_DEFAULTS, FitArguments, leave_processes


@guarded
def main(arguments: Sequence[str] | None = None) -> None:
    """Train a model from a token file."""
    kinds = (TokenArguments, TokenModelArguments, FitArguments, TrainingArguments)
    about = "Train a model from a token file."
    train_tokens(*parsed(kinds, arguments, TRAINING_DEFAULTS, about, "symbolic train-tokens"))
    leave_processes()
