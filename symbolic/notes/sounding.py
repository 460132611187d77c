"""From a score as it is written to notes as they sound, without music21.

A reader takes a score apart into a `Reading`; here its bars are put in the order they are played,
its ties joined, and its dynamics and tempos followed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbolic.notes.repeats import Bar, playing_order
from symbolic.notes.table import NoteTable, ReadError, note_table

TICKS_PER_QUARTER = 10080  # 32 × 9 × 5 × 7: holds triplets, quintuplets and septuplets exactly
GRACE_TICKS = TICKS_PER_QUARTER // 8
TIE_GAP = TICKS_PER_QUARTER // 8  # ties are joined over rounding, not over a rest
MOST_HELD = 64  # notes of one pitch that an instrument holds at a time, waiting for a tie to end
MAX_QUARTERS = 10**6  # in a bar, or a note: beyond it ticks overflow

PLAIN_VELOCITY = 64  # of every note in a score without dynamics
SOFT = {"n": 2, "ppppp": 3, "pppp": 6, "ppp": 14, "pp": 24, "p": 40, "mp": 56, "mf": 72}
LOUD = {"pf": 84, "f": 88, "ff": 108, "fff": 118, "ffff": 124, "fffff": 127}
HOLD = SOFT | LOUD | {"fp": 40, "ffp": 40, "fzp": 40, "sfp": 40, "sfpp": 24}
STRIKE = {"fp": 88, "ffp": 108, "fzp": 104, "sfp": 104, "sfpp": 104, "sff": 116, "sffz": 116}
STRIKE |= dict.fromkeys(("sf", "sfz", "fz", "rf", "rfz"), 104)
TIES = {"start": 1, "continue": 2, "stop": 3}

Events = dict[tuple[int, float], Any]  # (bar, offset in it in quarters) -> value


@dataclass
class Reading:
    """A score taken apart: every event with its bar and its offset there, in quarters.

    `notes` holds rows of bar, offset, length, grace notes up to the main note (0: no grace note),
    pitch, tie, track, drum, velocity (0: none of its own).
    """

    lengths: list[float]
    bars: list[Bar]
    instruments: list[int] = field(default_factory=list)  # of each track: staves share theirs
    notes: list[tuple[float, ...]] = field(default_factory=list)
    tempos: Events = field(default_factory=dict)
    implied_tempos: Events = field(default_factory=dict)
    meters: Events = field(default_factory=dict)
    dynamics: dict[int, Events] = field(default_factory=dict)


def sounding(reading: Reading) -> NoteTable:
    """The notes as they sound: repeats played, ties joined, under dynamics and tempos.

    Raises:
        ReadError: a bar or a note of no sensible length, or a tempo that is not positive.
    """
    times = [*reading.lengths, *(abs(row[1]) + abs(row[2]) for row in reading.notes)]
    marks = (reading.tempos, reading.implied_tempos, reading.meters, *reading.dynamics.values())
    times += [abs(offset) for events in marks for _, offset in events]
    if not np.array(times).max() < MAX_QUARTERS:
        raise ReadError("a bar or a note has no sensible length")
    order = np.array(playing_order(reading.bars))
    lengths = np.rint(np.array(reading.lengths) * TICKS_PER_QUARTER).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths[order])[:-1]])

    notes = np.array(reading.notes, dtype=np.float64).reshape(-1, 9)
    notes = notes[np.argsort(notes[:, 0], kind="stable")]
    edges = np.searchsorted(notes[:, 0], np.arange(len(lengths) + 1))
    notes = notes[np.concatenate([np.arange(edges[bar], edges[bar + 1]) for bar in order])]
    shift = np.repeat(starts, np.diff(edges)[order])
    written = shift + np.rint(notes[:, 1] * TICKS_PER_QUARTER).astype(np.int64)
    end = shift + np.rint((notes[:, 1] + notes[:, 2]) * TICKS_PER_QUARTER).astype(np.int64)
    before, pitch, tie, track, drum, own = notes[:, 3:].astype(np.int64).T
    onset = np.maximum(written - before * GRACE_TICKS, 0)
    end = np.maximum(np.where(before > 0, onset + GRACE_TICKS, end), onset)

    marked = bool(reading.dynamics) or bool((own > 0).any())
    velocity = np.full(len(notes), PLAIN_VELOCITY)
    if marked:
        for index in range(len(reading.instruments)):
            at = track == index
            marks = _marks(reading, index)
            velocity[at] = np.where(
                own[at] > 0, own[at], _levels(written[at], marks, order, starts)
            )

    end, sounds = _joined(onset, end, pitch, tie, np.array(reading.instruments)[track])
    sounds &= (pitch >= 0) & (pitch <= 127)
    velocity = velocity[sounds]
    meter_ticks, meters = _played(reading.meters, order, starts)
    return note_table(
        onset[sounds],
        (end - onset)[sounds],
        pitch[sounds],
        velocity,
        track[sounds],
        drum[sounds] > 0,
        ticks_per_quarter=TICKS_PER_QUARTER,
        from_notation=True,
        tempos=_played(reading.implied_tempos | reading.tempos, order, starts),
        meters=(meter_ticks, *meters.reshape(-1, 2).T),
        has_dynamics=marked and len(np.unique(velocity)) > 1,
    )


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


def _played(events: Events, order: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ticks and values of the changes as played; a jump brings back what was in force there."""
    by_bar: dict[int, list[tuple[float, Any]]] = defaultdict(list)
    in_force: dict[int, Any] = {}
    for (bar, offset), value in sorted(events.items(), key=lambda event: event[0]):
        by_bar[bar].append((offset, value))
    value = None
    for bar in range(int(order.max()) + 1):
        in_force[bar] = value
        value = by_bar[bar][-1][1] if by_bar[bar] else value
    ticks, values = [], []
    for i, (bar, start) in enumerate(zip(order.tolist(), starts.tolist(), strict=True)):
        changes = by_bar[bar]
        if i and bar != order[i - 1] + 1 and in_force[bar] is not None:
            changes = [(0.0, in_force[bar]), *changes]
        for offset, value in changes:
            ticks.append(start + round(offset * TICKS_PER_QUARTER))
            values.append(value)
    return np.array(ticks, dtype=np.int64), np.array(values)


def _marks(reading: Reading, track: int) -> Events:
    """The dynamic marks a track follows: its own, or those of its instrument's other staves."""
    if track in reading.dynamics:
        return reading.dynamics[track]
    marks: Events = {}
    for other, events in reading.dynamics.items():
        if reading.instruments[other] == reading.instruments[track]:
            marks |= events
    return marks


def _levels(onset: np.ndarray, marks: Events, order: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Velocity at each onset under the dynamic marks of its part; mf before the first."""
    holds = {at: HOLD[mark] for at, mark in marks.items() if mark in HOLD}
    ticks, levels = _played(holds, order, starts)
    levels = np.concatenate([[HOLD["mf"]], levels]).astype(np.int64)
    velocity = levels[np.searchsorted(ticks, onset, side="right")]
    for (bar, offset), mark in marks.items():
        if mark in STRIKE:
            struck = starts[order == bar] + round(offset * TICKS_PER_QUARTER)
            velocity[np.isin(onset, struck)] = STRIKE[mark]
    return velocity
