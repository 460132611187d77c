"""Keys: names, transposition, and estimation by correlation with key profiles.

A key is one number, `tonic pitch class + 12 * is_minor`: C major is 0, B major 11, c minor 12,
b minor 23. Enharmonic keys are one key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import numpy as np

from symbolic.notes.table import NoteTable

KEY_NAMES = (
    *("C major", "Db major", "D major", "Eb major", "E major", "F major"),
    *("F# major", "G major", "Ab major", "A major", "Bb major", "B major"),
    *("c minor", "c# minor", "d minor", "eb minor", "e minor", "f minor"),
    *("f# minor", "g minor", "g# minor", "a minor", "bb minor", "b minor"),
)
"""The 24 keys in the order of their numbers, minor keys in lower case, each as usually spelled."""

PROFILES = {
    "krumhansl-kessler": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    ),
    "aarden-essen": (
        (
            *(17.7661, 0.145624, 14.9265, 0.160186, 19.8049, 11.3587),
            *(0.291248, 22.062, 0.145624, 8.15494, 0.232998, 4.95122),
        ),
        (
            *(18.2648, 0.737619, 14.0499, 16.8599, 0.702494, 14.4362),
            *(0.702494, 18.6161, 4.56621, 1.93186, 7.37619, 1.75623),
        ),
    ),
}
"""Profiles of major and minor keys by name, the tonic first.

`krumhansl-kessler`: probe-tone ratings (Krumhansl & Kessler 1982). `aarden-essen`: percentages of
pitch classes in the folk songs of the Essen collection (Aarden 2003, "Dynamic melodic expectancy"),
the numbers of Humdrum's `keycor --aarden`. music21's `analyze("key")` uses them. The source of the
minor profile is not documented.
"""

Weights = Literal["duration", "quarters", "onset"]

MIN_NOTE_SECONDS = 0.01  # least weight of a note: a key is found even if all durations are 0
MAX_NOTE_SECONDS = 1e9  # largest weight of a note: damaged files cannot overflow a sum

_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_ACCIDENTALS = {"#": 1, "♯": 1, "x": 2, "b": -1, "-": -1, "♭": -1}
_KEY = re.compile(r"([A-Ga-g])([#♯x]*|[b♭]*|-*)(?:[ :]+(maj|major|min|minor))?", re.ASCII)


def _columns(*profiles: tuple[float, ...]) -> np.ndarray:
    """Build (12, 24) columns: the profile of each key, centred and of unit length."""
    rows = [np.roll(profile, k) for profile in profiles for k in range(12)]
    columns = np.array(rows).T
    columns = columns - columns.mean(axis=0)
    return columns / np.linalg.norm(columns, axis=0)


_PROFILES = {name: _columns(*profiles) for name, profiles in PROFILES.items()}


def transpose_key(key: int, semitones: int) -> int:
    """Transpose a key, 0..23; a negative number ("no key") is unchanged.

    >>> KEY_NAMES[transpose_key(parse_key("a minor"), 3)]
    'c minor'
    """
    return key if key < 0 else (key + semitones) % 12 + 12 * (key >= 12)


def parse_key(text: str) -> int:
    """Parse the name of a key.

    Accepts `C major`, `a minor`, `Gb:maj`, `G#:min`, and the short form of analysts, upper case for
    major and lower case for minor: `Bb`, `f#`. Flats may be written as in music21: `E-`, `b-`. An
    explicit mode overrides the case of the letter.

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


def pitch_class_histogram(notes: NoteTable, weights: Weights = "duration") -> np.ndarray:
    """Sum the weights of the notes of each pitch class, without drums.

    Args:
        notes: any number of notes.
        weights: `duration` adds each note's seconds, kept within `MIN_NOTE_SECONDS` and
            `MAX_NOTE_SECONDS`; `quarters` its quarter notes; `onset` adds 1 per note.

    Returns:
        (12,) float64, C first, not normalised; all 0 without pitched notes.

    Raises:
        ValueError: unknown `weights`.
    """
    pitch, amounts = _pitched(notes, weights)
    histogram = np.bincount(pitch % 12, amounts, minlength=12)
    return histogram / notes.ticks_per_quarter if weights == "quarters" else histogram


