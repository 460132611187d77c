"""Ends of notes without a note-off: repeated strikes of a key, and notes that never end.

MIDI requires a note-off for each strike. symusic pairs them first in, first out, as unison parts
need, and drops strikes without one. This module appends a note-off for each key to every track
before parsing, so that no strike is dropped. If one of these was needed, the ends are recomputed: a
strike lasts until its key is struck again or released, or else until the end of the track, as in
playback.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from symbolic.notes.midi.chunks import END_OF_TRACK, MAX_DELTA, Event, Span, events, track_content
from symbolic.notes.table import ReadError

if TYPE_CHECKING:
    from symusic.core import ScoreTick

END_GAP = MAX_DELTA  # ticks between the end of a track and the appended note-offs

_REASONS = {
    "EOF while reading chunk header": "it ends within the header of a track",
    "EOF": "a track ends within an event",
    "chunk length": "a track is longer than the file",
    "running status": "an event has no status byte",
    "status byte": "a track has an unknown event",
    "out of bound": "a tempo, meter or key has an impossible value",
    "Division type": "it is not timed in ticks per quarter note",
    "midi f": "its header is invalid",
}
"""Reasons by parts of the messages of symusic's parser, the first that fits."""


def parse_tracks(data: bytes, spans: Sequence[Span], ticks_per_quarter: int) -> ScoreTick:
    """Parse simultaneous tracks; every key strike is a note.

    Returns:
        A `symusic.Score` in ticks; a MIDI track becomes a track for each channel and program in it.

    Raises:
        ReadError: damaged.
    """
    try:
        score = _parse(_with_note_offs(data, spans), len(spans), ticks_per_quarter)
    except ReadError:  # the original tracks may be readable, or give a better error
        return _parse(_as_they_are(data, spans), len(spans), ticks_per_quarter)
    if score.end() >= END_GAP:
        return _with_all_strikes(data, spans, ticks_per_quarter)
    return score


def _parse(tracks: Sequence[bytes], count: int, ticks_per_quarter: int) -> ScoreTick:
    """Parse track chunks with symusic."""
    read = _reader()
    # symusic reads a truncated meta event to its declared length: into the zeros.
    header = _HEADER.pack(b"MThd", 6, 1, count, ticks_per_quarter)
    data = b"".join((header, *tracks, b"\0\0\0\0"))
    try:
        return read(data)
    except Exception:  # symusic raises plain RuntimeError and ValueError with varying texts
        try:
            return read(data, sanitize_data=True)
        except Exception as error:
            raise ReadError(f"damaged MIDI file: {_reason(str(error))}") from error


def _reason(message: str) -> str:
    """Translate a message of symusic to words of this package."""
    found = (reason for part, reason in _REASONS.items() if part in message)
    return next(found, "it cannot be parsed")


@cache
def _reader() -> Callable[..., ScoreTick]:
    """Return the MIDI parser of symusic, imported at first use."""
    from symusic.core import ScoreTick

    return ScoreTick.from_midi


def _with_note_offs(data: bytes, spans: Sequence[Span]) -> list[bytes]:
    """Build track chunks with note-offs behind the end for each key of each channel in use.

    Any byte that may be the status of a note-on marks its channel as used. In files of more than
    two tracks, channels other than the first of a track also need a possible program change:
    otherwise long delta times would look like channels and cost useless note-offs.
    """
    pieces = []
    several = len(spans) > 2  # of two tracks, one is for tempos
    others = [*filter(data.__contains__, _NOTE_ONS)]
    for begin, end in spans:
        content = data[begin:end]
        first = _NOTE_ON.search(content)
        if not first:
            pieces += (_CHUNK.pack(b"MTrk", end - begin), content)
            continue
        statuses = [*filter(content.__contains__, others)]
        if several:
            statuses = [on for on in statuses if on + 0x30 in content]
        status = content[first.start()]
        if status not in statuses:
            statuses.append(status)
        offs = _note_offs(bytes(statuses))
        if content[-3:] == END_OF_TRACK:  # its delta time becomes that of its replacement
            pieces += (_CHUNK.pack(b"MTrk", end - begin - 3 + len(offs)), content[:-3], offs)
        else:
            pieces += (_CHUNK.pack(b"MTrk", end - begin + 1 + len(offs)), content, b"\0", offs)
    return pieces


@lru_cache(maxsize=256)
def _note_offs(statuses: bytes) -> bytes:
    """Encode note-offs for all keys of the channels, to append to a track."""
    return _GUARD + b"".join([bytes([0, status - 16]) + _EVERY_KEY for status in statuses])


