"""Dynamics: MIDI velocities, all `NEUTRAL_VELOCITY` where the piece has no dynamics."""

from __future__ import annotations

from math import sqrt

import numpy as np

from symbolic.features.onsets import Onsets
from symbolic.features.summaries import mean, moments, share, spread

ACCENT_VELOCITY = 10  # least difference between an accent and the onsets before and after it
_NO_VARIANCE = 1e-12


def loudness(onsets: Onsets) -> dict[str, float]:
    """Summarise the velocity of all notes, its changes, and that of the melody.

    `velocity_slope` is the straight-line change over the whole piece, `velocity_change` the mean
    step between the loudest notes of neighbouring onsets, `velocity_melody` the mean velocity of
    the top notes less that of all notes.
    """
    velocity, notes = onsets.velocity, onsets.notes
    columns = spread("velocity", velocity)
    place = (notes.onset - notes.onset[0]) / onsets.span
    place -= mean(place)
    power = np.add.reduce(place * place)
    slope = np.add.reduce(place * velocity) / power if power > _NO_VARIANCE else 0.0
    return {
        **columns,
        "velocity_range": np.maximum.reduce(velocity) - np.minimum.reduce(velocity),
        "velocity_slope": slope,
        "velocity_change": mean(np.abs(onsets.loudest[1:] - onsets.loudest[:-1])),
        "velocity_melody": mean(velocity[onsets.is_top]) - columns["velocity_mean"],
        "has_dynamics": float(notes.has_dynamics),
    }


def contrasts(onsets: Onsets) -> dict[str, float]:
    """Compare loudness between neighbouring onsets, voices, registers and parts of the piece.

    `velocity_bass` is the mean velocity of the bottom notes less that of all notes, and
    `velocity_top_above_bottom` that of the top notes less that of the bottom notes, at onsets of
    several pitches. `velocity_accents` is the share of onsets whose loudest note exceeds those of
    both neighbours by `ACCENT_VELOCITY` or more, `velocity_pitch` the correlation of velocity and
    pitch. `velocity_parts_std` compares parts of about four seconds: the standard deviation of
    their mean velocities.
    """
    velocity, loudest = onsets.velocity, onsets.loudest
    top, bottom = onsets.is_top, onsets.is_bottom
    beside = np.maximum(loudest[:-2], loudest[2:])
    middle = mean(velocity)
    louder, higher = velocity - middle, onsets.height - mean(onsets.height)
    power = np.add.reduce(higher * higher) * np.add.reduce(louder * louder)
    both = np.add.reduce(higher * louder)
    return {
        "velocity_bass": mean(velocity[bottom]) - middle,
        "velocity_top_above_bottom": mean(velocity[top > bottom]) - mean(velocity[bottom > top]),
        "velocity_accents": share(loudest[1:-1] >= beside + ACCENT_VELOCITY),
        "velocity_pitch": both / sqrt(power) if power > _NO_VARIANCE else 0.0,
        "velocity_parts_std": moments(onsets.window_means(velocity))[1],
    }
