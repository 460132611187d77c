"""Floors of boundary detection: boundaries without learning, at equal distances and by novelty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from symbolic.audio.front_end import FrontEnd
from symbolic.audio.transforms.banks import cepstral_bank
from symbolic.data.pieces import Piece
from symbolic.structure.detection import WINDOWS, predicted, written
from symbolic.structure.novelty import equal_distances, foote_novelty
from symbolic.structure.peak_picking import over_running_median
from symbolic.tasks.boundary import BOUNDARY
from symbolic.tasks.boundary_metrics import boundary_scores

SPACINGS = np.arange(4.0, 41.0, 1.0)  # seconds
THRESHOLDS = np.linspace(0.0, 0.5, 26)  # above the median, of the greatest novelty of the piece
KERNEL = 66  # frames of the checkerboard
MEDIAN = 12.0  # seconds

Guesses = Callable[[np.ndarray, FrontEnd], list[np.ndarray]]
"""(T, F) frames and what they are to the times of boundaries by each setting."""


def equal(frames: np.ndarray, front: FrontEnd) -> list[np.ndarray]:
    """Boundaries at equal distances, for each of `SPACINGS`."""
    return [equal_distances(len(frames) / front.rate, spacing) for spacing in SPACINGS]


def foote(frames: np.ndarray, front: FrontEnd) -> list[np.ndarray]:
    """Where what is heard changes (Foote 2000), by each kind of the front and each threshold."""
    novelties = [novelty_of(kind, frames, front) for kind in front.kinds]
    return [
        front.first + over_running_median(one, front.rate, MEDIAN, threshold) / front.rate
        for one in novelties
        for threshold in THRESHOLDS
    ]


FLOORS: dict[str, Guesses] = {"equal distances": equal, "Foote's novelty": foote}


def novelty_of(kind: str, frames: np.ndarray, front: FrontEnd) -> np.ndarray:
    """(T,) novelty of frames, the greatest of the piece 1.

    Args:
        kind: of the front end, what is compared; of mel bands it is their cepstra, without what is
            left of loudness.
        frames: (T, F) of the front end.
        front: the front end.
    """
    ends = np.cumsum([*front.widths.values()])[:-1]
    part = dict(zip(front.widths, np.split(frames, ends, axis=1), strict=True))[kind]
    if kind == "mel":
        bank = cepstral_bank(replace(front, kinds=("mfcc",), n_mfcc=front.n_mels, pool=1))
        part = ((part - front.floor) @ bank)[:, 1:]
    novelty = foote_novelty(part, KERNEL)
    return novelty / max(novelty.max(), 1e-12)


def novelty_above(kind: str, frames: np.ndarray, front: FrontEnd) -> np.ndarray:
    """(T,) how far novelty is above what it usually is around: see `novelty_of`."""
    from scipy.ndimage import median_filter

    novelty = novelty_of(kind, frames, front)
    usual = median_filter(novelty, size=2 * round(MEDIAN * front.rate / 2) + 1, mode="reflect")
    return (novelty - usual).clip(min=0)


def floor_rows(
    guesses: Guesses,
    pieces: Sequence[Piece],
    frames: Sequence[np.ndarray],
    front: FrontEnd,
    fold: np.ndarray,
) -> list[dict[str, Any]]:
    """What a floor says of each piece, as rows of a table of predictions.

    For each fold, and for each window, the setting is the one that scores best on the other folds.

    Args:
        guesses: one of `FLOORS`.
        pieces: with `boundary` among their labels.
        frames: of each piece, (T, F).
        front: what they are.
        fold: (n,) of each piece.
    """
    truth = [piece.labels[BOUNDARY.name] for piece in pieces]
    found = [
        [_whole(times, len(one) / front.rate) for times in guesses(one, front)] for one in frames
    ]
    scores = np.array(  # (settings, pieces, windows)
        [
            [_f(boundary_scores(times, guess)) for times, guess in zip(truth, each, strict=True)]
            for each in zip(*found, strict=True)
        ]
    )
    rows = []
    for number, (piece, times) in enumerate(zip(pieces, truth, strict=True)):
        best = scores[:, fold != fold[number]].mean(axis=1).argmax(axis=0)
        row = {"corpus": piece.corpus, "file": piece.path.name, "group": piece.group}
        row |= {"fold": f"fold-{fold[number]}", "seed": 0, BOUNDARY.name: written(times)}
        for window, setting in zip(WINDOWS, best, strict=True):
            row[predicted(f"{window:g}")] = written(found[number][setting])
        rows.append(row)
    return rows


def _whole(times: np.ndarray, end: float) -> np.ndarray:
    return np.concatenate([[0.0], times[(times > 0) & (times < end)], [end]])


def _f(scores: dict[str, float]) -> list[float]:
    return [scores[f"f_{window:g}"] for window in WINDOWS]
