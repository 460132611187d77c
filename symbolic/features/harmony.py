"""Harmony: simultaneous pitch classes at the onsets, and tonal distances between onsets."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import MEMBERS, Onsets, roots
from symbolic.features.segments import Columns

_TRIADS = {"major": (4, 7), "minor": (3, 7), "diminished": (3, 6), "augmented": (4, 8)}
_SEVENTHS = {
    "dominant_seventh": (4, 7, 10),
    "major_seventh": (4, 7, 11),
    "minor_seventh": (3, 7, 10),
}
"""Chords by name: semitones above their root."""

# Pitch classes in the space of tonal centroids: on three circles, of fifths, minor thirds and major
# thirds, of radius 1, 1 and 1/2 (Harte, Sandler & Gasser 2006, "Detecting harmonic change in
# musical audio").
_ANGLES = np.outer(np.arange(12), (7 / 6, 3 / 2, 2 / 3)) * np.pi
_RADII = np.array([1.0, 1.0, 0.5])
_PLACES = np.hstack([_RADII * np.sin(_ANGLES), _RADII * np.cos(_ANGLES)])


def _centroids(weights: np.ndarray) -> np.ndarray:
    """Return (..., 6) tonal centroids of (..., 12) weights of pitch classes, not all 0."""
    return weights @ _PLACES / np.add.reduce(weights, axis=-1, keepdims=True)


def _held(chord: tuple[int, ...]) -> np.ndarray:
    """Return (4096,) whether each set holds the chord on some root, as 0 and 1."""
    return np.logical_or.reduce(roots(chord), axis=1).astype(np.int64)


# (6, 4096) number of pairs of each interval class 1..6 in each set.
_PAIRS = np.stack([roots([k]).sum(axis=1) for k in range(1, 7)])
_PAIRS[5] //= 2  # a tritone is counted from both of its pitch classes
_HELD_TRIADS = np.stack([_held(chord) for chord in _TRIADS.values()])
_HELD_SEVENTHS = np.stack([_held(chord) for chord in _SEVENTHS.values()])
_PAIRS_AND_TRIADS = np.vstack([_PAIRS, _HELD_TRIADS])
_TRIAD_BITS = np.hstack([roots(_TRIADS[mode]) for mode in ("major", "minor")]) @ (
    1 << np.arange(24)
)
# (4096,) largest distance between two pitch classes of each set.
_DISTANCES = np.linalg.norm(_PLACES[1:7] - _PLACES[0], axis=1)
_DIAMETERS = np.where(_PAIRS > 0, _DISTANCES[:, None], 0.0).max(axis=0)
_CENTROIDS = np.hstack([np.zeros((6, 1)), _centroids(MEMBERS[1:].astype(np.float64)).T])

_PAIR_NAMES = tuple(f"interval_class_{k}" for k in range(1, 7))
_TRIAD_NAMES = tuple(f"chord_{name}" for name in _TRIADS)
_SEVENTH_NAMES = tuple(f"chord_{name}" for name in _SEVENTHS)
_OVER_BASS = {"over_bass_minor_third": 3, "over_bass_major_third": 4, "over_bass_fifth": 7}


def chords(onsets: Onsets) -> Columns:
    """Measure simultaneous intervals and triads at the onsets.

    `interval_class_1..6` are shares of the pairs of different pitch classes that sound together:
    1 semitones and major sevenths, ... 5 fourths and fifths, 6 tritones; `dissonance` is the sum of
    classes 1, 2 and 6. All are 0 without such pairs. `chord_*` are the shares of onsets at which
    the triad sounds, alone or within a larger chord.
    """
    counts = onsets.by_onset.sum(_PAIRS_AND_TRIADS.take(onsets.sets, axis=1))
    pairs, triads = counts[:6], counts[6:]
    classes = pairs / np.maximum(np.add.reduce(pairs, axis=0), 1)
    return {
        _PAIR_NAMES: classes,
        "dissonance": classes[0] + classes[1] + classes[5],
        _TRIAD_NAMES: triads / onsets.by_onset.counts,
    }


def progressions(onsets: Onsets) -> Columns:
    """Measure sevenths, intervals above the bass, and chord changes.

    `chord_*_seventh` are the shares of onsets at which the chord sounds, alone or within a larger
    one, and `chord_major_share` the share of major triads among onsets with major and minor triads,
    0.5 without any. `chord_changes` is the share of onsets with such a triad that share none with
    the onset before. `over_bass_*` are the shares of onsets at which the interval sounds above the
    bottom note, in any octave.
    """
    groups, sets = onsets.by_onset, onsets.sets
    triads = _TRIAD_BITS[sets]
    some, kept = groups.find(triads > 0)
    triads = triads[some]
    major, minor = kept.count(triads & 0xFFF > 0), kept.count(triads >> 12 > 0)
    sevenths = groups.sum(_HELD_SEVENTHS.take(sets, axis=1)) / groups.counts
    changes = kept.after(triads) & kept.before(triads) == 0
    # A second octave holds the pitch classes below that of the bass.
    over_bass = (sets | sets << 12) >> onsets.bottom_class
    return {
        _SEVENTH_NAMES: sevenths,
        "chord_major_share": np.where(kept.counts, major / np.maximum(major + minor, 1), 0.5),
        "chord_changes": kept.steps.share(changes),
        **{name: groups.share(over_bass & 1 << k > 0) for name, k in _OVER_BASS.items()},
    }


def _norms(vectors: np.ndarray) -> np.ndarray:
    """Return the (k,) lengths of (6, k) vectors."""
    return np.sqrt(np.add.reduce(vectors * vectors, axis=0))


def tension(onsets: Onsets) -> Columns:
    """Measure tonal tension: distances within an onset, to the one before, and to the whole piece.

    The three measures of Herremans & Chew (2016, "Tension ribbons"), in the space of tonal
    centroids (Harte, Sandler & Gasser 2006) instead of the spiral array, for which pitches would
    have to be spelt. `tension_diameter` is the mean over the onsets of the largest distance between
    two pitch classes that sound, `tension_momentum_*` mean and standard deviation of the distance
    between the centroids of neighbouring onsets, `tension_strain` the mean distance of an onset's
    centroid from that of all notes, by duration.
    """
    groups, sets = onsets.by_onset, onsets.sets
    centroids = _CENTROIDS.take(sets, axis=1)
    from_c = onsets.histogram_from(-onsets.lowest % 12)
    whole = _centroids(from_c[:, None])[:, 0]  # products of one row: others may round differently
    moves = onsets.moves(centroids)
    middle, deviation = groups.steps.moments(_norms(moves))
    return {
        "tension_diameter": groups.mean(_DIAMETERS[sets]),
        "tension_momentum_mean": middle,
        "tension_momentum_std": deviation,
        "tension_strain": groups.mean(_norms(centroids - groups.each(whole.T))),
    }
