"""Features of whole pieces as training examples: computed once, augmented copies beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from symbolic.data.pieces import Piece
from symbolic.features import features
from symbolic.notes import NoteTable, ReadError
from symbolic.notes.augment import Augmentation
from symbolic.tasks import IGNORE


class FeatureDataset(Dataset):
    """The features of a piece, or of one of its copies, at a time.

    Which copy follows torch's global generator, so that the Trainer's seed and the state in its
    checkpoints fix it.

    Args:
        rows: (n, k, C) features of n pieces, each in k versions.
        labels: of each version of each piece, by task name.

    Raises:
        ValueError: labels of another number of pieces.
    """

    def __init__(self, rows: np.ndarray, labels: Sequence[Sequence[dict[str, Any]]]) -> None:
        if len(rows) != len(labels):
            raise ValueError(f"features of {len(rows)} pieces, and labels of {len(labels)}")
        self.rows = rows
        self.labels = labels

    @classmethod
    def of(
        cls,
        pieces: Sequence[Piece],
        tables: Sequence[NoteTable],
        feature_names: Sequence[str],
        augmentation: Augmentation | None = None,
        copies: int = 0,
        seed: int = 0,
    ) -> FeatureDataset:
        """Pieces as they are, and as many augmented copies of each.

        Args:
            pieces: labelled pieces.
            tables: the notes of each that a tokenizer emits.
            feature_names: columns of `symbolic.features`.
            augmentation: of the copies.
            copies: k - 1.
            seed: of what the copies are like.

        Raises:
            ReadError: a piece without notes.
        """
        augment = augmentation or Augmentation()
        rng = np.random.default_rng(seed)
        rows = np.empty((len(pieces), 1 + copies, len(feature_names)), np.float32)
        labels = []
        for row, piece, table in zip(rows, pieces, tables, strict=True):
            if not len(table):
                raise ReadError("no note that the tokenizer can hold", str(piece.path))
            labels.append([piece.labels])
            row[0] = features(table, feature_names)
            for k in range(1, 1 + copies):
                moved, key = augment.with_key(table, piece.labels.get("key", IGNORE), rng)
                labels[-1].append({**piece.labels, "key": key})
                row[k] = features(moved, feature_names)
        return cls(rows, labels)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, object]:
        """One example, as the collator takes it: `features` (C,) and `labels`."""
        versions = self.rows[index]
        copy = int(torch.randint(len(versions), ())) if len(versions) > 1 else 0
        return {"features": versions[copy], "labels": self.labels[index][copy]}
