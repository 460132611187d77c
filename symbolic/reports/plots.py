"""Plots of results, without a display."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symbolic.reports.plane import COLOURS, draw_axes, draw_numbers, draw_points, elsewhere
from symbolic.tasks.metrics import BINS, calibration_error, reliability

if TYPE_CHECKING:
    import pandas as pd

NAMED = 40  # maximal number of pieces with names
LONGEST = 38  # characters of a name
ROW = 0.0245  # height of a row of names, as a share of the plane


def valence_arousal_plane(table: pd.DataFrame, path: str | Path) -> None:
    """Plot scored pieces on the valence-arousal plane, up to 40 of them with names.

    The colour is that of the most probable quadrant. A piece that lies in another one is a ring.

    Args:
        table: from `EmotionScorer.score`; rows with an error are left out.
        path: file to write; the suffix decides the format.

    Raises:
        ValueError: a format that matplotlib does not write.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    scored = table.loc[table["error"] == ""]
    plane = scored[["valence", "arousal"]].to_numpy(np.float64)
    quadrants = scored["quadrant"].to_numpy(object)
    figure = Figure(figsize=(7, 7))
    axes = figure.add_axes((0.1, 0.1, 0.85, 0.85))
    draw_axes(axes, "black", coloured=True)
    draw_points(axes, plane, quadrants)
    if len(scored) <= NAMED:
        draw_numbers(axes, plane)
        for place, (piece, quadrant) in enumerate(zip(scored["path"], quadrants, strict=True)):
            name = Path(piece).stem
            half = LONGEST // 2
            short = name if len(name) <= LONGEST else f"{name[: half - 1]}…{name[-half:]}"
            row = {"y": 1 - place * ROW, "transform": axes.transAxes, "va": "top", "fontsize": 8}
            axes.text(1.06, s=str(place + 1), color=COLOURS[quadrant], ha="right", **row)
            axes.text(1.08, s=short, parse_math=False, **row)
    if len(scored) and elsewhere(plane, quadrants).any():
        ring = Line2D([], [], linestyle="", marker="o", color="0.3", mfc="none", ms=7, mew=1.5)
        text = "lies outside its most probable quadrant, whose colour it has"
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.09)}
        axes.legend([ring], [text], frameon=False, fontsize=9, **below)
    axes.set(xlabel="valence (q1 + q4 - q2 - q3)", ylabel="arousal (q1 + q2 - q3 - q4)")
    noun = "piece" if len(scored) == 1 else "pieces"
    axes.set_title(f"{len(scored)} {noun} on the valence-arousal plane", pad=26)
    figure.savefig(path, dpi=150, bbox_inches="tight", pad_inches=0.15)


def reliability_plot(
    labels: np.ndarray, probabilities: np.ndarray, path: str | Path, title: str = ""
) -> None:
    """Plot a reliability diagram (Guo 2017), the accuracy by confidence, and a histogram.

    Args:
        labels: (n,) true classes; predictions of several seeds may be concatenated.
        probabilities: (n, K).
        path: file to write; the suffix decides the format.
        title: of the plot.

    Raises:
        ValueError: a format that matplotlib does not write.
    """
    from matplotlib.figure import Figure

    confidence, correct, count = reliability(labels, probabilities)
    filled = count > 0
    centre = (np.arange(BINS) + 0.5) / BINS
    figure = Figure(figsize=(4.8, 5.6), layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    axes.bar(
        centre[filled],
        correct[filled],
        width=1 / BINS,
        color="#9ecae1",
        edgecolor="white",
        label="accuracy",
    )
    axes.plot([0, 1], [0, 1], color="0.25", linestyle="--", linewidth=1, label="calibrated")
    axes.vlines(
        confidence[filled],
        confidence[filled],
        correct[filled],
        color=COLOURS["Q2"],
        linewidth=2.5,
        clip_on=False,
        zorder=3,
        label="calibration gap",
    )
    error = calibration_error(labels, probabilities)
    axes.set(ylim=(0, 1), ylabel="accuracy")
    axes.set_title(
        f"{title}\ncalibration error {error:.3f}".strip(), wrap=True, fontsize=11, parse_math=False
    )
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9)
    below.bar(centre, count, width=1 / BINS, color="0.6", edgecolor="white")
    below.set(xlim=(0, 1), xlabel="confidence", ylabel="predictions")
    for panel in (axes, below):
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=200)
