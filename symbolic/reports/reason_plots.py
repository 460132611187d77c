"""Picture of why a model predicts the emotion of a piece, beside its place in a corpus."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symbolic.reports.plane import COLOURS, draw_axes, draw_points
from symbolic.tasks import QUADRANT_WORDS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from symbolic.scoring.explanations import Explanation

BARS = {"valence": "#cc79a7", "arousal": "0.25"}  # the colours of plots over time
HEIGHT = 0.36  # of a bar; a group of features is 1
STEP = 0.3  # from line to line
ROW, ABOVE, BELOW = 0.6, 0.95, 1.0  # inches: of a group of features, and of the margins
LINE = 50  # characters of a fact
LONGEST = 90  # characters of a title


def reasons_plot(
    found: Explanation,
    path: str | Path,
    title: str = "",
    corpus: pd.DataFrame | None = None,
) -> None:
    """Plot contributions to valence and arousal, and the piece on the plane.

    Bars are contributions of groups of features, the largest to the probability of the predicted
    quadrant at the top, with the facts about the piece. On the plane, an arrow leads from the
    baseline to the piece, which is a star in the colour of its quadrant.

    Args:
        found: of a piece that was read.
        path: file to write; the suffix decides the format.
        title: of the plot.
        corpus: from `EmotionScorer.score`, whose pieces are points on the plane; rows with an error
            are left out. None is no corpus.

    Raises:
        ValueError: a piece that was not read, or a format that matplotlib does not write.
    """
    from matplotlib.figure import Figure

    if found.error:
        raise ValueError(f"there is nothing to explain: {found.error}")
    within = max(ROW * (len(found.reasons) + 0.2), 4.2)
    height = BELOW + within + ABOVE
    figure = Figure(figsize=(13, height))
    bars = figure.add_axes((0.29, BELOW / height, 0.27, within / height))
    plane = figure.add_axes((0.62, BELOW / height, 0.36, within / height))
    _bars(bars, found)
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.5 / within), "ncols": 2}
    bars.legend(**below, frameon=False, fontsize=9)
    _plane(plane, found, corpus)
    words = f"{found.quadrant} {QUADRANT_WORDS[found.quadrant]}"
    title = title if len(title) <= LONGEST else f"{title[: LONGEST - 1]}…"
    place = {"x": 0.02, "ha": "left"}
    figure.suptitle(title, y=1 - 0.15 / height, fontsize=13, parse_math=False, **place)
    figure.text(
        *(0.02, 1 - 0.52 / height, f"predicted {words}, probability {found.confidence:.2f}"),
        color=COLOURS[found.quadrant],
        fontsize=11,
        fontweight="bold",
        va="top",
    )
    figure.savefig(path, dpi=150)


def _bars(axes: Axes, found: Explanation) -> None:
    """Plot two bars for each group, with its name and its facts on the left."""
    rows = np.arange(len(found.reasons))
    for name, shift in (("valence", -HEIGHT / 2), ("arousal", HEIGHT / 2)):
        widths = [getattr(reason, name) for reason in found.reasons]
        axes.barh(rows + shift, widths, HEIGHT, color=BARS[name], label=name)
    axes.axvline(0, color="0.5", linewidth=0.8)
    most = max(max(abs(why.valence), abs(why.arousal)) for why in found.reasons)
    edge = max(1.1 * most, 0.1)
    axes.set(xlim=(-edge, edge), ylim=(len(rows) - 0.4, -0.6), yticks=[])
    axes.set_xlabel("contribution, from the mean of the training music")
    axes.grid(axis="x", color="0.9", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    for row, reason in zip(rows, found.reasons, strict=True):
        facts = [textwrap.shorten(fact, LINE, placeholder=" …") for fact in reason.facts]
        place = {"transform": axes.get_yaxis_transform(), "ha": "right", "parse_math": False}
        top = row - STEP * len(facts) / 2
        axes.text(-0.03, top, reason.group, va="center", fontsize=10.5, fontweight="bold", **place)
        for line, text in enumerate(facts, 1):
            style = {"va": "center", "fontsize": 8.5, "color": "0.3", **place}
            axes.text(-0.03, top + STEP * line, text, **style)


def _plane(axes: Axes, found: Explanation, corpus: pd.DataFrame | None) -> None:
    """Plot the piece on the plane, among those of the corpus."""
    from matplotlib.lines import Line2D

    draw_axes(axes, "black", coloured=True)
    handles = []
    if corpus is not None:
        scored = corpus.loc[corpus["error"].fillna("") == ""]
        places = scored[["valence", "arousal"]].to_numpy(np.float64)
        draw_points(axes, places, scored["quadrant"].to_numpy(object))
        for line in axes.lines[2:]:
            line.set(alpha=0.3, zorder=1)
        noun = "piece" if len(scored) == 1 else "pieces"
        mark = Line2D([], [], linestyle="", marker="o", ms=8, mew=0, color="0.6")
        handles.append((mark, f"{len(scored):,} {noun}"))
    start = (found.baseline_valence, found.baseline_arousal)
    end = (found.valence, found.arousal)
    arrow = {"arrowstyle": "-|>", "color": "0.2", "linewidth": 1.2, "shrinkA": 4, "shrinkB": 8}
    if np.hypot(end[0] - start[0], end[1] - start[1]) > 0.15:
        axes.annotate("", end, xytext=start, arrowprops=arrow, zorder=3)
    colour = COLOURS[found.quadrant]
    style = {"linestyle": "", "color": colour, "mec": "black", "mew": 1.2, "zorder": 4}
    (star,) = axes.plot(*end, marker="*", ms=19, **style)
    base = {"linestyle": "", "marker": "o", "ms": 6, "mfc": "white", "mec": "0.2", "zorder": 3}
    (ring,) = axes.plot(*start, **base)
    handles = [(star, "this piece"), (ring, "training mean"), *handles]
    axes.set(xlabel="valence", ylabel="arousal")
    axes.legend(
        *zip(*handles, strict=True),
        loc="upper center",
        bbox_to_anchor=(0.5, -0.11),
        ncols=3,
        frameon=False,
        fontsize=9,
        markerscale=0.7,
    )
