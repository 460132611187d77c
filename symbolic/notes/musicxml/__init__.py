"""MusicXML to readings (`symbolic.notes.playback.reading`)."""
