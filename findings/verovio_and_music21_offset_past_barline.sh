#!/bin/sh
# verovio 6.4.1 and music21 10.5.1 make a bar longer where a direction's offset reaches past its end.
#
# <offset> says where a direction appears (MusicXML: it "affects the visual appearance of the
# direction"), and the musical position of a measure is moved by notes, backup and forward only.
# Programs write such offsets for a dynamic mark that stands under the next bar. Both readers put
# the mark where the offset says and begin the next bar there: every later note is late.
# Exits with another status than 0 if the behaviour changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check verovio==6.4.1 music21==10.5.1
cat > "$folder/score.musicxml" <<'SCORE'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"
  "http://www.musicxml.org/dtds/partwise.dtd">
<score-partwise version="4.0">
  <part-list><score-part id="P1"><part-name>Part</part-name></score-part></part-list>
  <part id="P1">
    <measure number="1">
      <attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>
      <note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration><voice>1</voice><type>whole</type></note>
      <direction>
        <direction-type><dynamics><p/></dynamics></direction-type>
        <offset>1</offset>
      </direction>
    </measure>
    <measure number="2"><note><pitch><step>D</step><octave>4</octave></pitch><duration>4</duration><voice>1</voice><type>whole</type></note></measure>
  </part>
</score-partwise>
SCORE
cat > "$folder/check.py" <<'PYTHON'
import sys
import warnings

warnings.simplefilter("ignore")
import music21
import verovio

toolkit = verovio.toolkit()
toolkit.loadFile(sys.argv[1])
played = [event["qstamp"] for event in toolkit.renderToTimemap() if "on" in event]
score = music21.converter.parse(sys.argv[1], forceSource=True)
read = [float(note.offset) for note in score.flatten().notes]
print("verovio", toolkit.getVersion(), "music21", music21.__version__)
print("expected: the second bar of 4/4 begins at quarter 4")
print(f"seen:     verovio {played}, music21 {read}")
sys.exit(0 if played == read == [0, 5] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/score.musicxml"
