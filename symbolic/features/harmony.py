"""Harmony: what sounds together at the onsets, and how far it is from one onset to the next."""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets
from symbolic.features.summaries import mean

_TRIADS = {"major": (4, 7), "minor": (3, 7), "diminished": (3, 6), "augmented": (4, 8)}
_SEVENTHS = {
    "dominant_seventh": (4, 7, 10),
    "major_seventh": (4, 7, 11),
    "minor_seventh": (3, 7, 10),
}
"""Chords by name, semitones above their root."""

# What each of the 4096 sets of pitch classes holds; bit k of a set's number is pitch class k.
_MEMBER = (np.arange(4096)[:, None] >> np.arange(12) & 1).astype(bool)
_ABOVE = [np.roll(_MEMBER, -k, axis=1) for k in range(12)]


def _roots(chord: tuple[int, ...]) -> np.ndarray:
    """(4096, 12) whether each set holds the chord on each root."""
    return _MEMBER & np.logical_and.reduce([_ABOVE[k] for k in chord])


def _pair_table() -> np.ndarray:
    """(4096, 6) how many pairs of each interval class 1..6 are in each set."""
    pairs = np.stack([(_MEMBER & _ABOVE[k]).sum(axis=1) for k in range(1, 7)], axis=1)
    pairs[:, 5] //= 2  # a tritone is met from both of its ends
    return pairs


def _centroids(weights: np.ndarray) -> np.ndarray:
    """(..., 6) tonal centroids of (..., 12) weights of pitch classes, not all 0.

    Pitch classes stand on three circles, of fifths, minor thirds and major thirds, of radius 1, 1
    and 1/2 (Harte, Sandler & Gasser 2006, "Detecting harmonic change in musical audio").
    """
    angle = np.outer(np.arange(12), (7 / 6, 3 / 2, 2 / 3)) * np.pi
    radius = np.array([1.0, 1.0, 0.5])
    places = np.hstack([radius * np.sin(angle), radius * np.cos(angle)])
    return weights @ places / weights.sum(axis=-1, keepdims=True)


def _diameters(pairs: np.ndarray) -> np.ndarray:
    """(4096,) the largest distance between tonal centroids of two pitch classes of each set."""
    single = _centroids(np.eye(12))
    distance = np.linalg.norm(single[1:7] - single[0], axis=1)
    return np.where(pairs > 0, distance, 0.0).max(axis=1)


_PAIRS = _pair_table()
_HELD_TRIADS = np.stack([_roots(chord).any(axis=1) for chord in _TRIADS.values()], axis=1)
_SETS = np.column_stack([_PAIRS, _HELD_TRIADS])
_HELD_SEVENTHS = np.stack([_roots(chord).any(axis=1) for chord in _SEVENTHS.values()], axis=1)
_TRIAD_BITS = np.hstack([_roots(_TRIADS[mode]) for mode in ("major", "minor")]) @ (
    1 << np.arange(24)
)
_DIAMETERS = _diameters(_PAIRS)


def chords(onsets: Onsets) -> dict[str, float]:
    """Intervals and triads that sound together at the onsets.

    `interval_class_1..6` share out the pairs of different pitch classes that sound together:
    1 semitones and major sevenths, ... 5 fourths and fifths, 6 tritones; `dissonance` is the part
    of classes 1, 2 and 6. All are 0 where no two ever sound together. `chord_*` are the shares of
    onsets at which that triad sounds, alone or within more.
    """
    counts = np.bincount(onsets.sets, minlength=4096) @ _SETS
    pairs, triads = counts[:6], counts[6:]
    classes = pairs / max(pairs.sum(), 1)
    g = len(onsets.time)
    return {
        **{f"interval_class_{k}": classes[k - 1] for k in range(1, 7)},
        "dissonance": classes[0] + classes[1] + classes[5],
        **{
            f"chord_{name}": onsets_with / g
            for name, onsets_with in zip(_TRIADS, triads, strict=True)
        },
    }


def progressions(onsets: Onsets) -> dict[str, float]:
    """Sevenths, what stands above the bass, and how often the chord changes.

    `chord_*_seventh` are the shares of onsets at which that chord sounds, alone or within more, and
    `chord_major_share` the part of the major among onsets with major and with minor triads, a half
    where there are none. `chord_changes` is the share of onsets with such a triad that have none
    in common with the one before. `over_bass_*` are the shares of onsets at which that interval
    sounds above the bottom note, in any octave.
    """
    sets = onsets.sets
    major, minor = np.count_nonzero(_HELD_TRIADS[sets, :2], axis=0)
    triads = _TRIAD_BITS[sets]
    triads = triads[triads > 0]
    sevenths = np.count_nonzero(_HELD_SEVENTHS[sets], axis=0) / len(sets)
    over_bass = {"minor_third": 3, "major_third": 4, "fifth": 7}
    return {
        **{f"chord_{name}": share for name, share in zip(_SEVENTHS, sevenths, strict=True)},
        "chord_major_share": major / (major + minor) if major + minor else 0.5,
        "chord_changes": mean(triads[1:] & triads[:-1] == 0),
        **{
            f"over_bass_{name}": (sets >> (onsets.bottom + k) % 12 & 1).mean()
            for name, k in over_bass.items()
        },
    }


def tension(onsets: Onsets) -> dict[str, float]:
    """Tonal tension: distances between what sounds, what sounded before, and the whole piece.

    The three measures of Herremans & Chew (2016, "Tension ribbons"), in the space of tonal
    centroids (Harte, Sandler & Gasser 2006) instead of the spiral array, for which pitches would
    have to be spelt. `tension_diameter` is the mean over the onsets of the largest distance between
    two pitch classes that sound, `tension_momentum_*` mean and standard deviation of the distance
    between the centroids of neighbouring onsets, `tension_strain` the mean distance of an onset's
    centroid from that of all notes, by duration.
    """
    sets = onsets.sets
    centroids = _centroids(_MEMBER[sets].astype(np.float64))
    whole = _centroids(np.roll(onsets.histogram, int(onsets.notes.pitch.min())))
    momentum = np.sqrt((np.diff(centroids, axis=0) ** 2).sum(axis=1))
    return {
        "tension_diameter": _DIAMETERS[sets].mean(),
        "tension_momentum_mean": mean(momentum),
        "tension_momentum_std": momentum.std() if len(momentum) else 0.0,
        "tension_strain": np.sqrt(((centroids - whole) ** 2).sum(axis=1)).mean(),
    }
