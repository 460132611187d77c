"""Density: notes and onsets per second, and notes at a time."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import MAX_DURATION, Onsets
from symbolic.features.summaries import moments, share

FULL_CHORD_NOTES = 4  # or more


def rates(onsets: Onsets) -> dict[str, float]:
    """Compute notes and onsets per second, as natural logarithms.

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
    """Count the notes that start at an onset, and the notes and pitch classes that sound there."""
    count, g = onsets.sounding, len(onsets.time)
    middle, deviation = moments(onsets.size)
    return {
        "notes_per_onset_mean": middle,
        "notes_per_onset_std": deviation,
        "notes_sounding_mean": np.add.reduce(count, axis=None) / g,
        "pcs_sounding_mean": np.count_nonzero(count) / g,
    }


def textures(onsets: Onsets) -> dict[str, float]:
    """Measure single notes, full chords, silence, and changes of note density.

    `onsets_single` and `onsets_full` are the shares of onsets of one note and of `FULL_CHORD_NOTES`
    or more. `polyphony_mean` is the mean number of sounding notes over time, `silence` the share of
    time without any. `note_density_std` compares parts of about four seconds: the standard
    deviation of their note counts, relative to the mean.
    """
    notes = onsets.notes
    sounded = np.maximum.accumulate(onsets.end)
    rests = np.maximum(notes.onset[1:] - sounded[:-1], 0.0)
    middle, deviation = moments(onsets.window_counts)
    return {
        "onsets_single": share(onsets.size == 1),
        "onsets_full": share(onsets.size >= FULL_CHORD_NOTES),
        "polyphony_mean": np.add.reduce(np.minimum(notes.duration, MAX_DURATION)) / onsets.span,
        "silence": np.add.reduce(rests) / onsets.span,
        "note_density_std": deviation / middle,
    }
