"""Playback order: bars as played, and tempos, marks and meters in it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from symbolic.notes.playback.reading import SHORTEST_BEAT, Events, Place, Reading
from symbolic.notes.playback.repeats import playing_order
from symbolic.notes.table import DEFAULT_METERS

TICKS_PER_QUARTER = 10080  # 32 × 9 × 5 × 7: triplets, quintuplets and septuplets are exact


@dataclass
class Played:
    """Bars in playback order.

    Attributes:
        order: (b,) int64, index of each written bar.
        starts: (b,) int64, first tick of each.
        lengths: (b,) int64, ticks of each.
    """

    order: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray

    @cached_property
    def by_bar(self) -> tuple[np.ndarray, np.ndarray]:
        """(b,) positions in playback order, sorted by written bar, and (b,) these bars."""
        places = np.argsort(self.order, kind="stable")
        return places, self.order[places]

    def when(self, bar: int) -> list[int]:
        """List the positions of a written bar in playback order."""
        places, bars = self.by_bar
        begin, end = np.searchsorted(bars, (bar, bar + 1))
        return places[begin:end].tolist()

    def turns(self) -> np.ndarray:
        """Count the passes of each written bar: (b,) int64, from 1."""
        places, bars = self.by_bar
        turn = np.empty(len(places), np.int64)
        turn[places] = np.arange(len(places)) - np.searchsorted(bars, bars) + 1
        return turn


def played_bars(reading: Reading) -> Played:
    """Place the bars of a reading in playback order."""
    lengths = np.rint(np.array(reading.lengths) * TICKS_PER_QUARTER).astype(np.int64)
    order = np.array(playing_order(reading.bars), np.int64)
    return Played(order, np.cumsum(lengths[order]) - lengths[order], lengths[order])


def ticks_of(place: Place, start: int) -> int:
    """Return the tick of a place in a bar that begins at `start`, at least 0."""
    return max(start + round(place[1] * TICKS_PER_QUARTER), 0)


def changes_of(events: Events, default: Any, played: Played) -> tuple[list[int], list[Any]]:
    """Compute ticks and values of changes in playback order.

    After a jump, the last written value before its target holds again; before the first change, the
    default.
    """
    by_bar: dict[int, list[tuple[Place, Any]]] = {}
    for place, value in sorted(events.items(), key=lambda event: event[0]):
        by_bar.setdefault(place[0], []).append((place, value))
    changing = list(by_bar)
    jumped = np.append(False, np.diff(played.order) != 1)[: len(played.order)]
    ticks: list[int] = []
    values: list[Any] = []
    for i in np.flatnonzero(jumped | np.isin(played.order, changing)).tolist():
        bar, start = int(played.order[i]), int(played.starts[i])
        here = [(ticks_of(place, start), value) for place, value in by_bar.get(bar, ())]
        if jumped[i] and ticks and not (here and here[0][0] <= start):
            before = bisect_left(changing, bar)
            here.insert(0, (start, by_bar[changing[before - 1]][-1][1] if before else default))
        for tick, value in here:
            ticks.append(tick)
            values.append(value)
    return ticks, values


def bar_meters(meters: Events, played: Played) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute ticks, numerators and denominators of time signatures that match the bars.

    A bar whose length differs from its meter (an upbeat, a bar divided by a repeat sign, the last
    bar) gets a signature of its own length, as in the MIDI export of MuseScore.
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


def meter_lengths(reading: Reading) -> list[float]:
    """Return the length in quarters of each bar by its meter."""
    over, under = DEFAULT_METERS[1:]
    lengths: list[float] = []
    for (bar, _), meter in sorted(reading.meters.items()):
        lengths += [4 * over / under] * (bar - len(lengths))
        over, under = meter
    return lengths + [4 * over / under] * (len(reading.lengths) - len(lengths))
