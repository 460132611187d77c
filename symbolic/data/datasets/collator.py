"""Batches: windows padded to the longest, and a label for every task in every batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from symbolic.tasks import Task


@dataclass(frozen=True)
class Collator:
    """Pads tokens, frames or samples and their labels; a label that a piece lacks is -100 or NaN.

    Attributes:
        tasks: every one of them has labels in every batch, as the stock Trainer needs it.
        pad_ids: the super-token of padding; none where examples are audio, whose padding is 0.
    """

    tasks: tuple[Task, ...]
    pad_ids: Sequence[int] = ()

    def __call__(self, examples: Sequence[dict[str, object]]) -> dict[str, object]:
        """One batch of B examples, the longest with T tokens, frames or samples.

        Returns:
            `input_ids` (B, T, F) int64 or `input_values` (B, T, F) float32, or (B, T) where
            examples are flat, and `attention_mask` (B, T) int64; `labels` by task name; and
            `features` (B, C) where the examples have them. Of examples without ids and values,
            `features` and `labels` alone. Of examples with units, windows of all of them one
            after the other, with `units`, where there are tokens; `unit_mask` and, where there are
            any, `unit_rolls`, as `symbolic.modeling.SymbolicModel` takes them all; and labels of
            units.
        """
        if "unit_count" in examples[0]:
            return self._of_units(examples)
        batch: dict[str, object] = {}
        lengths = np.zeros(len(examples), np.int64)
        for name in ("input_ids", "input_values"):
            if name in examples[0]:
                lengths = np.array([len(example[name]) for example in examples])
                batch |= self._windows(name, examples, lengths)
        batch["labels"] = {task.name: self._labels(task, examples, lengths) for task in self.tasks}
        if "features" in examples[0]:
            stacked = np.stack([example["features"] for example in examples])
            batch["features"] = torch.from_numpy(stacked).float()
        return batch

    def _of_units(self, examples: Sequence[dict[str, object]]) -> dict[str, object]:
        counts = np.array([example["unit_count"] for example in examples])
        mask = np.arange(counts.max()) < counts[:, None]
        batch: dict[str, object] = {"unit_mask": torch.from_numpy(mask.astype(np.int64))}
        if "input_ids" in examples[0]:
            batch |= self._tokens_of_units(examples, int(counts.max()))
        if "unit_rolls" in examples[0]:
            width = examples[0]["unit_rolls"].shape[1]
            pictures = torch.zeros(len(examples), int(counts.max()), width)
            for row, example, count in zip(pictures.numpy(), examples, counts, strict=True):
                row[:count] = example["unit_rolls"]
            batch["unit_rolls"] = pictures
        batch["labels"] = {task.name: self._labels(task, examples, counts) for task in self.tasks}
        return batch

    def _tokens_of_units(
        self, examples: Sequence[dict[str, object]], most: int
    ) -> dict[str, torch.Tensor]:
        windows = [
            {"input_ids": ids, "units": units + piece * most}
            for piece, example in enumerate(examples)
            for ids, units in zip(example["input_ids"], example["units"], strict=True)
        ]
        lengths = np.array([len(window["units"]) for window in windows])
        places = torch.full((len(windows), int(lengths.max())), -1)
        for row, window, length in zip(places.numpy(), windows, lengths, strict=True):
            row[:length] = window["units"]
        return {**self._windows("input_ids", windows, lengths), "units": places}

    def _windows(
        self, name: str, examples: Sequence[dict[str, object]], lengths: np.ndarray
    ) -> dict[str, torch.Tensor]:
        size, longest = len(examples), int(lengths.max())
        shape, kind, pad = np.shape(examples[0][name])[1:], np.float32, 0
        if name == "input_ids":
            kind, pad = np.int64, self.pad_ids if shape else self.pad_ids[0]
        padded = np.empty((size, longest, *shape), kind)
        padded[:] = pad
        for row, example, length in zip(padded, examples, lengths, strict=True):
            row[:length] = example[name]
        mask = np.arange(longest) < lengths[:, None]
        return {
            name: torch.from_numpy(padded),
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
