"""`symbolic train-key`: training of the key encoder."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import TrainingArguments

from symbolic.commands.arguments import guarded, parsed
from symbolic.training.keys import KEY_DEFAULTS, KeyArguments, train_key


@guarded
def main(arguments: Sequence[str] | None = None) -> None:
    """Train the key encoder on annotated keys."""
    kinds = (KeyArguments, TrainingArguments)
    about = "Train the key encoder."
    train_key(*parsed(kinds, arguments, KEY_DEFAULTS, about, "symbolic train-key"))
