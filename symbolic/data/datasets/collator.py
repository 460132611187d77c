"""Batches: examples padded to the longest, with a label for every task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch

from symbolic.data.datasets.examples import Batch, BeatExample, Example
from symbolic.tasks import IGNORE, TASKS, Task
from symbolic.tasks.task import labels_by_name


@dataclass(frozen=True)
class Collator:
    """Pads tokens, frames or samples and their labels; a missing label is -100 or NaN.

    Attributes:
        tasks: each has labels in every batch, as the stock Trainer requires, unless no example of
            the batch has `labels`.
        pad_ids: the super-token of padding; empty for audio, whose padding is 0.
    """

    tasks: tuple[Task, ...]
    pad_ids: Sequence[int] = ()

    def __call__(self, examples: Sequence[Example] | Sequence[BeatExample]) -> Batch:
        """Join B examples, the longest with T tokens, frames or samples, to a batch.

        Returns:
            `input_ids` (B, T, F) int64 or `input_values` (B, T, F) float32, or (B, T) for flat
            examples, and `attention_mask` (B, T) int64; `features` (B, C), if the examples have
            them; and `labels` by task name. For a `BeatExample`, the windows of all pieces one
            after the other, with `units`; `unit_mask`, and `unit_rolls` if there are any, as in
            `symbolic.modeling.SymbolicModel`.

        Raises:
            ValueError: inputs of different shapes; labels that are not in `labels`, of an unknown
                task, or of another shape; a class that the task does not have.
        """
        rows = cast("Sequence[Mapping[str, Any]]", examples)
        if "unit_count" in rows[0]:
            return self._of_beats(rows)
        batch: Batch = {}
        lengths = np.zeros(len(rows), np.int64)
        for name in ("input_ids", "input_values"):
            if name in rows[0]:
                lengths = np.array([len(row[name]) for row in rows])
                batch |= self._windows(name, rows, lengths)
        batch |= self._labels(rows, lengths)
        if "features" in rows[0]:
            stacked = np.stack([row["features"] for row in rows])
            batch["features"] = torch.from_numpy(stacked).float()
        return batch

    def _of_beats(self, rows: Sequence[Mapping[str, Any]]) -> Batch:
        counts = np.array([row["unit_count"] for row in rows])
        mask = np.arange(counts.max()) < counts[:, None]
        batch: Batch = {"unit_mask": torch.from_numpy(mask.astype(np.int64))}
        if "input_ids" in rows[0]:
            batch |= self._tokens_of_beats(rows, int(counts.max()))
        if "unit_rolls" in rows[0]:
            width = rows[0]["unit_rolls"].shape[1]
            rolls = torch.zeros(len(rows), int(counts.max()), width)
            for padded, row, count in zip(rolls.numpy(), rows, counts, strict=True):
                padded[:count] = row["unit_rolls"]
            batch["unit_rolls"] = rolls
        return batch | self._labels(rows, counts)

    def _tokens_of_beats(self, rows: Sequence[Mapping[str, Any]], longest: int) -> Batch:
        windows = [
            {"input_ids": ids, "units": units + piece * longest}
            for piece, row in enumerate(rows)
            for ids, units in zip(row["input_ids"], row["units"], strict=True)
        ]
        lengths = np.array([len(window["units"]) for window in windows])
        units = torch.full((len(windows), int(lengths.max())), -1)
        for padded, window, length in zip(units.numpy(), windows, lengths, strict=True):
            padded[:length] = window["units"]
        return {**self._windows("input_ids", windows, lengths), "units": units}

    def _windows(self, name: str, rows: Sequence[Mapping[str, Any]], lengths: np.ndarray) -> Batch:
        size, longest = len(rows), int(lengths.max())
        shape = np.shape(rows[0][name])[1:]
        if name == "input_ids":
            padded = np.empty((size, longest, *shape), np.int64)
            padded[:] = self.pad_ids if shape else self.pad_ids[0]
        else:
            padded = np.zeros((size, longest, *shape), np.float32)
        for values, row, length in zip(padded, rows, lengths, strict=True):
            if np.shape(row[name])[1:] != shape:
                raise ValueError(
                    f"{name} of shapes {np.shape(rows[0][name])} and {np.shape(row[name])}: the "
                    "examples of a batch differ only in their length"
                )
            values[:length] = row[name]
        mask = np.arange(longest) < lengths[:, None]
        return {
            name: torch.from_numpy(padded),
            "attention_mask": torch.from_numpy(mask.astype(np.int64)),
        }

    def _labels(self, rows: Sequence[Mapping[str, Any]], lengths: np.ndarray) -> Batch:
        """Stack the labels of each task; nothing where the collator has tasks and no row labels."""
        names = {task.name for task in self.tasks}
        given = []
        for row in rows:
            if flat := sorted(names & row.keys()):
                raise ValueError(
                    f"labels outside of `labels`: {', '.join(flat)}; expected "
                    f"{{'labels': {{{flat[0]!r}: ...}}}}"
                )
            if self.tasks and row.get("labels") is not None:
                given.append(labels_by_name(row["labels"], self.tasks, TASKS))
            else:
                given.append({})
        if names and all(row.get("labels") is None for row in rows):
            return {}
        return {"labels": {task.name: _stacked(task, given, lengths) for task in self.tasks}}


def _stacked(task: Task, given: Sequence[Mapping[str, Any]], lengths: np.ndarray) -> torch.Tensor:
    """Stack labels of a task: (B,) or (B, K) for whole examples, else (B, T) or (B, T, K)."""
    on_tokens = task.level == "token"
    shape = (len(given), int(lengths.max())) if on_tokens else (len(given),)
    stacked = task.empty_labels(*shape)
    values = stacked.numpy()  # the same memory
    for i, (labels, length) in enumerate(zip(given, lengths, strict=True)):
        label = labels.get(task.name)
        if label is None:
            continue
        label = np.asarray(label)
        expected = task.label_shape(int(length)) if on_tokens else task.label_shape()
        if label.shape != expected:
            raise ValueError(
                f"a label of task {task.name} has shape {label.shape}, expected {expected}"
            )
        if task.kind == "single" and label.size:
            wrong = label[(label != IGNORE) & ((label < 0) | (label >= task.num_labels))]
            if wrong.size:
                raise ValueError(
                    f"a label of task {task.name} is {wrong.flat[0]}, expected 0 to "
                    f"{task.num_labels - 1}, or {IGNORE} for none"
                )
        values[(i, slice(length)) if on_tokens else i] = label
    return stacked
