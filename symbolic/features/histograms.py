"""Histograms: chord changes, lengths, velocities, and the outer voices on the scale.

Some histograms hold square roots of shares, whose squares sum to 1: the Euclidean distance of two
pieces is then the Hellinger distance, which gives rare events more weight.
"""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import Onsets, modulo_octave, within
from symbolic.features.segments import Columns, Segments

CHORD_PART_SECONDS = 1.0  # approximately, of the equal parts for which a chord is estimated
ROOT_WEIGHT = 1.2  # in a triad; third and fifth have weight 1
MIN_TRIAD_FIT = 0.5  # least cosine similarity of a triad and the pitch classes of a part
SECONDS_BOUNDS = {"ioi": (0.04, 4.0), "duration": (0.04, 7.9)}  # to which both are clipped
MAX_VOICE_SECONDS = 2.0  # largest weight of a note of an outer voice


def _numbered(count: int, *names: str) -> tuple[str, ...]:
    """Name the bins of each histogram."""
    return tuple(f"{name}_{k:02d}" for name in names for k in range(count))


_MODES = ("major", "minor")
_CHANGES = _numbered(12, *(f"chord_change_{a}_to_{b}" for a in _MODES for b in _MODES))
_LENGTHS = _numbered(12, "ioi_share", "duration_share")
_VELOCITIES = _numbered(10, "velocity_share")
_OUTER_VOICES = _numbered(
    12, "bass_from_relative_major", "melody_from_relative_major", "melody_from_tonic"
)

# Lower bounds of bins of one width on the logarithm of seconds, and of velocity.
_IOI_BINS = np.linspace(-4.7, 2.01, 13)[:-1]
_DURATION_BINS = np.linspace(-4.7, 3.01, 13)[:-1]
_VELOCITY_BINS = np.linspace(0.0, 128.0, 11)[:-1]

_SOUNDS = 1e-9
_PRECISION = 1e9  # beyond it, triads that fit equally well differ by errors of rounding


# (24, 12) unit vectors of the major and the minor triads, root 0 first.
_ON_C = np.zeros((2, 12))
_ON_C[0, [0, 4, 7]] = _ON_C[1, [0, 3, 7]] = ROOT_WEIGHT, 1.0, 1.0
_ON_C /= np.linalg.norm(_ON_C, axis=1, keepdims=True)
_TRIADS = np.array([np.roll(triad, root) for triad in _ON_C for root in range(12)])

# (24, 24) positions in `_CHANGES` of the change from each triad to each.
_AFTER = np.arange(24)
_BEFORE = _AFTER[:, None]
_CHANGE = (2 * (_BEFORE >= 12) + (_AFTER >= 12)) * 12 + (_AFTER - _BEFORE) % 12


def _root_shares(segments: Segments, bins: np.ndarray, size: int) -> np.ndarray:
    """Return square roots of the shares of each bin, as of `histogram`: (size, p); zeros for an
    empty segment."""
    return np.sqrt(segments.histogram(bins, size).T / segments.divisor)


