"""Histograms: chord changes, lengths, velocities, and the outer voices on the scale.

Where square roots of shares are given, their squares sum to 1: the straight-line distance of two
pieces is then Hellinger's, in which a rare thing counts for more than its share.
"""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import OCTAVES, Onsets, within

PART = 1.0
"""Seconds, about, of the equal parts in which a chord is heard."""

ROOT_WEIGHT = 1.2
"""What the root of a triad counts for where its third and fifth count for 1."""

LEAST_FIT = 0.5
"""Cosine that a triad must have with what sounds in a part to be heard there."""

BOUNDS = {"ioi": (0.04, 4.0), "duration": (0.04, 7.9)}
"""Seconds that intervals and durations are kept within."""

MOST_OF_A_NOTE = 2.0
"""Seconds that a note of an outer voice counts for at most."""


def _numbered(count: int, *names: str) -> tuple[str, ...]:
    """The names of the bins of each of these histograms."""
    return tuple(f"{name}_{k:02d}" for name in names for k in range(count))


_MODES = ("major", "minor")
_CHANGES = _numbered(12, *(f"chord_change_{a}_to_{b}" for a in _MODES for b in _MODES))
_LENGTHS = _numbered(12, "ioi_share", "duration_share")
_VELOCITIES = _numbered(10, "velocity_share")
_OUTER_VOICES = _numbered(
    12, "bass_from_relative_major", "melody_from_relative_major", "melody_from_tonic"
)

# Bins are of one width on the logarithm of seconds, and of velocity.
_IOI_BINS = np.linspace(-4.7, 2.01, 13)
_DURATION_BINS = np.linspace(-4.7, 3.01, 13)
_VELOCITY_BINS = np.linspace(0.0, 128.0, 11)

_SOUNDS = 1e-9
_PRECISION = 1e9  # beyond it, triads that fit equally well differ by errors of rounding


def _triads() -> np.ndarray:
    """(24, 12) pitch classes of the major and the minor triads, root 0 first, of unit length."""
    rows = np.zeros((2, 12))
    rows[0, [0, 4, 7]] = rows[1, [0, 3, 7]] = ROOT_WEIGHT, 1.0, 1.0
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return np.array([np.roll(row, root) for row in rows for root in range(12)])


def _change_table() -> np.ndarray:
    """(24, 24) place among `_CHANGES` of the change from each triad to each."""
    before, after = np.arange(24)[:, None], np.arange(24)
    return (2 * (before >= 12) + (after >= 12)) * 12 + (after - before) % 12


_TRIADS = _triads()
_CHANGE = _change_table()


def _root_shares(counts: np.ndarray) -> list[float]:
    """Square roots of the shares of counts, all 0 of none."""
    return np.sqrt(counts / max(np.add.reduce(counts), 1)).tolist()


def _binned(values: np.ndarray, edges: np.ndarray) -> list[float]:
    """Square roots of the shares of values in each bin; an edge belongs to the bin above it."""
    places = edges.searchsorted(values, side="right")  # from 1: none lies below the first edge
    return _root_shares(np.bincount(places, minlength=len(edges))[1:])


def _relative_major(onsets: Onsets) -> int:
    """Tonic of the relative major of the piece's key, counted from the lowest note."""
    minor, tonic = divmod(onsets.key, 12)
    return (tonic + 3 * minor) % 12


def _sounding_in_parts(onsets: Onsets) -> np.ndarray:
    """(12, p) how many notes of each pitch class above the lowest note sound in each part.

    On average over the part. A note fills the rest of the part it starts in, whole parts, and some
    of the part it ends in: memory is that of the notes and of the parts, not of their product.
    """
    notes = onsets.notes
    parts = onsets.count_parts(PART)
    start = (notes.onset - onsets.time[0]) / onsets.span * parts
    end = (onsets.end - onsets.time[0]) / onsets.span * parts
    first = np.minimum(start.astype(np.int64), parts - 1)
    last = np.minimum(end.astype(np.int64), parts - 1)
    following = first + 1
    row, size = onsets.above_lowest * (parts + 1), 12 * (parts + 1)
    # Whole parts are counted in whole numbers: where nothing sounds there is exactly nothing.
    whole = np.bincount(row + following, minlength=size)
    whole -= np.bincount(row + np.maximum(last, following), minlength=size)
    amount = np.bincount(row + first, np.minimum(following, end) - start, size)
    amount += np.bincount(row + last, (end - last) * (last > first), size)
    amount = amount.reshape(12, parts + 1)
    amount += np.add.accumulate(whole.reshape(12, parts + 1), axis=1)
    return amount[:, :-1]


