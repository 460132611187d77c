"""Harmony: simultaneous pitch classes at the onsets, and tonal distances between onsets."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import OCTAVES, Onsets
from symbolic.features.summaries import mean, moments, share

_TRIADS = {"major": (4, 7), "minor": (3, 7), "diminished": (3, 6), "augmented": (4, 8)}
_SEVENTHS = {
    "dominant_seventh": (4, 7, 10),
    "major_seventh": (4, 7, 11),
    "minor_seventh": (3, 7, 10),
}
"""Chords by name: semitones above their root."""

# Members of each of the 4096 sets of pitch classes; bit k of a set's number is pitch class k.
_MEMBER = (np.arange(4096)[:, None] >> np.arange(12) & 1).astype(bool)
_ABOVE = [np.roll(_MEMBER, -k, axis=1) for k in range(12)]


def _roots(chord: tuple[int, ...]) -> np.ndarray:
    """Build a (4096, 12) mask of the sets that hold the chord on each root."""
    return _MEMBER & np.logical_and.reduce([_ABOVE[k] for k in chord])


# Pitch classes in the space of tonal centroids: on three circles, of fifths, minor thirds and major
# thirds, of radius 1, 1 and 1/2 (Harte, Sandler & Gasser 2006, "Detecting harmonic change in
# musical audio").
_ANGLES = np.outer(np.arange(12), (7 / 6, 3 / 2, 2 / 3)) * np.pi
_RADII = np.array([1.0, 1.0, 0.5])
_PLACES = np.hstack([_RADII * np.sin(_ANGLES), _RADII * np.cos(_ANGLES)])


def _centroids(weights: np.ndarray) -> np.ndarray:
    """Return (..., 6) tonal centroids of (..., 12) weights of pitch classes, not all 0."""
    return weights @ _PLACES / np.add.reduce(weights, axis=-1, keepdims=True)


# (4096, 6) number of pairs of each interval class 1..6 in each set.
_PAIRS = np.stack([(_MEMBER & _ABOVE[k]).sum(axis=1) for k in range(1, 7)], axis=1)
_PAIRS[:, 5] //= 2  # a tritone is counted from both of its pitch classes
_HELD_TRIADS = np.stack([_roots(chord).any(axis=1) for chord in _TRIADS.values()])
_HELD_SEVENTHS = np.stack([_roots(chord).any(axis=1) for chord in _SEVENTHS.values()])
_PAIRS_AND_TRIADS = np.vstack([_PAIRS.T, _HELD_TRIADS])
_TRIAD_BITS = np.hstack([_roots(_TRIADS[mode]) for mode in ("major", "minor")]) @ (
    1 << np.arange(24)
)
# (4096,) largest distance between two pitch classes of each set.
_DISTANCES = np.linalg.norm(_PLACES[1:7] - _PLACES[0], axis=1)
_DIAMETERS = np.where(_PAIRS > 0, _DISTANCES, 0.0).max(axis=1)
_CENTROIDS = np.vstack([np.zeros(6), _centroids(_MEMBER[1:].astype(np.float64))])

_PAIR_NAMES = tuple(f"interval_class_{k}" for k in range(1, 7))
_TRIAD_NAMES = tuple(f"chord_{name}" for name in _TRIADS)
_SEVENTH_NAMES = tuple(f"chord_{name}" for name in _SEVENTHS)
_OVER_BASS = {"over_bass_minor_third": 3, "over_bass_major_third": 4, "over_bass_fifth": 7}


def _count(held: np.ndarray, sets: np.ndarray) -> np.ndarray:
    """Sum each row of a (k, 4096) table over the sets: (k,)."""
    return np.add.reduce(held.take(sets, axis=1), axis=1)


def chords(onsets: Onsets) -> dict[str, float]:
    """Measure simultaneous intervals and triads at the onsets.

    `interval_class_1..6` are shares of the pairs of different pitch classes that sound together:
    1 semitones and major sevenths, ... 5 fourths and fifths, 6 tritones; `dissonance` is the sum of
    classes 1, 2 and 6. All are 0 without such pairs. `chord_*` are the shares of onsets at which
    the triad sounds, alone or within a larger chord.
    """
    counts = _count(_PAIRS_AND_TRIADS, onsets.sets)
    pairs, triads = counts[:6], counts[6:]
    classes = (pairs / max(np.add.reduce(pairs), 1)).tolist()
    return {
        **dict(zip(_PAIR_NAMES, classes, strict=True)),
        "dissonance": classes[0] + classes[1] + classes[5],
        **dict(zip(_TRIAD_NAMES, (triads / len(onsets.time)).tolist(), strict=True)),
    }


def progressions(onsets: Onsets) -> dict[str, float]:
    """Measure sevenths, intervals above the bass, and chord changes.

    `chord_*_seventh` are the shares of onsets at which the chord sounds, alone or within a larger
    one, and `chord_major_share` the share of major triads among onsets with major and minor triads,
    0.5 without any. `chord_changes` is the share of onsets with such a triad that share none with
    the onset before. `over_bass_*` are the shares of onsets at which the interval sounds above the
    bottom note, in any octave.
    """
    sets = onsets.sets
    triads = _TRIAD_BITS[sets]
    triads = triads[triads > 0]
    major, minor = np.count_nonzero(triads & 0xFFF), np.count_nonzero(triads >> 12)
    sevenths = _count(_HELD_SEVENTHS, sets) / len(sets)
    # A second octave holds the pitch classes below that of the bass.
    over_bass = (sets | sets << 12) >> onsets.bottom % 12
    return {
        **dict(zip(_SEVENTH_NAMES, sevenths.tolist(), strict=True)),
        "chord_major_share": major / (major + minor) if major + minor else 0.5,
        "chord_changes": share(triads[1:] & triads[:-1] == 0),
        **{name: share(over_bass & 1 << k) for name, k in _OVER_BASS.items()},
    }


def _norms(vectors: np.ndarray) -> np.ndarray:
    """Return the (k,) lengths of (k, 6) vectors."""
    return np.sqrt(np.add.reduce(vectors * vectors, axis=1))


def tension(onsets: Onsets) -> dict[str, float]:
    """Measure tonal tension: distances within an onset, to the one before, and to the whole piece.

    The three measures of Herremans & Chew (2016, "Tension ribbons"), in the space of tonal
    centroids (Harte, Sandler & Gasser 2006) instead of the spiral array, for which pitches would
    have to be spelt. `tension_diameter` is the mean over the onsets of the largest distance between
    two pitch classes that sound, `tension_momentum_*` mean and standard deviation of the distance
    between the centroids of neighbouring onsets, `tension_strain` the mean distance of an onset's
    centroid from that of all notes, by duration.
    """
    sets = onsets.sets
    centroids = _CENTROIDS.take(sets, axis=0)
    whole = _centroids(onsets.histogram[OCTAVES[-onsets.lowest % 12]])
    momentum = _norms(centroids[1:] - centroids[:-1])
    middle, deviation = moments(momentum) if len(momentum) else (0.0, 0.0)
    return {
        "tension_diameter": mean(_DIAMETERS[sets]),
        "tension_momentum_mean": middle,
        "tension_momentum_std": deviation,
        "tension_strain": mean(_norms(centroids - whole)),
    }
