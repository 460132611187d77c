"""Windows of a token file as training examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from symbolic.data.datasets.dataset import MASKED_VELOCITY, check_velocity, score_fields
from symbolic.data.datasets.examples import Example
from symbolic.data.tokens.file import TokenFile
from symbolic.data.tokens.transposition import Transposer
from symbolic.data.tokens.variation import Variation
from symbolic.features import ABSOLUTE_PITCH, TONAL_NAMES, transposed_tonal
from symbolic.notes.keys import transpose_key
from symbolic.tasks import IGNORE, KEY, VELOCITY


class TokenDataset(Dataset):
    """One random window of each piece per epoch, or all windows of all pieces.

    A piece whose number is given several times has as many random windows.

    Random choices follow torch's global generator, like those of `PieceDataset`.

    Args:
        tokens: a token file.
        window: tokens in a window.
        pieces: numbers of the pieces to use; all by default.
        masked_velocity: as for `PieceDataset`.
        masked_score_time: probability of masking Bar, Position and Duration in a whole window, if
            the vocabulary also has seconds (Gap, Hold).
        semitones: largest random transposition of a window and its key, up and down.
        variation: further random changes of a window.
        feature_names: features of the whole piece to add, of those in the file.
        every: use all windows of `window_starts`, the longest first, always with the same masked
            velocities: for evaluation with little padding.

    Attributes:
        lengths: (len(self),) int64 tokens of each example.
        piece: (len(self),) int64 number in the file of the piece of each example.

    Raises:
        ValueError: velocity labels that the tokens would reveal, or that cannot be tied to tokens;
            ids that cannot be transposed; or features that the file lacks.
    """

    def __init__(
        self,
        tokens: TokenFile,
        window: int = 512,
        pieces: Sequence[int] | np.ndarray | None = None,
        masked_velocity: float | None = MASKED_VELOCITY,
        masked_score_time: float = 0.0,
        semitones: int = 0,
        variation: Variation | None = None,
        feature_names: Sequence[str] = (),
        every: bool = False,
    ) -> None:
        check_velocity(tokens.vocabulary, masked_velocity)
        self.tokens = tokens
        self.window = window
        self.masked_velocity = masked_velocity
        self.masked_score_time = masked_score_time
        self.transposer = Transposer(tokens.vocabulary, semitones)
        self.variation = variation
        # Features that change with transposition, and their change per semitone.
        self.features = tokens.feature_columns(feature_names) if feature_names else None
        self.moving = np.isin(feature_names, ABSOLUTE_PITCH).astype(np.float32)
        place = {name: i for i, name in enumerate(feature_names)}
        self.turning = [place[name] for name in TONAL_NAMES if name in place]
        if self.turning and len(self.turning) < len(TONAL_NAMES):
            raise ValueError("features of symbolic.features.tonal: all of them, or none")
        self.every = every
        self.score_fields = score_fields(tokens.vocabulary.field_names)
        self.piece = np.arange(len(tokens)) if pieces is None else np.array(pieces, dtype=np.int64)
        whole = tokens.lengths[self.piece]
        if every:
            starts = [window_starts(length, window) for length in whole.tolist()]
            self.piece = self.piece.repeat([len(first) for first in starts])
            whole = tokens.lengths[self.piece]
            order = np.argsort(-np.minimum(whole, window), kind="stable")
            self.piece, whole = self.piece[order], whole[order]
            self.starts = np.concatenate([*starts, np.zeros(0, np.int64)])[order]
        self.lengths = np.minimum(whole, window)

    def __len__(self) -> int:
        return len(self.piece)

    def __getitem__(self, index: int) -> Example:
        """Make an example for the collator: `input_ids`, `labels`, and `features` if named."""
        piece = int(self.piece[index])  # raises IndexError, which ends an iteration
        first, end = self.tokens.offsets[piece : piece + 2].tolist()
        if self.every:
            rng = np.random.default_rng(index)
            start = first + int(self.starts[index])
        else:
            rng = np.random.default_rng(int(torch.randint(2**62, ())))
            start = int(rng.integers(first, max(end - self.window, first) + 1))
        cut = slice(start, min(start + self.window, end))
        ids = self.tokens.ids[cut].astype(np.int64)
        labels: dict[str, Any] = {
            name: values[piece] for name, values in self.tokens.labels.items()
        }
        steps = 0
        if limit := self.transposer.semitones:
            steps = int(rng.integers(-limit, limit + 1))
            ids = self.transposer(ids, steps)
            if labels.get(KEY.name, IGNORE) != IGNORE:
                labels[KEY.name] = transpose_key(int(labels[KEY.name]), steps)
        if self.variation is not None:
            ids = self.variation(ids, rng)
        of_tokens = {name: values[cut] for name, values in self.tokens.token_labels.items()}
        velocity = of_tokens.pop(VELOCITY.name)
        labels |= of_tokens
        if self.masked_velocity is not None:
            ids, hidden = self.tokens.vocabulary.hide_velocity(ids, self.masked_velocity, rng)
            labels[VELOCITY.name] = np.where(hidden, velocity, IGNORE)
        if self.score_fields and rng.random() < self.masked_score_time:
            ids[:, self.score_fields] = np.array(self.tokens.vocabulary.mask_ids)[self.score_fields]
        example: Example = {"input_ids": ids, "labels": labels}
        if self.features is not None:
            row = self.features[piece] + steps * self.moving
            if self.turning:
                row[self.turning] = transposed_tonal(row[self.turning], steps)
            example["features"] = row
        return example


def window_starts(length: int, window: int) -> np.ndarray:
    """Find the starts of full windows that cover a piece; each overlaps the next by half.

    The last window ends with the piece and may overlap the one before by more. A piece that fits
    into one window is one window. Length and window are in positions.

    Returns:
        (w,) int64, ascending, at least one.
    """
    if length <= window:
        return np.zeros(1, np.int64)
    starts = np.arange(0, length - window, max(window // 2, 1))
    return np.append(starts, length - window)
