"""Velocity of each note, in the six dynamic classes of MT-SMNN (Qiu 2022)."""

from __future__ import annotations

import numpy as np

from symbolic.notes import NoteTable
from symbolic.tasks.task import IGNORE, Task

DYNAMICS = ("pp", "p", "mp", "mf", "f", "ff")


def velocity_classes(velocity: np.ndarray) -> np.ndarray:
    """Classify MIDI velocities: pp 0-31, p 32-47, mp 48-63, mf 64-79, f 80-95, ff 96-127."""
    return np.clip(np.asarray(velocity) // 16 - 1, 0, 5)


def velocity_labels(notes: NoteTable) -> np.ndarray:
    """(n,) int64 class of each note; -100 for all notes of a piece without dynamics."""
    if not notes.has_dynamics:
        return np.full(len(notes), IGNORE, np.int64)
    return velocity_classes(notes.velocity)


VELOCITY = Task("velocity", "token", "single", DYNAMICS, weight=0.3, label=velocity_labels)
