"""Melodic intervals: how skyline and bass move from onset to onset, and against each other."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets
from symbolic.features.summaries import entropy, mean

_SIZES = {
    "semitones": 1,
    "whole_tones": 2,
    "minor_thirds": 3,
    "major_thirds": 4,
    "fourths": 5,
    "tritones": 6,
    "fifths": 7,
    "sixths_sevenths": 8,
    "octaves": 12,
}
"""Classes of melodic intervals and the semitones from which each begins."""


def _moves(name: str, line: np.ndarray) -> dict[str, float]:
    interval = np.diff(line)
    size = np.abs(interval)
    return {
        f"{name}_interval_mean": mean(size),
        f"{name}_repeats": mean(size == 0),
        f"{name}_steps": mean((size == 1) | (size == 2)),
        f"{name}_leaps": mean(size >= 5),
        f"{name}_rising": mean(interval[size > 0] > 0),
    }


def moves(onsets: Onsets) -> dict[str, float]:
    """Sizes and direction of the intervals of skyline and bass.

    Steps are intervals of 1 or 2 semitones, leaps of 5 or more; `*_rising` is the share of upward
    among moving intervals.
    """
    return {**_moves("skyline", onsets.top), **_moves("bass", onsets.bottom)}


def _turns(interval: np.ndarray) -> float:
    """Share of changes of direction among neighbouring intervals, repeated notes left out."""
    upward = interval[interval != 0] > 0
    return mean(upward[1:] != upward[:-1])


def shapes(onsets: Onsets) -> dict[str, float]:
    """Interval classes and contour of skyline and bass, and how the two move together.

    The shares `skyline_semitones` ... `skyline_octaves` (an octave or more) and `skyline_repeats`
    sum to 1. `skyline_interval_entropy` is that of intervals with their direction, an octave at
    most, in nats: how little the next interval is known. `*_turns` is the share of changes of
    direction among neighbouring moves, `bass_fourths_fifths` that of the intervals between roots of
    chords a fifth apart. `outer_contrary` and `outer_parallel` are the shares of steps from onset
    to onset at which skyline and bass move against each other, and by the same interval in the
    same direction, as a single line does with itself.
    """
    top, bottom = np.diff(onsets.top), np.diff(onsets.bottom)
    count = max(len(top), 1)
    sizes = np.bincount(np.abs(top), minlength=128)
    shares = np.add.reduceat(sizes, list(_SIZES.values())) / count
    directed = np.bincount(np.clip(top, -12, 12) + 12)
    bass_size = np.abs(bottom)
    return {
        **{f"skyline_{name}": share for name, share in zip(_SIZES, shares, strict=True)},
        "skyline_interval_entropy": entropy(directed / count),
        "skyline_turns": _turns(top),
        "bass_turns": _turns(bottom),
        "bass_fourths_fifths": mean((bass_size == 5) | (bass_size == 7)),
        "outer_contrary": mean(top * bottom < 0),
        "outer_parallel": mean((top == bottom) & (top != 0)),
    }
