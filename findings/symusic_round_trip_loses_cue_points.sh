#!/usr/bin/env bash
# symusic 0.6.0 and pretty_midi 0.2.11.post0: sections of a file that are marked by cue points are lost.
#
# Markers (FF 06) and cue points (FF 07) both name places of a song, and sequencers write either.
# symusic reads markers alone, and without those that have no text; pretty_midi reads neither, only
# texts (FF 01) and lyrics. A file that is read and written again keeps the notes and loses its form
# without a warning. mido 1.3.3 keeps all of them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet 'setuptools<81' symusic==0.6.0 mido==1.3.3 pretty_midi==0.2.11.post0
"$folder/env/bin/python" -W ignore - "$folder" <<'PY'
import sys

import mido
import pretty_midi
import symusic

folder = sys.argv[1]
PLACES = ("marker", "cue_marker")
song = mido.MidiFile(ticks_per_beat=480)
track = mido.MidiTrack()
song.tracks.append(track)
for kind, name in (("marker", "verse"), ("cue_marker", "chorus"), ("marker", ""), ("marker", "bridge")):
    track.append(mido.MetaMessage(kind, text=name))
    track.append(mido.Message("note_on", note=60, velocity=80))
    track.append(mido.Message("note_off", note=60, time=480))
song.save(f"{folder}/song.mid")


def places(path):
    """Markers and cue points of a file, as mido reads them."""
    return [event.text for one in mido.MidiFile(path).tracks for event in one if event.type in PLACES]


read = symusic.Score(f"{folder}/song.mid")
read.dump_midi(f"{folder}/symusic.mid")
pretty_midi.PrettyMIDI(f"{folder}/song.mid").write(f"{folder}/pretty.mid")
kept = {name: places(f"{folder}/{name}.mid") for name in ("song", "symusic", "pretty")}
for name, found in kept.items():
    print(f"{name}: {found}")
print("symusic.Score.markers:", [marker.text for marker in read.markers])
assert kept["song"] == ["verse", "chorus", "", "bridge"]
assert kept["symusic"] == ["verse", "bridge"]
assert kept["pretty"] == []
PY
