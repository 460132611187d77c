"""Pre-training examples: masked or next super-tokens as labels."""

from __future__ import annotations

from typing import Literal, cast

import numpy as np
import torch
from torch.utils.data import Dataset

from symbolic.data.datasets.examples import Example
from symbolic.data.datasets.token_dataset import TokenDataset
from symbolic.data.tokens.vocabulary import TokenVocabulary
from symbolic.tasks import IGNORE, Task

MASKED_SHARE = 0.15
AS_MASK, AS_OTHER = 0.8, 0.1  # of those chosen; the rest stay as they are
OBJECTIVES = ("masked", "next")


def token_tasks(vocabulary: TokenVocabulary) -> list[Task]:
    """Make a task for each sub-token: to predict its id.

    The weights are proportional to the sizes of the vocabularies, as in MIDI-BERT (Chou 2021), and
    sum to 1.
    """
    vocabularies = vocabulary.vocabularies
    total = sum(vocabulary.vocab_sizes)
    tasks = []
    for name, ids, size in zip(
        vocabulary.field_names, vocabularies, vocabulary.vocab_sizes, strict=True
    ):
        labels = [str(i) for i in range(size)]  # of ids without a name, in trained vocabularies
        for token, i in ids.items():
            labels[i] = token
        tasks.append(Task(task_name(name), "token", "single", tuple(labels), weight=size / total))
    return tasks


def task_name(field: str) -> str:
    """Name the task of a sub-token."""
    return f"token_{field}"


class PretrainingDataset(Dataset):
    """Windows whose labels are their own tokens.

    `masked`: 15 % of the super-tokens have labels; of these, 80 % are replaced by MASK, 10 % by
    random ids that occur in the file, sub-token by sub-token, and 10 % are kept (Devlin 2019).
    `next`: the label of every super-token is the next one.

    Args:
        windows: of a token file, with `masked_velocity=None`; `lengths` and `piece` are theirs.
        objective: `masked` or `next`.

    Raises:
        ValueError: another objective, or masked tokens of a vocabulary without MASK.
    """

    def __init__(self, windows: TokenDataset, objective: Literal["masked", "next"]) -> None:
        vocabulary = windows.tokens.vocabulary
        if objective not in OBJECTIVES:
            raise ValueError(f"objective {objective!r} is none of {OBJECTIVES}")
        if objective == "masked" and vocabulary.mask_ids is None:
            raise ValueError(
                f"{vocabulary.tokenizer_class} has no MASK: pre-train with a gpt2 backbone"
            )
        self.windows, self.lengths, self.piece = windows, windows.lengths, windows.piece
        self.objective = objective
        self.names = [task_name(field) for field in vocabulary.field_names]
        ids = windows.tokens.ids
        columns = ids[:, None] if vocabulary.is_flat else ids
        self.occurring = [np.unique(columns[:, f]) for f in range(columns.shape[1])]

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> Example:
        """Make an example for the collator."""
        ids = cast("np.ndarray", self.windows[index].get("input_ids"))
        flat = ids.ndim == 1
        table = ids[:, None] if flat else ids
        if self.objective == "next":
            labels = np.full_like(table, IGNORE)
            labels[:-1] = table[1:]
        else:
            fixed = self.windows.every
            rng = np.random.default_rng(index if fixed else int(torch.randint(2**62, ())))
            table, labels = self._masked(table, rng)
        columns = {name: labels[:, field] for field, name in enumerate(self.names)}
        return {"input_ids": table[:, 0] if flat else table, "labels": columns}

    def _masked(self, table: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Mask (T, F) ids, and return them with the labels of the masked ones."""
        chosen = rng.random(len(table)) < MASKED_SHARE
        chosen[rng.integers(len(table))] = True  # at least one label in every window
        labels = np.where(chosen[:, None], table, IGNORE)
        draw = rng.random(len(table))
        masked = chosen & (draw < AS_MASK)
        other = chosen & (draw >= AS_MASK) & (draw < AS_MASK + AS_OTHER)
        table = table.copy()
        table[masked] = self.windows.tokens.vocabulary.mask_ids
        for field, ids in enumerate(self.occurring):
            table[other, field] = rng.choice(ids, other.sum())
        return table, labels
