"""Pre-training examples: super-tokens that were masked, or the ones that come next."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch.utils.data import Dataset

from symbolic.data.datasets.token_dataset import TokenDataset
from symbolic.data.tokens.vocabulary import TokenVocabulary
from symbolic.tasks import IGNORE, Task

MASKED_SHARE = 0.15
AS_MASK, AS_OTHER = 0.8, 0.1  # of those chosen; the rest stay as they are
OBJECTIVES = ("masked", "next")


def token_tasks(vocabulary: TokenVocabulary) -> list[Task]:
    """One task for each sub-token: which of its ids stands here.

    The weights are the sizes of the vocabularies, as in MIDI-BERT (Chou 2021), shared out so that
    they sum to 1.
    """
    vocabularies = [vocabulary.vocab] if vocabulary.is_flat else vocabulary.vocab
    total = sum(vocabulary.vocab_sizes)
    tasks = []
    for name, ids, size in zip(
        vocabulary.field_names, vocabularies, vocabulary.vocab_sizes, strict=True
    ):
        labels = [str(i) for i in range(size)]  # what a trained vocabulary has no name for
        for token, i in ids.items():
            labels[i] = token
        tasks.append(Task(task_name(name), "token", "single", tuple(labels), weight=size / total))
    return tasks


def task_name(field: str) -> str:
    """What the task of a sub-token is called."""
    return f"token_{field}"


class PretrainingDataset(Dataset):
    """Windows whose labels are tokens of their own.

    `masked`: of 15 % of the super-tokens, 80 % are replaced by MASK, 10 % by one drawn evenly from
    the ids that occur, sub-token by sub-token, and 10 % left as they are (Devlin 2019); those 15 %
    have labels. `next`: every super-token's label is the one after it.

    Args:
        windows: of a token file, without velocity labels: `masked_velocity=None`.
        objective: `masked` or `next`.

    Raises:
        ValueError: another objective, or tokens without MASK that are to be masked.
    """

    def __init__(self, windows: TokenDataset, objective: Literal["masked", "next"]) -> None:
        vocabulary = windows.tokens.vocabulary
        if objective not in OBJECTIVES:
            raise ValueError(f"objective {objective!r} is none of {OBJECTIVES}")
        if objective == "masked" and vocabulary.mask_ids is None:
            raise ValueError(
                f"{vocabulary.tokenizer_class} has no MASK: pre-train with a gpt2 backbone"
            )
        self.windows = windows
        self.objective = objective
        self.names = [task_name(field) for field in vocabulary.field_names]
        ids = windows.tokens.ids
        columns = ids[:, None] if vocabulary.is_flat else ids
        self.occurring = [np.unique(columns[:, f]) for f in range(columns.shape[1])]

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def lengths(self) -> np.ndarray:
        """(len(self),) int64, tokens of each example."""
        return self.windows.lengths

    def __getitem__(self, index: int) -> dict[str, object]:
        """One example, as the collator takes it."""
        ids = self.windows[index]["input_ids"]
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
        """(T, F) ids with some hidden, and labels of those."""
        chosen = rng.random(len(table)) < MASKED_SHARE
        chosen[rng.integers(len(table))] = True  # a window without a question teaches nothing
        labels = np.where(chosen[:, None], table, IGNORE)
        what = rng.random(len(table))
        masked = chosen & (what < AS_MASK)
        other = chosen & (what >= AS_MASK) & (what < AS_MASK + AS_OTHER)
        table = table.copy()
        table[masked] = self.windows.tokens.vocabulary.mask_ids
        for field, ids in enumerate(self.occurring):
            table[other, field] = rng.choice(ids, other.sum())
        return table, labels
