"""MIDI to note table, by symusic. Columns are taken whole: no Python loop over notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from symbolic.notes.midi.chunks import Span, read_chunks, track_end, unwrap_riff
from symbolic.notes.midi.drum_kits import chooses_kits, sort_out_kits
from symbolic.notes.midi.endings import parse_tracks
from symbolic.notes.midi.order import drop_escapes, has_escapes, keep_order
from symbolic.notes.midi.sequences import in_sequence
from symbolic.notes.symusic_lists import note_columns, tempo_columns
from symbolic.notes.table import NoteTable, ReadError, note_table

if TYPE_CHECKING:
    from symusic.core import NoteTickList, ScoreQuarter, ScoreSecond, ScoreTick
    from symusic.types import Score


def is_midi(data: bytes) -> bool:
    """Whether the first bytes are those of a standard MIDI file or of one wrapped in RIFF."""
    return data[:4] == b"MThd" or (data[:4] == b"RIFF" and data[8:12] == b"RMID")


def read_midi(data: bytes) -> NoteTable:
    """Notes of a standard MIDI file, or of one wrapped in RIFF (`.rmi`).

    Files with data bytes above 127 are read with those bytes clamped to the 7-bit range.

    Args:
        data: the whole file.

    Raises:
        ReadError: not MIDI, damaged, or timed in SMPTE frames.
    """
    return score_notes(parse_midi(data))


def parse_midi(data: bytes) -> ScoreTick:
    """Parse a MIDI file; errors and arguments as of `read_midi`.

    Every strike of a key is a note (see `midi_endings`), drums are drums on whatever channel they
    are (`drum_kits`), and the sequences of format 2 follow one another
    (`midi_sequences`).

    Returns:
        A `symusic.Score` in ticks.
    """
    if data[:4] == b"RIFF":
        data = unwrap_riff(data)
    form, ticks_per_quarter, spans = read_chunks(data)
    if form == 2 and len(spans) > 1:
        scores = [_parse_tracks(data, [span], ticks_per_quarter) for span in spans]
        return in_sequence(scores, [track_end(data, span) for span in spans])
    return _parse_tracks(data, spans, ticks_per_quarter)


def _parse_tracks(data: bytes, spans: Sequence[Span], ticks_per_quarter: int) -> ScoreTick:
    """The score of tracks that sound together."""
    if has_escapes(data):
        data, spans = drop_escapes(data, spans)
    if chooses_kits(data):
        data, spans = sort_out_kits(data, spans)
    score = parse_tracks(data, spans, ticks_per_quarter)
    keep_order(score, data, spans)
    return score


def score_notes(score: Score) -> NoteTable:
    """Notes of a `symusic.Score` of any time unit.

    Raises:
        ReadError: a tempo or the ticks per quarter is zero.
    """
    ticks = in_ticks(score)
    notes, drums = score_tracks(ticks)
    counts = [len(one) for one in notes]
    time, duration, pitch, velocity = note_columns(notes)
    return note_table(
        time,
        np.maximum(duration, 0),
        pitch,
        velocity,
        np.repeat(np.arange(len(counts)), counts),
        np.repeat(drums, counts),
        ticks_per_quarter=ticks.ticks_per_quarter,
        tempos=score_tempos(ticks),
        meters=score_meters(ticks),
    )


def in_ticks(score: Score) -> ScoreTick:
    """The score itself, or in ticks where its times are in seconds or quarters."""
    typed = cast("ScoreTick | ScoreQuarter | ScoreSecond", score)
    return cast("ScoreTick", typed if type(typed.ttype).__name__ == "Tick" else typed.to("tick"))


def score_tracks(score: ScoreTick) -> tuple[list[NoteTickList], list[bool]]:
    """The notes of every track, and whether it is a drum track."""
    tracks = score.tracks
    tracks = [tracks[i] for i in range(len(tracks))]  # symusic's iterators cost more than a track
    return [track.notes for track in tracks], [track.is_drum for track in tracks]


def score_tempos(score: ScoreTick) -> tuple[np.ndarray, np.ndarray]:
    """Ticks of the tempo changes, and quarters per minute.

    Raises:
        ReadError: a tempo is zero, or stands before the beginning.
    """
    ticks, microseconds = tempo_columns(score.tempos)
    if np.minimum.reduce(microseconds, initial=1) <= 0:
        raise ReadError("a tempo is zero: no time can be read from it")
    # Symusic's 32 bits do not hold the ticks of all files.
    if np.minimum.reduce(ticks, initial=0) < 0:
        raise ReadError("a tempo begins before 0")
    return ticks, 60e6 / microseconds


def score_meters(score: ScoreTick) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ticks, numerators and denominators of the time signatures."""
    meters = score.time_signatures.numpy()
    return meters["time"], meters["numerator"], meters["denominator"]
