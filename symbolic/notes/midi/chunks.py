"""Chunks and events of standard MIDI files.

Source: The Complete MIDI 1.0 Detailed Specification, Standard MIDI Files 1.0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence

from symbolic.notes.table import ReadError

Span = tuple[int, int]  # first byte of the content of a chunk, and the byte after its last
Event = tuple[int, bytes]  # its tick, and its bytes with the status byte, also under running status

END_OF_TRACK = b"\xff\x2f\x00"
MAX_DELTA = 2**28 - 1  # four bytes of seven bits
MAX_TRACK_CHUNKS = 0xFFFF  # a header counts them in 16 bits

_CHUNK = struct.Struct(">4sI")
_HEADER = struct.Struct(">4sIHHh")


def unwrap_riff(data: bytes) -> bytes:
    """Return the `data` chunk of a RIFF MIDI file.

    Raises:
        ReadError: it has none.
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

    Unknown bytes of a longer header, and unknown chunks, are skipped, as the standard requires. All
    tracks are read, whatever number the header declares; trailing bytes that are no chunk are
    ignored.

    Returns:
        The format (0, 1 or 2), ticks per quarter, and the tracks.

    Raises:
        ReadError: no header, an unknown format, no ticks per quarter, or a truncated chunk.
    """
    if len(data) < _HEADER.size:
        raise ReadError(f"truncated MIDI file: {len(data)} bytes, fewer than the 14 of a header")
    name, length, form, declared, division = _HEADER.unpack_from(data)
    if name != b"MThd":
        raise ReadError(f"damaged MIDI file: it begins with {name!r}, not with a header")
    if division < 0:
        raise ReadError("timed in SMPTE frames, not in ticks per quarter note")
    if division == 0:
        raise ReadError("ticks per quarter is 0: onsets have no time")
    if length < 6:
        raise ReadError(f"damaged MIDI file: a header of {length} bytes, fewer than 6")
    if form > 2:
        raise ReadError(f"damaged MIDI file: format {form}, greater than 2")
    spans: list[Span] = []
    begin, size = 16 + length, len(data)
    while begin <= size:
        name, length = _CHUNK.unpack_from(data, begin - 8)
        end = begin + length
        if end > size:
            if len(spans) >= declared:  # trailing bytes, no chunk
                break
            raise ReadError(f"damaged MIDI file: {end - size} bytes of a chunk are missing")
        if name == b"MTrk":
            spans.append((begin, end))
        elif name == b"\0\0\0\0" and len(spans) >= declared:  # zero padding
            break
        begin = end + 8
    else:
        if len(spans) < declared and data[begin - 8 : begin - 4] in (b"M", b"MT", b"MTr", b"MTrk"):
            raise ReadError("damaged MIDI file: truncated in the header of a track")
    return form, division, spans[:MAX_TRACK_CHUNKS]


def events(data: bytes, span: Span) -> Iterator[Event]:
    """Iterate over the events of a track up to its end, with running status expanded.

    A Python loop over events: only for rare features of files.

    Raises:
        IndexError, ValueError: a damaged track.
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
                raise ValueError("an event is longer than its track")
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
            raise ValueError("running status without a status byte")
        length = _LENGTHS[status >> 4] if status < 0xF0 else _SYSTEM_LENGTHS.get(status, 0)
        if at + length > end:
            raise ValueError("a truncated event")
        yield tick, bytes([status]) + data[at : at + length]
        at += length


def system_exclusive(event: bytes) -> bytes:
    """Return the content of a system exclusive event, without its status and length."""
    return event[_quantity(event, 1)[1] :]


def track_content(track: Iterable[Event]) -> bytes:
    """Encode events in order as the content of a track chunk."""
    chunks, before = [], 0
    for tick, event in track:
        while tick - before > MAX_DELTA:  # an empty text event in between
            chunks.append(b"\xff\xff\xff\x7f\xff\x01\x00")
            before += MAX_DELTA
        chunks += [_encoded(tick - before), event]
        before = tick
    return b"".join(chunks)


def track_end(data: bytes, span: Span) -> int:
    """Return the last tick of a track, or that of its last intact event."""
    tick = 0
    try:
        for event in events(data, span):
            tick = event[0]
    except (IndexError, ValueError):
        pass
    return tick


def join_contents(contents: Sequence[bytes]) -> tuple[bytes, list[Span]]:
    """Concatenate contents of tracks, and return the span of each."""
    spans, begin = [], 0
    for content in contents:
        spans.append((begin, begin + len(content)))
        begin += len(content)
    return b"".join(contents), spans


_LENGTHS = {8: 2, 9: 2, 10: 2, 11: 2, 12: 1, 13: 1, 14: 2}
_SYSTEM_LENGTHS = {0xF1: 1, 0xF2: 2, 0xF3: 1}


def _quantity(data: bytes, at: int) -> tuple[int, int]:
    """Decode a variable-length quantity; return it and the position after it."""
    value = 0
    for _ in range(4):
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at


def _encoded(value: int) -> bytes:
    """Encode a variable-length quantity."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(groups[::-1])
