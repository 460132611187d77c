"""What a frame of predictions says: scores, intervals, folds, confusion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.inference.prediction_table import (
    PIECE,
    PROBABILITIES,
    RUN,
    check_predictions,
    group_numbers,
    has_emotion,
    labelled,
    predicted_quadrants,
    true_quadrants,
)
from symbolic.tasks import valence_arousal
from symbolic.tasks.intervals import DRAWS, bootstrap_of_sums
from symbolic.tasks.metrics import (
    accuracy,
    concordance,
    emotion_metrics,
    macro_f1,
    mirex_key_score,
    r2,
    rmse,
)

if TYPE_CHECKING:
    import pandas as pd

Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The scores of one system. What is not defined for its predictions is left out.

    Attributes:
        pieces: how many, each counted once however many seeds predicted it.
        groups: songs, or pieces of a game.
        folds: how many.
        seeds: in order.
        scores: of the quadrants `accuracy macro_f1 valence arousal surest_half calibration_error`,
            as `emotion_metrics` has them; `valence_ccc valence_rmse valence_r2`, and so for
            arousal, of labels on the plane; `key_exact key_mirex`; `velocity_accuracy` over notes.
            With several seeds, the mean of what each scores.
        counts: what the scores rest on: pieces with a label of `quadrant`, `valence`, `arousal`,
            `key`, and pieces and notes with a velocity that was asked for.
        intervals: 95 %, of `accuracy`, `macro_f1` and `key_exact`, from drawing groups.
        over_folds: mean and standard deviation (n - 1) of `accuracy` and `macro_f1` over the folds
            of every seed, where there are several.
        confusion: (4, 4), rows true and columns predicted quadrants; a piece that several seeds
            predicted adds up to 1. None without an emotion head or a labelled piece.
        protocol: what was trained on, and what was held out, in words.
        leaks: whether groups are on both sides of the split: the scores are too good then.
        robustness: as `symbolic.evaluation.robustness.robustness` gives it.
    """

    pieces: int
    groups: int
    folds: int
    seeds: tuple[Any, ...]
    scores: dict[str, float]
    counts: dict[str, int]
    intervals: dict[str, Interval]
    over_folds: dict[str, tuple[float, float]]
    confusion: np.ndarray | None = None
    protocol: str = ""
    leaks: bool = False
    robustness: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, lists and strings for JSON; no NaN."""
        return {
            "protocol": self.protocol,
            "leaks": bool(self.leaks),
            "pieces": self.pieces,
            "groups": self.groups,
            "folds": self.folds,
            "seeds": list(self.seeds),
            "scores": self.scores,
            "counts": self.counts,
            "intervals": {name: list(interval) for name, interval in self.intervals.items()},
            "over_folds": {name: list(pair) for name, pair in self.over_folds.items()},
            "robustness": _defined(self.robustness),
        }


def summarise(
    frame: pd.DataFrame,
    draws: int = DRAWS,
    seed: int = 0,
    *,
    protocol: str = "",
    leaks: bool = False,
    robustness: Mapping[str, float] | None = None,
) -> Summary:
    """Score the predictions of one system.

    With several seeds the bootstrap draws a group with what all seeds said of it: seeds are no new
    music.

    Args:
        frame: as `symbolic.inference.prediction_table` describes it.
        draws: bootstrap samples.
        seed: of the draws.
        protocol, leaks, robustness: go into the summary as they are.

    Raises:
        ValueError: a frame that is not as described.
    """
    check_predictions(frame)
    seeds = sorted(frame["seed"].unique().tolist())
    per_seed = [_scores(frame[frame["seed"] == one]) for one in seeds]
    names = dict.fromkeys(name for scores in per_seed for name in scores)
    scores = {
        name: float(np.mean([scores[name] for scores in per_seed if name in scores]))
        for name in names
    }
    sums = _sums(frame, seeds)
    statistics = {"accuracy": accuracy, "macro_f1": macro_f1, "key_exact": _share}
    return Summary(
        pieces=len(frame[PIECE].drop_duplicates()),
        groups=len(frame[["corpus", "group"]].drop_duplicates()),
        folds=frame["fold"].nunique(dropna=False),
        seeds=tuple(seeds),
        scores=scores,
        counts=_counts(frame),
        intervals={
            name: bootstrap_of_sums(_mean_of_seeds(statistics[name]), sums[name], draws, seed)
            for name in sums
        },
        over_folds=_over_folds(frame),
        confusion=_confusion(frame),
        protocol=protocol,
        leaks=leaks,
        robustness=dict(robustness or {}),
    )


def _scores(frame: pd.DataFrame) -> dict[str, float]:
    """The scores of one seed, in the order of `Summary`; only those that are defined."""
    scores: dict[str, float] = {}
    emotion = frame[labelled(frame)]
    if has_emotion(frame) and len(emotion):
        scores |= emotion_metrics(true_quadrants(emotion), emotion[PROBABILITIES].to_numpy(float))
    for name, (true, predicted) in _plane(frame).items():
        if len(true):
            scores[f"{name}_ccc"] = concordance(true, predicted)
            scores[f"{name}_rmse"] = rmse(true, predicted)
            scores[f"{name}_r2"] = r2(true, predicted)
    if len(keys := _keys(frame)):
        true, named = keys["key"].to_numpy(int), keys["key_predicted"]
        score = mirex_key_score(true, named.fillna(0).to_numpy(int))
        scores["key_exact"] = float((named == true).mean())
        scores["key_mirex"] = float(np.where(named.notna(), score, 0.0).mean())
    if "velocity_asked" in frame and frame["velocity_asked"].sum():
        scores["velocity_accuracy"] = float(
            frame["velocity_right"].sum() / frame["velocity_asked"].sum()
        )
    return _defined(scores)


def _plane(frame: pd.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """True and predicted values by name, of the rows that have both."""
    found = {}
    for place, name in enumerate(("valence", "arousal")):
        if f"{name}_predicted" in frame:
            predicted = frame[f"{name}_predicted"].to_numpy(float)
        elif has_emotion(frame):
            predicted = valence_arousal(frame[PROBABILITIES].to_numpy(float))[:, place]
        else:
            continue
        if name in frame:
            true = frame[name].to_numpy(float)
            known = np.isfinite(true) & np.isfinite(predicted)
            found[name] = true[known], predicted[known]
    return found


def _keys(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows whose key is known, where keys were predicted; a missing answer is a wrong one."""
    if "key" in frame and "key_predicted" in frame:
        return frame[frame["key"].notna()]
    return frame[:0]


