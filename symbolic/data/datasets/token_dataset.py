"""Windows of a token file as training examples: nothing is read or tokenized any more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from symbolic.data.datasets.dataset import MASKED_VELOCITY, SCORE_TIME, SECONDS, check_velocity
from symbolic.data.datasets.windows import window_starts
from symbolic.data.tokens.file import TokenFile
from symbolic.data.tokens.transposition import Transposer
from symbolic.features import ABSOLUTE_PITCH, TONAL_NAMES, transposed_tonal
from symbolic.notes.keys import transpose_key
from symbolic.tasks import IGNORE


class TokenDataset(Dataset):
    """One random window of each piece at a time, or every window of every piece.

    Random choices follow torch's global generator, as those of `PieceDataset`.

    Args:
        tokens: a token file.
        window: tokens in a window.
        pieces: which of its pieces, by number; all by default.
        masked_velocity: share of the notes whose velocity is masked, where the tokens show it; only
            those have a velocity label, since the others would show the answer. Where the tokens
            show no velocity, every note has a label. None masks nothing and gives no velocity
            labels.
        masked_score_time: probability that Bar, Position and Duration are masked throughout, where
            the vocabulary also has seconds (Gap, Hold).
        semitones: each window is transposed, with its key, by up to so many semitones up or down.
        feature_names: features of the whole piece to add, of those in the file.
        every: every window that `window_starts` gives, the longest first, always with the same
            velocities masked: to evaluate with hardly any padding.

    Attributes:
        lengths: (len(self),) int64, tokens of each example.
        piece: (len(self),) int64, number of the piece in the file that each example is from.

    Raises:
        ValueError: velocity labels that the tokens would give away, or that they cannot place; ids
            that cannot be transposed, or features that the file lacks.
    """

    def __init__(
        self,
        tokens: TokenFile,
        window: int = 512,
        pieces: Sequence[int] | np.ndarray | None = None,
        masked_velocity: float | None = MASKED_VELOCITY,
        masked_score_time: float = 0.0,
        semitones: int = 0,
        feature_names: Sequence[str] = (),
        every: bool = False,
    ) -> None:
        check_velocity(tokens.vocabulary, masked_velocity)
        self.tokens = tokens
        self.window = window
        self.masked_velocity = masked_velocity
        self.masked_score_time = masked_score_time
        self.transposer = Transposer(tokens.vocabulary, semitones)
        # Features that move with the pitches, by so much for each semitone.
        self.features = tokens.feature_columns(feature_names) if feature_names else None
        self.moving = np.isin(feature_names, ABSOLUTE_PITCH).astype(np.float32)
        place = {name: i for i, name in enumerate(feature_names)}
        self.turning = [place[name] for name in TONAL_NAMES if name in place]
        if self.turning and len(self.turning) < len(TONAL_NAMES):
            raise ValueError("features of symbolic.features.tonal: all of them, or none")
        self.every = every
        names = tokens.vocabulary.field_names
        seconds = set(names) >= set(SECONDS)
        self.score_fields = [names.index(name) for name in SCORE_TIME if name in names and seconds]
        self.piece = np.arange(len(tokens)) if pieces is None else np.array(pieces, dtype=np.int64)
        whole = tokens.lengths[self.piece]
        if every:
            starts = [window_starts(length, window) for length in whole.tolist()]
            self.piece = self.piece.repeat([len(one) for one in starts])
            whole = tokens.lengths[self.piece]
            order = np.argsort(-np.minimum(whole, window), kind="stable")
            self.piece, whole = self.piece[order], whole[order]
            self.starts = np.concatenate([*starts, np.zeros(0, np.int64)])[order]
        self.lengths = np.minimum(whole, window)

    def __len__(self) -> int:
        return len(self.piece)

    def __getitem__(self, index: int) -> dict[str, object]:
        """One example, as the collator takes it.

        Returns:
            `input_ids` (T,) or (T, F), `labels` by task name, and `features` (C,) where they
            were named.
        """
        piece = int(self.piece[index])  # an index that is too high ends an iteration
        first, end = self.tokens.offsets[piece : piece + 2].tolist()
        if self.every:
            rng = np.random.default_rng(index)
            start = first + int(self.starts[index])
        else:
            rng = np.random.default_rng(int(torch.randint(2**62, ())))
            start = int(rng.integers(first, max(end - self.window, first) + 1))
        cut = slice(start, min(start + self.window, end))
        ids = self.tokens.ids[cut].astype(np.int64)
        labels = {name: values[piece] for name, values in self.tokens.labels.items()}
        steps = 0
        if limit := self.transposer.semitones:
            steps = int(rng.integers(-limit, limit + 1))
            ids = self.transposer(ids, steps)
            if "key" in labels and labels["key"] != IGNORE:
                labels["key"] = transpose_key(int(labels["key"]), steps)
        if self.masked_velocity is not None:
            ids, asked = self.tokens.vocabulary.hide_velocity(ids, self.masked_velocity, rng)
            labels["velocity"] = np.where(asked, self.tokens.velocity[cut], IGNORE)
        if self.score_fields and rng.random() < self.masked_score_time:
            ids[:, self.score_fields] = np.array(self.tokens.vocabulary.mask_ids)[self.score_fields]
        example = {"input_ids": ids, "labels": labels}
        if self.features is not None:
            row = self.features[piece] + steps * self.moving
            if self.turning:
                row[self.turning] = transposed_tonal(row[self.turning], steps)
            example["features"] = row
        return example
