"""MusicXML to note tables: playback of a score, parsed directly from its bytes.

Supported
- Time: changing divisions, backup and forward over voices and staves, chords with elements between
  their notes, notes without a duration by their type. Bars are aligned across parts: the length of
  a bar is that of its content in the longest part, whatever its meter; an empty bar has the length
  of its meter. A whole-bar rest does not lengthen an upbeat (`implicit`).
- Pitch: `<pitch>` with its `<alter>`, microtones rounded to the nearest semitone (a quarter tone to
  the natural), transposing instruments with their changes, by staff, and with `<double>`.
- Percussion: unpitched notes, and all notes of an instrument on MIDI channel 10, are drums. They
  have the pitch of `<midi-unpitched>`, or else that of their staff position. In parts of several
  instruments, that of the note applies.
- Ties join notes of one pitch in an instrument, across voices and staves, to the next note that
  ends one. `<tied>` applies where `<tie>` is missing. A visible tie without an end extends to the
  next note of its voice and pitch, if that follows immediately.
- Grace notes last a 32nd and sound just before their main note (or, at the end of a bar, the
  barline), never before the start of the piece; with `steal-time-following` they begin with it.
- Order: repeats, endings, jumps and `time-only`: `symbolic.notes.playback.repeats`. Those in
  `<sound>` take precedence over signs and words; words are those of
  `symbolic.notes.playback.words`. `<measure-repeat>` fills bars without written notes.
- Tempo: `<sound tempo>` anywhere, metronome marks (of "60-66" the first number), equations of two
  notes, numbers in words ("♩ = 96"), "Tempo I", and tempo names without a number.
- Dynamics: marks in directions and at notes, wedges, `<sound dynamics>` without a mark in the same
  direction, and `dynamics` of a note, which takes precedence. A mark holds for all staves of its
  instrument until the next one. sf and similar marks affect only the notes at the mark on its
  staff; fp and similar marks do so and then hold the softer level.
- An `<offset>` moves tempos and dynamics, also without `sound="yes"`, as notation programs intend
  it. It never moves a barline.

Ignored
- Cue notes: they are not played.
- `<octave-shift>`, clefs, `<accidental>`, key signatures: `<pitch>` includes them.
- Ornaments, tremolos, arpeggios, glissandi, bends: their performance varies; the written note
  sounds.
- Fermatas, breath marks, caesuras, staccato and other articulations, `attack` and `release`, swing:
  notes have their written length, so that ticks are those of the notation.
- Gradual changes of tempo or dynamics in words ("rit.", "cresc."), which have no end and no amount,
  "a tempo" after them, and dynamics in other words ("p dolce").
- `niente` of a wedge: it is one step softer, as of other wedges.
- Pedals, programs, volume, pan, mutes: a note table has no columns for them.
- `<harmony>`, `<figured-bass>`: their realisation is up to the player.
- `<beat-repeat>`, `<slash>`: the file does not contain the repeated notes.
- `make-time`, `steal-time-previous`: grace notes are short and early by the rule above.
- `time-only` of a tie, or of a `<sound>` with a tempo or dynamics.
- The position within a bar of a repeat sign, a jump or a Fine: bars are played completely, from the
  bar of a segno or coda, and to the end of that of a jump, a Fine or "To Coda".
"""

from __future__ import annotations

from collections.abc import Iterable

from symbolic.notes.musicxml.part import Part
from symbolic.notes.musicxml.values import Instrument, read_part_list
from symbolic.notes.musicxml.xml import LOOSE_END, LooseTags, attributes, blocks, element, score_xml
from symbolic.notes.playback.playing import meter_lengths
from symbolic.notes.playback.reading import Reading
from symbolic.notes.playback.sounding import sounding
from symbolic.notes.table import NoteTable, ReadError

Measure = tuple[bytes, bytes]  # attributes, content


def read_musicxml(data: bytes) -> NoteTable:
    """Read a MusicXML score, the content of a `.musicxml`, `.xml` or zipped `.mxl` file, as played.

    Returns:
        A table as of `stream_notes`: 10080 ticks per quarter, one track per part or staff. Empty if
        the score has no notes.

    Raises:
        ReadError: not XML, not MusicXML, a damaged or too large archive, entity declarations, or an
            invalid or too large number.
    """
    return sounding(musicxml_reading(data))


def musicxml_reading(data: bytes) -> Reading:
    """Read the events of a MusicXML score as written; errors as of `read_musicxml`."""
    kind, xml = score_xml(data)
    try:
        try:
            return _read(kind, xml)
        except LooseTags:
            return _read(kind, LOOSE_END.sub(rb"\1", xml))
    except LooseTags as error:
        raise ReadError("nested elements of one name") from error


def _read(kind: str, xml: bytes) -> Reading:
    _, listed = next(blocks(xml, b"part-list"), (b"", b""))
    instruments = read_part_list(element(b"<part-list>%b</part-list>" % listed))
    reading = Reading([], [])
    if kind == "score-partwise":
        for head, content in blocks(xml, b"part"):
            name = attributes(head).get("id", "")
            _read_part(name, blocks(content, b"measure"), instruments.get(name, {}), reading)
    else:
        parts: dict[str, list[Measure]] = {}
        for bar, (head, content) in enumerate(blocks(xml, b"measure")):
            for name, part in blocks(content, b"part"):
                measures = parts.setdefault(attributes(name).get("id", ""), [])
                measures += [(b"", b"")] * (bar - len(measures))  # those without the part
                measures.append((head, part))
        for name, measures in parts.items():
            _read_part(name, measures, instruments.get(name, {}), reading)
    del reading.bars[len(reading.lengths) :]
    both = zip(reading.lengths, meter_lengths(reading), strict=True)
    reading.lengths = [length if length > 0 else by_meter for length, by_meter in both]
    return reading


def _read_part(
    name: str, measures: Iterable[Measure], instruments: dict[str, Instrument], reading: Reading
) -> None:
    part = Part(reading, instruments)
    bar = -1
    try:
        for bar, (head, content) in enumerate(measures):
            part.read_bar(bar, content, upbeat=b"implicit" in head and b"yes" in head)
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        reason = error.reason if isinstance(error, ReadError) else "a number that cannot be read"
        raise ReadError(f"part {name[:20]}, bar {bar + 1}: {reason}") from error
    part.end()
