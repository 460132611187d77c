#!/usr/bin/env bash
# symusic 0.6.0: events of status F7 are taken for time that passes, so that the notes come late.
#
# A standard MIDI file may send a system exclusive message in packets: F0 and a length, then F7 and a
# length for each further packet; F7 alone escapes other messages. symusic reads F7 as an event without
# a length. The length and the content that follow are then read as delta times: a note at tick 0
# behind a packet of three bytes begins later. mido 1.3.3 has it at tick 0.
# Source: SysExEnd has length 1 among the messages of 3rdparty/minimidi.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet symusic==0.6.0 mido==1.3.3
"$folder/env/bin/python" - <<'PY'
import io

import mido
import symusic

packets = b"\x00\xf0\x03\x43\x12\x00" + b"\x00\xf7\x03\x20\x30\xf7"  # one message, in two packets
track = packets + b"\x00\x90\x3c\x50\x60\x80\x3c\x40\x00\xff\x2f\x00"
data = b"MThd\0\0\0\6\0\0\0\1\x01\xe0MTrk" + len(track).to_bytes(4, "big") + track

(part,) = symusic.Score.from_midi(data).tracks
found = [(note.time, note.duration, note.pitch) for note in part.notes]
print("symusic 0.6.0:", found)

tick, onsets = 0, []
for event in mido.MidiFile(file=io.BytesIO(data)).tracks[0]:
    tick += event.time
    if event.type == "note_on" and event.velocity:
        onsets.append(tick)
print("mido 1.3.3:", onsets)

assert [note[0] for note in found] != [0], found
assert onsets == [0], onsets
PY
