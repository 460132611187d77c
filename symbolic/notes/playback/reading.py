"""Readings: the events of a written score, output of its readers and input of `sounding`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from symbolic.notes.playback.repeats import Bar
from symbolic.notes.table import ReadError

MAX_BAR_QUARTERS = 10**6  # of a bar or a note: beyond it, ticks overflow
MAX_TRACKS = 1000
SHORTEST_BEAT = 1024  # of a whole note, in a time signature
SLOWEST, FASTEST = 1e-3, 1e6  # quarters per minute; other tempos are errors
BAR_END = math.inf  # offset of the end of a bar, whose length is known when all parts are read
TIES = {"start": 1, "continue": 2, "stop": 3}

Place = tuple[int, float]  # bar, and offset in it in quarters
Events = dict[Place, Any]
Mark = tuple[Place, str, str]  # place, kind and text; a barline at the end of a bar is at `BAR_END`
Wedge = tuple[Place, Place, int]  # where it begins and ends; 1: crescendo, -1: diminuendo


@dataclass
class Reading:
    """The events of a score, each with its bar and its offset in it, in quarters.

    Attributes:
        lengths: quarters of each bar.
        bars: repeat signs, endings and jumps of each bar.
        instruments: index of the instrument of each track; staves share theirs.
        notes: rows of bar, offset, length, grace notes up to the main note (0: no grace note),
            pitch, tie, track, drum, velocity (0: none of its own).
        turns: by row of the note, the passes on which it sounds, if not on all.
        tempos, implied_tempos: quarters per minute; implied ones stem from words.
        tempo_ratios: ratio of a tempo to the previous one.
        first_tempos: places at which the first tempo returns.
        meters: numerator and denominator.
        levels: by track, velocities that hold from a place on.
        strikes: by track, velocities of only the notes at a place.
        wedges: by track.
        marks: rehearsal marks, double bars and repeat signs, in any order, also several times.
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
    marks: list[Mark] = field(default_factory=list)

    def places(self) -> list[Place]:
        """List the places of all events but notes."""
        changes = (self.tempos, self.implied_tempos, self.tempo_ratios, self.meters)
        by_track = (*self.levels.values(), *self.strikes.values())
        places = [place for events in (*changes, *by_track) for place in events]
        return places + [
            place for wedges in self.wedges.values() for wedge in wedges for place in wedge[:2]
        ]


def whole_semitones(alter: float) -> int:
    """Round an alteration to semitones; a quarter tone becomes the natural.

    Raises:
        ReadError: more than 127 semitones, or no number.
    """
    if not abs(alter) <= 127:
        raise ReadError(f"<alter> is {alter:g}")
    return int(math.copysign(math.ceil(abs(alter) - 0.5), alter))
