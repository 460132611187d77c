"""Pieces as training examples: augmented, tokenized, cut and labelled when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from symbolic.augment import Augmentation
from symbolic.data.pieces import Piece
from symbolic.features import features
from symbolic.keys import transpose_key
from symbolic.notes import NoteTable
from symbolic.tasks import IGNORE, key_label, velocity_labels
from symbolic.tokenizers import CPTokenizer


class PieceDataset(Dataset):
    """One random window of each piece at a time.

    The random choices follow torch's global generator, so that the Trainer's seed and the state in
    its checkpoints fix them.

    Args:
        pieces: labelled pieces.
        tables: the note table of each.
        tokenizer: makes the super-tokens.
        window: notes in a window; longer pieces are cut at a random note.
        augmentation: applied to each table before tokenizing.
        masked_velocity: share of the notes whose velocity sub-token is masked; only those have a
            velocity label, since the others would show the answer.
        masked_score_time: probability that Bar, Position and Duration are masked throughout, since
            they mean nothing in a transcription with a nominal tempo.
        feature_names: columns of `symbolic.features` to add, of the whole augmented piece. Notes
            whose velocity is masked count in them, which tells no single velocity.
    """

    def __init__(
        self,
        pieces: Sequence[Piece],
        tables: Sequence[NoteTable],
        tokenizer: CPTokenizer,
        window: int = 512,
        augmentation: Augmentation | None = None,
        masked_velocity: float = 0.15,
        masked_score_time: float = 0.0,
        feature_names: Sequence[str] = (),
    ) -> None:
        self.pieces = list(pieces)
        self.tables = [tokenizer.emitted(table) for table in tables]
        self.keys = [key_label(table) for table in self.tables]
        self.tokenizer = tokenizer
        self.window = window
        self.augmentation = augmentation or Augmentation()
        self.masked_velocity = masked_velocity
        self.masked_score_time = masked_score_time
        self.feature_names = list(feature_names)
        names = tokenizer.field_names
        self.velocity_field = names.index("Velocity")
        self.score_fields = [names.index(name) for name in ("Bar", "Position", "Duration")]

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, index: int) -> dict[str, object]:
        """One example, as the collator takes it.

        Returns:
            `input_ids` (T, F), `labels` by task name, and `features` (C,) where they were named.
        """
        rng = np.random.default_rng(int(torch.randint(2**62, ())))
        original = self.tables[index]
        notes = self.augmentation(original, rng)
        ids = self.tokenizer.note_ids(notes)
        velocity = velocity_labels(notes)
        hidden = rng.random(len(ids)) < self.masked_velocity
        mask_ids = self.tokenizer.mask_ids
        ids[hidden, self.velocity_field] = mask_ids[self.velocity_field]
        if rng.random() < self.masked_score_time:
            ids[:, self.score_fields] = np.array(mask_ids)[self.score_fields]
        start = int(rng.integers(0, max(len(ids) - self.window, 0) + 1))
        cut = slice(start, start + self.window)
        labels = dict(self.pieces[index].labels)
        # Octave folds aside, every note moves by the same number of semitones.
        labels["key"] = transpose_key(self.keys[index], int(notes.pitch[0] - original.pitch[0]))
        labels["velocity"] = np.where(hidden, velocity, IGNORE)[cut]
        example = {"input_ids": ids[cut], "labels": labels}
        if self.feature_names:
            example["features"] = features(notes, self.feature_names)
        return example
