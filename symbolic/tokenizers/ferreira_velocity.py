"""The velocity task on flat ids whose velocity tokens hold until the next one."""

from __future__ import annotations

import numpy as np

from symbolic.notes import NoteTable
from symbolic.tokenizers.base import NoteTokenizer


class RunningVelocityTokenizer(NoteTokenizer):
    """A tokenizer of flat ids in which a `v_` token tells the velocity of all `n_` after it.

    Attributes:
        kinds: by id, the first two characters of its token, `v_` and `n_` among them.
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
            New ids, and (T,) bool: the `n_` tokens whose velocity does not stand in them. These are
            the notes after a masked `v_` up to the next `v_`, and those before the first `v_` of a
            window that begins within a piece.
        """
        ids = np.array(ids)
        at = np.flatnonzero((self.kinds == "v_")[ids])
        ids[at[rng.random(len(at)) < share]] = self.mask_ids[0]
        return ids, self.note_positions(ids) & ~self._shown(ids)

    def _shown(self, ids: np.ndarray) -> np.ndarray:
        """(T,) bool: whether the last velocity before each token is there, not masked."""
        says = (self.kinds == "v_")[ids]
        turn = np.where(says | (ids == self.mask_ids[0]), np.arange(len(ids)), -1)
        turn = np.maximum.accumulate(turn)
        return (turn >= 0) & says[turn]

    def velocity_labels(self, notes: NoteTable) -> np.ndarray | None:
        """Dynamic classes of the notes, in the places of their `n_` tokens.

        Args:
            notes: any table; what `ids` emits of it is labelled.

        Returns:
            (T,) int64 class 0..5 of `symbolic.tasks.velocity` at `n_` tokens, by the velocity in
            the table; -100 elsewhere. None where the piece has no dynamics.
        """
        from symbolic.tasks.velocity import IGNORE, velocity_classes  # which loads torch

        if not notes.has_dynamics:
            return None
        notes = self.emitted(notes)
        ids = self.note_ids(notes)
        labels = np.full(len(ids), IGNORE, np.int64)
        labels[self.note_positions(ids)] = velocity_classes(notes.velocity)
        return labels

    def check_velocity_task(self, ids: np.ndarray, labels: np.ndarray) -> None:
        """Refuse velocity labels whose answer stands in the input.

        Args:
            ids: (T,), as the model gets them. MASK counts as a velocity that is masked.
            labels: (T,) classes, -100 where nothing is asked.

        Raises:
            ValueError: a label of a note whose velocity stands before it, or of no note.
        """
        from symbolic.tasks.velocity import IGNORE

        ids, asked = np.asarray(ids), np.asarray(labels) != IGNORE
        if asked.shape != ids.shape:
            raise ValueError(f"{ids.shape} ids and {asked.shape} labels: one label for each id")
        if strays := int((asked & ~self.note_positions(ids)).sum()):
            raise ValueError(f"{strays} velocity labels are not on n_ tokens")
        if told := int((asked & self._shown(ids)).sum()):
            raise ValueError(
                f"velocity labels of {told} notes: the answer stands in the input: mask the v_ "
                "tokens with hide_velocity"
            )
