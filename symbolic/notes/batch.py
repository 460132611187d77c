"""Batches: notes of many pieces concatenated, so that one NumPy call processes them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, compress
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from symbolic.notes.midi.reader import is_midi, parse_midi, score_meters, score_tempos, score_tracks
from symbolic.notes.read import (
    MAX_PIECE_QUARTERS,
    MAX_PIECE_SECONDS,
    content_of,
    is_file,
    name_of,
    read_notes,
)
from symbolic.notes.symusic_lists import note_columns
from symbolic.notes.table import (
    DEFAULT_METERS,
    DEFAULT_TEMPO,
    DEFAULT_TEMPOS,
    MAX_NOTES,
    NoteTable,
    ReadError,
    changes,
    differ,
    ticks_to_seconds,
)

if TYPE_CHECKING:
    from symusic.core import ScoreTick

    from symbolic.notes.read import Source

PITCH_BITS = 7

TempoMap = tuple[np.ndarray, np.ndarray]  # (t,) ticks, sorted, and quarters per minute from there


@dataclass(slots=True)
class Part:
    """A piece of a batch.

    Attributes:
        piece: its score or table.
        ticks_per_quarter: of the piece.
        columns: onsets, durations in ticks, pitches and velocities of its pitched notes.
        count: the number of these notes.
        has_dynamics: as in `NoteTable`; None if the velocities tell.
        tempo: quarters per minute, of a piece without `tempos`.
        slowest: its slowest tempo.
        tempos: its tempo map if the tempo changes, else None.
        tracks: numbers of pitched notes of its tracks, of a score.
    """

    piece: ScoreTick | NoteTable
    ticks_per_quarter: int
    columns: Sequence[np.ndarray]
    count: int
    has_dynamics: bool | None
    tempo: float
    slowest: float
    tempos: TempoMap | None
    tracks: Sequence[int] = ()


@dataclass(eq=False)  # not frozen: that would take ten times as long to make
class NoteBatch:
    """The n pitched notes of p pieces, concatenated.

    Attributes:
        parts: the pieces.
        counts: (p,) int64, number of notes of each piece.
        onset_ticks, duration_ticks: (n,) int64.
        pitch, velocity: (n,) of any integer type.
        whole: the batch from which notes were taken; None for one with all notes.
        taken: (n,) their positions in it, as far as `take` knows them.
    """

    parts: Sequence[Part]
    counts: np.ndarray
    onset_ticks: np.ndarray
    duration_ticks: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    whole: NoteBatch | None = None
    taken: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def pieces(self) -> list[ScoreTick | NoteTable]:
        """The score or table of each piece."""
        return [part.piece for part in self.parts]

    @property
    def quarters(self) -> list[int]:
        """Ticks per quarter of the p pieces."""
        return [part.ticks_per_quarter for part in self.parts]

    @property
    def ticks_per_quarter(self) -> np.ndarray:
        """(p,) int64."""
        return np.array(self.quarters)

    @property
    def starts(self) -> np.ndarray:
        """(p,) index of the first note of each piece."""
        return self.counts.cumsum() - self.counts if len(self.parts) > 1 else _FIRST

    @property
    def first(self) -> np.ndarray | slice:
        """Index that selects the first note of each piece, all with a note."""
        return self.starts if len(self.parts) > 1 else _FIRST_NOTE

    @property
    def last(self) -> np.ndarray | slice:
        """Index that selects the last note of each piece, all with a note."""
        return self.counts.cumsum() - 1 if len(self.parts) > 1 else _LAST_NOTE

    def has_dynamics(self) -> np.ndarray:
        """(p,) bool, as in `NoteTable`: notes that were not taken count, too."""
        if self.whole is not None:
            return self.whole.has_dynamics()
        if len(self.parts) == 1:
            known = self.parts[0].has_dynamics
            return np.array([differ(self.velocity) if known is None else known])
        others = self.velocity != self.spread(self.velocity[self.starts])
        dynamics = np.logical_or.reduceat(others, self.starts)
        for i, part in enumerate(self.parts):
            if part.has_dynamics is not None:
                dynamics[i] = part.has_dynamics
        return dynamics

    @cached_property
    def slices(self) -> list[slice]:
        """Slice of the notes of each piece."""
        ends = self.counts.cumsum().tolist()
        return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]

    def spread(self, values: Sequence[Any] | np.ndarray) -> Any:
        """Repeat p values for the notes of each piece: (n,), or the value of a single piece."""
        return values[0] if len(values) == 1 else np.asarray(values).repeat(self.counts)

    def take(self, index: np.ndarray) -> NoteBatch:
        """Select notes by an index that keeps the order of pieces; a piece may lose all notes."""
        counts = self.counts
        if len(index) != len(self.pitch):
            piece = np.arange(len(counts)).repeat(counts)[index]
            counts = np.bincount(piece, minlength=len(counts))
        return NoteBatch(
            self.parts,
            counts,
            self.onset_ticks[index],
            self.duration_ticks[index],
            self.pitch[index],
            self.velocity[index],
            self if self.whole is None else self.whole,
            index if self.whole is None else None if self.taken is None else self.taken[index],
        )

    def tracks(self) -> np.ndarray:
        """(n,) int64 numbers of the tracks of notes, those of a piece in the order of its tracks.

        Only for batches of all notes and what is taken of them.
        """
        sizes = [part.tracks for part in self.parts]
        counts = np.array([len(own) for own in sizes])
        numbers = np.arange(counts.sum()) - (counts.cumsum() - counts).repeat(counts)
        track = numbers.repeat(np.fromiter(chain.from_iterable(sizes), np.int64, len(numbers)))
        for i, part in enumerate(self.parts):
            if isinstance(part.piece, NoteTable):
                slices = self.slices if self.whole is None else self.whole.slices
                track = np.insert(track, slices[i].start, part.piece.pitched().track)
        return track if self.taken is None else track[self.taken]

    def keys(self, onset: np.ndarray) -> np.ndarray:
        """Build (n,) int64 sort keys of piece, (n,) `onset` and pitch; the low bits are the pitch.

        Raises:
            ReadError: an onset before 0.
        """
        if np.minimum.reduce(onset) < 0:
            raise ReadError("a note begins before 0")
        key = onset << PITCH_BITS
        key |= self.pitch
        if len(self) > 1:
            bits = PITCH_BITS + int(np.maximum.reduce(onset)).bit_length()
            key += (np.arange(len(self)) << bits).repeat(self.counts)
        return key

    def to_seconds(self, ticks: np.ndarray) -> np.ndarray:
        """Convert (..., n) ticks of the notes to float64 seconds, under each piece's tempo map."""
        seconds = ticks * self.spread(
            [60.0 / (part.tempo * part.ticks_per_quarter) for part in self.parts]
        )
        for i, part in enumerate(self.parts):
            if part.tempos is not None:
                cut, quarter = self.slices[i], part.ticks_per_quarter
                seconds[..., cut] = ticks_to_seconds(ticks[..., cut], *part.tempos, quarter)
        return seconds

    def seconds(self) -> np.ndarray:
        """(2, n) float64, onsets and durations in seconds, under each piece's tempo map."""
        ticks = np.empty((2, len(self.pitch)))  # whole numbers: converted once
        ticks[0] = self.onset_ticks
        np.add(self.onset_ticks, self.duration_ticks, out=ticks[1])
        seconds = self.to_seconds(ticks)
        seconds[1] -= seconds[0]
        return seconds

    def bar_ticks(self) -> tuple[list[int], dict[int, tuple[np.ndarray, np.ndarray]]]:
        """Compute the lengths of bars, at least one tick.

        Returns:
            The p lengths of pieces with one time signature, in ticks; and for the others, by index
            of the piece, ticks at which the length changes, and lengths from there.
        """
        lengths, maps = [], {}
        for i, part in enumerate(self.parts):
            whole = 4 * part.ticks_per_quarter
            numerator, denominator = _only_meter(part.piece) or (0, 1)
            if not numerator:
                meters = changes(_meters(part.piece), DEFAULT_METERS)
                ticks, over, under = (column.astype(np.int64) for column in meters)
                maps[i] = ticks, np.maximum(over * whole // np.maximum(under, 1), 1)
            lengths.append(max(numerator * whole // max(denominator, 1), 1))
        return lengths, maps


def note_batch(pieces: Sequence[ScoreTick | NoteTable]) -> NoteBatch:
    """Concatenate the pitched notes of scores in ticks and of tables, in their own order.

    Raises:
        ReadError: a piece without pitched notes, or with a tempo of zero.
    """
    return _batch([_part(piece) for piece in pieces])


def read_batch(sources: Sequence[Source]) -> tuple[NoteBatch | None, list[ReadError | None]]:
    """Read sources into one batch, as `read_notes` and with its limits, without unreadable ones.

    Returns:
        The batch, None if no source could be read, and for each source None or its error.

    Raises:
        TypeError: an object of another kind.
    """
    batch, errors, _ = next(read_batches(sources), (None, [], []))
    return batch, errors


def read_piece(source: Source) -> NoteBatch:
    """Read one source into a batch of one piece.

    Raises:
        ReadError, TypeError: as of `read_notes`.
    """
    batch, (error,) = _within_limits([_read(source)], [None], [source])
    if batch is None:
        raise cast("ReadError", error)
    return batch


def read_batches(
    sources: Iterable[Source], notes: float = float("inf")
) -> Iterator[tuple[NoteBatch | None, list[ReadError | None], list[Source]]]:
    """Read sources into batches of at least `notes` notes, the last one excepted.

    Operations on arrays that fit into the cache are faster than on longer ones.

    Yields:
        A batch (by default one of all sources) and errors as of `read_batch`, and their sources.
    """
    parts: list[Part] = []
    errors: list[ReadError | None] = []
    batched: list[Source] = []
    count = 0
    for source in sources:
        batched.append(source)
        try:
            part = _read(source)
        except ReadError as error:
            errors.append(error)
            continue
        parts.append(part)
        errors.append(None)
        count += part.count
        if count >= notes:
            yield *_within_limits(parts, errors, batched), batched
            parts, errors, batched, count = [], [], [], 0
    if batched:
        yield *_within_limits(parts, errors, batched), batched


def _within_limits(
    parts: Sequence[Part], errors: list[ReadError | None], sources: Sequence[Source]
) -> tuple[NoteBatch | None, list[ReadError | None]]:
    """Build the batch without pieces that are too long; return it and the errors of all sources."""
    if not parts:
        return None, errors
    batch = _batch(parts)
    ends = batch.onset_ticks + batch.duration_ticks
    first = parts[0]
    quarter, slowest = first.ticks_per_quarter, first.slowest
    if len(parts) > 1:
        quarter, slowest = min(batch.quarters), min([part.slowest for part in parts])
    if not _too_long(np.maximum.reduce(ends), quarter, slowest):  # then no piece is
        return batch, errors
    ends = np.maximum.reduceat(ends, batch.starts).tolist()
    good = [i for i, error in enumerate(errors) if error is None]
    for i, end, part in zip(good, ends, parts, strict=True):
        if _too_long(end, part.ticks_per_quarter, part.slowest):
            try:
                read_notes(sources[i])
            except ReadError as error:
                errors[i] = error
    kept = [part for i, part in zip(good, parts, strict=True) if errors[i] is None]
    return (_batch(kept) if kept else None), errors


def _too_long(end: int, quarter: int, slowest: float) -> bool:
    return end / quarter > min(MAX_PIECE_QUARTERS, MAX_PIECE_SECONDS / 60 * slowest)


def _read(source: Source) -> Part:
    if not is_file(source):
        return _part(read_notes(source))
    try:
        data = content_of(source)
        if is_midi(data):
            part = _part(parse_midi(data))
            if 0 < part.count <= MAX_NOTES:
                return part
        return _part(read_notes(data))  # another format, or raises the error
    except ReadError as error:
        if (name := name_of(source)) is None:
            raise
        raise ReadError(error.reason, source=name) from error


def _part(piece: ScoreTick | NoteTable) -> Part:
    tempos, sizes = None, ()
    if isinstance(piece, NoteTable):
        notes = piece.pitched()
        columns = notes.onset_ticks, notes.duration_ticks, notes.pitch, notes.velocity
        dynamics = piece.has_dynamics
        tempo = slowest = float(piece.tempo[0])
        if len(piece.tempo) > 1 or piece.tempo_ticks[0] != 0:
            tempos = piece.tempo_ticks, piece.tempo
    else:
        columns, dynamics, sizes = _pitched_columns(piece)
        marks = piece.tempos
        only = marks[0] if len(marks) == 1 else None
        if only and only.time == 0 and (microseconds := only.mspq) > 0:
            tempo = slowest = 60e6 / microseconds
        else:
            ticks, values = changes(score_tempos(piece), DEFAULT_TEMPOS)
            tempos, tempo = (ticks, values), values[0]
    if tempos is not None:
        slowest = min(np.minimum.reduce(tempos[1]), DEFAULT_TEMPO)
    quarter, count = piece.ticks_per_quarter, len(columns[0])
    return Part(piece, quarter, columns, count, dynamics, tempo, slowest, tempos, sizes)


def _pitched_columns(
    score: ScoreTick,
) -> tuple[tuple[np.ndarray, ...], bool | None, Sequence[int]]:
    """Return columns of all tracks but drums, whether they have dynamics (None: not known), and
    the numbers of notes of these tracks."""
    tracks, drums = score_tracks(score)
    if True not in drums:
        return note_columns(tracks), None, [len(track) for track in tracks]
    pitched = [*compress(tracks, (not drum for drum in drums))]
    columns, sizes = note_columns(pitched), [len(track) for track in pitched]
    if differ(columns[3]):
        return columns, True, sizes
    # Drums count for the difference of velocities, as in `note_table`.
    *_, drum_velocity = note_columns([*compress(tracks, drums)])
    return columns, differ(np.concatenate([columns[3], drum_velocity])), sizes


def _batch(parts: Sequence[Part]) -> NoteBatch:
    sizes = [part.count for part in parts]
    if 0 in sizes:
        raise ReadError("no pitched notes")
    counts = np.array(sizes)
    columns = [part.columns for part in parts]
    if len(columns) == 1:
        onset, duration, pitch, velocity = columns[0]
        onset = onset.astype(np.int64)
        duration = duration.astype(np.int64)
    else:
        onset, duration, pitch, velocity = zip(*columns, strict=True)
        onset = np.concatenate(onset, dtype=np.int64)
        duration = np.concatenate(duration, dtype=np.int64)
        pitch, velocity = np.concatenate(pitch), np.concatenate(velocity)
    np.maximum(duration, 0, out=duration)
    return NoteBatch(parts, counts, onset, duration, pitch, velocity)


def uniform(values: Sequence[int]) -> int | None:
    """Return the number if all are the same, else None."""
    distinct = values if len(values) == 1 else set(values)
    return next(iter(distinct)) if len(distinct) == 1 else None


def _only_meter(piece: ScoreTick | NoteTable) -> tuple[int, int] | None:
    """Return the time signature of a piece with exactly one, at tick 0; otherwise None."""
    if isinstance(piece, NoteTable):
        if len(piece.meter_ticks) == 1 and piece.meter_ticks[0] == 0:
            return piece.meter_numerator[0], piece.meter_denominator[0]
    elif len(meters := piece.time_signatures) == 1 and (meter := meters[0]).time == 0:
        return meter.numerator, meter.denominator
    return None


def _meters(piece: ScoreTick | NoteTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if isinstance(piece, NoteTable):
        return piece.meter_ticks, piece.meter_numerator, piece.meter_denominator
    return score_meters(piece)


_FIRST = np.zeros(1, np.int64)
_FIRST_NOTE, _LAST_NOTE = slice(0, 1), slice(-1, None)  # of a batch of one piece
