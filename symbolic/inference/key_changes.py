"""The onsets at which keys change, near the changes that a path of keys has."""

from __future__ import annotations

import numpy as np

from symbolic.forward.states import KEYS
from symbolic.notes import NoteTable
from symbolic.notes.keys import PROFILES

REACH = 3.0  # seconds from a change of the path to the onset
LATE = 0.5  # seconds by which paths change too late, in the median
LONGEST = 2.0  # seconds that a note counts
SHORTEST = 0.01
CHORD = 0.03  # seconds between starts of notes of one onset
NAME = "krumhansl-kessler"


def _shares() -> np.ndarray:
    """(24, 12) logarithms of the shares of pitch classes in the profile of each key."""
    modes = [np.log(np.array(profile) / np.sum(profile)) for profile in PROFILES[NAME]]
    return np.array([np.roll(modes[key // 12], key % 12) for key in range(KEYS)])


_SHARES = _shares()


def change_onsets(notes: NoteTable, keys: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """Move changes of key to onsets.

    Within `REACH` a change is moved to the onset that parts the notes best: those before it count
    for the old key and those from it on for the new one, each by its length and by the logarithm of
    the share of its pitch class in the profile of the key (Krumhansl & Kessler 1982). Changes do
    not pass the middle between them and their neighbours. Without an onset in reach a change is
    moved to the next one.

    Args:
        notes: by onset, at least one.
        keys: (c + 1,) the keys, 0..23.
        changes: (c,) seconds, rising.

    Returns:
        (c,) seconds.
    """
    changes = changes - LATE
    middles = (changes[1:] + changes[:-1]) / 2
    earliest = np.maximum(changes - REACH, np.append(-np.inf, middles))
    latest = np.minimum(changes + REACH, np.append(middles, np.inf))
    first, last = notes.onset.searchsorted(earliest), notes.onset.searchsorted(latest)
    length = notes.duration.clip(SHORTEST, LONGEST)
    found = notes.onset[np.minimum(first, len(notes) - 1)]
    for number, (begin, end) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        if end <= begin:
            continue
        old, new = _SHARES[keys[number]], _SHARES[keys[number + 1]]
        gains = length[begin:end] * (old - new)[notes.pitch[begin:end] % 12]
        before = gains.cumsum() - gains
        onset = notes.onset[begin:end]
        before[1:][onset[1:] - onset[:-1] <= CHORD] = -np.inf  # within a chord
        found[number] = onset[before.argmax()]
    return found
