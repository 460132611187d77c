"""Plot of emotion over time, with the piano roll."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symbolic.notes import ReadError
from symbolic.notes.beats import metrical_edges
from symbolic.notes.keys import parse_key
from symbolic.reports.plane import COLOURS
from symbolic.tasks import QUADRANT_WORDS, QUADRANTS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from symbolic.notes import NoteTable
    from symbolic.scoring.keys.timelines import LocalKey

LINES = {"arousal": ("0.1", "-"), "valence": ("#cc79a7", "--")}
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
BARS = (1, 2, 4, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
MOST_TICKS = 12
NARROW = 1 / 1500  # minimal width of a note, relative to the time axis
RASTERISED = 3000  # notes: more are rasterised in a .pdf or .svg, which then opens quickly
FAINTEST = 0.15  # opacity of a quadrant at chance level
CHANCE = 0.25
MINOR = 12  # the number of the first minor key
WIDTH = 0.0085  # of a letter of a key's name, relative to the time axis


def timeline_plot(
    notes: NoteTable,
    table: pd.DataFrame,
    path: str | Path,
    title: str = "",
    keys: Sequence[LocalKey] = (),
) -> None:
    """Plot valence, arousal, quadrants and keys over time, and the piano roll.

    Each prediction is a point at the centre of its window, with a faint line over the window.
    The opacity of a quadrant is its confidence; each covers the times that are closer to the
    centre of its window than to other centres. Windows in which no note begins have no prediction.
    Bars are numbered for notation only: in the order of playback, repeats included, from 1,
    upbeat included.

    Args:
        notes: the piece; its drums are left out.
        table: its rows from `symbolic.scoring.timeline.timeline`.
        path: file to write; the suffix decides the format.
        title: of the plot.
        keys: over time; none leaves their strip out. Keys near one another on the circle of fifths
            have similar hues, minor keys are hatched.

    Raises:
        ValueError: a table without predictions, or a format that matplotlib does not write.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    if not table["quadrant"].notna().to_numpy(bool).any():
        raise ValueError("no window has a prediction")
    end = max(notes.seconds, float(table["end"].to_numpy(float).max()))
    figure = Figure(figsize=(11, 6.2), layout="constrained")
    heights = (4, 0.55, 0.55, 5) if keys else (4, 0.55, 5)
    lines, strip, *between, roll = figure.subplots(
        len(heights), 1, sharex=True, height_ratios=heights
    )
    _lines(lines, table)
    _strip(strip, table)
    for axes in between:
        key_strip(axes, keys, end)
    shown = _roll(roll, notes.pitched(), end)
    if shown is not None:
        bar = figure.colorbar(shown, ax=roll, label="velocity", pad=0.01, aspect=18)
        bar.outline.set_visible(False)
    roll.set_xlim(0, end)
    _clock(roll, end)
    if notes.from_notation:
        _bars(lines, notes)
    for axes in (lines, strip, *between, roll):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, fontsize=13, parse_math=False, wrap=True)
    handles, labels = lines.get_legend_handles_labels()
    handles += [Line2D([], [], color="0.6", linewidth=1)]
    handles += [Patch(color=COLOURS[quadrant]) for quadrant in QUADRANTS]
    labels += ["window", *(f"{quadrant} {QUADRANT_WORDS[quadrant]}" for quadrant in QUADRANTS)]
    place = {"loc": "outside lower center", "ncols": 7}
    figure.legend(handles, labels, frameon=False, fontsize=9, **place)
    figure.savefig(path, dpi=150)


def _lines(axes: Axes, table: pd.DataFrame) -> None:
    """Plot valence and arousal at the centres of windows, and the extents of windows."""
    start, end = table["start"].to_numpy(float), table["end"].to_numpy(float)
    middle = (start + end) / 2
    axes.axhline(0, color="0.75", linewidth=0.8)
    sparse = len(table) <= 60
    for name, (colour, style) in LINES.items():
        values = table[name].to_numpy(float)
        axes.hlines(
            values, start, end, color=colour, alpha=0.35 if sparse else 0.2, linewidth=1, zorder=1
        )
        axes.plot(
            middle,
            values,
            style,
            color=colour,
            linewidth=1.8,
            marker="o" if sparse else None,
            markersize=3.5,
            label=name,
            zorder=3,
        )
    axes.set(ylim=(-1.05, 1.05), ylabel="valence, arousal")
    axes.set_yticks([-1, -0.5, 0, 0.5, 1], ["-1", "", "0", "", "1"])
    axes.tick_params(axis="x", labelbottom=False)


