"""MIDI files taken apart into events, changed, and put together again, not always well."""

import random

from fuzzing.bytes_mutation import EDGES, LARGE, SIZES, few

Event = tuple[int, bytes]  # ticks since the event before it, and the event with its status byte
Tracks = list[list[Event]]

MOST_EVENTS = 40_000


def _quantity(value: int) -> bytes:
    """A number of seven bits a byte, of however many bytes it takes."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(groups[::-1])


def _read_quantity(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    while at < len(data):
        value = value << 7 | data[at] & 0x7F
        at += 1
        if data[at - 1] < 0x80:
            break
    return value, at


def _events(track: bytes) -> list[Event]:
    """The events of a good track."""
    events, at, status = [], 0, 0
    while at < len(track):
        delta, at = _read_quantity(track, at)
        if at < len(track) and track[at] >= 0x80:
            status, at = track[at], at + 1
        if status >= 0xF0:
            length, end = _read_quantity(track, at + (status == 0xFF))
            end += length
        else:
            end = at + (1 if 0xC0 <= status < 0xE0 else 2)
        events.append((delta, bytes([status]) + track[at:end]))
        at = end
    return events


def _chunks(data: bytes) -> list[bytes]:
    chunks, at = [], 0
    while at + 8 <= len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8])
        chunks.append(data[at + 8 : end])
        at = end
    return chunks


def _meta(rng: random.Random) -> bytes:
    """A meta event: tempos, meters and keys at their edges, texts, lengths that may not fit."""
    edge = bytes(rng.choice(EDGES) for _ in range(8))
    kind, content = rng.choice(
        (
            (0x51, rng.choice((0, 1, 500_000, 2**23, 2**24 - 1)).to_bytes(3)),
            (0x58, bytes([rng.choice((0, 1, 3, 4, 99, 255)), rng.choice((0, 2, 7, 8, 31, 255))])),
            (0x58, edge[:4]),
            (0x59, edge[:2]),
            (0x54, edge[:5]),
            (rng.randrange(1, 10), rng.randbytes(rng.randrange(40))),
            (0x2F, b""),
            (rng.randrange(256), edge[: rng.randrange(8)]),
        )
    )
    length = len(content)
    if rng.random() < 0.1:
        length = rng.choice((0, length + 1, *SIZES, *LARGE))
    return bytes([0xFF, kind]) + _quantity(length) + content


def _message(rng: random.Random) -> bytes:
    """Any other event: notes without an end, ends without a note, data bytes above 127."""
    status = rng.choice((0x80, 0x90, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0))
    channel = rng.choice((0, 0, 1, 9, 15))
    if rng.random() < 0.8:
        size = 1 if 0xC0 <= status < 0xE0 else 2
        return bytes([status | channel, *(rng.choice((*EDGES, 60, 64)) for _ in range(size))])
    content = rng.randbytes(rng.randrange(6))
    length = rng.choice((len(content), len(content), len(content) + 1, *SIZES, *LARGE))
    return bytes([rng.choice((0xF0, 0xF7, *range(0xF1, 0xFF))), *_quantity(length)]) + content


def _change_tracks(tracks: Tracks, others: Tracks, rng: random.Random) -> None:
    track = rng.choice(tracks)
    at = rng.randrange(len(track) + 1)
    delta = rng.choice((0, 0, 1, 480, *SIZES))
    if rng.random() < 0.1:
        delta = rng.choice(LARGE)
    match rng.randrange(12):
        case 0 | 1:
            track.insert(at, (delta, _meta(rng)))
        case 2 | 3:
            track.insert(at, (delta, _message(rng)))
        case 4:
            track[at : at + 1] = [(delta, event) for _, event in track[at : at + 1]]
        case 5:  # notes that nobody ends
            share = rng.random()
            track[:] = [one for one in track if one[1][0] >> 4 != 8 or rng.random() < share]
        case 6:
            del track[at : at + rng.randrange(len(track) + 1)]
        case 7:
            rng.shuffle(track)
        case 8 if rng.random() < 0.3:
            many = rng.choice((2, 10, MOST_EVENTS))
            track *= min(many, MOST_EVENTS // sum(map(len, tracks), 1) + 1)
        case 9:
            copies = rng.choice((1, 1, 20, 300)) if len(track) < 2000 else 1
            tracks += [list(track) for _ in range(min(copies, 400 - len(tracks)))]
        case 10:
            tracks += others
        case 11:
            channel = rng.choice((0, 9, 15))
            track[:] = [
                (
                    ticks,
                    bytes([event[0] & 0xF0 | channel]) + event[1:] if event[0] < 0xF0 else event,
                )
                for ticks, event in track
            ]


def _written(track: list[Event], running: bool, end: bool) -> bytes:
    pieces, status = [], None
    for delta, event in track:
        pieces.append(_quantity(delta))
        pieces.append(event[1:] if running and event[0] == status else event)
        status = event[0] if event[0] < 0xF0 else None
    return b"".join(pieces) + (b"\x00\xff\x2f\x00" if end else b"")


def changed_midi(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Events, tracks, header and lengths changed; half of what comes out is still MIDI."""
    header, *chunks = _chunks(data)
    tracks = [_events(chunk) for chunk in chunks] or [[]]
    others = [_events(chunk) for chunk in _chunks(other)[1:]] if other[:4] == b"MThd" else []
    fields = [int.from_bytes(header[at : at + 2]) for at in (0, 2, 4)]
    for _ in range(few(rng)):
        if rng.random() < 0.9:
            _change_tracks(tracks, others, rng)
    fields[1] = len(tracks)
    if rng.random() < 0.15:
        division = (0, 1, 24, 0x7FFF, 0x8000, 0xE728, 0xE250, 0xFFFF)
        edges = ((0, 1, 2, 3, 0xFFFF), (0, 1, 2, 0x7FFF, 0xFFFF), division)
        place = rng.randrange(3)
        fields[place] = rng.choice(edges[place])
    written = [b"".join(field.to_bytes(2) for field in fields)]
    written += [_written(track, rng.random() < 0.3, rng.random() < 0.7) for track in tracks]
    pieces = []
    for place, chunk in enumerate(written):
        size = len(chunk)
        if rng.random() < 0.02:
            size = rng.choice((size - 1, size + 1, *SIZES, *LARGE)) % 2**32
        name = b"MTrk" if place else b"MThd"
        pieces += [b"XFIH" if rng.random() < 0.01 else name, size.to_bytes(4), chunk]
    midi = b"".join(pieces)
    if rng.random() < 0.05:
        size = rng.choice((len(midi), len(midi), *SIZES, *LARGE)) % 2**32
        midi = b"RMIDdata" + size.to_bytes(4, "little") + midi
        midi = b"RIFF" + len(midi).to_bytes(4, "little") + midi
    return midi
