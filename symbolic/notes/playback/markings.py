"""Marks of a `Reading` as they are played: at each playing of their bar."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from symbolic.notes.playback.playing import played_bars, ticks_of
from symbolic.notes.playback.reading import BAR_END, Reading


class PlayedMarks(NamedTuple):
    """Marks and bars in playback order.

    Attributes:
        marks: tick, kind and text, in the order of their ticks, each once.
        edges: (b + 1,) int64, ticks at which bars begin, and the end of the last.
        written: (b,) int64, index of the written bar that is played in each.
    """

    marks: list[tuple[int, str, str]]
    edges: np.ndarray
    written: np.ndarray


def played_marks(reading: Reading) -> PlayedMarks:
    """Place the marks of a reading, which `sounding` has accepted, under its repeats and jumps.

    A place from which the score goes back, by a repeat or a jump, has a mark `repeat` as well.
    """
    played = played_bars(reading)
    ends = played.starts + played.lengths
    found: dict[tuple[int, str, str], None] = {}
    for (bar, offset), kind, text in reading.marks:
        for i in played.when(bar):
            start = int(played.starts[i])
            tick = int(ends[i]) if offset == BAR_END else ticks_of((bar, offset), start)
            found[tick, kind, " ".join(text.split())] = None
    back = np.flatnonzero(np.diff(played.order) < 1) + 1
    found |= {(tick, "repeat", ""): None for tick in played.starts[back].tolist()}
    kept = played.lengths > 0
    edges = np.append(played.starts[kept], ends[-1:] if kept.any() else 0)
    marks = sorted(found, key=lambda mark: mark[0])
    return PlayedMarks(marks, edges, played.order[kept])
