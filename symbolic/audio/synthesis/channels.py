"""Programs, controllers and pitch bends of the tracks of a MIDI file.

`symusic` splits the tracks of a file by channel and program and drops the channels: a volume set
before a change of program would not apply to the notes after it. This module reads the messages
with mido and assigns them to channels again.
"""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from symusic.core import ScoreTick as Score
    from symusic.core import TrackTick as Track

PROGRAM, BEND = 128, 129  # kinds of messages; the kind of a controller is its number, 0..127

Place = tuple[int, int, int]
"""Track, port and channel."""

Message = tuple[int, int, int]
"""Tick, kind and value."""


@dataclass(frozen=True)
class Controls:
    """Messages to the channel of one track of a score.

    Attributes:
        program: 0..127; for drums, the kit.
        ticks, kinds, values: (c,) int64, controllers, whose kind is their number, and pitch bends
            of -8192..8191, whose kind is `BEND`; ascending in ticks, in the order of the file for
            equal ticks.
    """

    program: int
    ticks: np.ndarray
    kinds: np.ndarray
    values: np.ndarray


@dataclass
class _Sent:
    """The messages of a file, and the places and programs of its notes, by tick and pitch."""

    players: set[Place] = field(default_factory=set)
    messages: dict[Place, list[Message]] = field(default_factory=lambda: defaultdict(list))
    played: dict[tuple[int, int], list[tuple[Place, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )


def track_controls(score: Score, data: bytes | None = None) -> list[Controls]:
    """Find the programs, controllers and bends of each track of a score.

    By the MIDI standard messages apply to every track on their channel. But many files put several
    instruments on one channel: for each kind of message (a controller, bends, programs) a track
    follows its own messages, else those of tracks without notes on the channel, else those of the
    others.

    Args:
        score: in ticks, as `parse_midi` returns it.
        data: the file that it was parsed from. Without it, for format 2, or if mido cannot read it
            or the notes are not found in it, the messages that symusic keeps of each track are
            used.
    """
    sent = None if data is None else _read(data)
    if sent is None:
        return [_kept(track) for track in score.tracks]
    used: set[tuple[Place, int]] = set()
    found = []
    for track in score.tracks:
        source = _source(track, sent, used)
        if source is None:
            found.append(_kept(track))
            continue
        used.add(source)
        found.append(_sent_to(source[0], track, sent))
    return found


def _read(data: bytes) -> _Sent | None:
    import mido

    try:  # from the header on: a RIFF file has other chunks before it
        file = mido.MidiFile(file=io.BytesIO(data[data.find(b"MThd") :]), clip=True)
    except Exception:  # of many classes: mido refuses some files that symusic reads
        return None
    if file.type == 2:  # consecutive sequences: the score has other ticks
        return None
    sent = _Sent()
    for number, track in enumerate(file.tracks):
        tick = port = 0
        programs: dict[int, int] = defaultdict(int)
        for message in track:
            tick += message.time
            if message.type == "midi_port":
                port = message.port
            if message.is_meta or not hasattr(message, "channel"):
                continue
            place = (number, port, message.channel)
            match message.type:
                case "note_on" if message.velocity:
                    sent.players.add(place)
                    sent.played[tick, message.note].append((place, programs[message.channel]))
                case "program_change":
                    programs[message.channel] = message.program
                    sent.messages[place].append((tick, PROGRAM, message.program))
                case "control_change":
                    sent.messages[place].append((tick, message.control, message.value))
                case "pitchwheel":
                    sent.messages[place].append((tick, BEND, message.pitch))
    return sent


def _source(track: Track, sent: _Sent, used: set[tuple[Place, int]]) -> tuple[Place, int] | None:
    """Find the place and the program of most notes of a track of the score.

    Ties are resolved in favour of the same program, then of a place that no other track uses, then
    of the first in the file.
    """
    notes = track.notes.numpy()
    votes: Counter[tuple[Place, int]] = Counter()
    for tick, pitch in zip(notes["time"].tolist(), notes["pitch"].tolist(), strict=True):
        votes.update(set(sent.played.get((tick, pitch), ())))
    if not votes:
        return None
    best = max(
        sorted(votes),
        key=lambda source: (votes[source], source[1] == track.program, source not in used),
    )
    return best if 2 * votes[best] >= len(notes["time"]) else None


def _sent_to(place: Place, track: Track, sent: _Sent) -> Controls:
    messages = list(sent.messages.get(place, ()))
    own = kinds = {kind for _, kind, _ in messages}
    for others in _beside(place, sent):
        added = [message for message in others if message[1] not in kinds]
        messages = [*added, *messages]  # messages that set up a channel come first
        kinds = kinds | {kind for _, kind, _ in added}
    messages.sort(key=lambda message: message[0])
    program = track.program
    if PROGRAM not in own:
        begin = int(track.notes.numpy()["time"].min())
        before = [value for tick, kind, value in messages if kind == PROGRAM and tick <= begin]
        program = before[-1] if before else program
    return _controls(program, messages)


def _beside(place: Place, sent: _Sent) -> tuple[list[Message], list[Message]]:
    """Collect messages of other tracks to a channel: of tracks without notes on it, and others."""
    silent, playing = [], []
    for other, messages in sorted(sent.messages.items()):
        if other != place and other[1:] == place[1:]:
            (playing if other in sent.players else silent).extend(messages)
    return silent, playing


def _kept(track: Track) -> Controls:
    """Return the messages that symusic keeps of a track."""
    controls: list[Message] = [(c.time, c.number, c.value) for c in track.controls]
    bends: list[Message] = [(bend.time, BEND, bend.value) for bend in track.pitch_bends]
    return _controls(track.program, sorted([*controls, *bends], key=lambda message: message[0]))


def _controls(program: int, messages: Sequence[Message]) -> Controls:
    kept = [message for message in messages if message[1] != PROGRAM]
    return Controls(program, *np.array(kept, np.int64).reshape(-1, 3).T)
