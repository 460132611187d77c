"""Workarounds for events that symusic 0.6 misplaces: simultaneous changes, and escapes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from symbolic.notes.midi.chunks import Span, events, join_contents, track_content
from symbolic.notes.symusic_lists import tempo_columns

if TYPE_CHECKING:
    from symusic.core import ScoreTick

UNSTABLE_SORT_SIZE = 24  # of tempos or meters: from it, the sort by tick of symusic is not stable


def has_escapes(data: bytes) -> bool:
    """Return whether the bytes may have events of status F7.

    These continue a system exclusive event, or escape other MIDI messages that have no event type
    in files.
    """
    if b"\xf7" not in data:
        return False
    at = data.find(b"\xf0")
    while 0 <= at < len(data) - 1:
        if data[at + 1] < 0x80 and _CONTINUED.match(data, at + 2 + data[at + 1]):
            return True
        at = data.find(b"\xf0", at + 1)
    return bool(_ESCAPED.search(data))


def drop_escapes(data: bytes, spans: Sequence[Span]) -> tuple[bytes, list[Span]]:
    """Remove events of status F7: continued system exclusives and escapes.

    symusic reads them as events without a length, and their content as time.

    Returns:
        Bytes, and the spans of the tracks in them; a damaged track is unchanged.
    """
    contents = []
    for span in spans:
        content = data[slice(*span)]
        try:
            track = list(events(data, span))
        except (IndexError, ValueError):
            track = []
        kept = [event for event in track if event[1][0] != 0xF7]
        contents.append(content if len(kept) == len(track) else track_content(kept))
    return join_contents(contents)


def keep_order(score: ScoreTick, data: bytes, spans: Sequence[Span]) -> None:
    """Restore the file order of simultaneous tempos and meters, of which the last one holds.

    The order is that of the tracks, and within a track that of its events. The score is changed in
    place, unless a track is damaged.
    """
    if len(score.tempos) >= UNSTABLE_SORT_SIZE and _ambiguous(
        *(tempos := tempo_columns(score.tempos))
    ):
        from symusic.core import TempoTickList

        parts = [span for span in spans if data.find(_TEMPO, *span) >= 0]
        values = _tempos(np.frombuffer(data[slice(*parts[0])], np.uint8))
        if len(parts) > 1 or not np.array_equal(np.sort(values), np.sort(tempos[1])):
            changes = _changes(data, parts, _TEMPO)
            values = np.array([int.from_bytes(event[3:]) for event in changes], np.int32)
        if len(values) == len(tempos[0]):  # in one track they are in the order of their ticks
            score.tempos = TempoTickList.from_numpy(tempos[0].copy(), values)
    if len(score.time_signatures) >= UNSTABLE_SORT_SIZE and _ambiguous(
        *(meters := score.time_signatures.numpy()).values()
    ):
        from symusic.core import TimeSignatureTickList

        changes = _changes(data, spans, _METER)
        if len(changes) == len(meters["time"]):
            numerators = np.array([event[3] for event in changes], np.uint8)
            denominators = np.array([event[4] for event in changes], np.int64)
            denominators = np.where(denominators < 8, 1 << (denominators & 7), 0).astype(np.uint8)
            score.time_signatures = TimeSignatureTickList.from_numpy(
                meters["time"], numerators, denominators
            )


def _tempos(content: np.ndarray) -> np.ndarray:
    """Return (t,) int32 microseconds per quarter of what may be tempos in (n,) uint8 bytes."""
    at = (content[:-5] == _TEMPO[0]).nonzero()[0]
    for i, byte in enumerate(_TEMPO[1:], 1):
        at = at[content[at + i] == byte]
    high, middle, low = (content[at + i].astype(np.int32) for i in (3, 4, 5))
    return high << 16 | middle << 8 | low


def _changes(data: bytes, spans: Sequence[Span], kind: bytes) -> list[bytes]:
    """Return the events that begin with `kind`, by tick; none if a track is damaged."""
    try:
        found = [
            (tick, event)
            for span in spans
            for tick, event in events(data, span)
            if event[:3] == kind
        ]
    except (IndexError, ValueError):
        return []
    found.sort(key=lambda change: change[0])
    return [event for _, event in found]


_CONTINUED = re.compile(rb"[\x80-\xff]{0,3}[\x00-\x7f]\xf7")
_ESCAPED = re.compile(rb"\xf7[\x01-\x08][\xf1-\xfe]")
_TEMPO, _METER = b"\xff\x51\x03", b"\xff\x58\x04"  # with their lengths


def _ambiguous(ticks: np.ndarray, *values: np.ndarray) -> bool:
    """Return whether two changes at one tick differ; arguments (n,) each, sorted by tick."""
    same = ticks[1:] == ticks[:-1]
    if not np.count_nonzero(same):
        return False
    return any((column[1:] != column[:-1])[same].any() for column in values)
