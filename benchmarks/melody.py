"""Melody notes of POP909: an encoder trained further, beside the highest notes.

    python benchmarks/pop909_split.py DATA pop909.csv
    OMP_NUM_THREADS=1 python benchmarks/melody.py pop909.csv --output-dir RUN

Takes the options of `symbolic train`, too. A note has the label `melody` if it is of the track
MELODY, the first of POP909's three. The songs of the test part were neither in the pre-training of
the encoder in the package nor in this training. Intervals are from drawing songs. `highest`: a note
without a higher one at the same onset is melody.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import symusic

from symbolic import read_notes
from symbolic.commands.train import main as train
from symbolic.inference.prediction_table import note_columns, read_predictions
from symbolic.notes import NoteTable
from symbolic.tasks import TASKS, Task
from symbolic.tasks.intervals import grouped_bootstrap
from symbolic.tokenizers import build_tokenizer
from symbolic.training.run_folder import PREDICTIONS

FIRST = "MELODY"
TRAINING = (
    "--pretrained base --features none --hold-out labelled-test --tasks melody "
    "--learning-rate 1e-3 --layer-decay .8 --num-train-epochs 10 --dropout 0 --head-dropout .1 "
    "--window 512 --training-window 256 --save-strategy no --disable-tqdm True"
)


def of_melody(notes: NoteTable) -> np.ndarray:
    """(n,) int64, 1 for notes of the first track."""
    return (notes.track == 0).astype(np.int64)


MELODY = Task("melody", "token", "single", ("accompaniment", "melody"), label=of_melody)


def highest(notes: NoteTable) -> np.ndarray:
    """(n,) int64, 1 for notes without a higher one at the same onset."""
    _, moment = np.unique(notes.onset_ticks, return_inverse=True)
    top = np.zeros(moment.max() + 1, np.int64)
    np.maximum.at(top, moment, notes.pitch)
    return (notes.pitch == top[moment]).astype(np.int64)


def shares(paths: list[str], system: Callable[[NoteTable], np.ndarray]) -> np.ndarray:
    """(p, 2): correct notes and all notes of each song."""
    tokenizer = build_tokenizer("cp-performance")
    tables = [tokenizer.emitted(read_notes(path)) for path in paths]
    return np.array([((system(t) == of_melody(t)).sum(), len(t)) for t in tables])


def row(name: str, counts: np.ndarray) -> dict[str, object]:
    """One row of the table."""

    def share(songs: np.ndarray) -> float:
        return counts[songs, 0].sum() / counts[songs, 1].sum()

    low, high = grouped_bootstrap(share, [*map(str, range(len(counts)))])
    every = share(np.arange(len(counts)))
    return {"system": name, "songs": len(counts), "notes": counts[:, 1].sum(),
            "accuracy": f"{every:.3f} [{low:.3f}, {high:.3f}]"}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path, help="of pop909_split.py")
    parser.add_argument("--output-dir", required=True)
    options, more = parser.parse_known_args()
    table = pd.read_csv(options.table, dtype=str, keep_default_na=False)
    for path in table["path"]:
        if symusic.Score(path).tracks[0].name != FIRST:
            raise SystemExit(f"{path}: the first track is not {FIRST}")
    TASKS[MELODY.name] = MELODY
    words = [*TRAINING.split(), "--labelled", str(options.table)]
    if status := train([*words, *more, "--output-dir", options.output_dir]):
        raise SystemExit(status)
    found = read_predictions(Path(options.output_dir, PREDICTIONS))
    notes, correct = note_columns(MELODY)
    paths = table.loc[table["split"] == "test", "path"].tolist()
    rows = [
        row("encoder, trained further", found[[correct, notes]].to_numpy()),
        row("highest", shares(paths, highest)),
        row("no melody", shares(paths, lambda table: np.zeros(len(table), np.int64))),
    ]
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
