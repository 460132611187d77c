"""From a score as it is written to notes as they sound, without music21.

A reader takes a score apart into a `Reading`; here its bars are put in the order they are played,
its ties joined, and its dynamics and tempos followed.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from symbolic.notes.dynamics import HOLD, STRIKE, velocities
from symbolic.notes.repeats import Bar, playing_order
from symbolic.notes.table import (
    DEFAULT_METERS,
    DEFAULT_TEMPO,
    NoteTable,
    ReadError,
    note_table,
)

TICKS_PER_QUARTER = 10080  # 32 × 9 × 5 × 7: holds triplets, quintuplets and septuplets exactly
GRACE_TICKS = TICKS_PER_QUARTER // 8
TIE_GAP = TICKS_PER_QUARTER // 8  # ties are joined over rounding, not over a rest
MOST_HELD = 64  # notes of one pitch that an instrument holds at a time, waiting for a tie to end
MAX_QUARTERS = 10**6  # in a bar, or a note: beyond it ticks overflow
SHORTEST_BEAT = 1024  # of a whole note, in a time signature
SLOWEST, FASTEST = 1e-3, 1e6  # quarters per minute; other tempos are slips of the pen

PLAIN_VELOCITY = 64  # of every note in a score without dynamics
TIES = {"start": 1, "continue": 2, "stop": 3}

Place = tuple[int, float]  # bar, offset in it in quarters
Events = dict[Place, Any]
Wedge = tuple[Place, Place, int]  # where it begins and ends; 1: crescendo, -1: diminuendo


def whole_semitones(alter: float) -> int:
    """Round an alteration; a quarter tone goes to the natural, as players without it play.

    Raises:
        ReadError: more than ten octaves, or no number.
    """
    if not abs(alter) <= 127:
        raise ReadError(f"<alter> is {alter:g}")
    return int(math.copysign(math.ceil(abs(alter) - 0.5), alter))


@dataclass
class Reading:
    """A score taken apart: every event with its bar and its offset there, in quarters.

    Attributes:
        lengths: of each bar.
        bars: what each says about the order of playing.
        instruments: of each track, by number: staves share theirs.
        notes: rows of bar, offset, length, grace notes up to the main note (0: no grace note),
            pitch, tie, track, drum, velocity (0: none of its own).
        turns: of notes that do not sound each time, by row: the times at which they do.
        tempos, implied_tempos: quarters per minute; implied ones are those of words.
        tempo_ratios: by how much a tempo is faster than the one before.
        meters: numerator and denominator.
        dynamics: of each track, names of marks or velocities.
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
    meters: Events = field(default_factory=dict)
    dynamics: dict[int, Events] = field(default_factory=dict)
    wedges: dict[int, list[Wedge]] = field(default_factory=dict)


@dataclass
class Played:
    """Bars in the order in which they are played.

    Attributes:
        order: (b,) int64, the written bar of each.
        starts: (b,) int64, the tick at which each begins.
        lengths: (b,) int64, in ticks.
    """

    order: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray

    def turns(self) -> np.ndarray:
        """(b,) int64: the how manieth time it is, from 1, that a written bar is played."""
        by_bar = np.argsort(self.order, kind="stable")
        sorted_bars = self.order[by_bar]
        first = np.searchsorted(sorted_bars, sorted_bars)
        turn = np.empty(len(by_bar), np.int64)
        turn[by_bar] = np.arange(len(by_bar)) - first + 1
        return turn


