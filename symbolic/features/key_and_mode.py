"""Key and mode: pitch classes above the tonic, how clear the key is, and how it changes.

The tonic is that of `symbolic.keys.estimate_key`.
"""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets
from symbolic.features.summaries import entropy, mean
from symbolic.keys import key_scores

_FIFTHS = (np.arange(12) * 7 + 5) % 12 - 5
"""Fifths from the tonic to each pitch class above it, -5 (minor second) to 6 (raised fourth)."""

_SCALES = np.zeros((2, 12), bool)
_SCALES[0, [0, 2, 4, 5, 7, 9, 11]] = True  # major
_SCALES[1, [0, 2, 3, 5, 7, 8, 10]] = True  # natural minor


def _part_of(one: float, other: float) -> float:
    """one / (one + other), a half where there is neither."""
    both = one + other
    return one / both if both > 0 else 0.5


def tonality(onsets: Onsets) -> dict[str, float]:
    """Pitch classes above the tonic, by duration, and how clear the key and its mode are.

    `pc_from_tonic_*` sum to 1; `pc_entropy` is their entropy in nats. `key_margin` is the best
    correlation less the second best, `major_minus_minor` the best major key's less the best minor
    key's, `major_minus_minor_on_tonic` the same for the two keys on the tonic.
    `major_third_share` is the part of the major among both thirds above the tonic.
    """
    histogram = onsets.histogram
    scores = onsets.key_correlations
    minor, tonic = divmod(onsets.key, 12)
    second, best = np.partition(scores, -2)[-2:]
    share = np.roll(histogram, -tonic) / histogram.sum()
    return {
        **{f"pc_from_tonic_{k:02d}": share[k] for k in range(12)},
        "pc_entropy": entropy(share),
        "major_third_share": _part_of(share[4], share[3]),
        "key_minor": float(minor),
        "key_correlation": best,
        "key_margin": best - second,
        "major_minus_minor": scores[:12].max() - scores[12:].max(),
        "major_minus_minor_on_tonic": scores[tonic] - scores[tonic + 12],
    }


def local_modes(onsets: Onsets) -> dict[str, float]:
    """The mode along the piece, in parts of about four seconds, whatever their tonics.

    A part's mode is its best major key's correlation less its best minor key's; a note belongs to
    the part it starts in. The mean and the standard deviation over the parts that have notes, and
    the share of parts that are rather major. A song in a minor key may well live on major chords:
    that is heard here and not in the key of the whole.
    """
    scores = key_scores(onsets.window_histograms)
    mode = scores[:, :12].max(axis=1) - scores[:, 12:].max(axis=1)
    return {
        "local_mode_mean": mode.mean(),
        "local_mode_std": mode.std(),
        "local_mode_major": (mode > 0).mean(),
    }


def _signature(key: np.ndarray | int) -> np.ndarray | int:
    """Place of a key's signature on the circle of fifths; a minor key has its relative major's."""
    return (key % 12 + 3 * (key >= 12)) * 7 % 12


def scales(onsets: Onsets) -> dict[str, float]:
    """The scale above the tonic, and keys along the piece, in parts of about four seconds.

    `pc_in_scale` is the share of the major scale, or in minor keys the natural minor scale, by
    duration; `major_sixth_share` and `major_seventh_share` are the part of the major among both
    sixths and both sevenths. `fifths_mean` is the mean of the pitch classes on the line of fifths,
    the tonic at 0: brighter modes stand higher (Lydian above Ionian, Ionian above Aeolian).
    `bass_on_tonic` is the share of onsets whose bottom note is the tonic.

    `local_key_changes` is the share of parts in another key than the part before,
    `local_key_distance` the mean number of fifths between the signatures of a part's key and of
    that of the whole, 0 to 6, `local_key_correlation` the mean correlation of a part's key.
    """
    histogram = onsets.histogram
    minor, tonic = divmod(onsets.key, 12)
    share = np.roll(histogram, -tonic) / histogram.sum()
    scores = key_scores(onsets.window_histograms)
    local = scores.argmax(axis=1)
    fifths = (_signature(local) - _signature(onsets.key)) % 12
    bottom = (onsets.bottom - onsets.notes.pitch.min()) % 12
    return {
        "pc_in_scale": share[_SCALES[minor]].sum(),
        "major_sixth_share": _part_of(share[9], share[8]),
        "major_seventh_share": _part_of(share[11], share[10]),
        "fifths_mean": share @ _FIFTHS,
        "bass_on_tonic": (bottom == tonic).mean(),
        "local_key_changes": mean(local[1:] != local[:-1]),
        "local_key_distance": np.minimum(fifths, 12 - fifths).mean(),
        "local_key_correlation": scores.max(axis=1).mean(),
    }
