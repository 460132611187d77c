"""Notes of MusicXML, parsed from bytes and cached: equal notes are parsed once."""

from __future__ import annotations

import re
from typing import NamedTuple

from symbolic.notes.musicxml.xml import attributes
from symbolic.notes.playback.reading import TIES, whole_semitones
from symbolic.notes.table import ReadError

STEP_SEMITONES = {b"C": 0, b"D": 2, b"E": 4, b"F": 5, b"G": 7, b"A": 9, b"B": 11}
MIDDLE_LINE = 71  # B4 in the treble clef: pitch of percussion without a staff position

QUARTERS = {b"maxima": 32.0, b"long": 16.0, b"breve": 8.0, b"whole": 4.0, b"half": 2.0}
QUARTERS |= {b"quarter": 1.0, b"eighth": 0.5, b"16th": 0.25, b"32nd": 1 / 8, b"64th": 1 / 16}
QUARTERS |= {b"128th": 1 / 32, b"256th": 1 / 64, b"512th": 1 / 128, b"1024th": 1 / 256}
"""Length in quarters of each note type."""


class Note(NamedTuple):
    """The common properties of a written note.

    Attributes:
        pitch: MIDI pitch; None for rests and unpitched notes.
        duration: in divisions; 0 without one.
        chord: whether it starts with the previous note.
        tie: one of the values of `TIES`, or 0.
        drawn: whether a visible tie (`<tied>`) starts at it.
        staff: its number.
        voice: its name.
        instrument: its id, or "".
        rare: whether it needs the general parser: a grace or cue note, unpitched, with a dynamic
            mark, or without a duration.
    """

    pitch: int | None
    duration: float
    chord: bool
    tie: int
    drawn: bool
    staff: int
    voice: bytes
    instrument: str
    rare: bool


note_fields = re.compile(
    rb"<((?:step|staff|voice|octave|alter|duration|chord|cue|tied?|grace|unpitched|instrument"
    rb"|dynamics)[\s/>][^<]{0,1000})"
).findall
"""Find the tags in a `<note>` that `read_note` needs, each with the text after it."""


MAX_CACHED_NOTES = 8192

known_notes: dict[bytes, Note] = {}
"""Parsed notes by their fields, joined by "<": most notes of a score repeat."""


def read_note(joined: bytes) -> Note:
    """Parse the result of `note_fields`, joined by "<", and cache it in `known_notes`.

    Raises:
        ReadError, ValueError: an invalid number or name.
    """
    texts: dict[bytes, bytes] = {}
    ties: dict[bytes, set[str]] = {b"tie": set(), b"tied": set()}
    instrument = ""
    for field in joined.split(b"<"):
        head, _, text = field.partition(b">")
        name = _NAME_END.split(head, 1)[0]
        texts[name] = text.strip()
        if name in ties:
            ties[name].add(attributes(head).get("type", ""))
        elif name == b"instrument":
            instrument = attributes(head).get("id", "")
    pitch = None
    if b"step" in texts:
        pitch = _pitch(texts, b"step", b"octave")
        if b"alter" in texts:
            pitch += whole_semitones(_number(texts, b"alter"))
    kinds = (ties[b"tie"] or ties[b"tied"]).intersection(TIES)
    tie = TIES["continue"] if len(kinds) > 1 else TIES[kinds.pop()] if kinds else 0
    duration = max(_number(texts, b"duration"), 0.0)
    if len(known_notes) >= MAX_CACHED_NOTES:
        known_notes.clear()
    note = known_notes[joined] = Note(
        pitch,
        duration,
        b"chord" in texts,
        tie,
        "start" in ties[b"tied"],
        max(int(_number(texts, b"staff")), 1),
        texts.get(b"voice", b""),
        instrument,
        not duration or any(name in texts for name in _RARE),
    )
    return note


_NAME_END = re.compile(rb"[^\w-]")
_RARE = (b"grace", b"cue", b"unpitched", b"dynamics")


def staff_place(note: bytes) -> int:
    """Return the pitch of the staff position of an unpitched note, from its content.

    Raises:
        ReadError: an invalid position.
    """
    texts = dict(_PLACE.findall(note))
    return _pitch(texts, b"display-step", b"display-octave") if texts else MIDDLE_LINE


_PLACE = re.compile(rb"<(display-step|display-octave)\s*>\s*([^<\s]*)")


def _pitch(texts: dict[bytes, bytes], step: bytes, octave: bytes) -> int:
    name = texts.get(step, b"").upper()
    if name not in STEP_SEMITONES:
        written = texts.get(step, b"")[:20].decode("utf-8", "replace")
        raise ReadError(f"<{step.decode()}> is {written!r}, no note name")
    try:
        return 12 * (int(float(texts.get(octave, b""))) + 1) + STEP_SEMITONES[name]
    except (ValueError, OverflowError) as error:
        raise _no_number(texts, octave) from error


def _number(texts: dict[bytes, bytes], name: bytes) -> float:
    """Return the number in a child element, 0 without one."""
    try:
        return float(texts.get(name) or 0)
    except ValueError as error:
        raise _no_number(texts, name) from error


def _no_number(texts: dict[bytes, bytes], name: bytes) -> ReadError:
    """Make the error of a child element whose text is no number."""
    written = texts.get(name, b"")[:20].decode("utf-8", "replace")
    return ReadError(f"<{name.decode()}> is {written!r}, no number")


def type_quarters(note: bytes) -> float | None:
    """Compute the length of a note from its type, dots and tuplet.

    Returns:
        Quarters; None without a type.
    """
    kind = _TYPE.search(note)
    if kind is None:
        return None
    length = QUARTERS.get(kind[1], 0.0) * (2 - 0.5 ** note.count(b"<dot"))
    for name, sign in ((b"normal-notes", 1), (b"actual-notes", -1)):
        written = re.search(rb"<%b\s*>\s*([1-9]\d{0,2})\s*<" % name, note)
        length *= float(written[1]) ** sign if written else 1.0
    return length


_TYPE = re.compile(rb"<type[^>]*>\s*([\w-]+)")
