"""MusicXML and music21 streams, read as they sound.

Conventions
- Bars are aligned across parts: a bar is as long as it is in its longest part, and the repeats and
  jumps written in any part are played by all.
- Ties are joined per instrument and pitch, across voices and staves.
- Grace notes last a 32nd and sound just before the note (or, at the end of a bar, the barline)
  they lean on, never before the start of the piece.
- Unpitched percussion takes the pitch of its place on the staff.
- A dynamic mark holds in its part until the next one; a staff without marks takes those of the
  other staves of its instrument. sf and its kin strike the notes at the mark only, fp and its kin
  strike and then hold the softer level. Hairpins are not read. A velocity written on a note wins
  over the marks.
"""

from __future__ import annotations

import warnings

from symbolic.notes.mxl import musicxml_root
from symbolic.notes.sounding import sounding
from symbolic.notes.streams import stream_reading
from symbolic.notes.table import NoteTable, ReadError


def read_musicxml(data: bytes) -> NoteTable:
    """Read a MusicXML score as it sounds.

    Args:
        data: content of a `.musicxml`, `.xml` or zipped `.mxl` file.

    Returns:
        What `stream_notes` returns for the score; empty where the score has no notes.

    Raises:
        ReadError: not XML, not MusicXML, an archive that is broken or expands too far, entity
            declarations, or a score music21 refuses.
    """
    root = musicxml_root(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from music21.musicxml.xmlToM21 import MusicXMLImporter

            importer = MusicXMLImporter()
            importer.xmlRootToScore(root, importer.stream)
            reading = stream_reading(importer.stream)
    except MemoryError:
        raise
    except Exception as error:  # music21 raises whatever its parser stumbles over
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ReadError(f"music21 cannot read this score: {reason[:200]}") from error
    return sounding(reading)
