"""Transposition of token ids, without the notes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from symbolic.data.tokens.vocabulary import TokenVocabulary

PITCH = re.compile(r"(?:Pitch|NoteOn|n)_(\d+)")  # tokens that begin a note of a pitch
MOVED = re.compile(r"(Pitch|NoteOn|NoteOff|n)_(\d+)")  # tokens that a transposition changes


class Transposer:
    """Transposition of token ids by semitones.

    A pitch outside of the vocabulary moves back by octaves, as in
    `symbolic.notes.augment.transpose`.

    Args:
        vocabulary: of the ids.
        semitones: largest transposition, up and down.

    Raises:
        ValueError: a vocabulary without an id for each pitch, for example a trained one, in which
            an id stands for several tokens.
    """

    def __init__(self, vocabulary: TokenVocabulary, semitones: int) -> None:
        vocabularies = vocabulary.vocabularies
        whole = all(
            len(set(ids.values())) == size
            for ids, size in zip(vocabularies, vocabulary.vocab_sizes, strict=True)
        )
        if semitones and not (whole and any(map(_pitches, vocabularies))):
            raise ValueError(
                f"ids of {vocabulary.tokenizer_class} cannot be transposed: transpose the notes"
            )
        self.semitones = semitones
        self._flat = vocabulary.is_flat
        # For each field with pitches, (2 * semitones + 1, V): the transposed id of each id.
        self._tables = {
            field: np.stack(
                [_moved(ids, size, steps) for steps in range(-semitones, semitones + 1)]
            )
            for field, (ids, size) in enumerate(
                zip(vocabularies, vocabulary.vocab_sizes, strict=True)
            )
            if _pitches(ids)
        }

    def __call__(self, ids: np.ndarray, steps: int) -> np.ndarray:
        """Copy (T, F) or (T,) ids `steps` semitones higher; at most `semitones` up or down."""
        if abs(steps) > self.semitones:
            raise ValueError(f"{steps} semitones are more than {self.semitones}")
        ids = ids.copy()
        for field, table in self._tables.items():
            row = table[steps + self.semitones]
            if self._flat:
                ids = row[ids].astype(ids.dtype)
            else:
                ids[:, field] = row[ids[:, field]]
        return ids


def _pitches(ids: dict[str, int]) -> dict[tuple[str, int], int]:
    """Find the ids of tokens with a pitch, by kind and pitch."""
    matches = ((MOVED.fullmatch(name), i) for name, i in ids.items())
    return {(match[1], int(match[2])): i for match, i in matches if match}


def _moved(ids: dict[str, int], size: int, steps: int) -> np.ndarray:
    table = np.arange(size)
    tokens = _pitches(ids)
    for (kind, pitch), i in tokens.items():
        octaves = (0, -12, 12, -24, 24) if steps > 0 else (0, 12, -12, 24, -24)
        places = ((kind, pitch + steps + octave) for octave in octaves)
        table[i] = next((tokens[place] for place in places if place in tokens), i)
    return table
