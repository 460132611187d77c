"""Reading: paths, bytes, Score, PrettyMIDI and music21 streams become one note table."""

from symbolic.notes.table import NoteTable, ReadError, note_table, ticks_to_seconds

__all__ = ["NoteTable", "ReadError", "note_table", "ticks_to_seconds"]
