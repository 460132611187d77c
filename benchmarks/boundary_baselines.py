"""Baselines of boundary detection without training: equal distances and novelty.

    python benchmarks/boundary_baselines.py --corpus beatles --audio DATA/audio

The settings for a fold are chosen on the other folds; folds are those that scripts/train.py holds
out. With `--notes` a corpus of MIDI is read as notes and not rendered.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from annotators import annotator_agreement

from symbolic.audio.cache import features_of
from symbolic.audio.front_end import FrontEnd
from symbolic.data import READERS, Piece, group_folds
from symbolic.data.splits.hold_out import sampled
from symbolic.encoders import BOUNDARY_SYSTEMS
from symbolic.evaluation.summary import summarise
from symbolic.evaluation.tables import results_table
from symbolic.notes import ReadError
from symbolic.structure import equal_distances, over_running_median
from symbolic.structure.detection import (
    TOLERANCES,
    boundaries_of,
    predicted_column,
    times_text,
)
from symbolic.structure.novelty import MEDIAN, novelty_of
from symbolic.tasks import BOUNDARY
from symbolic.tasks.boundary_metrics import boundary_scores

SPACINGS = np.arange(4.0, 41.0, 1.0)  # seconds
THRESHOLDS = np.linspace(0.0, 0.5, 26)  # above the median, relative to the maximum of the piece

Baseline = Callable[[np.ndarray, FrontEnd], list[np.ndarray]]
"""From (T, F) frames and their front end to boundary times for each setting."""


def equal(frames: np.ndarray, front: FrontEnd) -> list[np.ndarray]:
    """Place boundaries at equal distances, for each of `SPACINGS`."""
    return [equal_distances(len(frames) / front.rate, spacing) for spacing in SPACINGS]


def foote(frames: np.ndarray, front: FrontEnd) -> list[np.ndarray]:
    """Pick peaks of novelty (Foote 2000), for each kind of the front end and each threshold."""
    novelties = [novelty_of(kind, frames, front) for kind in front.kinds]
    return [
        front.first + over_running_median(novelty, front.rate, MEDIAN, threshold) / front.rate
        for novelty in novelties
        for threshold in THRESHOLDS
    ]


BASELINES: dict[str, Baseline] = {"equal distances": equal, "Foote's novelty": foote}


def baseline_rows(
    baseline: Baseline,
    pieces: Sequence[Piece],
    frames: Sequence[np.ndarray],
    front: FrontEnd,
    fold: np.ndarray,
) -> list[dict[str, Any]]:
    """Predict the boundaries of each piece, as rows of a table of predictions.

    For each fold and tolerance, the setting is the one with the best score on the other folds.

    Args:
        baseline: one of `BASELINES`.
        pieces: with `boundary` among their labels.
        frames: (T, F) of each piece.
        front: the front end of the frames.
        fold: (n,) number of the fold of each piece.
    """
    truth = [boundaries_of(piece) for piece in pieces]
    found = [
        [_with_ends(times, len(array) / front.rate) for times in baseline(array, front)]
        for array in frames
    ]
    scores = np.array(  # (settings, pieces, tolerances)
        [
            [_f(boundary_scores(*both)) for both in zip(truth, setting, strict=True)]
            for setting in zip(*found, strict=True)
        ]
    )
    rows = []
    for number, (piece, times) in enumerate(zip(pieces, truth, strict=True)):
        best = scores[:, fold != fold[number]].mean(axis=1).argmax(axis=0)
        row = {"corpus": piece.corpus, "file": piece.path.name, "group": piece.group}
        row |= {"fold": f"fold-{fold[number]}", "seed": 0, BOUNDARY.name: times_text(times)}
        for tolerance, setting in zip(TOLERANCES, best, strict=True):
            row[predicted_column(f"{tolerance:g}")] = times_text(found[number][setting].tolist())
        rows.append(row)
    return rows


def _with_ends(times: np.ndarray, end: float) -> np.ndarray:
    return np.concatenate([[0.0], times[(times > 0) & (times < end)], [end]])


def _f(scores: dict[str, float]) -> list[float]:
    return [scores[f"f_{tolerance:g}"] for tolerance in TOLERANCES]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, help="as of scripts/train.py")
    parser.add_argument("--audio", required=True, help="folder of the corpus")
    parser.add_argument("--notes", action="store_true", help="piano rolls of notes")
    parser.add_argument("--fold", type=int, help="report only the songs of this held-out fold")
    parser.add_argument(
        "--most", type=int, default=0, help="number of songs, as of scripts/train.py"
    )
    parser.add_argument("--cache_dir", help="folder for features")
    options = parser.parse_args()
    corpus = sampled(READERS[options.corpus](options.audio), options.most)
    pieces = corpus.pieces
    kind = "roll" if options.notes else "mel"
    system = BOUNDARY_SYSTEMS["roll" if options.notes else "mls"]
    front = replace(system.front, kinds=(kind, "chroma"))
    if corpus.features is None:
        read = features_of([piece.path for piece in pieces], front, options.cache_dir)
        kept = [i for i, result in enumerate(read) if not isinstance(result, ReadError)]
        frames, pieces = [read[i] for i in kept], [pieces[i] for i in kept]
    else:
        frames = corpus.with_front_end(corpus.front_end_for(front)).features
    fold = group_folds(np.zeros(len(pieces), int), [piece.group for piece in pieces], 5, seed=0)
    found = {}
    for name, baseline in BASELINES.items():
        frame = pd.DataFrame(baseline_rows(baseline, pieces, frames, front, fold))
        if options.fold is not None:
            frame = frame[frame["fold"] == f"fold-{options.fold}"]
        found[name] = summarise(frame, (BOUNDARY,))
    print(results_table(found))
    if options.corpus == "pop909_structure":
        scores = pd.DataFrame(annotator_agreement(options.audio)).T
        scores = scores[scores.index.isin(frame["group"])]
        print(f"\nannotator 2 against annotator 1, {len(scores)} songs, mean and deviation")
        print(scores.agg(["mean", "std"]).to_string(float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
