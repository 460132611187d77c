"""Note tables from files, bytes, `symusic.Score`, `PrettyMIDI` and music21 streams."""

from symbolic.notes.archives import NamedBytes
from symbolic.notes.read import MIDI_SUFFIXES, MUSICXML_SUFFIXES, NOTE_SUFFIXES, read_notes
from symbolic.notes.score import table_score
from symbolic.notes.table import NoteTable, ReadError, note_table, ticks_to_seconds

__all__ = [
    "MIDI_SUFFIXES",
    "MUSICXML_SUFFIXES",
    "NOTE_SUFFIXES",
    "NamedBytes",
    "NoteTable",
    "ReadError",
    "note_table",
    "read_notes",
    "table_score",
    "ticks_to_seconds",
]
