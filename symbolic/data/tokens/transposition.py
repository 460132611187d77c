"""Transposition of ids: the same music higher or lower, without the notes at hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from symbolic.data.tokens.vocabulary import TokenVocabulary

PITCH = re.compile(r"(?:Pitch|NoteOn|n)_(\d+)")  # tokens that begin a note of a pitch
MOVED = re.compile(r"(Pitch|NoteOn|NoteOff|n)_(\d+)")  # tokens that a transposition changes


class Transposer:
    """Moves the pitches in ids by semitones; a pitch that the vocabulary lacks moves by octaves
    back, as in `symbolic.notes.augment.transpose`.

    Args:
        vocabulary: of the ids.
        semitones: the most that will be asked for, up and down.

    Raises:
        ValueError: ids without a token of their own for each pitch, as those of a trained
            vocabulary, in which one id stands for several tokens.
    """

    def __init__(self, vocabulary: TokenVocabulary, semitones: int) -> None:
        vocabularies = [vocabulary.vocab] if vocabulary.is_flat else vocabulary.vocab
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
        # For each field that has pitches, (2 * semitones + 1, V): what each id becomes.
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
        """A copy of (T, F) or (T,) ids, `steps` semitones higher; within the range asked for."""
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
    """Id of each token that has a pitch, by its kind and pitch."""
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
