"""Melodic intervals of skyline and bass, and the motion between the two."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets
from symbolic.features.segments import Columns, Segments, entropies

# Classes of melodic intervals and the semitones from which each begins.
_SIZES = {"semitones": 1, "whole_tones": 2, "minor_thirds": 3, "major_thirds": 4, "fourths": 5}
_SIZES |= {"tritones": 6, "fifths": 7, "sixths_sevenths": 8, "octaves": 12}
_PARTS = ("interval_mean", "repeats", "steps", "leaps", "rising")
_MOVES = tuple(f"{voice}_{part}" for voice in ("skyline", "bass") for part in _PARTS)
_NAMES = tuple(f"skyline_{name}" for name in _SIZES)
_BEGINNINGS = np.array(list(_SIZES.values())) - 1  # in `_sizes`
_OCTAVE = 12  # semitones, or more, of the largest class


def moves(onsets: Onsets) -> Columns:
    """Summarise sizes and directions of the intervals of skyline and bass.

    Steps are intervals of 1 or 2 semitones, leaps of 5 or more; `*_rising` is the share of upward
    among moving intervals.
    """
    steps, counts = onsets.by_onset.steps, onsets.move_counts
    repeats, upward, sizes = counts[_OCTAVE], counts[_OCTAVE + 1 :], _sizes(counts)
    rising = np.add.reduce(upward, axis=0) / np.maximum(steps.counts - repeats, 1)
    several = np.array((repeats, sizes[0] + sizes[1], np.add.reduce(sizes[4:], axis=0)))
    columns = np.array((steps.mean(np.abs(onsets.outer_moves)), *several / steps.divisor, rising))
    return {_MOVES: columns.swapaxes(0, 1).reshape(len(_MOVES), -1)}


def _sizes(counts: np.ndarray) -> np.ndarray:
    """Return (12, 2, p) numbers of moves by 1, 2, ... semitones, from `Onsets.move_counts`."""
    return counts[_OCTAVE + 1 :] + counts[_OCTAVE - 1 :: -1]


def _turns(interval: np.ndarray, steps: Segments) -> np.ndarray:
    """Return the shares of changes of direction among neighbouring intervals other than unisons."""
    moving, segments = steps.find(interval != 0)
    upward = interval[moving] > 0
    return segments.steps.share(segments.after(upward) != segments.before(upward))


def shapes(onsets: Onsets) -> Columns:
    """Measure interval classes and contour of skyline and bass, and their relative motion.

    The shares `skyline_semitones` ... `skyline_octaves` (an octave or more) and `skyline_repeats`
    sum to 1. `skyline_interval_entropy` is the entropy of directed intervals, clipped to an octave,
    in nats. `*_turns` is the share of changes of
    direction among neighbouring moves, `bass_fourths_fifths` that of the intervals between roots of
    chords a fifth apart. `outer_contrary` and `outer_parallel` are the shares of steps from onset
    to onset at which skyline and bass move against each other, and by the same interval in the
    same direction, as a single line does with itself.
    """
    (top, bottom), steps = onsets.outer_moves, onsets.by_onset.steps
    counts = onsets.move_counts
    sizes = _sizes(counts)
    shares = np.add.reduceat(sizes[:, 0], _BEGINNINGS) / steps.divisor
    return {
        _NAMES: shares,
        "skyline_interval_entropy": entropies(counts[:, 0].T / steps.divisor[:, None]),
        "skyline_turns": _turns(top, steps),
        "bass_turns": _turns(bottom, steps),
        "bass_fourths_fifths": (sizes[4, 1] + sizes[6, 1]) / steps.divisor,
        "outer_contrary": steps.share(top * bottom < 0),
        "outer_parallel": steps.share((top == bottom) & (top != 0)),
    }
