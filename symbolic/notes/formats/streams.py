"""music21 streams to note tables."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from symbolic.notes.playback.dynamics import add_mark
from symbolic.notes.playback.reading import (
    BAR_END,
    FASTEST,
    SLOWEST,
    TIES,
    Reading,
    whole_semitones,
)
from symbolic.notes.playback.repeats import Bar
from symbolic.notes.playback.sounding import sounding
from symbolic.notes.playback.words import sign_of_words, tempo_of_words
from symbolic.notes.table import NoteTable, ReadError

if TYPE_CHECKING:
    from music21.base import Music21Object
    from music21.note import GeneralNote, Note, NotRest
    from music21.spanner import RepeatBracket
    from music21.stream import Measure, Stream

Placed = tuple[int, float, Any]  # bar, offset in it in quarters, music21 element


def stream_notes(stream: Stream) -> NoteTable:
    """Read a music21 stream (a Score, Part, Measure or other) as played; it is not changed.

    Ties are joined, repeats and jumps played, transposing instruments read at sounding pitch. If
    the repeats are inconsistent, or the bars of the parts are not aligned, the score is read in
    written order. Pitches outside 0..127 are removed.

    Returns:
        The notes at 10080 ticks per quarter, one track per part or staff. Velocities are 64
        without dynamics; with them, pppp 6, ppp 14, pp 24, p 40, mp 56, mf 72 (also before the
        first mark), f 88, ff 108, fff 118, ffff 124. Tempos are in quarters per minute; words
        such as "Adagio" without a number have that of `symbolic.notes.playback.words`.

    Raises:
        ReadError: an Opus, which is several scores.
    """
    return sounding(stream_reading(stream))


def stream_reading(stream: Stream) -> Reading:
    """Collect the events of a music21 stream; errors as of `stream_notes`."""
    from music21.stream import Measure, Opus, Part, PartStaff

    if isinstance(stream, Opus):
        raise ReadError("an Opus holds several scores: read each of them")
    parts = list(stream.getElementsByClass(Part)) or [stream]
    measures = [list(part.getElementsByClass(Measure)) for part in parts]
    offsets = [
        [float(part.elementOffset(measure)) for measure in row]
        for part, row in zip(parts, measures, strict=True)
    ]
    longest = max(offsets, key=len)
    if not all(len(row) == len(longest) or row == longest[: len(row)] for row in offsets):
        longest = []
    grid = longest or [0.0]
    reading = Reading([0.0] * len(grid), [Bar() for _ in grid])
    index: dict[int, int] = {}
    if longest:
        for row, at in zip(measures, offsets, strict=True):
            for bar, measure in enumerate(row):
                end = at[bar + 1] if bar + 1 < len(at) else at[bar] + float(measure.highestTime)
                reading.lengths[bar] = max(reading.lengths[bar], end - at[bar])
                index[id(measure)] = bar
                _read_barlines(measure, bar, reading)

    staves: dict[str, int] = {}
    for track, part in enumerate(parts):
        name = re.sub(r"-Staff\d+$", "", str(part.id)) if isinstance(part, PartStaff) else ""
        reading.instruments.append(staves.setdefault(name, track) if name else track)
        written = part.atSoundingPitch is False or (
            part.atSoundingPitch == "unknown" and stream.atSoundingPitch is False
        )
        events = _placed(part, (offsets[track] if longest else None) or grid, index)
        _read_part(events, track, written, index, reading)
    if parts[0] is not stream:  # elements beside the parts: a tempo, a bracket
        loose = [element for element in stream if not element.isStream]
        offset_of = stream.elementOffset
        events = [(*_bar_of(float(offset_of(member)), grid), member) for member in loose]
        reading.instruments.append(len(parts))
        _read_part(events, len(parts), False, index, reading)
    if not longest:
        reading.bars = [Bar()]  # written order: a jump would repeat the whole score
    return reading


def _bar_of(offset: float, grid: list[float]) -> tuple[int, float]:
    bar = max(bisect_right(grid, offset) - 1, 0)
    return bar, offset - grid[bar]


def _leaves(stream: Stream, at: float) -> Iterator[tuple[float, Music21Object]]:
    for element in stream.elements:
        offset = at + float(stream.elementOffset(element))
        if element.isStream:
            yield from _leaves(element, offset)
        else:
            yield offset, element


def _placed(part: Stream, grid: list[float], bar_of_measure: dict[int, int]) -> list[Placed]:
    """List every element of a part with its bar and its offset in it."""
    placed = []
    for element in part.elements:
        bar = bar_of_measure.get(id(element))
        if bar is not None:
            placed += [(bar, offset, leaf) for offset, leaf in _leaves(element, 0.0)]
            continue
        at = float(part.elementOffset(element))
        leaves = _leaves(element, at) if element.isStream else [(at, element)]
        placed += [(*_bar_of(offset, grid), leaf) for offset, leaf in leaves]
    return placed


def _read_barlines(measure: Measure, bar: int, reading: Reading) -> None:
    bars = reading.bars
    for line, left in ((measure.leftBarline, True), (measure.rightBarline, False)):
        direction = getattr(line, "direction", None)  # only repeat signs have one
        if direction or (line is not None and line.type in _DOUBLE_BARS):
            place = bar, 0.0 if left else BAR_END
            reading.marks.append((place, "repeat" if direction else "double bar", ""))
        if direction == "start":
            bars[min(bar + (not left), len(bars) - 1)].opens = True
        elif direction == "end" and line is not None:
            ends = bars[max(bar - left, 0)]
            ends.plays = max(ends.plays, line.times or 2)
        elif not left and line is not None and line.type == "final":
            bars[bar].closes = True


_DOUBLE_BARS = ("double", "final", "heavy-light", "heavy-heavy")


def _read_bracket(bracket: RepeatBracket, bar_of: dict[int, int], bars: list[Bar]) -> None:
    """Apply a first or second ending, which refers at least to its first and last measure."""
    spanned = [
        bar_of[id(member)] for member in bracket.getSpannedElements() if id(member) in bar_of
    ]
    numbers = tuple(number for number in bracket.numberRange if number > 0)
    if spanned and not numbers:  # only its end is written: the previous bracket extends to here
        bracketed = [bar for bar in range(spanned[0]) if bars[bar].endings]
        spanned += bracketed[-1:]
        numbers = bars[bracketed[-1]].endings if bracketed else (1,)
    for bar in range(min(spanned, default=0), max(spanned, default=-1) + 1):
        bars[bar].endings = numbers


def _read_part(
    events: list[Placed], track: int, written: bool, bar_of: dict[int, int], reading: Reading
) -> None:
    """Add the events of one part, at written or at sounding pitch, to the reading."""
    import music21 as m21

    octaves: dict[int, float] = defaultdict(float)
    for _, _, line in events:
        if isinstance(line, m21.spanner.Ottava) and line.transposing:
            for member in line.getSpannedElements():
                octaves[id(member)] += line.interval().semitones
    places = {id(element): (bar, offset) for bar, offset, element in events}
    transposition, drums = 0, False
    # Grace notes: row in notes, position in the run, size of the run.
    graces: list[tuple[int, int, list[int]]] = []
    run, run_at = [0], None
    for bar, offset, element in events:
        at = (bar, offset)
        if isinstance(element, m21.harmony.Harmony) and not getattr(element, "writeAsChord", False):
            continue
        if isinstance(element, m21.note.GeneralNote):
            grace = element.duration.isGrace
            if not grace or at != run_at:
                run, run_at = [0], at if grace else None
            shift = transposition + octaves.get(id(element), 0)
            length = float(element.duration.quarterLength)
            for member in element.notes if isinstance(element, m21.chord.ChordBase) else (element,):
                if member.isRest:
                    continue
                if grace:
                    graces.append((len(reading.notes), run[0], run))
                if unpitched := isinstance(member, m21.note.Unpitched):
                    pitch = member.displayPitch().ps
                else:  # a quarter tone becomes the natural
                    written_pitch = cast("Note", member).pitch
                    alter = written_pitch.alter
                    pitch = written_pitch.ps - alter + whole_semitones(alter) + shift
                tie = TIES.get(member.tie.type, 0) if member.tie is not None else 0
                row = (*at, length, 0, pitch, tie, track)
                reading.notes.append((*row, drums or unpitched, _own_velocity(member, element)))
            run[0] += 1
        elif isinstance(element, m21.dynamics.Dynamic):
            add_mark(reading, track, at, [element.value])
        elif isinstance(element, m21.instrument.Instrument):
            unpitched = isinstance(element, m21.instrument.UnpitchedPercussion)
            drums = unpitched or element.midiChannel == 9
            semitones = element.transposition.semitones if element.transposition else 0
            transposition = int(semitones) if written else 0
        elif isinstance(element, m21.meter.TimeSignature):
            reading.meters.setdefault(at, (element.numerator, element.denominator))
        elif isinstance(element, m21.tempo.MetronomeMark):
            quarters = element.getQuarterBPM()
            if quarters and SLOWEST <= quarters <= FASTEST:
                implied = element.numberImplicit and element.numberSounding is None
                tempos = reading.implied_tempos if implied else reading.tempos
                tempos.setdefault(at, float(quarters))
        elif isinstance(element, m21.expressions.TextExpression | m21.tempo.TempoText):
            is_tempo = isinstance(element, m21.tempo.TempoText)
            words = (element.text if is_tempo else element.content) or ""
            quarters = tempo_of_words(words, bar == 0)
            if quarters:
                reading.implied_tempos.setdefault(at, quarters)
            jump, sign = sign_of_words(words)
            reading.bars[bar].jump = reading.bars[bar].jump or jump
            reading.bars[bar].signs |= {sign} - {""}
        elif isinstance(element, m21.expressions.RehearsalMark):
            reading.marks.append((at, "rehearsal", str(element.content or "")))
        elif isinstance(element, m21.dynamics.DynamicWedge):
            spanned = [member for member in element.getSpannedElements() if id(member) in places]
            if spanned:
                begin = places[id(spanned[0])]
                last_bar, last = places[id(spanned[-1])]
                end = last_bar, last + float(spanned[-1].duration.quarterLength)
                sign = 1 if isinstance(element, m21.dynamics.Crescendo) else -1
                reading.wedges.setdefault(track, []).append((begin, end, sign))
        elif isinstance(element, m21.repeat.RepeatExpression):
            name = type(element).__name__
            if isinstance(element, m21.repeat.RepeatExpressionMarker):
                reading.bars[bar].signs.add(name)
            else:
                reading.bars[bar].jump = name
        elif isinstance(element, m21.spanner.RepeatBracket):
            _read_bracket(element, bar_of, reading.bars)
    for row, place, run in graces:
        reading.notes[row] = (*reading.notes[row][:3], run[0] - place, *reading.notes[row][4:])


def _own_velocity(member: GeneralNote, element: GeneralNote) -> int:
    """Return the velocity of a note or of its chord; 0 without one."""
    for holder in (cast("NotRest", member), cast("NotRest", element)):
        if holder.hasVolumeInformation() and holder.volume.velocityScalar is not None:
            return min(max(round(holder.volume.velocityScalar * 127), 1), 127)
    return 0
