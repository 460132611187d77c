"""Onsets: the notes of pieces grouped by start, from which all feature columns are computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symbolic.features.segments import Segments, lazy
from symbolic.notes import NoteTable, keys
from symbolic.notes.joined import NEUTRAL_VELOCITY as NEUTRAL_VELOCITY  # also for columns
from symbolic.notes.joined import JoinedNotes

CHORD_SECONDS = 0.03  # largest gap between starts of neighbouring notes of one onset
# Bounds in seconds of gaps and durations: logarithms stay finite, and a long silence or an unended
# note does not outweigh the piece.
MIN_DURATION, MAX_DURATION = 1e-3, 60.0
PART_SECONDS = 4.0  # approximately, of the equal parts of a piece whose statistics are compared
MAX_PARTS = 4096.0  # of a piece, whatever length a damaged file has

OCTAVES = (np.arange(12)[:, None] + np.arange(12)) % 12
"""(12, 12) pitch classes in ascending order from each of them."""

_OCTAVE_REDUCED = np.arange(252) % 12
_MOVE_BINS = np.roll(np.arange(-252, 252), 252).clip(-12, 12) + 12  # downward ones from the end

MEMBERS = (np.arange(4096)[:, None] >> np.arange(12) & 1).astype(bool)
"""(4096, 12) members of each set of pitch classes; bit k of its number is pitch class k, C is 0."""

_ABOVE = [np.roll(MEMBERS, -k, axis=1) for k in range(12)]
_TONICS = np.arange(24) % 12
_RELATIVE_MAJORS = (_TONICS + 3 * (np.arange(24) >= 12)) % 12
_BITS = (1 << np.arange(12)).astype(np.int16)[:, None]


def modulo_octave(semitones: np.ndarray) -> np.ndarray:
    """Return semitones, -252..251, modulo 12; looked up, which is faster than a division."""
    return _OCTAVE_REDUCED.take(semitones)


def roots(chord: Sequence[int]) -> np.ndarray:
    """Mark the roots on which each set of pitch classes holds a chord: (4096, 12) bool.

    Args:
        chord: semitones of the other notes above the root.
    """
    return MEMBERS & np.logical_and.reduce([_ABOVE[k] for k in chord])


class Onsets:
    """The notes of p pieces, end to end, grouped into g onsets; only `drums` has the drums.

    Attributes:
        by_note, by_onset: the `Segments` of arrays of n notes and of g onsets.
        onset, seconds: (n,) onsets and durations of the pitched notes; of each piece at least one.
        pitch: (n,) int64.
        has_dynamics: (p,) bool.
        velocity: (n,) float64, `NEUTRAL_VELOCITY` where a piece has no dynamics.
        group: (n,) index of each note's onset.
        starts: (g,) position of each onset's first note.
        time: (g,) seconds of each onset.
        first: (p,) seconds of the first onset of each piece.
        gap: (g,) seconds to the next onset, for the last one to the end of the piece.
        top, bottom: (g,) highest and lowest pitch among the notes that start there.
        outer: (2, g) both of them.
        span: (p,) seconds from the first onset to the end of the last note, at least
            `MIN_DURATION`.

    Properties that several groups of columns use are computed once, at first access.

    Args:
        notes: of the pieces: tables, at least one, or what is made of them.

    Raises:
        ReadError: a piece without pitched notes.
    """

    def __init__(self, notes: Sequence[NoteTable] | JoinedNotes) -> None:
        if not isinstance(notes, JoinedNotes):
            notes = JoinedNotes.of_tables(notes)
        self._notes = notes
        self.by_note = Segments(notes.counts)
        self.onset, self.seconds, self.pitch = notes.onset, notes.seconds, notes.pitch
        self.has_dynamics, self.velocity = notes.has_dynamics, notes.velocity
        new = np.empty(len(self.onset), bool)
        np.greater(self.onset[1:] - self.onset[:-1], CHORD_SECONDS, out=new[1:])
        new[self.by_note.starts] = True
        self.group = np.add.accumulate(new, dtype=np.int64) - 1
        self.starts, self.by_onset = self.by_note.find(new)
        self.time = self.onset[self.starts]
        self.first = self.time[self.by_onset.starts]
        end = self.by_note.maximum(self.end)
        self.span = np.maximum(end - self.first, MIN_DURATION)
        gap = np.empty_like(self.time)
        np.subtract(self.time[1:], self.time[:-1], out=gap[:-1])
        last = self.by_onset.ends - 1
        gap[last] = end - self.time[last]
        self.gap = within(gap, MIN_DURATION, MAX_DURATION)
        self._parts: dict[float, Segments] = {}  # by length
        self.outer = np.empty((2, len(self.time)), np.int64)
        self.top, self.bottom = self.outer
        np.maximum.reduceat(self.pitch, self.starts, out=self.top)
        np.minimum.reduceat(self.pitch, self.starts, out=self.bottom)

    def __len__(self) -> int:
        return len(self.by_note)

    @lazy
    def size(self) -> np.ndarray:
        """(g,) number of notes that start at each onset."""
        size = np.empty_like(self.starts)
        np.subtract(self.starts[1:], self.starts[:-1], out=size[:-1])
        size[-1] = len(self.onset) - self.starts[-1]
        return size

    @lazy
    def is_top(self) -> np.ndarray:
        """(n,) whether a note belongs to the skyline: no note of its onset is higher."""
        return self.pitch == self.top[self.group]

    @lazy
    def is_bottom(self) -> np.ndarray:
        """(n,) whether a note belongs to the bass: no note of its onset is lower."""
        return self.pitch == self.bottom[self.group]

    @lazy
    def tops(self) -> tuple[np.ndarray, Segments]:
        """(t,) positions of the notes of `is_top`, and their segments."""
        return self.by_note.find(self.is_top)

    @lazy
    def bottoms(self) -> tuple[np.ndarray, Segments]:
        """(b,) positions of the notes of `is_bottom`, and their segments."""
        return self.by_note.find(self.is_bottom)

    def moves(self, values: np.ndarray) -> np.ndarray:
        """Subtract each of (..., g) values from that of the next onset of the piece: (..., g - p).

        They are in the segments `by_onset.steps`.
        """
        return self.by_onset.changes(values)

    @lazy
    def outer_moves(self) -> np.ndarray:
        """(2, g - p) semitones from each top note, and each bottom note, to the next."""
        return self.moves(self.outer)

    @lazy
    def move_counts(self) -> np.ndarray:
        """(25, 2, p) number of `outer_moves` by semitones, from -12 or less to 12 or more."""
        bins = _MOVE_BINS.take(self.outer_moves)
        counts = np.array([self.by_onset.steps.histogram(voice, 25) for voice in bins])
        return counts.transpose(2, 0, 1)

    @lazy
    def loudest(self) -> np.ndarray:
        """(g,) velocity of each onset's loudest note."""
        return np.maximum.reduceat(self.velocity, self.starts)

    @lazy
    def since(self) -> np.ndarray:
        """(n,) seconds from the first onset of the piece to each note."""
        return self.onset - self.by_note.each(self.first)

    @lazy
    def progress(self) -> np.ndarray:
        """(n,) place of each note's start in the piece: `since` / `span`."""
        return self.since / self.by_note.each(self.span)

    @lazy
    def end(self) -> np.ndarray:
        """(n,) seconds at which each note ends."""
        return self.onset + self.seconds

    @lazy
    def duration(self) -> np.ndarray:
        """(n,) seconds of each note, kept within `MIN_DURATION` and `MAX_DURATION`."""
        return within(self.seconds, MIN_DURATION, MAX_DURATION)

    @lazy
    def duration_log(self) -> np.ndarray:
        """(n,) natural logarithm of `duration`."""
        return np.log(self.duration)

    @lazy
    def duration_ratio_log(self) -> np.ndarray:
        """(n,) logarithm of duration / gap, 0 where a note lasts until the next onset."""
        return np.log(self.duration / self.gap[self.group])

    @lazy
    def pitch_class(self) -> np.ndarray:
        """(n,) pitch class of each note, C first."""
        return modulo_octave(self.pitch)

    @lazy
    def bottom_class(self) -> np.ndarray:
        """(g,) pitch class of each bottom note, C first."""
        return modulo_octave(self.bottom)

    @lazy
    def lowest(self) -> np.ndarray:
        """(p,) lowest pitch of each piece."""
        return self.by_note.minimum(self.pitch)

    @lazy
    def pitch_ordered(self) -> np.ndarray:
        """(n,) pitches, sorted within each piece."""
        return self.by_note.ordered(self.pitch)

    @lazy
    def height(self) -> np.ndarray:
        """(n,) semitones of each note above the piece's lowest."""
        return self.pitch - self.by_note.each(self.lowest)

    @lazy
    def above_lowest(self) -> np.ndarray:
        """(n,) pitch class of each note, counted from the piece's lowest note.

        Histograms of these are the same to the last bit however the piece is transposed.
        """
        return modulo_octave(self.height)

    @lazy
    def bottom_above_lowest(self) -> np.ndarray:
        """(g,) pitch class of each bottom note, counted as in `above_lowest`."""
        return modulo_octave(self.bottom - self.by_onset.each(self.lowest))

    @lazy
    def top_above_lowest(self) -> np.ndarray:
        """(g,) pitch class of each top note, counted as in `above_lowest`."""
        return modulo_octave(self.top - self.by_onset.each(self.lowest))

    @lazy
    def key_seconds(self) -> np.ndarray:
        """(n,) seconds of each note, as a weight in `histogram`."""
        return within(self.seconds, keys.MIN_NOTE_SECONDS, keys.MAX_NOTE_SECONDS)

    @lazy
    def histogram(self) -> np.ndarray:
        """(p, 12) seconds of each pitch class above the lowest note."""
        return self.by_note.histogram(self.above_lowest, 12, self.key_seconds)

    @lazy
    def window_deviations(self) -> np.ndarray:
        """(2, p) standard deviations of the mean heights, and velocities, of parts with notes."""
        part, _ = self.windows
        some, parts = self.occupied
        sums = [np.bincount(part, of, len(some)) for of in (self.height, self.velocity)]
        return parts.moments(np.array(sums).compress(some, axis=1) / self.window_counts[some])[1]

    @lazy
    def _correlations(self) -> np.ndarray:
        """(p + o, 24) correlations of pieces, and those of parts."""
        part, _ = self.windows
        some, segments = self.occupied
        seconds = np.minimum(self.duration, PART_SECONDS)
        counts = np.bincount(part * 12 + self.above_lowest, seconds, 12 * len(some))
        rows = np.concatenate([self.histogram, counts.reshape(-1, 12)[some]])
        blocks = [(piece, piece + 1) for piece in range(len(self))]
        blocks += [(start + len(self), end + len(self)) for start, end in segments.bounds]
        return keys.block_scores(rows, blocks)

    @lazy
    def key_correlations(self) -> np.ndarray:
        """(p, 24) correlation of `histogram` with each key, tonics counted from the lowest note."""
        return self._correlations[: len(self)]

    @lazy
    def key(self) -> np.ndarray:
        """(p,) key, its tonic counted from the lowest note; minor keys from 12 on."""
        return self.key_correlations.argmax(axis=1)

    @lazy
    def tonic(self) -> np.ndarray:
        """(p,) tonic of `key`."""
        return _TONICS.take(self.key)

    @lazy
    def relative_major(self) -> np.ndarray:
        """(p,) tonic of the major key with the signature of `key`."""
        return _RELATIVE_MAJORS.take(self.key)

    @lazy
    def tonal_shares(self) -> np.ndarray:
        """(p, 12) shares of `histogram`, counted from the tonic of the key."""
        shares = self.histogram_from(self.tonic)
        return shares / np.add.reduce(self.histogram, axis=1, keepdims=True)

    def histogram_from(self, pitch_class: np.ndarray) -> np.ndarray:
        """Return `histogram`, counted from (p,) pitch classes above the lowest note: (p, 12)."""
        return self.histogram[np.arange(len(self))[:, None], OCTAVES[pitch_class]]

    @lazy
    def windows(self) -> tuple[np.ndarray, Segments]:
        """(n,) index of the part (about `PART_SECONDS`) of each note, among those of all pieces,
        and the segments of parts."""
        return self.parts(self.progress, self.by_note, PART_SECONDS)

    @lazy
    def window_counts(self) -> np.ndarray:
        """(w,) number of notes that start in each part of `windows`."""
        part, parts = self.windows
        return np.bincount(part, minlength=int(parts.ends[-1]))

    @lazy
    def occupied(self) -> tuple[np.ndarray, Segments]:
        """(w,) whether a part of `windows` has notes, and the segments of those that have."""
        _, parts = self.windows
        some = self.window_counts > 0
        return some, parts.select(some)

    @lazy
    def window_correlations(self) -> np.ndarray:
        """(o, 24) correlation of each part with notes with each key, as in `key_correlations`.

        They are in the segments of `occupied`.
        """
        return self._correlations[len(self) :]

    @lazy
    def until(self) -> np.ndarray:
        """(n,) index of the first onset at which each note no longer sounds, as of `sounding`.

        It is that of the next piece, or one behind all onsets, where a note lasts to the end.
        """
        ends = self.end - CHORD_SECONDS
        until = np.empty_like(self.group)
        for (first, last), (start, end) in zip(
            self.by_note.bounds, self.by_onset.bounds, strict=True
        ):
            until[first:last] = self.time[start:end].searchsorted(ends[first:last])
        until += self.by_note.each(self.by_onset.starts)
        return np.maximum(until, self.group + 1, out=until)

    @lazy
    def track(self) -> np.ndarray:
        """(n,) track of each note."""
        return self._notes.track()

    @lazy
    def drums(self) -> tuple[np.ndarray, np.ndarray, Segments]:
        """(d,) onsets in seconds and pitches of the drum notes, and their segments."""
        onset, pitch, counts = self._notes.drums()
        return onset, pitch, Segments(counts)

    @lazy
    def sounding(self) -> np.ndarray:
        """(12, g) number of sounding notes by pitch class, C first, and onset.

        A held note counts unless it ends within `CHORD_SECONDS` of the onset: the overlap of legato
        playing is no harmony.
        """
        until = self.until
        # Each note adds 1 at its onset and takes it back at the one where it no longer sounds.
        columns = len(self.time) + 1
        row = self.pitch_class * columns
        change = np.bincount(row + self.group, minlength=12 * columns)
        change -= np.bincount(row + until, minlength=12 * columns)
        return np.add.accumulate(change.reshape(12, columns), axis=1)[:, :-1]

    @lazy
    def sets(self) -> np.ndarray:
        """(g,) the set of pitch classes that sound at each onset, as in `MEMBERS`; never empty."""
        return np.bitwise_or.reduce((self.sounding > 0) * _BITS, axis=0).astype(np.int64)

    def parts(
        self, progress: np.ndarray, segments: Segments, length: float
    ) -> tuple[np.ndarray, Segments]:
        """Assign places in pieces to equal parts of these, about `length` seconds each.

        Args:
            progress: (k,) places, as `progress` has them.
            segments: of the places.
            length: in seconds, as of `parts_of`.

        Returns:
            (k,) index of the part of each place, among the parts of all pieces, and the segments of
            these.
        """
        parts = self.parts_of(length)
        count = segments.each(parts.counts)
        inside = np.minimum((progress * count).astype(np.int64), count - 1)
        return inside + segments.each(parts.starts), parts

    def parts_of(self, length: float) -> Segments:
        """Return the segments of equal parts of pieces, about `length` seconds each; none empty."""
        if length not in self._parts:
            counts = within(self.span // length, 1.0, MAX_PARTS).astype(np.int64)
            self._parts[length] = Segments(counts)
        return self._parts[length]


def within(values: np.ndarray, least: float, most: float) -> np.ndarray:
    """Clip values to bounds."""
    return values.clip(least, most)  # on short arrays, np.clip takes twice as long
