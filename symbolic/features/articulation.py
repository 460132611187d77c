"""Articulation: durations in seconds and relative to the gap to the next onset."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets
from symbolic.features.summaries import mean, median, moments, share, spread

STACCATO = 0.5  # ratio of duration to gap below which a note is staccato
_SHORT = np.log(STACCATO)


def lengths(onsets: Onsets) -> dict[str, float]:
    """Summarise durations: natural logarithms of seconds, and ratios to the gap to the next onset.

    `duration_ratio_log` is the logarithm of duration / gap, 0 where a note lasts until the next
    onset; `legato` the share of notes that last at least as long.
    """
    ratio = onsets.duration_ratio_log
    middle, deviation = moments(ratio)
    return {
        **spread("duration_log", onsets.duration_log),
        "duration_ratio_log_mean": middle,
        "duration_ratio_log_std": deviation,
        "duration_ratio_log_median": median(ratio),
        "legato": share(ratio >= 0),
    }


def touches(onsets: Onsets) -> dict[str, float]:
    """Measure short notes, the articulation of the melody, and the asynchrony of chords.

    `staccato` is the share of notes shorter than `STACCATO` times the gap to the next onset;
    `skyline_staccato` and `skyline_legato` are shares of the top notes alone.
    `skyline_longer_than_bass` is the mean logarithm of the top notes' durations less that of the
    bottom notes'. `chord_asynchrony` is the mean time in seconds from the first to the last note of
    onsets of several notes.
    """
    ratio, log = onsets.duration_ratio_log, onsets.duration_log
    top = ratio[onsets.is_top]
    last = onsets.notes.onset[onsets.starts + onsets.size - 1]
    return {
        "staccato": share(ratio < _SHORT),
        "skyline_staccato": share(top < _SHORT),
        "skyline_legato": share(top >= 0),
        "skyline_longer_than_bass": mean(log[onsets.is_top]) - mean(log[onsets.is_bottom]),
        "chord_asynchrony": mean((last - onsets.time)[onsets.size > 1]),
    }
