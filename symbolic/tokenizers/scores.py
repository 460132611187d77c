"""Construction of decoded `symusic` scores from arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from symusic.core import ScoreTick

Columns = tuple[np.ndarray, np.ndarray]
COMMON_TIME: Columns = (np.array([0]), np.array([4]))
TEMPO_120: Columns = (np.array([0]), np.array([500_000]))


def new_score(
    quarter: int, meters: Columns = COMMON_TIME, tempos: Columns = TEMPO_120
) -> ScoreTick:
    """Make a score without tracks.

    Args:
        quarter: ticks per quarter.
        meters: ticks of time signatures, and quarters in a bar, of which 255 are kept.
        tempos: ticks of tempos, and microseconds per quarter.
    """
    from symusic.core import ScoreTick, TempoTickList, TimeSignatureTickList

    score = ScoreTick(int(quarter))
    score.tempos = TempoTickList.from_numpy(*(column.astype(np.int32) for column in tempos))
    score.time_signatures = TimeSignatureTickList.from_numpy(
        meters[0].astype(np.int32),
        np.minimum(meters[1], 255).astype(np.uint8),
        np.full(len(meters[1]), 4, np.uint8),
    )
    return score


def add_track(
    score: ScoreTick,
    onset: np.ndarray,
    duration: np.ndarray,
    pitch: np.ndarray,
    velocity: np.ndarray,
    program: int,
    name: str = "",
) -> None:
    """Append a track of n notes, whose (n,) onsets and durations are in ticks, to a score."""
    from symusic.core import NoteTickList, TrackTick

    track = TrackTick(name, program, False)
    track.notes = NoteTickList.from_numpy(
        onset.astype(np.int32),
        duration.astype(np.int32),
        pitch.astype(np.int8),
        velocity.astype(np.int8),
    )
    score.tracks.append(track)
