"""Dynamics: MIDI velocities, all `NEUTRAL_VELOCITY` where the piece has no dynamics."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import NEUTRAL_VELOCITY, Onsets, within
from symbolic.features.segments import Columns, entropies, quotients

ACCENT_VELOCITY = 10  # least difference between an accent and the onsets before and after it
_NO_VARIANCE = 1e-12
NOMINAL, PLAYED = 4.0, 16.0  # velocities, equally frequent, of nominal and of played dynamics


def loudness(onsets: Onsets) -> Columns:
    """Summarise the velocity of all notes, its changes, and that of the melody.

    `velocity_slope` is the straight-line change over the whole piece, `velocity_change` the mean
    step between the loudest notes of neighbouring onsets, `velocity_melody` the mean velocity of
    the top notes less that of all notes.
    """
    velocity, notes = onsets.velocity, onsets.by_note
    names, spread = notes.spread("velocity", velocity)
    place = onsets.progress - notes.each(notes.mean(onsets.progress))
    both, power = notes.sum(place * velocity), notes.sum(place * place)
    top, tops = onsets.tops
    return {
        names: spread,
        "velocity_range": notes.maximum(velocity) - notes.minimum(velocity),
        "velocity_slope": quotients(both, power, power > _NO_VARIANCE),
        "velocity_change": onsets.by_onset.steps.mean(np.abs(onsets.moves(onsets.loudest))),
        "velocity_melody": tops.mean(velocity[top]) - spread[0],
        "has_dynamics": onsets.has_dynamics,
    }


def contrasts(onsets: Onsets) -> Columns:
    """Compare loudness between neighbouring onsets, voices, registers and parts of the piece.

    `velocity_bass` is the mean velocity of the bottom notes less that of all notes, and
    `velocity_top_above_bottom` that of the top notes less that of the bottom notes, at onsets of
    several pitches. `velocity_accents` is the share of onsets whose loudest note exceeds those of
    both neighbours by `ACCENT_VELOCITY` or more, `velocity_pitch` the correlation of velocity and
    pitch. `velocity_parts_std` compares parts of about four seconds: the standard deviation of
    their mean velocities.
    """
    velocity, notes = onsets.velocity, onsets.by_note
    bottom, bottoms = onsets.bottoms
    above, aboves = notes.find(onsets.is_top > onsets.is_bottom)
    below, belows = notes.find(onsets.is_bottom > onsets.is_top)
    rise, steps = onsets.moves(onsets.loudest), onsets.by_onset.steps
    accents = (steps.before(rise) >= ACCENT_VELOCITY) & (steps.after(rise) <= -ACCENT_VELOCITY)
    middle = notes.mean(velocity)
    louder = velocity - notes.each(middle)
    higher = onsets.height - notes.each(notes.mean(onsets.height))
    power = notes.sum(higher * higher) * notes.sum(louder * louder)
    both = notes.sum(higher * louder)
    return {
        "velocity_bass": bottoms.mean(velocity[bottom]) - middle,
        "velocity_top_above_bottom": aboves.mean(velocity[above]) - belows.mean(velocity[below]),
        "velocity_accents": steps.steps.share(accents),
        "velocity_pitch": quotients(both, np.sqrt(power), power > _NO_VARIANCE),
        "velocity_parts_std": onsets.window_deviations[1],
    }


def played(onsets: Onsets) -> Columns:
    """Measure whether the dynamics are played, and the loudness where they are.

    `played_dynamics` is 0 for a variety of velocities like that of `NOMINAL` equally frequent ones
    or fewer, as of marks in a score or of a sequencer, and 1 from `PLAYED` on: it is linear in
    their entropy between the two. `played_loudness` is the mean velocity above
    `NEUTRAL_VELOCITY`, times that: the loudness of nominal velocities says little.
    """
    velocity, notes = onsets.velocity, onsets.by_note
    shares = notes.histogram(velocity.astype(np.int64), 128) / notes.counts[:, None]
    least, most = np.log(NOMINAL), np.log(PLAYED)
    share = within((entropies(shares) - least) / (most - least), 0.0, 1.0)
    return {
        "played_dynamics": share,
        "played_loudness": (notes.mean(velocity) - NEUTRAL_VELOCITY) * share,
    }
