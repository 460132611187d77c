"""Features of whole pieces as training examples."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from symbolic.data.datasets.examples import Example
from symbolic.data.labels import any_label, derived_labels
from symbolic.data.pieces import Piece
from symbolic.features import feature_rows
from symbolic.notes import NoteTable, ReadError
from symbolic.tasks import KEY


class FeatureDataset(Dataset):
    """Features and labels of pieces, one piece at a time.

    Args:
        rows: (n, C) features of n pieces.
        labels: of each piece, by task name.

    Raises:
        ValueError: labels of another number of pieces.
    """

    def __init__(self, rows: np.ndarray, labels: Sequence[dict[str, Any]]) -> None:
        if len(rows) != len(labels):
            raise ValueError(f"features of {len(rows)} pieces, and labels of {len(labels)}")
        self.rows = rows
        self.labels = labels

    @classmethod
    def of(
        cls, pieces: Sequence[Piece], tables: Sequence[NoteTable], feature_names: Sequence[str]
    ) -> FeatureDataset:
        """Compute columns of `symbolic.features` of the notes of pieces that a tokenizer emits.

        Raises:
            ReadError: a piece without notes.
        """
        labels = []
        for piece, table in zip(pieces, tables, strict=True):
            if not len(table):
                raise ReadError("no note that the tokenizer can hold", str(piece.path))
            known = {*piece.labels, KEY.name}  # a key estimated from pitches is no label here
            labels.append({**piece.labels, **derived_labels(table, known)})
        return cls(feature_rows(tables, feature_names).astype(np.float32), labels)

    def labelled(self, tasks: Collection[str]) -> FeatureDataset:
        """Select the pieces with a label of one of these tasks."""
        kept = [
            any(any_label(label) for name, label in labels.items() if name in tasks)
            for labels in self.labels
        ]
        labels = [labels for labels, keep in zip(self.labels, kept, strict=True) if keep]
        return FeatureDataset(self.rows[np.array(kept, bool)], labels)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Example:
        """Make an example for the collator: `features` and `labels`."""
        return {"features": self.rows[index], "labels": self.labels[index]}
