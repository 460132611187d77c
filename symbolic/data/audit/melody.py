"""Melodic figures: short sequences of intervals of the top voice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symbolic.notes import NoteTable

INTERVALS = 6
"""Intervals of a figure, of seven notes."""

CHORD_SECONDS = 0.05
"""Largest time between onsets of one chord, since players and transcriptions roll chords."""

NEAR_SECONDS = 0.6
DEPTHS = (7, 12)
"""A note this many semitones below another within `NEAR_SECONDS` counts as accompaniment."""

_PIECE_DISTANCE = 1e5  # seconds from one piece to the next, longer than any piece
_WIDEST = 24  # semitones; wider leaps are clipped


@dataclass(frozen=True, eq=False)
class Figures:
    """Figures of many pieces, sorted by piece, figure and onset.

    Attributes:
        piece: (m,) int64, number of the piece.
        onset: (m,) float64, onset of the figure in seconds.
        pitch: (m,) int64, MIDI pitch of its first note.
        code: (m,) int64, equal for equal intervals.
    """

    piece: np.ndarray
    onset: np.ndarray
    pitch: np.ndarray
    code: np.ndarray

    def __len__(self) -> int:
        return len(self.code)

    def take(self, index: np.ndarray | slice) -> Figures:
        """Select figures."""
        return Figures(self.piece[index], self.onset[index], self.pitch[index], self.code[index])


def melody_figures(tables: Sequence[NoteTable]) -> Figures:
    """Find the figures of each piece: `INTERVALS` successive intervals of its top voice.

    Intervals do not change with transposition or tempo. Repeated notes count once. The top voice is
    the highest note of every chord (the "skyline" of Uitdenbogerd and Zobel 1998, "Manipulation of
    music for melody matching") without notes that are likely to be accompaniment. It is extracted
    twice, for narrow and for wide tunes, a fifth and an octave deep. Periodic figures (a trill, an
    Alberti bass, an octave tremolo) are left out: they are figuration, not melody. Drums are
    ignored.
    """
    pitched = [table.pitched() for table in tables]
    counts = np.array([len(table) for table in pitched], dtype=np.int64)
    piece = np.arange(len(pitched)).repeat(counts)
    if not len(piece):
        return Figures(piece, np.zeros(0), piece, piece)
    time = np.concatenate([table.onset for table in pitched]) + piece * _PIECE_DISTANCE
    pitch = np.concatenate([table.pitch for table in pitched])

    chord = np.append(0, np.flatnonzero(np.diff(time) > CHORD_SECONDS) + 1)
    time, piece, pitch = time[chord], piece[chord], np.maximum.reduceat(pitch, chord)
    around = (
        np.searchsorted(time, time - NEAR_SECONDS),
        np.searchsorted(time, time + NEAR_SECONDS, side="right"),
    )
    below = _highest(pitch, *around) - pitch
    parts = [
        _figures(piece[kept], time[kept] - piece[kept] * _PIECE_DISTANCE, pitch[kept])
        for kept in (below <= depth for depth in DEPTHS)
    ]
    names = ("piece", "onset", "pitch", "code")
    found = Figures(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))
    found = found.take(np.lexsort((found.onset, found.code, found.piece)))
    columns = (found.piece, found.code, found.onset)
    new = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return found.take(np.append(True, new)[: len(found)])


def _figures(piece: np.ndarray, onset: np.ndarray, pitch: np.ndarray) -> Figures:
    """Find the figures of one voice."""
    moves = np.append(True, (np.diff(pitch) != 0) | (np.diff(piece) != 0))
    piece, onset, pitch = piece[moves], onset[moves], pitch[moves]
    count = max(len(pitch) - INTERVALS, 0)
    steps = np.clip(np.diff(pitch), -_WIDEST, _WIDEST) + _WIDEST
    window = [steps[k : k + count] for k in range(INTERVALS)]
    kept = piece[:count] == piece[len(piece) - count :]
    for period in range(1, INTERVALS // 2 + 1):
        pairs = zip(window, window[period:], strict=False)
        kept &= ~np.all([a == b for a, b in pairs], axis=0)
    code = np.zeros(count, np.int64)
    for step in window:
        code = code * (2 * _WIDEST + 1) + step
    return Figures(*(column[:count][kept] for column in (piece, onset, pitch, code)))


def _highest(values: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Compute the maximum of `values[start:stop]` for (n,) starts and stops; no range is empty.

    Maxima of 1, 2, 4, ... values are computed once; two of them cover any range.
    """
    highest = np.empty(len(start), values.dtype)
    level = np.frexp(stop - start)[1] - 1
    stretch = values
    for k in range(level.max() + 1):
        now = level == k
        highest[now] = np.maximum(stretch[start[now]], stretch[stop[now] - 2**k])
        stretch = np.maximum(stretch[: -(2**k)], stretch[2**k :])
    return highest
