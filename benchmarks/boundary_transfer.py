"""A network of boundaries in recordings beside novelty, on the songs of a corpus, song by song.

    python benchmarks/boundary_transfer.py --run runs/parts --corpus beatles --audio DATA/audio

Songs are those that the run held out if it was trained on this corpus, else all. Novelty is that of
`symbolic segment` without a model; novelty and equal distances with settings chosen on other folds
are those of `boundary_baselines.py`. The network has the thresholds of its training. Decibels of
the Beatles are relative to the loudest frame of each song, and those of other recordings are not.
Therefore there are three rows of the network: on mel bands as they are; with the mean level of each
song set to that of the training; and with the mean and deviation of each band set to those of the
training. Differences are of F1, song by song, with 95 % intervals from drawing songs.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from boundary_baselines import BASELINES, baseline_rows

from symbolic.audio.cache import features_of
from symbolic.audio.front_end import STRUCTURE
from symbolic.data import READERS, Corpus, group_folds
from symbolic.data.corpus import readable
from symbolic.data.groups import FOLDS
from symbolic.data.splits.hold_out import sampled
from symbolic.evaluation.tables import markdown
from symbolic.inference.prediction_table import read_predictions
from symbolic.modeling import SymbolicModel
from symbolic.notes import ReadError
from symbolic.structure.detection import (
    TOLERANCES,
    boundaries_of,
    boundary_times,
    frame_activations,
    picker,
    predicted_column,
    read_times,
)
from symbolic.structure.novelty import novelty_above
from symbolic.structure.segmenter import NOVELTY
from symbolic.tasks import BOUNDARY
from symbolic.tasks.boundary_metrics import boundary_scores
from symbolic.tasks.intervals import grouped_bootstraps
from symbolic.training.audio import read_recordings
from symbolic.training.run_folder import PREDICTIONS, read_record

FRONT = replace(STRUCTURE, kinds=("mel", "chroma"))


def novelty_frames(corpus: Corpus, cache_dir: str | None) -> list[np.ndarray | ReadError]:
    """Read (T, F) mel bands and chroma of each song, or why it cannot be read."""
    if corpus.features is not None:
        return list(corpus.with_front_end(corpus.front_end_for(FRONT)).features or ())
    return features_of([piece.path for piece in corpus.pieces], FRONT, cache_dir)


def at_level(model: SymbolicModel, frames: np.ndarray, by_band: bool) -> np.ndarray:
    """Give mel bands the mean, or each band the mean and deviation, that the input norm expects."""
    norm, place = model.encoder.norm, model.config.front_end.slices["mel"]
    mean, deviation = (
        values[place].numpy() for values in (norm.running_mean, norm.running_var.sqrt())
    )
    frames = frames.copy()
    mel = frames[:, place]
    if by_band:
        apart = (mel - mel.mean(axis=0)) / np.maximum(mel.std(axis=0), 1e-3)
        frames[:, place] = mean + deviation * apart
    else:
        frames[:, place] = mel + (mean.mean() - mel.mean())
    return frames


def network_times(model: SymbolicModel, arrays: Sequence[np.ndarray]) -> list[list[np.ndarray]]:
    """Pick the boundaries of each song for each of `TOLERANCES`."""
    thresholds, front = model.config.thresholds[BOUNDARY.name], model.config.front_end
    return [
        [
            boundary_times(
                curve.activation, front, model.config.peaks, thresholds[f"{tolerance:g}"], tolerance
            )[0]
            for tolerance in TOLERANCES
        ]
        for curve in frame_activations(model, arrays)
    ]


def novelty_times(frames: np.ndarray) -> list[np.ndarray]:
    """Pick the boundaries of a song as `symbolic segment` does without a model."""
    curve = novelty_above("mel", frames, FRONT)
    return [
        boundary_times(curve, FRONT, "min_distance", NOVELTY, tolerance)[0]
        for tolerance in TOLERANCES
    ]


def cells(scores: np.ndarray, others: Sequence[np.ndarray], groups: np.ndarray) -> list[str]:
    """Format means of (songs, tolerances) F1, and their differences from those of others."""

    def means(rows: np.ndarray, values: np.ndarray) -> np.ndarray:
        return values[rows].mean(axis=0)

    found = []
    for values, sign in [(scores, ""), *((scores - other, "+") for other in others)]:
        low, high = grouped_bootstraps(partial(means, values=values), groups, 2000)
        found += [
            f"{mean:{sign}.3f} [{a:{sign}.3f}, {b:{sign}.3f}]"
            for mean, a, b in zip(values.mean(axis=0), low, high, strict=True)
        ]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", required=True, help="folder of a run with mel bands and --norm")
    parser.add_argument("--corpus", required=True, help="as of symbolic train --system")
    parser.add_argument("--audio", required=True, help="folder of the corpus")
    parser.add_argument("--most", type=int, default=0, help="number of songs, as of symbolic train")
    parser.add_argument("--cache_dir", help="folder for features")
    options = parser.parse_args()
    model = SymbolicModel.from_pretrained(options.run).eval()
    corpus = sampled(READERS[options.corpus](options.audio), options.most)
    corpus, frames, _ = readable(corpus, novelty_frames(corpus, options.cache_dir))
    read, arrays, _ = read_recordings(corpus, model, options.cache_dir, None)
    if len(read.pieces) < len(corpus.pieces):
        raise SystemExit("songs that were read are not read again")
    fold = group_folds(np.zeros(len(frames), int), corpus.groups, FOLDS, seed=0)
    chosen = np.arange(len(frames))
    if read_record(options.run)["data"]["corpus"] == options.corpus:
        held_out = set(read_predictions(Path(options.run) / PREDICTIONS)["group"].astype(str))
        chosen = np.flatnonzero([group in held_out for group in corpus.groups])
    names = [predicted_column(f"{tolerance:g}") for tolerance in TOLERANCES]
    chosen_elsewhere = {
        f"{name}, chosen on other folds": [
            [read_times(row[column]) for column in names]
            for row in baseline_rows(baseline, corpus.pieces, frames, FRONT, fold)
        ]
        for name, baseline in BASELINES.items()
    }
    own = [arrays[i] for i in chosen]
    system = {
        "novelty": [novelty_times(frames[i]) for i in chosen],
        **{name: [found[i] for i in chosen] for name, found in chosen_elsewhere.items()},
        "network": network_times(model, own),
        "network, mean level": network_times(model, [at_level(model, a, False) for a in own]),
        "network, each band": network_times(model, [at_level(model, a, True) for a in own]),
    }
    scores = {
        name: np.array(
            [
                [
                    boundary_scores(boundaries_of(corpus.pieces[i]), times, (tolerance,))[
                        f"f_{tolerance:g}"
                    ]
                    for times, tolerance in zip(found, TOLERANCES, strict=True)
                ]
                for i, found in zip(chosen, songs, strict=True)
            ]
        )
        for name, songs in system.items()
    }
    groups = np.array([corpus.pieces[i].group for i in chosen])
    others = [scores["novelty"], scores["equal distances, chosen on other folds"]]
    kinds = ["F1", "above novelty", "above equal distances"]
    head = ["system", *(f"{kind} {tolerance:g}" for kind in kinds for tolerance in TOLERANCES)]
    loudest = [frames[i][:, FRONT.slices["mel"]].max() for i in chosen]
    rules = ", ".join(picker(model.config.peaks, tolerance) for tolerance in TOLERANCES)
    print(
        f"{len(chosen)} songs, loudest {np.mean(loudest):.1f} dB (deviation {np.std(loudest):.1f})"
    )
    print(f"thresholds {model.config.thresholds[BOUNDARY.name]} of {rules}")
    print(markdown(head, [[name, *cells(one, others, groups)] for name, one in scores.items()]))


if __name__ == "__main__":
    main()
