"""Onsets: the notes of a piece grouped by start, from which all feature columns are computed."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from symbolic.notes import NoteTable, ReadError, keys

CHORD_SECONDS = 0.03  # largest gap between starts of neighbouring notes of one onset
# Bounds in seconds of gaps and durations: logarithms stay finite, and a long silence or an unended
# note does not outweigh the piece.
MIN_DURATION, MAX_DURATION = 1e-3, 60.0
PART_SECONDS = 4.0  # approximately, of the equal parts of a piece whose statistics are compared
MAX_PARTS = 4096  # of a piece, whatever length a damaged file has
NEUTRAL_VELOCITY = 64.0  # of every note of a piece without dynamics

OCTAVES = (np.arange(12)[:, None] + np.arange(12)) % 12
"""(12, 12) pitch classes in ascending order from each of them."""

_BITS = 1 << np.arange(12)[:, None]


class Onsets:
    """The notes of a piece grouped into g onsets; drums are left out.

    Attributes:
        notes: the pitched notes, n of them, at least one.
        velocity: (n,) float64, `NEUTRAL_VELOCITY` where the piece has no dynamics.
        group: (n,) index of each note's onset.
        starts: (g,) position of each onset's first note.
        time: (g,) seconds of each onset.
        gap: (g,) seconds to the next onset, for the last one to the end of the piece.
        top, bottom: (g,) highest and lowest pitch among the notes that start there.
        span: seconds from the first onset to the end of the last note, at least `MIN_DURATION`.

    Properties that several groups of columns use are computed once, at first access.

    Raises:
        ReadError: no pitched notes.
    """

    def __init__(self, notes: NoteTable) -> None:
        self.notes = notes = notes.pitched()
        n = len(notes)
        if not n:
            raise ReadError("no features: the piece has no pitched notes")
        new = np.empty(n, bool)
        new[0] = True
        np.greater(notes.onset[1:] - notes.onset[:-1], CHORD_SECONDS, out=new[1:])
        self.group = np.add.accumulate(new, dtype=np.int64) - 1
        self.starts = new.nonzero()[0]
        self.time = notes.onset[self.starts]
        end = float(np.maximum.reduce(notes.onset + notes.duration))
        self.span = max(end - float(self.time[0]), MIN_DURATION)
        gap = np.empty_like(self.time)
        np.subtract(self.time[1:], self.time[:-1], out=gap[:-1])
        gap[-1] = end - self.time[-1]
        self.gap = within(gap, MIN_DURATION, MAX_DURATION)
        self.top = np.maximum.reduceat(notes.pitch, self.starts)
        self.bottom = np.minimum.reduceat(notes.pitch, self.starts)
        self.velocity = np.full(n, NEUTRAL_VELOCITY)
        if notes.has_dynamics:
            self.velocity = notes.velocity.astype(np.float64)

    @cached_property
    def size(self) -> np.ndarray:
        """(g,) number of notes that start at each onset."""
        size = np.empty_like(self.starts)
        np.subtract(self.starts[1:], self.starts[:-1], out=size[:-1])
        size[-1] = len(self.notes) - self.starts[-1]
        return size

    @cached_property
    def is_top(self) -> np.ndarray:
        """(n,) whether a note belongs to the skyline: no note of its onset is higher."""
        return self.notes.pitch == self.top[self.group]

    @cached_property
    def is_bottom(self) -> np.ndarray:
        """(n,) whether a note belongs to the bass: no note of its onset is lower."""
        return self.notes.pitch == self.bottom[self.group]

    @cached_property
    def top_moves(self) -> np.ndarray:
        """(g - 1,) semitones from each top note to the next."""
        return self.top[1:] - self.top[:-1]

    @cached_property
    def bottom_moves(self) -> np.ndarray:
        """(g - 1,) semitones from each bottom note to the next."""
        return self.bottom[1:] - self.bottom[:-1]

    @cached_property
    def loudest(self) -> np.ndarray:
        """(g,) velocity of each onset's loudest note."""
        return np.maximum.reduceat(self.velocity, self.starts)

    @cached_property
    def end(self) -> np.ndarray:
        """(n,) seconds at which each note ends."""
        return self.notes.onset + self.notes.duration

    @cached_property
    def duration(self) -> np.ndarray:
        """(n,) seconds of each note, kept within `MIN_DURATION` and `MAX_DURATION`."""
        return within(self.notes.duration, MIN_DURATION, MAX_DURATION)

    @cached_property
    def duration_log(self) -> np.ndarray:
        """(n,) natural logarithm of `duration`."""
        return np.log(self.duration)

    @cached_property
    def duration_ratio_log(self) -> np.ndarray:
        """(n,) logarithm of duration / gap, 0 where a note lasts until the next onset."""
        return np.log(self.duration / self.gap[self.group])

    @cached_property
    def lowest(self) -> int:
        """The piece's lowest pitch."""
        return int(np.minimum.reduce(self.notes.pitch))

    @cached_property
    def height(self) -> np.ndarray:
        """(n,) semitones of each note above the piece's lowest."""
        return self.notes.pitch - self.lowest

    @cached_property
    def above_lowest(self) -> np.ndarray:
        """(n,) pitch class of each note, counted from the piece's lowest note.

        Histograms of these are the same to the last bit however the piece is transposed.
        """
        return self.height % 12

    @cached_property
    def bottom_above_lowest(self) -> np.ndarray:
        """(g,) pitch class of each bottom note, counted as in `above_lowest`."""
        return (self.bottom - self.lowest) % 12

    @cached_property
    def histogram(self) -> np.ndarray:
        """(12,) seconds of each pitch class above the lowest note."""
        seconds = within(self.notes.duration, keys.MIN_NOTE_SECONDS, keys.MAX_NOTE_SECONDS)
        return np.bincount(self.above_lowest, seconds, minlength=12)

    @cached_property
    def key_correlations(self) -> np.ndarray:
        """(24,) correlation of `histogram` with each key, tonics counted from the lowest note."""
        return keys.key_scores(self.histogram)

    @cached_property
    def key(self) -> int:
        """The piece's key, its tonic counted from the lowest note; minor keys from 12 on."""
        return int(self.key_correlations.argmax())

    @cached_property
    def tonal_shares(self) -> np.ndarray:
        """(12,) shares of `histogram`, counted from the tonic of the key."""
        return self.histogram[OCTAVES[self.key % 12]] / np.add.reduce(self.histogram)

    @cached_property
    def window(self) -> tuple[np.ndarray, int]:
        """(n,) index of the part (about `PART_SECONDS`) of each note; the number of parts."""
        return self.parts(self.notes.onset, PART_SECONDS)

    @cached_property
    def window_counts(self) -> np.ndarray:
        """(parts,) number of notes that start in each part of `window`."""
        part, parts = self.window
        return np.bincount(part, minlength=parts)

    @cached_property
    def window_correlations(self) -> np.ndarray:
        """(p, 24) correlation of each part with notes with each key, as in `key_correlations`."""
        part, parts = self.window
        seconds = np.minimum(self.duration, PART_SECONDS)
        counts = np.bincount(part * 12 + self.above_lowest, seconds, minlength=parts * 12)
        return keys.key_scores(counts.reshape(parts, 12)[self.window_counts > 0])

    @cached_property
    def sounding(self) -> np.ndarray:
        """(12, g) number of sounding notes by pitch class, C first, and onset.

        A held note counts unless it ends within `CHORD_SECONDS` of the onset: the overlap of legato
        playing is no harmony.
        """
        columns = len(self.time) + 1
        end = self.time.searchsorted(self.end - CHORD_SECONDS)
        end = np.maximum(end, self.group + 1)
        row = self.notes.pitch % 12 * columns
        change = np.bincount(row + self.group, minlength=12 * columns)
        change -= np.bincount(row + end, minlength=12 * columns)
        return np.add.accumulate(change.reshape(12, columns)[:, :-1], axis=1)

    @cached_property
    def sets(self) -> np.ndarray:
        """(g,) the set of pitch classes that sound at each onset, never empty; bit 0 is C."""
        return np.bitwise_or.reduce((self.sounding > 0) * _BITS, axis=0)

    def parts(self, time: np.ndarray, length: float) -> tuple[np.ndarray, int]:
        """Assign times to equal parts of the piece, and count these, as `count_parts`."""
        parts = self.count_parts(length)
        part = ((time - self.time[0]) / self.span * parts).astype(np.int64)
        return np.minimum(part, parts - 1), parts

    def count_parts(self, length: float) -> int:
        """Count the equal parts of the piece, about `length` seconds each; at least 1."""
        return int(min(max(self.span // length, 1), MAX_PARTS))

    def window_means(self, values: np.ndarray) -> np.ndarray:
        """Average (n,) values over each part of `window` that has notes: (p,)."""
        part, parts = self.window
        occupied = self.window_counts > 0
        return np.bincount(part, values, parts)[occupied] / self.window_counts[occupied]


def within(values: np.ndarray, least: float, most: float) -> np.ndarray:
    """Clip values to bounds."""
    return np.minimum(np.maximum(values, least), most)
