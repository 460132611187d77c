"""Key and mode: pitch classes above the tonic, clarity of the key, and local keys.

The tonic is that of `symbolic.notes.keys.estimate_key`.
"""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets
from symbolic.features.segments import Columns, entropies

_FROM_TONIC = tuple(f"pc_from_tonic_{k:02d}" for k in range(12))

_FIFTHS = (np.arange(12) * 7 + 5) % 12 - 5.0
"""Fifths from the tonic to each pitch class above it, -5 (minor second) to 6 (raised fourth)."""

_SCALES = np.array([[0, 2, 4, 5, 7, 9, 11], [0, 2, 3, 5, 7, 8, 10]])
"""Pitch classes above the tonic of the major and the natural minor scale."""

# Fifths between the signatures of two keys; a minor key has that of its relative major.
_SIGNATURES = (np.arange(24) % 12 + 3 * (np.arange(24) >= 12)) * 7 % 12
_UPWARD = (_SIGNATURES - _SIGNATURES[:, None]) % 12
_KEY_DISTANCES = np.minimum(_UPWARD, 12 - _UPWARD)


def _part_of(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compute first / (first + second) of (..., p) values; 0.5 where both are 0."""
    both = first + second
    some = both > 0
    return np.where(some, first / np.where(some, both, 1.0), 0.5)


def _mode(scores: np.ndarray) -> np.ndarray:
    """Subtract the best minor key's correlation from the best major key's, (k, 24): (k,)."""
    best = np.maximum.reduce(scores.reshape(-1, 2, 12), axis=2)
    return best[:, 0] - best[:, 1]


def tonality(onsets: Onsets) -> Columns:
    """Measure pitch classes above the tonic, by duration, and the clarity of key and mode.

    `pc_from_tonic_*` sum to 1; `pc_entropy` is their entropy in nats. `key_margin` is the best
    correlation less the second best, `major_minus_minor` the best major key's less the best minor
    key's, `major_minus_minor_on_tonic` the same for the two keys on the tonic.
    `major_third_share` is the share of the major third among both thirds above the tonic.
    """
    scores, shares = onsets.key_correlations, onsets.tonal_shares.T
    ordered = scores.copy()
    ordered.partition(22, axis=1)
    second, best = ordered[:, 22:].T
    major, minor = scores[:, :12], scores[:, 12:]
    piece, tonic = np.arange(len(onsets)), onsets.tonic
    return {
        _FROM_TONIC: shares,
        "pc_entropy": entropies(onsets.tonal_shares),
        "major_third_share": _part_of(shares[4], shares[3]),
        "key_minor": onsets.key // 12,
        "key_correlation": best,
        "key_margin": best - second,
        "major_minus_minor": _mode(scores),
        "major_minus_minor_on_tonic": major[piece, tonic] - minor[piece, tonic],
    }


def local_modes(onsets: Onsets) -> Columns:
    """Measure the mode of parts of about four seconds, whatever their tonics.

    The mode of a part is the correlation of its best major key less that of its best minor key; a
    note belongs to the part it starts in. Columns are the mean and the standard deviation over the
    parts with notes, and the share of parts above 0. Songs in minor keys often use major chords,
    which the key of the whole piece does not show.
    """
    _, parts = onsets.occupied
    mode = _mode(onsets.window_correlations)
    middle, deviation = parts.moments(mode)
    return {
        "local_mode_mean": middle,
        "local_mode_std": deviation,
        "local_mode_major": parts.share(mode > 0),
    }


def scales(onsets: Onsets) -> Columns:
    """Measure the scale above the tonic, and the keys of parts of about four seconds.

    `pc_in_scale` is the share of the major scale, or in minor keys the natural minor scale, by
    duration; `major_sixth_share` and `major_seventh_share` are the shares of the major among both
    sixths and both sevenths. `fifths_mean` is the mean of the pitch classes on the line of fifths,
    the tonic at 0: higher for brighter modes (Lydian above Ionian, Ionian above Aeolian).
    `bass_on_tonic` is the share of onsets whose bottom note is the tonic.

    `local_key_changes` is the share of parts in another key than the part before,
    `local_key_distance` the mean number of fifths between the signatures of a part's key and of
    that of the whole, 0 to 6, `local_key_correlation` the mean correlation of a part's key.
    """
    _, parts = onsets.occupied
    scores, shares = onsets.window_correlations, onsets.tonal_shares
    local = scores.argmax(axis=1)
    whole = parts.each(onsets.key)
    in_scale = shares[np.arange(len(shares))[:, None], _SCALES[onsets.key // 12]]
    on_tonic = onsets.bottom_above_lowest == onsets.by_onset.each(onsets.tonic)
    return {
        "pc_in_scale": np.add.reduce(in_scale, axis=1),
        ("major_sixth_share", "major_seventh_share"): _part_of(shares.T[9::2], shares.T[8::2]),
        "fifths_mean": np.matmul(shares[:, None], _FIFTHS)[:, 0],
        "bass_on_tonic": onsets.by_onset.share(on_tonic),
        "local_key_changes": parts.steps.share(parts.after(local) != parts.before(local)),
        "local_key_distance": parts.mean(_KEY_DISTANCES[whole, local]),
        "local_key_correlation": parts.mean(np.maximum.reduce(scores, axis=1)),
    }