def _strip(axes: Axes, table: pd.DataFrame) -> None:
    """Plot a cell for each window, in the colour of its quadrant."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba_array

    start, end = table["start"].to_numpy(float), table["end"].to_numpy(float)
    middle = (start + end) / 2
    edges = np.concatenate([start[:1], (middle[:-1] + middle[1:]) / 2, end[-1:]])
    found = table["quadrant"].notna().to_numpy(bool)
    quadrants = table["quadrant"].to_numpy(object)[found]
    colours = to_rgba_array([COLOURS[quadrant] for quadrant in quadrants])
    confidence = (table["confidence"].to_numpy(float)[found] - CHANCE) / (1 - CHANCE)
    colours[:, 3] = FAINTEST + (1 - FAINTEST) * np.clip(confidence, 0, 1)
    cells = _rectangles(edges[:-1][found], edges[1:][found], 0, 1)
    axes.add_collection(PolyCollection(cells, facecolors=colours, linewidths=0))
    axes.set(ylim=(0, 1), yticks=[])
    axes.set_ylabel("quadrant", rotation=0, ha="right", va="center")
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.spines[:].set_visible(False)


def key_strip(axes: Axes, keys: Sequence[LocalKey], end: float) -> None:
    """Plot a cell for each key, with its name where there is room.

    Args:
        axes: to plot in.
        keys: over time.
        end: seconds of the time axis.
    """
    from matplotlib.colors import hsv_to_rgb

    for one in keys:
        number = parse_key(one.key)
        minor = number >= MINOR
        fifths = (number + 3 if minor else number) * 7 % 12  # from the major key of its signature
        colour = hsv_to_rgb((fifths / 12, 0.3, 0.95))
        until = max(one.end, one.start + end * NARROW)
        axes.axvspan(
            *(one.start, until),
            facecolor=colour,
            edgecolor="0.45" if minor else "none",
            linewidth=0,
            hatch="////" if minor else None,
        )
        axes.axvline(one.start, color="0.2", linewidth=0.8)
        share = (one.end - one.start) / end
        words = [one.key, one.key.split()[0], ""]
        text = next(word for word in words if len(word) * WIDTH <= share or not word)
        middle = (one.start + one.end) / 2
        box = {"facecolor": colour, "edgecolor": "none", "pad": 1}
        if text:
            axes.text(middle, 0.5, text, ha="center", va="center", fontsize=8, bbox=box)
    axes.set(ylim=(0, 1), yticks=[])
    axes.set_ylabel("key", rotation=0, ha="right", va="center")
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.spines[:].set_visible(False)


def _roll(axes: Axes, notes: NoteTable, end: float):
    """Plot the piano roll; return its collection for a colour bar, None without dynamics."""
    from matplotlib import colormaps
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import ListedColormap

    order = notes.velocity.argsort(kind="stable")  # loud notes in front
    onset, pitch = notes.onset[order], notes.pitch[order]
    until = onset + np.maximum(notes.duration[order], end * NARROW)
    cells = _rectangles(onset, until, pitch - 0.45, pitch + 0.45)
    collection = PolyCollection(cells, linewidths=0, rasterized=len(notes) > RASTERISED)
    if notes.has_dynamics:
        shades = ListedColormap(colormaps["magma_r"](np.linspace(0.15, 1, 127)), "velocity")
        collection.set(array=notes.velocity[order], cmap=shades, clim=(1, 127))
    else:
        collection.set_facecolor("0.3")
    axes.add_collection(collection)
    low, high = int(pitch.min()), int(pitch.max())
    room = max(12 - (high - low), 0) / 2 + 1.5
    axes.set(ylim=(low - room, high + room), ylabel="pitch")
    octaves = np.arange(0, 128, 12)
    shown = octaves[(octaves > low - room) & (octaves < high + room)]
    axes.set_yticks(shown, [f"C{c // 12 - 1}" for c in shown])
    axes.grid(axis="y", color="0.9", linewidth=0.7)
    axes.set_axisbelow(True)
    return collection if notes.has_dynamics else None


def _rectangles(left: np.ndarray, right: np.ndarray, bottom, top) -> list[np.ndarray]:
    """(n, 4, 2) corners of rectangles, as a list for matplotlib."""
    left, right, bottom, top = np.broadcast_arrays(left, right, bottom, top)
    corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
    return list(np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1))


def _clock(axes: Axes, end: float) -> None:
    """Label the time axis with round seconds, minutes or hours."""
    step = next((step for step in STEPS if end / step <= MOST_TICKS), STEPS[-1])
    times = np.arange(0, end + step / 1000, step).astype(int).tolist()
    units, labels = "seconds", [str(t) for t in times]
    if end >= 3600:
        units = "hours:minutes:seconds"
        labels = [f"{t // 3600}:{t // 60 % 60:02}:{t % 60:02}" for t in times]
    elif end >= 60:
        units, labels = "minutes:seconds", [f"{t // 60}:{t % 60:02}" for t in times]
    axes.set_xticks(times, labels)
    axes.set_xlabel(f"time ({units})")


def _bars(axes: Axes, notes: NoteTable) -> None:
    """Number the bars at their beginnings, above the plot."""
    try:
        edges = metrical_edges(notes, "bar")
    except ReadError:  # too many bars
        return
    bars = len(edges) - 1
    step = next((step for step in BARS if bars / step <= MOST_TICKS), BARS[-1])
    numbers = np.unique([1, *range(step, bars + 1, step)])
    if len(numbers) > 1 and step > 1 and edges[numbers[1] - 1] < edges[-1] / 25:
        numbers = np.delete(numbers, 1)  # too close to the first
    above = axes.secondary_xaxis("top")
    above.set_xticks(edges[numbers - 1], [str(number) for number in numbers])
    above.set_xlabel("bar (with repeats)")
