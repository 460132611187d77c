"""The notes that tokenizers emit, found without MidiTok and PyTorch."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from symbolic.notes.batch import PITCH_BITS, NoteBatch, note_batch
from symbolic.notes.table import NoteTable
from symbolic.tokenizers.cp_score import HIGHEST, LOWEST
from symbolic.tokenizers.vdn.notes import emitted_notes

_IN_RANGE = (np.arange(128) >= LOWEST) & (np.arange(128) <= HIGHEST)
Emitted = Callable[[NoteTable], NoteTable]
"""From the notes of a piece to those that a tokenizer emits, in its order."""


def load_emitted(file: Path, tokenizer_class: str) -> Emitted | None:
    """Load what `Tokenizer.emitted` of a saved tokenizer does.

    Args:
        file: of the tokenizer.
        tokenizer_class: its name in `symbolic.tokenizers.TOKENIZERS`.

    Returns:
        A function that can be pickled; None for a class of users, or a file of another class.

    Raises:
        OSError, ValueError: not the file of a tokenizer.
    """
    saved = json.loads(file.read_text(encoding="utf-8"))
    make = _LOADERS.get(tokenizer_class)
    if make is None or not isinstance(saved, dict):
        return None
    if tokenizer_class != "MidiTokTokenizer" and saved.get("tokenization") != tokenizer_class:
        return None
    return make(saved["config"])


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
        return order if np.count_nonzero(held) == len(held) else order[held[order]]
    key = key[order]
    repeated = key[1:] == key[:-1]
    if not np.count_nonzero(repeated):
        return order
    return order[_longest(key, batch.duration_ticks[order], repeated)]


def _longest(key: np.ndarray, duration: np.ndarray, repeated: np.ndarray) -> np.ndarray:
    """Find the longest note of each key, the first of equally long ones.

    Args:
        key, duration: (n,) int64, sorted by key.
        repeated: (n - 1,) bool, whether a key is that of the note before.

    Returns:
        (m,) indices.
    """
    same = np.append(False, repeated)
    same[:-1] |= repeated
    same = np.flatnonzero(same)
    index = np.arange(len(key))
    index[same] = same[np.lexsort((-duration[same], key[same]))]
    return index[np.append(True, ~repeated)]


def in_range(batch: NoteBatch) -> np.ndarray:
    """(n,) bool: the notes of a batch within the pitches of MIDI-BERT."""
    return _IN_RANGE.take(batch.pitch, mode="clip")


def in_order(notes: NoteTable, order: np.ndarray) -> NoteTable:
    """Select notes by (m,) indices; the table itself where they are all of it, as they stand."""
    if len(order) == len(notes) and np.array_equal(order, np.arange(len(notes))):
        return notes
    return notes.select(order)


def emitted_compound_words(notes: NoteTable, preset: str) -> NoteTable:
    """Return the notes of a piece that `CPTokenizer` emits with a preset."""
    notes = notes.pitched()
    if not len(notes):
        return notes
    key = notes.onset_ticks << PITCH_BITS
    key |= notes.pitch
    if preset == "midibert" or key[0] < 0 or np.count_nonzero(key[1:] < key[:-1]):
        return in_order(notes, note_order(note_batch([notes]), preset))
    repeated = key[1:] == key[:-1]  # of a table in order, as readers make it
    if not np.count_nonzero(repeated):
        return notes
    return notes.select(_longest(key, notes.duration_ticks, repeated))


@dataclass(frozen=True)
class EmittedWords:
    """From notes to those that `CPTokenizer` emits with a preset, of a piece or of a batch."""

    preset: str

    def __call__(self, notes: NoteTable) -> NoteTable:
        return emitted_compound_words(notes, self.preset)

    def of_batch(self, batch: NoteBatch) -> NoteBatch:
        """Take the emitted notes of a batch; a piece may lose all notes."""
        return batch.take(note_order(batch, self.preset))


def emitted_within(notes: NoteTable, low: int, high: int) -> NoteTable:
    """Return the pitched notes of a piece within a range of pitches, as given to MidiTok."""
    notes = notes.pitched()
    return notes.select((notes.pitch >= low) & (notes.pitch <= high))


def _compound_words(config: Mapping[str, Any]) -> Emitted:
    return EmittedWords(config["additional_params"]["preset"])


def _ferreira(config: Mapping[str, Any]) -> Emitted:
    return emitted_notes


def _miditok(config: Mapping[str, Any]) -> Emitted:
    low, high = config["pitch_range"]
    return partial(emitted_within, low=low, high=high)


_LOADERS: dict[str, Callable[[Mapping[str, Any]], Emitted]] = {
    "CPTokenizer": _compound_words,
    "FerreiraTokenizer": _ferreira,
    "MidiTokTokenizer": _miditok,
}
