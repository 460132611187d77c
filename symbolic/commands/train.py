"""Command line of `symbolic train`: models of notes; with `--system` of audio, bars or beats."""

from __future__ import annotations

from collections.abc import Sequence

from symbolic.commands.arguments import gives, guarded, parsed

DESCRIPTION = (
    "Train a model on labelled music. With --system NAME, on recordings: see --system fcn --help"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train a model on labelled music, or with `--system` on recordings, bars or beats.

    Returns:
        The exit status.
    """
    return guarded(_audio if gives("system", arguments) else _notes, arguments)


def _notes(arguments: Sequence[str] | None) -> None:
    from transformers import TrainingArguments

    from symbolic.data import DataArguments
    from symbolic.training.notes import ModelArguments, train
    from symbolic.training.trainer import TRAINING_DEFAULTS, FitArguments

    kinds = (DataArguments, ModelArguments, FitArguments, TrainingArguments)
    train(*parsed(kinds, arguments, TRAINING_DEFAULTS, DESCRIPTION))


def _audio(arguments: Sequence[str] | None) -> None:
    from transformers import TrainingArguments

    from symbolic.training.audio import train_audio
    from symbolic.training.audio_arguments import (
        AUDIO_DEFAULTS,
        AudioDataArguments,
        AudioModelArguments,
    )
    from symbolic.training.trainer import FitArguments

    kinds = (AudioDataArguments, AudioModelArguments, FitArguments, TrainingArguments)
    train_audio(*parsed(kinds, arguments, AUDIO_DEFAULTS, "Train a model on recordings."))
