"""Confidence of keys over time against the share of time that is right.

    python benchmarks/key_confidence.py DATA

Every piece is tested by a network of keys that was trained without it, as in `local_keys.py`. The
constants of `symbolic.scoring.keys.confidence` are chosen on the pieces on which other settings
were chosen, too; the last tables are of the other half. Each predicted key counts by its time:
`ECE` is the expected calibration error in ten bins, `log loss` that of the share that is right, and
`AUC` the chance that a right time has a larger confidence than a wrong one.

`before` is what the confidence was: the probability by the network of keys, from all notes that
begin while the key holds. Excerpts are parts of 12, 20 or 30 s of songs with one key and of scores.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from local_keys import SAMPLES, trained
from local_keys_data import Keyed, modulated, pop909, when_in_rome
from scipy.optimize import minimize

from symbolic.inference.key_windows import (
    KeyEvidence,
    KeyNetwork,
    by_onset,
    key_evidence,
    span_probabilities,
)
from symbolic.notes.keys import parse_key
from symbolic.scoring.emotion import scorer_of
from symbolic.scoring.keys.confidence import key_confidences
from symbolic.scoring.keys.timelines import keys_over_time

BINS = 10
KINDS = ("one key", "several keys", "modulated", "When in Rome", "excerpts")
LENGTHS = (12.0, 20.0, 30.0)  # seconds, of excerpts
WEIGHTS, COSTS = (0.04, 0.05, 0.06, 0.08, 0.1, 0.2), (2.0, 2.5, 3.0, 3.5, 4.0, 6.0)
CLIP = 0.02  # of probabilities whose log odds are taken


@dataclass(frozen=True)
class Found:
    """The keys over time of a piece, its evidence, and for how much of their time they are right.

    Attributes:
        keys, starts: (k,) as found.
        rows: a row for each key that has any of the piece's times.
    """

    dev: bool
    evidence: KeyEvidence
    keys: np.ndarray
    starts: np.ndarray
    rows: pd.DataFrame

    def confidences(self, weight: float, cost: float) -> np.ndarray:
        """Compute confidences with other constants, of the keys in `rows`."""
        found = key_confidences(self.evidence, self.keys, self.starts, weight, cost)
        return found[self.rows["number"]]


def found_in(piece: Keyed, kind: str, network: KeyNetwork) -> Found:
    """Find the keys of a piece."""
    notes = by_onset(scorer_of().preprocess.kept(piece.notes))
    found = keys_over_time(network, notes)
    keys = np.array([parse_key(one.key) for one in found])
    starts = np.array([one.start for one in found])
    evidence = key_evidence(network, notes)
    probable, _ = span_probabilities(network, notes, starts, np.append(starts[1:], np.inf))
    at = starts[1:].searchsorted(piece.times, side="right")
    right = np.bincount(at, piece.truth == keys[at], len(keys))
    middles = (evidence.edges[1:] + evidence.edges[:-1]) / 2
    holds = starts[1:].searchsorted(middles, side="right")
    windows = np.exp(evidence.windows[np.arange(len(middles)), keys[holds]])
    frames = np.bincount(holds, minlength=len(keys))
    rows = pd.DataFrame(
        {
            "kind": kind,
            "piece": piece.name,
            "number": np.arange(len(keys)),
            "time": np.bincount(at, minlength=len(keys)),
            "right": right,
            "confidence": [one.confidence for one in found],
            "before": np.exp(probable[np.arange(len(keys)), keys]),
            "windows": np.bincount(holds, windows, len(keys)) / np.maximum(frames, 1),
            "seconds": [one.end - one.start for one in found],
        }
    )
    return Found(piece.dev, evidence, keys, starts, rows[rows["time"] > 0])


def excerpts(pieces: list[Keyed], seed: int = 0) -> list[Keyed]:
    """Cut a part of one of `LENGTHS` from each piece, at random."""
    rng, made = np.random.default_rng(seed), []
    for piece in pieces:
        length = float(rng.choice(LENGTHS))
        start = rng.uniform(0, max(piece.notes.seconds - length, 0))
        onset = piece.notes.onset
        notes = piece.notes.select((onset >= start) & (onset < start + length))
        if len(notes.pitched()):
            notes = replace(notes, onset=notes.onset - start)
            made.append(replace(piece, notes=notes, changes=piece.changes - start))
    return made


def calibration_error(rows: pd.DataFrame, confidence: np.ndarray) -> float:
    """Compute the expected calibration error."""
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    off = np.bincount(places, rows["time"] * confidence - rows["right"], BINS)
    return float(np.abs(off).sum() / rows["time"].sum())


def log_loss(rows: pd.DataFrame, confidence: np.ndarray) -> float:
    """Compute the mean of minus the log probability of what is right or wrong."""
    sure = confidence.clip(1e-4, 1 - 1e-4)
    wrong = rows["time"] - rows["right"]
    loss = rows["right"] * np.log(sure) + wrong * np.log(1 - sure)
    return float(-loss.sum() / rows["time"].sum())


def area(rows: pd.DataFrame, confidence: np.ndarray) -> float:
    """Compute the area under the ROC curve."""
    order = np.argsort(confidence, kind="stable")
    right = rows["right"].to_numpy()[order]
    wrong = (rows["time"] - rows["right"]).to_numpy()[order]
    below = wrong.cumsum() - wrong / 2
    return float((right * below).sum() / max(right.sum() * wrong.sum(), 1))


def by_kind(rows: pd.DataFrame, confidence: np.ndarray) -> dict[str, float]:
    """Compute log losses and calibration errors: means over the kinds, and of each."""
    losses, errors = [], {}
    for kind in KINDS:
        own = (rows["kind"] == kind).to_numpy()
        losses.append(log_loss(rows[own], confidence[own]))
        errors[f"ECE {kind}"] = calibration_error(rows[own], confidence[own])
    return {"log loss": np.mean(losses), "ECE": np.mean([*errors.values()]), **errors}


def logistic(rows: pd.DataFrame, *inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit a logistic curve in which each kind counts the same, but for excerpts, which do not.

    Returns:
        The confidences of all rows, and the parameters, the first of which is the constant.
    """
    columns = np.column_stack([np.ones(len(rows)), *inputs])
    counts = rows["time"] / rows.groupby("kind")["time"].transform("sum")
    counts = (counts * (rows["kind"] != "excerpts")).to_numpy()
    share = (rows["right"] / rows["time"]).to_numpy()

    def loss(parameters: np.ndarray) -> float:
        at = columns @ parameters
        return float((counts * (np.logaddexp(0, at) - share * at)).sum())

    parameters = minimize(loss, np.zeros(columns.shape[1]), method="BFGS").x
    return 1 / (1 + np.exp(-columns @ parameters)), parameters