def _binned(segments: Segments, values: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Return square roots of the shares of (n,) values in each of k bins: (k, p).

    Args:
        segments: of the values.
        values: none below the first bound.
        bounds: (k,) lower bound of each bin, which belongs to it.
    """
    # On few bins, comparisons with all bounds are faster than a binary search.
    bins = np.add.reduce(values >= bounds[1:, None], axis=0, dtype=np.int8)
    return _root_shares(segments, bins, len(bounds))


def _sounding_in_parts(onsets: Onsets, tonics: np.ndarray) -> tuple[np.ndarray, Segments]:
    """Compute the mean number of sounding notes by pitch class and part of each piece.

    A note fills the rest of the part it starts in, whole parts, and some of the part it ends in, so
    that memory grows with notes plus parts, not with their product.

    Args:
        onsets: of p pieces.
        tonics: (p,) pitch classes from which those of each piece are counted, themselves counted
            from the lowest notes.

    Returns:
        (12, k) means, and the segments of the k parts.
    """
    notes, parts = onsets.by_note, onsets.parts_of(CHORD_PART_SECONDS)
    origin, span, count = map(notes.each, (onsets.first, onsets.span, parts.counts))
    edges = np.array((onsets.progress, (onsets.end - origin) / span))
    edges *= count
    (start, end), (first, last) = edges, np.minimum(edges.astype(np.int64), count - 1)
    following = first + 1
    in_first = np.minimum(following, end) - start
    in_last = (end - last) * (last > first)
    # One column more than parts: what fills the last part of all ends behind it.
    columns = parts.ends[-1] + 1
    row = modulo_octave(onsets.above_lowest - notes.each(tonics)) * columns
    row += notes.each(parts.starts)
    # Integers for whole parts: a silent part is exactly 0.
    whole = np.bincount(row + following, minlength=12 * columns)
    whole -= np.bincount(row + np.maximum(last, following), minlength=12 * columns)
    amount = np.bincount(row + first, in_first, 12 * columns)
    amount += np.bincount(row + last, in_last, 12 * columns)
    amount = amount.reshape(12, columns)
    amount += np.add.accumulate(whole.reshape(12, columns), axis=1)
    return amount[:, :-1], parts


def chord_changes(onsets: Onsets) -> Columns:
    """Count changes of triad by modes and by the upward interval of the roots, in semitones.

    The piece is cut into parts of about a second. The chord of a part is the major or minor triad
    with the highest cosine similarity to the pitch-class durations, the root weighted by
    `ROOT_WEIGHT`; parts without a triad above `MIN_TRIAD_FIT` are skipped. Among equal fits, major
    triads come first, then the root nearest above the tonic of the relative major.

    `chord_change_major_to_minor_03` is the square root of the share, among all changes, of those
    from a major triad to a minor one whose root is 3 semitones higher. A repeated chord is no
    change, so that `chord_change_major_to_major_00` and `chord_change_minor_to_minor_00` are
    always 0; all are 0 where the chord never changes.
    """
    sounding, parts = _sounding_in_parts(onsets, onsets.relative_major)
    length = np.sqrt(np.add.reduce(sounding * sounding, axis=0))
    scaled = sounding / (length + _SOUNDS)
    fit = np.empty((len(_TRIADS), len(length)))
    for start, end in parts.bounds:  # a product for each piece: those of more may round differently
        np.matmul(_TRIADS, scaled[:, start:end], out=fit[:, start:end])
    fit *= _PRECISION
    np.rint(fit, out=fit)  # in place: large arrays are slow
    some, kept = parts.find(np.maximum.reduce(fit, axis=0) > MIN_TRIAD_FIT * _PRECISION)
    chord = fit.argmax(axis=0)[some]
    before, after = kept.before(chord), kept.after(chord)
    changed, changes = kept.steps.find(before != after)
    kinds = _CHANGE[before[changed], after[changed]]
    return {_CHANGES: _root_shares(changes, kinds, len(_CHANGES))}


def lengths(onsets: Onsets) -> Columns:
    """Bin inter-onset intervals and durations: square roots of the shares in 12 bins.

    `ioi_share_*` count the intervals from each onset to the next, and from the last to the end, in
    bins of 0.56 octaves from 0.038 to 4.03 seconds, the shortest first. `duration_share_*` count
    the notes in bins of 0.64 octaves from 0.038 to 8.06 seconds. Values outside `SECONDS_BOUNDS`
    fall into the first or the last bin.
    """
    ioi = np.log2(within(onsets.gap, *SECONDS_BOUNDS["ioi"]))
    duration = np.log2(within(onsets.seconds, *SECONDS_BOUNDS["duration"]))
    iois = _binned(onsets.by_onset, ioi, _IOI_BINS)
    durations = _binned(onsets.by_note, duration, _DURATION_BINS)
    return {_LENGTHS: np.concatenate([iois, durations])}


def velocities(onsets: Onsets) -> Columns:
    """Bin velocities: square roots of the shares in 10 bins of 12.8, the softest first.

    Without dynamics every velocity is `symbolic.features.onsets.NEUTRAL_VELOCITY`.
    """
    return {_VELOCITIES: _binned(onsets.by_note, onsets.velocity, _VELOCITY_BINS)}


def outer_voices(onsets: Onsets) -> Columns:
    """Share out pitch classes of the bass (bottom note per onset) and the melody (top note).

    Shares sum to 1. A note is weighted by the seconds to the next onset, at most
    `MAX_VOICE_SECONDS`. `*_from_relative_major_*` count semitones above the tonic of the major key
    with the piece's signature: of the key itself where that is major, three semitones above the
    tonic where it is minor, so that both modes share the positions of the scale.
    `melody_from_tonic_*` count from the tonic of the key.
    """
    groups, seconds = onsets.by_onset, np.minimum(onsets.gap, MAX_VOICE_SECONDS)
    relative, key = groups.each(onsets.relative_major), groups.each(onsets.key)
    bass, melody = onsets.bottom_above_lowest, onsets.top_above_lowest
    voices = modulo_octave(np.array((bass - relative, melody - relative, melody - key)))
    sums = np.array([groups.histogram(voice, 12, seconds) for voice in voices])
    shares = sums / np.add.reduce(sums, axis=2, keepdims=True)
    return {_OUTER_VOICES: shares.swapaxes(1, 2).reshape(len(_OUTER_VOICES), -1)}
