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
        """`input_ids` (B, T, F), or (B, T) where examples are flat, `attention_mask` (B, T), `labels` by task name, and `features`
        (B, C) where the examples have them."""
        lengths = [len(example["input_ids"]) for example in examples]
        size, longest = len(examples), max(lengths)
        ids = torch.tensor(self.pad_ids).repeat(size, longest, 1)
        if np.ndim(examples[0]["input_ids"]) == 1:
            ids = ids.squeeze(-1)
        mask = torch.zeros(size, longest, dtype=torch.long)
        labels = {
            task.name: task.empty_labels(*((size, longest) if task.level == "token" else (size,)))
            for task in self.tasks
        }
        for row, (example, length) in enumerate(zip(examples, lengths, strict=True)):
            ids[row, :length] = torch.as_tensor(example["input_ids"])
            mask[row, :length] = 1
            for task in self.tasks:
                value = example.get("labels", {}).get(task.name)
                if value is None:
                    continue
                target = labels[task.name]
                value = torch.as_tensor(np.asarray(value), dtype=target.dtype)
                if task.level == "token":
                    target[row, :length] = value
                else:
                    target[row] = value
        batch = {"input_ids": ids, "attention_mask": mask, "labels": labels}
        if "features" in examples[0]:
            stacked = np.stack([example["features"] for example in examples])
            batch["features"] = torch.from_numpy(stacked).float()
        return batch
