"""Bars and beats of pieces: those of the file, or tracked ones of performances."""

from symbolic.notes.beats.grid import MAX_METRICAL_UNITS, METRICAL_UNITS, metrical_edges
from symbolic.notes.beats.tracking import has_beats, track_beats

__all__ = ["MAX_METRICAL_UNITS", "METRICAL_UNITS", "has_beats", "metrical_edges", "track_beats"]
