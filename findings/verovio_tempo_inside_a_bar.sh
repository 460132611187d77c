#!/bin/sh
# verovio 6.4.1 plays a tempo that changes inside a bar from the beginning of that bar.
#
# MusicXML lets <direction> with <sound tempo> stand anywhere in a bar: it holds from there on.
# verovio moves it to the barline, so that what stands before it in the bar is played at the new
# tempo too. Where the first bar changes its tempo, the tempo of the beginning is lost altogether.
# Exits with another status than 0 if the behaviour changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check verovio==6.4.1
cat > "$folder/score.musicxml" <<'SCORE'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"
  "http://www.musicxml.org/dtds/partwise.dtd">
<score-partwise version="4.0">
  <part-list><score-part id="P1"><part-name>Part</part-name></score-part></part-list>
  <part id="P1">
    <measure number="1">
      <attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>
      <direction>
        <direction-type><words>Allegro</words></direction-type>
        <sound tempo="120"/>
      </direction>
      <note><pitch><step>C</step><octave>4</octave></pitch><duration>2</duration><voice>1</voice><type>half</type></note>
      <direction>
        <direction-type><words>Adagio</words></direction-type>
        <sound tempo="60"/>
      </direction>
      <note><pitch><step>D</step><octave>4</octave></pitch><duration>2</duration><voice>1</voice><type>half</type></note>
    </measure>
    <measure number="2"><note><pitch><step>E</step><octave>4</octave></pitch><duration>4</duration><voice>1</voice><type>whole</type></note></measure>
  </part>
</score-partwise>
SCORE
cat > "$folder/check.py" <<'PYTHON'
import sys

import verovio

toolkit = verovio.toolkit()
toolkit.loadFile(sys.argv[1])
begins = [event["tstamp"] for event in toolkit.renderToTimemap() if "on" in event]
print("verovio", toolkit.getVersion())
print("expected: notes at 0, 1000 and 3000 ms: two quarters at 120, two at 60")
print(f"seen:     {begins}")
sys.exit(0 if begins == [0, 2000, 4000] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/score.musicxml"
