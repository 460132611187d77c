"""Velocities in token ids: which tokens they are, and how they are masked.

Without MidiTok and torch, since token files are read without a tokenizer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

NAMES = ("Velocity_", "v_")  # beginnings of the names of velocity tokens


class VelocityTokens:
    """The tokens of a vocabulary whose names begin with one of `NAMES`.

    Args:
        vocabularies: ids by name, for each sub-token.
        mask_ids: the id of MASK in each sub-token.
    """

    def __init__(
        self, vocabularies: Sequence[Mapping[str, int]], mask_ids: Sequence[int] | None
    ) -> None:
        found = [
            [number for name, number in vocabulary.items() if name.startswith(NAMES)]
            for vocabulary in vocabularies
        ]
        self.columns = [column for column, numbers in enumerate(found) if numbers]
        self.mask_ids = mask_ids
        self._is_velocity = np.zeros(1 + max(vocabularies[0].values(), default=0), bool)
        self._is_velocity[found[0]] = True

    def hide(
        self, ids: np.ndarray, share: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mask a share of the velocities in ids.

        In (T, F) ids a velocity is that of its row. In (T,) ids it holds from its token to the
        next one, so that the notes between them are hidden together; those before the first one of
        a window are always hidden.

        Args:
            ids: a piece or a window of one.
            share: probability of each velocity token to be masked.
            rng: draws once for each velocity token.

        Returns:
            Ids like `ids`, and (T,) bool: tokens whose velocity, if they have one, is not in the
            ids any more.

        Raises:
            ValueError: the vocabulary has velocities and no MASK.
        """
        if not self.columns:
            return ids, np.ones(len(ids), bool)
        if self.mask_ids is None:
            raise ValueError("the vocabulary has no MASK to hide velocities with")
        ids = np.array(ids)
        if ids.ndim > 1:
            hidden = rng.random(len(ids)) < share
            for column in self.columns:
                ids[hidden, column] = self.mask_ids[column]
            return ids, hidden
        at = np.flatnonzero(self._is_velocity[ids])
        ids[at[rng.random(len(at)) < share]] = self.mask_ids[0]
        return ids, ~self.shown(ids)

    def shown(self, ids: np.ndarray) -> np.ndarray:
        """(T,) bool: whether a velocity precedes each of (T,) ids, and the last is not masked."""
        is_velocity = self._is_velocity[ids]
        marks = is_velocity if self.mask_ids is None else is_velocity | (ids == self.mask_ids[0])
        last = np.maximum.accumulate(np.where(marks, np.arange(len(ids)), -1))
        return (last >= 0) & is_velocity[last]
