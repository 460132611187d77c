"""Types of training examples and batches."""

from __future__ import annotations

from typing import Any, Protocol, TypedDict

import numpy as np

Batch = dict[str, Any]
"""Arguments of `symbolic.modeling.SymbolicModel.forward`: tensors, and `labels` by task name."""


class Example(TypedDict, total=False):
    """An example with tokens, frames or samples, or with features alone.

    Attributes:
        input_ids: (T, F) or (T,) int64 token ids.
        input_values: (T, F) float32 frames, or (T,) samples.
        features: (C,) float32 features of the whole piece.
        labels: by task name; of the piece, or at token level (T,) or (T, K).
    """

    input_ids: np.ndarray
    input_values: np.ndarray
    features: np.ndarray
    labels: dict[str, Any]


class BeatExample(TypedDict, total=False):
    """An example with U bars or beats.

    Attributes:
        unit_count: U.
        input_ids: the ids of each window, as in `Example`.
        units: for each window (T,) int64, the bar or beat of each token.
        unit_rolls: (U, C) float32 piano rolls.
        labels: by task name, (U,) or (U, K).
    """

    unit_count: int
    input_ids: list[np.ndarray]
    units: list[np.ndarray]
    unit_rolls: np.ndarray
    labels: dict[str, Any]


class WindowedDataset(Protocol):
    """A data set of windows of pieces, from which pieces can be evaluated.

    Attributes:
        piece: (len(self),) int64, the piece of each window.
        lengths: (len(self),) int64, positions of each window.
    """

    piece: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        """Count the windows."""
        ...

    def __getitem__(self, index: int) -> Example:
        """Make the example of a window."""
        ...
