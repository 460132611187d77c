"""From bars as they are written to bars as they are played, and what changes in them."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from symbolic.notes.playback.reading import SHORTEST_BEAT, Events, Place, Reading
from symbolic.notes.table import DEFAULT_METERS

TICKS_PER_QUARTER = 10080  # 32 × 9 × 5 × 7: holds triplets, quintuplets and septuplets exactly


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

    @cached_property
    def by_bar(self) -> tuple[np.ndarray, np.ndarray]:
        """(b,) places in the order of playing, sorted by written bar, and (b,) these bars."""
        places = np.argsort(self.order, kind="stable")
        return places, self.order[places]

    def when(self, bar: int) -> list[int]:
        """Places in the order of playing at which a written bar stands."""
        places, bars = self.by_bar
        begin, end = np.searchsorted(bars, (bar, bar + 1))
        return places[begin:end].tolist()

    def turns(self) -> np.ndarray:
        """(b,) int64: the how manieth time it is, from 1, that a written bar is played."""
        places, bars = self.by_bar
        turn = np.empty(len(places), np.int64)
        turn[places] = np.arange(len(places)) - np.searchsorted(bars, bars) + 1
        return turn


def ticks_of(place: Place, start: int) -> int:
    """The tick of a place in a bar that begins at `start`; not before 0."""
    return max(start + round(place[1] * TICKS_PER_QUARTER), 0)


def changes_of(events: Events, default: Any, played: Played) -> tuple[list[int], list[Any]]:
    """Ticks and values of changes as played.

    Where a jump leads, what was in force there comes back; before the first change that is the
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
        here = by_bar.get(bar, ())
        at_once = here and ticks_of(here[0][0], start) <= start
        if jumped[i] and ticks and not at_once:
            before = bisect_left(changing, bar)
            ticks.append(start)
            values.append(by_bar[changing[before - 1]][-1][1] if before else default)
        for place, value in here:
            ticks.append(ticks_of(place, start))
            values.append(value)
    return ticks, values


def bar_meters(meters: Events, played: Played) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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


def meter_lengths(reading: Reading) -> list[float]:
    """Return the quarters that each bar lasts by its meter."""
    over, under = DEFAULT_METERS[1:]
    lengths: list[float] = []
    for (bar, _), meter in sorted(reading.meters.items()):
        lengths += [4 * over / under] * (bar - len(lengths))
        over, under = meter
    return lengths + [4 * over / under] * (len(reading.lengths) - len(lengths))
