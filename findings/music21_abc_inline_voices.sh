#!/bin/sh
# music21 10.5.1 reads the inline voices of an ABC tune one after another, and drops inline tempos.
#
# ABC 2.1 lets V: stand in brackets at the beginning of a line: [V:1] and [V:2] begin together.
# music21 puts the second voice after the first, in one part, so that a duet becomes a solo of twice
# the length; nothing is raised or warned of. With V: on lines of its own it reads two parts.
# Exits with another status than 0 if the behaviour changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check music21==10.5.1
cat > "$folder/inline.abc" <<'TUNE'
X:1
T:Duet
M:4/4
L:1/4
Q:1/4=60
K:C
[V:1] CDEF | [Q:1/4=90] G4 |
[V:2] C,4 | G,4 |
TUNE
cat > "$folder/check.py" <<'PYTHON'
import sys
import warnings

warnings.simplefilter("ignore")
from music21 import __version__, converter, tempo

score = converter.parse(sys.argv[1], format="abc", forceSource=True)
begins = {}
for one in score.recurse().notes:
    begins.setdefault(one.nameWithOctave, float(one.getOffsetInHierarchy(score)))
tempos = [mark.number for mark in score.recurse().getElementsByClass(tempo.MetronomeMark)]
print("music21", __version__)
print("expected: 2 parts, C3 at quarter 0, 8 quarters, tempos 60 and 90")
print(
    f"seen:     {len(score.parts)} part, C3 at quarter {begins['C3']:g}, "
    f"{float(score.highestTime):g} quarters, tempos {tempos}"
)
as_described = len(score.parts) == 1 and begins["C3"] == 8 and score.highestTime == 16
sys.exit(0 if as_described and tempos == [60] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/inline.abc"
