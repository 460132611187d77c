"""Boundary detection: training targets from boundary times, and boundary times from activations."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from symbolic.audio.front_end import ROLL, FrontEnd
from symbolic.structure.confidence import fit_confidence
from symbolic.structure.peak_picking import (
    SIGMA,
    expected_hits,
    gaussian_targets,
    local_mean_peaks,
    min_distance_peaks,
)
from symbolic.tasks.boundary import BOUNDARY
from symbolic.tasks.boundary_metrics import boundary_scores, matched

if TYPE_CHECKING:
    from symbolic.audio.beat_rows import BeatRow
    from symbolic.configuration import SymbolicConfig
    from symbolic.data.pieces import Piece
    from symbolic.modeling import SymbolicModel

Picker = Callable[[np.ndarray, float, float, float], tuple[np.ndarray, np.ndarray]]
"""From (T,) activation, frames a second, threshold and tolerance to (P,) frames and confidences."""


def _peaks(
    pick: Callable[..., np.ndarray],
    activation: np.ndarray,
    rate: float,
    threshold: float,
    tolerance: float,
) -> tuple[np.ndarray, np.ndarray]:
    frames = pick(activation, rate, threshold)
    return frames, activation[frames]


def _expected_hits(
    exact: float, activation: np.ndarray, rate: float, threshold: float, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    frames, hits = expected_hits(activation, rate, threshold, tolerance, exact)
    return frames, np.minimum(hits, 1)


PICKERS: dict[str, Picker] = {
    "min_distance": partial(_peaks, min_distance_peaks),
    "expected_hits_tight": partial(_expected_hits, 0.1),
    "expected_hits": partial(_expected_hits, 0.0),
    "local_mean": partial(_peaks, local_mean_peaks),
}
"""Peak-picking rules: peaks at least 6 s apart; the largest expected number of hits, with or
without additional weight for boundaries within 0.5 s; peaks above the mean around them."""

OLD_PICKERS = {
    "apart": "min_distance",
    "close": "expected_hits_tight",
    "hits": "expected_hits",
    "window": "local_mean",
}
"""Names of the rules in configurations saved before 0.2, accepted with a warning."""

FRAME_GRID = ROLL
"""Frames in which activations at bars and beats are interpolated for peak picking and plots."""

TOLERANCES = (0.5, 3.0)  # seconds between matched boundaries
SHORTEST = 1e-3  # seconds of a part: the precision of tables
STEPS = np.linspace(0.0, 0.98, 50)  # candidate thresholds


@dataclass(kw_only=True)
class BoundaryArguments:
    """Options of boundary detection."""

    target_seconds: float = field(
        default=SIGMA,
        metadata={"help": "standard deviation of the Gaussian target around a boundary"},
    )
    peaks: str = field(
        default="min_distance,expected_hits_tight",
        metadata={
            "help": "peak-picking rule for tolerances of 0.5 s and 3 s, or one for both: "
            "min_distance (peaks 6 s apart) or expected_hits_tight (times that maximise the "
            "expected number of boundaries within the tolerance)"
        },
    )
    threshold_share: float = field(
        default=0.15,
        metadata={
            "help": "share of the training pieces, by group, used to choose thresholds instead of "
            "for training"
        },
    )

    def __post_init__(self) -> None:
        self.peaks = ",".join(_picker_names(self.peaks))
        if not self.target_seconds > 0:
            raise ValueError(f"target_seconds {self.target_seconds} is not positive")
        if not 0 < self.threshold_share < 1:
            raise ValueError(f"threshold_share {self.threshold_share} is not between 0 and 1")


@dataclass(frozen=True)
class Curve:
    """The activation of a piece of known length.

    Attributes:
        activation: (T,) 0..1 for each frame, the confidence of a boundary.
        seconds: the end of the piece; None if only its frames are known.
    """

    activation: np.ndarray
    seconds: float | None = None


def position_labels(
    times: Sequence[float], at: np.ndarray, arguments: BoundaryArguments
) -> np.ndarray:
    """(T, 2) float32, target and weight of each position.

    The beginning and the end of a piece are no targets, since they are known.

    Args:
        times: all boundaries in seconds, ascending, including the beginning and the end.
        at: (T,) seconds of the positions.
        arguments: options of the targets.
    """
    targets = gaussian_targets(np.asarray(times[1:-1]), at, arguments.target_seconds)
    return np.stack([targets, np.ones_like(targets)], axis=1)


def frame_times(count: int, front: FrontEnd) -> np.ndarray:
    """(count,) centres of frames in seconds."""
    return front.first + np.arange(count) / front.rate


def frames_within(seconds: float, count: int, front: FrontEnd) -> int:
    """Count the frames, of `count`, whose centres precede the end of a piece: at least 1."""
    return max(1, int(np.count_nonzero(frame_times(count, front) < seconds)))


def on_frame_grid(activation: np.ndarray, starts: np.ndarray, seconds: float) -> np.ndarray:
    """Interpolate activations at bars or beats linearly: (T,) at the frames of `FRAME_GRID`.

    Args:
        activation: (U,) at the beginning of each bar or beat.
        starts: (U,) their beginnings in seconds.
        seconds: length of the piece.
    """
    frames = FRAME_GRID.positions(int(seconds * FRAME_GRID.sampling_rate))
    return np.interp(frame_times(frames, FRAME_GRID), starts, activation)


def frame_activations(model: SymbolicModel, arrays: Sequence[np.ndarray]) -> list[Curve]:
    """Predict the boundary activation of each recording."""
    from symbolic.inference.prediction import predict_frames  # loads PyTorch

    return [Curve(found[:, 0]) for found in predict_frames(model, arrays, BOUNDARY)]


def unit_activations(model: SymbolicModel, rows: Sequence[BeatRow]) -> list[Curve]:
    """Predict activations at bars or beats, interpolated to the frames of `FRAME_GRID`."""
    from symbolic.inference.prediction import predict_units  # loads PyTorch

    return [
        Curve(on_frame_grid(found[:, 0], row.edges[:-1], row.seconds), row.seconds)
        for found, row in zip(predict_units(model, rows, BOUNDARY), rows, strict=True)
    ]


def picker(peaks: str, tolerance: float) -> str:
    """Return the name in `PICKERS` of the rule for a tolerance.

    Args:
        peaks: one name, or one for each of `TOLERANCES`, separated by a comma.
        tolerance: one of `TOLERANCES`.

    Raises:
        ValueError: unknown names, or another number of them.
    """
    names = _picker_names(peaks)
    return names[TOLERANCES.index(tolerance)] if len(names) > 1 else names[0]


def _picker_names(peaks: str) -> list[str]:
    names = [OLD_PICKERS.get(name, name) for name in peaks.split(",")]
    if len(names) not in (1, len(TOLERANCES)) or not set(names) <= set(PICKERS):
        raise ValueError(f"peaks {peaks!r}: not one or two of {', '.join(PICKERS)}")
    if (new := ",".join(names)) != peaks:
        warnings.warn(f"peaks {peaks!r} is now {new!r}", FutureWarning, stacklevel=3)
    return names


def boundary_times(
    activation: np.ndarray,
    front: FrontEnd,
    peaks: str,
    threshold: float,
    tolerance: float,
    seconds: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Pick the boundaries of a piece from the activation of its frames.

    Args:
        activation: (T,) 0..1.
        front: the front end, which defines the times of frames.
        peaks: see `picker`.
        threshold: of the peak-picking rule.
        tolerance: of `TOLERANCES`, in seconds.
        seconds: the end of the piece; None for the end of the last frame, which differs from it by
            up to a frame. Frames after the end are ignored.

    Returns:
        (P + 2,) seconds, ascending, from 0 to the end of the piece; and (P + 2,) confidences: the
        activation, or for the rules of expected hits the expected number of boundaries within the
        tolerance, at most 1; 1 for the beginning and the end.
    """
    end = len(activation) / front.rate
    if seconds is not None:
        activation, end = activation[: frames_within(seconds, len(activation), front)], seconds
    pick = PICKERS[picker(peaks, tolerance)]
    frames, confidence = pick(activation, front.rate, threshold, tolerance)
    times = frame_times(len(activation), front)[frames]
    inside = (times > 0) & (times < end - SHORTEST)
    return (
        np.concatenate([[0.0], times[inside], [end]]),
        np.concatenate([[1.0], confidence[inside], [1.0]]),
    )


