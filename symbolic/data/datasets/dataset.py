"""Pieces as training examples: augmented, tokenized, cut and labelled on access."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch.utils.data import Dataset

from symbolic.data.datasets.examples import Example
from symbolic.data.labels import derived_labels, derived_tasks, token_labels
from symbolic.data.pieces import Piece
from symbolic.features import features
from symbolic.notes import NoteTable, ReadError
from symbolic.notes.augment import Augmentation
from symbolic.tasks import IGNORE, KEY, VELOCITY, key_label

if TYPE_CHECKING:  # training from token files needs no tokenizer
    from symbolic.data.tokens.vocabulary import TokenVocabulary
    from symbolic.tokenizers import Tokenizer

MASKED_VELOCITY = 0.15
SCORE_TIME = ("Bar", "Position", "Duration")  # sub-tokens in bars and quarters
SECONDS = ("Gap", "Hold")  # sub-tokens in seconds


class PieceDataset(Dataset):
    """One random window of each piece per epoch, for training.

    For evaluation `TokenDataset(tokens_of(pieces, tables, tokenizer), every=True)` has all windows.

    Random choices follow torch's global generator, so that the Trainer's seed and the state in its
    checkpoints fix them.

    Args:
        pieces: labelled pieces; a missing key is estimated by key profiles, and labels of other
            tasks with `Task.label` are computed from the augmented notes.
        tables: the note table of each.
        tokenizer: makes the ids.
        window: tokens in a window; longer pieces are cut at a random token.
        augmentation: applied to each table before tokenizing.
        masked_velocity: share of the notes whose velocity is masked, if the tokens show velocity;
            only those have a velocity label. If the tokens show no velocity, every note has a
            label. None masks nothing and makes no velocity labels.
        masked_score_time: probability of masking Bar, Position and Duration in a whole window,
            since they mean nothing in a transcription with a nominal tempo. It changes nothing for
            tokenizers without sub-tokens in seconds (Gap, Hold).
        feature_names: columns of `symbolic.features` to add, of the whole augmented piece. They
            include notes whose velocity is masked, but reveal no single velocity.

    Raises:
        ValueError: velocity labels that the tokens would reveal, or that cannot be tied to tokens;
            see `check_velocity`.
        ReadError: a piece without a note that the tokenizer can hold.
    """

    def __init__(
        self,
        pieces: Sequence[Piece],
        tables: Sequence[NoteTable],
        tokenizer: Tokenizer,
        window: int = 512,
        augmentation: Augmentation | None = None,
        masked_velocity: float | None = MASKED_VELOCITY,
        masked_score_time: float = 0.0,
        feature_names: Sequence[str] = (),
    ) -> None:
        check_velocity(tokenizer, masked_velocity)
        self.pieces = list(pieces)
        self.tables = [tokenizer.emitted(table) for table in tables]
        for piece, table in zip(self.pieces, self.tables, strict=True):
            if not len(table):
                raise ReadError("no note that the tokenizer can hold", str(piece.path))
        self.keys = [
            cast("int", piece.labels[KEY.name]) if KEY.name in piece.labels else key_label(table)
            for piece, table in zip(self.pieces, self.tables, strict=True)
        ]
        self.tokenizer = tokenizer
        self.window = window
        self.augmentation = augmentation or Augmentation()
        self.masked_velocity = masked_velocity
        self.masked_score_time = masked_score_time
        self.feature_names = list(feature_names)
        self.score_fields = score_fields(tokenizer.field_names)

    def __len__(self) -> int:
        return len(self.pieces)

    @cached_property
    def lengths(self) -> list[int]:
        """Tokens in a window of each piece, before augmentation."""
        lengths = (len(self.tokenizer.note_ids(table)) for table in self.tables)
        return [min(length, self.window) for length in lengths]

    def __getitem__(self, index: int) -> Example:
        """Make an example for the collator: `input_ids`, `labels`, and `features` if named."""
        rng = np.random.default_rng(int(torch.randint(2**62, ())))
        original = self.tables[index]
        moved, key = self.augmentation.with_key(original, self.keys[index], rng)
        notes = self.tokenizer.emitted(moved)  # which drops notes that are transposed out of range
        if not len(notes):
            notes, key = original, self.keys[index]
        ids = self.tokenizer.note_ids(notes)
        labels: dict[str, Any] = {**self.pieces[index].labels, KEY.name: key}
        labels |= derived_labels(notes, known=labels)
        of_tokens = {}
        for task in derived_tasks("token"):
            if task.name != VELOCITY.name or self.masked_velocity is not None:
                positions = self.tokenizer.checked_positions(ids, len(notes))
                of_tokens[task.name] = token_labels(task, notes, positions)
        if self.masked_velocity is not None:
            ids, hidden = self.tokenizer.hide_velocity(ids, self.masked_velocity, rng)
            of_tokens[VELOCITY.name][~hidden] = IGNORE
        if rng.random() < self.masked_score_time and self.score_fields:
            ids[:, self.score_fields] = np.array(self.tokenizer.mask_ids)[self.score_fields]
        start = int(rng.integers(0, max(len(ids) - self.window, 0) + 1))
        cut = slice(start, start + self.window)
        labels |= {name: values[cut] for name, values in of_tokens.items()}
        example: Example = {"input_ids": ids[cut], "labels": labels}
        if self.feature_names:
            example["features"] = features(notes, self.feature_names)
        return example


def score_fields(names: Sequence[str]) -> list[int]:
    """Find the columns of sub-tokens in bars and quarters, if others are in seconds."""
    seconds = set(names) >= set(SECONDS)
    return [names.index(name) for name in SCORE_TIME if name in names and seconds]


def check_velocity(tokenizer: Tokenizer | TokenVocabulary, masked_velocity: float | None) -> None:
    """Refuse velocity labels that the tokens reveal, or that cannot be tied to tokens.

    Args:
        tokenizer: makes the ids; or the vocabulary of saved ids.
        masked_velocity: share of the notes whose velocity is masked; None for no velocity labels.

    Raises:
        ValueError: a share outside 0..1; none masked although the tokens show velocities; or
            `velocity_problem` of the tokenizer: its tokens cannot be tied to notes, or it does not
            hide velocities.
    """
    if masked_velocity is None:
        return
    if not 0 <= masked_velocity <= 1:
        raise ValueError(f"masked_velocity {masked_velocity} is no share of the notes")
    if tokenizer.shows_velocity and masked_velocity == 0:
        raise ValueError(
            "masked_velocity 0: the input contains the velocity of every note, which the velocity "
            "task would copy; mask a share, or give None for no velocity task"
        )
    if tokenizer.velocity_problem:
        raise ValueError(tokenizer.velocity_problem)
