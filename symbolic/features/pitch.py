"""Pitch: how high, how wide, in which registers."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets
from symbolic.features.summaries import entropy, spread


def heights(onsets: Onsets) -> dict[str, float]:
    """MIDI pitch of all notes, of the skyline (top note per onset) and of the bass (bottom note).

    The skyline as a stand-in for the melody follows Uitdenbogerd & Zobel (1999).
    """
    pitch = onsets.notes.pitch
    columns = {**spread("pitch", pitch), "pitch_range": np.ptp(pitch)}
    for name, line in ("skyline", onsets.top), ("bass", onsets.bottom):
        columns[f"{name}_mean"] = line.mean()
        columns[f"{name}_std"] = line.std()
        columns[f"{name}_range"] = np.ptp(line)
    columns["skyline_above_bass"] = (onsets.top - onsets.bottom).mean()
    return columns


def registers(onsets: Onsets) -> dict[str, float]:
    """How the notes are spread over the registers, and how that changes.

    `pitch_sounding_mean` counts a note as much as it is long. `register_low` and `register_high`
    are the shares of notes more than an octave below and above the median pitch. `pitch_entropy`
    is that of the pitches, in nats. `pitch_parts_std` compares parts of about four seconds: the
    standard deviation of their mean pitches.
    """
    pitch, seconds = onsets.notes.pitch, onsets.duration
    lowest = pitch.min()
    above_lowest = pitch - lowest
    from_median = pitch - np.median(pitch)
    return {
        "pitch_sounding_mean": lowest + (above_lowest * seconds).sum() / seconds.sum(),
        "pitch_entropy": entropy(np.bincount(above_lowest) / len(pitch)),
        "pitch_parts_std": onsets.window_means(above_lowest).std(),
        "register_low": (from_median < -12).mean(),
        "register_high": (from_median > 12).mean(),
    }
