"""Drum kits on channels other than 10, and melodies on channel 10, as in GS, XG and GM2.

symusic treats channel 10, and no other, as drums. A file may choose otherwise:

- GS: the message "use for rhythm part" (address 40 1x 15) makes a part a drum part, or part 10 a
  melodic one; x counts parts in Roland's order: 10, 1 to 9, 11 to 16.
- XG: bank 127 (drum kits) or 126 (effects) and a program; another bank removes the kit. The message
  "part mode" (address 08 nn 07) does the same for part nn.
- GM2: bank 120 and a program; bank 121 removes the kit.

Banks apply only after the file has turned their system on. Bank 127 is a kit in XG, but in GS it is
the melodic set of an MT-32.

Sources: Roland SC-88 owner's manual; Yamaha XG specifications 1.35; General MIDI 2 (RP-024).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence

from symbolic.notes.midi.chunks import (
    END_OF_TRACK,
    Event,
    Span,
    events,
    join_contents,
    system_exclusive,
    track_content,
)

Part = tuple[int, int]  # port and channel, both from 0
Changes = dict[Part, tuple[list[int], list[bool]]]  # when parts change: ticks, and whether to drums

DRUM_CHANNEL = 9  # from 0: the drum channel by default


def chooses_kits(data: bytes) -> bool:
    """Return whether the bytes may choose drums on other channels than 10, or a melody on it."""
    at = data.find(b"\xf0")
    while at >= 0:
        if found := _SYSTEM.match(data, at):
            if found.lastgroup == "gs":
                return True
            if _BANK.search(data) or _PART_MODE.search(data):
                return True
        at = data.find(b"\xf0", at + 1)
    return False


def route_drums(data: bytes, spans: Sequence[Span]) -> tuple[bytes, list[Span]]:
    """Move drums to channel 10 and melodies off it.

    Notes on the wrong channel move, with all messages to their channel, to a new track behind their
    own. Notes struck before a change keep their channel, even if they end after it.

    Returns:
        Bytes, and the spans of the tracks in them; the arguments if nothing moves or a track is
        damaged.
    """
    try:
        tracks = [list(events(data, span)) for span in spans]
        changes = _drum_changes(tracks)
    except (IndexError, ValueError):
        return data, list(spans)
    if not changes:
        return data, list(spans)
    contents = []
    for span, track in zip(spans, tracks, strict=True):
        parts = list(_split(track, changes))
        contents += [track_content(part) for part in parts] if parts else [data[slice(*span)]]
    return join_contents(contents)


def _drum_changes(tracks: Sequence[Sequence[Event]]) -> Changes:
    """Find when parts become drum or melodic parts."""
    messages = [
        (tick, port, event)
        for track in tracks
        for tick, port, event in _with_ports(track)
        if event[0] == 0xF0 or event[0] >> 4 == 0xC or (event[0] >> 4 == 0xB and event[1] == 0)
    ]
    messages.sort(key=lambda message: message[0])
    changes: Changes = {}

    def change(part: Part, tick: int, drums: bool) -> None:
        before = changes[part][1][-1] if part in changes else part[1] == DRUM_CHANNEL
        if before != drums:
            ticks, states = changes.setdefault(part, ([], []))
            ticks.append(tick)
            states.append(drums)

    system, banks = "", defaultdict(int)
    for tick, port, event in messages:
        channel = event[0] & 15
        if event[0] >> 4 == 0xB:
            banks[port, channel] = event[2]
        elif event[0] >> 4 == 0xC:
            drums = _KITS.get(system, {}).get(banks.get((port, channel), -1))
            if drums is not None:
                change((port, channel), tick, drums)
        elif found := _MESSAGE.match(system_exclusive(event)):
            if found.lastgroup == "gs":
                channel = _ROLAND_CHANNELS[found["gs"][0] & 15]
                change((port, channel), tick, found["gs"][2] > 0)
            elif found.lastgroup == "xg_mode":
                change((port, found["xg_mode"][0] & 15), tick, found["xg_mode"][2] > 0)
            else:
                system = found.lastgroup or ""
                banks.clear()
                for part in list(changes):
                    change(part, tick, part[1] == DRUM_CHANNEL)
    return changes


def _split(track: Sequence[Event], changes: Changes) -> Iterator[list[Event]]:
    """Yield the track without notes on a wrong channel, and a track for each such channel.

    Yields nothing if no note is on a wrong channel.
    """
    staying: list[Event] = []
    moving: dict[int, list[Event]] = defaultdict(list)
    struck: dict[bytes, deque[bool]] = defaultdict(deque)
    with_notes = set()
    for tick, port, event in _with_ports(track):
        kind, channel = event[0] >> 4, event[0] & 15
        other_channel = 0 if channel == DRUM_CHANNEL else DRUM_CHANNEL
        other = bytes([event[0] & 0xF0 | other_channel]) + event[1:]
        if kind not in (8, 9):
            staying.append((tick, event))
            if kind < 15:
                moving[channel].append((tick, other))
            continue
        pending = struck[bytes([channel, event[1]])]
        if kind == 9 and event[2]:
            moves = _is_drum((port, channel), tick, changes) != (channel == DRUM_CHANNEL)
            pending.append(moves)
        else:
            moves = pending.popleft() if pending else False
        if moves:
            with_notes.add(channel)
            moving[channel].append((tick, other))
        else:
            staying.append((tick, event))
    if with_notes:
        yield staying
        for channel in sorted(with_notes):
            yield [*moving[channel], (track[-1][0], END_OF_TRACK)]


def _is_drum(part: Part, tick: int, changes: Changes) -> bool:
    ticks, drums = changes.get(part, ((), ()))
    at = bisect_right(ticks, tick)
    return drums[at - 1] if at else part[1] == DRUM_CHANNEL


def _with_ports(track: Sequence[Event]) -> Iterator[tuple[int, int, bytes]]:
    """Yield tick, port and bytes of each event; files with more than 16 channels use ports."""
    port = 0
    for tick, event in track:
        if event[:3] == b"\xff\x21\x01":
            port = event[3]
        yield tick, port, event


_ROLAND_CHANNELS = (DRUM_CHANNEL, *range(9), *range(10, 16))  # of GS parts, by Roland's blocks
_KITS = {
    "xg": {bank: bank in (126, 127) for bank in (0, 64, 126, 127)},
    "gm2": {120: True, 121: False},
}
"""Banks by system, and whether their programs are drum kits."""

_SYSTEM = re.compile(
    rb"\xf0.(?:(?P<gs>\x41.\x42\x12\x40(?:\x10\x15\x00|[\x11-\x1f]\x15[\x01-\x7f]))"
    rb"|\x43.\x4c\x00\x00\x7e|\x7e.\x09\x03)",
    re.DOTALL,
)
_MESSAGE = re.compile(
    rb"\x41.\x42\x12(?P<gs_reset>\x40\x00\x7f)|\x41.\x42\x12\x40(?P<gs>[\x10-\x1f]\x15.)"
    rb"|\x43.\x4c(?P<xg>\x00\x00\x7e)|\x43.\x4c\x08(?P<xg_mode>.\x07.)"
    rb"|\x7e.\x09(?P<gm2>\x03)|\x7e.\x09(?P<gm>\x01)",
    re.DOTALL,
)
_RUNNING = rb"(?:[\x00-\x7f]{2}[\x80-\xff]{0,3}[\x00-\x7f]){0,16}?"
_BANK = re.compile(
    rb"[\xb0-\xb8\xba-\xbf]" + _RUNNING + rb"\x00[\x78\x7e\x7f]"
    rb"|\xb9" + _RUNNING + rb"\x00[\x00\x40\x79]"
)
_PART_MODE = re.compile(
    rb"\x43.\x4c\x08(?:\x09\x07\x00|[\x00-\x08\x0a-\x0f]\x07[\x01-\x7f])", re.DOTALL
)
