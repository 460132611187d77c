"""Written key signatures of MIDI and MusicXML files, which note tables do not have."""

from __future__ import annotations

import re
from contextlib import suppress

from symbolic.notes.keys import KEY_NAMES
from symbolic.notes.midi.reader import is_midi, parse_midi
from symbolic.notes.read import Source, content_of, is_file, kind_of, name_of
from symbolic.notes.table import ReadError

MOST_FIFTHS = 7  # sharps or flats of a signature
_KEY = re.compile(rb"<key\b[^>]*>(.*?)</key>", re.DOTALL)
_FIFTHS = re.compile(rb"<fifths\b[^>]*>\s*([+-]?\d+)\s*</fifths>")
_MODE = re.compile(rb"<mode\b[^>]*>\s*(\w+)\s*</mode>")


def written_keys(source: Source) -> list[str]:
    """Read the key signatures of a file, in the order in which they are written.

    Equal neighbours are one. A signature whose mode is not written is that of a major and of a
    minor key: `C major or a minor`. In MusicXML those of the first part count, of parts of
    instruments that do not transpose if there are any. Notation programs write C major where
    nothing was chosen, so that it may mean nothing.

    Args:
        source: anything that `read_notes` takes; only MIDI, MusicXML and `symusic.Score` have
            signatures here, and any other source has none.

    Raises:
        ReadError: a file that cannot be read; the message names it.
    """
    try:
        found = _signatures(source)
    except ReadError as error:
        raise ReadError(error.reason, source=name_of(source)) from error
    return [key for at, key in enumerate(found) if at == 0 or found[at - 1] != key]


def _signatures(source: Source) -> list[str]:
    if not is_file(source):
        if kind_of(source) != "symusic":
            return []
        return _of_events(source)
    data = content_of(source)
    if is_midi(data):
        return _of_events(parse_midi(data))
    from symbolic.notes.formats.notations import notation_of

    if notation_of(data) is not None:
        return []
    return _of_musicxml(data)


def _of_events(score) -> list[str]:
    """Name the key signature events of a `symusic.Score`."""
    events = sorted(score.key_signatures, key=lambda event: event.time)
    return [
        key_name(event.key, "minor" if event.tonality else "major")
        for event in events
        if abs(event.key) <= MOST_FIFTHS
    ]


def _of_musicxml(data: bytes) -> list[str]:
    from symbolic.notes.musicxml.xml import LooseTags, blocks, score_xml

    kind, xml = score_xml(data)
    parts = [xml]
    if kind == "score-partwise":  # otherwise measures hold the parts
        with suppress(LooseTags):
            parts = [content for _, content in blocks(xml, b"part")]
    written = [part for part in parts if b"<key" in part]
    at_pitch = [part for part in written if b"<transpose" not in part]
    for part in (at_pitch or written)[:1]:
        return [name for key in _KEY.findall(part) if (name := _of_key(key)) is not None]
    return []


def _of_key(key: bytes) -> str | None:
    """Name the signature of a `<key>`; None for one that is not of the circle of fifths."""
    fifths, mode = _FIFTHS.search(key), _MODE.search(key)
    if fifths is None or abs(int(fifths[1])) > MOST_FIFTHS:
        return None
    return key_name(int(fifths[1]), mode[1].decode() if mode else "")


def key_name(fifths: int, mode: str = "") -> str:
    """Name the key of a signature; both of its keys if the mode is neither major nor minor.

    Args:
        fifths: sharps, or minus the number of flats.
        mode: `major`, `minor` or anything else.

    >>> key_name(-3, "minor"), key_name(2)
    ('c minor', 'D major or b minor')
    """
    tonic = 7 * fifths % 12
    major, minor = KEY_NAMES[tonic], KEY_NAMES[12 + (tonic + 9) % 12]
    return {"major": major, "minor": minor}.get(mode, f"{major} or {minor}")