def _counts(frame: pd.DataFrame) -> dict[str, int]:
    counts = {}
    if has_emotion(frame):
        counts["quadrant"] = len(frame.loc[labelled(frame), PIECE].drop_duplicates())
    for name in _plane(frame):
        counts[name] = len(frame.loc[frame[name].notna(), PIECE].drop_duplicates())
    counts["key"] = len(_keys(frame)[PIECE].drop_duplicates())
    if "velocity_asked" in frame:
        asked = frame[frame["velocity_asked"] > 0].drop_duplicates(PIECE)
        counts["velocity"] = len(asked)
        counts["velocity_notes"] = int(asked["velocity_asked"].sum())
    return {name: count for name, count in counts.items() if count}


def _sums(frame: pd.DataFrame, seeds: list) -> dict[str, np.ndarray]:
    """What intervals rest on, summed by group and seed: confusions, and keys (right, asked)."""
    sums = {}
    emotion, keys = frame[labelled(frame)], _keys(frame)
    if has_emotion(frame) and len(emotion):
        groups, predicted = group_numbers(emotion), predicted_quadrants(emotion)
        matrices = np.zeros((groups.max() + 1, len(seeds), 4, 4))
        place = emotion["seed"].map(seeds.index).to_numpy()
        np.add.at(matrices, (groups, place, true_quadrants(emotion), predicted), 1)
        sums["accuracy"] = sums["macro_f1"] = matrices
    if len(keys):
        groups, place = group_numbers(keys), keys["seed"].map(seeds.index).to_numpy()
        pairs = np.zeros((groups.max() + 1, len(seeds), 2))
        right = (keys["key"] == keys["key_predicted"]).to_numpy(float)
        np.add.at(pairs, (groups, place), np.stack([right, np.ones(len(right))], axis=1))
        sums["key_exact"] = pairs
    return sums


def _mean_of_seeds(statistic: Callable) -> Callable:
    # Where seeds predicted different pieces, a draw may hold none of a seed's: NaN.
    return lambda drawn: np.nanmean(statistic(drawn), axis=1)


def _share(pairs: np.ndarray) -> np.ndarray:
    asked = pairs[..., 1]
    return np.where(asked > 0, pairs[..., 0] / np.maximum(asked, 1), np.nan)


def _over_folds(frame: pd.DataFrame) -> dict[str, tuple[float, float]]:
    emotion = frame[labelled(frame)]
    if not has_emotion(frame) or emotion.empty:
        return {}
    parts = [_confusion(part) for _, part in emotion.groupby(RUN, dropna=False)]
    if len(parts) < 2:
        return {}
    values = {"accuracy": accuracy(np.stack(parts)), "macro_f1": macro_f1(np.stack(parts))}
    return {name: (float(v.mean()), float(v.std(ddof=1))) for name, v in values.items()}


def _confusion(frame: pd.DataFrame) -> np.ndarray | None:
    emotion = frame[labelled(frame)]
    if not has_emotion(frame) or emotion.empty:
        return None
    times = emotion.groupby(PIECE)["file"].transform("size").to_numpy()
    matrix = np.zeros((4, 4))
    np.add.at(matrix, (true_quadrants(emotion), predicted_quadrants(emotion)), 1 / times)
    return matrix


def _defined(scores: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in scores.items() if np.isfinite(value)}
