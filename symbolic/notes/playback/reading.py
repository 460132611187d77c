"""A written score taken apart: what its readers give and what `sounding` takes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from symbolic.notes.playback.repeats import Bar
from symbolic.notes.table import ReadError

MAX_BAR_QUARTERS = 10**6  # in a bar, or a note: beyond it ticks overflow
MAX_TRACKS = 1000
SHORTEST_BEAT = 1024  # of a whole note, in a time signature
SLOWEST, FASTEST = 1e-3, 1e6  # quarters per minute; other tempos are slips of the pen
TIES = {"start": 1, "continue": 2, "stop": 3}

Place = tuple[int, float]  # bar, offset in it in quarters
Events = dict[Place, Any]
Wedge = tuple[Place, Place, int]  # where it begins and ends; 1: crescendo, -1: diminuendo


@dataclass
class Reading:
    """A score taken apart: every event with its bar and its offset there, in quarters.

    Attributes:
        lengths: of each bar.
        bars: what each has to do with the order of playing.
        instruments: of each track, by number: staves share theirs.
        notes: rows of bar, offset, length, grace notes up to the main note (0: no grace note),
            pitch, tie, track, drum, velocity (0: none of its own).
        turns: of notes that do not sound each time, by row: the times at which they do.
        tempos, implied_tempos: quarters per minute; implied ones are those of words.
        tempo_ratios: by how much a tempo is faster than the one before.
        first_tempos: where the first tempo comes back.
        meters: numerator and denominator.
        levels: of each track, velocities that hold from a place on.
        strikes: of each track, velocities of the notes at a place alone.
        wedges: of each track.
    """

    lengths: list[float]
    bars: list[Bar]
    instruments: list[int] = field(default_factory=list)
    notes: list[tuple[float, ...]] = field(default_factory=list)
    turns: dict[int, tuple[int, ...]] = field(default_factory=dict)
    tempos: Events = field(default_factory=dict)
    implied_tempos: Events = field(default_factory=dict)
    tempo_ratios: Events = field(default_factory=dict)
    first_tempos: set[Place] = field(default_factory=set)
    meters: Events = field(default_factory=dict)
    levels: dict[int, Events] = field(default_factory=dict)
    strikes: dict[int, Events] = field(default_factory=dict)
    wedges: dict[int, list[Wedge]] = field(default_factory=dict)

    def places(self) -> list[Place]:
        """List the places of everything but notes."""
        changes = (self.tempos, self.implied_tempos, self.tempo_ratios, self.meters)
        by_track = (*self.levels.values(), *self.strikes.values())
        places = [place for events in (*changes, *by_track) for place in events]
        return places + [
            place for wedges in self.wedges.values() for wedge in wedges for place in wedge[:2]
        ]


def whole_semitones(alter: float) -> int:
    """Round an alteration; a quarter tone goes to the natural, as players without it play.

    Raises:
        ReadError: more than ten octaves, or no number.
    """
    if not abs(alter) <= 127:
        raise ReadError(f"<alter> is {alter:g}")
    return int(math.copysign(math.ceil(abs(alter) - 0.5), alter))
