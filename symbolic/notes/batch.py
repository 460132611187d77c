"""Notes of many pieces end to end, so that one call does for a corpus what it does for a piece."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from symbolic.notes.midi import (
    COLUMNS,
    is_midi,
    parse_midi,
    score_meters,
    score_tempos,
    score_tracks,
)
from symbolic.notes.read import (
    MAX_NOTES,
    MAX_QUARTERS,
    MAX_SECONDS,
    kind_of,
    read_bytes,
    read_notes,
)
from symbolic.notes.table import (
    DEFAULT_METERS,
    DEFAULT_TEMPOS,
    NoteTable,
    ReadError,
    changes,
    ticks_to_seconds,
)

if TYPE_CHECKING:
    from symusic import Score

    from symbolic.notes.read import Source

PITCH_BITS = 7


@dataclass(frozen=True, eq=False)
class NoteBatch:
    """The pitched notes of p pieces, n in all, end to end.

    Attributes:
        pieces: what each piece was read from; tempo and meter stand there.
        counts: (p,) int64, notes of each piece; none is 0.
        onset_ticks, duration_ticks: (n,) int64.
        pitch, velocity: (n,) of any integer type.
        ticks_per_quarter: (p,) int64.
        has_dynamics: (p,) bool, as in `NoteTable`.
        tempos: ticks of each piece's tempo changes, and quarters per minute.
    """

    pieces: Sequence[Score | NoteTable]
    counts: np.ndarray
    onset_ticks: np.ndarray
    duration_ticks: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    ticks_per_quarter: np.ndarray
    has_dynamics: np.ndarray
    tempos: Sequence[tuple[np.ndarray, np.ndarray]]

    def __len__(self) -> int:
        return len(self.counts)

    @cached_property
    def starts(self) -> np.ndarray:
        """(p,) index of the first note of each piece."""
        return np.cumsum(self.counts) - self.counts

    def spread(self, values: np.ndarray) -> np.ndarray:
        """One value of each piece for each of its notes: (n,), or (1,) where one piece is all."""
        return values if len(values) == 1 else np.repeat(values, self.counts)

    @cached_property
    def slices(self) -> list[slice]:
        """Where each piece lies."""
        ends = np.cumsum(self.counts).tolist()
        return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]

    def take(self, index: np.ndarray) -> NoteBatch:
        """The notes at `index`, which keeps pieces in their order; a piece may lose all notes."""
        counts = self.counts
        if len(counts) == 1 or len(index) == len(self.pitch):
            counts = np.array([len(index)]) if len(counts) == 1 else counts
        else:
            piece = np.repeat(np.arange(len(counts)), counts)[index]
            counts = np.bincount(piece, minlength=len(counts))
        return replace(
            self,
            counts=counts,
            onset_ticks=self.onset_ticks[index],
            duration_ticks=self.duration_ticks[index],
            pitch=self.pitch[index],
            velocity=self.velocity[index],
        )

    def keys(self, onset: np.ndarray) -> np.ndarray:
        """(n,) int64 that sort notes by piece, `onset` (n,) and pitch; the pitch is the low bits.

        Raises:
            ReadError: an onset before 0.
        """
        if len(onset) and onset.min() < 0:
            raise ReadError("a note begins before 0")
        key = onset << PITCH_BITS
        key |= self.pitch
        if len(self) > 1:
            bits = PITCH_BITS + int(onset.max()).bit_length()
            key += np.repeat(np.arange(len(self)) << bits, self.counts)
        return key

    @cached_property
    def meters(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Ticks, numerators and denominators of each piece's time signatures."""
        return [_meters(piece) for piece in self.pieces]

    def seconds(self) -> tuple[np.ndarray, np.ndarray]:
        """(n,) float64 onset and duration in seconds, under each piece's tempo map."""
        first = np.array([tempo[0] for _, tempo in self.tempos])
        per_tick = self.spread(60.0 / (first * self.ticks_per_quarter))
        onset = self.onset_ticks * per_tick
        end = (self.onset_ticks + self.duration_ticks) * per_tick
        for i in several(self.tempos):
            cut, quarter = self.slices[i], int(self.ticks_per_quarter[i])
            ticks = self.onset_ticks[cut]
            onset[cut] = ticks_to_seconds(ticks, *self.tempos[i], quarter)
            end[cut] = ticks_to_seconds(ticks + self.duration_ticks[cut], *self.tempos[i], quarter)
        end -= onset
        return onset, end


def several(maps: list[tuple[np.ndarray, ...]]) -> list[int]:
    """Which pieces have another tempo or meter than one that holds from the start."""
    return [i for i, (ticks, *_) in enumerate(maps) if len(ticks) != 1 or ticks[0] != 0]