def sounding(reading: Reading) -> NoteTable:
    """The notes as they sound: repeats played, ties joined, under dynamics and tempos.

    Raises:
        ReadError: a bar or a note of no sensible length, or a tempo that is not positive.
    """
    notes = np.fromiter(
        chain.from_iterable(reading.notes), np.float64, 9 * len(reading.notes)
    ).reshape(-1, 9)
    _check_times(reading, notes)
    lengths = np.rint(np.array(reading.lengths) * TICKS_PER_QUARTER).astype(np.int64)
    order = np.array(playing_order(reading.bars), np.int64)
    starts = np.cumsum(lengths[order]) - lengths[order]
    played = Played(order, starts, lengths[order])

    row = np.argsort(notes[:, 0], kind="stable")
    edges = np.searchsorted(notes[row, 0], np.arange(len(lengths) + 1))
    counts = np.diff(edges)[order]
    place = np.repeat(np.arange(len(order)), counts)  # in the order of playing, of each note
    row = row[np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts - edges[order], counts)]
    if reading.turns:
        heard = _sounds_this_time(reading.turns, row, played.turns()[place])
        row, place = row[heard], place[heard]
    notes = notes[row]
    shift = starts[place]
    written = shift + np.rint(notes[:, 1] * TICKS_PER_QUARTER).astype(np.int64)
    end = shift + np.rint((notes[:, 1] + notes[:, 2]) * TICKS_PER_QUARTER).astype(np.int64)
    pitch = np.floor(np.clip(notes[:, 4], -1, 128) + 0.5).astype(np.int64)
    before, tie, track, drum, own = notes[:, [3, 5, 6, 7, 8]].astype(np.int64).T
    onset = np.maximum(written - before * GRACE_TICKS, 0)
    end = np.maximum(np.where(before > 0, onset + GRACE_TICKS, end), onset)

    marked = bool(reading.dynamics or reading.wedges) or bool((own > 0).any())
    velocity = np.full(len(notes), PLAIN_VELOCITY)
    if marked:
        for index in range(len(reading.instruments)):
            at = track == index
            levels = _levels(reading, index, written[at], played)
            velocity[at] = np.where(own[at] > 0, own[at], levels)

    end, sounds = _joined(onset, end, pitch, tie, np.array(reading.instruments)[track])
    sounds &= (pitch >= 0) & (pitch <= 127)
    velocity = velocity[sounds]
    return note_table(
        onset[sounds],
        (end - onset)[sounds],
        pitch[sounds],
        velocity,
        track[sounds],
        drum[sounds] > 0,
        ticks_per_quarter=TICKS_PER_QUARTER,
        from_notation=True,
        tempos=tuple(map(np.array, _changes(_tempos(reading), played))),
        meters=_bar_meters(reading.meters, played),
        has_dynamics=marked and len(np.unique(velocity)) > 1,
    )


def _check_times(reading: Reading, notes: np.ndarray) -> None:
    marks = (
        *(reading.tempos, reading.implied_tempos, reading.tempo_ratios, reading.meters),
        *reading.dynamics.values(),
    )
    times = [*reading.lengths, *(abs(offset) for events in marks for _, offset in events)]
    times += [
        abs(end[1]) for wedges in reading.wedges.values() for wedge in wedges for end in wedge[:2]
    ]
    times.append(np.abs(notes[:, 1:3]).sum(axis=1).max(initial=0.0))
    if not np.array(times).max() < MAX_QUARTERS:
        raise ReadError("a bar or a note has no sensible length")


def _sounds_this_time(
    turns: dict[int, tuple[int, ...]], row: np.ndarray, turn: np.ndarray
) -> np.ndarray:
    """(n,) bool: which notes sound, of those that sound at some times of passing only."""
    sounds = np.ones(len(row), bool)
    for one, times in turns.items():
        at = row == one
        sounds[at] = np.isin(turn[at], times)
    return sounds


