"""Articulation: how long notes last, in seconds and against the gap to the next onset."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets
from symbolic.features.summaries import mean, spread

STACCATO = 0.5
"""Part of the gap to the next onset below which a note is short."""


def _ratio_log(onsets: Onsets) -> np.ndarray:
    """(n,) logarithm of duration / gap, 0 where a note lasts until the next onset."""
    return np.log(onsets.duration / onsets.gap[onsets.group])


def lengths(onsets: Onsets) -> dict[str, float]:
    """Durations as natural logarithms of seconds, and against the gap to the next onset.

    `duration_ratio_log` is the logarithm of duration / gap, 0 where a note lasts until the next
    onset; `legato` the share of notes that last as long or longer.
    """
    ratio = _ratio_log(onsets)
    return {
        **spread("duration_log", np.log(onsets.duration)),
        "duration_ratio_log_mean": ratio.mean(),
        "duration_ratio_log_std": ratio.std(),
        "duration_ratio_log_median": np.median(ratio),
        "legato": (ratio >= 0).mean(),
    }


def touches(onsets: Onsets) -> dict[str, float]:
    """Short notes, the articulation of the melody, and how exactly chords are struck.

    `staccato` is the share of notes that last less than `STACCATO` of the gap to the next onset;
    `skyline_staccato` and `skyline_legato` are shares of the top notes alone.
    `skyline_longer_than_bass` is the mean logarithm of the top notes' durations less that of the
    bottom notes'. `chord_asynchrony` is the mean time in seconds from the first to the last note of
    onsets of several notes.
    """
    ratio, notes = _ratio_log(onsets), onsets.notes
    top, log = ratio[onsets.is_top], np.log(onsets.duration)
    last = notes.onset[onsets.starts + onsets.size - 1]
    short = np.log(STACCATO)
    return {
        "staccato": (ratio < short).mean(),
        "skyline_staccato": (top < short).mean(),
        "skyline_legato": (top >= 0).mean(),
        "skyline_longer_than_bass": log[onsets.is_top].mean() - log[onsets.is_bottom].mean(),
        "chord_asynchrony": mean((last - onsets.time)[onsets.size > 1]),
    }
