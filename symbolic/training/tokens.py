"""Training on a token file (`scripts/train_tokens.py`, `symbolic sweep`).

Only torch, transformers, accelerate, numpy and safetensors are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from transformers import TrainingArguments

from symbolic.data.datasets.token_dataset import TokenDataset
from symbolic.data.groups import group_name
from symbolic.data.tokens.file import TokenFile, load_tokens
from symbolic.features import named_columns
from symbolic.inference.note_predictions import predictions
from symbolic.inference.prediction_table import Row
from symbolic.modeling import SymbolicModel
from symbolic.tasks import EMOTION, IGNORE
from symbolic.training.build import (
    ShapeArguments,
    build_model,
    masked_velocity,
    standardise_features,
)
from symbolic.training.optimisation import balanced_weights
from symbolic.training.procedure import Inputs, train_model
from symbolic.training.run_folder import accuracy_line
from symbolic.training.trainer import FitArguments


@dataclass
class TokenArguments:
    """Token file and held-out split."""

    tokens: str = field(metadata={"help": "token file, .npz or .safetensors"})
    held_out_split: str = field(
        default="", metadata={"help": "split whose pieces are predicted and not trained on"}
    )


@dataclass
class TokenModelArguments(ShapeArguments):
    """The model, and the augmentation of its training data."""

    features: str = field(
        default="core",
        metadata={
            "help": "features of the whole piece, if the file has any: none, or sets and groups "
            "of symbolic.features, by commas"
        },
    )
    semitones: int = field(default=6, metadata={"help": "transposition of ids, up and down"})


def train_tokens(
    data: TokenArguments,
    arguments: TokenModelArguments,
    fitting: FitArguments,
    training: TrainingArguments,
) -> SymbolicModel:
    """Train and write `training.output_dir` as `symbolic.training.notes.train` does.

    Transposition is the only augmentation.

    Raises:
        FileNotFoundError: no such token file.
        ValueError: a file that cannot be read, a split that it does not have, or tasks that its
            tokens do not support.
        LeakError: a group that is in the held-out split and outside it.
    """
    tokens = load_tokens(data.tokens)
    splits = np.array(tokens.splits)
    held = np.flatnonzero((splits == data.held_out_split) & (splits != ""))
    if data.held_out_split and not len(held):
        raise ValueError(f"{data.tokens}: no piece is of the split {data.held_out_split!r}")
    train = np.setdiff1d(np.arange(len(tokens)), held)
    source = {"tokens": Path(data.tokens).name, "held_out_split": data.held_out_split}
    columns = {"fold": data.held_out_split}
    model, rows = train_on(tokens, train, held, arguments, fitting, training, source, **columns)
    if line := accuracy_line(rows, data.held_out_split):
        print(line)
    return model


class TokenInputs(Inputs):
    """Some pieces of a token file; arguments as of `train_on`."""

    def __init__(
        self,
        tokens: TokenFile,
        train: Sequence[int] | np.ndarray,
        held_out: Sequence[int] | np.ndarray,
        arguments: TokenModelArguments,
        source: dict[str, Any],
    ) -> None:
        self.tokens, self.arguments, self.source = tokens, arguments, source
        self.names = named_columns(arguments.features) if tokens.feature_names else []
        self.groups = np.array(list(map(group_name, tokens.corpora, tokens.groups)))
        self.classes = tokens.labels.get(EMOTION.name, np.full(len(tokens), IGNORE))
        self.train, self.held_out = np.asarray(train, np.int64), np.asarray(held_out, np.int64)

    def build(self) -> SymbolicModel:
        return build_model(self.tokens.vocabulary, self.arguments, self.names)

    def dataset(self, model: SymbolicModel, chosen: np.ndarray, training: bool) -> TokenDataset:
        arguments, options = self.arguments, dict[str, Any](every=True)
        if training:
            options = {
                "masked_score_time": arguments.masked_score_time,
                "semitones": arguments.semitones,
            }
            if self.names:
                standardise_features(model, self.tokens.feature_columns(self.names)[chosen])
        return TokenDataset(
            self.tokens,
            arguments.training_window if training else model.config.window,
            chosen,
            masked_velocity=masked_velocity(model),
            feature_names=self.names,
            **options,
        )

    def class_weights(self, chosen: np.ndarray) -> dict[str, list[float]]:
        return {EMOTION.name: balanced_weights(self.classes[chosen], EMOTION.num_labels)}

    def predict(self, model: SymbolicModel, chosen: np.ndarray, **columns: Any) -> list[Row]:
        return predictions(model, self.tokens, chosen.tolist(), **columns)

    def save(self, folder: Path) -> None:
        self.tokens.vocabulary.save_tokenizer(folder)


def train_on(
    tokens: TokenFile,
    train: Sequence[int] | np.ndarray,
    held: Sequence[int] | np.ndarray,
    arguments: TokenModelArguments,
    fitting: FitArguments,
    training: TrainingArguments,
    source: dict[str, Any],
    **columns: Any,
) -> tuple[SymbolicModel, list[Row]]:
    """Train on some pieces of a token file and predict others.

    Args:
        tokens: the file.
        train: indices of the pieces to train on; validation pieces are taken from them.
        held: indices of the pieces to predict.
        arguments, fitting, training: as for `train_tokens`.
        source: description of the data for the record.
        columns: of all rows of predictions, for example the fold.

    Returns:
        The model, and the rows of the held-out pieces; no rows on processes other than the first.

    Raises:
        ValueError: tasks that the tokens do not support.
        LeakError: a group on both sides, or a held-out group that the model in `pretrained` was
            trained on.
    """
    inputs = TokenInputs(tokens, train, held, arguments, source)
    return train_model(inputs, fitting, training, **columns)
