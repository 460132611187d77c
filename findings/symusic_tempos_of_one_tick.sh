#!/usr/bin/env bash
# symusic 0.6.0: where a file has many tempos, those of one tick come out in another order.
#
# The tempo that holds is the last of its tick. Tempos are sorted by tick with a sort that is not
# stable from 24 elements on, also where they stand in order in the file, so that another one may come
# last and the rest of the piece is timed by it. mido 1.3.3 keeps the order of the file.
# Source: sort_by_time (pdqsort) in src/io/midi.cpp; key and time signatures are sorted alike.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet symusic==0.6.0 mido==1.3.3
"$folder/env/bin/python" - <<'PY'
import io

import mido
import symusic


def last_tempos(count):
    """The last tempo of the only tick, in microseconds per quarter: symusic's and mido's."""
    track = b"".join(b"\x00\xff\x51\x03" + (500_000 + n).to_bytes(3, "big") for n in range(count))
    track += b"\x00\x90\x3c\x50\x60\x80\x3c\x40\x00\xff\x2f\x00"
    data = b"MThd\0\0\0\6\0\0\0\1\x01\xe0MTrk" + len(track).to_bytes(4, "big") + track
    theirs = [tempo.mspq for tempo in symusic.Score.from_midi(data).tempos]
    kept = [event.tempo for event in mido.MidiFile(file=io.BytesIO(data)).tracks[0]
            if event.type == "set_tempo"]
    return theirs[-1], kept[-1], theirs == kept


for count in (23, 24, 60):
    ours, theirs, same = last_tempos(count)
    print(f"{count} tempos at tick 0: symusic ends with {ours}, mido with {theirs}; same order: {same}")
assert last_tempos(23)[2]
assert not last_tempos(24)[2] or not last_tempos(60)[2]
PY
