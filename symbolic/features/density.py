"""Density: how many notes and onsets there are in a second, and how many at a time."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import LONGEST, Onsets
from symbolic.features.summaries import moments, share

FULL = 4
"""Notes from which on a chord is full."""


def rates(onsets: Onsets) -> dict[str, float]:
    """Notes and onsets per second, as natural logarithms.

    `onset_density_std` compares the seconds of the piece: the standard deviation of onsets per
    second, relative to its mean.
    """
    part, parts = onsets.parts(onsets.time, 1.0)
    middle, deviation = moments(np.bincount(part, minlength=parts))
    return {
        "notes_per_second_log": np.log(len(onsets.notes) / onsets.span),
        "onsets_per_second_log": np.log(len(onsets.gap) / onsets.span),
        "onset_density_std": deviation / middle,
    }


def voices(onsets: Onsets) -> dict[str, float]:
    """Notes that start together at an onset, and notes and pitch classes that sound there."""
    count, g = onsets.sounding, len(onsets.time)
    middle, deviation = moments(onsets.size)
    return {
        "notes_per_onset_mean": middle,
        "notes_per_onset_std": deviation,
        "notes_sounding_mean": np.add.reduce(count, axis=None) / g,
        "pcs_sounding_mean": np.count_nonzero(count) / g,
    }


def textures(onsets: Onsets) -> dict[str, float]:
    """Single notes, full chords, silence, and how the density of notes changes.

    `onsets_single` and `onsets_full` are the shares of onsets of one note and of `FULL` or more.
    `polyphony_mean` is how many notes sound on average over time, `silence` the share of time in
    which none does. `note_density_std` compares parts of about four seconds: the standard deviation
    of their notes, relative to the mean.
    """
    notes = onsets.notes
    sounded = np.maximum.accumulate(onsets.end)
    rests = np.maximum(notes.onset[1:] - sounded[:-1], 0.0)
    middle, deviation = moments(onsets.window_counts)
    return {
        "onsets_single": share(onsets.size == 1),
        "onsets_full": share(onsets.size >= FULL),
        "polyphony_mean": np.add.reduce(np.minimum(notes.duration, LONGEST)) / onsets.span,
        "silence": np.add.reduce(rests) / onsets.span,
        "note_density_std": deviation / middle,
    }
