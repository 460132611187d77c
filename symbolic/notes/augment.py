"""Augmentation of note tables before tokenizing: transposition, tempo and dynamics.

Every function is vectorised and returns a new table; `Augmentation` draws parameters of each from a
seeded generator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from symbolic.notes.keys import transpose_key
from symbolic.notes.table import NoteTable


def transpose(notes: NoteTable, semitones: int) -> NoteTable:
    """Transpose pitched notes by whole semitones; notes outside 0..127 move back by octaves.

    Drums are unchanged.
    """
    moved = notes.pitch + semitones
    moved = np.where(moved > 127, 127 - (127 - moved) % 12, np.where(moved < 0, moved % 12, moved))
    return replace(notes, pitch=np.where(notes.is_drum, notes.pitch, moved))


def scale_tempo(notes: NoteTable, factor: float) -> NoteTable:
    """Scale the tempo by `factor`: seconds change, ticks and bars do not.

    Raises:
        ValueError: a factor that is not positive.
    """
    if not factor > 0:
        raise ValueError(f"tempo factor {factor} is not positive")
    return replace(
        notes,
        onset=notes.onset / factor,
        duration=notes.duration / factor,
        tempo=notes.tempo * factor,
    )


def shift_velocity(notes: NoteTable, amount: int) -> NoteTable:
    """Add `amount` to every velocity, clipped to 1..127; a piece without dynamics is unchanged."""
    return _with_velocity(notes, notes.velocity + amount)


def scale_velocity(notes: NoteTable, factor: float) -> NoteTable:
    """Multiply every velocity by `factor`, rounded, as `shift_velocity` adds.

    Raises:
        ValueError: a factor that is not positive.
    """
    if not factor > 0:
        raise ValueError(f"velocity factor {factor} is not positive")
    return _with_velocity(notes, np.rint(notes.velocity * factor).astype(np.int64))


def _with_velocity(notes: NoteTable, velocity: np.ndarray) -> NoteTable:
    return replace(notes, velocity=np.clip(velocity, 1, 127)) if notes.has_dynamics else notes


def drop_dynamics(notes: NoteTable) -> NoteTable:
    """Remove the dynamics, as in a score without dynamic marks: every velocity is 64."""
    return replace(notes, velocity=np.full(len(notes), 64, np.int64), has_dynamics=False)


@dataclass(frozen=True)
class Augmentation:
    """Ranges to draw from; the defaults of `Augmentation()` change nothing.

    Attributes:
        semitones: transposition drawn from -semitones..semitones, evenly.
        tempo: tempo factor drawn from [1 / (1 + tempo), 1 + tempo], evenly in its logarithm.
        velocity: velocity shift drawn from -velocity..velocity.
        drop_dynamics: probability of removing the dynamics.
    """

    semitones: int = 0
    tempo: float = 0.0
    velocity: int = 0
    drop_dynamics: float = 0.0

    def __call__(self, notes: NoteTable, rng: np.random.Generator) -> NoteTable:
        """Draw an augmentation and apply it."""
        return self.with_key(notes, -1, rng)[0]

    def with_key(
        self, notes: NoteTable, key: int, rng: np.random.Generator
    ) -> tuple[NoteTable, int]:
        """Draw an augmentation and apply it to a piece and its key (0..23; negative: none)."""
        semitones = int(rng.integers(-self.semitones, self.semitones + 1))
        factor = float(np.exp(rng.uniform(-1, 1) * np.log1p(self.tempo)))
        amount = int(rng.integers(-self.velocity, self.velocity + 1))
        notes = shift_velocity(scale_tempo(transpose(notes, semitones), factor), amount)
        if rng.random() < self.drop_dynamics:
            notes = drop_dynamics(notes)
        return notes, transpose_key(key, semitones)
