"""Predictions of the pieces of a token file, as rows of a table.

Only torch, transformers, accelerate, numpy and safetensors are needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symbolic.data.datasets.collator import Collator
from symbolic.data.datasets.dataset import MASKED_VELOCITY
from symbolic.data.datasets.token_dataset import TokenDataset
from symbolic.data.pieces import Piece
from symbolic.data.tokens.file import TokenFile
from symbolic.inference.prediction import evaluation_mode, on_device, predict_ids
from symbolic.inference.prediction_table import (
    VELOCITY_CORRECT,
    VELOCITY_NOTES,
    Row,
    prediction_rows,
)
from symbolic.modeling import SymbolicModel
from symbolic.tasks import EMOTION, IGNORE, KEY, VALENCE_AROUSAL


def predictions(
    model: SymbolicModel,
    tokens: TokenFile,
    pieces: Sequence[int] | np.ndarray | None = None,
    batch_size: int = 32,
    **columns: Any,
) -> list[Row]:
    """Predict pieces of a token file.

    Args:
        model: used in evaluation mode, on the device it is on.
        tokens: of its vocabulary.
        pieces: their numbers; all by default.
        batch_size: windows in one forward pass.
        columns: that are the same for all rows, for example fold and seed.

    Returns:
        Rows as in `symbolic.inference.prediction_table`, with the known labels of emotion, valence
        and arousal, and key, and the predictions of the model's tasks.

    Raises:
        ValueError: features that the model takes and the file lacks.
    """
    numbers = list(range(len(tokens))) if pieces is None else [int(i) for i in pieces]
    if not numbers:
        return []
    names = model.config.feature_names
    features = tokens.feature_columns(names)[numbers] if names else None
    found = predict_ids(model, [tokens.ids_of(i) for i in numbers], features, batch_size)
    tasks = {task.name: task for task in (EMOTION, VALENCE_AROUSAL, KEY)}
    tasks = {name: task for name, task in tasks.items() if name in tokens.labels}
    tasks |= {task.name: task for task in model.tasks}
    rows = prediction_rows(list(tasks.values()), token_pieces(tokens, numbers), found, **columns)
    if "velocity" in model.heads:
        correct, notes = velocity_counts(model, tokens, numbers, batch_size)
        for row, *counts in zip(rows, correct.tolist(), notes.tolist(), strict=True):
            row[VELOCITY_CORRECT], row[VELOCITY_NOTES] = counts
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


def velocity_counts(
    model: SymbolicModel, tokens: TokenFile, pieces: Sequence[int], batch_size: int = 32
) -> tuple[np.ndarray, np.ndarray]:
    """Count correctly predicted velocities, and predicted ones, of each piece.

    All windows count. If the tokens contain velocities, 15 % of the notes are masked, always the
    same, and only these are predicted; otherwise all notes are.

    Returns:
        Two (len(pieces),) int64.
    """
    dataset = TokenDataset(
        tokens,
        model.config.window,
        pieces,
        masked_velocity=MASKED_VELOCITY,
        feature_names=model.config.feature_names,
        every=True,
    )
    collate = Collator(model.tasks, model.config.pad_ids)
    where = {piece: n for n, piece in enumerate(pieces)}
    correct, notes = np.zeros((2, len(pieces)), np.int64)
    with evaluation_mode(model):
        for first in range(0, len(dataset), batch_size):
            chosen = range(first, min(first + batch_size, len(dataset)))
            batch: dict[str, Any] = collate([dataset[i] for i in chosen])
            labels = batch.pop("labels")["velocity"]
            logits = model(**on_device(model, batch)).logits["velocity"].cpu()
            known = labels != IGNORE
            place = [where[int(dataset.piece[i])] for i in chosen]
            hits = ((logits.argmax(dim=-1) == labels) & known).sum(dim=1)
            np.add.at(correct, place, hits.numpy())
            np.add.at(notes, place, known.sum(dim=1).numpy())
    return correct, notes
