"""A piece's notes gathered into onsets: what all feature columns are computed from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from symbolic.notes import NoteTable, keys

TOGETHER = 0.03
"""Seconds from one note to the next within which both belong to one onset."""

SHORTEST, LONGEST = 1e-3, 60.0
"""Seconds that gaps and durations are kept within: logarithms stay finite and a long silence or a
note that was never closed does not outweigh the piece."""

WINDOW = 4.0
"""Seconds, about, of the equal parts into which a piece is cut to follow how it changes."""

MOST_PARTS = 4096
"""Parts that a piece is cut into at most, whatever length a broken file claims."""

NEUTRAL_VELOCITY = 64.0
"""What every velocity counts as where a piece has no dynamics."""

OCTAVES = (np.arange(12)[:, None] + np.arange(12)) % 12
"""(12, 12) the pitch classes in rising order from each of them."""

_BITS = 1 << np.arange(12)[:, None]


@dataclass(frozen=True, eq=False)
class Onsets:
    """A piece's notes gathered into its g onsets.

    Attributes:
        notes: the pitched notes, n of them, at least one.
        velocity: (n,) float64, neutral where the piece has no dynamics.
        group: (n,) the onset that each note belongs to.
        starts: (g,) position of each onset's first note.
        time: (g,) seconds of each onset.
        gap: (g,) seconds to the next onset, for the last one to the end of the piece.
        top, bottom: (g,) highest and lowest pitch that starts there.
        span: seconds from the first onset to the end of the last note, at least `SHORTEST`.

    What several groups of columns ask for is computed once, when it is first asked for.
    """

    notes: NoteTable
    velocity: np.ndarray
    group: np.ndarray
    starts: np.ndarray
    time: np.ndarray
    gap: np.ndarray
    top: np.ndarray
    bottom: np.ndarray
    span: float

    @cached_property
    def size(self) -> np.ndarray:
        """(g,) how many notes start at each onset."""
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
        """(n,) seconds of each note, kept within `SHORTEST` and `LONGEST`."""
        return within(self.notes.duration, SHORTEST, LONGEST)

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
        seconds = within(self.notes.duration, keys.SHORTEST, keys.LONGEST)
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
        """(n,) the part, of about `WINDOW` seconds, that each note starts in; number of parts."""
        return self.parts(self.notes.onset, WINDOW)

    @cached_property
    def window_counts(self) -> np.ndarray:
        """(parts,) how many notes start in each part of `window`."""
        part, parts = self.window
        return np.bincount(part, minlength=parts)

    @cached_property
    def window_histograms(self) -> np.ndarray:
        """(p, 12) seconds of each pitch class above the lowest note in each part with notes."""
        part, parts = self.window
        seconds = np.minimum(self.duration, WINDOW)
        counts = np.bincount(part * 12 + self.above_lowest, seconds, minlength=parts * 12)
        return counts.reshape(parts, 12)[self.window_counts > 0]

    @cached_property
    def window_correlations(self) -> np.ndarray:
        """(p, 24) correlation of `window_histograms` with each key, as in `key_correlations`."""
        return keys.key_scores(self.window_histograms)

    @cached_property
    def sounding(self) -> np.ndarray:
        """(12, g) how many notes of each pitch class, C first, sound at each onset.

        A note held over from before counts unless it ends within `TOGETHER` of the onset: legato
        playing overlaps without meaning harmony.
        """
        columns = len(self.time) + 1
        end = self.time.searchsorted(self.end - TOGETHER)
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
        """Which of the piece's equal parts, about `length` seconds each, each time falls into.

        Returns:
            (the part of each time, the number of parts, at least 1).
        """
        parts = self.count_parts(length)
        part = ((time - self.time[0]) / self.span * parts).astype(np.int64)
        return np.minimum(part, parts - 1), parts

    def count_parts(self, length: float) -> int:
        """How many equal parts, about `length` seconds each, the piece has; at least 1."""
        return int(min(max(self.span // length, 1), MOST_PARTS))

    def window_means(self, values: np.ndarray) -> np.ndarray:
        """(p,) mean of (n,) values in each part of `window` that has notes."""
        part, parts = self.window
        heard = self.window_counts > 0
        return np.bincount(part, values, parts)[heard] / self.window_counts[heard]


def within(values: np.ndarray, least: float, most: float) -> np.ndarray:
    """The values, those that lie outside of the bounds moved to the nearer one."""
    return np.minimum(np.maximum(values, least), most)


def gather(notes: NoteTable) -> Onsets:
    """The onsets of a piece; drums do not count.

    Raises:
        ValueError: no pitched notes.
    """
    notes = notes.pitched()
    n = len(notes)
    if not n:
        raise ValueError("no features: the piece has no pitched notes")
    new = np.empty(n, bool)
    new[0] = True
    np.greater(notes.onset[1:] - notes.onset[:-1], TOGETHER, out=new[1:])
    starts = new.nonzero()[0]
    time = notes.onset[starts]
    end = float(np.maximum.reduce(notes.onset + notes.duration))
    gap = np.empty_like(time)
    np.subtract(time[1:], time[:-1], out=gap[:-1])
    gap[-1] = end - time[-1]
    return Onsets(
        notes=notes,
        velocity=(
            notes.velocity.astype(np.float64)
            if notes.has_dynamics
            else np.full(n, NEUTRAL_VELOCITY)
        ),
        group=np.add.accumulate(new, dtype=np.int64) - 1,
        starts=starts,
        time=time,
        gap=within(gap, SHORTEST, LONGEST),
        top=np.maximum.reduceat(notes.pitch, starts),
        bottom=np.minimum.reduceat(notes.pitch, starts),
        span=max(end - float(time[0]), SHORTEST),
    )
