"""MIDI to note table, by symusic. Columns are taken whole: no Python loop over notes."""

from __future__ import annotations

import struct

import numpy as np
from symusic import Score

from symbolic.notes.table import NoteTable, ReadError, note_table


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
    data = _unwrap_riff(data)
    if len(data) < 14:
        raise ReadError(f"truncated MIDI file: {len(data)} bytes, a header alone takes 14")
    division = struct.unpack(">h", data[12:14])[0]
    if division < 0:
        raise ReadError("timed in SMPTE frames, not in ticks per quarter note")
    if division == 0:
        raise ReadError("ticks per quarter is 0: no time can be read from it")
    try:
        score = Score.from_midi(data)
    except Exception:  # symusic raises bare RuntimeError and ValueError of many texts
        try:
            score = Score.from_midi(data, sanitize_data=True)
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ReadError(f"damaged MIDI file: {reason}") from error
    return score_notes(score)


def score_notes(score: Score) -> NoteTable:
    """Notes of a `symusic.Score` of any time unit.

    Raises:
        ReadError: a tempo or the ticks per quarter is zero.
    """
    if str(score.ttype) != "Tick":
        score = score.to("tick")
    tracks = [track.notes.numpy() for track in score.tracks]
    counts = [len(notes["time"]) for notes in tracks]
    if not tracks:
        tracks, counts, drums = [dict.fromkeys(_COLUMNS, np.zeros(0, np.int64))], [0], [False]
    else:
        drums = [track.is_drum for track in score.tracks]
    time, duration, pitch, velocity = (
        np.concatenate([notes[name] for notes in tracks]) for name in _COLUMNS
    )
    tempos, meters = score.tempos.numpy(), score.time_signatures.numpy()
    if not np.all(tempos["mspq"] > 0):
        raise ReadError("a tempo is zero: no time can be read from it")
    return note_table(
        time,
        np.maximum(duration, 0),
        pitch,
        velocity,
        np.repeat(np.arange(len(counts)), counts),
        np.repeat(drums, counts),
        ticks_per_quarter=score.ticks_per_quarter,
        tempos=(tempos["time"], 60e6 / tempos["mspq"].astype(np.float64)),
        meters=(meters["time"], meters["numerator"], meters["denominator"]),
    )


_COLUMNS = ("time", "duration", "pitch", "velocity")


def _unwrap_riff(data: bytes) -> bytes:
    """The `data` chunk of a RIFF MIDI file; anything else unchanged."""
    if data[:4] != b"RIFF":
        return data
    position = 12
    while position + 8 <= len(data):
        name, size = struct.unpack("<4sI", data[position : position + 8])
        if name == b"data":
            return data[position + 8 : position + 8 + size]
        position += 8 + size + (size & 1)
    raise ReadError("a RIFF file without a data chunk: no MIDI inside")