def _as_they_are(data: bytes, spans: Sequence[Span]) -> list[bytes]:
    return [_track(data[slice(*span)]) for span in spans]


def _track(content: bytes) -> bytes:
    return _CHUNK.pack(b"MTrk", len(content)) + content


def _with_all_strikes(data: bytes, spans: Sequence[Span], ticks_per_quarter: int) -> ScoreTick:
    """Parse tracks in which note-offs are missing."""
    from symusic.core import NoteTickList

    pieces = []
    for span in spans:
        content = data[slice(*span)]
        with suppress(IndexError, ValueError):  # symusic can read some damaged tracks
            content = _with_missing(list(events(data, span)))
        pieces.append(_track(content))
    score = _parse(pieces, len(spans), ticks_per_quarter)
    plain = _parse(_as_they_are(data, spans), len(spans), ticks_per_quarter)
    # Without any note-off a file has no durations. Damaged events may be read as other tracks.
    if not plain.note_num() or len(score.tracks) != len(plain.tracks):
        return plain
    for track, kept in zip(score.tracks, plain.tracks, strict=True):
        if len(track.notes) == len(kept.notes):
            continue
        notes = track.notes.numpy()
        onset, pitch = notes["time"].astype(np.int64), notes["pitch"].astype(np.int64)
        end = _ends(onset, onset + notes["duration"], pitch)
        duration = (end - onset).astype(np.int32)
        track.notes = NoteTickList.from_numpy(
            notes["time"], duration, notes["pitch"], notes["velocity"]
        )
    return score


def _with_missing(track: Sequence[Event]) -> bytes:
    """Encode a track with its missing note-offs `END_GAP` ticks behind its end."""
    sounding: Counter[tuple[int, int]] = Counter()
    for _, event in track:
        if event[0] >> 4 in (8, 9):
            key = event[0] & 15, min(event[1], 127)
            if event[0] >> 4 == 9 and event[2]:
                sounding[key] += 1
            elif sounding[key]:
                sounding[key] -= 1
    end = track[-1][0] if track else 0
    kept = [event for event in track if event[1][:2] != END_OF_TRACK[:2]]
    offs = [
        (end + END_GAP, bytes([0x80 | channel, key, 64])) for channel, key in sounding.elements()
    ]
    return track_content([*kept, *offs])


def _ends(onset: np.ndarray, end: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Compute the ends of the notes of a track in which note-offs are missing.

    Args:
        onset, end, pitch: (n,) int64 in the order of the strikes; note-offs are paired first in,
            first out, and the latest end is `END_GAP` ticks behind the end of the track.

    Returns:
        (n,) int64. In each stretch that begins with a silent key and lacks a note-off, a strike
        ends at the next later strike of its key, or at the first note-off after it; other notes
        end as paired.
    """
    order = pitch.argsort(kind="stable")
    onset, end, pitch = onset[order], end[order], pitch[order]
    lost = end == end.max()
    silent = np.ones(len(end), bool)  # the key, when it is struck
    silent[1:] = (pitch[1:] != pitch[:-1]) | (end[:-1] <= onset[1:])
    stretch = silent.cumsum() - 1
    uneven = np.bincount(stretch, lost)[stretch] > 0
    end = np.where(lost, end - END_GAP, end)
    key = pitch << 40
    # Paired first in, first out, the ends of a key are its note-offs in order, without strays: the
    # first one after a strike is never a stray. A note-off at the tick of a strike precedes it,
    # unless it is paired with it.
    released = (key + end).searchsorted(key + onset, side="right")
    released = end[np.minimum(released, np.arange(len(end)))]
    again = (key + onset).searchsorted(key + onset, side="right")
    onset_again = np.append(onset, 0)[again]
    same_key = np.append(pitch, -1)[again] == pitch
    until = np.where(same_key, np.minimum(released, onset_again), released)
    ends = np.empty_like(end)
    ends[order] = np.where(uneven, until, end)
    return ends


_CHUNK = struct.Struct(">4sI")
_HEADER = struct.Struct(">4sIHHH")
_NOTE_ONS = range(0x90, 0xA0)
_NOTE_ON = re.compile(rb"[\x90-\x9f]")
_EVERY_KEY = b"\0".join(bytes([key, 64]) for key in range(128))  # in running status

# A skipped event. If the event before it declares more bytes than its track has, parsing continues
# somewhere in these bytes, each of which is an undefined status.
_GUARD = b"\xff\x7f\x82\x00" + b"\xf4" * 256 + b"\xff\xff\xff\x7f\xff\x01\x00"
