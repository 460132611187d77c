"""Segments of recordings as training examples: samples, or frames of time-frequency inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from symbolic.data.datasets.examples import Example

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class AudioDataset(Dataset):
    """One random segment of each recording per epoch, or evenly spaced segments of all recordings.

    Recordings are cut here, after the split, so that none is on both sides. Random choices follow
    torch's global generator, like those of `TokenDataset`.

    Args:
        arrays: (T, F) frames or (n,) samples of each recording, in memory or memory-mapped.
        labels: of each recording, by task name; arrays are labels of positions, and cut with it.
        length: positions of a segment; a shorter recording is taken whole, for the collator to pad
            and mask.
        augment: changes a training segment, `(segment, rng) -> segment`; a result longer than
            `length` is cut.
        chunks: number of evenly spaced segments of a recording, for `every`: 16 for comparison
            with Won 2020. None takes as many as cover the recording.
        every: use all these segments, the longest first, instead of a random one: for evaluation.

    Attributes:
        lengths: (len(self),) int64 positions of each example, before augmentation.
        piece: (len(self),) int64 number of the recording of each example.

    Raises:
        ValueError: another number of labels than of recordings, a recording without a position, a
            length or number of segments that is not positive, or `augment` with `every`.
    """

    def __init__(
        self,
        arrays: Sequence[np.ndarray],
        labels: Sequence[dict[str, Any]],
        length: int,
        augment: Augment | None = None,
        chunks: int | None = None,
        every: bool = False,
    ) -> None:
        if len(arrays) != len(labels):
            raise ValueError(f"{len(arrays)} recordings, and labels of {len(labels)}")
        if length < 1 or (chunks is not None and chunks < 1):
            raise ValueError(f"{chunks} segments of {length} positions: both must be positive")
        if every and augment is not None:
            raise ValueError("every: segments to evaluate are not augmented")
        whole = np.array([len(array) for array in arrays], dtype=np.int64)
        if not whole.all():
            raise ValueError(f"recording {int(whole.argmin())} has no position")
        self.arrays, self.labels, self.length = arrays, labels, length
        self.augment, self.every = augment, every
        self.piece = np.arange(len(arrays))
        if every:
            starts = [chunk_starts(size, length, chunks) for size in whole.tolist()]
            self.piece = self.piece.repeat([len(first) for first in starts])
            order = np.argsort(-np.minimum(whole[self.piece], length), kind="stable")
            self.piece = self.piece[order]
            self.starts = np.concatenate([*starts, np.zeros(0, np.int64)])[order]
        self.lengths = np.minimum(whole[self.piece], length)

    def __len__(self) -> int:
        return len(self.piece)

    def __getitem__(self, index: int) -> Example:
        """Make an example for the collator: `input_values` and `labels`."""
        piece = int(self.piece[index])  # raises IndexError, which ends an iteration
        array = self.arrays[piece]
        if self.every:
            rng, start = None, int(self.starts[index])
        else:
            rng = np.random.default_rng(int(torch.randint(2**62, ())))
            start = int(rng.integers(0, max(len(array) - self.length, 0), endpoint=True))
        segment = np.array(array[start : start + self.length], dtype=np.float32)
        if self.augment is not None and rng is not None:
            segment = np.asarray(self.augment(segment, rng), dtype=np.float32)[: self.length]
        labels = {
            name: value[start : start + self.length] if isinstance(value, np.ndarray) else value
            for name, value in self.labels[piece].items()
        }
        return {"input_values": segment, "labels": labels}


def chunk_starts(size: int, length: int, chunks: int | None = None) -> np.ndarray:
    """Find the starts of evenly spaced segments, from the first position to the last.

    Args:
        size, length: positions of the recording, and of a segment.
        chunks: number of segments, fewer if the recording is too short; a single one is in the
            middle. None takes as many as cover the recording.

    Returns:
        (c,) int64, ascending, at least one.
    """
    spare = max(size - length, 0)
    if chunks is None:
        chunks = -(-size // length)
    if chunks == 1:
        return np.array([spare // 2], dtype=np.int64)
    return np.unique(np.linspace(0, spare, chunks).round().astype(np.int64))
