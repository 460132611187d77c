"""MusicXML to readings of written music."""
