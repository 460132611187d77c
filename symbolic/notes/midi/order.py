"""Events that symusic 0.6 misplaces: tempos and meters of one tick, and escapes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from symbolic.notes.midi.chunks import Span, events, join_contents, track_content
from symbolic.notes.symusic_lists import tempo_columns

if TYPE_CHECKING:
    from symusic.core import ScoreTick

UNSTABLE_SORT_SIZE = 24
"""So many tempos or meters, and symusic's sort by tick does not keep the order of those of one."""


def has_escapes(data: bytes) -> bool:
    """Whether a file may have events of status F7, seen from its bytes.

    They go on with a system exclusive event that lies before them, or escape from MIDI one of its
    other messages that a file has no place for.
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
    """Leave out events of status F7, which go on with a system exclusive or escape from MIDI.

    symusic takes them for events without a length, and what they hold for time that passes.

    Returns:
        Bytes, and where the contents of the tracks lie in them; a damaged track stays as it is.
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
    """Put tempos and meters of one tick in the order of the file, so that the last one holds.

    The order is that of the tracks, and in a track that of its events.

    Args:
        score: parsed from `data`; changed.
        data: bytes of a file.
        spans: where the contents of its tracks lie; where one is damaged, nothing changes.
    """
    if len(score.tempos) >= UNSTABLE_SORT_SIZE and _ambiguous(
        *(tempos := tempo_columns(score.tempos))
    ):
        from symusic.core import TempoTickList

        parts = [span for span in spans if data.find(_TEMPO, *span) >= 0]
        values = np.frombuffer(b"".join(_TEMPOS.findall(data, *parts[0])), np.uint8).reshape(-1, 3)
        values = values @ np.array([1 << 16, 1 << 8, 1], np.int32)
        if len(parts) > 1 or not np.array_equal(np.sort(values), np.sort(tempos[1])):
            changes = _changes(data, parts, _TEMPO)
            values = np.array([int.from_bytes(event[3:]) for event in changes], np.int32)
        if len(values) == len(tempos[0]):  # of one track they lie in the order of their ticks
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


def _changes(data: bytes, spans: Sequence[Span], kind: bytes) -> list[bytes]:
    """The events that begin with `kind`, by tick; none where a track is damaged."""
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
_TEMPOS = re.compile(_TEMPO + rb"(...)", re.DOTALL)


def _ambiguous(ticks: np.ndarray, *values: np.ndarray) -> bool:
    """Whether two changes are of one tick, and differ; arguments (n,) each, sorted by tick."""
    same = ticks[1:] == ticks[:-1]
    if not np.count_nonzero(same):
        return False
    return any((column[1:] != column[:-1])[same].any() for column in values)
