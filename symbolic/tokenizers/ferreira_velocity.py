"""The velocity task on flat ids in which a velocity token holds until the next one."""

from __future__ import annotations

import numpy as np

from symbolic.notes import NoteTable
from symbolic.tokenizers.base import NoteTokenizer


class RunningVelocityTokenizer(NoteTokenizer):
    """A tokenizer of flat ids in which a `v_` token is the velocity of all `n_` after it.

    Attributes:
        kinds: the first two characters of each token, such as `v_` and `n_`, by id.
    """

    kinds: np.ndarray

    def note_positions(self, ids: np.ndarray) -> np.ndarray:
        """(T,) bool: the `n_` tokens, one for each note of `emitted`, in order."""
        return (self.kinds == "n_")[ids]

    shows_velocity = True

    def hide_velocity(
        self, ids: np.ndarray, share: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mask a share of the `v_` tokens.

        Args:
            ids: (T,), a piece or a window of one.
            share: probability for each `v_` to be masked.
            rng: draws once for each `v_`.

        Returns:
            New ids, and (T,) bool: the `n_` tokens whose velocity is not in them. These are the
            notes after a masked `v_` up to the next `v_`, and those before the first `v_` of a
            window that begins within a piece.
        """
        ids = np.array(ids)
        at = np.flatnonzero((self.kinds == "v_")[ids])
        ids[at[rng.random(len(at)) < share]] = self.mask_ids[0]
        return ids, self.note_positions(ids) & ~self._shown(ids)

    def _shown(self, ids: np.ndarray) -> np.ndarray:
        """(T,) bool: whether there is a velocity before each token, and the last is not masked."""
        is_velocity = (self.kinds == "v_")[ids]
        last = np.where(is_velocity | (ids == self.mask_ids[0]), np.arange(len(ids)), -1)
        last = np.maximum.accumulate(last)
        return (last >= 0) & is_velocity[last]

    def velocity_labels(self, notes: NoteTable) -> np.ndarray | None:
        """Return the dynamic classes of the notes at their `n_` tokens.

        Args:
            notes: any table; the notes that `ids` emits are labelled.

        Returns:
            (T,) int64 class 0..5 of `symbolic.tasks.velocity` at `n_` tokens, by the velocity in
            the table; -100 elsewhere. None if the piece has no dynamics.
        """
        from symbolic.tasks.velocity import IGNORE, velocity_classes  # loads torch

        if not notes.has_dynamics:
            return None
        notes = self.emitted(notes)
        ids = self.note_ids(notes)
        labels = np.full(len(ids), IGNORE, np.int64)
        labels[self.note_positions(ids)] = velocity_classes(notes.velocity)
        return labels

    def check_velocity_task(self, ids: np.ndarray, labels: np.ndarray) -> None:
        """Check that the input does not contain the velocities to be predicted.

        Args:
            ids: (T,), the input of the model. MASK counts as a masked velocity.
            labels: (T,) classes, -100 for no label.

        Raises:
            ValueError: a label of a note whose velocity precedes it in the ids, or of no note.
        """
        from symbolic.tasks.velocity import IGNORE

        ids, labelled = np.asarray(ids), np.asarray(labels) != IGNORE
        if labelled.shape != ids.shape:
            raise ValueError(f"{ids.shape} ids and {labelled.shape} labels: one label for each id")
        if strays := int((labelled & ~self.note_positions(ids)).sum()):
            raise ValueError(f"{strays} velocity labels are not on n_ tokens")
        if shown := int((labelled & self._shown(ids)).sum()):
            raise ValueError(
                f"velocity labels of {shown} notes whose velocity is in the input: mask the v_ "
                "tokens with hide_velocity"
            )
