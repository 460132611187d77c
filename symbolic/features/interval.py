"""Melodic intervals of skyline and bass, and the motion between the two."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets, within
from symbolic.features.summaries import entropy, mean, share

# Classes of melodic intervals and the semitones from which each begins.
_SIZES = {"semitones": 1, "whole_tones": 2, "minor_thirds": 3, "major_thirds": 4, "fourths": 5}
_SIZES |= {"tritones": 6, "fifths": 7, "sixths_sevenths": 8, "octaves": 12}
_NAMES = tuple(f"skyline_{name}" for name in _SIZES)
_BEGINNINGS = np.array(list(_SIZES.values()))


def _moves(name: str, interval: np.ndarray) -> dict[str, float]:
    size = np.abs(interval)
    count = max(len(size), 1)
    repeats, one, two, three, four = np.bincount(np.minimum(size, 5), minlength=6)[:5].tolist()
    moving = len(size) - repeats
    return {
        f"{name}_interval_mean": mean(size),
        f"{name}_repeats": repeats / count,
        f"{name}_steps": (one + two) / count,
        f"{name}_leaps": (moving - one - two - three - four) / count,
        f"{name}_rising": np.count_nonzero(interval > 0) / max(moving, 1),
    }


def moves(onsets: Onsets) -> dict[str, float]:
    """Summarise sizes and directions of the intervals of skyline and bass.

    Steps are intervals of 1 or 2 semitones, leaps of 5 or more; `*_rising` is the share of upward
    among moving intervals.
    """
    return {**_moves("skyline", onsets.top_moves), **_moves("bass", onsets.bottom_moves)}


def _turns(interval: np.ndarray) -> float:
    """Return the share of changes of direction among neighbouring intervals other than unisons."""
    upward = interval[interval != 0] > 0
    return share(upward[1:] != upward[:-1])


def shapes(onsets: Onsets) -> dict[str, float]:
    """Measure interval classes and contour of skyline and bass, and their relative motion.

    The shares `skyline_semitones` ... `skyline_octaves` (an octave or more) and `skyline_repeats`
    sum to 1. `skyline_interval_entropy` is the entropy of directed intervals, clipped to an octave,
    in nats. `*_turns` is the share of changes of
    direction among neighbouring moves, `bass_fourths_fifths` that of the intervals between roots of
    chords a fifth apart. `outer_contrary` and `outer_parallel` are the shares of steps from onset
    to onset at which skyline and bass move against each other, and by the same interval in the
    same direction, as a single line does with itself.
    """
    top, bottom = onsets.top_moves, onsets.bottom_moves
    count = max(len(top), 1)
    sizes = np.bincount(np.abs(top), minlength=128)
    shares = np.add.reduceat(sizes, _BEGINNINGS) / count
    directed = np.bincount(within(top, -12, 12) + 12)
    bass_size = np.abs(bottom)
    return {
        **dict(zip(_NAMES, shares.tolist(), strict=True)),
        "skyline_interval_entropy": entropy(directed / count),
        "skyline_turns": _turns(top),
        "bass_turns": _turns(bottom),
        "bass_fourths_fifths": share((bass_size == 5) | (bass_size == 7)),
        "outer_contrary": share(top * bottom < 0),
        "outer_parallel": share((top == bottom) & (top != 0)),
    }
