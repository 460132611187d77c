#!/bin/sh
# partitura 1.9.0 gives, and writes to MIDI, the written pitches of transposing instruments.
#
# MusicXML's <transpose> is "what must be added to a written pitch to get a correct sounding pitch".
# partitura keeps it as an object of the score, without octave-change, and applies it nowhere:
# note_array() and save_score_midi have a clarinet in B flat a tone too high and a double bass an
# octave too high, beside the other instruments of the score; nothing is warned of.
# Exits with another status than 0 if the behaviour changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check partitura==1.9.0
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
import partitura

score = partitura.load_musicxml(sys.argv[1])
pitches = score.note_array()["pitch"].tolist()
with tempfile.TemporaryDirectory() as folder:
    midi = str(Path(folder, "score.mid"))
    partitura.save_score_midi(score, midi)
    played = [message.note for message in mido.MidiFile(midi) if message.type == "note_on"]
print("partitura", partitura.__version__)
print("expected: pitch 58, the B flat that a clarinet plays when it reads a C")
print(f"seen:     note_array {pitches}, MIDI {played}")
sys.exit(0 if pitches == played == [60] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/score.musicxml"
