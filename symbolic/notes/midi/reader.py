"""MIDI to note table with symusic, by whole columns: no Python loop over notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from symbolic.notes.midi.chunks import Span, read_chunks, track_end, unwrap_riff
from symbolic.notes.midi.drum_kits import chooses_kits, route_drums
from symbolic.notes.midi.endings import parse_tracks
from symbolic.notes.midi.order import drop_escapes, has_escapes, keep_order
from symbolic.notes.symusic_lists import LAST_TICK, note_columns, tempo_columns
from symbolic.notes.table import NoteTable, ReadError, note_table

if TYPE_CHECKING:
    from symusic.core import NoteTickList, ScoreQuarter, ScoreSecond, ScoreTick
    from symusic.types import Score


def is_midi(data: bytes) -> bool:
    """Return whether the first bytes are those of a standard MIDI file, or of one in RIFF."""
    return data[:4] == b"MThd" or (data[:4] == b"RIFF" and data[8:12] == b"RMID")


def read_midi(data: bytes) -> NoteTable:
    """Read the notes of a standard MIDI file, or of one wrapped in RIFF (`.rmi`).

    Data bytes above 127 are clamped to the 7-bit range.

    Raises:
        ReadError: not MIDI, damaged, or timed in SMPTE frames.
    """
    return score_notes(parse_midi(data))


def parse_midi(data: bytes) -> ScoreTick:
    """Parse a MIDI file; errors as of `read_midi`.

    Every key strike is a note (see `midi.endings`), drums are recognised on any channel
    (`midi.drum_kits`), and the independent sequences of format 2 are concatenated.

    Returns:
        A `symusic.Score` in ticks.
    """
    if data[:4] == b"RIFF":
        data = unwrap_riff(data)
    form, ticks_per_quarter, spans = read_chunks(data)
    if form == 2 and len(spans) > 1:
        scores = [_parse_tracks(data, [span], ticks_per_quarter) for span in spans]
        return _concatenated(scores, [track_end(data, span) for span in spans])
    return _parse_tracks(data, spans, ticks_per_quarter)


def _parse_tracks(data: bytes, spans: Sequence[Span], ticks_per_quarter: int) -> ScoreTick:
    """Parse simultaneous tracks."""
    if has_escapes(data):
        data, spans = drop_escapes(data, spans)
    if chooses_kits(data):
        data, spans = route_drums(data, spans)
    score = parse_tracks(data, spans, ticks_per_quarter)
    keep_order(score, data, spans)
    return score


def _concatenated(scores: Sequence[ScoreTick], ends: Sequence[int]) -> ScoreTick:
    """Concatenate scores, changed in place, up to the end of each, under its own tempos and meters.

    A score without a tempo or meter at its beginning starts at 120 quarters per minute, or in 4/4,
    not in those of its predecessor.

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


def score_notes(score: Score) -> NoteTable:
    """Convert a `symusic.Score` of any time unit to a note table.

    Raises:
        ReadError: a tempo or the ticks per quarter is zero.
    """
    ticks = in_ticks(score)
    notes, drums = score_tracks(ticks)
    counts = [len(track) for track in notes]
    time, duration, pitch, velocity = note_columns(notes)
    return note_table(
        time,
        np.maximum(duration, 0),
        pitch,
        velocity,
        np.arange(len(counts)).repeat(counts) if len(counts) > 1 else None,
        np.repeat(drums, counts) if True in drums else None,
        ticks_per_quarter=ticks.ticks_per_quarter,
        tempos=score_tempos(ticks),
        meters=score_meters(ticks),
    )


def in_ticks(score: Score) -> ScoreTick:
    """Convert a score in seconds or quarters to ticks; one in ticks is returned as it is."""
    typed = cast("ScoreTick | ScoreQuarter | ScoreSecond", score)
    return cast("ScoreTick", typed if type(typed.ttype).__name__ == "Tick" else typed.to("tick"))


def score_tracks(score: ScoreTick) -> tuple[list[NoteTickList], list[bool]]:
    """Return the notes of every track, and whether it is a drum track."""
    tracks = score.tracks
    tracks = [tracks[i] for i in range(len(tracks))]  # symusic's iterators are slower than indexing
    return [track.notes for track in tracks], [track.is_drum for track in tracks]


def score_tempos(score: ScoreTick) -> tuple[np.ndarray, np.ndarray]:
    """Return ticks of the tempo changes, and quarters per minute.

    Raises:
        ReadError: a tempo of 0, or a tempo before tick 0.
    """
    ticks, microseconds = tempo_columns(score.tempos)
    if np.minimum.reduce(microseconds, initial=1) <= 0:
        raise ReadError("a tempo is zero: onsets have no time")
    # Ticks can overflow the 32 bits of symusic.
    if np.minimum.reduce(ticks, initial=0) < 0:
        raise ReadError("a tempo begins before 0")
    return ticks, 60e6 / microseconds


def score_meters(score: ScoreTick) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ticks, numerators and denominators of the time signatures."""
    meters = score.time_signatures.numpy()
    return meters["time"], meters["numerator"], meters["denominator"]
