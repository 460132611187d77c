"""Melodic intervals of skyline and bass, and the motion between the two."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets, within
from symbolic.features.segments import Columns, Segments, entropies

# Classes of melodic intervals and the semitones from which each begins.
_SIZES = {"semitones": 1, "whole_tones": 2, "minor_thirds": 3, "major_thirds": 4, "fourths": 5}
_SIZES |= {"tritones": 6, "fifths": 7, "sixths_sevenths": 8, "octaves": 12}
_NAMES = tuple(f"skyline_{name}" for name in _SIZES)
_BEGINNINGS = np.array(list(_SIZES.values()))
_OCTAVE = 12  # semitones, or more, of the largest class


def _moves(name: str, interval: np.ndarray, steps: Segments) -> Columns:
    """Summarise the (m,) intervals of a voice."""
    size = np.abs(interval)
    counts = steps.histogram(np.minimum(size, 5), 6)
    repeats, one, two, _, _, leaps = counts.T
    return {
        f"{name}_interval_mean": steps.mean(size),
        f"{name}_repeats": repeats / steps.divisor,
        f"{name}_steps": (one + two) / steps.divisor,
        f"{name}_leaps": leaps / steps.divisor,
        f"{name}_rising": steps.count(interval > 0) / np.maximum(steps.counts - repeats, 1),
    }


def moves(onsets: Onsets) -> Columns:
    """Summarise sizes and directions of the intervals of skyline and bass.

    Steps are intervals of 1 or 2 semitones, leaps of 5 or more; `*_rising` is the share of upward
    among moving intervals.
    """
    steps = onsets.by_onset.steps
    return {
        **_moves("skyline", onsets.top_moves, steps),
        **_moves("bass", onsets.bottom_moves, steps),
    }


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
    top, bottom, steps = onsets.top_moves, onsets.bottom_moves, onsets.by_onset.steps
    divisor = steps.divisor[:, None]
    sizes = steps.histogram(np.minimum(np.abs(top), _OCTAVE), _OCTAVE + 1)
    shares = np.add.reduceat(sizes, _BEGINNINGS, axis=1) / divisor
    directed = steps.histogram(within(top, -_OCTAVE, _OCTAVE) + _OCTAVE, 2 * _OCTAVE + 1)
    bass_size = np.abs(bottom)
    return {
        _NAMES: shares.T,
        "skyline_interval_entropy": entropies(directed / divisor),
        "skyline_turns": _turns(top, steps),
        "bass_turns": _turns(bottom, steps),
        "bass_fourths_fifths": steps.share((bass_size == 5) | (bass_size == 7)),
        "outer_contrary": steps.share(top * bottom < 0),
        "outer_parallel": steps.share((top == bottom) & (top != 0)),
    }
