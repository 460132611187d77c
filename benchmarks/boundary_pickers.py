"""Peak-picking rules on activations of trained models, thresholds chosen as in their training.

   python benchmarks/boundary_pickers.py --audio DATA --runs runs/pop909/*/fold-0 \\
     --output_dir runs/picked

F1 on the held-out songs of each run, by system; several runs of a system are its folds. Thresholds
are those that are best for the songs that the training of each run kept for them. The picked
boundaries are written as runs, RULE/SYSTEM/FOLD below `--output_dir`, which
`boundary_differences.py` compares.
"""

import argparse
import copy
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symbolic.data import READERS, Corpus, Piece, group_name
from symbolic.data.groups import validation_mask
from symbolic.data.splits.hold_out import classes, hold_out, sampled
from symbolic.encoders.beat_systems import BEAT_SYSTEMS
from symbolic.evaluation.tables import markdown
from symbolic.inference.prediction_table import prediction_rows, write_predictions
from symbolic.modeling import SymbolicModel
from symbolic.structure.detection import (
    PICKERS,
    Curve,
    boundary_rows,
    choose_thresholds,
    frame_activations,
    picker,
    predicted_column,
    read_times,
    unit_activations,
)
from symbolic.tasks import BOUNDARY
from symbolic.tasks.boundary_metrics import boundary_scores
from symbolic.tasks.intervals import grouped_bootstraps
from symbolic.tokenizers import build_tokenizer
from symbolic.training.audio import read_recordings
from symbolic.training.beats import beat_rows
from symbolic.training.run_folder import PREDICTIONS, read_record

COUNTED = ((0.5, 0.5), (3.0, 3.0), (3.0, 0.5))
"""The tolerance that boundaries are picked for, and the tolerance of the score."""

Scores = dict[tuple[str, float, float], list[float]]
"""F1 of songs, by rule and `COUNTED`."""


def activations_of(
    model: SymbolicModel, record: dict[str, Any], corpus: Corpus, cache_dir: str | None
) -> tuple[Corpus, list[Curve]]:
    """Return the songs that a model can read, and its activation of each."""
    system = BEAT_SYSTEMS.get(record["model"]["system"])
    if system is None:
        corpus, arrays, _ = read_recordings(corpus, model, cache_dir, None)
        return corpus, frame_activations(model, arrays)
    tokenizer = build_tokenizer(system.tokenizer) if system.backbone else None
    corpus, rows, _ = beat_rows(corpus, system, tokenizer)
    return corpus, unit_activations(model, rows)


def scores(folder: Path, audio: str, cache_dir: str | None, output: Path) -> tuple[str, Scores]:
    """Score each rule on a run, and write what it picks as a run; return the system and the scores.

    Raises:
        ValueError: the thresholds of the run are not reproduced: other songs than in its training.
    """
    record = read_record(folder)
    data, seed, system = record["data"], record["seed"], record["model"]["system"]
    model = SymbolicModel.from_pretrained(folder).eval()
    own, found = copy.deepcopy(model.config), {}
    corpus = sampled(READERS[data["corpus"]](audio), data["most"], data["fold_seed"])
    corpus, activations = activations_of(model, record, corpus, cache_dir)
    train, test = hold_out(corpus, data["hold_out"], data["folds"], data["fold_seed"])
    names = [group_name(corpus.pieces[i].corpus, corpus.pieces[i].group) for i in train]
    share = record["fit"]["validation_share"] or record["model"]["threshold_share"]
    chosen = train[validation_mask(classes(corpus)[train], names, share, seed)]

    def of(rows: Sequence[int]) -> tuple[list[Piece], list[Curve]]:
        return [corpus.pieces[i] for i in rows], [activations[i] for i in rows]

    for peaks in PICKERS:
        model.config.peaks = peaks
        choose_thresholds(model.config, *of(chosen))
        for tolerance, threshold in model.config.thresholds[BOUNDARY.name].items():
            trained = own.thresholds[BOUNDARY.name][tolerance]
            if peaks == picker(own.peaks, float(tolerance)) and threshold != trained:
                raise ValueError(f"{folder}: threshold {trained} is not reproduced: {threshold}")
        rows = boundary_rows(*of(test), model.config)
        place = output / peaks / system / data["hold_out"]
        place.mkdir(parents=True, exist_ok=True)
        named = prediction_rows((), of(test)[0], {}, fold=data["hold_out"], seed=seed)
        joined = [{**labels, **row} for labels, row in zip(named, rows, strict=True)]
        write_predictions(joined, place / PREDICTIONS)
        for tolerance, limit in COUNTED:
            found[peaks, tolerance, limit] = [
                boundary_scores(
                    read_times(row[BOUNDARY.name]),
                    read_times(row[predicted_column(f"{tolerance:g}")]),
                    (limit,),
                )[f"f_{limit:g}"]
                for row in rows
            ]
    return system, found


def row(system: str, found: Scores) -> list[str]:
    """Format the mean of each rule, with a bootstrap interval over songs."""
    cells = [system]
    for counted in COUNTED:
        values = np.array([found[peaks, *counted] for peaks in PICKERS]).T

        def means(rows: np.ndarray, values: np.ndarray = values) -> Sequence[float]:
            return values[rows].mean(axis=0)

        low, high = grouped_bootstraps(means, np.arange(len(values)).astype(str), 2000)
        cells += [
            f"{mean:.3f} [{a:.3f}, {b:.3f}]"
            for mean, a, b in zip(values.mean(axis=0), low, high, strict=True)
        ]
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--audio", required=True, help="folder of the corpus")
    parser.add_argument("--runs", nargs="+", required=True, metavar="RUN", help="folders of runs")
    parser.add_argument("--cache_dir", help="folder for features")
    parser.add_argument("--output_dir", required=True, type=Path, help="folder for the boundaries")
    options = parser.parse_args()
    systems: dict[str, Scores] = defaultdict(lambda: defaultdict(list))
    for run in options.runs:
        system, found = scores(Path(run), options.audio, options.cache_dir, options.output_dir)
        for key, values in found.items():
            systems[system][key] += values
    head = ["system"]
    for tolerance, limit in COUNTED:
        counted = f"{tolerance:g} s"
        if tolerance != limit:
            counted += f", within {limit:g} s"
        head += [f"{peaks} {counted}" for peaks in PICKERS]
    print(markdown(head, [row(*one) for one in systems.items()]))


if __name__ == "__main__":
    main()
