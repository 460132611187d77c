"""Pieces by bars or beats: their tokens, and piano rolls of their notes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from symbolic.audio.beat_rows import BeatRow
from symbolic.audio.piano_roll import transposed_rolls
from symbolic.data.datasets.beat_variations import BeatVariations
from symbolic.data.datasets.examples import BeatExample
from symbolic.data.tokens.transposition import Transposer
from symbolic.data.tokens.vocabulary import TokenVocabulary
from symbolic.tasks import BOUNDARY


class BeatDataset(Dataset):
    """One random, randomly transposed stretch of each piece per epoch.

    Random choices follow torch's global generator, like those of `TokenDataset`.

    Args:
        rows: the pieces.
        labels: of each piece, by task name, (U,) or (U, K).
        window: tokens of a window; the encoder attends within windows.
        length: bars or beats of a stretch; shorter pieces are taken whole.
        vocabulary: of the ids, if there are any.
        kinds: of the piano rolls, if there are any.
        semitones: largest transposition, up and down.
        variations: of the pieces, if there are any, for systems without tokens.
        variety: share of the stretches that are variations.

    Attributes:
        lengths: (len(self),) int64 bars or beats of whole pieces.

    Raises:
        ValueError: a window or a length that is not positive, or ids that cannot be transposed.
    """

    def __init__(
        self,
        rows: Sequence[BeatRow],
        labels: Sequence[dict[str, np.ndarray]],
        window: int,
        length: int,
        vocabulary: TokenVocabulary | None = None,
        kinds: Sequence[str] = (),
        semitones: int = 0,
        variations: BeatVariations | None = None,
        variety: float = 0.0,
    ) -> None:
        if window < 1 or length < 1:
            raise ValueError(f"windows of {window} tokens in {length} units: both must be positive")
        self.rows, self.labels, self.window, self.length = rows, labels, window, length
        self.transposer = None if vocabulary is None else Transposer(vocabulary, semitones)
        self.kinds, self.semitones = kinds, semitones
        self.variations, self.variety = variations, variety
        self.lengths = np.array([row.count for row in rows], np.int64)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> BeatExample:
        """Make an example for the collator: see `beat_example`."""
        row = self.rows[index]
        rng = np.random.default_rng(int(torch.randint(2**62, ())))
        labels = self.labels[index]
        if self.variations is not None and rng.random() < self.variety:
            rolls, found = self.variations(index, self.length, rng)
            labels = {BOUNDARY.name: found}
            row = BeatRow(np.arange(len(rolls) + 1.0), row.seconds, rolls=rolls)
        first = int(rng.integers(0, max(row.count - self.length, 0), endpoint=True))
        stop = min(first + self.length, row.count)
        steps = int(rng.integers(-self.semitones, self.semitones + 1))
        example = beat_example(self._stretch(row, first, stop, steps), self.window)
        example["labels"] = {name: values[first:stop] for name, values in labels.items()}
        return example

    def _stretch(self, row: BeatRow, first: int, stop: int, steps: int) -> BeatRow:
        """Select consecutive units of a piece and transpose them."""
        ids = units = rolls = None
        if row.ids is not None and row.units is not None:
            start, end = row.units.searchsorted([first, stop])
            ids, units = row.ids[start:end], row.units[start:end] - first
            if self.transposer is not None:
                ids = self.transposer(ids, steps)
        if row.rolls is not None:
            rolls = transposed_rolls(row.rolls[first:stop], self.kinds, steps)
        return BeatRow(row.edges[first : stop + 1], row.seconds, ids, units, rolls)


def beat_example(row: BeatRow, window: int) -> BeatExample:
    """Cut a piece, or a stretch of one, into windows of so many tokens for the collator."""
    example: BeatExample = {"unit_count": row.count}
    if row.ids is not None and row.units is not None:
        starts = range(0, max(len(row.ids), 1), window)
        example["input_ids"] = [row.ids[start : start + window] for start in starts]
        example["units"] = [row.units[start : start + window] for start in starts]
    if row.rolls is not None:
        example["unit_rolls"] = row.rolls
    return example
