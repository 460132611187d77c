"""MIDI to note table, by symusic. Columns are taken whole: no Python loop over notes."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

import numpy as np

from symbolic.notes.table import NoteTable, ReadError, note_table

if TYPE_CHECKING:
    from symusic import Score


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


def parse_midi(data: bytes) -> Score:
    """What symusic makes of a MIDI file; errors and arguments as of `read_midi`."""
    from symusic import Score

    if data[:4] == b"RIFF":
        data = _unwrap_riff(data)
    if len(data) < 14:
        raise ReadError(f"truncated MIDI file: {len(data)} bytes, a header alone takes 14")
    division = int.from_bytes(data[12:14], signed=True)
    if division < 0:
        raise ReadError("timed in SMPTE frames, not in ticks per quarter note")
    if division == 0:
        raise ReadError("ticks per quarter is 0: no time can be read from it")
    if _CUT.search(data, len(data) - 7):
        data += bytes(4)  # symusic reads on to the length that such an event should have
    try:
        return Score.from_midi(data)
    except Exception:  # symusic raises bare RuntimeError and ValueError of many texts
        try:
            return Score.from_midi(data, sanitize_data=True)
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ReadError(f"damaged MIDI file: {reason}") from error


def score_notes(score: Score) -> NoteTable:
    """Notes of a `symusic.Score` of any time unit.

    Raises:
        ReadError: a tempo or the ticks per quarter is zero.
    """
    score = in_ticks(score)
    tracks, drums = score_tracks(score)
    counts = [len(notes["time"]) for notes in tracks]
    if not tracks:
        tracks, counts, drums = [dict.fromkeys(COLUMNS, np.zeros(0, np.int64))], [0], [False]
    time, duration, pitch, velocity = (
        np.concatenate([notes[name] for notes in tracks]) for name in COLUMNS
    )
    return note_table(
        time,
        np.maximum(duration, 0),
        pitch,
        velocity,
        np.repeat(np.arange(len(counts)), counts),
        np.repeat(drums, counts),
        ticks_per_quarter=score.ticks_per_quarter,
        tempos=score_tempos(score),
        meters=score_meters(score),
    )


def in_ticks(score: Score) -> Score:
    """The score itself, or in ticks where its times are in seconds or quarters."""
    return score if type(score.ttype).__name__ == "Tick" else score.to("tick")


def score_tracks(score: Score) -> tuple[list[dict[str, np.ndarray]], list[bool]]:
    """The columns `COLUMNS` of every track, and whether it is a drum track."""
    tracks = score.tracks
    return [track.notes.numpy() for track in tracks], [track.is_drum for track in tracks]


def score_tempos(score: Score) -> tuple[np.ndarray, np.ndarray]:
    """Ticks of the tempo changes, and quarters per minute.

    Raises:
        ReadError: a tempo is zero, or stands before the beginning.
    """
    tempos = score.tempos.numpy()
    ticks, microseconds = tempos["time"], tempos["mspq"]
    if np.count_nonzero(microseconds > 0) < len(microseconds):
        raise ReadError("a tempo is zero: no time can be read from it")
    if np.count_nonzero(ticks < 0):  # where symusic's 32 bits do not hold the ticks of a file
        raise ReadError("a tempo begins before 0")
    return ticks, 60e6 / microseconds


def score_meters(score: Score) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ticks, numerators and denominators of the time signatures."""
    meters = score.time_signatures.numpy()
    return meters["time"], meters["numerator"], meters["denominator"]


_CUT = re.compile(rb"\xff[\x51\x54\x58\x59]")  # tempo, offset, meter, key: of a fixed length

COLUMNS = ("time", "duration", "pitch", "velocity")


def _unwrap_riff(data: bytes) -> bytes:
    """The `data` chunk of a RIFF MIDI file."""
    position = 12
    while position + 8 <= len(data):
        name, size = struct.unpack("<4sI", data[position : position + 8])
        if name == b"data":
            return data[position + 8 : position + 8 + size]
        position += 8 + size + (size & 1)
    raise ReadError("a RIFF file without a data chunk: no MIDI inside")
