"""Pieces as training examples: augmented, tokenized, cut and labelled when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.utils.data import Dataset

from symbolic.data.pieces import Piece
from symbolic.features import features
from symbolic.notes import NoteTable, ReadError
from symbolic.notes.augment import Augmentation
from symbolic.tasks import IGNORE, key_label, velocity_labels

if TYPE_CHECKING:  # training from tokens that were saved needs no tokenizer
    from symbolic.data.tokens.vocabulary import TokenVocabulary
    from symbolic.tokenizers import Tokenizer

MASKED_VELOCITY = 0.15
SCORE_TIME = ("Bar", "Position", "Duration")
SECONDS = ("Gap", "Hold")


class PieceDataset(Dataset):
    """One random window of each piece at a time.

    The random choices follow torch's global generator, so that the Trainer's seed and the state in
    its checkpoints fix them.

    Args:
        pieces: labelled pieces; the key of one that has none is named by key profiles.
        tables: the note table of each.
        tokenizer: makes the ids.
        window: tokens in a window; longer pieces are cut at a random token.
        augmentation: applied to each table before tokenizing.
        masked_velocity: share of the notes whose velocity is masked, where the tokens show it; only
            those have a velocity label, since the others would show the answer. Where the tokens
            show no velocity, every note has a label. None masks nothing and gives no velocity
            labels.
        masked_score_time: probability that Bar, Position and Duration are masked throughout, those
            of them that the tokenizer has, since they mean nothing in a transcription with a
            nominal tempo. Only a tokenizer with sub-tokens of seconds (Gap, Hold) can do without;
            for any other it changes nothing.
        feature_names: columns of `symbolic.features` to add, of the whole augmented piece. Notes
            whose velocity is masked count in them, which tells no single velocity.

    Raises:
        ValueError: velocity labels that the tokenizer would give away, or cannot place; see
            `check_velocity`.
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
            piece.labels["key"] if "key" in piece.labels else key_label(table)
            for piece, table in zip(self.pieces, self.tables, strict=True)
        ]
        self.tokenizer = tokenizer
        self.window = window
        self.augmentation = augmentation or Augmentation()
        self.masked_velocity = masked_velocity
        self.masked_score_time = masked_score_time
        self.feature_names = list(feature_names)
        names = tokenizer.field_names
        seconds = set(names) >= set(SECONDS)
        self.score_fields = [names.index(name) for name in SCORE_TIME if name in names and seconds]

    def __len__(self) -> int:
        return len(self.pieces)

    @cached_property
    def lengths(self) -> list[int]:
        """Tokens in a window of each piece, as they are before augmentation."""
        lengths = (len(self.tokenizer.note_ids(table)) for table in self.tables)
        return [min(length, self.window) for length in lengths]

    def __getitem__(self, index: int) -> dict[str, object]:
        """One example, as the collator takes it.

        Returns:
            `input_ids` (T,) or (T, F), `labels` by task name, and `features` (C,) where they were
            named.
        """
        rng = np.random.default_rng(int(torch.randint(2**62, ())))
        original = self.tables[index]
        moved, key = self.augmentation.with_key(original, self.keys[index], rng)
        notes = self.tokenizer.emitted(moved)  # a transposed note may be one that is not held
        if not len(notes):
            notes, key = original, self.keys[index]
        ids = self.tokenizer.note_ids(notes)
        velocity = np.full(len(ids), IGNORE)
        if self.masked_velocity is not None:
            velocity[self.tokenizer.note_positions(ids)] = velocity_labels(notes)
            ids, asked = self.tokenizer.hide_velocity(ids, self.masked_velocity, rng)
            velocity[~asked] = IGNORE
        if rng.random() < self.masked_score_time and self.score_fields:
            ids[:, self.score_fields] = np.array(self.tokenizer.mask_ids)[self.score_fields]
        start = int(rng.integers(0, max(len(ids) - self.window, 0) + 1))
        cut = slice(start, start + self.window)
        labels = dict(self.pieces[index].labels)
        labels["key"] = key
        if self.masked_velocity is not None:
            labels["velocity"] = velocity[cut]
        example = {"input_ids": ids[cut], "labels": labels}
        if self.feature_names:
            example["features"] = features(notes, self.feature_names)
        return example


def check_velocity(tokenizer: Tokenizer | TokenVocabulary, masked_velocity: float | None) -> None:
    """Refuse velocity labels that would be worthless; None asks for none.

    Args:
        tokenizer: makes the ids, or the vocabulary of ids that were saved.
        masked_velocity: share of the notes whose velocity is masked.

    Raises:
        ValueError: a share outside 0..1; none masked although the tokens show velocities; or a
            tokenizer whose tokens cannot be tied to notes.
    """
    if masked_velocity is None:
        return
    if not 0 <= masked_velocity <= 1:
        raise ValueError(f"masked_velocity {masked_velocity} is no share of the notes")
    if tokenizer.shows_velocity and masked_velocity == 0:
        raise ValueError(
            "masked_velocity 0: the velocity of every note stands in the input, so that the "
            "velocity task would learn to copy it; mask a share, or say None for no velocity task"
        )
    flat = isinstance(tokenizer.vocab, dict)
    no_ids = np.zeros(0 if flat else (0, len(tokenizer.vocab)), np.int64)
    tokenizer.hide_velocity(no_ids, masked_velocity, np.random.default_rng(0))
