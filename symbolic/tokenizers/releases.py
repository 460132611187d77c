"""Order of the note-offs at the same tick of a MIDI file, which readers of notes do not keep.

Each event with two data bytes has exactly three bytes below 128: the last of its delta time, and
its data. Bytes of 128 and above belong to the delta time if they precede the first of the three,
and are the status if they are between the first and the second. A run of such events is therefore
read as columns. The other events (programs, channel pressure, meta events and system exclusive) are
read one at a time; a file has only a few.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np

META, END_OF_TRACK = 0xFF, 0x2F
SYSTEM_EXCLUSIVE = (0xF0, 0xF7)
DRUMS = 9  # channel
HIGH = bytes(range(128, 256))
_SPECIAL = bytes(0xC0 <= byte < 0xE0 or byte >= 0xF0 for byte in range(256))
_NOTE_KINDS = np.array(
    [(byte >> 4 in (8, 9) and byte & 15 != DRUMS) * (1 + (byte >> 4 == 8)) for byte in range(256)],
    np.int8,
)
"""By status: 2 for a note-off, 1 for a note-on, an end if its velocity is 0; 0 for other events."""

NoteOffs = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Number of the file, tick and pitch of each note-off, in their order: (m,) int64."""


class _Irregular(ValueError):
    """Bytes that do not follow the standard."""


class _Stretch(NamedTuple):
    """A run of events with two data bytes each, from byte `begin` to before `end`."""

    begin: int
    end: int
    late: int  # ticks since the previous stretch or the start of the track
    track: int
    file: int


class _Bytes:
    """Files end to end, and the positions of their bytes below 128."""

    def __init__(self, files: Sequence[bytes]) -> None:
        self.blob = b"".join(files)
        self.data = np.frombuffer(self.blob, np.uint8)
        self.low = (self.data < 128).nonzero()[0]
        special = np.frombuffer(self.blob.translate(_SPECIAL), bool).nonzero()[0]
        self.special = special.tolist()  # possible events of other kinds
        self.special_low = self.low.searchsorted(special).tolist()  # bytes below 128 before each

    def count_low(self, start: int, end: int) -> int:
        """Count the bytes below 128 from `start` to before `end`."""
        return len(self.blob[start:end].translate(None, HIGH))


def note_offs(files: Sequence[bytes]) -> NoteOffs:
    """Find the note-offs of files in their order.

    Drums are left out. A file that does not follow the standard has none.

    Args:
        files: whole MIDI files.
    """
    data = _Bytes(files)
    stretches: list[_Stretch] = []
    offset = 0
    for number, file in enumerate(files):
        with suppress(_Irregular, IndexError):
            stretches += _stretches(data, offset, offset + len(file), number)
        offset += len(file)
    return _note_offs(data, stretches)


def _stretches(data: _Bytes, start: int, end: int, number: int) -> list[_Stretch]:
    """Find the stretches of the file between `start` and `end`."""
    found: list[_Stretch] = []
    at = data.blob.find(b"MThd", start, end)  # not at the start if wrapped in RIFF
    while at >= 0 and at + 8 <= end:
        begin = at + 8
        stop = begin + int.from_bytes(data.blob[at + 4 : begin])
        if data.blob[at : at + 4] == b"MTrk":
            _scan_track(data, begin, min(stop, end), number, found)
        at = stop
    return found


def _scan_track(data: _Bytes, at: int, end: int, file: int, found: list[_Stretch]) -> None:
    """Add the stretches between `at`, the start of an event, and `end`."""
    blob, track, late = data.blob, at, 0
    number, low = bisect_left(data.special, at), 0
    if number < len(data.special):
        low = data.special_low[number] - data.count_low(at, data.special[number])
    while number < len(data.special) and (status := data.special[number]) < end:
        place = (data.special_low[number] - low) % 3 if status >= at else 0
        number += 1
        if place == 0:  # part of a delta time or of an event already read
            continue
        begin = status - 1
        if place == 2 or begin < at or blob[begin] >= 128:
            raise _Irregular
        while begin > at and blob[begin - 1] >= 128:
            begin -= 1
        ticks = _number(blob, begin)[0]
        if begin > at:
            found.append(_Stretch(at, begin, late, track, file))
            late = 0
        late += ticks
        kind = blob[status]
        if kind == META:
            if blob[status + 1] == END_OF_TRACK:
                return
            at = sum(_number(blob, status + 2))
        elif kind in SYSTEM_EXCLUSIVE:
            at = sum(_number(blob, status + 1))
        elif kind < 0xE0:
            at = status + 2
            while (following := _number(blob, at))[1] < end and blob[following[1]] < 128:
                late += following[0]  # running status
                at = following[1] + 1
        else:
            raise _Irregular
        low = data.special_low[number - 1] + data.count_low(status, at)
    if at < end:
        if data.count_low(at, end) % 3:
            raise _Irregular
        found.append(_Stretch(at, end, late, track, file))


def _number(blob: bytes, at: int) -> tuple[int, int]:
    """Read a number of variable length; return it and its end."""
    value = 0
    for end in range(at, at + 4):
        value = value << 7 | (blob[end] & 127)
        if blob[end] < 128:
            return value, end + 1
    raise _Irregular


def _note_offs(data: _Bytes, stretches: list[_Stretch]) -> NoteOffs:
    """Return all note-offs except those of drums."""
    if not stretches:
        none = np.zeros(0, np.int64)
        return none, none, none
    begin, end, late, track, file = np.array(stretches, np.int64).T
    begins, ends = data.low.searchsorted(begin), data.low.searchsorted(end)
    lows = [data.low[a:b] for a, b in zip(begins.tolist(), ends.tolist(), strict=True)]
    events = (ends - begins) // 3
    first = events.cumsum() - events
    delta, pitch, velocity = np.concatenate(lows).reshape(-1, 3).T  # last bytes of each
    before = np.empty_like(delta)
    before[1:] = velocity[:-1]
    before[first] = begin - 1
    has_status = pitch > delta + 1
    good, extra = has_status[first], velocity > pitch + 1
    if np.count_nonzero(extra):
        good &= ~np.logical_or.reduceat(extra, first)
    if not np.logical_and.reduce(good):  # an extra byte, or a stretch begins without a status
        bad = set(file[~good].tolist())
        return _note_offs(data, [stretch for stretch in stretches if stretch.file not in bad])
    tick = _ticks(data.data, delta, delta - before - 1)
    tick[first] += late
    tick = tick.cumsum()
    restarts = first[1:][track[1:] != track[:-1]]
    if len(restarts):
        parts = np.split(tick, restarts)
        ended = np.append(0, tick[restarts - 1])
        tick -= ended.repeat([len(part) for part in parts])
    given = has_status.nonzero()[0]
    kind = _NOTE_KINDS.take(data.data[pitch[given] - 1])
    if len(given) < len(tick):  # running status
        kind = kind[has_status.cumsum() - 1]
    off = (kind > (data.data[velocity] > 0)).nonzero()[0]
    return file.repeat(events)[off], tick[off], data.data[pitch[off]].astype(np.int64)


def _ticks(data: np.ndarray, last: np.ndarray, further: np.ndarray) -> np.ndarray:
    """(m,) int64 delta times, from the places of their last bytes and the number of the others."""
    ticks = data[last].astype(np.int64)
    for ahead in range(1, 4):
        longer = (further >= ahead).nonzero()[0]
        if not len(longer):
            break
        ticks[longer] += (data[last[longer] - ahead] & 127).astype(np.int64) << 7 * ahead
    return ticks
