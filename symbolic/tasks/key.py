"""Key of a piece, labelled by a key-finding algorithm unless annotated."""

from __future__ import annotations

from symbolic.notes import NoteTable
from symbolic.notes.keys import KEY_NAMES, estimate_key
from symbolic.tasks.task import IGNORE, Task


def key_label(notes: NoteTable) -> int:
    """Estimate the key id by Krumhansl-Kessler profiles; -100 without pitched notes."""
    key = estimate_key(notes)
    return IGNORE if key is None else key


KEY = Task("key", "sequence", "single", KEY_NAMES, label=key_label)
