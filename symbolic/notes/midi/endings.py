"""Ends of notes whose note-off is missing: keys struck again before it, and notes left sounding.

MIDI asks for a note-off for each strike. Where a file has them, symusic pairs them first in, first
out, as parts in unison need it; a strike without one it drops. Here every track is parsed with a
note-off for each key behind its end, so that no strike is dropped. Where one of these was needed,
the ends are found anew: a strike lasts until its key is struck again or let go, or else until the
end of the track, as it does when the file is played.
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

from symbolic.notes.midi.chunks import (
    END_OF_TRACK,
    MAX_DELTA,
    Event,
    Span,
    events,
    track_content,
)
from symbolic.notes.table import ReadError

if TYPE_CHECKING:
    from symusic.core import ScoreTick

END_GAP = MAX_DELTA
"""Ticks between the end of a track and the note-offs behind it."""


def parse_tracks(data: bytes, spans: Sequence[Span], ticks_per_quarter: int) -> ScoreTick:
    """Parse tracks that sound together, every strike of a key a note.

    Args:
        data: bytes of a file.
        spans: where the contents of its tracks lie.
        ticks_per_quarter: 1 to 32,767.

    Returns:
        A `symusic.Score` in ticks; a MIDI track becomes a track for each channel and program in it.

    Raises:
        ReadError: damaged.
    """
    try:
        score = _parse(_with_note_offs(data, spans), len(spans), ticks_per_quarter)
    except ReadError:  # the tracks as they are may be read, or give the better reason
        return _parse(_as_they_are(data, spans), len(spans), ticks_per_quarter)
    if score.end() >= END_GAP:
        return _with_all_strikes(data, spans, ticks_per_quarter)
    return score


def _parse(tracks: Sequence[bytes], count: int, ticks_per_quarter: int) -> ScoreTick:
    """Parse track chunks with symusic."""
    read = _reader()
    # Where a meta event is cut, symusic reads on to the length that it should have: into the zeros.
    header = _HEADER.pack(b"MThd", 6, 1, count, ticks_per_quarter)
    data = b"".join((header, *tracks, b"\0\0\0\0"))
    try:
        return read(data)
    except Exception:  # symusic raises bare RuntimeError and ValueError of many texts
        try:
            return read(data, sanitize_data=True)
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ReadError(f"damaged MIDI file: {reason}") from error


@cache
def _reader() -> Callable[..., ScoreTick]:
    """Symusic's own, loaded where it is first needed."""
    from symusic.core import ScoreTick

    return ScoreTick.from_midi


def _with_note_offs(data: bytes, spans: Sequence[Span]) -> list[bytes]:
    """The bytes of track chunks with a note-off behind the end for each key of each channel in use.

    Bytes that may be the status of a note-on count for one. Where there are other tracks, all but
    the first of them count only if a program may be chosen for their channel: otherwise long deltas
    would pass for channels, which costs note-offs that end nothing.
    """
    pieces = []
    several = len(spans) > 1
    others = [one for one in _NOTE_ONS if one in data and (not several or one + 0x30 in data)]
    for begin, end in spans:
        content = data[begin:end]
        first = _NOTE_ON.search(content)
        if not first:
            pieces += (_CHUNK.pack(b"MTrk", end - begin), content)
            continue
        statuses = [one for one in others if one in content]
        if several:
            statuses = [one for one in statuses if one + 0x30 in content]
        offs = _note_offs(bytes({first[0][0], *statuses}))
        if content[-3:] == END_OF_TRACK:  # whose delta becomes that of what takes its place
            pieces += (_CHUNK.pack(b"MTrk", end - begin - 3 + len(offs)), content[:-3], offs)
        else:
            pieces += (_CHUNK.pack(b"MTrk", end - begin + 1 + len(offs)), content, b"\0", offs)
    return pieces


@lru_cache(maxsize=256)
def _note_offs(statuses: bytes) -> bytes:
    """Make what goes behind the end of a track: note-offs for all keys of the channels."""
    return _GUARD + b"".join([bytes([0, status - 16]) + _EVERY_KEY for status in statuses])


def _as_they_are(data: bytes, spans: Sequence[Span]) -> list[bytes]:
    return [_track(data[slice(*span)]) for span in spans]


def _track(content: bytes) -> bytes:
    return _CHUNK.pack(b"MTrk", len(content)) + content


def _with_all_strikes(data: bytes, spans: Sequence[Span], ticks_per_quarter: int) -> ScoreTick:
    """The score of tracks in which note-offs are missing."""
    from symusic.core import NoteTickList

    pieces = []
    for span in spans:
        content = data[slice(*span)]
        with suppress(IndexError, ValueError):  # symusic reads some tracks that are damaged
            content = _with_missing(list(events(data, span)))
        pieces.append(_track(content))
    score = _parse(pieces, len(spans), ticks_per_quarter)
    plain = _parse(_as_they_are(data, spans), len(spans), ticks_per_quarter)
    if not plain.note_num():  # nothing is ever let go: a file without lengths
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
    """The content of a track, with the missing note-offs `END_GAP` ticks behind its end."""
    sounding: Counter[tuple[int, int]] = Counter()
    for _, event in track:
        if event[0] >> 4 in (8, 9):
            key = event[0] & 15, min(event[1], 127)
            if event[0] >> 4 == 9 and event[2]:
                sounding[key] += 1
            elif sounding[key]:
                sounding[key] -= 1
    end = track[-1][0] if track else 0
    ended = [one for one in track if one[1][:2] != END_OF_TRACK[:2]]
    offs = [
        (end + END_GAP, bytes([0x80 | channel, key, 64])) for channel, key in sounding.elements()
    ]
    return track_content([*ended, *offs])


def _ends(onset: np.ndarray, end: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """When the notes of a track end, some of which have no note-off.

    Args:
        onset, end, pitch: (n,) int64 in the order of the strikes; note-offs are paired first in,
            first out, and the latest of all ends lies `END_GAP` ticks behind the end of the track.

    Returns:
        (n,) int64. From the strike on at which a key was silent and after which a note-off is
        missing, each strike ends at the next of its key that is later, or at the first note-off
        after it; the others end as they are paired.
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
    # Paired first in, first out, the ends of a key are its note-offs in order: all that matter, for
    # the first one after a strike is never a stray. One at the tick of a strike came before it,
    # unless it is the strike's own.
    let_go = (key + end).searchsorted(key + onset, side="right")
    let_go = end[np.minimum(let_go, np.arange(len(end)))]
    again = (key + onset).searchsorted(key + onset, side="right")
    onset_again = np.append(onset, 0)[again]
    same_key = np.append(pitch, -1)[again] == pitch
    until = np.where(same_key, np.minimum(let_go, onset_again), let_go)
    ends = np.empty_like(end)
    ends[order] = np.where(uneven, until, end)
    return ends


_CHUNK = struct.Struct(">4sI")
_HEADER = struct.Struct(">4sIHHH")
_NOTE_ONS = range(0x90, 0xA0)
_NOTE_ON = re.compile(rb"[\x90-\x9f]")
_EVERY_KEY = b"\0".join(bytes([key, 64]) for key in range(128))  # in running status

# An event that is skipped. Where the event before it claims to be longer than its track, parsing
# goes on somewhere in these bytes, each of which is a status that does not exist.
_GUARD = b"\xff\x7f\x82\x00" + b"\xf4" * 256 + b"\xff\xff\xff\x7f\xff\x01\x00"