def log_odds(probability: np.ndarray | pd.Series) -> np.ndarray:
    sure = np.asarray(probability).clip(CLIP, 1 - CLIP)
    return np.log(sure / (1 - sure))


def tried(rows: pd.DataFrame) -> pd.DataFrame:
    """Measure the former confidence and logistic curves of it and of other inputs."""
    length = np.log(rows["seconds"].clip(1))
    before, windows = log_odds(rows["before"]), rows["windows"]
    inputs = {
        "curve of before": [before],
        "curve of windows": [windows],
        "curve of before and windows": [before, windows],
        "curve of windows and length": [windows, length],
        "curve of confidence": [log_odds(rows["confidence"])],
        "curve of confidence and before": [log_odds(rows["confidence"]), before],
        "curve of confidence and length": [log_odds(rows["confidence"]), length],
    }
    found = {
        "before": by_kind(rows, rows["before"].to_numpy()),
        "confidence": by_kind(rows, rows["confidence"].to_numpy()),
    }
    for name, columns in inputs.items():
        sure, parameters = logistic(rows, *columns)
        found[f"{name} {parameters.round(2)}"] = by_kind(rows, sure)
    return pd.DataFrame(found).T


def interval(rows: pd.DataFrame, name: str) -> str:
    """95 % interval of a calibration error by bootstrap samples of pieces."""
    rng = np.random.default_rng(0)
    own = list(rows.groupby("piece").indices.values())
    found = []
    for _ in range(SAMPLES):
        drawn = np.concatenate([own[i] for i in rng.integers(0, len(own), len(own))])
        some = rows.iloc[drawn]
        found.append(calibration_error(some, some[name].to_numpy()))
    low, high = np.percentile(found, [2.5, 97.5])
    return f"[{low:.3f}, {high:.3f}]"


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Measure both confidences by kind."""
    table = {}
    for kind in KINDS:
        own = rows[rows["kind"] == kind]
        time = own["time"].sum()
        row: dict[str, object] = {"keys": len(own), "right": own["right"].sum() / time}
        for name in ("before", "confidence"):
            sure = own[name].to_numpy()
            row[name] = (own["time"] * sure).sum() / time
            row[f"{name}: ECE"] = calibration_error(own, sure)
            row[f"{name}: ECE 95 %"] = interval(own, name)
            row[f"{name}: AUC"] = area(own, sure)
        table[kind] = row
    return pd.DataFrame(table).T


def bins_of(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Compare confidence and share of time in each bin."""
    place = np.minimum((rows[name] * BINS).astype(int), BINS - 1)
    scaled = rows.assign(mean=rows[name] * rows["time"])
    sums = scaled.groupby(place)[["time", "right", "mean"]].sum()
    share = sums["time"] / sums["time"].sum()
    columns = (share, sums["mean"] / sums["time"], sums["right"] / sums["time"])
    return pd.concat(columns, axis=1, keys=[f"{name}: share of time", name, "right"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    options = parser.parse_args()
    songs, scores = pop909(options.data), when_in_rome(options.data)
    halves = [[song for song in songs if song.dev == dev] for dev in (True, False)]
    one = [song for song in songs if len(song.keys) == 1]
    kinds = {
        "one key": one,
        "several keys": [song for song in songs if len(song.keys) > 1 and song.changes is not None],
        "modulated": modulated(halves[0]) + modulated(halves[1]),
        "When in Rome": scores,
        "excerpts": excerpts(one + scores + scores),
    }
    networks = trained(options.data)
    found = [found_in(piece, kind, networks[piece.name]) for kind in KINDS for piece in kinds[kind]]
    dev = [piece for piece in found if piece.dev]
    rows = pd.concat([piece.rows for piece in dev], ignore_index=True)
    grid = {}
    for weight in WEIGHTS:
        for cost in COSTS:
            sure = np.concatenate([piece.confidences(weight, cost) for piece in dev])
            grid[weight, cost] = by_kind(rows, sure)
    with pd.option_context("display.width", 200, "display.precision", 3, "display.max_rows", None):
        print("pieces on which the constants are chosen: weight of a frame, cost of a change")
        print(pd.DataFrame(grid).T.to_string())
        print("\nthe same pieces: confidences, and logistic curves with their parameters")
        print(tried(rows).to_string())
        rest = pd.concat([one.rows for one in found if not one.dev], ignore_index=True)
        print("\nthe other pieces")
        print(table_of(rest).to_string(float_format="{:.3f}".format))
        of_scores = rest["kind"] == "When in Rome"
        of_songs = ~of_scores & (rest["kind"] != "excerpts")
        for kind, own in {"POP909": of_songs, "When in Rome": of_scores}.items():
            print(f"\nthe other pieces, {kind}")
            print(bins_of(rest[own], "before").to_string(float_format="{:.3f}".format))
            print(bins_of(rest[own], "confidence").to_string(float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
