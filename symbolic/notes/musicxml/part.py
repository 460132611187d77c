"""Parts of MusicXML, bar by bar: onsets, lengths, pitches and ties of the notes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate
from xml.etree.ElementTree import Element

from symbolic.notes.musicxml.barlines import Barlines
from symbolic.notes.musicxml.marks import Marks, dynamic_names, note_velocity
from symbolic.notes.musicxml.note import (
    Note,
    known_notes,
    note_fields,
    read_note,
    staff_place,
    type_quarters,
)
from symbolic.notes.musicxml.values import (
    Instrument,
    number,
    number_attribute,
    passes,
    read_time,
    whole_number,
)
from symbolic.notes.musicxml.xml import LooseTags, attributes, element, tag_end
from symbolic.notes.playback.dynamics import add_mark
from symbolic.notes.playback.reading import TIES, Reading
from symbolic.notes.playback.repeats import Bar
from symbolic.notes.table import DEFAULT_METERS, MAX_NOTES, ReadError

MAX_STAVES = 99  # of a part
TIME_TOLERANCE = 1e-6  # quarters: rounding error of sums of fractions


@dataclass
class BarRepeat:
    """Bars that repeat those before them (`<measure-repeat>`).

    Attributes:
        staff: its number; 0: all.
        first: first of these bars.
        size: number of bars to repeat.
        after: bar after the last; -1: unknown.
    """

    staff: int
    first: int
    size: int
    after: int = -1


class Part:
    """State of one part while its bars are read in order into a reading.

    The first of the instruments is the default of its notes.
    """

    def __init__(self, reading: Reading, instruments: dict[str, Instrument]) -> None:
        self.reading = reading
        self.instruments = instruments
        self.default = next(iter(instruments.values()), Instrument())
        self.drums = any(instrument.drums for instrument in instruments.values())
        self.divisions = 1.0
        self.meter = DEFAULT_METERS[1:]
        self.first_track, self.first_row = len(reading.instruments), len(reading.notes)
        self.staves: dict[int, tuple[int, float]] = {}  # track, and transposition in semitones
        self.shifts: dict[int, float] = {}  # transposition by staff; 0: other staves
        self.doubled: dict[int, int] = {}  # likewise, interval of the doubling in semitones
        self.add_staves(1)
        self.marks, self.barlines = Marks(reading), Barlines(reading.bars, reading.marks)
        self.bar_repeats: list[BarRepeat] = []
        self.open_repeats: dict[int, BarRepeat] = {}  # by staff, without a known end
        self.graces: list[tuple[int, int, float]] = []  # row, position in the run, stolen share
        self.run = 0  # grace notes since the last other note; a chord counts once
        self.delay = 0.0  # quarters that grace notes take from a chord
        self.onset = -1.0  # of the current chord; -1 before the first of a bar
        self.tied: dict[tuple[bytes, int | None], tuple[int, float]] = {}  # ends by voice and pitch
        self.cursor = self.filled = 0.0  # quarters: current position, and end of the bar so far

    def add_staves(self, count: int) -> None:
        """Assign tracks to the staves up to a number."""
        for staff in range(len(self.staves) + 1, min(count, MAX_STAVES) + 1):
            shift = self.shifts.get(staff, self.shifts.get(0, 0.0))
            self.staves[staff] = len(self.reading.instruments), shift
            self.reading.instruments.append(self.first_track)

    def staff(self, staff: int) -> tuple[int, float]:
        """Return the track and the transposition in semitones of a staff."""
        staff = min(max(staff, 1), MAX_STAVES)
        if staff not in self.staves:
            self.add_staves(staff)
        return self.staves[staff]

    def read_bar(self, bar: int, content: bytes, upbeat: bool = False) -> None:
        """Read the content of a measure, the next of the part; its number is counted from 0.

        A whole-bar rest does not define the length of an upbeat.

        Raises:
            ReadError, ValueError, OverflowError: an invalid number.
            LooseTags: as of `symbolic.notes.musicxml.xml.blocks`.
        """
        reading = self.reading
        if bar == len(reading.lengths):
            reading.lengths.append(0.0)
        while len(reading.bars) < bar + 2:  # a sign at the end of a bar belongs to the next
            reading.bars.append(Bar())
        self.barlines.next_bar(bar)
        self.onset, self.cursor, self.filled = -1.0, 0.0, 0.0
        before, *notes = _NOTE.split(content)
        if b"<" in before:
            self._between(before, bar)
        marked = b"dynamics=" in content or b"time-only" in content  # possibly at a note
        rows, staves = reading.notes, self.staves
        onset, cursor, delay = self.onset, self.cursor, 0.0
        for text in notes:
            inner, closed, after = text.partition(b"</note>")
            if not closed:
                if text[:2] != b"/>":
                    raise LooseTags
                inner, after = b">", text[2:]
            fields = b"<".join(note_fields(inner))
            note = known_notes.get(fields) or read_note(fields)
            pitch, duration, chord, tie, drawn, staff, _, instrument, rare = note
            if rare or (marked and _MARKED.match(inner)):
                self.onset, self.cursor, self.delay = onset, cursor, delay
                self._any_note(note, inner, bar)
                onset, cursor, delay = self.onset, self.cursor, self.delay
            else:
                length = duration / self.divisions
                if not chord or onset < 0:
                    onset, delay = cursor, 0.0
                    if self.graces:
                        self._end_graces(length)
                        delay = self.delay
                    cursor += length
                if pitch is not None:
                    track, shift = staves[staff] if staff in staves else self.staff(staff)
                    at, lasts = onset + delay, length - delay
                    if drawn or self.tied:
                        tie = self._tie(note, bar, at, lasts)
                    drums = self.drums and self.instruments.get(instrument, self.default).drums
                    rows.append((bar, at, lasts, 0, pitch + shift, tie, track, drums, 0))
                    if self.doubled:
                        self._double(staff)
            if b"<" in after:
                self.onset, self.cursor = onset, cursor
                self._between(after, bar)
                onset, cursor = self.onset, self.cursor
        self.cursor = cursor
        if self.graces:
            self._end_graces(0.0)
        self.filled = max(self.filled, cursor)
        if not (upbeat and len(notes) == 1 and _WHOLE_REST.search(content)):
            reading.lengths[bar] = max(reading.lengths[bar], self.filled)
        if self.tied:  # an end of -1 is that of the bar
            self.tied = {
                key: (last, -1.0)
                for key, (last, end) in self.tied.items()
                if last == bar and end > self.filled - TIME_TOLERANCE
            }

    def _any_note(self, note: Note, inner: bytes, bar: int) -> None:
        """Add a note with possibly rare properties."""
        rows = self.reading.notes
        head = attributes(inner[: inner.find(b">")])
        grace = _GRACE.search(inner)
        length = note.duration / self.divisions
        if not note.duration and not grace:
            typed = type_quarters(inner)
            length = typed or 0.0
            if typed is None and b"<rest" in inner:
                length = 4 * self.meter[0] / self.meter[1]
        cue = _CUE.search(inner) is not None
        if not note.chord or self.onset < 0:
            self.onset, self.delay = self.cursor, 0.0
            if grace:
                self.run += not cue
            else:
                if self.graces:
                    self._end_graces(length)
                self.cursor += length
        instrument = self.instruments.get(note.instrument, self.default)
        track, shift = self.staff(note.staff)
        drums, pitch = instrument.drums, note.pitch
        if _UNPITCHED.search(inner):
            drums, shift = True, 0.0
            pitch = instrument.unpitched if instrument.unpitched >= 0 else staff_place(inner)
        for marked in _DYNAMICS.finditer(inner):
            add_mark(self.reading, track, (bar, self.onset), dynamic_names(element(marked[0])))
        if pitch is None or cue:
            return
        if turns := passes(head.get("time-only", "")):
            self.reading.turns[len(rows)] = turns
        if grace:
            stolen = _STEAL.search(grace[1])
            steal = float(stolen[1]) if stolen else 0.0
            self.graces.append((len(rows), self.run, min(max(steal / 100, 0.0), 1.0)))
        at, lasts = self.onset + self.delay, max(length - self.delay, 0.0)
        velocity = note_velocity(head.get("dynamics", ""))
        tie = note.tie if grace else self._tie(note, bar, at, lasts)
        rows.append((bar, at, lasts, 0, pitch + shift, tie, track, drums, velocity))
        if self.doubled:
            self._double(note.staff)

    def _tie(self, note: Note, bar: int, at: float, lasts: float) -> int:
        """Return the tie of a note, with the end that some programs omit.

        A visible tie extends to the next note of its voice and pitch, if that follows immediately.
        A `<tie>` without `<tied>` and without an end is ignored as an error.
        """
        key = note.voice, note.pitch
        tie, ends = note.tie, self.tied.pop(key, None)
        if ends is not None and tie in (0, TIES["start"]):
            last, end = ends
            same_bar = last == bar and abs(end - at) < TIME_TOLERANCE
            if same_bar or (last == bar - 1 and end < 0 and at == 0):
                tie = TIES["continue"] if tie else TIES["stop"]
        if note.drawn:
            self.tied[key] = bar, at + lasts
        return tie

    def _double(self, staff: int) -> None:
        """Add the octave that doubles the last note of a transposing part."""
        octave = self.doubled.get(staff, self.doubled.get(0, 0))
        if octave:
            row = self.reading.notes[-1]
            self.reading.notes.append((*row[:4], row[4] + octave, *row[5:]))

    def _end_graces(self, length: float) -> None:
        """Place grace notes before a main note of this length in quarters; 0: at the bar's end."""
        rows = self.reading.notes
        stolen = {place: share for _, place, share in self.graces} if length else {}
        total = sum(stolen.values())
        starts = dict(zip(stolen, accumulate(stolen.values(), initial=0.0), strict=False))
        unit = length / max(total, 1.0)
        for index, place, share in self.graces:
            row = rows[index]
            if total:
                rows[index] = (row[0], row[1] + unit * starts[place], unit * share, *row[3:])
            else:
                rows[index] = (*row[:3], self.run + 1 - place, *row[4:])
        self.delay = unit * total
        self.graces.clear()
        self.run = 0

    def _between(self, xml: bytes, bar: int) -> None:
        """Read the elements between notes."""
        at = 0
        while (found := _ITEM.search(xml, at)) is not None:
            move, duration, name = found.groups()
            if move is not None:
                at = found.end()
                self._move(float(duration), move == b"forward")
                continue
            start = found.start()
            at = tag_end(xml, start) + 1
            if xml[at - 2 : at - 1] != b"/":
                closing = b"</%b>" % name
                end = xml.find(closing, at)
                if end < 0:
                    raise LooseTags
                at = end + len(closing)
            item = element(xml[start:at])
            if name == b"direction":
                track, _ = self.staff(whole_number(item, "staff") or 1)
                self.marks.direction(item, (bar, self.cursor), self.divisions, track)
                for sound in item.iterfind("sound"):
                    self._change_instruments(sound)
            elif name == b"sound":
                self.marks.sound(item, (bar, self.cursor), self.divisions, self.first_track)
                self._change_instruments(item)
            elif name == b"barline":
                begins = self.cursor == self.filled == 0
                self.barlines.read(item, bar, self.cursor, begins)
            else:
                self._read_attributes(item, bar)

    def _move(self, duration: float, forward: bool) -> None:
        """Process a `<forward>`, or a `<backup>`, which stops at the beginning of the bar."""
        if self.graces:
            self._end_graces(0.0)
        length = max(duration, 0.0) / self.divisions
        self.filled = max(self.filled, self.cursor)
        self.cursor = self.cursor + length if forward else max(self.cursor - length, 0.0)
        self.onset = -1.0

    def _change_instruments(self, sound: Element) -> None:
        for midi in sound.iter("midi-instrument"):
            name = midi.get("id", "")
            if name in self.instruments:
                self.instruments[name].change(midi)
                self.drums = True  # possibly

    def _read_attributes(self, item: Element, bar: int) -> None:
        divisions = number(item, "divisions")
        if divisions is not None:
            if not divisions > 0:
                raise ReadError(f"{divisions:g} divisions of a quarter")
            self.divisions = divisions
        for time in item.iterfind("time"):
            meter = read_time(time)
            if meter is not None:
                self.meter = meter
                self.reading.meters.setdefault((bar, self.cursor), meter)
        self.add_staves(whole_number(item, "staves") or 1)
        for transpose in item.iterfind("transpose"):
            self._transpose(transpose)
        for style in item.iterfind("measure-style"):
            repeat = style.find("measure-repeat")
            if repeat is not None:
                staff = int(number_attribute(style, "number") or 0)
                if staff in self.open_repeats:
                    self.open_repeats.pop(staff).after = bar
                if repeat.get("type") != "stop":
                    size = max(whole_number(style, "measure-repeat") or 1, 1)
                    self.open_repeats[staff] = BarRepeat(staff, bar, size)
                    self.bar_repeats.append(self.open_repeats[staff])

    def _transpose(self, transpose: Element) -> None:
        """Process the transposition of a staff, or of all."""
        staff = int(number_attribute(transpose, "number") or 0)
        if not staff:
            self.shifts.clear()
            self.doubled.clear()
        octaves = number(transpose, "octave-change") or 0.0
        self.shifts[staff] = (number(transpose, "chromatic") or 0.0) + 12 * octaves
        double = transpose.find("double")
        self.doubled[staff] = 0 if double is None else 12 if double.get("above") == "yes" else -12
        if not any(self.doubled.values()):
            self.doubled.clear()
        for staff_number, (track, _) in self.staves.items():
            shift = self.shifts.get(staff_number, self.shifts.get(0, 0.0))
            self.staves[staff_number] = track, shift

    def end(self) -> None:
        """Finish the part: add its tempos, and the notes of bars that repeat those before."""
        self.reading.tempos = self.marks.tempos | self.reading.tempos  # earlier parts hold
        if not self.bar_repeats:
            return
        rows = self.reading.notes
        by_bar: dict[tuple[int, int], list[int]] = {}  # by track and bar
        for index in range(self.first_row, len(rows)):
            row = rows[index]
            by_bar.setdefault((int(row[6]), int(row[0])), []).append(index)
        for repeat in self.bar_repeats:
            for staff, (track, _) in self.staves.items():
                if repeat.staff in (0, staff):
                    self._fill(repeat, track, by_bar)

    def _fill(
        self, repeat: BarRepeat, track: int, by_bar: dict[tuple[int, int], list[int]]
    ) -> None:
        """Copy the repeated notes to bars of a staff.

        Written notes are kept; a sign without an end stops there.
        """
        rows = self.reading.notes
        after = len(self.reading.bars) if repeat.after < 0 else repeat.after
        for bar in range(repeat.first, after):
            if (track, bar) in by_bar:
                if repeat.after < 0:
                    break
                continue
            copied = by_bar.get((track, bar - repeat.size), [])
            if len(rows) + len(copied) > MAX_NOTES:
                raise ReadError(f"more than the {MAX_NOTES:,} notes read, after repeating bars")
            if copied:
                by_bar[track, bar] = [*range(len(rows), len(rows) + len(copied))]
                rows += [(bar, *rows[index][1:]) for index in copied]


_WHOLE_REST = re.compile(rb"<rest\s[^>]*measure\s*=\s*[\"']yes")
_NOTE = re.compile(rb"<note(?=[\s/>])")
_ITEM = re.compile(
    rb"<(backup|forward)(?:\s[^>]*)?>\s*<duration\s*>([^<]*)<"
    rb"|<(attributes|direction|sound|barline)(?=[\s/>])"
)
_MARKED = re.compile(rb"[^>]*?\s(?:dynamics|time-only)\s*=")
_GRACE = re.compile(rb"<grace([\s/>][^>]*)")
_STEAL = re.compile(rb"""steal-time-following\s*=\s*["'](\d{1,3}(?:\.\d*)?)["']""")
_CUE = re.compile(rb"<cue[\s/>]")
_UNPITCHED = re.compile(rb"<unpitched[\s/>]")
_DYNAMICS = re.compile(rb"<dynamics(?:\s[^>]*)?(?:/>|(?<!/)>.*?</dynamics>)", re.DOTALL)
