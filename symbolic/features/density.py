"""Density: notes and onsets per second, and notes at a time."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import MAX_DURATION, MEMBERS, Onsets
from symbolic.features.segments import Columns

FULL_CHORD_NOTES = 4  # or more

_SIZES = np.add.reduce(MEMBERS, axis=1, dtype=np.int64)  # (4096,) of sets of pitch classes


def rates(onsets: Onsets) -> Columns:
    """Compute notes and onsets per second, as natural logarithms.

    `onset_density_std` compares the seconds of the piece: the standard deviation of onsets per
    second, relative to its mean.
    """
    part, parts = onsets.parts(onsets.progress[onsets.starts], onsets.by_onset, 1.0)
    middle, deviation = parts.moments(np.bincount(part, minlength=parts.ends[-1]))
    return {
        "notes_per_second_log": np.log(onsets.by_note.counts / onsets.span),
        "onsets_per_second_log": np.log(onsets.by_onset.counts / onsets.span),
        "onset_density_std": deviation / middle,
    }


def voices(onsets: Onsets) -> Columns:
    """Count the notes that start at an onset, and the notes and pitch classes that sound there."""
    middle, deviation = onsets.by_onset.moments(onsets.size)
    return {
        "notes_per_onset_mean": middle,
        "notes_per_onset_std": deviation,
        "notes_sounding_mean": onsets.by_onset.mean(np.add.reduce(onsets.sounding, axis=0)),
        "pcs_sounding_mean": onsets.by_onset.mean(_SIZES.take(onsets.sets)),
    }


def textures(onsets: Onsets) -> Columns:
    """Measure single notes, full chords, silence, and changes of note density.

    `onsets_single` and `onsets_full` are the shares of onsets of one note and of `FULL_CHORD_NOTES`
    or more. `polyphony_mean` is the mean number of sounding notes over time, `silence` the share of
    time without any. `note_density_std` compares parts of about four seconds: the standard
    deviation of their note counts, relative to the mean.
    """
    notes = onsets.by_note
    sounded = np.empty_like(onsets.end)  # until when, of all notes so far
    for start, end in notes.bounds:
        np.maximum.accumulate(onsets.end[start:end], out=sounded[start:end])
    rests = np.maximum(notes.after(onsets.onset) - notes.before(sounded), 0.0)
    _, parts = onsets.windows
    middle, deviation = parts.moments(onsets.window_counts)
    return {
        "onsets_single": onsets.by_onset.share(onsets.size == 1),
        "onsets_full": onsets.by_onset.share(onsets.size >= FULL_CHORD_NOTES),
        "polyphony_mean": notes.sum(np.minimum(onsets.seconds, MAX_DURATION)) / onsets.span,
        "silence": notes.steps.sum(rests) / onsets.span,
        "note_density_std": deviation / middle,
    }
