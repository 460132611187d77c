"""Symbolic-music NLP: the emotion, key and dynamics of MIDI and MusicXML."""

__version__ = "0.1.0"
