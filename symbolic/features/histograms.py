"""Histograms: chord changes, lengths, velocities, and the outer voices on the scale.

Where square roots of shares are given, their squares sum to 1: the straight-line distance of two
pieces is then Hellinger's, in which a rare thing counts for more than its share.
"""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets

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

_MODES = ("major", "minor")
_CHANGES = tuple(f"{before}_to_{after}" for before in _MODES for after in _MODES)

# Bins are of one width on the logarithm of seconds, and of velocity.
_IOI_BINS = np.linspace(-4.7, 2.01, 13)
_DURATION_BINS = np.linspace(-4.7, 3.01, 13)
_VELOCITY_BINS = np.linspace(0.0, 128.0, 11)

_SOUNDS = 1e-9
_DECIMALS = 9  # beyond them, triads that fit equally well differ by errors of rounding


def _triads() -> np.ndarray:
    """(24, 12) pitch classes of the major and the minor triads, root 0 first, of unit length."""
    rows = np.zeros((2, 12))
    rows[0, [0, 4, 7]] = rows[1, [0, 3, 7]] = ROOT_WEIGHT, 1.0, 1.0
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return np.array([np.roll(row, root) for row in rows for root in range(12)])


_TRIADS = _triads()


def _numbered(name: str, values: np.ndarray) -> dict[str, float]:
    return {f"{name}_{k:02d}": value for k, value in enumerate(values)}


def _root_shares(counts: np.ndarray) -> np.ndarray:
    """Square roots of the shares of counts, all 0 of none."""
    return np.sqrt(counts / max(counts.sum(), 1))


def _binned(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Square roots of the shares of values in each bin; an edge belongs to the bin above it."""
    places = np.searchsorted(edges, values, side="right") - 1
    return _root_shares(np.bincount(places, minlength=len(edges) - 1))


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
    _, parts = onsets.parts(onsets.time[:1], PART)
    start = (notes.onset - onsets.time[0]) / onsets.span * parts
    end = (notes.onset + notes.duration - onsets.time[0]) / onsets.span * parts
    first = np.minimum(start.astype(np.int64), parts - 1)
    last = np.minimum(end.astype(np.int64), parts - 1)
    longer = last > first
    row, size = onsets.above_lowest * (parts + 1), 12 * (parts + 1)
    # Whole parts are counted in whole numbers: where nothing sounds there is exactly nothing.
    whole = np.bincount(row + first + 1, minlength=size)
    whole -= np.bincount(row + np.maximum(last, first + 1), minlength=size)
    amount = np.bincount(row + first, np.where(longer, first + 1, end) - start, size)
    amount += np.bincount(row + last, np.where(longer, end - last, 0.0), size)
    amount += whole.reshape(12, -1).cumsum(axis=1).ravel()
    return amount.reshape(12, parts + 1)[:, :-1]


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
    sounding = np.roll(_sounding_in_parts(onsets), -_relative_major(onsets), axis=0)
    length = np.sqrt((sounding**2).sum(axis=0))
    fit = np.round(_TRIADS @ (sounding / (length + _SOUNDS)), _DECIMALS)
    chord = fit.argmax(axis=0)[fit.max(axis=0) > LEAST_FIT]
    chord = chord[np.append(True, chord[1:] != chord[:-1])] if len(chord) else chord
    before, after = chord[:-1], chord[1:]
    modes = 2 * (before >= 12) + (after >= 12)
    counts = np.bincount(modes * 12 + (after - before) % 12, minlength=48)
    shares = _root_shares(counts).reshape(4, 12)
    return {
        name: share
        for change, row in zip(_CHANGES, shares, strict=True)
        for name, share in _numbered(f"chord_change_{change}", row).items()
    }


def lengths(onsets: Onsets) -> dict[str, float]:
    """Inter-onset intervals and durations, as square roots of the shares in 12 bins.

    `ioi_share_*` are of the intervals from each onset to the next, and from the last to the end:
    bins of 0.56 octaves from 0.038 to 4.03 seconds, the shortest first. `duration_share_*` are of
    the notes: bins of 0.64 octaves from 0.038 to 8.06 seconds. What lies outside of `BOUNDS` counts
    in the first or the last bin.
    """
    ioi = np.log2(np.clip(onsets.gap, *BOUNDS["ioi"]))
    duration = np.log2(np.clip(onsets.notes.duration, *BOUNDS["duration"]))
    return {
        **_numbered("ioi_share", _binned(ioi, _IOI_BINS)),
        **_numbered("duration_share", _binned(duration, _DURATION_BINS)),
    }


def velocities(onsets: Onsets) -> dict[str, float]:
    """Velocities of all notes, as square roots of the shares in 10 bins of 12.8, the softest first.

    Without dynamics every note counts as `symbolic.features.onsets.NEUTRAL_VELOCITY`.
    """
    return _numbered("velocity_share", _binned(onsets.velocity, _VELOCITY_BINS))


def outer_voices(onsets: Onsets) -> dict[str, float]:
    """Pitch classes of the bass (bottom note per onset) and of the melody (top note per onset).

    Shares, which sum to 1. A note counts for the seconds to the next onset, at most
    `MOST_OF_A_NOTE`. `*_from_relative_major_*` count semitones above the tonic of the major key
    with the piece's signature: of the key itself where that is major, three semitones above the
    tonic where it is minor, so that a note of the scale stands at one place in both.
    `melody_from_tonic_*` count from the tonic of the key.
    """
    seconds = np.minimum(onsets.gap, MOST_OF_A_NOTE)
    lowest, tonic, relative = onsets.notes.pitch.min(), onsets.key % 12, _relative_major(onsets)
    columns = {}
    for name, line, origin in (
        ("bass_from_relative_major", onsets.bottom, relative),
        ("melody_from_relative_major", onsets.top, relative),
        ("melody_from_tonic", onsets.top, tonic),
    ):
        heard = np.bincount((line - lowest - origin) % 12, seconds, minlength=12)
        columns |= _numbered(name, heard / heard.sum())
    return columns
