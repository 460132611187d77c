"""Plot of a segmented piece: mel spectrogram or piano roll, activation and boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from symbolic.structure.segmentation import Segmentation

FOUND, ANNOTATED = "#d55e00", "#0072b2"
MOST_FRAMES = 4000  # longer pieces are max-pooled


def segment_plot(
    piece: Segmentation, path: str | Path, reference: Sequence[float] | None = None
) -> None:
    """Plot mel bands or the piano roll, the activation, the boundaries and the names of a piece.

    The time axis covers the piece; frames are at their times.

    Args:
        piece: with its boundaries.
        path: file to write; the suffix decides the format.
        reference: annotated boundaries in seconds.

    Raises:
        ValueError: a format that matplotlib does not write, or a piece that was not read.
    """
    from matplotlib.figure import Figure

    front = piece.front
    if front is None:
        raise ValueError(f"{piece.path}: {piece.error}")
    end = float(piece.times[-1])
    figure = Figure(figsize=(12, 5.5), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    step = max(1, -(-len(piece.frames) // MOST_FRAMES))
    starts = np.arange(0, len(piece.frames), step)
    frames = np.maximum.reduceat(piece.frames, starts, axis=0)
    rows = frames.shape[1]
    before = front.first - 0.5 / front.rate  # start of the first frame
    after = before + len(starts) * step / front.rate
    top.imshow(
        frames.T,
        aspect="auto",
        origin="lower",
        cmap="Greys" if front.from_notes else "magma",
        extent=(before, after, 21, 21 + rows) if front.from_notes else (before, after, 0, rows),
        interpolation="nearest",
    )
    top.set_ylabel("MIDI pitch" if front.from_notes else "mel band")
    top.set_title(Path(piece.path).name)
    activation = piece.activation
    seconds = front.first + np.arange(len(activation)) / front.rate
    bottom.plot(seconds, activation, color="0.3", linewidth=1, label=piece.curve)
    bottom.set_ylim(0, max(1.0 if activation.max() > 0.5 else 0, activation.max() * 1.1))
    bottom.set_xlim(0, end or after)  # `end` may be 0 for notes of length 0
    bottom.set_xlabel("time (seconds)")
    bottom.set_ylabel(piece.curve)
    origin = "marked" if piece.curve == "marks" else "predicted"
    lines = (
        (piece.times[1:-1], f"{origin} boundary", FOUND, "-"),
        (reference or (), "annotated boundary", ANNOTATED, "--"),
    )
    for axes in (top, bottom):
        for times, words, colour, style in lines:
            for number, time in enumerate(times):
                label = words if axes is bottom and number == 0 else None
                axes.axvline(time, color=colour, linewidth=1.5, linestyle=style, label=label)
    for part in piece.parts():
        middle = (part.start + part.end) / 2
        if part.label:
            place = {"xy": (middle, 1), "xycoords": ("data", "axes fraction")}
            top.annotate(
                part.label, **place, xytext=(0, -3), textcoords="offset points",
                ha="center", va="top", fontsize=9, color=FOUND, fontweight="bold", clip_on=True,
                bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8},
            )  # fmt: skip
    bottom.legend(loc="upper right", fontsize=8, ncols=3)
    figure.savefig(path, dpi=110)
