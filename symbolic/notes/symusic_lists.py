"""Columns of symusic's lists of notes and tempos, without a Python loop.

A list is pickled as its length in 4 bytes and then its items as they lie in memory. Read from
there, columns cost a third of what symusic takes to give them. Where a release of symusic pickles
otherwise, its own columns are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from symusic.core import NoteTickList, TempoTickList

LAST_TICK = 2**31 - 1
"""The last tick of a symusic score, whose times have 32 bits."""


def note_columns(lists: Sequence[NoteTickList]) -> tuple[np.ndarray, ...]:
    """Onsets, durations, pitches and velocities of lists of notes in ticks, end to end.

    (n,) each: int32 ticks twice, and int8 twice.
    """
    if not lists:
        return tuple(np.zeros(0, kind) for kind in (np.int32, np.int32, np.int8, np.int8))
    notes = lists[0]
    if states_are_known(type(notes), _NOTE):
        if len(lists) == 1:
            columns = np.frombuffer(notes.__getstate__(), _NOTE, offset=4)
        else:
            columns = np.frombuffer(b"".join([one.__getstate__()[4:] for one in lists]), _NOTE)
    else:
        notes = type(notes)()
        for one in lists:
            notes.extend(one)
        columns = notes.numpy()
    pitch, velocity = columns["pitch"], columns["velocity"]
    return columns["time"], columns["duration"], pitch.copy(), velocity.copy()


def tempo_columns(tempos: TempoTickList) -> tuple[np.ndarray, np.ndarray]:
    """Ticks, and microseconds of a quarter, of a list of tempos in ticks; (t,) int32 each."""
    if states_are_known(type(tempos), _TEMPO):
        columns = np.frombuffer(tempos.__getstate__(), _TEMPO, offset=4)
    else:
        columns = tempos.numpy()
    return columns["time"], columns["mspq"]


@cache
def states_are_known(kind: type, layout: np.dtype) -> bool:
    """Whether lists of a class of symusic's are pickled with items of a layout."""
    names, columns = layout.names or (), []
    for i, name in enumerate(names):
        bounds = np.iinfo(layout[name])
        columns.append(np.roll(np.array([bounds.max, 1, 100], layout[name]), i))
    items = kind.from_numpy(*columns)
    state = items.__getstate__()
    if not isinstance(state, bytes) or len(state) != 4 + len(items) * layout.itemsize:
        return False
    found = np.frombuffer(state, layout, offset=4)
    return all(
        np.array_equal(found[name], column) for name, column in zip(names, columns, strict=True)
    )


_NOTE = np.dtype(
    {
        "names": ["time", "duration", "pitch", "velocity"],
        "formats": ["<i4", "<i4", "i1", "i1"],
        "offsets": [0, 4, 8, 9],
        "itemsize": 12,
    }
)
_TEMPO = np.dtype([("time", "<i4"), ("mspq", "<i4")])
