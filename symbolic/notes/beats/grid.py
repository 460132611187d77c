"""Metrical units: boundaries of bars and beats in seconds."""

from __future__ import annotations

import numpy as np

from symbolic.notes.beats.tracking import USUAL_PERIOD, has_beats, track_beats
from symbolic.notes.table import NoteTable, ReadError, ticks_to_seconds

METRICAL_UNITS = ("bar", "beat")
MAX_METRICAL_UNITS = 50_000  # of a piece; more result from damaged signatures or ticks


def metrical_edges(notes: NoteTable, unit: str) -> np.ndarray:
    """Compute the boundaries of the units "bar" or "beat".

    A time signature begins a new bar, as in notation; beats are its denominators: six eighths in
    6/8. The default is 4/4. Tables of notation have a signature at each bar of irregular length, so
    that upbeats and divided bars are bars of their own. Performances recorded with a click have a
    nearly constant offset from the beats of the file: beats are shifted by the circular mean of the
    onsets' phases within beats, weighted by velocity. Beats of other performances, whose notes are
    nowhere near those of the file, are tracked (`symbolic.notes.beats.tracking`).

    Returns:
        (U + 1,) float64 seconds, ascending, from 0 to the end of the unit with the last onset; at
        least one unit.

    Raises:
        ValueError: an unknown unit.
        ReadError: more than `MAX_METRICAL_UNITS` units.
    """
    if unit not in METRICAL_UNITS:
        raise ValueError(f"unknown unit {unit!r}; choose from {', '.join(METRICAL_UNITS)}")
    if unit == "beat" and not has_beats(notes):
        return _tracked_edges(notes)
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


def _tracked_edges(notes: NoteTable) -> np.ndarray:
    """Continue tracked beats to the beginning and beyond the last onset: (U + 1,) seconds."""
    beats = track_beats(notes)
    steps = np.diff(beats)
    first, last = (steps[0], steps[-1]) if len(steps) else (USUAL_PERIOD, USUAL_PERIOD)
    earlier = np.arange(beats[0] - first, 0, -first)[::-1]
    end = float(notes.onset.max())
    count = max(int((end - beats[-1]) / last), 0) + 1
    later = beats[-1] + last * np.arange(1, count + 1)
    edges = np.concatenate([earlier, beats, later])
    if len(edges) > MAX_METRICAL_UNITS:
        raise ReadError(f"{len(edges)} beats: more than {MAX_METRICAL_UNITS}")
    edges = np.append(0, edges[edges > 0])
    return edges[: edges.searchsorted(end, side="right") + 1]


def _grid(notes: NoteTable, unit: str, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (U,) first ticks of units up to the tick `last`, and (U,) lengths in ticks."""
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
    """Return the circular mean of the onsets' phases within beats, in -0.5..0.5 of a beat."""
    number = ticks.searchsorted(notes.onset_ticks, side="right") - 1
    place = (notes.onset_ticks - ticks[number]) / np.diff(ticks)[number]
    mean = np.vdot(notes.velocity, np.exp(2j * np.pi * place))
    return float(np.angle(mean) / (2 * np.pi))
