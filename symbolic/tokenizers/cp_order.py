"""Which notes compound words have, and their order."""

from __future__ import annotations

import numpy as np

from symbolic.notes.batch import NoteBatch
from symbolic.tokenizers.cp_score import HIGHEST, LOWEST


def note_order(batch: NoteBatch, preset: str) -> np.ndarray:
    """Sort the notes of a batch that compound words have by onset and pitch.

    `midibert` has all notes within `LOWEST` and `HIGHEST`. Other presets have, of notes with the
    same onset and pitch, only the longest, the first of equally long ones.

    Returns:
        (m,) indices of the notes; pieces keep their order.
    """
    key = batch.keys(batch.onset_ticks)
    order = key.argsort(kind="stable")  # one pass if notes are nearly sorted
    if preset == "midibert":
        held = in_range(batch)
        return order if held.all() else order[held[order]]
    key = key[order]
    repeated = key[1:] == key[:-1]
    if not repeated.any():
        return order
    same = np.append(False, repeated)
    same[:-1] |= repeated
    same = np.flatnonzero(same)
    best = np.lexsort((-batch.duration_ticks[order[same]], key[same]))
    order[same] = order[same[best]]
    return order[np.append(True, ~repeated)]


def in_range(batch: NoteBatch) -> np.ndarray:
    """(n,) bool: the notes of a batch within the pitches of MIDI-BERT."""
    return (batch.pitch >= LOWEST) & (batch.pitch <= HIGHEST)
