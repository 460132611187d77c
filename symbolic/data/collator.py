"""Batches: windows padded to the longest, and a label for every task in every batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from symbolic.tasks import Task


@dataclass(frozen=True)
class Collator:
    """Pads super-tokens and note labels; a label that a piece lacks is -100 or NaN.

    Attributes:
        tasks: every one of them has labels in every batch, as the stock Trainer needs it.
        pad_ids: the super-token of padding.
    """

    tasks: tuple[Task, ...]
    pad_ids: Sequence[int]

    def __call__(self, examples: Sequence[dict[str, object]]) -> dict[str, object]:
        """One batch of B examples, the longest with T tokens.

        Returns:
            `input_ids` (B, T, F), or (B, T) where examples are flat, and `attention_mask` (B, T),
            both int64; `labels` by task name; and `features` (B, C) where the examples have them.
            Of examples without ids, `features` and `labels` alone.
        """
        batch: dict[str, object] = {}
        lengths = np.zeros(len(examples), np.int64)
        if "input_ids" in examples[0]:
            lengths = np.array([len(example["input_ids"]) for example in examples])
            batch |= self._windows(examples, lengths)
        batch["labels"] = {task.name: self._labels(task, examples, lengths) for task in self.tasks}
        if "features" in examples[0]:
            stacked = np.stack([example["features"] for example in examples])
            batch["features"] = torch.from_numpy(stacked).float()
        return batch

    def _windows(
        self, examples: Sequence[dict[str, object]], lengths: np.ndarray
    ) -> dict[str, torch.Tensor]:
        size, longest = len(examples), int(lengths.max())
        pad = self.pad_ids if np.ndim(examples[0]["input_ids"]) == 2 else self.pad_ids[0]
        ids = np.empty((size, longest, *np.shape(pad)), np.int64)
        ids[:] = pad
        for row, example, length in zip(ids, examples, lengths, strict=True):
            row[:length] = example["input_ids"]
        mask = np.arange(longest) < lengths[:, None]
        return {
            "input_ids": torch.from_numpy(ids),
            "attention_mask": torch.from_numpy(mask.astype(np.int64)),
        }

    @staticmethod
    def _labels(
        task: Task, examples: Sequence[dict[str, object]], lengths: np.ndarray
    ) -> torch.Tensor:
        on_tokens = task.level == "token"
        shape = (len(examples), int(lengths.max())) if on_tokens else (len(examples),)
        labels = task.empty_labels(*shape)
        rows = labels.numpy()  # the same memory
        for i, (example, length) in enumerate(zip(examples, lengths, strict=True)):
            value = example.get("labels", {}).get(task.name)
            if value is not None:
                rows[(i, slice(length)) if on_tokens else i] = value
        return labels
