"""Plots of a scored corpus as inline SVG, in the text colour of the page."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.notes.keys import KEY_NAMES
from symbolic.reports.corpus.statistics import CONFIDENCES
from symbolic.reports.plane import COLOURS, draw_axes, draw_points
from symbolic.tasks import QUADRANT_WORDS, QUADRANTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#010203"  # replaced by the text colour of the page
MAJOR, MINOR = "#6a6fd0", "#b4688f"
CROWD = 3000  # more pieces than this are plotted as a density
CELLS = 36  # hexagons side by side
FIFTHS = tuple(7 * step % 12 for step in range(-5, 7))
"""Major keys in the order of the circle of fifths, C in the middle, numbered as in `KEY_NAMES`."""
RELATIVE = tuple(12 + (key + 9) % 12 for key in FIFTHS)
"""Their relative minor keys, which have the same key signature."""

STYLE = {
    "svg.fonttype": "none",
    "font.size": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor"), INK),
    **dict.fromkeys(("xtick.color", "ytick.color"), INK),
}


def plane_svg(plane: np.ndarray, quadrants: np.ndarray, description: str) -> str:
    """Plot the valence-arousal plane: a point for each piece, or a density for more than `CROWD`.

    Args:
        plane: (n, 2) valence and arousal in [-1, 1].
        quadrants: (n,) Q1..Q4, the colours of the points; rings are in another quadrant.
        description: of the plot, for screen readers.
    """
    plane = np.asarray(plane, float)
    crowd = len(plane) > CROWD

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        draw_axes(axes, INK)
        if crowd:
            _density(figure, axes, *plane.T)
        else:
            draw_points(axes, plane, quadrants)
        axes.set(xlabel="valence", ylabel="arousal")

    return _svg("plane", (6.2 if crowd else 5.4, 5.4), draw, description)


def _density(figure: Figure, axes: Axes, valence: np.ndarray, arousal: np.ndarray) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, LogNorm

    cells = axes.hexbin(
        valence,
        arousal,
        gridsize=CELLS,
        extent=(-1, 1, -1, 1),
        mincnt=1,
        cmap=ListedColormap(colormaps["viridis"](np.linspace(0.96, 0.12, 64))),
        linewidths=0,
        clip_on=False,
    )
    cells.set_norm(LogNorm(1, max(2, np.asarray(cells.get_array()).max())))
    bar: Any = figure.colorbar(cells, ax=axes, shrink=0.6, aspect=24, format="{x:,.0f}")
    bar.solids.set_rasterized(False)  # the page allows no raster images
    bar.set_label("pieces per cell")
    bar.ax.minorticks_off()
    bar.outline.set_visible(False)


def keys_svg(counts: np.ndarray, description: str) -> str:
    """Plot pieces by key in the order of the circle of fifths, major above the relative minor.

    Args:
        counts: (24,) pieces of each key, in the order of `symbolic.notes.keys.KEY_NAMES`.
        description: of the plot.
    """
    counts = np.asarray(counts)
    places = np.arange(12)

    def draw(figure: Figure) -> None:
        above, below = figure.subplots(2, 1, sharey=True)
        for axes, keys, colour, mode in (
            (above, FIFTHS, MAJOR, "major"),
            (below, RELATIVE, MINOR, "minor"),
        ):
            axes.bar(places, counts[list(keys)], width=0.78, color=colour)
            axes.set_xticks(places, [KEY_NAMES[key].split()[0] for key in keys])
            axes.set_ylabel(f"pieces in {mode}")
            _plain(axes)
        above.set_ylim(0, max(1, counts.max()) * 1.05)

    return _svg("keys", (5.4, 4.3), draw, description)


def confidence_svg(counts: np.ndarray, description: str) -> str:
    """Plot a histogram of pieces by confidence, stacked by quadrant.

    Args:
        counts: (4, 15) pieces of each quadrant in each bin of `CONFIDENCES`.
        description: of the plot.
    """
    counts = np.asarray(counts)
    below = counts.cumsum(axis=0) - counts

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for quadrant, heights, bottoms in zip(QUADRANTS, counts, below, strict=True):
            axes.bar(
                CONFIDENCES[:-1],
                heights,
                bottom=bottoms,
                width=np.diff(CONFIDENCES) * 0.92,
                align="edge",
                color=COLOURS[quadrant],
                label=f"{quadrant} {QUADRANT_WORDS[quadrant]}",
            )
        axes.set(xlim=(0.25, 1), xlabel="probability of the predicted quadrant", ylabel="pieces")
        _plain(axes)
        figure.legend(
            loc="outside upper center",
            ncols=4,
            frameon=False,
            handlelength=0.9,
            handletextpad=0.4,
            columnspacing=1.2,
        )

    return _svg("confidence", (5.4, 4.3), draw, description)


def _plain(axes: Axes) -> None:
    """Draw grid lines at whole numbers of pieces, without frame and ticks."""
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="y", color=INK, alpha=0.12)
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)


def _svg(name: str, size: tuple[float, float], draw: Callable, description: str) -> str:
    """Make a figure as an element of a page, of full width and with reproducible bytes.

    External references are removed; ids begin with the name, so that they are unique in a page.
    """
    import matplotlib.style
    from matplotlib.figure import Figure

    with matplotlib.style.context(["default", STYLE, {"svg.hashsalt": name}]):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        file = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"\s*<style.*?</style>|<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(
        r' (?:xmlns|xmlns:xlink|version|width="[\d.]+pt" height)="[^"]*"', "", svg, count=4
    )
    svg = svg.replace("xlink:href", "href").replace(INK, "currentColor")
    svg = re.sub(r"font-family: [^;\"]*;? ?|(?<=\n) +", "", svg)
    svg = _POINTS.sub(_in_one_style, svg)
    svg = re.sub(r"(\d\.\d\d)\d+", r"\1", svg)
    used = set(re.findall(r"#([\w-]+)", svg))
    svg = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in used else "", svg)
    svg = re.sub(r'(?<= id=")|(?<=href="#)|(?<=url\(#)', f"{name}-", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(description)}"', 1)


_POINTS = re.compile(r'<g>\n((?:<use [^>]*? (style="[^"]*")/>\n)(?:<use [^>]*? \2/>\n)+)</g>')


def _in_one_style(points: re.Match) -> str:
    """Move the style of equal points to their group, which halves a page of thousands."""
    return f"<g {points[2]}>\n{points[1].replace(f' {points[2]}', '')}</g>"
