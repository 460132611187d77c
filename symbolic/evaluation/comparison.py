"""Two systems on the same pieces: the difference, and whether it is more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symbolic.inference.prediction_table import (
    PIECE,
    check_predictions,
    group_numbers,
    has_emotion,
    labelled,
    predicted_quadrants,
    true_quadrants,
)
from symbolic.tasks.intervals import DRAWS, grouped_bootstrap

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Comparison:
    """The accuracy of one system less that of another, on the same pieces.

    Attributes:
        difference: positive where the first is better.
        interval: 95 %, from drawing groups.
        pieces: how many both predicted.
    """

    difference: float
    interval: tuple[float, float]
    pieces: int


def compare(
    frame_a: pd.DataFrame, frame_b: pd.DataFrame, draws: int = DRAWS, seed: int = 0
) -> Comparison:
    """How much more often the first of two systems names the right quadrant, on the same draws.

    What several seeds said of a piece is averaged first.

    Raises:
        ValueError: frames without quadrants, or of other pieces, groups or labels.
    """
    a, b = (_right_by_piece(frame) for frame in (frame_a, frame_b))
    if odd := sorted(set(a.index) ^ set(b.index)):
        raise ValueError(
            f"the two systems predicted different pieces: {len(odd)} are in one frame only, the "
            f"first is {odd[0][1]} of {odd[0][0] or 'no corpus'}"
        )
    for name in ("group", "quadrant"):
        if (other := a[name] != b[name]).any():
            raise ValueError(f"the two frames give {other.idxmax()[1]} another {name}")
    difference = (a["right"] - b["right"]).to_numpy()
    interval = grouped_bootstrap(
        lambda rows: difference[rows].mean(), group_numbers(a.reset_index()), draws, seed
    )
    return Comparison(float(difference.mean()), interval, len(difference))


def _right_by_piece(frame: pd.DataFrame) -> pd.DataFrame:
    check_predictions(frame)
    emotion = frame[labelled(frame)]
    if not has_emotion(frame) or emotion.empty:
        raise ValueError("no quadrants to compare: neither probabilities nor labels may be missing")
    right = emotion.assign(
        right=(predicted_quadrants(emotion) == true_quadrants(emotion)).astype(float)
    )
    return right.groupby(PIECE).agg({"right": "mean", "group": "first", "quadrant": "first"})
