"""Columns of symusic's lists of notes and tempos, without a Python loop.

The pickled state of a list is its length in 4 bytes, then its items as in memory. Reading columns
from it takes a third of the time of symusic's `numpy()`, the fallback where a release of symusic
has another state.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from symusic.core import NoteTickList, TempoTickList

LAST_TICK = 2**31 - 1  # of a symusic score, whose times have 32 bits


def note_columns(lists: Sequence[NoteTickList]) -> tuple[np.ndarray, ...]:
    """Concatenate onsets, durations, pitches and velocities of lists of notes in ticks.

    Returns:
        (n,) each: int32 ticks twice, and int8 twice.
    """
    if not lists:
        return tuple(np.zeros(0, kind) for kind in (np.int32, np.int32, np.int8, np.int8))
    notes = lists[0]
    if states_are_known(type(notes), _NOTE):
        if len(lists) == 1:
            columns = np.frombuffer(notes.__getstate__(), _NOTE, offset=4)
        else:
            columns = np.frombuffer(b"".join([notes.__getstate__()[4:] for notes in lists]), _NOTE)
    else:
        notes = type(notes)()
        for part in lists:
            notes.extend(part)
        columns = notes.numpy()
    return columns["time"], columns["duration"], columns["pitch"], columns["velocity"]


def tempo_columns(tempos: TempoTickList) -> tuple[np.ndarray, np.ndarray]:
    """Return (t,) int32 ticks and microseconds per quarter of a list of tempos in ticks."""
    if states_are_known(type(tempos), _TEMPO):
        columns = np.frombuffer(tempos.__getstate__(), _TEMPO, offset=4)
    else:
        columns = tempos.numpy()
    return columns["time"], columns["mspq"]


@cache
def states_are_known(kind: type, layout: np.dtype) -> bool:
    """Return whether the pickled state of a list class has items of this layout."""
    names, items = layout.names or (), np.zeros(3, layout)
    for i, name in enumerate(names):
        items[name] = np.roll([np.iinfo(layout[name]).max, 1, 100], i)
    state = kind.from_numpy(*(items[name].copy() for name in names)).__getstate__()
    if not isinstance(state, bytes) or len(state) != 4 + items.nbytes:
        return False
    return np.array_equal(np.frombuffer(state, layout, offset=4), items)


_NOTE = np.dtype(
    [("time", "<i4"), ("duration", "<i4"), ("pitch", "i1"), ("velocity", "i1")], align=True
)
_TEMPO = np.dtype([("time", "<i4"), ("mspq", "<i4")])
