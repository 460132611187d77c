"""Pitch-class features for key detection: channels of 12 columns, C first.

Transposition rotates these columns: by a semitone, each value moves to the next column of its
channel, to the last bit. The other columns, invariant to transposition, carry no tonic.
"""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import MEMBERS, Onsets, modulo_octave, roots
from symbolic.features.segments import Columns, Segments

# Time constants of the exponential weights of openings, in onsets and in seconds.
OPENING_ONSETS = (1.0, 4.0, 16.0, 64.0)
OPENING_SECONDS = (2.0, 8.0, 30.0)

_BASS_STEPS = (5, 7, 1, 2, 10, 11)  # semitones upwards, modulo 12
_MELODY_STEPS = (1, -1, 2, -2)
_CHORDS = {"major": (4, 7), "minor": (3, 7), "seventh": (4, 10), "diminished": (3, 6)}

TONAL_CHANNELS: tuple[str, ...] = (
    *("duration", "count"),
    *(f"duration_opening_{int(k)}" for k in OPENING_ONSETS),
    *(f"duration_opening_{int(k)}s" for k in OPENING_SECONDS),
    *("bass", "melody"),
    *(f"bass_opening_{int(k)}" for k in OPENING_ONSETS),
    "melody_opening_4",
    *(f"{chord}{part}" for chord in _CHORDS for part in ("", "_opening_4", "_opening_16")),
    *(f"{chord}_over_root{part}" for chord in ("major", "minor") for part in ("", "_opening_4")),
    *(f"bass_by_{step:+d}{part}" for step in _BASS_STEPS for part in ("", "_opening_16")),
    *(f"melody_by_{step:+d}{part}" for step in _MELODY_STEPS for part in ("", "_opening_16")),
    *("cadence", "cadence_opening_16", "leading_tone", "leading_tone_opening_16"),
)
"""Channels: each gives a value to every pitch class.

- `duration`, `count`: its share of all seconds, and of all notes.
- `bass`, `melody`: the share of the time for which the lowest, or highest, note of the last onset
  belongs to it.
- `major`, `minor`, `seventh` (root, major third and minor seventh), `diminished`: the share of the
  time for which the chord on this root sounds; `*_over_root`: with the root in the bass.
- `bass_by_*`, `melody_by_*`: its share of the notes that the bass, or melody, reaches by this
  interval in semitones; intervals of the bass are upward modulo an octave.
- `leading_tone`: the share of onsets at which it sounds and its leading tone, which sounded at the
  onset before, has ended; `cadence`: the same over a bass that moves from its fifth to it.
- `*_opening_4` and so on: with exponential weights from the beginning, by onsets (by seconds where
  the name ends in `s`).
"""

TONAL_NAMES: tuple[str, ...] = tuple(
    f"tonal_{channel}_{k:02d}" for channel in TONAL_CHANNELS for k in range(12)
)
"""The names of the columns, channel by channel; `_00` is C, `_01` is C sharp or D flat."""

_BASS_KINDS = np.full((21, 12), len(_BASS_STEPS))
_BASS_KINDS[:, list(_BASS_STEPS)] = np.arange(len(_BASS_STEPS))
_BASS_KINDS = _BASS_KINDS.ravel()  # downward intervals from the end
_MELODY_KINDS = np.full(256, len(_MELODY_STEPS))  # the same
_MELODY_KINDS[list(_MELODY_STEPS)] = np.arange(len(_MELODY_STEPS))
"""Index among the steps of each interval, behind the last one for all others."""

_NUMBERS = np.arange(max(len(_BASS_STEPS), len(_MELODY_STEPS)))[:, None]

BLOCK_ONSETS = 256
"""Largest number of onsets whose weights `_event_shares` adds up one after the other."""


