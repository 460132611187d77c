"""Ways to pick boundaries from what trained models say, thresholds chosen as in their training.

   python benchmarks/boundary_pickers.py --audio DATA --runs runs/pop909/*/fold-0

F1 of what each run held out, by system; several runs of one system are its folds. Thresholds are
those that are best for the songs of each run that its training kept for them.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symbolic.audio_training import heard
from symbolic.boundaries import (
    PICKERS,
    WINDOWS,
    best_thresholds,
    boundary_times,
    clock_of,
    frame_activations,
    picker,
    unit_activations,
)
from symbolic.data import AUDIO_READERS, AudioCorpus, group_name
from symbolic.data.audio_splits import classes, drawn, held_out
from symbolic.data.validation import validation_mask
from symbolic.encoders.unit_systems import UNIT_SYSTEMS
from symbolic.modeling import SymbolicModel
from symbolic.result_tables import markdown
from symbolic.runs import read_record
from symbolic.tasks import BOUNDARY
from symbolic.tasks.boundary_metrics import boundary_scores
from symbolic.tasks.intervals import grouped_bootstraps
from symbolic.tokenizers import build_tokenizer
from symbolic.unit_training import unit_rows

COUNTED = ((0.5, 0.5), (3.0, 3.0), (3.0, 0.5))
"""The window that boundaries are picked for, and how far they may be off to count."""

Scores = dict[tuple[str, float, float], list[float]]
"""F1 of songs, by picker and `COUNTED`."""


def said(
    model: SymbolicModel, record: dict[str, Any], corpus: AudioCorpus, cache_dir: str | None
) -> tuple[AudioCorpus, list[np.ndarray]]:
    """The songs that a model can read, and its activation of each."""
    system = UNIT_SYSTEMS.get(record["model"]["system"])
    if system is None:
        corpus, arrays, _ = heard(corpus, model, cache_dir, None)
        return corpus, frame_activations(model, arrays)
    tokenizer = build_tokenizer(system.tokenizer) if system.backbone else None
    corpus, rows, _ = unit_rows(corpus, system, tokenizer)
    return corpus, unit_activations(model, rows)


def scores(folder: Path, audio: str, cache_dir: str | None) -> tuple[str, Scores]:
    """The system of a run, and how well each picker does.

    Raises:
        ValueError: the run's own thresholds are not found again: not the songs that it was
            trained with.
    """
    record = read_record(folder)
    data, seed = record["data"], record["seed"]
    model = SymbolicModel.from_pretrained(folder).eval()
    config = model.config
    corpus = drawn(AUDIO_READERS[data["corpus"]](audio), data["most"], data["fold_seed"])
    corpus, activations = said(model, record, corpus, cache_dir)
    train, test = held_out(corpus, data["hold_out"], data["folds"], data["fold_seed"])
    names = [group_name(corpus.pieces[i].corpus, corpus.pieces[i].group) for i in train]
    share = record["fit"]["validation_share"] or record["model"]["threshold_share"]
    chosen = train[validation_mask(classes(corpus)[train], names, share, seed)]
    truth = [piece.labels[BOUNDARY.name] for piece in corpus.pieces]
    front, found = clock_of(config), {}
    for peaks in PICKERS:
        best = best_thresholds(
            [activations[i] for i in chosen], [truth[i] for i in chosen], front, peaks
        )
        for window in WINDOWS:
            name = f"{window:g}"
            own = config.thresholds[BOUNDARY.name][name]
            if peaks == picker(config.peaks, window) and best[name] != own:
                raise ValueError(f"{folder}: {own} is not {best[name]}, the threshold of the run")
            times = {
                i: boundary_times(activations[i], front, peaks, best[name], window)[0] for i in test
            }
            for off in [off for picked, off in COUNTED if picked == window]:
                found[peaks, window, off] = [
                    boundary_scores(truth[i], times[i], (off,))[f"f_{off:g}"] for i in test
                ]
    return record["model"]["system"], found


def row(system: str, found: Scores) -> list[str]:
    """Means, and intervals from drawing songs, of each picker and of what `hits` has above it."""
    cells = [system]
    for counted in COUNTED:
        values = np.array([found[peaks, *counted] for peaks in PICKERS]).T
        values = np.column_stack([values, values[:, -1] - values[:, 0]])

        def means(rows: np.ndarray, values: np.ndarray = values) -> Sequence[float]:
            return values[rows].mean(axis=0)

        low, high = grouped_bootstraps(means, np.arange(len(values)).astype(str), 2000)
        *plain, (mean, least, most) = zip(values.mean(axis=0), low, high, strict=True)
        cells += [f"{one:.3f} [{a:.3f}, {b:.3f}]" for one, a, b in plain]
        cells.append(f"{mean:+.3f} [{least:+.3f}, {most:+.3f}]")
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--audio", required=True, help="folder of the corpus")
    parser.add_argument("--runs", nargs="+", required=True, metavar="RUN", help="folders of runs")
    parser.add_argument("--cache_dir", help="where features are kept")
    options = parser.parse_args()
    systems: dict[str, Scores] = defaultdict(lambda: defaultdict(list))
    for run in options.runs:
        system, found = scores(Path(run), options.audio, options.cache_dir)
        for key, values in found.items():
            systems[system][key] += values
    head = ["system"]
    for window, off in COUNTED:
        told = f"{window:g} s" if window == off else f"{window:g} s, within {off:g} s"
        head += [f"{peaks} {told}" for peaks in PICKERS]
        head.append(f"{PICKERS[-1]} - {PICKERS[0]}")
    print(markdown(head, [row(*one) for one in systems.items()]))


if __name__ == "__main__":
    main()
