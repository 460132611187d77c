"""Windows of a piece as pieces of their own, all in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from itertools import repeat

import numpy as np

from symbolic.notes.table import DEFAULT_METERS, DEFAULT_TEMPOS, NOTE_COLUMNS, NoteTable

UNCHANGED = tuple(name for name in NOTE_COLUMNS if name not in ("onset_ticks", "onset"))
TEMPO_COLUMNS = ("tempo_ticks", "tempo")
METER_COLUMNS = ("meter_ticks", "meter_numerator", "meter_denominator")


def cut_notes(
    notes: NoteTable,
    order: np.ndarray | None,
    first: np.ndarray,
    last: np.ndarray,
    seconds: np.ndarray,
    ticks: np.ndarray,
    steps: list[np.ndarray] | None = None,
    drums: tuple[np.ndarray, np.ndarray] | None = None,
) -> list[NoteTable]:
    """Cut w windows, each of which begins at a bar line; columns that stay as they are are views.

    Args:
        notes: n, of the piece.
        order: (n,) their indices by onset; None where they are in this order. Windows keep the
            order of the piece.
        first, last: (w,) from which to before which of the notes by onset lie in each window, at
            least one.
        seconds, ticks: (w,) of the bar lines. A note that begins earlier begins there.
        steps: of each window, of a `StepTable`.
        drums: (w,) from which to before which of `drum_onset` lie in each window.
    """
    sizes = last - first
    index, own = _joined(first, last)
    parts = {column.name: repeat(getattr(notes, column.name)) for column in fields(notes)}
    if order is None:
        places = _places(first, last)
        parts |= {name: _views(getattr(notes, name), places) for name in UNCHANGED}
    else:
        offsets = (np.arange(len(first)) * len(notes)).repeat(sizes)
        index = np.sort(order[index] + offsets) - offsets
        parts |= {name: _views(getattr(notes, name)[index], own) for name in UNCHANGED}
    onset_ticks, onset = notes.onset_ticks[index], notes.onset[index]
    until = np.maximum.reduceat(onset_ticks + notes.duration_ticks[index], sizes.cumsum() - sizes)
    until[last == len(notes)] = np.iinfo(np.int64).max  # all that follows
    parts["onset_ticks"] = _views(np.maximum(onset_ticks - ticks.repeat(sizes), 0), own)
    parts["onset"] = _views(np.maximum(onset - seconds.repeat(sizes), 0), own)
    for names, default in ((TEMPO_COLUMNS, DEFAULT_TEMPOS), (METER_COLUMNS, DEFAULT_METERS)):
        columns = [getattr(notes, name) for name in names]
        parts |= zip(names, _changes(columns, default, ticks, until), strict=True)
    if drums is not None:
        index, own = _joined(*drums)
        onset = notes.drum_onset[index] - seconds.repeat(drums[1] - drums[0])
        parts["drum_onset"] = _views(np.maximum(onset, 0), own)
        parts["drum_pitch"] = _views(notes.drum_pitch[index], own)
    if steps is not None:
        parts["step_ticks"] = steps
    return list(map(type(notes), *parts.values()))


def cut_ticks(
    values: np.ndarray, first: np.ndarray, last: np.ndarray, ticks: np.ndarray
) -> list[np.ndarray]:
    """Cut (w,) windows out of ticks, counted from the bar line of each; earlier ones are 0.

    Args:
        values: rising ticks.
        first, last: (w,) from which to before which of them lie in each window.
        ticks: (w,) of the bar lines.
    """
    index, own = _joined(first, last)
    return _views(np.maximum(values[index] - ticks.repeat(last - first), 0), own)


def _changes(
    columns: Sequence[np.ndarray], default: tuple[float, ...], ticks: np.ndarray, until: np.ndarray
) -> list[list[np.ndarray]]:
    """Cut changes from (w,) ticks to before others; what holds at the former is first.

    Args:
        columns: ticks and values of the changes.
        default: tick and values of what holds before the first change.
        ticks, until: (w,) of the windows.

    Returns:
        The w parts of each column.
    """
    if not len(columns[0]) or columns[0][0] > 0:
        columns = [np.append(one, column) for one, column in zip(default, columns, strict=True)]
    first = columns[0].searchsorted(ticks, side="right") - 1
    last = np.maximum(columns[0].searchsorted(until), first + 1)
    places = _places(first, last)
    counted = cut_ticks(columns[0], first, last, ticks)
    return [counted, *(_views(column, places) for column in columns[1:])]


def _joined(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, list[slice]]:
    """Return the indices of (w,) ranges, one range after the other, and where each of them is."""
    sizes = last - first
    ends = sizes.cumsum()
    index = np.arange(sizes.sum()) + (first - (ends - sizes)).repeat(sizes)
    return index, _places(ends - sizes, ends)


def _places(first: np.ndarray, last: np.ndarray) -> list[slice]:
    return [slice(*both) for both in zip(first.tolist(), last.tolist(), strict=True)]


def _views(values: np.ndarray, places: list[slice]) -> list[np.ndarray]:
    return [values[place] for place in places]
