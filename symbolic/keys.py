"""Keys: names, transposition, and the key of a piece by correlation with key profiles.

A key is one number, `tonic pitch class + 12 * is_minor`: C major is 0, B major 11, c minor 12,
b minor 23. Enharmonic keys are one key.
"""

from __future__ import annotations

import re
from typing import Literal

import numpy as np

from symbolic.notes import NoteTable

KEY_NAMES = (
    *("C major", "Db major", "D major", "Eb major", "E major", "F major"),
    *("F# major", "G major", "Ab major", "A major", "Bb major", "B major"),
    *("c minor", "c# minor", "d minor", "eb minor", "e minor", "f minor"),
    *("f# minor", "g minor", "g# minor", "a minor", "bb minor", "b minor"),
)
"""The 24 keys in the order of their numbers, minor keys in lower case, each as usually spelled."""

MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""Probe-tone ratings of the 12 pitch classes above the tonic (Krumhansl & Kessler 1982)."""

SHORTEST = 0.01
"""Seconds a note counts for at least, so that a key is found where all durations are 0."""

LONGEST = 1e9
"""Seconds a note counts for at most, so that broken files cannot overflow a sum."""

_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_ACCIDENTALS = {"#": 1, "♯": 1, "x": 2, "b": -1, "-": -1, "♭": -1}
_KEY = re.compile(r"([A-Ga-g])([#♯x]*|[b♭]*|-*)(?:[ :]+(maj|major|min|minor))?", re.ASCII)


def _profiles() -> np.ndarray:
    """(12, 24) the profile of each key in a column, centred and of unit length."""
    rows = [np.roll(profile, k) for profile in (MAJOR_PROFILE, MINOR_PROFILE) for k in range(12)]
    columns = np.array(rows).T
    columns = columns - columns.mean(axis=0)
    return columns / np.linalg.norm(columns, axis=0)


_PROFILES = _profiles()


def transpose_key(key: int | np.ndarray, semitones: int | np.ndarray) -> int | np.ndarray:
    """The key that `key` becomes when the music moves by `semitones`.

    Args:
        key: keys 0..23, a number or an array; negative values mean "no key" and stay as they are.
        semitones: a number or an array that broadcasts against `key`; negative is down.

    Returns:
        int where both are numbers, otherwise an int64 array of the broadcast shape.

    >>> KEY_NAMES[transpose_key(parse_key("a minor"), 3)]
    'c minor'
    """
    key = np.asarray(key, dtype=np.int64)
    moved = np.where(key < 0, key, (key + np.asarray(semitones)) % 12 + 12 * (key >= 12))
    return moved if moved.ndim else int(moved)


def parse_key(text: str) -> int:
    """The number of a written key.

    Reads `C major`, `a minor`, `Gb:maj`, `G#:min`, and the analyst's short form, where a capital is
    major and lower case is minor: `Bb`, `f#`. Flats may also be music21's: `E-`, `b-`. A mode
    that is spelled out overrules the case of the letter.

    Raises:
        ValueError: any other text.

    >>> parse_key("Ab:min") == parse_key("g#")
    True
    """
    match = _KEY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a key: {text!r} (write 'C major', 'G#:min', 'Bb' or 'f#')")
    step, accidentals, mode = match.groups()
    minor = mode.startswith("min") if mode else step.islower()
    tonic = _STEPS[step.lower()] + sum(_ACCIDENTALS[sign] for sign in accidentals)
    return tonic % 12 + 12 * minor


def pitch_class_histogram(
    notes: NoteTable, weights: Literal["duration", "onset"] = "duration"
) -> np.ndarray:
    """How much each pitch class is heard; drums do not count.

    Args:
        notes: any number of notes.
        weights: `duration` adds each note's seconds, kept within `SHORTEST` and `LONGEST`;
            `onset` adds 1 per note.

    Returns:
        (12,) float64, C first, not normalised; all 0 where nothing is pitched.

    Raises:
        ValueError: another `weights`.
    """
    notes = notes.pitched()
    if weights == "duration":
        amounts = np.clip(notes.duration, SHORTEST, LONGEST)
    elif weights == "onset":
        amounts = np.ones(len(notes))
    else:
        raise ValueError(f"weights is {weights!r}, not 'duration' or 'onset'")
    return np.bincount(notes.pitch % 12, amounts, minlength=12).astype(np.float64)


def key_scores(histograms: np.ndarray) -> np.ndarray:
    """Pearson correlation of pitch-class histograms with the profile of every key.

    The Krumhansl-Schmuckler algorithm (Krumhansl 1990, "Cognitive Foundations of Musical Pitch",
    chapter 4) with the profiles of Krumhansl & Kessler (1982).

    Args:
        histograms: (..., 12), non-negative, on any scale.

    Returns:
        (..., 24) float64 in -1..1; all 0 where a histogram is empty or uniform and so speaks for
        no key.

    Raises:
        ValueError: the last axis is not 12 long.
    """
    histograms = np.asarray(histograms, dtype=np.float64)
    if histograms.shape[-1:] != (12,):
        raise ValueError(f"histograms of 12 pitch classes expected, got shape {histograms.shape}")
    peak = np.abs(histograms).max(axis=-1, keepdims=True)
    scaled = histograms / np.where(peak > 0, peak, 1.0)
    centred = scaled - scaled.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(centred, axis=-1, keepdims=True)
    # Below this the differences between pitch classes are rounding errors of a uniform histogram.
    flat = length < 1e-9
    return np.clip(np.where(flat, 0.0, centred / np.where(flat, 1.0, length)) @ _PROFILES, -1, 1)


def estimate_key(notes: NoteTable) -> int | None:
    """The key whose profile fits the whole piece best, by duration; None where nothing is pitched.

    A modulating piece gets one key. Of keys that fit equally well, the major ones come first, then
    the one whose tonic is nearest above the piece's lowest note: a transposed piece always gets
    the transposed key.
    """
    histogram = pitch_class_histogram(notes)
    if not histogram.any():
        return None
    lowest = int(notes.pitched().pitch.min())
    return transpose_key(int(key_scores(np.roll(histogram, -lowest)).argmax()), lowest)
