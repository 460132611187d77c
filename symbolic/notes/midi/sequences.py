"""MIDI files of format 2: independent sequences, concatenated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symbolic.notes.symusic_lists import LAST_TICK
from symbolic.notes.table import ReadError

if TYPE_CHECKING:
    from symusic.core import ScoreTick


def concatenated(scores: Sequence[ScoreTick], ends: Sequence[int]) -> ScoreTick:
    """Concatenate scores, each under its own tempo map and meters.

    Args:
        scores: in ticks, with equal ticks per quarter; changed in place.
        ends: the last tick of each, where the next one begins.

    Returns:
        One score with all tracks. A score without a tempo or meter at its beginning starts at 120
        quarters per minute, or in 4/4, not in those of its predecessor.

    Raises:
        ReadError: the total exceeds `LAST_TICK`.
    """
    from symusic.core import ScoreTick, TempoTick, TimeSignatureTick

    whole, start = ScoreTick(scores[0].ticks_per_quarter), 0
    for score, end in zip(scores, ends, strict=True):
        if start + end > LAST_TICK:
            raise ReadError(f"its sequences are longer than {LAST_TICK:,} ticks in total")
        if start:
            score.shift_time(start, inplace=True)
            if not any(tempo.time == start for tempo in score.tempos):
                whole.tempos.append(TempoTick(start, mspq=500_000))
            if not any(meter.time == start for meter in score.time_signatures):
                whole.time_signatures.append(TimeSignatureTick(start, 4, 4))
        whole.tempos.extend(score.tempos)
        whole.time_signatures.extend(score.time_signatures)
        whole.key_signatures.extend(score.key_signatures)
        whole.markers.extend(score.markers)
        whole.tracks.extend(score.tracks)
        start += end
    return whole
