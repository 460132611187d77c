"""Command line of `symbolic train-key`: the key encoder."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import TrainingArguments

from symbolic.commands.arguments import guarded, parsed
from symbolic.training.keys import KEY_DEFAULTS, KeyArguments, train_key


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the key encoder on annotated keys.

    Returns:
        The exit status.
    """
    return guarded(_main, arguments)


def _main(arguments: Sequence[str] | None) -> None:
    kinds = (KeyArguments, TrainingArguments)
    train_key(*parsed(kinds, arguments, KEY_DEFAULTS, "Train the key encoder."))
