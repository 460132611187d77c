"""Standard MIDI files to note tables."""
