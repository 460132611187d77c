"""Boundaries of the parts of a piece: from times to targets, and from activations to times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.audio.front_end import FrontEnd
from symbolic.configuration import SymbolicConfig
from symbolic.encoders.boundary_systems import ROLL
from symbolic.inference.prediction import predict_frames, predict_units
from symbolic.structure.peak_picking import expected_hits, peaks_apart, peaks_in_window
from symbolic.structure.targets import gaussian_targets, smeared_targets
from symbolic.tasks.boundary import BOUNDARY
from symbolic.tasks.boundary_metrics import boundary_scores

if TYPE_CHECKING:
    from symbolic.data.datasets.beat_dataset import BeatRow
    from symbolic.data.pieces import Piece
    from symbolic.modeling import SymbolicModel

PICKERS = ("apart", "window", "close", "hits")
"""Ways to pick boundaries: peaks 6 s apart (`peaks_apart`), peaks above the mean around them
(`peaks_in_window`), or the most hits that can be expected (`expected_hits`), those that are close
counting a little more or not."""

EXACT = {"close": 0.1, "hits": 0.0}

TARGETS = {"gaussian": 0.6, "smeared": 1.5}
"""Ways to say where a boundary is, and the seconds that are usual."""

CLOCK = ROLL
"""Frames that activations of bars and beats are laid out in, for peaks to be picked and drawn."""

WINDOWS = (0.5, 3.0)  # seconds that a boundary may be off
SHORTEST = 1e-3  # seconds of a part: what tables are rounded to
STEPS = np.linspace(0.0, 0.98, 50)  # thresholds that are tried


@dataclass(kw_only=True)
class BoundaryArguments:
    """How boundaries are learnt, and found in what a model says."""

    targets: str = field(
        default="gaussian",
        metadata={"help": "of boundaries: gaussian, or smeared, with weights (Ullrich 2014)"},
    )
    target_seconds: float = field(
        default=0.0, metadata={"help": "how far a boundary reaches; 0: the usual"}
    )
    peaks: str = field(
        default="apart,close",
        metadata={
            "help": "apart: 6 s apart; window: above the mean around (Schlüter 2014); hits: as "
            "many within the window as can be expected; close: about as many, and closer; or two "
            "of them, for 0.5 and for 3 s"
        },
    )
    threshold_share: float = field(
        default=0.15,
        metadata={
            "help": "share of the training pieces, by group, that thresholds of boundaries are "
            "chosen on and that are not trained on"
        },
    )

    def __post_init__(self) -> None:
        if self.targets not in TARGETS:
            raise ValueError(f"targets {self.targets!r}: there are {', '.join(TARGETS)}")
        for window in WINDOWS:
            picker(self.peaks, window)
        if not 0 < self.threshold_share < 1:
            raise ValueError(f"threshold_share {self.threshold_share} is no share")


@dataclass(frozen=True)
class Curve:
    """The activation of a piece whose length is known.

    Attributes:
        activation: (T,) 0..1 of each frame, how sure a boundary is there.
        seconds: where the piece ends; None where nothing but its frames is known.
    """

    activation: np.ndarray
    seconds: float | None = None

    @classmethod
    def of(cls, activation: np.ndarray | Curve) -> Curve:
        """The curve itself, or an array as one."""
        return activation if isinstance(activation, cls) else cls(activation)


def position_labels(
    times: Sequence[float], at: np.ndarray, arguments: BoundaryArguments
) -> np.ndarray:
    """(T, 2) float32, the target of each position and what it weighs.

    Where a piece begins and ends is no boundary: that is always known.

    Args:
        times: of all boundaries in seconds, ascending, with the beginning and the end.
        at: (T,) seconds of the positions.
        arguments: of the targets.
    """
    inner = np.asarray(times[1:-1])
    seconds = arguments.target_seconds or TARGETS[arguments.targets]
    if arguments.targets == "smeared":
        return np.stack(smeared_targets(inner, at, seconds), axis=1)
    targets = gaussian_targets(inner, at, seconds)
    return np.stack([targets, np.ones_like(targets)], axis=1)


def frame_times(count: int, front: FrontEnd) -> np.ndarray:
    """(count,) seconds of the middles of frames."""
    return front.first + np.arange(count) / front.rate


def frames_within(seconds: float, count: int, front: FrontEnd) -> int:
    """How many of so many frames have their middles before the end of a piece: at least 1."""
    return max(1, int(np.count_nonzero(frame_times(count, front) < seconds)))


def clock_of(config: SymbolicConfig) -> FrontEnd:
    """Whose frames a model's activations are: its front end's, or of a model of notes `CLOCK`'s."""
    return config.front_end or CLOCK


def on_clock(activation: np.ndarray, starts: np.ndarray, seconds: float) -> np.ndarray:
    """(T,) the activation of bars or beats as a curve of the frames of `CLOCK`.

    Args:
        activation: (U,) of each unit, at its beginning; straight lines lead from one to the next.
        starts: (U,) seconds at which units begin.
        seconds: length of the piece.
    """
    frames = CLOCK.positions(int(seconds * CLOCK.sampling_rate))
    return np.interp(frame_times(frames, CLOCK), starts, activation)


