"""Command line of `scripts/train_tokens.py`: models of a token file."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import TrainingArguments

from symbolic.commands.arguments import guarded, parsed
from symbolic.training.tokens import TokenArguments, TokenModelArguments, train_tokens
from symbolic.training.trainer import TRAINING_DEFAULTS, FitArguments


def main(arguments: Sequence[str] | None = None) -> int:
    """Train a model from a token file.

    Returns:
        The exit status.
    """
    return guarded(_main, arguments)


def _main(arguments: Sequence[str] | None) -> None:
    kinds = (TokenArguments, TokenModelArguments, FitArguments, TrainingArguments)
    train_tokens(*parsed(kinds, arguments, TRAINING_DEFAULTS, "Train a model from a token file."))
