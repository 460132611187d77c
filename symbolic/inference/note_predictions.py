"""What a model says of the pieces of a token file, as rows of a table.

It needs torch, transformers, accelerate, numpy and safetensors, nothing else.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symbolic.data.datasets.collator import Collator
from symbolic.data.datasets.dataset import MASKED_VELOCITY
from symbolic.data.datasets.token_dataset import TokenDataset
from symbolic.data.tokens.file import TokenFile
from symbolic.inference.prediction import evaluation_mode, on_device, predict_ids
from symbolic.modeling import SymbolicModel
from symbolic.tasks import IGNORE, QUADRANTS, quadrant_of

Row = dict[str, Any]


def predictions(
    model: SymbolicModel,
    tokens: TokenFile,
    pieces: Sequence[int] | None = None,
    batch_size: int = 32,
    **named: Any,
) -> list[Row]:
    """A row for each piece.

    Args:
        model: used in evaluation mode, on the device it is on.
        tokens: of its scheme.
        pieces: their numbers; all by default.
        batch_size: windows in one forward pass.
        named: columns that are the same for all, for example fold and seed.

    Raises:
        ValueError: features that the model takes and the file lacks.

    Returns:
        By column: corpus, file, group, what was `named`; `quadrant` and, where the model has an
        emotion head, q1 to q4 and `predicted`; `key` and `key_predicted`, 0..23;
        `valence`, `arousal` and what a regression head predicts of them; `velocity_asked`, the
        notes of known velocity that were hidden, and `velocity_right`. A label that a piece lacks
        is None.
    """
    pieces = list(range(len(tokens)) if pieces is None else pieces)
    if not pieces:
        return []
    names = model.config.feature_names
    features = tokens.feature_columns(names)[pieces] if names else None
    answers = predict_ids(model, [tokens.ids_of(i) for i in pieces], features, batch_size)
    rows = [
        {"corpus": tokens.corpora[i], "file": tokens.pieces[i], "group": tokens.groups[i], **named}
        for i in pieces
    ]

    for row, i in zip(rows, pieces, strict=True):
        for task in ("emotion", "key"):
            value = int(tokens.labels[task][i]) if task in tokens.labels else IGNORE
            row[task] = None if value == IGNORE else value
        quadrant = row.pop("emotion")
        row["quadrant"] = None if quadrant is None else QUADRANTS[quadrant]
        if "valence_arousal" in tokens.labels:
            values = tokens.labels["valence_arousal"][i].tolist()
            row["valence"], row["arousal"] = (None if v != v else v for v in values)
    for n, row in enumerate(rows):
        if "emotion" in answers:
            row["predicted"] = quadrant_of(answers["emotion"][n])
            row.update(zip(("q1", "q2", "q3", "q4"), answers["emotion"][n].tolist(), strict=True))
        if "key" in answers:
            row["key_predicted"] = int(answers["key"][n].argmax())
        if "valence_arousal" in answers:
            both = answers["valence_arousal"][n].tolist()
            row["valence_predicted"], row["arousal_predicted"] = both
    if "velocity" in model.heads:
        right, asked = velocity_counts(model, tokens, pieces, batch_size)
        for row, r, a in zip(rows, right.tolist(), asked.tolist(), strict=True):
            row["velocity_right"], row["velocity_asked"] = r, a
    return rows


def velocity_counts(
    model: SymbolicModel, tokens: TokenFile, pieces: Sequence[int], batch_size: int = 32
) -> tuple[np.ndarray, np.ndarray]:
    """How many hidden velocities of each piece the model names rightly, and how many were asked.

    Of every window. Where the tokens show velocities, 15 % of the notes are masked, always the
    same, and only those are asked; where they show none, all notes are.

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
    right, asked = np.zeros((2, len(pieces)), np.int64)
    with evaluation_mode(model):
        for first in range(0, len(dataset), batch_size):
            chosen = range(first, min(first + batch_size, len(dataset)))
            batch = collate([dataset[i] for i in chosen])
            labels = batch.pop("labels")["velocity"]
            logits = model(**on_device(model, batch)).logits["velocity"].cpu()
            known = labels != IGNORE
            place = [where[int(dataset.piece[i])] for i in chosen]
            hits = ((logits.argmax(dim=-1) == labels) & known).sum(dim=1)
            np.add.at(right, place, hits.numpy())
            np.add.at(asked, place, known.sum(dim=1).numpy())
    return right, asked


def write_predictions(rows: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Write rows as CSV, the columns of all of them; what a row lacks is empty."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
