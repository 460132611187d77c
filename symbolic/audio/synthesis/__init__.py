"""Synthesis of note tables with a General MIDI sound font."""
