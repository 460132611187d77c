"""A piece as a picture: what is heard, how sure a boundary is at each moment, and the parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from symbolic.structure.segmenter import Segmented

FOUND, GIVEN = "#d55e00", "#0072b2"
MOST_FRAMES = 4000  # drawn: longer pieces are pooled


def segment_plot(
    one: Segmented, path: str | Path, reference: Sequence[float] | None = None
) -> None:
    """Draw mel bands or the piano roll, the activation and the boundaries of one piece.

    The picture lasts as long as the piece; frames stand where they are in time.

    Args:
        one: what was found in it.
        path: where to write; the suffix decides the format.
        reference: seconds of boundaries that somebody has marked.

    Raises:
        ValueError: a format that matplotlib does not write, or a file that could not be read.
    """
    from matplotlib.figure import Figure

    if one.front is None:
        raise ValueError(f"{one.path}: {one.error}")
    end = float(one.times[-1])
    figure = Figure(figsize=(12, 5.5), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    roll = one.front.from_notes
    step = max(1, -(-len(one.picture) // MOST_FRAMES))
    starts = np.arange(0, len(one.picture), step)
    picture = np.maximum.reduceat(one.picture, starts, axis=0)
    rows = picture.shape[1]
    before = one.front.first - 0.5 / one.front.rate  # where the first frame begins
    after = before + len(starts) * step / one.front.rate
    top.imshow(
        picture.T,
        aspect="auto",
        origin="lower",
        cmap="Greys" if roll else "magma",
        extent=(before, after, 21, 21 + rows) if roll else (before, after, 0, rows),
        interpolation="nearest",
    )
    top.set_ylabel("MIDI pitch" if roll else "mel band")
    top.set_title(Path(one.path).name)
    seconds = one.front.first + np.arange(len(one.activation)) / one.front.rate
    bottom.plot(seconds, one.activation, color="0.3", linewidth=1, label="activation")
    bottom.set_ylim(0, max(1.0 if one.activation.max() > 0.5 else 0, one.activation.max() * 1.1))
    bottom.set_xlim(0, end or after)  # a piece of notes of no length has no end
    bottom.set_xlabel("seconds")
    for axes in (top, bottom):
        for number, time in enumerate(one.times[1:-1]):
            name = "boundary found" if axes is bottom and number == 0 else None
            axes.axvline(time, color=FOUND, linewidth=1.5, label=name)
        for number, time in enumerate([] if reference is None else reference):
            name = "boundary marked" if axes is bottom and number == 0 else None
            axes.axvline(time, color=GIVEN, linewidth=1.5, linestyle="--", label=name)
    bottom.legend(loc="upper right", fontsize=8, ncols=3)
    figure.savefig(path, dpi=110)
