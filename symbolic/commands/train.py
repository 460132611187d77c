"""`symbolic train`: models of notes; with `--system` of recordings, bars or beats."""

from __future__ import annotations

from collections.abc import Sequence

from symbolic.commands.arguments import gives, guarded, parsed


@guarded
def main(arguments: Sequence[str] | None = None) -> None:
    """Train a model on labelled music, or with `--system` on recordings, bars or beats."""
    from transformers import TrainingArguments

    from symbolic.training.trainer import TRAINING_DEFAULTS, FitArguments, leave_processes

    prog = "symbolic train"
    if gives("system", arguments) or gives("marked", arguments):
        from symbolic.training.audio import train_audio
        from symbolic.training.audio_arguments import (
            AUDIO_DEFAULTS,
            AudioDataArguments,
            AudioModelArguments,
        )

        about = "Train a model on recordings."
        kinds = (AudioDataArguments, AudioModelArguments, FitArguments, TrainingArguments)
        train_audio(*parsed(kinds, arguments, AUDIO_DEFAULTS, about, prog))
    else:
        from symbolic.data import DataArguments
        from symbolic.training.notes import ModelArguments, train

        about = (
            "Train a model on labelled music. With --system NAME, on recordings: see --system fcn "
            "--help"
        )
        kinds = (DataArguments, ModelArguments, FitArguments, TrainingArguments)
        train(*parsed(kinds, arguments, TRAINING_DEFAULTS, about, prog))
    leave_processes()
