#!/usr/bin/env bash
# symusic 0.6.0: a key struck again before its note-off takes the note-off of the strike before it.
#
# A track strikes C4 at ticks 0, 240, 480 and 720, and lets it go at 360, 600 and 840: three note-offs
# for four strikes, since the second strike of a held key is written without one (many sequencers do).
# A key that sounds once should end at each note-off. `symusic.Score` pairs strikes and note-offs first
# in, first out for the rest of the track: every strike lasts until the note-off of the next one, and
# the last strike is dropped without a word. pretty_midi 0.2.11 keeps all four, each ended by the first
# note-off after it.
# Source: note-on placeholders without an end are erased in src/io/midi.cpp (TrackManager::finalize).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet symusic==0.6.0 pretty_midi==0.2.11 "setuptools<81"
"$folder/env/bin/python" - <<'PY'
import io

import pretty_midi
import symusic

# Pairs of ticks since the event before and velocity; a velocity of 0 is a note-off.
events = [(0, 80), (240, 81), (120, 0), (120, 82), (120, 0), (120, 83), (120, 0)]
quantity = lambda value: bytes([value >> 7 | 0x80, value & 0x7F]) if value > 127 else bytes([value])
track = b"".join(quantity(delta) + bytes([0x90, 60, velocity]) for delta, velocity in events)
track += b"\x00\xff\x2f\x00"
data = b"MThd\0\0\0\6\0\0\0\1\x01\xe0MTrk" + len(track).to_bytes(4, "big") + track

(part,) = symusic.Score.from_midi(data).tracks
found = [(note.time, note.end, note.velocity) for note in part.notes]
print("symusic", symusic.__version__ if hasattr(symusic, "__version__") else "0.6.0", found)

music = pretty_midi.PrettyMIDI(io.BytesIO(data))
other = [
    (music.time_to_tick(note.start), music.time_to_tick(note.end), note.velocity)
    for note in music.instruments[0].notes
]
other = sorted(tuple(int(value) for value in note) for note in other)
print("pretty_midi", pretty_midi.__version__, other)

# symusic: three of four strikes, each but the first held over the next: velocity 81 until 600.
assert found == [(0, 360, 80), (240, 600, 81), (480, 840, 82)], found
assert other == [(0, 360, 80), (240, 360, 81), (480, 600, 82), (720, 840, 83)], other
PY
