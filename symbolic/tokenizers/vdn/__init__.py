"""The v/d/n text of Ferreira: its steps of notes, its ids and its decoding."""
