#!/bin/sh
# music21 10.5.1 reads the notes of a chord one after another where a direction stands between them.
#
# A measure's content may come in any order, and <chord/> says that a note is "an additional chord
# tone with the preceding note". music21 asks only whether the very next element is such a note: a
# dynamic mark between the two ends the chord, and all that follows in the bar is late. The
# LilyPond suite that music21 ships has this case (21f-Chord-ElementInBetween.xml).
# Exits with another status than 0 if the behaviour changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check music21==10.5.1
cat > "$folder/score.musicxml" <<'SCORE'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"
  "http://www.musicxml.org/dtds/partwise.dtd">
<score-partwise version="4.0">
  <part-list><score-part id="P1"><part-name>Part</part-name></score-part></part-list>
  <part id="P1">
    <measure number="1">
      <attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>
      <note><pitch><step>C</step><octave>4</octave></pitch><duration>2</duration><voice>1</voice><type>half</type></note>
      <direction><direction-type><dynamics><p/></dynamics></direction-type></direction>
      <note><chord/><pitch><step>E</step><octave>4</octave></pitch><duration>2</duration><voice>1</voice><type>half</type></note>
      <note><pitch><step>G</step><octave>4</octave></pitch><duration>2</duration><voice>1</voice><type>half</type></note>
    </measure>
  </part>
</score-partwise>
SCORE
cat > "$folder/check.py" <<'PYTHON'
import sys
import warnings

warnings.simplefilter("ignore")
import music21

score = music21.converter.parse(sys.argv[1], forceSource=True)
notes = score.flatten().notes
seen = [(float(one.offset), *(pitch.nameWithOctave for pitch in one.pitches)) for one in notes]
print("music21", music21.__version__)
print("expected: [(0.0, 'C4', 'E4'), (2.0, 'G4')]")
print(f"seen:     {seen}")
sys.exit(0 if seen == [(0.0, "C4"), (2.0, "E4"), (4.0, "G4")] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/score.musicxml"
