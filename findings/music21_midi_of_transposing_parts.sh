#!/bin/sh
# music21 10.5.1 writes the MIDI of a score with transposing parts at written pitch.
#
# The same part written alone sounds as it should: music21 transposes what says that it is not at
# sounding pitch, and a score read from MusicXML says "unknown", whatever its parts say. So
# score.write("midi") has a clarinet in B flat a tone above the others, without a warning;
# score.toSoundingPitch() has to be called first.
# Exits with another status than 0 if the behaviour changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check music21==10.5.1 mido==1.3.3
cat > "$folder/score.musicxml" <<'SCORE'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"
  "http://www.musicxml.org/dtds/partwise.dtd">
<score-partwise version="4.0">
  <part-list><score-part id="P1"><part-name>Clarinet in Bb</part-name></score-part></part-list>
  <part id="P1">
    <measure number="1">
      <attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time><transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose></attributes>
      <note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration><voice>1</voice><type>whole</type></note>
    </measure>
  </part>
</score-partwise>
SCORE
cat > "$folder/check.py" <<'PYTHON'
import sys
import tempfile
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
import mido
import music21


def pitches(stream) -> list[int]:
    with tempfile.TemporaryDirectory() as folder:
        file = stream.write("midi", fp=str(Path(folder, "written.mid")))
        messages = list(mido.MidiFile(file))
    return [one.note for one in messages if one.type == "note_on" and one.velocity]


score = music21.converter.parse(sys.argv[1], forceSource=True)
whole, part = pitches(score), pitches(score.parts[0])
print("music21", music21.__version__)
print("expected: pitch 58, the B flat that a clarinet plays when it reads a C, both times")
print(f"seen:     the score {whole}, its part alone {part}")
sys.exit(0 if (whole, part) == ([60], [58]) else 1)
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/score.musicxml"
