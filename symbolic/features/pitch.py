"""Pitch: height, range and registers."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets
from symbolic.features.summaries import entropy, mean, median, moments, share, spread


def heights(onsets: Onsets) -> dict[str, float]:
    """Summarise the pitch of all notes, skyline (top note per onset) and bass (bottom note).

    The skyline as a stand-in for the melody follows Uitdenbogerd & Zobel (1999).
    """
    pitch = onsets.notes.pitch
    columns = {**spread("pitch", pitch), "pitch_range": np.maximum.reduce(onsets.height)}
    for name, line in ("skyline", onsets.top), ("bass", onsets.bottom):
        columns[f"{name}_mean"], columns[f"{name}_std"] = moments(line)
        columns[f"{name}_range"] = np.maximum.reduce(line) - np.minimum.reduce(line)
    columns["skyline_above_bass"] = mean(onsets.top - onsets.bottom)
    return columns


def registers(onsets: Onsets) -> dict[str, float]:
    """Measure the spread of notes over registers, and its changes.

    `pitch_sounding_mean` is the mean pitch weighted by duration. `register_low` and `register_high`
    are the shares of notes more than an octave below and above the median pitch. `pitch_entropy`
    is that of the pitches, in nats. `pitch_parts_std` compares parts of about four seconds: the
    standard deviation of their mean pitches.
    """
    pitch, seconds = onsets.notes.pitch, onsets.duration
    height, middle = onsets.height, median(pitch)
    above_lowest = np.add.reduce(height * seconds) / np.add.reduce(seconds)
    return {
        "pitch_sounding_mean": onsets.lowest + above_lowest,
        "pitch_entropy": entropy(np.bincount(height) / len(pitch)),
        "pitch_parts_std": moments(onsets.window_means(height))[1],
        "register_low": share(pitch < middle - 12),
        "register_high": share(pitch > middle + 12),
    }
