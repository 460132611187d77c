"""Generated pieces against the emotion that they were to have."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.evaluation.generation.targets import Targets, quadrant_numbers, targets_of
from symbolic.evaluation.summary import summarise
from symbolic.scoring.emotion import scorer_of
from symbolic.tasks import EMOTION, IGNORE, QUADRANTS
from symbolic.tasks.intervals import DRAWS, grouped_bootstrap

if TYPE_CHECKING:
    import pandas as pd

    from symbolic.scoring.base import Scorer

PROBABILITIES = [quadrant.lower() for quadrant in QUADRANTS]
NO_TARGET = "no target"


@dataclass(frozen=True, eq=False)
class GeneratedEvaluation:
    """Scores of generated pieces against their target quadrants.

    The figures are predictions of a model, which is wrong about a part of human music, too, and
    about more of the music unlike its training data (`familiarity`). Compare generators by the same
    model and targets, and with human music of these quadrants. The share of hits is not the share
    of pieces that listeners would place there, and means nothing for a generator that was trained
    or selected with this model.

    Attributes:
        scores: `hits`, the share of pieces predicted in their target quadrant; `expected`, the mean
            probability of the target quadrant, which is near `hits` if the probabilities are
            calibrated for this music; `calibration_error` (15 bins); `macro_f1`, if all four
            quadrants are targets; `valence` and `arousal`, hits of the halves of the plane;
            `distance`, the mean distance between the predicted point (columns `valence`,
            `arousal`) and the target, 0 to 2.83, where a target quadrant stands for its corner;
            `familiarity`, the mean of that column.
        intervals: 95 %, from drawing groups.
        confusion: (4, 4) pieces, rows target and columns predicted quadrants.
        rows: the table of scores, with `target`, `target_probability`, `hit` and `distance`. A
            piece without a target has the error `no target`.
        pieces: number of pieces that count.
        unread: number of files that could not be read.
    """

    scores: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    confusion: np.ndarray
    rows: pd.DataFrame
    pieces: int
    unread: int

    def to_dict(self) -> dict[str, Any]:
        """Return the figures, without `rows`, as numbers, lists and dictionaries."""
        return {
            "pieces": self.pieces,
            "unread": self.unread,
            "scores": self.scores,
            "intervals": {name: list(pair) for name, pair in self.intervals.items()},
            "confusion": self.confusion.tolist(),
        }

    def __str__(self) -> str:
        lines = [f"{self.pieces} pieces with a target, {self.unread} files not read", ""]
        for name, value in self.scores.items():
            low_high = self.intervals.get(name)
            interval = f" [{low_high[0]:.3f}, {low_high[1]:.3f}]" if low_high else ""
            lines.append(f"{name.replace('_', ' '):<18}{value:.3f}{interval}")
        lines += ["", "target  " + "".join(f"{name:>6}" for name in QUADRANTS)]
        for name, row in zip(QUADRANTS, self.confusion, strict=True):
            if not row.any():
                continue
            lines.append(f"{name:<8}" + "".join(f"{count:>6.0f}" for count in row))
        return "\n".join(lines)


def evaluate_generated(
    files: Any,
    targets: Targets | os.PathLike[str],
    model: str | os.PathLike[str] | Scorer | None = None,
    *,
    groups: Sequence[str] | None = None,
    draws: int = DRAWS,
    workers: int | None = None,
    progress: bool = False,
) -> GeneratedEvaluation:
    """Score generated pieces and compare the predictions with their target quadrants.

    Args:
        files: as of `symbolic.score`: paths, folders, archives, bytes or objects.
        targets: a quadrant such as "Q1", or valence and arousal in -1..1, for all files; one for
            each file, in order; a mapping from path or name; or the path of a CSV with a column
            `path`, `file` or `name`, and `target`, or `valence` and `arousal`.
        model: a folder or a hub name, or a scorer; None is the model inside the package.
        groups: a name for each file, such as that of a prompt: pieces of a group are drawn
            together for the intervals. By default each piece is one.
        draws: bootstrap samples.
        workers: processes that read files; None is one for each core, 0 reads in this process.
        progress: whether to show a progress bar on stderr.

    Raises:
        ValueError: no file that can be read has a target; targets that cannot be parsed; a model
            that predicts no quadrant.
        OSError: a model or a table of targets that cannot be read.

    Example:
        >>> import symbolic
        >>> print(symbolic.evaluate_generated("generated/happy/", "Q1"))
    """
    rows = as_scorer(model).score(files, workers=workers, progress=progress)
    if not set(PROBABILITIES) <= set(rows):
        raise ValueError("the model predicts no quadrants")
    found = targets_of([str(path) for path in rows["path"]], targets)
    if groups is not None and len(groups) != len(rows):
        raise ValueError(f"{len(groups)} groups for {len(rows)} files")
    return evaluation_of(rows, found, groups, draws)


def as_scorer(model: str | os.PathLike[str] | Scorer | None) -> Scorer:
    """Load a model by name, None being the one inside the package; a scorer stays as it is."""
    if model is None or isinstance(model, str | os.PathLike):
        return scorer_of(model)
    return model


def evaluation_of(
    rows: pd.DataFrame,
    targets: Sequence[Any],
    groups: Sequence[str] | None = None,
    draws: int = DRAWS,
) -> GeneratedEvaluation:
    """Compare a table of scores with targets; see `evaluate_generated`.

    Raises:
        ValueError: no piece that was scored has a target.
    """
    import pandas as pd

    read = ~(rows["error"].notna() & (rows["error"] != "")).to_numpy()
    quadrants = quadrant_numbers(targets)
    probabilities = rows[PROBABILITIES].to_numpy(float)
    corners = np.array([[np.nan] * 2 if one is None else one[1:] for one in targets], float)
    points = rows[["valence", "arousal"]].to_numpy(float)
    known = quadrants != IGNORE
    own = probabilities[np.arange(len(rows)), np.where(known, quadrants, 0)]
    rows = rows.assign(
        target=[QUADRANTS[i] if i != IGNORE else None for i in quadrants],
        target_probability=np.where(known, own, np.nan),
        hit=pd.array(
            [
                bool(row.argmax() == target) if ok else None
                for row, target, ok in zip(probabilities, quadrants, known & read, strict=True)
            ],
            "boolean",
        ),
        distance=np.linalg.norm(points - corners.reshape(-1, 2), axis=1),
        error=np.where(read & ~known, NO_TARGET, rows["error"]),
    )
    counted = np.flatnonzero(read & known)
    if not len(counted):
        raise ValueError("no file that can be read has a target")
    names = [f"{i}" for i in range(len(rows))]
    own_groups = np.array(names if groups is None else [str(one) for one in groups])[counted]
    frame = pd.DataFrame(
        {
            "corpus": "generated",
            "file": np.array(names)[counted],
            "group": own_groups,
            "fold": 0,
            "seed": 0,
            EMOTION.name: [QUADRANTS[i] for i in quadrants[counted]],
        }
    )
    frame[[f"{EMOTION.name}: {quadrant}" for quadrant in QUADRANTS]] = probabilities[counted]
    summary = summarise(frame, [EMOTION], draws)
    part = rows.iloc[counted]
    means = {
        "expected": part["target_probability"].to_numpy(float),
        "distance": part["distance"].to_numpy(float),
        "familiarity": part["familiarity"].to_numpy(float),
    }
    means = {name: values for name, values in means.items() if np.isfinite(values).all()}
    scores = {"hits": summary.scores["accuracy"]}
    scores |= {name: float(values.mean()) for name, values in means.items() if name == "expected"}
    kept = ["calibration_error", "valence", "arousal"]
    if len(set(quadrants[counted])) == len(QUADRANTS):  # else a quadrant has no piece to find
        kept.insert(1, "macro_f1")
    scores |= {name: summary.scores[name] for name in kept}
    scores |= {name: float(values.mean()) for name, values in means.items()}
    intervals = {"hits": summary.intervals["accuracy"]} | {
        name: pair for name, pair in summary.intervals.items() if name in scores
    }
    for name, values in means.items():
        intervals[name] = grouped_bootstrap(
            lambda index, values=values: float(values[index].mean()), own_groups.tolist(), draws
        )
    return GeneratedEvaluation(
        scores=scores,
        intervals=intervals,
        confusion=summary.confusion[EMOTION.name],
        rows=rows,
        pieces=len(counted),
        unread=int((~read).sum()),
    )


class GeneratedEmotion:
    """`evaluate_generated` with the calls of a metric of Hugging Face's `evaluate`, offline.

    Example:
        >>> from symbolic.evaluation.generation.generated import GeneratedEmotion
        >>> metric = GeneratedEmotion()
        >>> metric.add_batch(predictions=["a.mid", "b.mid"], references=["Q1", "Q3"])
        >>> metric.compute()["hits"]

    Args:
        model: as of `evaluate_generated`; it is loaded once.
        workers: as of `evaluate_generated`.
    """

    name = "generated_emotion"

    def __init__(
        self, model: str | os.PathLike[str] | Scorer | None = None, workers: int | None = None
    ) -> None:
        self.scorer = as_scorer(model)
        self.workers = workers
        self._files: list[Any] = []
        self._targets: list[Any] = []

    def add(self, *, prediction: Any, reference: Any) -> None:
        """Add a file and its target."""
        self.add_batch(predictions=[prediction], references=[reference])

    def add_batch(self, *, predictions: Sequence[Any], references: Sequence[Any]) -> None:
        """Add files and their targets.

        Raises:
            ValueError: another number of targets.
        """
        if len(predictions) != len(references):
            raise ValueError(f"{len(references)} references for {len(predictions)} predictions")
        self._files += predictions
        self._targets += references

    def compute(
        self, *, predictions: Sequence[Any] = (), references: Sequence[Any] = ()
    ) -> dict[str, float]:
        """Return `scores` of the files that were added, and forget them.

        Args:
            predictions: further files.
            references: their targets.

        Raises:
            ValueError: as of `evaluate_generated`, or another number of targets.
        """
        self.add_batch(predictions=predictions, references=references)
        files, targets = self._files, self._targets
        self._files, self._targets = [], []
        return evaluate_generated(files, targets, self.scorer, workers=self.workers).scores
