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
    """Files end to end, and the positions of their bytes of 128 and above."""

    def __init__(self, files: Sequence[bytes]) -> None:
        self.blob = b"".join(files)
        data = np.frombuffer(self.blob, np.uint8)
        self.high = np.flatnonzero(data >= 128)
        self.value = data[self.high]
        special = (self.value >= 0xC0) & ((self.value < 0xE0) | (self.value >= 0xF0))
        special = np.flatnonzero(special)
        self.special = self.high[special].tolist()  # possible events of other kinds
        self.special_low = (self.high[special] - special).tolist()  # bytes below 128 before each

    def low(self, start: int, end: int) -> int:
        """Count the bytes below 128 from `start` to before `end`."""
        return len(self.blob[start:end].translate(None, HIGH))


def falling_releases(files: Sequence[bytes]) -> NoteOffs:
    """Find the note-offs at ticks where their order is not that of ascending pitch.

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
    return _falling(*_note_offs(data, stretches))


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
        low = data.special_low[number] - data.low(at, data.special[number])
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
        low = data.special_low[number - 1] + data.low(status, at)
    if at < end:
        if data.low(at, end) % 3:
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
    first_high = data.high.searchsorted(begin)
    events = (end - begin - data.high.searchsorted(end) + first_high) // 3
    first = events.cumsum() - events

    # The number of low bytes before it in its stretch gives the event of each high byte.
    number = np.maximum(begin.searchsorted(data.high, side="right") - 1, 0)
    inside = np.flatnonzero((data.high >= begin[number]) & (data.high < end[number]))
    number = number[inside]
    before = (data.high - np.arange(len(data.high)))[inside] - (begin - first_high)[number]
    event = before // 3
    place = before - 3 * event
    event += first[number]
    value = data.value[inside]
    states, extends = np.flatnonzero(place == 1), np.flatnonzero(place == 0)
    given = event[states]
    good = (
        given[np.minimum(given.searchsorted(first), len(given) - 1)] == first if len(given) else 0
    )
    good = np.zeros(len(first), bool) | good
    good[number[place == 2]] = False
    if not good.all():  # a stretch that does not begin with a status, or an extra byte
        bad = set(file[~good].tolist())
        return _note_offs(data, [stretch for stretch in stretches if stretch.file not in bad])

    lows = b"".join([data.blob[a:b] for a, b, *_ in stretches]).translate(None, HIGH)
    delta, pitch, velocity = np.frombuffer(lows, np.uint8).reshape(-1, 3).T
    tick = _ticks(delta, event[extends], value[extends], first, late, track)
    status = value[states].repeat(np.diff(np.append(given, len(delta))))
    kind = status & 0xF0
    off = (kind == 0x80) | ((kind == 0x90) & (velocity == 0))
    off = np.flatnonzero(off & ((status & 15) != DRUMS))
    file = file[first.searchsorted(off, side="right") - 1]
    return file, tick[off], pitch[off].astype(np.int64)


def _ticks(
    delta: np.ndarray,
    event: np.ndarray,
    value: np.ndarray,
    first: np.ndarray,
    late: np.ndarray,
    track: np.ndarray,
) -> np.ndarray:
    """Compute the (m,) int64 ticks of events from the (m,) last bytes of their delta times.

    `value` are the bytes before these, in order, of each `event`. For (s,) stretches, `first` is
    the first event and `late` the ticks before it.
    """
    tick = delta.astype(np.int64)
    bits = np.full(len(event), 7)  # of an event, the highest come first
    for ahead in (1, 2):
        bits[:-ahead] += 7 * (event[:-ahead] == event[ahead:])
    np.add.at(tick, event, (value & 127).astype(np.int64) << bits)
    tick[first] += late
    began = first[np.append(True, track[1:] != track[:-1])]
    start = tick[began]
    tick = tick.cumsum()
    tick -= (tick[began] - start).repeat(np.diff(np.append(began, len(tick))))
    return tick


def _falling(file: np.ndarray, tick: np.ndarray, pitch: np.ndarray) -> NoteOffs:
    """Select the note-offs of ticks at which pitches are not ascending."""
    code = file << int(tick.max(initial=0)).bit_length() | tick
    same = code[1:] == code[:-1]
    falls = np.flatnonzero(same & (pitch[1:] < pitch[:-1]))
    begins = np.append(0, np.flatnonzero(~same) + 1)
    fallen = np.zeros(len(begins), bool)
    fallen[begins.searchsorted(falls, side="right") - 1] = True
    kept = np.flatnonzero(fallen.repeat(np.diff(np.append(begins, len(code)))))
    return file[kept], tick[kept], pitch[kept]
