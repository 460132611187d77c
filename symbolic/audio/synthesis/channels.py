"""Programs, controllers and pitch bends of a MIDI file, for each track that plays.

`symusic` splits the tracks of a file by channel and program and no longer knows the channels: a
volume that was set before a change of program would be lost to the notes after it. Here messages
are read by mido and belong to channels again.
"""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from symusic import Score, Track

PROGRAM, BEND = "program", "bend"  # kinds of messages; the kind of a control is its number

Place = tuple[int, int, int]
"""Track, port and channel."""

Message = tuple[int, "int | str", int]
"""Tick, kind and value."""


@dataclass(frozen=True)
class Controls:
    """Messages to the channel of one track of a score.

    Attributes:
        program: 0..127; of drums, the kit.
        ticks, numbers, values: (c,) int64, controllers, ascending in ticks, in the order of the
            file where ticks are the same.
        bend_ticks, bends: (b,) int64, pitch bends of -8192..8191.
    """

    program: int
    ticks: np.ndarray
    numbers: np.ndarray
    values: np.ndarray
    bend_ticks: np.ndarray
    bends: np.ndarray


@dataclass
class _Sent:
    """The messages of a file, and by tick and pitch which places play with which program."""

    players: set[Place] = field(default_factory=set)
    messages: dict[Place, list[Message]] = field(default_factory=lambda: defaultdict(list))
    played: dict[tuple[int, int], list[tuple[Place, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )


def track_controls(score: Score, data: bytes | None = None) -> list[Controls]:
    """Programs, controllers and bends of each track of a score.

    Messages are for every track that plays on their channel, as the MIDI standard has it. But many
    files put several instruments on one channel: of each kind of message (one controller, bends,
    programs) a track follows its own, else those of tracks that play nothing on the channel, else
    those of the others.

    Args:
        score: in ticks, as `parse_midi` returns it.
        data: the file that it was parsed from. Without it, of format 2, or where mido cannot read
            it or the notes are not found in it, what symusic has kept of each track is taken.
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
    if file.type == 2:  # sequences that follow one another: the score has other ticks
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
    """The place, and the program, that most notes of a track of the score are found at.

    Where several have as many, one of the same program, then one that no other track was found at,
    then the first of the file.
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
        some = [message for message in others if message[1] not in kinds]
        messages = [*some, *messages]  # what prepares a channel comes first
        kinds = kinds | {kind for _, kind, _ in some}
    messages.sort(key=lambda message: message[0])
    program = track.program
    if PROGRAM not in own:
        begin = int(track.notes.numpy()["time"].min())
        before = [value for tick, kind, value in messages if kind == PROGRAM and tick <= begin]
        program = before[-1] if before else program
    return _controls(program, messages)


def _beside(place: Place, sent: _Sent) -> tuple[list[Message], list[Message]]:
    """The messages of other tracks to a channel: of those without notes on it, and of the rest."""
    silent, playing = [], []
    for other, messages in sorted(sent.messages.items()):
        if other != place and other[1:] == place[1:]:
            (playing if other in sent.players else silent).extend(messages)
    return silent, playing


def _kept(track: Track) -> Controls:
    """Take the messages that symusic has kept of a track."""
    controls = [(one.time, one.number, one.value) for one in track.controls]
    bends = [(one.time, BEND, one.value) for one in track.pitch_bends]
    return _controls(track.program, sorted([*controls, *bends], key=lambda message: message[0]))


def _controls(program: int, messages: Sequence[Message]) -> Controls:
    def columns(chosen: list[Message]) -> list[np.ndarray]:
        return [np.array(column, np.int64) for column in zip(*chosen, strict=True)]

    controls = [message for message in messages if isinstance(message[1], int)]
    bends = [(tick, 0, value) for tick, kind, value in messages if kind == BEND]
    nothing = [np.zeros(0, np.int64)] * 3
    ticks, numbers, values = columns(controls) or nothing
    bend_ticks, _, heights = columns(bends) or nothing
    return Controls(program, ticks, numbers, values, bend_ticks, heights)
