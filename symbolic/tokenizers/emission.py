"""The notes that saved tokenizers emit, found without MidiTok and PyTorch."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from symbolic.notes.batch import note_batch
from symbolic.notes.table import NoteTable
from symbolic.tokenizers.cp_order import note_order
from symbolic.tokenizers.ferreira_notes import emitted_notes

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


def emitted_compound_words(notes: NoteTable, preset: str) -> NoteTable:
    """Return the notes of a piece that `CPTokenizer` emits with a preset."""
    notes = notes.pitched()
    return notes.select(note_order(note_batch([notes]), preset)) if len(notes) else notes


def emitted_within(notes: NoteTable, low: int, high: int) -> NoteTable:
    """Return the pitched notes of a piece within a range of pitches, as given to MidiTok."""
    notes = notes.pitched()
    return notes.select((notes.pitch >= low) & (notes.pitch <= high))


def _compound_words(config: Mapping[str, Any]) -> Emitted:
    return partial(emitted_compound_words, preset=config["additional_params"]["preset"])


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
