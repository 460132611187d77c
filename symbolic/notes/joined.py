"""Notes of pieces end to end in seconds, from note tables or from a batch: for feature columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from symbolic.notes.batch import NoteBatch
from symbolic.notes.midi.reader import score_notes
from symbolic.notes.table import NoteTable, ReadError

if TYPE_CHECKING:
    from symusic.core import ScoreTick

NEUTRAL_VELOCITY = 64.0  # of every note of a piece without dynamics
Drums = tuple[np.ndarray, np.ndarray, np.ndarray]
"""(d,) onsets in seconds and pitches of drum notes, and the (p,) numbers of them in each piece."""


@dataclass(frozen=True, eq=False)
class JoinedNotes:
    """The n pitched notes of p pieces, each with one at least.

    Attributes:
        counts: (p,) int64, notes of each piece.
        onset, seconds: (n,) float64, starts and durations in seconds.
        pitch: (n,) int64.
        velocity: (n,) float64, `NEUTRAL_VELOCITY` where a piece has no dynamics.
        has_dynamics: (p,) bool.
        track: returns the (n,) track of each note.
        drums: returns the drum notes.
    """

    counts: np.ndarray
    onset: np.ndarray
    seconds: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    has_dynamics: np.ndarray
    track: Callable[[], np.ndarray]
    drums: Callable[[], Drums]

    @classmethod
    def of_tables(cls, tables: Sequence[NoteTable]) -> JoinedNotes:
        """Join the notes of tables, at least one.

        Raises:
            ReadError: a piece without pitched notes.
        """
        pieces = [table.pitched() for table in tables]
        return cls(
            _counts([len(piece) for piece in pieces]),
            _joined([piece.onset for piece in pieces]),
            _joined([piece.duration for piece in pieces]),
            _joined([piece.pitch for piece in pieces]),
            _joined([_velocity(piece) for piece in pieces]),
            np.array([piece.has_dynamics for piece in pieces]),
            lambda: _joined([piece.track for piece in pieces]),
            lambda: _drums(pieces),
        )

    @classmethod
    def of_batch(cls, batch: NoteBatch) -> JoinedNotes:
        """Take the notes of a batch, sorted by onset within each piece.

        Raises:
            ReadError: a piece without pitched notes.
        """
        onset, seconds = batch.seconds()
        dynamics = batch.has_dynamics()
        velocity = batch.velocity.astype(np.float64)
        if not dynamics.all():
            velocity[~dynamics.repeat(batch.counts)] = NEUTRAL_VELOCITY
        return cls(
            _counts(batch.counts),
            onset,
            seconds,
            batch.pitch.astype(np.int64),
            velocity,
            dynamics,
            batch.tracks,
            lambda: _drums([_table(piece) for piece in batch.pieces]),
        )


def _counts(counts: Sequence[int] | np.ndarray) -> np.ndarray:
    if not all(counts):
        raise ReadError("no features: the piece has no pitched notes")
    return np.asarray(counts)


def _table(piece: ScoreTick | NoteTable) -> NoteTable:
    return (piece if isinstance(piece, NoteTable) else score_notes(piece)).pitched()


def _drums(pieces: Sequence[NoteTable]) -> Drums:
    """Join the drums that `NoteTable.pitched` sets apart."""
    onset = _joined([piece.drum_onset for piece in pieces])
    pitch = _joined([piece.drum_pitch for piece in pieces])
    return onset, pitch, np.array([len(piece.drum_pitch) for piece in pieces])


def _velocity(piece: NoteTable) -> np.ndarray:
    """Return (n,) float64 velocities, `NEUTRAL_VELOCITY` without dynamics."""
    if piece.has_dynamics:
        return piece.velocity.astype(np.float64)
    return np.full(len(piece), NEUTRAL_VELOCITY)


def _joined(columns: list[np.ndarray]) -> np.ndarray:
    """Concatenate a column of several pieces; that of a single one is not copied."""
    return columns[0] if len(columns) == 1 else np.concatenate(columns)
