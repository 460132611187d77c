#!/bin/sh
# converter21 4.0.1 (its abc2xml) doubles the notes of an ABC tune in 2/4 that writes no unit, and
# takes a digit in the words of a tempo for the tempo.
#
# ABC 2.1: without an L: field the unit is 1/16 where the meter is less than 3/4, else 1/8. abc2xml
# always takes 1/8: a bar of 2/4 then lasts four quarters. Q:"Tempo 1" is words without a number;
# abc2xml writes <sound tempo="0.50"/>, so that a bar lasts minutes. Nothing is raised.
# Exits with another status than 0 if the behaviour changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check converter21==4.0.1 music21==10.5.1
cat > "$folder/polka.abc" <<'TUNE'
X:1
T:Polka
M:2/4
Q:"Tempo 1"
K:C
CDEF GABc |
TUNE
cat > "$folder/check.py" <<'PYTHON'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
from converter21.abc import abc2xml

with open(sys.argv[1], encoding="utf-8") as file:
    score = abc2xml.getXmlDocs(file.read())[0]
divisions = int(score.find(".//divisions").text)
bar = sum(int(length.text) for length in score.findall(".//note/duration")) / divisions
tempo = [float(sound.get("tempo")) for sound in score.findall(".//sound[@tempo]")]
print("converter21", version("converter21"), "music21", version("music21"))
print("expected: a bar of 2/4 with 2 quarters, no tempo or a usual one")
print(f"seen:     a bar of 2/4 with {bar:g} quarters, tempo {tempo}")
sys.exit(0 if bar == 4 and tempo == [0.5] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/polka.abc"
