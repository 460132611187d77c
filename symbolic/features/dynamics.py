"""Dynamics: MIDI velocities, all `NEUTRAL_VELOCITY` where the piece has no dynamics."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets
from symbolic.features.summaries import mean, spread

ACCENT = 10
"""Velocity by which an accent is louder than what comes before and after it."""

_NO_VARIANCE = 1e-12


def loudness(onsets: Onsets) -> dict[str, float]:
    """Velocity of all notes, its changes, and that of the melody.

    `velocity_slope` is the straight-line change over the whole piece, `velocity_change` the mean
    step between the loudest notes of neighbouring onsets, `velocity_melody` how much louder the
    top notes are than all notes.
    """
    velocity, notes = onsets.velocity, onsets.notes
    place = (notes.onset - notes.onset[0]) / onsets.span
    place = place - place.mean()
    power = (place**2).sum()
    loudest = np.maximum.reduceat(velocity, onsets.starts)
    return {
        **spread("velocity", velocity),
        "velocity_range": np.ptp(velocity),
        "velocity_slope": (place * velocity).sum() / power if power > _NO_VARIANCE else 0.0,
        "velocity_change": mean(np.abs(np.diff(loudest))),
        "velocity_melody": velocity[onsets.is_top].mean() - velocity.mean(),
        "has_dynamics": float(notes.has_dynamics),
    }


def contrasts(onsets: Onsets) -> dict[str, float]:
    """Accents, and loudness between voices, registers and parts of the piece.

    `velocity_bass` is how much louder the bottom notes are than all notes, and
    `velocity_top_above_bottom` how much louder the top than the bottom of onsets of several
    pitches. `velocity_accents` is the share of onsets whose loudest note is at least `ACCENT`
    louder than those before and after, `velocity_pitch` the correlation of velocity and pitch.
    `velocity_parts_std` compares parts of about four seconds: the standard deviation of their mean
    velocities.
    """
    velocity, top, bottom = onsets.velocity, onsets.is_top, onsets.is_bottom
    loudest = np.maximum.reduceat(velocity, onsets.starts)
    beside = np.maximum(loudest[:-2], loudest[2:])
    pitch = onsets.notes.pitch - onsets.notes.pitch.min()
    pitch = pitch - pitch.mean()
    louder = velocity - velocity.mean()
    power = (pitch**2).sum() * (louder**2).sum()
    return {
        "velocity_bass": velocity[bottom].mean() - velocity.mean(),
        "velocity_top_above_bottom": mean(velocity[top & ~bottom]) - mean(velocity[bottom & ~top]),
        "velocity_accents": mean(loudest[1:-1] >= beside + ACCENT),
        "velocity_pitch": (pitch * louder).sum() / np.sqrt(power) if power > _NO_VARIANCE else 0.0,
        "velocity_parts_std": onsets.window_means(velocity).std(),
    }