def note_batch(
    pieces: Sequence[Score | NoteTable],
    tempos: Sequence[tuple[np.ndarray, np.ndarray]] | None = None,
) -> NoteBatch:
    """The pitched notes of scores in ticks and of tables, each piece's in its own order.

    Args:
        pieces: one or more.
        tempos: what `piece_tempos` says of each, where that is known already.

    Raises:
        ReadError: a piece without pitched notes, or with a tempo of zero.
    """
    columns: list[tuple[np.ndarray, ...]] = []
    counts, dynamics = [], []
    for piece in pieces:
        if isinstance(piece, NoteTable):
            parts, dynamic = [_columns_of_table(piece.pitched())], piece.has_dynamics
        else:
            tracks, drums = score_tracks(piece)
            parts = [_columns_of_track(t) for t, drum in zip(tracks, drums, strict=True) if not drum]
            # Whether velocities differ is asked of drums too, as in `note_table`.
            dynamic = _differ([t["velocity"] for t in tracks]) if True in drums else None
        columns += parts
        counts.append(sum([len(part[0]) for part in parts]))
        dynamics.append(dynamic)
    if not counts or 0 in counts:
        raise ReadError("no pitched notes")
    onset, duration, pitch, velocity = (
        np.concatenate(column, dtype=dtype)
        for column, dtype in zip(
            zip(*columns, strict=True), (np.int64, np.int64, None, None), strict=True
        )
    )
    counts = np.array(counts)
    if None in dynamics:
        starts = np.cumsum(counts) - counts
        softest, loudest = (f.reduceat(velocity, starts) for f in (np.minimum, np.maximum))
        known = zip(dynamics, (softest != loudest).tolist(), strict=True)
        dynamics = [differ if dynamic is None else dynamic for dynamic, differ in known]
    return NoteBatch(
        pieces=pieces,
        counts=counts,
        onset_ticks=onset,
        duration_ticks=np.maximum(duration, 0, out=duration),
        pitch=pitch,
        velocity=velocity,
        ticks_per_quarter=np.array([piece.ticks_per_quarter for piece in pieces]),
        has_dynamics=np.array(dynamics),
        tempos=[piece_tempos(piece) for piece in pieces] if tempos is None else tempos,
    )


def read_batch(sources: Sequence[Source]) -> tuple[NoteBatch | None, list[ReadError | None]]:
    """Read sources into one batch; what cannot be read is left out of it.

    Args:
        sources: as `symbolic.notes.read_notes` takes them, with the same limits.

    Returns:
        The batch, None where nothing could be read, and for each source None or its error.

    Raises:
        TypeError: an object of another kind.
    """
    pieces, tempos, errors = [], [], []
    for source in sources:
        try:
            piece, tempo = _read(source)
            pieces.append(piece)
            tempos.append(tempo)
            errors.append(None)
        except ReadError as error:
            errors.append(error)
    if not pieces:
        return None, errors
    batch = note_batch(pieces, tempos)
    end = np.maximum.reduceat(batch.onset_ticks + batch.duration_ticks, batch.starts)
    quarters = end / batch.ticks_per_quarter
    slowest = np.array([tempo.min() for _, tempo in batch.tempos])
    suspect = (quarters > MAX_QUARTERS) | (quarters * 60 > MAX_SECONDS * slowest)
    if not suspect.any():
        return batch, errors
    good = [i for i, error in enumerate(errors) if error is None]
    for i in np.array(good)[suspect]:
        try:
            read_notes(sources[i])
        except ReadError as error:
            errors[i] = error
    kept = [piece for i, piece in zip(good, pieces, strict=True) if errors[i] is None]
    return (note_batch(kept) if kept else None), errors


def _read(source: Source) -> tuple[Score | NoteTable, tuple[np.ndarray, np.ndarray]]:
    """A score with pitched notes, or a table, and its tempos."""
    kind = kind_of(source)
    try:
        if kind not in ("path", "bytes"):
            piece = read_notes(source)
        else:
            data = read_bytes(os.fspath(source)) if kind == "path" else bytes(source)
            piece = parse_midi(data) if is_midi(data) else None
            if piece is None or not _usable(piece):
                piece = read_notes(data)  # which says why not
        return piece, piece_tempos(piece)
    except ReadError as error:
        if kind != "path":
            raise
        raise ReadError(error.reason, source=os.fspath(source)) from error


def _usable(score: Score) -> bool:
    pitched = [len(track.notes) for track in score.tracks if not track.is_drum]
    return any(pitched) and score.note_num() <= MAX_NOTES


def piece_tempos(piece: Score | NoteTable) -> tuple[np.ndarray, np.ndarray]:
    """Ticks of the tempo changes, sorted, and quarters per minute; at least one.

    Raises:
        ReadError: a tempo is zero.
    """
    if isinstance(piece, NoteTable):
        return piece.tempo_ticks, piece.tempo
    tempos = score_tempos(piece)
    return tempos if len(tempos[0]) == 1 else changes(tempos, DEFAULT_TEMPOS)


def _meters(piece: Score | NoteTable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if isinstance(piece, NoteTable):
        return piece.meter_ticks, piece.meter_numerator, piece.meter_denominator
    meters = score_meters(piece)
    return meters if len(meters[0]) == 1 else changes(meters, DEFAULT_METERS)


def _columns_of_table(notes: NoteTable) -> tuple[np.ndarray, ...]:
    return notes.onset_ticks, notes.duration_ticks, notes.pitch, notes.velocity


_columns_of_track = itemgetter(*COLUMNS)


def _differ(velocities: list[np.ndarray]) -> bool:
    velocity = np.concatenate(velocities)
    return len(velocity) > 0 and bool(velocity.min() != velocity.max())
