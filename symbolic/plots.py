"""Pictures of results, drawn without a screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symbolic.tasks import QUADRANT_WORDS, QUADRANTS

if TYPE_CHECKING:
    import pandas as pd

COLOURS = {"Q1": "#e69f00", "Q2": "#d55e00", "Q3": "#0072b2", "Q4": "#009e73"}
EDGE = 1.08  # so that a piece in the corner is seen whole
NAMED = 40  # more pieces than this are drawn without their names


def valence_arousal_plane(table: pd.DataFrame, path: str | Path) -> None:
    """Draw the scored pieces on the valence-arousal plane.

    Args:
        table: as `EmotionScorer.score` returns it; rows with an error are left out.
        path: where to write; the suffix decides the format.

    Raises:
        ValueError: a format that matplotlib does not write.
    """
    from matplotlib.figure import Figure

    scored = table[table["error"] == ""]
    named = 0 < len(scored) <= NAMED
    figure = Figure(figsize=(10.5 if named else 7, 7), layout="constrained")
    axes = figure.subplots()
    axes.axhline(0, color="0.7", linewidth=0.8)
    axes.axvline(0, color="0.7", linewidth=0.8)
    for quadrant, (x, y) in zip(QUADRANTS, ((1, 1), (-1, 1), (-1, -1), (1, -1)), strict=True):
        axes.text(
            x / 2,
            y / 2,
            f"{quadrant}\n{QUADRANT_WORDS[quadrant]}",
            color=COLOURS[quadrant],
            alpha=0.35,
            fontsize=20,
            ha="center",
            va="center",
        )
    colours = [COLOURS[quadrant] for quadrant in scored["quadrant"]]
    area = 160 if named else np.clip(4000 / max(len(scored), 1), 4, 60)
    axes.scatter(
        scored["valence"], scored["arousal"], c=colours, s=area, alpha=0.85, edgecolors="white"
    )
    if named:
        names = [Path(path).stem for path in scored["path"]]
        points = zip(scored["valence"], scored["arousal"], strict=True)
        for number, (x, y) in enumerate(points, 1):
            axes.annotate(str(number), (x, y), ha="center", va="center", fontsize=7, color="white")
        for column, lines in (
            (1.03, map(str, range(1, len(names) + 1))),
            (1.08, map(_short, names)),
        ):
            axes.text(
                column,
                1.0,
                "\n".join(lines),
                transform=axes.transAxes,
                va="top",
                fontsize=8,
                linespacing=1.5,
            )
    axes.set(
        xlim=(-EDGE, EDGE),
        ylim=(-EDGE, EDGE),
        aspect="equal",
        xlabel="valence (q1 + q4 - q2 - q3)",
        ylabel="arousal (q1 + q2 - q3 - q4)",
        title=f"{len(scored)} pieces on the valence-arousal plane",
    )
    figure.savefig(path, dpi=150)


def _short(name: str, length: int = 38) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"