def chord_changes(onsets: Onsets) -> dict[str, float]:
    """Which triad follows which: by how many semitones upward the root moves, and their modes.

    The piece is cut into parts of about a second. A part's chord is the major or minor triad
    nearest, by cosine, to how long each pitch class sounds there, the root weighed by
    `ROOT_WEIGHT`; parts that no triad fits better than `LEAST_FIT` are passed over. Of triads that
    fit alike the major come first, then the one nearest above the tonic of the relative major.

    `chord_change_major_to_minor_03` is the square root of the share, among all changes, of those
    from a major triad to a minor one whose root is 3 semitones higher. A chord that stays is no
    change, so that `chord_change_major_to_major_00` and `chord_change_minor_to_minor_00` are
    always 0; all are 0 where the chord never changes.
    """
    sounding = _sounding_in_parts(onsets)[OCTAVES[_relative_major(onsets)]]
    length = np.sqrt(np.add.reduce(sounding * sounding, axis=0))
    fit = np.rint(_TRIADS @ (sounding / (length + _SOUNDS)) * _PRECISION)
    chord = fit.argmax(axis=0)[np.maximum.reduce(fit, axis=0) > LEAST_FIT * _PRECISION]
    before, after = chord[:-1], chord[1:]
    changed = before != after
    counts = np.bincount(_CHANGE[before[changed], after[changed]], minlength=48)
    return dict(zip(_CHANGES, _root_shares(counts), strict=True))


def lengths(onsets: Onsets) -> dict[str, float]:
    """Inter-onset intervals and durations, as square roots of the shares in 12 bins.

    `ioi_share_*` are of the intervals from each onset to the next, and from the last to the end:
    bins of 0.56 octaves from 0.038 to 4.03 seconds, the shortest first. `duration_share_*` are of
    the notes: bins of 0.64 octaves from 0.038 to 8.06 seconds. What lies outside of `BOUNDS` counts
    in the first or the last bin.
    """
    ioi = np.log2(within(onsets.gap, *BOUNDS["ioi"]))
    duration = np.log2(within(onsets.notes.duration, *BOUNDS["duration"]))
    shares = _binned(ioi, _IOI_BINS) + _binned(duration, _DURATION_BINS)
    return dict(zip(_LENGTHS, shares, strict=True))


def velocities(onsets: Onsets) -> dict[str, float]:
    """Velocities of all notes, as square roots of the shares in 10 bins of 12.8, the softest first.

    Without dynamics every note counts as `symbolic.features.onsets.NEUTRAL_VELOCITY`.
    """
    return dict(zip(_VELOCITIES, _binned(onsets.velocity, _VELOCITY_BINS), strict=True))


def outer_voices(onsets: Onsets) -> dict[str, float]:
    """Pitch classes of the bass (bottom note per onset) and of the melody (top note per onset).

    Shares, which sum to 1. A note counts for the seconds to the next onset, at most
    `MOST_OF_A_NOTE`. `*_from_relative_major_*` count semitones above the tonic of the major key
    with the piece's signature: of the key itself where that is major, three semitones above the
    tonic where it is minor, so that a note of the scale stands at one place in both.
    `melody_from_tonic_*` count from the tonic of the key.
    """
    seconds = np.minimum(onsets.gap, MOST_OF_A_NOTE)
    bass = np.bincount(onsets.bottom_above_lowest, seconds, minlength=12)
    melody = np.bincount((onsets.top - onsets.lowest) % 12, seconds, minlength=12)
    relative = OCTAVES[_relative_major(onsets)]
    shares = []
    for heard in bass[relative], melody[relative], melody[OCTAVES[onsets.key % 12]]:
        shares += (heard / np.add.reduce(heard)).tolist()
    return dict(zip(_OUTER_VOICES, shares, strict=True))