def key_scores(histograms: np.ndarray, profile: str = "krumhansl-kessler") -> np.ndarray:
    """Correlate pitch-class histograms with the profile of every key (Pearson).

    The Krumhansl-Schmuckler algorithm (Krumhansl 1990, "Cognitive Foundations of Musical Pitch",
    chapter 4).

    Args:
        histograms: (..., 12), non-negative, on any scale.
        profile: one of `PROFILES`; by default that of Krumhansl & Kessler (1982).

    Returns:
        (..., 24) float64 in -1..1; all 0 for an empty or uniform histogram.

    Raises:
        ValueError: the last axis is not 12 long, or an unknown `profile`.
    """
    histograms = np.asarray(histograms, dtype=np.float64)
    if histograms.shape[-1:] != (12,):
        raise ValueError(f"histograms of 12 pitch classes expected, got shape {histograms.shape}")
    if profile not in _PROFILES:
        raise ValueError(f"profile is {profile!r}, not one of {', '.join(_PROFILES)}")
    scores = _of_unit_length(histograms) @ _PROFILES[profile]
    return np.minimum(np.maximum(scores, -1.0, out=scores), 1.0, out=scores)


def block_scores(histograms: np.ndarray, blocks: Iterable[tuple[int, int]]) -> np.ndarray:
    """Compute `key_scores` of each block of rows as if alone, to the last bit.

    The rounding of a matrix product may depend on the number of its rows.

    Args:
        histograms: (n, 12).
        blocks: start and end of consecutive blocks, which cover all rows.

    Returns:
        (n, 24) float64, as of `key_scores`.
    """
    scaled, profile = _of_unit_length(histograms), _PROFILES["krumhansl-kessler"]
    scores = np.empty((len(scaled), len(KEY_NAMES)))
    for start, end in blocks:
        np.matmul(scaled[start:end], profile, out=scores[start:end])
    return np.minimum(np.maximum(scores, -1.0, out=scores), 1.0, out=scores)


def _of_unit_length(histograms: np.ndarray) -> np.ndarray:
    """Centre (..., 12) histograms and scale them to unit length; uniform ones to zeros."""
    # Ufuncs directly: on 12 numbers, np.mean, np.linalg.norm and np.clip are mostly overhead.
    peak = np.maximum.reduce(np.abs(histograms), axis=-1, keepdims=True)
    scaled = histograms / (peak + (peak == 0))
    centred = scaled - np.add.reduce(scaled, axis=-1, keepdims=True) / 12
    length = np.sqrt(np.add.reduce(centred * centred, axis=-1, keepdims=True))
    # Below this, the differences between pitch classes are rounding errors of a uniform histogram.
    length[length < 1e-9] = np.inf
    return centred / length


def estimate_key(
    notes: NoteTable, weights: Weights = "duration", profile: str = "krumhansl-kessler"
) -> int | None:
    """Estimate the key of a whole piece; None if all weights are 0.

    A modulating piece gets one key. Among equally good keys, major ones come first, then the one
    whose tonic is nearest above the lowest note of the piece: a transposed piece always gets the
    transposed key.

    Args:
        notes: any number of notes; drums do not count.
        weights: of notes, as in `pitch_class_histogram`. The key analysis of music21 uses
            `quarters`.
        profile: one of `PROFILES`.

    Raises:
        ValueError: unknown `weights` or `profile`.
    """
    pitch, amounts = _pitched(notes, weights)
    if not len(pitch):
        return None
    # Counted from the lowest note, the histogram is invariant to transposition, to the last bit.
    lowest = int(np.minimum.reduce(pitch))
    histogram = np.bincount((pitch - lowest) % 12, amounts, minlength=12)
    if not histogram.any():
        return None
    minor, above = divmod(int(key_scores(histogram, profile).argmax()), 12)
    return (lowest + above) % 12 + 12 * minor


def _pitched(notes: NoteTable, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
    """Return pitches and weights of the pitched notes; quarters in ticks: their sums are exact."""
    notes = notes.pitched()
    if weights == "duration":
        return notes.pitch, notes.duration.clip(MIN_NOTE_SECONDS, MAX_NOTE_SECONDS)
    if weights == "quarters":
        return notes.pitch, notes.duration_ticks
    if weights == "onset":
        return notes.pitch, np.ones(len(notes))
    raise ValueError(f"weights is {weights!r}, not 'duration', 'quarters' or 'onset'")
