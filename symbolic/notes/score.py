"""Conversion of note tables to `symusic.Score`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from symbolic.notes.symusic_lists import LAST_TICK
from symbolic.notes.table import NoteTable, ReadError

if TYPE_CHECKING:
    from symusic.core import ScoreTick

METER_LIMIT = 255  # the parts of a time signature have 8 bits


def table_score(notes: NoteTable) -> ScoreTick:
    """Convert a note table to a score with its tempo map, time signatures and tracks.

    `symbolic.notes.midi.reader.score_notes` is the inverse, except for tempos, which a score holds
    in whole microseconds per quarter, and `has_dynamics`, which it infers from the velocities.

    Returns:
        A `symusic.Score` in ticks, of an empty table without tracks. Pitched notes and drums of one
        track become two tracks. Every program is 0, since a table has no instruments. Notes keep
        the order of the table.

    Raises:
        ReadError: a note or a change after `LAST_TICK`.
    """
    from symusic import core

    end = notes.onset_ticks + notes.duration_ticks
    last = max(ticks.max(initial=0) for ticks in (end, notes.tempo_ticks, notes.meter_ticks))
    if last > LAST_TICK:
        raise ReadError(f"lasts longer than {LAST_TICK:,} ticks, the limit of a score")
    score = core.ScoreTick(notes.ticks_per_quarter)
    mspq = np.clip(np.rint(60e6 / notes.tempo), 1, LAST_TICK).astype(np.int32)
    score.tempos = core.TempoTickList.from_numpy(notes.tempo_ticks.astype(np.int32), mspq)
    score.time_signatures = core.TimeSignatureTickList.from_numpy(
        notes.meter_ticks.astype(np.int32),
        np.clip(notes.meter_numerator, 0, METER_LIMIT).astype(np.uint8),
        np.clip(notes.meter_denominator, 0, METER_LIMIT).astype(np.uint8),
    )
    part = notes.track * 2 + notes.is_drum
    order = np.argsort(part, kind="stable")
    onset = notes.onset_ticks[order].astype(np.int32)
    duration = notes.duration_ticks[order].astype(np.int32)
    pitch = notes.pitch[order].astype(np.int8)
    velocity = notes.velocity[order].astype(np.int8)
    parts, starts = np.unique(part[order], return_index=True)
    ends = np.append(starts, len(order))[1:]
    for number, start, end in zip(parts.tolist(), starts.tolist(), ends.tolist(), strict=True):
        track = core.TrackTick("", 0, bool(number % 2))
        cut = slice(start, end)
        track.notes = core.NoteTickList.from_numpy(
            onset[cut], duration[cut], pitch[cut], velocity[cut]
        )
        score.tracks.append(track)
    return score
