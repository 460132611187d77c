"""How much better runs find boundaries than other runs, or than a second annotator, song by song.

   python benchmarks/boundary_differences.py --of runs/a/* --against runs/b/*
   python benchmarks/boundary_differences.py --of runs/a/fold-0 --annotators DATA

Differences of F1 of the songs that both sides have, with 95 % intervals from drawing songs.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from annotators import annotator_agreement

from symbolic.inference.prediction_table import read_predictions
from symbolic.structure.detection import TOLERANCES, predicted_column, read_times
from symbolic.tasks import BOUNDARY
from symbolic.tasks.boundary_metrics import boundary_scores
from symbolic.tasks.intervals import grouped_bootstraps
from symbolic.training.run_folder import PREDICTIONS


def scores(runs: Sequence[str], window: str) -> dict[str, float]:
    """F1 of every song that some runs held out, by its group."""
    found = {}
    for run in runs:
        rows = read_predictions(Path(run) / PREDICTIONS)
        for group, truth, guess in zip(
            rows["group"].astype(str),
            rows[BOUNDARY.name],
            rows[predicted_column(window)],
            strict=True,
        ):
            both = (read_times(truth), read_times(guess), (float(window),))
            found[group] = boundary_scores(*both)[f"f_{window}"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", nargs="+", required=True, metavar="RUN", help="folders of runs")
    parser.add_argument("--against", nargs="+", metavar="RUN", help="of the other runs")
    parser.add_argument("--annotators", help="folder of POP909's phrases: the second annotator")
    options = parser.parse_args()
    if bool(options.against) == bool(options.annotators):
        parser.error("either --against or --annotators")
    agreement = annotator_agreement(options.annotators) if options.annotators else {}
    for window in (f"{seconds:g}" for seconds in TOLERANCES):
        ours = scores(options.of, window)
        theirs = {name: one[f"f_{window}"] for name, one in agreement.items()}
        theirs = theirs or scores(options.against, window)
        songs = sorted(ours.keys() & theirs.keys())
        apart = np.array([ours[song] - theirs[song] for song in songs])

        def mean(rows: np.ndarray, apart: np.ndarray = apart) -> list[float]:
            return [apart[rows].mean()]

        ((low, high),) = grouped_bootstraps(mean, np.array(songs), 2000).T
        print(f"{window} s: {apart.mean():+.3f} [{low:+.3f}, {high:+.3f}] of {len(songs)} songs")


if __name__ == "__main__":
    main()
