"""MusicXML, read as it sounds, straight from its bytes.

Followed
- Time: divisions that change, backup and forward over voices and staves, chords whatever stands
  between their notes, notes without a duration by their type. Bars are aligned across parts: a bar
  is as long as what is in it, in the longest part, whatever its meter says; an empty bar is as long
  as its meter. A rest of a whole bar makes no upbeat longer (`implicit`).
- Pitch: `<pitch>` with its `<alter>`, microtones rounded to the nearest semitone (a quarter tone to
  the natural), transposing instruments with their changes, by staff, and with `<double>`.
- Percussion: unpitched notes, and all notes of an instrument on MIDI channel 10, are drums. They
  take the pitch of `<midi-unpitched>`, or else of their place on the staff. Of several instruments
  in a part a note's own counts.
- Ties join notes of one pitch in an instrument, across voices and staves, to the next note that
  ends one. `<tied>` counts where `<tie>` is missing. A tie that is drawn and not ended leads to the
  next note of its voice and pitch, if that follows at once.
- Grace notes last a 32nd and sound just before the note (or, at the end of a bar, the barline) they
  lean on, never before the start of the piece; with `steal-time-following` they begin with it.
- Order: repeats, endings, jumps and `time-only`: `symbolic.notes.playback.repeats`. What `<sound>`
  has of them counts before signs and words; words are those of `symbolic.notes.playback.words`.
  `<measure-repeat>` fills bars in which nothing is written.
- Tempo: `<sound tempo>` wherever it stands, metronome marks (of "60-66" the first number), marks
  that set one note equal to another, numbers in words ("♩ = 96"), "Tempo I", and tempo names where
  there is no number.
- Dynamics: marks in directions and at notes, wedges, `<sound dynamics>` where no mark stands beside
  it, and `dynamics` of a note, which wins over all. A mark holds for all staves of its instrument
  until the next one. sf and its kin strike the notes at the mark and of its staff only, fp and its
  kin strike and then hold the softer level.
- An `<offset>` moves tempos and dynamics, also without `sound="yes"`: editors write it so and mean
  it. It never moves a barline.

Not followed
- Cue notes: they are for the eye.
- `<octave-shift>`, clefs, `<accidental>`, key signatures: `<pitch>` has all of it.
- Ornaments, tremolos, arpeggios, glissandi, bends: how they are played differs from player to
  player; the written note sounds.
- Fermatas, breath marks, caesuras, staccato and other articulations, `attack` and `release`, swing:
  notes last as long as they are written, so that ticks are those of the notation.
- Words that change a tempo or a loudness little by little ("rit.", "cresc."), which have no end and
  no amount, "a tempo" after them, and loudness in plain words ("p dolce").
- `niente` of a wedge: it leads a step softer as others do.
- Pedals, programs, volume, pan, mutes: a note table has no place for them.
- `<harmony>`, `<figured-bass>`: they sound only where a player makes something of them.
- `<beat-repeat>`, `<slash>`: what they stand for is not in the file.
- `make-time`, `steal-time-previous`: a grace note is short and early by the rule above.
- `time-only` of a tie or of a `<sound>` that sets a tempo or a loudness.
- Where in a bar a repeat sign, a jump or a Fine stands: bars are played whole, from the bar of a
  segno or coda, and to the end of that of a jump, a Fine or "To Coda".
"""

from __future__ import annotations

from collections.abc import Iterable

from symbolic.notes.musicxml.part import Part
from symbolic.notes.musicxml.values import Instrument, read_part_list
from symbolic.notes.musicxml.xml import LooseTags, attributes, blocks, element, score_xml, tightened
from symbolic.notes.playback.playing import meter_lengths
from symbolic.notes.playback.reading import Reading
from symbolic.notes.playback.sounding import sounding
from symbolic.notes.table import NoteTable, ReadError

Measure = tuple[bytes, bytes]  # its attributes and its content


def read_musicxml(data: bytes) -> NoteTable:
    """Read a MusicXML score as it sounds.

    Args:
        data: content of a `.musicxml`, `.xml` or zipped `.mxl` file.

    Returns:
        What `stream_notes` returns for a stream: notes at 10080 ticks per quarter, one track per
        part or staff, with the velocities and tempos that stand there. Empty where the score has no
        notes.

    Raises:
        ReadError: not XML, not MusicXML, an archive that is broken or expands too far, entity
            declarations, or a number that is none or beyond all measure.
    """
    return sounding(musicxml_reading(data))


def musicxml_reading(data: bytes) -> Reading:
    """Take a MusicXML score apart; arguments and errors are as of `read_musicxml`."""
    kind, xml = score_xml(data)
    try:
        return _read(kind, xml)
    except LooseTags:
        pass
    try:
        return _read(kind, tightened(xml))
    except LooseTags as error:
        raise ReadError("an element in another of the same name") from error


def _read(kind: str, xml: bytes) -> Reading:
    instruments: dict[str, dict[str, Instrument]] = {}
    for _, listed in blocks(xml, b"part-list"):
        instruments = read_part_list(element(b"<part-list>%b</part-list>" % listed))
        break
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
    by_meter = meter_lengths(reading)
    reading.lengths = [
        length if length > 0 else empty
        for length, empty in zip(reading.lengths, by_meter, strict=True)
    ]
    return reading


def _read_part(
    name: str, measures: Iterable[Measure], instruments: dict[str, Instrument], reading: Reading
) -> None:
    part = Part(reading, instruments)
    bar = -1
    try:
        for bar, (head, content) in enumerate(measures):
            part.read_bar(bar, content, upbeat=b"implicit" in head and b"yes" in head)
    except ReadError as error:
        raise ReadError(f"part {name[:20]}, bar {bar + 1}: {error.reason}") from error
    except (ValueError, OverflowError, ZeroDivisionError) as error:
        raise ReadError(f"part {name[:20]}, bar {bar + 1}: {error}") from error
    part.end()