class _Events:
    """The events at an onset, by the set of pitch classes that sound.

    Args:
        held: (4096, e) bool, the events of each set.
    """

    def __init__(self, held: np.ndarray) -> None:
        self.counts = np.add.reduce(held, axis=1, dtype=np.int64)
        self.starts = np.add.accumulate(self.counts) - self.counts
        self.numbers = held.nonzero()[1]

    def of(self, sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """List the events of (n,) sets: positions in `sets`, and numbers 0..e-1; (m,) each."""
        counts = self.counts[sets]
        at = np.arange(len(sets)).repeat(counts)
        ends = np.add.accumulate(counts)
        behind = (self.starts[sets] + counts - ends).take(at)
        behind += np.arange(len(at))
        return at, self.numbers[behind]


_FIRST_BY_TIME = 1 + len(OPENING_ONSETS)  # among the channels of durations
_OPENING_ONSETS = -np.array(OPENING_ONSETS)[:, None]
_FADED = np.exp(np.arange(4096) / _OPENING_ONSETS)  # of the first onsets
_OPENING_SECONDS = -np.array(OPENING_SECONDS)[:, None]

_HELD = _Events(np.hstack([roots(chord) for chord in _CHORDS.values()]))
_MEMBERS = _Events(MEMBERS)


def evidence(onsets: Onsets) -> Columns:
    """Compute the columns of `TONAL_NAMES`: shares; all 0 in a channel without events."""
    notes, groups, steps = onsets.by_note, onsets.by_onset, onsets.by_onset.steps
    note, bass, melody = onsets.pitch_class, onsets.bottom_class, modulo_octave(onsets.top)
    seconds, gap = onsets.key_seconds, onsets.gap
    fading = _fading(groups.place)
    weights = np.empty((_FIRST_BY_TIME + len(OPENING_SECONDS), len(note)))
    weights[0] = seconds
    by_onset, by_time = weights[1:_FIRST_BY_TIME], weights[_FIRST_BY_TIME:]
    fading.take(onsets.group, axis=1, out=by_onset, mode="clip")  # to `out` without a copy
    np.divide(onsets.since, _OPENING_SECONDS, out=by_time)
    np.exp(by_time, out=by_time)
    weights[1:] *= seconds
    durations = notes.histograms(note, 12, weights) / notes.sum(weights)[..., None]
    counts = notes.histograms(note, 12, [None]) / notes.counts[:, None]

    weights = np.empty((_FIRST_BY_TIME, len(gap)))
    weights[0] = gap
    np.multiply(fading, gap, out=weights[1:])
    whole = groups.sum(weights)
    in_bass = groups.histograms(bass, 12, weights) / whole[..., None]
    on_top = groups.histograms(melody, 12, weights[:3:2]) / whole[:3:2, :, None]

    weights = weights[[0, 2, 3]] / groups.each(whole[[0, 2, 3]])
    held = _event_shares(groups, *_chords(onsets.sets, bass), len(_CHORDS) + 2, weights)

    faded = groups.after(fading[2])
    later = np.ones((2, len(faded)))
    later[1] = faded
    arrivals = _event_shares(
        steps, *_arrivals(onsets, bass), 2, later / steps.each(steps.sum(later))
    )
    columns = np.concatenate(
        [
            *(durations[:1], counts, durations[1:]),
            *(in_bass[:1], on_top[:1], in_bass[1:], on_top[1:]),
            *(*held[: len(_CHORDS)], *held[len(_CHORDS) :, :2]),
            *_step_shares(onsets, groups.after(bass), groups.after(melody), faded),
            *arrivals,
        ]
    )
    columns = columns.swapaxes(1, 2).reshape(len(TONAL_NAMES), len(onsets))
    return {TONAL_NAMES: columns}


def _fading(place: np.ndarray) -> np.ndarray:
    """Compute the (k, g) weights of onsets by their place in the piece, from 0."""
    if len(place) < len(_FADED[0]):
        return np.exp(place / _OPENING_ONSETS)
    most = int(np.maximum.reduce(place)) + 1
    table = (
        _FADED[:, :most] if most <= len(_FADED[0]) else np.exp(np.arange(most) / _OPENING_ONSETS)
    )
    return table.take(place, axis=1)


def transposed_tonal(columns: np.ndarray, semitones: int) -> np.ndarray:
    """Transpose (..., 12 k) columns of k whole channels by `semitones`."""
    channels = columns.reshape(*columns.shape[:-1], -1, 12)
    return np.roll(channels, semitones, axis=-1).reshape(columns.shape)


def _event_shares(
    segments: Segments, at: np.ndarray, events: np.ndarray, kinds: int, weights: np.ndarray
) -> np.ndarray:
    """Add up weights during events: (kinds, k, p, 12).

    Args:
        segments: of n onsets.
        at: (m,) the onset of each event, ascending for each kind.
        events: (m,) pitch class of each event, plus 12 times its kind.
        kinds: number of kinds.
        weights: (k, n), which sum to 1 in each segment.
    """
    size = 12 * kinds
    if np.maximum.reduce(segments.counts) <= BLOCK_ONSETS:
        shares = segments.histograms(events, size, weights, at)
    else:
        blocks, pieces = _blocks(segments)
        places = (pieces.owner[:, None] * size + np.arange(size)).ravel()
        parts = blocks.histograms(events, size, weights, at)
        shares = np.array([np.bincount(places, row.ravel()) for row in parts])
    return shares.reshape(-1, len(segments), kinds, 12).transpose(2, 0, 1, 3)


def _blocks(segments: Segments) -> tuple[Segments, Segments]:
    """Cut the onsets of each piece into the blocks of which sums are added up.

    Blocks of `BLOCK_ONSETS`; of the last onsets, fewer than two blocks, one block or two halves,
    the first of a multiple of four. Trained models got their columns from matrix products of
    OpenBLAS, which rounds so.

    Returns:
        The blocks as segments of onsets, and the segments of the blocks of each piece.
    """
    counts = segments.counts
    full = np.maximum(counts // BLOCK_ONSETS - 1, 0)
    rest = counts - full * BLOCK_ONSETS
    halved = rest > BLOCK_ONSETS
    half = np.where(halved, (rest // 2 + 3) // 4 * 4, 0)
    pieces = Segments(full + 1 + halved)
    sizes = np.full(pieces.ends[-1], BLOCK_ONSETS)
    sizes[pieces.ends - 1 - halved] = half
    sizes[pieces.ends - 1] = rest - half
    return Segments(sizes), pieces


def _step_shares(
    onsets: Onsets, below: np.ndarray, above: np.ndarray, faded: np.ndarray
) -> np.ndarray:
    """Return shares of the pitch classes that steps of bass and melody reach: (kinds, 2, p, 12).

    Args:
        onsets: of p pieces.
        below, above: (m,) pitch classes that the steps of bass and melody reach.
        faded: (m,) weights of the second channel of each kind; in the first, each step counts 1.
    """
    steps, (top_moves, bottom_moves) = onsets.by_onset.steps, onsets.outer_moves
    counts, whole = [], []
    for kinds, reached, count in (
        (_BASS_KINDS[bottom_moves], below, len(_BASS_STEPS)),
        (_MELODY_KINDS[top_moves], above, len(_MELODY_STEPS)),
    ):
        found = steps.histograms(kinds * 12 + reached, 12 * (count + 1), (None, faded))
        counts.append(found.reshape(2, len(steps), count + 1, 12)[:, :, :count])
        whole.append(kinds == _NUMBERS[:count])
    shares = np.concatenate(counts, axis=2)
    divisors = np.add.reduce(shares, axis=3)
    divisors[1] = steps.sum(np.concatenate(whole) * faded).T
    divisors[divisors == 0] = 1.0
    shares /= divisors[..., None]
    return shares.transpose(2, 0, 1, 3)


def _chords(sets: np.ndarray, bass: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """List the chords of `_CHORDS` at each onset, and those with the root in the bass.

    Returns:
        Positions among the onsets, and the events: 12 for each chord, then 12 for the major and 12
        for the minor triads over their roots, as `_event_shares` takes them.
    """
    at, chords = _HELD.of(sets)
    root = bass[at]
    rooted = ((chords == root) | (chords == root + 12)).nonzero()[0]
    over_root = chords[rooted] + 12 * len(_CHORDS)
    return np.concatenate([at, at[rooted]]), np.concatenate([chords, over_root])


def _arrivals(onsets: Onsets, bass: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """List cadences, 0..11, and resolved leading tones, 12..23, of each step to an onset.

    Returns:
        Positions among the steps, and the events, as `_event_shares` takes them.
    """
    groups, sets = onsets.by_onset, onsets.sets
    bass_before, bass_after = groups.before(bass), groups.after(bass)
    # Bit k of a set in which each leading tone is moved to its tonic: whether the leading tone of k
    # sounds.
    leading = (sets << 1 | sets >> 11) & 0xFFF
    ended = groups.before(leading) & ~groups.after(leading)
    from_fifth = modulo_octave(bass_before - bass_after) == 7
    cadences = (from_fifth & (ended >> bass_after & 1 > 0)).nonzero()[0]
    at, tonics = _MEMBERS.of(ended & groups.after(sets))
    return np.concatenate([cadences, at]), np.concatenate([bass_after[cadences], tonics + 12])
