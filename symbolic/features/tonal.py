"""Pitch-class features for key detection: channels of 12 columns, C first.

Transposition rotates these columns: by a semitone, each value moves to the next column of its
channel, to the last bit. The other columns, invariant to transposition, carry no tonic.
"""

from __future__ import annotations

import numpy as np

from symbolic.features.onsets import OCTAVES, Onsets, within
from symbolic.notes.keys import MAX_NOTE_SECONDS, MIN_NOTE_SECONDS

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


def evidence(onsets: Onsets) -> dict[str, float]:
    """Compute the columns of `TONAL_NAMES`: shares; all 0 in a channel without events."""
    low, gap, count = onsets.lowest, onsets.gap, len(onsets.time)
    note, bass = onsets.above_lowest, onsets.bottom_above_lowest
    melody = (onsets.top - low) % 12
    seconds = within(onsets.notes.duration, MIN_NOTE_SECONDS, MAX_NOTE_SECONDS)
    since = onsets.notes.onset - onsets.time[0]
    order = np.arange(count)
    fading = np.exp(order / -np.array(OPENING_ONSETS)[:, None])
    by_time = np.exp(since / -np.array(OPENING_SECONDS)[:, None])
    sounds = onsets.sounding[OCTAVES[low % 12]] > 0  # rows counted from the lowest note
    in_bass = np.arange(12)[:, None] == bass
    weights = np.stack([gap, fading[1] * gap, fading[2] * gap])
    held = {
        name: sounds & sounds[OCTAVES[third]] & sounds[OCTAVES[fifth]]
        for name, (third, fifth) in _CHORDS.items()
    }
    rooted = np.stack([held["major"] & in_bass, held["minor"] & in_bass])
    openings = fading[:, onsets.group] * seconds, by_time * seconds
    rows = [
        _shares(note, np.vstack([seconds, np.ones(len(note)), *openings])),
        _shares(bass, gap[None]),
        _shares(melody, gap[None]),
        _shares(bass, fading * gap),
        _shares(melody, fading[1:2] * gap),
        _event_shares(np.stack(list(held.values())), weights),
        _event_shares(rooted, weights[:2]),
    ]
    if count > 1:
        later = np.stack([np.ones(count - 1), fading[2, 1:]])
        up = onsets.bottom_moves % 12
        rows += [
            _shares(bass[1:], _step_weights(up, _BASS_STEPS, later)),
            _shares(melody[1:], _step_weights(onsets.top_moves, _MELODY_STEPS, later)),
            _event_shares(_arrivals(sounds, in_bass), later),
        ]
    else:
        rows.append(np.zeros((2 * len(_BASS_STEPS) + 2 * len(_MELODY_STEPS) + 4, 12)))
    values = np.concatenate(rows)[:, OCTAVES[-low % 12]]
    return dict(zip(TONAL_NAMES, values.ravel().tolist(), strict=True))


def transposed_tonal(columns: np.ndarray, semitones: int) -> np.ndarray:
    """Transpose (..., 12 k) columns of k whole channels by `semitones`."""
    channels = columns.reshape(*columns.shape[:-1], -1, 12)
    return np.roll(channels, semitones, axis=-1).reshape(columns.shape)


def _shares(pitch_class: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (k, 12) shares of (n,) pitch classes under (k, n) weights."""
    k = len(weights)
    place = np.arange(k)[:, None] * 12 + pitch_class
    counts = np.bincount(place.ravel(), weights.ravel(), minlength=12 * k).reshape(k, 12)
    whole = np.add.reduce(weights, axis=1)[:, None]
    return counts / np.where(whole > 0, whole, 1.0)


def _event_shares(events: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (e * k, 12) shares of (k, n) weights during each of (e, 12, n) events."""
    shares = events.astype(np.float64) @ (weights / np.add.reduce(weights, axis=1)[:, None]).T
    return shares.swapaxes(1, 2).reshape(-1, 12)


def _step_weights(moves: np.ndarray, steps: tuple[int, ...], weights: np.ndarray) -> np.ndarray:
    """Keep (k, n) weights of the moves by each of s steps, 0 elsewhere: (s * k, n)."""
    chosen = moves == np.array(steps)[:, None]
    return (chosen[:, None] * weights).reshape(-1, weights.shape[1])


def _arrivals(sounds: np.ndarray, in_bass: np.ndarray) -> np.ndarray:
    """Find cadences and resolved leading tones at each onset but the first: (2, 12, g - 1)."""
    leading = sounds[OCTAVES[11]]
    dominant = leading & in_bass[OCTAVES[7]]
    gone = ~leading[:, 1:]
    cadences = dominant[:, :-1] & in_bass[:, 1:] & gone
    return np.stack([cadences, leading[:, :-1] & sounds[:, 1:] & gone])
