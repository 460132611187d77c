#!/bin/sh
# verovio 6.4.1 takes a metronome mark with a dotted beat unit for slower than it is.
#
# A dotted quarter at 60 is 90 quarters a minute (MusicXML: beat-unit and beat-unit-dot give the note
# that the tempo counts). verovio plays 80, and a dotted half at 40 at 106.67 in place of 120: a dot
# is taken for a third more, not a half more. MIDI and the timemap have the same wrong times. With
# <sound tempo="90"/> beside the mark it is right, but programs are free to leave that out.
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
      <attributes><divisions>2</divisions><time><beats>6</beats><beat-type>8</beat-type></time></attributes>
      <direction>
        <direction-type><metronome>
          <beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>60</per-minute>
        </metronome></direction-type>
      </direction>
      <note><pitch><step>C</step><octave>4</octave></pitch><duration>6</duration><voice>1</voice><type>half</type><dot/></note>
    </measure>
    <measure number="2"><note><pitch><step>D</step><octave>4</octave></pitch><duration>6</duration><voice>1</voice><type>half</type><dot/></note></measure>
  </part>
</score-partwise>
SCORE
cat > "$folder/check.py" <<'PYTHON'
import sys

import verovio

toolkit = verovio.toolkit()
toolkit.loadFile(sys.argv[1])
times = [event["tstamp"] for event in toolkit.renderToTimemap() if event["qstamp"] == 3]
print("verovio", toolkit.getVersion())
print("expected: the second bar of 6/8 begins at 2000 ms, two dotted quarters at 60")
print(f"seen:     {times[0]} ms")
sys.exit(0 if times == [2250] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/score.musicxml"
