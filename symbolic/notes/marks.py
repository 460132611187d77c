"""`read_marks`: markers, rehearsal marks, double bars and bar lines of any source of notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from symbolic.notes.beats import metrical_edges
from symbolic.notes.read import (
    MIDI,
    MUSICXML,
    Source,
    checked,
    content_of,
    format_of,
    is_file,
    kind_of,
    name_of,
    read_notes,
)
from symbolic.notes.table import NoteTable, ReadError, ticks_to_seconds

if TYPE_CHECKING:
    from music21.stream import Stream
    from symusic.types import Score

    from symbolic.notes.midi.markers import Marker
    from symbolic.notes.playback.reading import Reading

KINDS = ("marker", "cue", "rehearsal", "double bar", "repeat")


@dataclass(frozen=True, eq=False)
class Marks:
    """The marks of a piece, in the order in which they are played.

    Attributes:
        ticks: (m,) int64, ascending; of notation those of note tables, 10080 per quarter.
        seconds: (m,) float64, under the tempo map.
        kinds: m of `KINDS`.
        texts: m texts, without spaces around them; empty for double bars and repeats.
        bars: (b + 1,) float64 seconds, the beginnings of the bars, and the end of the last.
        written: (b,) int64, the written bar that is played in each; without repeats 0..b-1.
        first, last: onsets of the first and the last note in seconds.
        end: end of the last note in seconds.
    """

    ticks: np.ndarray
    seconds: np.ndarray
    kinds: tuple[str, ...]
    texts: tuple[str, ...]
    bars: np.ndarray
    written: np.ndarray
    first: float
    last: float
    end: float

    def __len__(self) -> int:
        return len(self.kinds)


def read_marks(source: Source) -> Marks:
    """Read the marks of sections of any source of notes, with its bar lines.

    | kind | source | text |
    |---|---|---|
    | `marker` | markers of MIDI (event FF 06) and texts such as `[section Verse 1]` | its text |
    | `cue` | cue points of MIDI (event FF 07) | its text |
    | `rehearsal` | rehearsal marks of MusicXML and other notation | its text |
    | `double bar` | barlines of two lines, thin or thick, and final barlines | |
    | `repeat` | repeat signs, ends of last endings, and places from which a score goes back | |

    Marks of notation are at each playing of their bar, and a right barline at the end of its bar.
    Bars of MIDI are those of its time signatures, as of `metrical_edges`.

    Args:
        source: as of `read_notes`. A `PrettyMIDI` and a note table have no marks, a `symusic.Score`
            only markers.

    Raises:
        ReadError: as of `read_notes`, or more bars than `metrical_edges` takes.
        TypeError: an object of another type.
    """
    try:
        return _read(source)
    except ReadError as error:
        name = name_of(source)
        if name is None or error.source is not None:
            raise
        raise ReadError(error.reason, source=name) from error


def _read(source: Source) -> Marks:
    markers: list[Marker] = []
    kind = kind_of(source)
    if is_file(source):
        content = content_of(source)
        kind = format_of(content)
        if kind != MIDI:
            return _of_reading(_file_reading(content, kind))
        from symbolic.notes.midi.markers import read_markers

        notes, markers = read_notes(content), read_markers(content)
    elif kind == "music21":
        from symbolic.notes.formats.streams import stream_reading

        return _of_reading(stream_reading(cast("Stream", source)))
    else:
        notes = read_notes(source)
        if kind == "symusic":
            from symbolic.notes.midi.reader import in_ticks

            score = in_ticks(cast("Score", source))
            markers = [
                (mark.time, "marker", mark.text.strip(" \t\r\n\0")) for mark in score.markers
            ]
            markers.sort(key=lambda mark: mark[0])
    edges = metrical_edges(notes, "bar")
    return _marks(markers, edges, np.arange(len(edges) - 1), notes)


def _file_reading(content: bytes, kind: str) -> Reading:
    if kind == MUSICXML:
        from symbolic.notes.musicxml.reader import musicxml_reading

        return musicxml_reading(content)
    from symbolic.notes.formats.notations import notation_reading

    return notation_reading(content, kind)


def _of_reading(reading: Reading) -> Marks:
    from symbolic.notes.playback.markings import played_marks
    from symbolic.notes.playback.sounding import sounding

    notes = checked(sounding(reading))
    marks, edges, written = played_marks(reading)
    return _marks(marks, _seconds(edges, notes), written, notes)


def _marks(marks: list[Marker], bars: np.ndarray, written: np.ndarray, notes: NoteTable) -> Marks:
    ticks = np.array([mark[0] for mark in marks], np.int64)
    return Marks(
        ticks=ticks,
        seconds=_seconds(ticks, notes),
        kinds=tuple(mark[1] for mark in marks),
        texts=tuple(mark[2] for mark in marks),
        bars=bars,
        written=written,
        first=float(notes.onset[0]),
        last=float(notes.onset[-1]),
        end=notes.seconds,
    )


def _seconds(ticks: np.ndarray, notes: NoteTable) -> np.ndarray:
    seconds = ticks_to_seconds(ticks, notes.tempo_ticks, notes.tempo, notes.ticks_per_quarter)
    return np.asarray(seconds, float)
