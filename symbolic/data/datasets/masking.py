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
OBJECTIVES = ("masked", "mixed", "next")

MIXED_SHARE = 0.3
MIXTURE = {"notes": 0.2, "spans": 0.25, "sub-tokens": 0.25, "aspects": 0.3}
"""Kinds of masks of the objective `mixed`, with their shares of the windows."""
SPAN = (4, 16)  # notes of a span, the second exclusive
ASPECTS = (("Pitch",), ("Velocity",), ("Gap", "Hold"), ("Bar", "Position", "Duration"))
ASPECT_SHARES = (0.5, 1.0, 0.9, 0.9)
"""Sub-tokens that are masked together in a window, and in which share of the notes: all velocities,
as in a score without dynamics."""


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
    `mixed`: about 30 % are masked, in each window in one of four ways (`MIXTURE`): single notes;
    spans of notes; single sub-tokens of any notes; or, in most notes, one aspect (`ASPECTS`), such
    as all velocities. Only what is masked has a label.
    `next`: the label of every super-token is the next one.

    Args:
        windows: of a token file, with `masked_velocity=None`; `lengths` and `piece` are theirs.
        objective: one of `OBJECTIVES`.

    Raises:
        ValueError: another objective, or masked tokens of a vocabulary without MASK.
    """

    def __init__(
        self, windows: TokenDataset, objective: Literal["masked", "mixed", "next"]
    ) -> None:
        vocabulary = windows.tokens.vocabulary
        if objective not in OBJECTIVES:
            raise ValueError(f"objective {objective!r} is none of {OBJECTIVES}")
        if objective != "next" and vocabulary.mask_ids is None:
            raise ValueError(
                f"{vocabulary.tokenizer_class} has no MASK: pre-train with a gpt2 backbone"
            )
        self.windows, self.lengths, self.piece = windows, windows.lengths, windows.piece
        self.objective = objective
        fields = vocabulary.field_names
        aspects = [[fields.index(name) for name in group if name in fields] for group in ASPECTS]
        # Of a vocabulary without these sub-tokens single notes and spans are masked.
        self.aspects = [
            (found, share) for found, share in zip(aspects, ASPECT_SHARES, strict=True) if found
        ]
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
            mask = self._masked if self.objective == "masked" else self._mixed
            table, labels = mask(table, rng)
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

    def _mixed(self, table: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Mask (T, F) ids in one of the ways of `MIXTURE`, and return them with their labels."""
        count, fields = table.shape
        chosen = self._chosen(count, fields, rng)
        if not chosen.any():  # at least one label in every window
            chosen[rng.integers(count)] = True
        draw = rng.random(count)[:, None]
        masks = np.array(self.windows.tokens.vocabulary.mask_ids)
        found = np.where(chosen & (draw < AS_MASK), masks, table)
        other = chosen & (draw >= AS_MASK) & (draw < AS_MASK + AS_OTHER)
        found = np.where(other, table[rng.integers(count, size=count)], found)
        return found, np.where(chosen & (table != masks), table, IGNORE)

    def _chosen(self, count: int, fields: int, rng: np.random.Generator) -> np.ndarray:
        """(T, F) bool: the sub-tokens that are to be predicted."""
        kind = rng.choice([*MIXTURE], p=[*MIXTURE.values()])
        if kind == "aspects" and self.aspects:
            own, share = self.aspects[rng.integers(len(self.aspects))]
            chosen = np.zeros((count, fields), bool)
            chosen[:, own] = (rng.random(count) < share)[:, None]
            return chosen
        if kind == "sub-tokens" and fields > 1:
            return rng.random((count, fields)) < MIXED_SHARE
        if kind == "notes":
            return np.repeat(rng.random((count, 1)) < MIXED_SHARE, fields, axis=1)
        length = int(rng.integers(*SPAN))
        starts = rng.random(count) < MIXED_SHARE / length
        since = np.arange(count) - np.maximum.accumulate(np.where(starts, np.arange(count), -count))
        return np.repeat(since[:, None] < length, fields, axis=1)
