"""Predictions of the pieces of a token file, as rows of a table.

Only torch, transformers, accelerate, numpy and safetensors are needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symbolic.data.datasets.collator import Collator
from symbolic.data.datasets.token_dataset import TokenDataset
from symbolic.data.pieces import Piece
from symbolic.data.tokens.file import TokenFile
from symbolic.inference.notes import WindowMeans
from symbolic.inference.prediction import (
    evaluation_mode,
    measures,
    on_device,
    predict_ids,
    tempered,
)
from symbolic.inference.prediction_table import STRENGTHS, Row, note_columns, prediction_rows
from symbolic.modeling import SymbolicModel
from symbolic.tasks import EMOTION, IGNORE, KEY, VALENCE_AROUSAL, VELOCITY, Task, is_note_task


def predictions(
    model: SymbolicModel,
    tokens: TokenFile,
    pieces: Sequence[int] | np.ndarray | None = None,
    **columns: Any,
) -> list[Row]:
    """Predict pieces of a token file.

    Args:
        model: used in evaluation mode, on the device it is on.
        tokens: of its vocabulary.
        pieces: their numbers; all by default.
        columns: that are the same for all rows, for example fold and seed.

    Returns:
        Rows as in `symbolic.inference.prediction_table`, with the known labels of emotion, valence
        and arousal, and key, and the predictions of the model's tasks, with their strengths where
        it measures them.

    Raises:
        ValueError: features that the model takes and the file lacks.
    """
    numbers = list(range(len(tokens))) if pieces is None else [int(i) for i in pieces]
    if not numbers:
        return []
    names = model.config.feature_names
    features = tokens.feature_columns(names)[numbers] if names else None
    found = predict_ids(model, [tokens.ids_of(i) for i in numbers], features)
    tasks = {task.name: task for task in (EMOTION, VALENCE_AROUSAL, KEY)}
    tasks = {name: task for name, task in tasks.items() if name in tokens.labels}
    tasks |= {task.name: task for task in model.tasks}
    rows = prediction_rows(list(tasks.values()), token_pieces(tokens, numbers), found, **columns)
    measured = None if features is None else measures(model, features)
    if measured is not None:
        for row, values in zip(rows, measured.strengths.tolist(), strict=True):
            row |= zip(STRENGTHS, values, strict=True)
    for task in filter(is_note_task, model.tasks):
        totals, notes = note_totals(model, task, tokens, numbers)
        for row, *counts in zip(rows, totals.tolist(), notes.tolist(), strict=True):
            row |= zip(reversed(note_columns(task)), counts, strict=True)
    return rows


def token_pieces(tokens: TokenFile, numbers: Iterable[int]) -> list[Piece]:
    """Describe pieces of a token file, with all of their labels."""
    return [
        Piece(
            Path(tokens.pieces[i]),
            tokens.groups[i],
            {name: values[i] for name, values in tokens.labels.items()},
            tokens.corpora[i],
        )
        for i in numbers
    ]


def note_totals(
    model: SymbolicModel,
    task: Task,
    tokens: TokenFile,
    pieces: Sequence[int] | np.ndarray,
    batch_size: int = 32,
) -> tuple[np.ndarray, np.ndarray]:
    """Count correctly predicted notes, and predicted ones, of each piece.

    A note in several windows counts once, with the mean of their predictions. If the model predicts
    velocities that the tokens contain, the share `masked_velocity` of its configuration is masked
    in each window, always the same notes, and only their velocities are predicted; otherwise those
    of all notes are.

    Args:
        model: used in evaluation mode, on the device it is on.
        task: of each note, one of the model's.
        tokens: of its vocabulary.
        pieces: their numbers.
        batch_size: windows in one forward pass.

    Returns:
        Two (len(pieces),): the number of correct notes (int64), or for `multi` the sum of the
        shares of labels that are correct, for `regression` of the mean squared errors (float64);
        and the int64 number of notes with a label.
    """
    dataset = TokenDataset(
        tokens,
        model.config.window,
        pieces,
        masked_velocity=model.config.masked_velocity if VELOCITY.name in model.heads else None,
        feature_names=model.config.feature_names,
        every=True,
    )
    collate = Collator(model.tasks, model.config.pad_ids)
    where = {piece: n for n, piece in enumerate(pieces)}
    lengths = tokens.lengths[pieces]
    means = WindowMeans(lengths, task.num_labels)
    with evaluation_mode(model):
        for first in range(0, len(dataset), batch_size):
            chosen = range(first, min(first + batch_size, len(dataset)))
            batch: dict[str, Any] = collate([dataset[i] for i in chosen])
            known = _has_label(task, batch.pop("labels")[task.name].numpy())
            logits = model(**on_device(model, batch)).logits[task.name]
            values = tempered(model, logits, task).numpy()
            for i, row, counts in zip(chosen, values, known, strict=True):
                end = dataset.lengths[i]
                place = where[int(dataset.piece[i])], int(dataset.starts[i])
                means.add(*place, row[:end], counts[:end])
    predicted = np.flatnonzero(means.windows)
    totals = np.zeros(len(pieces), np.int64 if task.kind == "single" else np.float64)
    notes = np.zeros(len(pieces), np.int64)
    if len(predicted):
        labels = [tokens.token_labels[task.name][slice(*tokens.offsets[i : i + 2])] for i in pieces]
        piece = np.repeat(np.arange(len(pieces)), lengths)[predicted]
        values = _note_values(task, means.means()[predicted], np.concatenate(labels)[predicted])
        np.add.at(totals, piece, values)
        np.add.at(notes, piece, 1)
    return totals, notes


def _has_label(task: Task, labels: np.ndarray) -> np.ndarray:
    """(...) bool: which of (...) classes or (..., K) values of notes are labels."""
    if task.kind == "single":
        return labels != IGNORE
    return np.asarray((~np.isnan(labels[..., : task.num_labels])).any(axis=-1))


def _note_values(task: Task, predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) whether each of n notes is correct, or its error, from (n, K) predictions.

    Values of a note with several labels are means over those that it has.
    """
    if task.kind == "single":
        return predicted.argmax(axis=-1) == labels
    labels = labels[:, : task.num_labels]
    if task.kind == "multi":
        values = np.where(np.isnan(labels), np.nan, (predicted > 0.5) == (labels > 0.5))
    else:
        values = np.square(predicted - labels)
    return np.nanmean(values, axis=-1)