def choose_thresholds(
    config: SymbolicConfig, pieces: Sequence[Piece], activations: Sequence[Curve]
) -> None:
    """Store thresholds and calibrations of confidences in the configuration.

    There is one threshold for each of `TOLERANCES`, that of the best mean F-measure over some
    pieces, the median of several that are equally good. Scores count up to the annotated end of a
    piece. Confidences are calibrated on the boundaries that are found with it.
    """
    front = config.front_end or FRAME_GRID
    references = [boundaries_of(piece) for piece in pieces]
    scores = np.zeros((len(STEPS), len(TOLERANCES)))
    for row, step in zip(scores, STEPS, strict=True):
        for curve, reference in zip(activations, references, strict=True):
            for number, tolerance in enumerate(TOLERANCES):
                times, _ = boundary_times(curve.activation, front, config.peaks, step, tolerance)
                found = boundary_scores(reference, times, (tolerance,))
                row[number] += found[f"f_{tolerance:g}"]
    best = {}
    for tolerance, column in zip(TOLERANCES, scores.T, strict=True):
        places = np.flatnonzero(column == column.max())
        best[f"{tolerance:g}"] = float(STEPS[places[len(places) // 2]])
    config.thresholds = {BOUNDARY.name: best}
    config.confidences = {BOUNDARY.name: _calibrations(config, front, references, activations)}


def _calibrations(
    config: SymbolicConfig,
    front: FrontEnd,
    references: Sequence[Sequence[float]],
    activations: Sequence[Curve],
) -> dict[str, list[float]]:
    """Fit the calibration of confidences for each tolerance that has a boundary."""
    lines = {}
    for tolerance, threshold in config.thresholds[BOUNDARY.name].items():
        confidences, right = [], []
        for curve, reference in zip(activations, references, strict=True):
            times, confidence = boundary_times(
                curve.activation, front, config.peaks, threshold, float(tolerance)
            )
            confidences.append(confidence[1:-1])
            right.append(matched(reference, times[1:-1], float(tolerance)))
        if sum(map(len, right)):
            lines[tolerance] = fit_confidence(np.concatenate(confidences), np.concatenate(right))
    return lines


def boundaries_of(piece: Piece) -> tuple[float, ...]:
    """Return the annotated boundaries of a piece in seconds, empty without annotation."""
    return cast(tuple[float, ...], piece.labels.get(BOUNDARY.name, ()))


def boundary_rows(
    pieces: Sequence[Piece],
    activations: Sequence[Curve],
    config: SymbolicConfig,
) -> list[dict[str, Any]]:
    """Make rows of a table of predictions: boundary times of each piece, separated by spaces.

    Args:
        pieces: with or without `boundary` among their labels.
        activations: of each piece; the end of a curve, if known, is the last time.
        config: of the model, with its thresholds.
    """
    rows, front, peaks = [], config.front_end or FRAME_GRID, config.peaks
    for piece, curve in zip(pieces, activations, strict=True):
        row = {BOUNDARY.name: times_text(boundaries_of(piece))}
        for tolerance, threshold in config.thresholds[BOUNDARY.name].items():
            times, _ = boundary_times(
                curve.activation, front, peaks, threshold, float(tolerance), curve.seconds
            )
            row[predicted_column(tolerance)] = times_text(times.tolist())
        rows.append(row)
    return rows


def predicted_column(tolerance: str) -> str:
    """Return the name of the column with the boundaries predicted for a tolerance."""
    return f"{BOUNDARY.name} predicted {tolerance}"


def read_times(text: str) -> np.ndarray:
    """Read the times written by `times_text`."""
    return np.array([float(word) for word in str(text).split()])


def times_text(times: Sequence[float]) -> str:
    """Write times for a table of predictions."""
    return " ".join(f"{time:.3f}" for time in times)
