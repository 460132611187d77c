"""Bars and beats of a piece: when they begin and end."""

from __future__ import annotations

import numpy as np

from symbolic.notes.table import NoteTable, ReadError, ticks_to_seconds

METRICAL_UNITS = ("bar", "beat")
MAX_METRICAL_UNITS = 50_000
"""Units of one piece. More are no music, but signatures or ticks gone wrong."""


def metrical_edges(notes: NoteTable, unit: str) -> np.ndarray:
    """When bars or beats begin and end.

    A time signature begins a new bar, as in notation; beats are what it counts: of 6/8 six eighths.
    Without one it is 4/4. Tables of scores have one at each bar that is not as long as its meter
    says, so that upbeats and divided bars are bars of their own. Where music was not written but
    played to a click, or to none, its notes are off the grid of the file by a part of a beat that
    hardly changes: beats are then moved to where notes begin, by the mean direction of the notes'
    places within beats, the loud ones more.

    Args:
        notes: the piece.
        unit: "bar" or "beat".

    Returns:
        (U + 1,) float64 seconds, rising, from the beginning of the piece until the last note has
        begun; at least one unit.

    Raises:
        ValueError: another unit.
        ReadError: more than `MAX_METRICAL_UNITS` of them.
    """
    if unit not in METRICAL_UNITS:
        raise ValueError(f"no unit {unit!r}; there are {', '.join(METRICAL_UNITS)}")
    last = int(notes.onset_ticks.max()) if len(notes) else 0
    ticks, lengths = _grid(notes, unit, last)
    ticks = np.append(ticks, ticks[-1] + lengths[-1] * np.arange(1, 3))
    if unit == "beat" and len(notes) and not notes.from_notation:
        ticks = ticks + _phase(notes, ticks) * np.median(lengths)
    ticks = np.append(0, ticks[ticks > 0])
    end = ticks.searchsorted(last, side="right")
    return ticks_to_seconds(
        ticks[: end + 1], notes.tempo_ticks, notes.tempo, notes.ticks_per_quarter
    )


def _grid(notes: NoteTable, unit: str, last: int) -> tuple[np.ndarray, np.ndarray]:
    """(U,) ticks at which units begin, up to the tick `last`, and how long they are."""
    starts, over, under = notes.meter_ticks, notes.meter_numerator, notes.meter_denominator
    if not len(starts) or starts[0] > 0:
        starts, over, under = (
            np.append(first, rest)
            for first, rest in zip((0, 4, 4), (starts, over, under), strict=True)
        )
    beats = np.maximum(over, 1) if unit == "bar" else 1
    lengths = np.maximum(beats * 4 * notes.ticks_per_quarter // np.maximum(under, 1), 1)
    kept = starts <= last
    starts, lengths = starts[kept], lengths[kept]
    counts = -(-(np.append(starts[1:], last + 1) - starts) // lengths)
    if counts.sum() > MAX_METRICAL_UNITS:
        raise ReadError(f"{counts.sum()} {unit}s: more than {MAX_METRICAL_UNITS}")
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    lengths = np.repeat(lengths, counts)
    return np.repeat(starts, counts) + within * lengths, lengths


def _phase(notes: NoteTable, ticks: np.ndarray) -> float:
    """-0.5..0.5 of a beat: where in beats notes begin on average."""
    number = ticks.searchsorted(notes.onset_ticks, side="right") - 1
    place = (notes.onset_ticks - ticks[number]) / np.diff(ticks)[number]
    mean = np.vdot(notes.velocity, np.exp(2j * np.pi * place))
    return float(np.angle(mean) / (2 * np.pi))
