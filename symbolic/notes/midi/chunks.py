"""Chunks and events of standard MIDI files, as they lie in the bytes.

Source: The Complete MIDI 1.0 Detailed Specification, Standard MIDI Files 1.0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence

from symbolic.notes.table import ReadError

Span = tuple[int, int]
"""Begin and end of the content of a chunk, in bytes."""

Event = tuple[int, bytes]
"""Tick of an event, and its bytes from the status byte on, which is always there."""

END_OF_TRACK = b"\xff\x2f\x00"
MAX_DELTA = 2**28 - 1  # four bytes of seven bits
MAX_TRACK_CHUNKS = 0xFFFF  # a header counts them in 16 bits

_CHUNK = struct.Struct(">4sI")
_HEADER = struct.Struct(">4sIHHh")


def unwrap_riff(data: bytes) -> bytes:
    """The `data` chunk of a RIFF MIDI file.

    Raises:
        ReadError: there is none.
    """
    position = 12
    while position + 8 <= len(data):
        name, size = struct.unpack("<4sI", data[position : position + 8])
        if name == b"data":
            return data[position + 8 : position + 8 + size]
        position += 8 + size + (size & 1)
    raise ReadError("a RIFF file without a data chunk: no MIDI inside")


def read_chunks(data: bytes) -> tuple[int, int, list[Span]]:
    """Read the header of a file and find its tracks.

    A header longer than 6 bytes is read as far as it is known, and other chunks are skipped, as the
    standard asks. All tracks count, whatever number the header gives; what follows them and is no
    chunk is left out.

    Returns:
        The format (0, 1 or 2), ticks per quarter, and the tracks.

    Raises:
        ReadError: not a header, an unknown format, no ticks per quarter, or a chunk that is cut.
    """
    if len(data) < _HEADER.size:
        raise ReadError(f"truncated MIDI file: {len(data)} bytes, a header alone takes 14")
    name, length, form, declared, division = _HEADER.unpack_from(data)
    if name != b"MThd":
        raise ReadError(f"damaged MIDI file: it begins with {name!r}, not with a header")
    if division < 0:
        raise ReadError("timed in SMPTE frames, not in ticks per quarter note")
    if division == 0:
        raise ReadError("ticks per quarter is 0: no time can be read from it")
    if length < 6:
        raise ReadError(f"damaged MIDI file: a header of {length} bytes, 6 is the least")
    if form > 2:
        raise ReadError(f"damaged MIDI file: format {form}, where 2 is the highest")
    spans: list[Span] = []
    begin, size = 16 + length, len(data)
    while begin <= size:
        name, length = _CHUNK.unpack_from(data, begin - 8)
        end = begin + length
        if end > size:
            if len(spans) >= declared:  # no chunk, but bytes after the last one
                break
            raise ReadError(f"damaged MIDI file: cut, {end - size} bytes of a chunk are missing")
        if name == b"MTrk":
            spans.append((begin, end))
        elif name == b"\0\0\0\0" and len(spans) >= declared:  # zeros up to the size of a block
            break
        begin = end + 8
    else:
        if len(spans) < declared and data[begin - 8 : begin - 4] in (b"M", b"MT", b"MTr", b"MTrk"):
            raise ReadError("damaged MIDI file: cut in the header of a track")
    return form, division, spans[:MAX_TRACK_CHUNKS]


def events(data: bytes, span: Span) -> Iterator[Event]:
    """The events of a track up to its end, running status written out.

    A loop over events: for what common files do not have.

    Raises:
        IndexError, ValueError: the track is damaged.
    """
    at, end = span
    tick = status = 0
    while at < end:
        delta, at = _quantity(data, at)
        tick += delta
        first = data[at]
        if first in (0xF0, 0xF7, 0xFF):
            length, content = _quantity(data, at + 1 + (first == 0xFF))
            if content + length > end:
                raise ValueError("an event that is longer than its track")
            event = data[at : content + length]
            yield tick, event
            if event[:2] == END_OF_TRACK[:2]:
                return
            at = content + length
            continue
        if first >= 0x80:
            status = first
            at += 1
        if not status:
            raise ValueError("a running status without a status")
        length = _LENGTHS[status >> 4] if status < 0xF0 else _SYSTEM_LENGTHS.get(status, 0)
        if at + length > end:
            raise ValueError("an event that is cut")
        yield tick, bytes([status]) + data[at : at + length]
        at += length


def system_exclusive(event: bytes) -> bytes:
    """Return the content of a system exclusive event, without its status and length."""
    return event[_quantity(event, 1)[1] :]


def track_content(track: Iterable[Event]) -> bytes:
    """The content of a track chunk, of events in order."""
    pieces, before = [], 0
    for tick, event in track:
        while tick - before > MAX_DELTA:  # an empty text halfway
            pieces.append(b"\xff\xff\xff\x7f\xff\x01\x00")
            before += MAX_DELTA
        pieces += [_written(tick - before), event]
        before = tick
    return b"".join(pieces)


def track_end(data: bytes, span: Span) -> int:
    """The tick at which a track ends; where it is damaged, that of the last good event."""
    tick = 0
    try:
        for event in events(data, span):
            tick = event[0]
    except (IndexError, ValueError):
        pass
    return tick


def join_contents(contents: Sequence[bytes]) -> tuple[bytes, list[Span]]:
    """Contents of tracks end to end, and where each lies."""
    spans, begin = [], 0
    for content in contents:
        spans.append((begin, begin + len(content)))
        begin += len(content)
    return b"".join(contents), spans


_LENGTHS = {8: 2, 9: 2, 10: 2, 11: 2, 12: 1, 13: 1, 14: 2}
_SYSTEM_LENGTHS = {0xF1: 1, 0xF2: 2, 0xF3: 1}


def _quantity(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = 0
    for _ in range(4):
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at


def _written(value: int) -> bytes:
    """A number in variable length."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(groups[::-1])
