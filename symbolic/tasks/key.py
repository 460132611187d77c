"""Key of the piece, labelled by key finding where nobody has annotated it."""

from __future__ import annotations

from symbolic.notes import NoteTable
from symbolic.notes.keys import KEY_NAMES, estimate_key
from symbolic.tasks.task import IGNORE, Task

KEY = Task("key", "sequence", "single", KEY_NAMES)


def key_label(notes: NoteTable) -> int:
    """Key id by Krumhansl-Kessler profiles over the whole piece; -100 without pitched notes."""
    key = estimate_key(notes)
    return IGNORE if key is None else key
