"""What classical systems score on recordings: genre of GTZAN, moods of the MIREX-like set.

    python benchmarks/audio_baselines.py --table FILE --splits DIR --gtzan DIR --moods DIR

Each is left out where it is not given. `--table` is the CSV of 57 statistics of the 1,000 excerpts
of GTZAN, `--splits` the folder of its fault-filtered split, `--gtzan` a folder of excerpts, whose
statistics are computed, `--moods` that of the mood set.
"""

import argparse

import numpy as np
import pandas as pd
from audio_statistics import (
    SAMPLING_RATE,
    STATISTICS,
    classical_table,
    frame_statistics,
    sound_statistics,
)

from symbolic.audio import read_audio
from symbolic.data import group_folds, read_gtzan, read_moods
from symbolic.data.recordings.gtzan import gtzan_groups, gtzan_splits
from symbolic.notes.pool import apply_many
from symbolic.tasks import GTZAN_GENRES


def show(title: str, table: pd.DataFrame) -> None:
    print(f"\n{title}\n")
    for row in table.itertuples():
        print(
            f"| {row.system} | {row.accuracy:.3f} [{row.accuracy_low:.3f}, {row.accuracy_high:.3f}]"
            f" | {row.macro_f1:.3f} [{row.macro_f1_low:.3f}, {row.macro_f1_high:.3f}] |"
        )


def random_folds(y: np.ndarray, folds: int) -> np.ndarray:
    """Stratified, and blind to what is the same."""
    return group_folds(y, [str(i) for i in range(len(y))], folds)


def statistics_of_files(paths: list[str]) -> list[np.ndarray]:
    return [sound_statistics(read_audio(path, SAMPLING_RATE)[0]) for path in paths]


def ready_table(file: str, splits: str | None) -> None:
    frame = pd.read_csv(file)
    names = [name.removesuffix(".wav") for name in frame["filename"]]
    X, y = frame[list(STATISTICS)].to_numpy(), frame["label"].map(GTZAN_GENRES.index).to_numpy()
    groups = gtzan_groups(names)
    groups = np.array([groups[name] for name in names])
    if splits:
        known = gtzan_splits(splits)
        split = np.array([known.get(name, "") for name in names])
        counts = "/".join(str((split == name).sum()) for name in ("train", "val", "test"))
        title = (
            f"GTZAN, 57 statistics, fault-filtered split {counts}: settings on val, fit on train"
        )
        show(title, classical_table(X, y, split=split, groups=groups))
    title = "GTZAN, 57 statistics, 10 random folds, as in Tzanetakis & Cook 2002 (GMM 0.61)"
    show(title, classical_table(X, y, fold=random_folds(y, 10)))
    title = "GTZAN, 57 statistics, 10 folds with what is known to be the same in one fold"
    show(title, classical_table(X, y, fold=group_folds(y, groups, 10), groups=groups))


def excerpts(folder: str, workers: int | None) -> None:
    corpus = read_gtzan(folder)
    paths = [str(piece.path) for piece in corpus.pieces]
    X = np.stack(list(apply_many(statistics_of_files, paths, workers)))
    y = np.array([piece.labels["genre"] for piece in corpus.pieces])
    fold = group_folds(y, corpus.groups, 5)
    title = f"GTZAN, 57 statistics computed here of {len(y)} excerpts, 5 folds"
    show(title, classical_table(X, y, fold=fold, groups=corpus.groups))


def moods(folder: str) -> None:
    corpus = read_moods(folder)
    X = np.stack([frame_statistics(frames) for frames in corpus.features])
    y = np.array([piece.labels["mood"] for piece in corpus.pieces])
    title = "moods, mean and deviation of 64 mel bands, 5 folds by artist"
    fold = group_folds(y, corpus.groups, 5)
    show(title, classical_table(X, y, fold=fold, groups=corpus.groups))
    show(f"{title[:-9]}blind to artists", classical_table(X, y, fold=random_folds(y, 5)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", help="CSV of the 57 statistics of GTZAN")
    parser.add_argument("--splits", help="folder of the fault-filtered split of GTZAN")
    parser.add_argument("--gtzan", help="folder of excerpts of GTZAN")
    parser.add_argument("--moods", help="folder of the mood set")
    parser.add_argument("--workers", type=int, help="processes that read excerpts (one a core)")
    options = parser.parse_args()
    if options.table:
        ready_table(options.table, options.splits)
    if options.moods:
        moods(options.moods)
    if options.gtzan:
        excerpts(options.gtzan, options.workers)


if __name__ == "__main__":
    main()
