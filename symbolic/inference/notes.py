"""Predictions of single notes: windows of tokens in batches, averaged for each token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from symbolic.features import feature_rows
from symbolic.inference.prediction import (
    evaluation_mode,
    on_device,
    tempered,
    token_windows,
)
from symbolic.modeling import SymbolicModel
from symbolic.notes import NoteTable
from symbolic.tasks import VELOCITY, Task, is_note_task

if TYPE_CHECKING:
    from symbolic.tokenizers import Tokenizer


class WindowMeans:
    """Mean predictions of the tokens of pieces over the windows that they are in.

    Args:
        lengths: tokens of each piece.
        width: K, the numbers that are predicted for a token.

    Attributes:
        windows: (n,) int64, the windows that count of each of the n tokens, pieces end to end.
    """

    def __init__(self, lengths: Sequence[int] | np.ndarray, width: int) -> None:
        self.offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        self.windows = np.zeros(self.offsets[-1], np.int64)
        self._totals = np.zeros((self.offsets[-1], width))

    def add(
        self, piece: int, start: int, values: np.ndarray, counts: np.ndarray | None = None
    ) -> None:
        """Add the (T, K) predictions of a window of a piece from a token on.

        Only those count for which the (T,) bool `counts` is true; all by default.
        """
        first = self.offsets[piece] + start
        place = slice(first, first + len(values))
        known = np.ones(len(values), bool) if counts is None else counts
        self._totals[place] += np.where(known[:, None], values, 0.0)
        self.windows[place] += known

    def means(self) -> np.ndarray:
        """Compute (n, K) means; 0 for tokens that no window counts of."""
        return self._totals / np.maximum(self.windows, 1)[:, None]


def predict_notes(
    model: SymbolicModel, tables: Sequence[NoteTable], tokenizer: Tokenizer, batch_size: int = 32
) -> dict[str, list[np.ndarray]]:
    """Predict every task of single notes for every piece.

    A note in several windows has the mean of their predictions. For the velocity task all
    velocities that the tokens contain are masked.

    Args:
        model: one of notes.
        tables: one for each piece, each with a note that the tokenizer can represent.
        tokenizer: the one the model was trained with.
        batch_size: windows in one forward pass.

    Returns:
        By task name, for each piece (n, K) float64, in the order of the n notes of
        `tokenizer.emitted(table)`: probabilities for `single` and `multi` tasks, values for
        `regression`.

    Raises:
        ValueError: a model without such a task.
        ReadError: a piece without a token.
    """
    tasks = [task for task in model.tasks if is_note_task(task)]
    if not tasks:
        raise ValueError("the model has no task of single notes: predict has those of pieces")
    tables = [tokenizer.emitted(table) for table in tables]
    names = model.config.feature_names
    rows = feature_rows(tables, names) if names else None
    sequences = [tokenizer.note_ids(table) for table in tables]
    positions = [tokenizer.note_positions(ids) for ids in sequences]
    found = {}
    for task in tasks:
        shown = sequences
        if task.name == VELOCITY.name:
            every = np.random.default_rng(0)  # at a share of 1 nothing is left to chance
            shown = [tokenizer.hide_velocity(ids, 1.0, every)[0] for ids in sequences]
        predicted = predict_tokens(model, task, shown, rows, batch_size)
        found[task.name] = [
            values[notes] for values, notes in zip(predicted, positions, strict=True)
        ]
    return found


def predict_tokens(
    model: SymbolicModel,
    task: Task,
    sequences: Sequence[np.ndarray],
    rows: np.ndarray | None = None,
    batch_size: int = 32,
) -> list[np.ndarray]:
    """Predict a task of single tokens for every piece.

    Args:
        model: one of notes.
        task: one of its tasks.
        sequences: ids of each piece.
        rows: features of each piece, where the model takes some.
        batch_size: windows in one forward pass.

    Returns:
        (T, K) float64 for each piece, the mean over the windows that a token is in: probabilities,
        or values for `regression`.
    """
    means = WindowMeans([len(ids) for ids in sequences], task.num_labels)
    with evaluation_mode(model):
        for inputs, cuts in token_windows(model, sequences, rows, batch_size):
            logits = model(**on_device(model, inputs)).logits[task.name]
            values = tempered(model, logits, task).numpy()
            for row, (piece, start, end) in zip(values, cuts, strict=True):
                means.add(piece, start, row[: end - start])
    return np.split(means.means(), means.offsets[1:-1])
