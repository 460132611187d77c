"""Emotion, key and dynamics of pieces: files in, one row per file out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from symbolic.inference.prediction import familiarity, predict_ids
from symbolic.modeling import SymbolicModel
from symbolic.scoring.base import Row, on
from symbolic.scoring.columns import SCORES
from symbolic.scoring.notes import NoteScorer, PieceInputs, feature_matrix, load_model, sequences
from symbolic.tasks import quadrant_of, valence_arousal
from symbolic.tokenizers import Tokenizer

DEFAULT_MODEL = Path(__file__).parents[1] / "weights"
COLUMNS = tuple(SCORES)


class EmotionScorer(NoteScorer):
    """Emotion, key and dynamics of pieces, one row for each.

    Args:
        model: with at least an emotion task.
        tokenizer: the one the model was trained with.

    Raises:
        ValueError: a model without an emotion task, or of other sub-tokens than the tokenizer's.

    Example:
        >>> scorer = EmotionScorer.from_pretrained()
        >>> table = scorer.score(["song.mid", "folder/"])
        >>> vectors = scorer.embed("folder/")
    """

    def __init__(self, model: SymbolicModel, tokenizer: Tokenizer) -> None:
        if "emotion" not in model.heads:
            raise ValueError("the model has no emotion task: it cannot score emotion")
        super().__init__(model, tokenizer)

    @classmethod
    def from_pretrained(
        cls,
        name: str | os.PathLike | None = None,
        *,
        device: str | torch.device = "cpu",
        **kwargs: Any,
    ) -> Self:
        """Load a model and its tokenizer.

        Args:
            name: a folder or a hub name; None is the model inside the package, without network.
            device: where the model runs.
            kwargs: `revision`, `token`, `cache_dir`, `local_files_only`, as in transformers.

        Raises:
            OSError: nothing to load under that name.
            ValueError: a model of another type, or that cannot score emotion.
        """
        model, tokenizer = load_model(DEFAULT_MODEL if name is None else name, **kwargs)
        return cls(on(model, device), tokenizer)

    @property
    def columns(self) -> dict[str, str]:
        """Columns of the table.

        `path quadrant confidence q1 q2 q3 q4 valence arousal familiarity key key_confidence
        mean_velocity notes seconds error`. q1..q4 sum to 1 and confidence is the largest of them;
        valence and arousal are in [-1, 1]; `familiarity` is 1 where a piece is like those that the
        model was trained on, 0 where it is not at all, and missing for a model without that
        measure; `mean_velocity` (1..127) is missing where the piece has no dynamics; `notes` counts
        what was scored, the notes that the tokenizer emits (no drums, and no duplicates for the
        default model).
        """
        return SCORES

    def _rows(self, pieces: Sequence[PieceInputs], batch_size: int) -> list[Row]:
        matrix = feature_matrix(pieces)
        predictions = predict_ids(self.model, sequences(pieces), matrix, batch_size)
        familiar = None if matrix is None else familiarity(self.model, matrix)
        emotion = predictions["emotion"]
        plane = valence_arousal(emotion)
        rows = []
        for n, piece in enumerate(pieces):
            row: Row = {"quadrant": quadrant_of(emotion[n]), "confidence": emotion[n].max()}
            row.update(zip(("q1", "q2", "q3", "q4"), emotion[n], strict=True))
            row["valence"], row["arousal"] = plane[n]
            row["familiarity"] = np.nan if familiar is None else familiar[n]
            row["mean_velocity"] = piece.mean_velocity
            row["notes"] = piece.notes
            row["seconds"] = piece.seconds
            row["error"] = ""
            rows.append(row)
        if "key" in predictions:
            names = next(task.labels for task in self.tasks if task.name == "key")
            for row, key in zip(rows, predictions["key"], strict=True):
                row["key"], row["key_confidence"] = names[key.argmax()], key.max()
        return rows