def frame_activations(model: SymbolicModel, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Of each recording (T,), how sure a model is that a boundary is there."""
    return [one[:, 0] for one in predict_frames(model, arrays, BOUNDARY)]


def unit_activations(model: SymbolicModel, rows: Sequence[BeatRow]) -> list[Curve]:
    """The same by a model of bars or beats, in frames of `CLOCK`, up to the ends of the pieces."""
    answers = predict_units(model, rows, BOUNDARY)
    return [
        Curve(on_clock(one[:, 0], row.edges[:-1], row.seconds), row.seconds)
        for one, row in zip(answers, rows, strict=True)
    ]


def picker(peaks: str, window: float) -> str:
    """Which of `PICKERS` is for boundaries that may be so many seconds off.

    Args:
        peaks: the name of one, or by a comma of one for each of `WINDOWS`.
        window: one of `WINDOWS`.

    Raises:
        ValueError: other names, or not as many.
    """
    names = peaks.split(",")
    if len(names) not in (1, len(WINDOWS)) or not set(names) <= set(PICKERS):
        raise ValueError(f"peaks {peaks!r}: there are {', '.join(PICKERS)}, one or two by a comma")
    return names[WINDOWS.index(window)] if len(names) > 1 else names[0]


def boundary_times(
    activation: np.ndarray,
    front: FrontEnd,
    peaks: str,
    threshold: float,
    window: float,
    seconds: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Where parts of a piece begin, by the activation of its frames.

    Args:
        activation: (T,) 0..1.
        front: says when frames are.
        peaks: as `picker` takes it.
        threshold: of the picker.
        window: of `WINDOWS`, seconds that a boundary may be off.
        seconds: where the piece ends; None takes the end of the last frame, which is up to a frame
            away from it. Frames from there on are not looked at.

    Returns:
        (P + 2,) seconds, ascending, from 0 to the end of the piece; and (P + 2,) 0..1
        how sure each is: the activation there, or of `close` and `hits` the boundaries that are
        expected within the window, 1 at most; 1 for the beginning and the end.
    """
    end = len(activation) / front.rate
    if seconds is not None:
        activation, end = activation[: frames_within(seconds, len(activation), front)], seconds
    found, sure = _picked(activation, front.rate, picker(peaks, window), threshold, window)
    times = frame_times(len(activation), front)[found]
    inside = (times > 0) & (times < end - SHORTEST)
    return (
        np.concatenate([[0.0], times[inside], [end]]),
        np.concatenate([[1.0], sure[inside], [1.0]]),
    )


def _picked(
    activation: np.ndarray, rate: float, name: str, threshold: float, window: float
) -> tuple[np.ndarray, np.ndarray]:
    if name in EXACT:
        found, hits = expected_hits(activation, rate, threshold, window, EXACT[name])
        return found, np.minimum(hits, 1)
    pick = {"apart": peaks_apart, "window": peaks_in_window}[name]
    found = pick(activation, rate, threshold)
    return found, activation[found]


def best_thresholds(
    activations: Sequence[np.ndarray | Curve],
    references: Sequence[Sequence[float]],
    front: FrontEnd,
    peaks: str,
) -> dict[str, float]:
    """The threshold that is best on average of some pieces, for each of `WINDOWS`.

    Args:
        activations: of each piece, (T,), or with its length, which is not needed: scores are
            counted up to the end of the reference.
        references: the boundaries of each.
        front: says when frames are.
        peaks: as `picker` takes it.

    Returns:
        By the name of the window, `0.5` and `3`; of several that are equal, the middle one.
    """
    scores = np.zeros((len(STEPS), len(WINDOWS)))
    for row, step in zip(scores, STEPS, strict=True):
        for curve, reference in zip(map(Curve.of, activations), references, strict=True):
            for number, window in enumerate(WINDOWS):
                estimated = boundary_times(curve.activation, front, peaks, step, window)[0]
                row[number] += boundary_scores(reference, estimated, (window,))[f"f_{window:g}"]
    best = {}
    for window, column in zip(WINDOWS, scores.T, strict=True):
        places = np.flatnonzero(column == column.max())
        best[f"{window:g}"] = float(STEPS[places[len(places) // 2]])
    return best


def choose_thresholds(
    config: SymbolicConfig, pieces: Sequence[Piece], activations: Sequence[np.ndarray | Curve]
) -> None:
    """Write the thresholds that are best for some pieces into a model's configuration."""
    told = [piece.labels[BOUNDARY.name] for piece in pieces]
    best = best_thresholds(activations, told, clock_of(config), config.peaks)
    config.thresholds = {BOUNDARY.name: best}


def boundary_rows(
    pieces: Sequence[Piece],
    activations: Sequence[np.ndarray | Curve],
    config: SymbolicConfig,
) -> list[dict[str, Any]]:
    """What the table of predictions says of boundaries: times of each piece, by spaces.

    Args:
        pieces: with `boundary` among their labels, where it is known.
        activations: of each, (T,), or with its length, where the last time is then its end.
        config: of the model, with its thresholds.
    """
    rows, front, peaks = [], clock_of(config), config.peaks
    for piece, curve in zip(pieces, map(Curve.of, activations), strict=True):
        row = {BOUNDARY.name: written(piece.labels.get(BOUNDARY.name, ()))}
        for window, threshold in config.thresholds[BOUNDARY.name].items():
            times, _ = boundary_times(
                curve.activation, front, peaks, threshold, float(window), curve.seconds
            )
            row[predicted(window)] = written(times)
        rows.append(row)
    return rows


def predicted(window: str) -> str:
    """The column of what was found with the threshold for a window."""
    return f"{BOUNDARY.name} predicted {window}"


def read_times(text: str) -> np.ndarray:
    """What `boundary_rows` has written."""
    return np.array([float(word) for word in str(text).split()])


def written(times: Sequence[float]) -> str:
    """Times as they stand in a table of predictions."""
    return " ".join(f"{time:.3f}" for time in times)
