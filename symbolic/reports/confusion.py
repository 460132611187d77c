"""Plots of confusion matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symbolic.tasks import QUADRANT_WORDS, QUADRANTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

COLUMNS = 4  # panels beside each other


def confusion_plot(
    matrix: np.ndarray, path: str | Path, title: str = "", labels: Sequence[str] = QUADRANTS
) -> None:
    """Plot a confusion matrix with counts and their shares of the rows.

    Args:
        matrix: (K, K) counts, rows true and columns predicted classes; not all 0.
        path: file to write; the suffix decides the format.
        title: of the plot.
        labels: names of the K classes.

    Raises:
        ValueError: another shape, or a format that matplotlib does not write.
    """
    from matplotlib.figure import Figure

    matrix = _checked(matrix, labels)
    larger = max(len(labels) / 4, 1)
    whole = np.allclose(matrix, np.round(matrix), atol=1e-6)
    figure = Figure(figsize=(5.4 * larger, 4.6 * larger), layout="constrained")
    axes = figure.subplots()
    counts = [[f"{count:.{0 if whole else 1}f}\n" for count in row] for row in matrix]
    image = _draw(axes, matrix, counts, 11)
    words = [(label, QUADRANT_WORDS.get(label, "")) for label in labels]
    sums = [
        f"{' '.join(filter(None, pair))}\n{row:.0f} pieces"
        for pair, row in zip(words, matrix.sum(axis=1), strict=True)
    ]
    axes.set_xticks(range(len(labels)), ["\n".join(filter(None, pair)) for pair in words])
    axes.set_yticks(range(len(labels)), sums)
    noun = _noun(labels)
    axes.set(xlabel=f"predicted {noun}", ylabel=f"true {noun}")
    axes.set_title(title, wrap=True, parse_math=False)
    bar = figure.colorbar(image, ax=axes, fraction=0.046, format=lambda share, _: f"{share:.0%}")
    bar.set_label(f"share of the true {noun}")
    bar.outline.set_visible(False)
    figure.savefig(path, dpi=200, bbox_inches="tight")


def confusion_plots(
    matrices: Mapping[str, np.ndarray],
    path: str | Path,
    title: str = "",
    labels: Sequence[str] = QUADRANTS,
) -> None:
    """Plot the confusion matrices of several systems beside each other, as shares of the rows.

    Args:
        matrices: (K, K) counts by name of the system, rows true and columns predicted classes.
        path: file to write; the suffix decides the format.
        title: of the figure.
        labels: names of the K classes.

    Raises:
        ValueError: no matrix, another shape, or a format that matplotlib does not write.
    """
    from matplotlib.figure import Figure

    if not matrices:
        raise ValueError(f"{path}: no confusion matrix to plot")
    columns = min(COLUMNS, len(matrices))
    rows = -(-len(matrices) // columns)
    figure = Figure(figsize=(2.7 * columns + 0.5, 2.9 * rows + 0.6), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in panels.flat[len(matrices) :]:
        axes.set_axis_off()
    for axes, (name, matrix) in zip(panels.flat, matrices.items(), strict=False):
        matrix = _checked(matrix, labels)
        _draw(axes, matrix, [[""] * len(labels)] * len(labels), 10)
        share = np.trace(matrix) / matrix.sum()
        axes.set_title(f"{name}\naccuracy {share:.3f}", fontsize=10, wrap=True, parse_math=False)
        axes.set_xticks(range(len(labels)), labels)
        axes.set_yticks(range(len(labels)), labels)
    noun = _noun(labels)
    figure.supxlabel(f"predicted {noun}", fontsize=10)
    figure.supylabel(f"true {noun}", fontsize=10)
    figure.suptitle(title, fontsize=11, parse_math=False)
    figure.savefig(path, dpi=160)


def _noun(labels: Sequence[str]) -> str:
    """Return the word for a class."""
    return "quadrant" if tuple(labels) == QUADRANTS else "class"


def _checked(matrix: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """Return a matrix as floats, and refuse one of another shape."""
    matrix, count = np.asarray(matrix, float), len(labels)
    if matrix.shape != (count, count):
        raise ValueError(f"expected a confusion matrix of {count} classes, got {matrix.shape}")
    return matrix


def _draw(axes: Axes, matrix: np.ndarray, texts: Sequence[Sequence[str]], size: float) -> AxesImage:
    """Draw one matrix, with a text before the share of each cell."""
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (true, predicted), share in np.ndenumerate(shares):
        axes.text(
            predicted,
            true,
            f"{texts[true][predicted]}{share:.0%}",
            ha="center",
            va="center",
            fontsize=size,
            linespacing=1.3,
            color="white" if share > 0.55 else "black",
            fontweight="bold" if true == predicted else "normal",
        )
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(len(matrix) - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(matrix) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=2)
    axes.tick_params(which="minor", length=0)
    return image
