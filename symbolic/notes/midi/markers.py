"""Markers, cue points and section texts of standard MIDI files.

symusic 0.6 keeps markers alone, without empty ones, and replaces letters that are not UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from symbolic.notes.midi.chunks import Span, events, read_chunks, track_end, unwrap_riff

Marker = tuple[int, str, str]  # tick, kind and text

MARKER, CUE = "marker", "cue"


def read_markers(data: bytes) -> list[Marker]:
    """Read the marks of all tracks, in the order of their ticks.

    Markers (event FF 06) and texts (FF 01) such as `[section Verse 1]` or `[prc_verse]`, as charts
    of rhythm games have them, are of the kind `marker`; cue points (FF 07) of the kind `cue`. Marks
    before the damage of a damaged track are read. Texts that are not UTF-8 are read as Latin-1.

    Raises:
        ReadError: not a MIDI file, or one without tracks that can be found.
    """
    if data[:4] == b"RIFF":
        data = unwrap_riff(data)
    form, _, spans = read_chunks(data)
    found: list[Marker] = []
    start = 0
    for span in spans:
        found += [(start + tick, kind, text) for tick, kind, text in _marks(data, span)]
        if form == 2:  # independent sequences, which are concatenated
            start += track_end(data, span)
    return sorted(found, key=lambda mark: mark[0])


def _marks(data: bytes, span: Span) -> Sequence[Marker]:
    """Read the marks of a track; other tracks are not parsed."""
    found: list[Marker] = []
    if all(data.find(kind, *span) < 0 for kind in _KINDS) and not _SECTION.search(data, *span):
        return found
    try:
        for tick, event in events(data, span):
            kind = _KINDS.get(event[:2])
            if kind or event[:2] == _TEXT:
                text = _text(event)
                section = _SECTION.search(text.encode())
                if section:
                    text = section[1].decode("utf-8", "replace").replace("_", " ")
                if kind or section:
                    found.append((tick, kind or MARKER, text.strip(" \t\r\n\0")))
    except (IndexError, ValueError):
        pass
    return found


def _text(event: bytes) -> str:
    """Decode the text of a meta event."""
    content = event[2:]
    while content and content[0] >= 0x80:  # its length
        content = content[1:]
    try:
        return content[1:].decode()
    except UnicodeDecodeError:
        return content[1:].decode("latin-1")


_TEXT = b"\xff\x01"
_KINDS = {b"\xff\x06": MARKER, b"\xff\x07": CUE}
_SECTION = re.compile(rb"\[(?:section|prc)[ _]([^\]\[]+)\]")
