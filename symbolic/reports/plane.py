"""Parts of the plots of the valence-arousal plane: axes, points, rings, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from symbolic.tasks import QUADRANT_WORDS, QUADRANTS
from symbolic.tasks.emotion import SIGNS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"Q1": "#e69f00", "Q2": "#d55e00", "Q3": "#0072b2", "Q4": "#009e73"}
EDGE = 1.08  # axis limit: points in the corners are not cut off
TICKS = (-1, -0.5, 0, 0.5, 1)

NEAR = 0.055  # least distance of a number from points and other numbers, in units of the plane
WIDE = 0.025  # least distance of a line from what it does not belong to
CLEARLY = 1.5  # how much farther other points are from a number without a line
DISTANCES = (0.06, 0.1, 0.15, 0.21, 0.3)  # of a number from its point, the closest that fits
ANGLES = np.linspace(0, 2 * np.pi, 16, endpoint=False)
STEPS = np.concatenate([d * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1) for d in DISTANCES])
"""(80, 2) steps from a point to the places that its number may have."""


def elsewhere(plane: np.ndarray, quadrants: np.ndarray) -> np.ndarray:
    """Find pieces that lie outside their most probable quadrant; on an axis they are in both.

    Valence and arousal are sums over two quadrants each: a piece of (0.4, 0.1, 0.1, 0.4) lies
    between Q1 and Q4, and one of (0.36, 0, 0.32, 0.32) in Q4, though Q1 is the most probable.

    Args:
        plane: (n, 2) valence and arousal in [-1, 1].
        quadrants: (n,) most probable quadrants, Q1..Q4.

    Returns:
        (n,) bool.
    """
    places = [QUADRANTS.index(quadrant) for quadrant in quadrants]
    return np.any(np.asarray(plane, float) * SIGNS[places] < 0, axis=1)


def draw_axes(axes: Axes, ink: str, coloured: bool = False) -> None:
    """Draw axes of the plane with its quadrants named outside the corners.

    Args:
        axes: empty.
        ink: colour of the lines through the middle.
        coloured: write the names of quadrants in their colours, as a legend of the points.
    """
    axes.axhline(0, color=ink, alpha=0.3, linewidth=0.8, zorder=0)
    axes.axvline(0, color=ink, alpha=0.3, linewidth=0.8, zorder=0)
    for quadrant, (right, top) in zip(QUADRANTS, SIGNS > 0, strict=True):
        axes.annotate(
            f"{quadrant} {QUADRANT_WORDS[quadrant]}",
            (float(right), float(top)),
            xytext=(0, 4 if top else -22),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="right" if right else "left",
            va="bottom" if top else "top",
            fontsize=12,
            fontweight="bold",
            color=COLOURS[quadrant] if coloured else None,
        )
    axes.spines[:].set_visible(False)
    axes.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), aspect="equal", xticks=TICKS, yticks=TICKS)
    axes.tick_params(length=0)


def draw_points(axes: Axes, plane: np.ndarray, quadrants: np.ndarray) -> None:
    """Draw a disc for each piece, or a ring where `elsewhere`, in the colour of its quadrant.

    Args:
        axes: of the plane.
        plane: (n, 2) valence and arousal.
        quadrants: (n,) most probable quadrants.
    """
    size = float(np.clip(110 / np.sqrt(max(len(plane), 1)), 3.2, 8))  # diameter in points
    rings = elsewhere(plane, quadrants)
    for quadrant in QUADRANTS:
        own = np.asarray(quadrants) == quadrant
        style = {"linestyle": "", "marker": "o", "color": COLOURS[quadrant], "alpha": 0.75}
        axes.plot(*plane[own & ~rings].T, **style, ms=size, mew=0)
        width = max(size / 5, 1)
        axes.plot(*plane[own & rings].T, **style, ms=size - width, mew=width, mfc="none")


def number_places(plane: np.ndarray) -> np.ndarray:
    """Choose places for the numbers of points, away from all points and other numbers.

    A number stands beside its point, where no other point is nearly as close. Where there is no
    such place it is as close as fits without a line that runs over other points and numbers; in a
    crowd it is where most room is left.

    Args:
        plane: (n, 2) valence and arousal.

    Returns:
        (n, 2) places of the numbers.
    """
    taken = np.asarray(plane, float)
    count = len(taken)
    for number, point in enumerate(taken[:count]):
        places = point + STEPS
        places = places[np.abs(places).max(axis=1) < EDGE - NEAR / 2]
        room = np.linalg.norm(places[:, None] - taken, axis=2).min(axis=1)
        free = room >= NEAR
        beside = free & ~needs_line(point, places, np.delete(taken[:count], number, axis=0))
        uncrossed = free & (_room_of_lines(point, places, taken) >= WIDE)
        fits = np.flatnonzero(next((s for s in (beside, uncrossed, free) if s.any()), free))
        best = fits[0] if len(fits) else room.argmax()
        taken = np.concatenate([taken, places[best : best + 1]])
    return taken[count:]


def needs_line(point: np.ndarray, places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Find the places at which a number would not be read as that of its point.

    Args:
        point: (2,).
        places: (m, 2) of the number.
        others: (k, 2) other points.

    Returns:
        (m,) bool: not beside the point, or another point is nearly as close.
    """
    own = np.linalg.norm(places - point, axis=1)
    other = np.linalg.norm(places[:, None] - others, axis=2).min(axis=1, initial=np.inf)
    return (own > DISTANCES[0] * 1.01) | (other < own * CLEARLY)


def _room_of_lines(point: np.ndarray, places: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """(m,) least distances of the lines from a point to places from what is not at the point."""
    others = taken[np.linalg.norm(taken - point, axis=1) >= WIDE]
    lines, offsets = places - point, others - point
    along = (lines @ offsets.T) / (lines**2).sum(axis=1, keepdims=True)
    feet = np.clip(along, 0, 1)[..., None] * lines[:, None]
    return np.linalg.norm(feet - offsets, axis=2).min(axis=1, initial=np.inf)


def draw_numbers(axes: Axes, plane: np.ndarray) -> None:
    """Number points from 1, with a line from each number that could be read as another point's."""
    places = number_places(plane)
    for number, (point, place) in enumerate(zip(plane, places, strict=True), 1):
        lined = needs_line(point, place[None], np.delete(plane, number - 1, axis=0))[0]
        arrow = {"arrowstyle": "-", "color": "0.3", "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0}
        axes.annotate(
            str(number),
            tuple(point),
            xytext=tuple(place),
            ha="center",
            va="center",
            fontsize=8,
            arrowprops=arrow if lined else None,
        )
