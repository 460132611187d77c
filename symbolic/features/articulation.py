"""Articulation: durations in seconds and relative to the gap to the next onset."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets
from symbolic.features.segments import Columns

STACCATO = 0.5  # ratio of duration to gap below which a note is staccato
_SHORT = np.log(STACCATO)


def lengths(onsets: Onsets) -> Columns:
    """Summarise durations: natural logarithms of seconds, and ratios to the gap to the next onset.

    `duration_ratio_log` is the logarithm of duration / gap, 0 where a note lasts until the next
    onset; `legato` the share of notes that last at least as long.
    """
    notes, ratio = onsets.by_note, onsets.duration_ratio_log
    names, spread = notes.spread("duration_log", onsets.duration_log)
    middle, deviation = notes.moments(ratio)
    return {
        names: spread,
        "duration_ratio_log_mean": middle,
        "duration_ratio_log_std": deviation,
        "duration_ratio_log_median": notes.median(notes.ordered(ratio)),
        "legato": notes.share(ratio >= 0),
    }


def touches(onsets: Onsets) -> Columns:
    """Measure short notes, the articulation of the melody, and the asynchrony of chords.

    `staccato` is the share of notes shorter than `STACCATO` times the gap to the next onset;
    `skyline_staccato` and `skyline_legato` are shares of the top notes alone.
    `skyline_longer_than_bass` is the mean logarithm of the top notes' durations less that of the
    bottom notes'. `chord_asynchrony` is the mean time in seconds from the first to the last note of
    onsets of several notes.
    """
    ratio, log = onsets.duration_ratio_log, onsets.duration_log
    (top, tops), (bottom, bottoms) = onsets.tops, onsets.bottoms
    melody = ratio[top]
    chord, chords = onsets.by_onset.find(onsets.size > 1)
    last = onsets.onset[onsets.starts[chord] + onsets.size[chord] - 1]
    return {
        "staccato": onsets.by_note.share(ratio < _SHORT),
        "skyline_staccato": tops.share(melody < _SHORT),
        "skyline_legato": tops.share(melody >= 0),
        "skyline_longer_than_bass": tops.mean(log[top]) - bottoms.mean(log[bottom]),
        "chord_asynchrony": chords.mean(last - onsets.time[chord]),
    }
