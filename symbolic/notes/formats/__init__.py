"""Other notations: Humdrum, MEI, ABC, MuseScore, music21 streams."""