def _joined(
    onset: np.ndarray, end: np.ndarray, pitch: np.ndarray, tie: np.ndarray, instrument: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the notes after joining ties, and which notes are struck rather than held on."""
    end, struck = end.copy(), np.ones(len(end), bool)
    held: dict[tuple[int, int], list[int]] = defaultdict(list)
    tied = np.flatnonzero(tie)
    for i in tied[np.argsort(onset[tied], kind="stable")].tolist():
        key = (int(instrument[i]), int(pitch[i]))
        heads = [head for head in held[key] if end[head] >= onset[i] - TIE_GAP]
        near = [head for head in heads if end[head] <= onset[i] + TIE_GAP]
        head = i
        if tie[i] != TIES["start"] and near:
            head = near[0]
            heads.remove(head)
            end[head] = max(end[head], end[i])
            struck[i] = False
        held[key] = heads[-MOST_HELD:] + [head] * int(tie[i] != TIES["stop"])
    return end, struck


def _tempos(reading: Reading) -> Events:
    """Tempos by place; those that are said by the one before are worked out."""
    tempos = reading.implied_tempos | reading.tempos
    for place in sorted(reading.tempo_ratios):
        if place not in reading.tempos:
            before = max((other for other in tempos if other < place), default=None)
            tempo = (DEFAULT_TEMPO if before is None else tempos[before]) * reading.tempo_ratios[
                place
            ]
            tempos[place] = min(max(tempo, SLOWEST), FASTEST)
    return tempos


def _changes(events: Events, played: Played) -> tuple[list[int], list[Any]]:
    """Ticks and values of the changes as played; a jump brings back what was in force there."""
    by_bar = _by_bar(events)
    changing = sorted(by_bar)
    jumped = np.append(False, np.diff(played.order) != 1)[: len(played.order)]
    ticks: list[int] = []
    values: list[Any] = []
    for i in np.flatnonzero(jumped | np.isin(played.order, changing)).tolist():
        bar, start = int(played.order[i]), int(played.starts[i])
        changes = by_bar.get(bar, [])
        before = bisect_left(changing, bar)
        if jumped[i] and before:
            changes = [(0.0, by_bar[changing[before - 1]][-1][1]), *changes]
        for offset, value in changes:
            ticks.append(max(start + round(offset * TICKS_PER_QUARTER), 0))
            values.append(value)
    return ticks, values


def _by_bar(events: Events) -> dict[int, list[tuple[float, Any]]]:
    by_bar: dict[int, list[tuple[float, Any]]] = defaultdict(list)
    for (bar, offset), value in sorted(events.items(), key=lambda event: event[0]):
        by_bar[bar].append((offset, value))
    return by_bar


def _bar_meters(meters: Events, played: Played) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ticks, numerators and denominators of time signatures, such that bars begin where they do.

    A bar that is not as long as its meter says (an upbeat, a bar that a repeat sign divides, the
    last) has a signature of its own length, as MuseScore writes it into MIDI.
    """
    written = sorted(meters)
    bars = np.array([bar for bar, _ in written], np.int64)
    values = np.array([DEFAULT_METERS[1:], *(meters[place] for place in written)], np.int64)
    over, under = values[np.searchsorted(bars, played.order, side="right")].T.copy()
    whole = 4 * TICKS_PER_QUARTER
    irregular = (played.lengths * under != over * whole) & (played.lengths > 0)
    for i in np.flatnonzero(irregular).tolist():
        length = int(played.lengths[i])
        while length * under[i] % whole and under[i] < SHORTEST_BEAT:
            under[i] *= 2
        over[i] = -(-length * under[i] // whole)
    exact = played.lengths * under == over * whole
    changes = np.append(True, (np.diff(over) != 0) | (np.diff(under) != 0) | ~exact[:-1])
    changes = changes[: len(over)]
    return played.starts[changes], over[changes], under[changes]


def _levels(reading: Reading, track: int, onset: np.ndarray, played: Played) -> np.ndarray:
    """Velocities under the marks and wedges of an instrument, on whichever staff they stand.

    Of two marks at one place a staff follows its own. A note is struck by marks of its staff alone,
    but on a staff without any mark by all.
    """
    own = reading.instruments[track]
    staves = [other for other, one in enumerate(reading.instruments) if one == own]
    marks: Events = {}
    wedges: list[Wedge] = []
    for other in sorted(staves, key=lambda staff: staff == track):
        marks |= reading.dynamics.get(other, {})
        wedges += reading.wedges.get(other, [])
    holds = {at: HOLD.get(mark, mark) for at, mark in marks.items()}
    holds = {at: level for at, level in holds.items() if isinstance(level, int)}
    strikes_of = reading.dynamics.get(track, marks)
    struck = {at: STRIKE[mark] for at, mark in strikes_of.items() if mark in STRIKE}
    strikes: dict[int, int] = {}
    for (bar, offset), velocity in struck.items():
        for start in played.starts[played.order == bar].tolist():
            strikes[start + round(offset * TICKS_PER_QUARTER)] = velocity
    return velocities(
        onset,
        *_changes(holds, played),
        strikes=strikes,
        wedges=_wedges(wedges, played),
        quarter=TICKS_PER_QUARTER,
    )


def _wedges(wedges: list[Wedge], played: Played) -> list[tuple[int, int, int]]:
    """Begin and end of wedges as played, in ticks, and 1 or -1; a jump ends one."""
    found = []
    for (bar, offset), (last, until), sign in wedges:
        for i in np.flatnonzero(played.order == bar).tolist():
            j = i + max(last - bar, 0)
            if j >= len(played.order) or played.order[j] != last:
                j, until = i, played.lengths[i] / TICKS_PER_QUARTER
            ticks = [round(one * TICKS_PER_QUARTER) for one in (offset, until)]
            found.append((int(played.starts[i]) + ticks[0], int(played.starts[j]) + ticks[1], sign))
    return found
