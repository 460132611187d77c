"""Training on a token file (`scripts/train_tokens.py`, `symbolic sweep`).

Only torch, transformers, accelerate, numpy and safetensors are needed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import Dataset
from transformers import TrainingArguments

from symbolic.data.audit.fingerprints import Fingerprints
from symbolic.data.datasets.token_dataset import TokenDataset
from symbolic.data.groups import group_name
from symbolic.data.labels import any_label
from symbolic.data.tokens.file import TokenFile, load_tokens
from symbolic.data.tokens.vocabulary import TokenVocabulary
from symbolic.features import named_columns
from symbolic.inference.note_predictions import predictions
from symbolic.inference.prediction_table import Row
from symbolic.modeling import SymbolicModel
from symbolic.tasks import EMOTION, IGNORE, VALENCE_AROUSAL, Task
from symbolic.training.build import (
    ShapeArguments,
    build_model,
    fit_transfer,
    masked_velocity,
    standardise_features,
    task_specs,
)
from symbolic.training.optimisation import balanced_weights
from symbolic.training.procedure import Inputs, train_and_report
from symbolic.training.trainer import FitArguments
from symbolic.training.transfer import Labels


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
            "help": "features of the whole piece, if a token file has any: none, all, core, tonal "
            "(from which the key is predicted), or other sets and groups of symbolic.features, by "
            "commas"
        },
    )
    semitones: int = field(default=6, metadata={"help": "transposition, up and down"})


class TokenizedInputs(Inputs):
    """Pieces of notes as tokens, features of the whole piece, or both.

    Attributes:
        vocabulary: of the tokens.
        names: of the features.
        classes: (n,) class ids of `class_task`, -100 for none.
        class_task: the quadrant if it is trained, otherwise the first task of classes of whole
            pieces that is trained and that a piece has a label of; None if there is none.
        fitted: features and labels of the training pieces, if the model is of features alone.
    """

    fitted: tuple[np.ndarray, Labels] | None = None
    arguments: TokenModelArguments
    vocabulary: TokenVocabulary
    names: list[str]
    class_task: Task | None

    @abstractmethod
    def tokens_of(self, chosen: np.ndarray) -> tuple[TokenFile, Sequence[int] | np.ndarray]:
        """Return a token file with the chosen pieces, and their numbers in it."""

    @abstractmethod
    def training_set(self, model: SymbolicModel, chosen: np.ndarray) -> Dataset:
        """Make training examples, and fit the model's feature standardisation."""

    def build(self) -> SymbolicModel:
        return build_model(self.vocabulary, self.arguments, self.names)

    def dataset(self, model: SymbolicModel, chosen: np.ndarray, training: bool) -> Dataset:
        if training:
            return self.training_set(model, chosen)
        tokens, numbers = self.tokens_of(chosen)
        return TokenDataset(
            tokens,
            model.config.window,
            numbers,
            masked_velocity=masked_velocity(model),
            feature_names=self.names,
            every=True,
        )

    def calibrate(self, model: SymbolicModel, chosen: np.ndarray) -> None:
        if self.fitted is not None:  # the features may have changed: the predicted key is one
            fit_transfer(model, *self.fitted)

    def class_weights(self, chosen: np.ndarray) -> dict[str, list[float]]:
        task = self.class_task
        if task is None:
            raise ValueError("class_weights: no task of classes of whole pieces is trained")
        return {task.name: balanced_weights(self.classes[chosen], task.num_labels)}

    def predict(self, model: SymbolicModel, chosen: np.ndarray, **columns: Any) -> list[Row]:
        return predictions(model, *self.tokens_of(chosen), **columns)

    def save(self, folder: Path) -> None:
        self.vocabulary.save_tokenizer(folder)


class TokenInputs(TokenizedInputs):
    """Some pieces of a token file.

    Args:
        tokens: the file.
        train: indices of the pieces to train on; validation pieces are taken from them.
        held_out: indices of the pieces to predict.
        arguments: of the model.
        source: description of the data for the record.
    """

    def __init__(
        self,
        tokens: TokenFile,
        train: Sequence[int] | np.ndarray,
        held_out: Sequence[int] | np.ndarray,
        arguments: TokenModelArguments,
        source: dict[str, Any],
    ) -> None:
        self.tokens, self.arguments, self.source = tokens, arguments, source
        self.vocabulary = tokens.vocabulary
        self.names = named_columns(arguments.features) if tokens.feature_names else []
        self.groups = np.array(list(map(group_name, tokens.corpora, tokens.groups)))
        none = np.full(len(tokens), IGNORE)
        self.class_task, self.classes = trained_classes(
            task_specs(arguments.tasks), lambda task: tokens.labels.get(task.name, none)
        )
        self.train, self.held_out = np.asarray(train, np.int64), np.asarray(held_out, np.int64)

    def fingerprints(self, chosen: np.ndarray) -> Fingerprints:
        return self.tokens.fingerprints_of(chosen)

    def files(self, chosen: np.ndarray) -> list[str]:
        return [self.tokens.pieces[i] for i in chosen]

    def tokens_of(self, chosen: np.ndarray) -> tuple[TokenFile, np.ndarray]:
        return self.tokens, chosen

    def labelled(self, model: SymbolicModel, chosen: np.ndarray) -> set[str]:
        tokens = self.tokens
        ends = tokens.offsets[1:]
        of_pieces = {name for name, ids in tokens.labels.items() if any_label(ids[chosen])}
        of_notes = {
            name
            for name, ids in tokens.token_labels.items()
            if any(any_label(ids[tokens.offsets[i] : ends[i]]) for i in chosen)
        }
        return of_pieces | of_notes

    def training_set(self, model: SymbolicModel, chosen: np.ndarray) -> TokenDataset:
        if self.names:
            rows = self.tokens.feature_columns(self.names)[chosen]
            standardise_features(model, rows)
            if model.config.inputs != "notes":
                self.fitted = rows, self._labels(chosen)
                fit_transfer(model, *self.fitted)
        return TokenDataset(
            self.tokens,
            self.arguments.training_window,
            chosen,
            masked_velocity=masked_velocity(model),
            masked_score_time=self.arguments.masked_score_time,
            semitones=self.arguments.semitones,
            feature_names=self.names,
        )

    def _labels(self, chosen: np.ndarray) -> Labels:
        """Collect what an ensemble of features is fitted to."""
        tokens, count = self.tokens, len(self.tokens)
        quadrants = tokens.labels.get(EMOTION.name, np.full(count, IGNORE))
        ratings = tokens.labels.get(VALENCE_AROUSAL.name, np.full((count, 2), np.nan))
        corpora, changed = np.array(tokens.corpora), np.zeros(count, bool)
        return Labels(quadrants, ratings, self.groups, corpora, changed).select(chosen)


def trained_classes(
    tasks: Sequence[Task], labels_of: Callable[[Task], np.ndarray]
) -> tuple[Task | None, np.ndarray]:
    """Choose the task of classes by which validation pieces are stratified and losses weighed.

    Args:
        tasks: of the model.
        labels_of: from a task to the (n,) class ids of the pieces, -100 for none.

    Returns:
        The task, as `TokenizedInputs` describes it, and its labels.
    """
    kind = ("sequence", "single")
    trained = [task for task in tasks if task.weight and (task.level, task.kind) == kind]
    for task in sorted(trained, key=lambda task: task.name != EMOTION.name):
        if any_label(labels := labels_of(task)):
            return task, labels
    return None, np.full_like(labels_of(EMOTION), IGNORE)


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
    inputs = TokenInputs(tokens, train, held, arguments, source)
    return train_and_report(inputs, fitting, training, data.held_out_split)
