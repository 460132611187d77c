"""Conversion of a `Reading` to sounding notes: playback order, ties, dynamics and tempos."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from itertools import chain

import numpy as np

from symbolic.notes.playback.dynamics import staff_velocities
from symbolic.notes.playback.playing import (
    TICKS_PER_QUARTER,
    Played,
    bar_meters,
    changes_of,
    played_bars,
)
from symbolic.notes.playback.reading import (
    FASTEST,
    MAX_BAR_QUARTERS,
    MAX_TRACKS,
    SLOWEST,
    TIES,
    Events,
    Reading,
)
from symbolic.notes.table import DEFAULT_TEMPO, MAX_NOTES, NoteTable, ReadError, note_table

GRACE_TICKS = TICKS_PER_QUARTER // 8
TIE_GAP = TICKS_PER_QUARTER // 8  # ties are joined across rounding errors, not across rests
MAX_HELD = 64  # open ties of one pitch in an instrument
DEFAULT_VELOCITY = 64  # of all notes of a score without dynamics
MAX_TURNS = 62  # highest pass that a note may specify: one bit each


def sounding(reading: Reading) -> NoteTable:
    """Convert a reading to sounding notes: repeats played, ties joined, with dynamics and tempos.

    Raises:
        ReadError: a bar or a note of invalid length, a tempo that is not positive, more than
            `MAX_NOTES` notes as played, or more than `MAX_TRACKS` staves.
    """
    notes = np.fromiter(
        chain.from_iterable(reading.notes), np.float64, 9 * len(reading.notes)
    ).reshape(-1, 9)
    _check(reading, notes)
    played = played_bars(reading)
    order, starts = played.order, played.starts

    row = np.argsort(notes[:, 0], kind="stable")
    edges = np.searchsorted(notes[row, 0], np.arange(len(reading.lengths) + 1))
    counts = np.diff(edges)[order]
    if counts.sum() > MAX_NOTES:
        raise ReadError(f"{counts.sum():,} notes as played, more than the {MAX_NOTES:,} read")
    place = np.repeat(np.arange(len(order)), counts)  # position in playback order of each note
    row = row[np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts - edges[order], counts)]
    if reading.turns:
        sounds = _sounds_this_time(reading, row, played.turns()[place])
        row, place = row[sounds], place[sounds]
    notes = notes[row]
    shift = starts[place]
    written = shift + np.rint(notes[:, 1] * TICKS_PER_QUARTER).astype(np.int64)
    end = shift + np.rint((notes[:, 1] + notes[:, 2]) * TICKS_PER_QUARTER).astype(np.int64)
    pitch = np.floor(np.clip(notes[:, 4], -1, 128) + 0.5).astype(np.int64)
    before, tie, track, drum, own = notes[:, [3, 5, 6, 7, 8]].astype(np.int64).T
    onset = np.maximum(written - before * GRACE_TICKS, 0)
    end = np.maximum(np.where(before > 0, onset + GRACE_TICKS, end), onset)

    marked = bool(reading.levels or reading.strikes or reading.wedges) or bool((own > 0).any())
    velocity = np.full(len(notes), DEFAULT_VELOCITY)
    if marked:
        velocity = np.where(own > 0, own, _velocities(reading, written, track, played))
    end, sounds = _joined(onset, end, pitch, tie, np.array(reading.instruments)[track])
    sounds &= (pitch >= 0) & (pitch <= 127)
    velocity = velocity[sounds]
    ticks, tempos = changes_of(_tempos(reading), DEFAULT_TEMPO, played)
    return note_table(
        onset[sounds],
        (end - onset)[sounds],
        pitch[sounds],
        velocity,
        track[sounds],
        drum[sounds] > 0,
        ticks_per_quarter=TICKS_PER_QUARTER,
        from_notation=True,
        tempos=(np.array(ticks), np.array(tempos)),
        meters=bar_meters(reading.meters, played),
        has_dynamics=marked and len(np.unique(velocity)) > 1,
    )


def _check(reading: Reading, notes: np.ndarray) -> None:
    """Raise `ReadError` for times or sizes beyond the limits."""
    if len(reading.instruments) > MAX_TRACKS:
        raise ReadError(f"{len(reading.instruments)} staves, more than the {MAX_TRACKS} read")
    times = [*reading.lengths, *(abs(offset) for _, offset in reading.places())]
    times.append(np.abs(notes[:, 1:3]).sum(axis=1).max(initial=0.0))
    if not np.array(times).max() < MAX_BAR_QUARTERS:
        raise ReadError("a bar or a note has an invalid length")


def _sounds_this_time(reading: Reading, row: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Return a (n,) mask of the notes that sound on their pass."""
    allowed = np.full(len(reading.notes), -1, np.int64)  # a bit for each pass
    for note, turns in reading.turns.items():
        allowed[note] = sum({1 << min(time, MAX_TURNS) for time in turns})
    return (allowed[row] >> np.minimum(turn, MAX_TURNS)) & 1 > 0


def _velocities(
    reading: Reading, written: np.ndarray, track: np.ndarray, played: Played
) -> np.ndarray:
    """Compute (n,) velocities under dynamic marks and wedges from (n,) written ticks."""
    staves: dict[int, list[int]] = defaultdict(list)
    for index, instrument in enumerate(reading.instruments):
        staves[instrument].append(index)
    order = np.lexsort((written, track))
    edges = np.searchsorted(track[order], np.arange(len(reading.instruments) + 1))
    velocity = np.empty(len(written), np.int64)
    for index, instrument in enumerate(reading.instruments):
        at = order[edges[index] : edges[index + 1]]
        if len(at):
            together = staves[instrument]
            velocity[at] = staff_velocities(reading, index, together, played, written[at])
    return velocity


def _joined(
    onset: np.ndarray, end: np.ndarray, pitch: np.ndarray, tie: np.ndarray, instrument: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Join ties: return the ends of the notes, and a mask of notes that are struck, not held on."""
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
        held[key] = heads[-MAX_HELD:] + [head] * int(tie[i] != TIES["stop"])
    return end, struck


def _tempos(reading: Reading) -> Events:
    """Return tempos by place, with those relative to the previous or the first one resolved."""
    tempos = reading.implied_tempos | reading.tempos
    relative = {*reading.tempo_ratios, *reading.first_tempos}.difference(reading.tempos)
    if not relative:
        return tempos
    places = sorted(tempos)
    first = tempos[places[0]] if places else DEFAULT_TEMPO
    resolved: Events = {}
    last = (-1, 0.0)  # place of the last relative tempo
    for place in sorted(relative):
        found = bisect_right(places, place) - 1
        before = tempos[places[found]] if found >= 0 else DEFAULT_TEMPO
        if last in resolved and (found < 0 or places[found] < last):
            before = resolved[last]
        tempo = before * reading.tempo_ratios.get(place, 1.0)
        if place in reading.first_tempos:
            tempo = first
        resolved[place] = min(max(tempo, SLOWEST), FASTEST)
        last = place
    return tempos | resolved
