"""Density: how many notes and onsets there are in a second, and how many at a time."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import LONGEST, Onsets

FULL = 4
"""Notes from which on a chord is full."""


def rates(onsets: Onsets) -> dict[str, float]:
    """Notes and onsets per second, as natural logarithms.

    `onset_density_std` compares the seconds of the piece: the standard deviation of onsets per
    second, relative to its mean.
    """
    part, parts = onsets.parts(onsets.time, 1.0)
    per_part = np.bincount(part, minlength=parts)
    return {
        "notes_per_second_log": np.log(len(onsets.notes) / onsets.span),
        "onsets_per_second_log": np.log(len(onsets.gap) / onsets.span),
        "onset_density_std": per_part.std() / per_part.mean(),
    }


def voices(onsets: Onsets) -> dict[str, float]:
    """Notes that start together at an onset, and notes and pitch classes that sound there."""
    count, g = onsets.sounding, len(onsets.time)
    return {
        "notes_per_onset_mean": onsets.size.mean(),
        "notes_per_onset_std": onsets.size.std(),
        "notes_sounding_mean": count.sum() / g,
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
    part, parts = onsets.window
    per_part = np.bincount(part, minlength=parts)
    sounded = np.maximum.accumulate(notes.onset + notes.duration)
    rests = np.maximum(notes.onset[1:] - sounded[:-1], 0.0)
    return {
        "onsets_single": (onsets.size == 1).mean(),
        "onsets_full": (onsets.size >= FULL).mean(),
        "polyphony_mean": np.minimum(notes.duration, LONGEST).sum() / onsets.span,
        "silence": rests.sum() / onsets.span,
        "note_density_std": per_part.std() / per_part.mean(),
    }
