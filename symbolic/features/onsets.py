"""A piece's notes gathered into onsets: what all feature columns are computed from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from symbolic.keys import key_scores, pitch_class_histogram
from symbolic.notes import NoteTable

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
        return np.diff(self.starts, append=len(self.notes))

    @cached_property
    def is_top(self) -> np.ndarray:
        """(n,) whether a note belongs to the skyline: no note of its onset is higher."""
        return self.notes.pitch == self.top[self.group]

    @cached_property
    def is_bottom(self) -> np.ndarray:
        """(n,) whether a note belongs to the bass: no note of its onset is lower."""
        return self.notes.pitch == self.bottom[self.group]

    @cached_property
    def duration(self) -> np.ndarray:
        """(n,) seconds of each note, kept within `SHORTEST` and `LONGEST`."""
        return np.clip(self.notes.duration, SHORTEST, LONGEST)

    @cached_property
    def above_lowest(self) -> np.ndarray:
        """(n,) pitch class of each note, counted from the piece's lowest note.

        Histograms of these are the same to the last bit however the piece is transposed.
        """
        return (self.notes.pitch - self.notes.pitch.min()) % 12

    @cached_property
    def histogram(self) -> np.ndarray:
        """(12,) seconds of each pitch class above the lowest note."""
        return np.roll(pitch_class_histogram(self.notes), -int(self.notes.pitch.min()))

    @cached_property
    def key_correlations(self) -> np.ndarray:
        """(24,) correlation of `histogram` with each key, tonics counted from the lowest note."""
        return key_scores(self.histogram)

    @cached_property
    def key(self) -> int:
        """The piece's key, its tonic counted from the lowest note; minor keys from 12 on."""
        return int(self.key_correlations.argmax())

    @cached_property
    def window(self) -> tuple[np.ndarray, int]:
        """(n,) the part, of about `WINDOW` seconds, that each note starts in; number of parts."""
        return self.parts(self.notes.onset, WINDOW)

    @cached_property
    def window_histograms(self) -> np.ndarray:
        """(p, 12) seconds of each pitch class above the lowest note in each part with notes."""
        part, parts = self.window
        amounts = np.clip(self.notes.duration, SHORTEST, WINDOW)
        counts = np.bincount(part * 12 + self.above_lowest, amounts, minlength=parts * 12)
        counts = counts.reshape(parts, 12)
        return counts[counts.any(axis=1)]

    @cached_property
    def sounding(self) -> np.ndarray:
        """(12, g) how many notes of each pitch class, C first, sound at each onset.

        A note held over from before counts unless it ends within `TOGETHER` of the onset: legato
        playing overlaps without meaning harmony.
        """
        notes, g = self.notes, len(self.time)
        end = np.searchsorted(self.time, notes.onset + notes.duration - TOGETHER)
        end = np.maximum(end, self.group + 1)
        row = notes.pitch % 12 * (g + 1)
        change = np.bincount(row + self.group, minlength=12 * (g + 1))
        change -= np.bincount(row + end, minlength=12 * (g + 1))
        return change.reshape(12, g + 1)[:, :-1].cumsum(axis=1)

    @cached_property
    def sets(self) -> np.ndarray:
        """(g,) the set of pitch classes that sound at each onset, never empty; bit 0 is C."""
        return (1 << np.arange(12)) @ (self.sounding > 0)

    def parts(self, time: np.ndarray, length: float) -> tuple[np.ndarray, int]:
        """Which of the piece's equal parts, about `length` seconds each, each time falls into.

        Returns:
            (the part of each time, the number of parts, at least 1).
        """
        parts = int(np.clip(self.span // length, 1, MOST_PARTS))
        part = ((time - self.time[0]) / self.span * parts).astype(np.int64)
        return np.minimum(part, parts - 1), parts

    def window_means(self, values: np.ndarray) -> np.ndarray:
        """(p,) mean of (n,) values in each part of `window` that has notes."""
        part, _ = self.window
        counts = np.bincount(part)
        heard = counts > 0
        return np.bincount(part, values)[heard] / counts[heard]


def gather(notes: NoteTable) -> Onsets:
    """The onsets of a piece; drums do not count.

    Raises:
        ValueError: no pitched notes.
    """
    notes = notes.pitched()
    if not len(notes):
        raise ValueError("no features: the piece has no pitched notes")
    new = np.append(True, np.diff(notes.onset) > TOGETHER)
    starts = np.flatnonzero(new)
    time = notes.onset[starts]
    end = float((notes.onset + notes.duration).max())
    velocity = notes.velocity.astype(np.float64)
    return Onsets(
        notes=notes,
        velocity=velocity if notes.has_dynamics else np.full(len(notes), NEUTRAL_VELOCITY),
        group=np.cumsum(new) - 1,
        starts=starts,
        time=time,
        gap=np.clip(np.diff(time, append=end), SHORTEST, LONGEST),
        top=np.maximum.reduceat(notes.pitch, starts),
        bottom=np.minimum.reduceat(notes.pitch, starts),
        span=max(end - float(time[0]), SHORTEST),
    )
