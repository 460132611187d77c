"""Pitch: height, range and registers."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets
from symbolic.features.segments import Columns, entropies

_LINES = tuple(
    f"{line}_{name}" for line in ("skyline", "bass") for name in ("mean", "std", "range")
)


def heights(onsets: Onsets) -> Columns:
    """Summarise the pitch of all notes, skyline (top note per onset) and bass (bottom note).

    The skyline as a stand-in for the melody follows Uitdenbogerd & Zobel (1999).
    """
    names, spread = onsets.by_note.spread("pitch", onsets.pitch, onsets.pitch_ordered)
    voices, outer = onsets.by_onset, onsets.outer
    middle, deviation = voices.moments(outer)
    lines = np.array((middle, deviation, voices.maximum(outer) - voices.minimum(outer)))
    return {
        names: spread,
        "pitch_range": onsets.by_note.maximum(onsets.height),
        _LINES: lines.swapaxes(0, 1).reshape(len(_LINES), -1),
        "skyline_above_bass": voices.mean(onsets.top - onsets.bottom),
    }


def registers(onsets: Onsets) -> Columns:
    """Measure the spread of notes over registers, and its changes.

    `pitch_sounding_mean` is the mean pitch weighted by duration. `register_low` and `register_high`
    are the shares of notes more than an octave below and above the median pitch. `pitch_entropy`
    is that of the pitches, in nats. `pitch_parts_std` compares parts of about four seconds: the
    standard deviation of their mean pitches.
    """
    notes, pitch, seconds = onsets.by_note, onsets.pitch, onsets.duration
    middle = notes.each(notes.median(onsets.pitch_ordered))
    above_lowest = notes.sum(onsets.height * seconds) / notes.sum(seconds)
    return {
        "pitch_sounding_mean": onsets.lowest + above_lowest,
        "pitch_entropy": entropies(notes.histogram(onsets.height, 128) / notes.counts[:, None]),
        "pitch_parts_std": onsets.window_deviations[0],
        "register_low": notes.share(pitch < middle - 12),
        "register_high": notes.share(pitch > middle + 12),
    }
