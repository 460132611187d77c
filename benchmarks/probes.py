"""Linear probes: what can be read off a frozen encoder of notes, off features, and off both.

    OMP_NUM_THREADS=1 python benchmarks/probes.py DATA [--encoder base]

Logistic regression of one strength (C .01), or ridge regression of ratings, on standardised inputs.
Pieces:

- `encoder`: the mean of the states of all notes (`symbolic.load(encoder).embed`);
- `features`: the columns `all` and `voices` of `symbolic.features`; for keys also `tonal`, since
  the others do not change with transposition.

Emotion: five folds by song, game or movement, of corpora that the encoder in the package has not
seen. Key, composer and pianist: trained on pieces of its pre-training, where they have no labels,
and tested on the pieces that it left out. Notes (velocity, melody): trained and tested in the same
way; `encoder` is the state of a note, `features` the sub-tokens of the note and of its two
neighbours, derived inputs included, as one-hot columns. Before velocities are probed all velocities
are masked.

`both - features` has 95 % intervals from drawing groups.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import symbolic
from symbolic.data import READERS, Piece, group_folds
from symbolic.data.audit.fingerprints import Fingerprints, common
from symbolic.features import FEATURE_SETS, feature_rows
from symbolic.inference.prediction import evaluation_mode
from symbolic.notes import NoteTable, ReadError, read_notes
from symbolic.notes.keys import parse_key
from symbolic.scoring.notes import NoteScorer
from symbolic.tasks import EMOTION, IGNORE, VALENCE_AROUSAL
from symbolic.tasks.intervals import grouped_bootstrap
from symbolic.tasks.velocity import velocity_labels
from symbolic.training.run_folder import training_pieces

COLUMNS = [*FEATURE_SETS["all"], *FEATURE_SETS["voices"]]
STRENGTH = 0.01
NOTES = 20_000  # of a task of notes
MELODY = "MELODY"


@dataclass
class Table:
    """Rows to predict: inputs by system, labels, groups, and which rows are tested by which fit."""

    inputs: dict[str, np.ndarray]
    labels: np.ndarray
    groups: np.ndarray
    fold: np.ndarray  # -1: only trained on

    @property
    def systems(self) -> dict[str, list[str]]:
        return {"encoder": ["encoder"], "features": ["features"], "both": ["encoder", "features"]}


def predicted(table: Table, parts: Sequence[str], ratings: bool) -> np.ndarray:
    """Predict each tested row by a model that was fitted to the other folds."""
    columns = np.hstack([table.inputs[part] for part in parts])
    found = np.full(table.labels.shape, np.nan)
    for k in range(table.fold.max() + 1):
        train, test = table.fold != k, table.fold == k
        model: Any = (
            RidgeCV(np.geomspace(1e1, 1e5, 9)) if ratings else LogisticRegression(C=STRENGTH)
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = make_pipeline(StandardScaler(), model).fit(columns[train], table.labels[train])
        found[test] = fitted.predict(columns[test])
    return found


def row(name: str, table: Table, ratings: bool = False) -> dict[str, Any]:
    """Fit all systems; accuracies, or correlations of ratings, and the gain of both."""
    tested = table.fold >= 0
    truth, groups = table.labels[tested], table.groups[tested].tolist()

    def figure(values: np.ndarray, index: np.ndarray) -> float:
        if ratings:
            return float(np.corrcoef(values[index], truth[index])[0, 1])
        return float((values[index] == truth[index]).mean())

    every = np.arange(len(truth))
    found = {
        system: predicted(table, parts, ratings)[tested] for system, parts in table.systems.items()
    }
    result: dict[str, Any] = {"probe": name, "rows": len(truth), "groups": len(set(groups))}
    if not ratings:
        counts = np.unique(truth, return_counts=True)[1]
        result["most frequent"] = counts.max() / counts.sum()
    result |= {system: figure(values, every) for system, values in found.items()}
    gain = figure(found["both"], every) - figure(found["features"], every)
    low, high = grouped_bootstrap(
        lambda index: figure(found["both"], index) - figure(found["features"], index), groups
    )
    result["both - features"] = f"{gain:+.3f} [{low:+.3f}, {high:+.3f}]"
    return result


def of_pieces(
    scorer: NoteScorer, tables: Sequence[NoteTable], columns: Sequence[str] = COLUMNS
) -> dict[str, np.ndarray]:
    """Compute the inputs of whole pieces."""
    emitted = [scorer.tokenizer.emitted(table) for table in tables]
    return {
        "encoder": scorer.embed(list(tables), workers=0),
        "features": feature_rows(emitted, columns),
    }


def emotion(scorer: NoteScorer, data: Path, corpus: str) -> Table:
    """A corpus of quadrants, five folds by group."""
    pieces = READERS[corpus].read(data / corpus)
    pieces = [piece for piece in pieces if piece.labels.get(EMOTION.name, IGNORE) != IGNORE]
    labels = np.array([piece.labels[EMOTION.name] for piece in pieces])
    groups = np.array([piece.group for piece in pieces])
    inputs = of_pieces(scorer, [read_notes(piece.path) for piece in pieces])
    return Table(inputs, labels, groups, group_folds(labels, groups, 5))


def ratings(scorer: NoteScorer, data: Path) -> list[Table]:
    """Valence and arousal of PercePiano, each movement by a model of the other one."""
    pieces = READERS["percepiano"].read(data / "percepiano")
    values = np.array([piece.labels[VALENCE_AROUSAL.name] for piece in pieces])
    movements = np.array([piece.group for piece in pieces])
    inputs = of_pieces(scorer, [read_notes(piece.path) for piece in pieces])
    fold = np.unique(movements, return_inverse=True)[1]
    segments = np.array([piece.same_notes or piece.group for piece in pieces])
    return [Table(inputs, values[:, i], segments, fold) for i in range(2)]


def unseen(record: Fingerprints, paths: Sequence[Path]) -> np.ndarray:
    """(p,) bool: files that are not among the pieces that an encoder was trained on."""
    own = Fingerprints.of_pieces([Piece(path, path.stem, corpus="unlabelled") for path in paths])
    seen = common(record, own, kinds=("content",))
    return ~np.isin(np.arange(len(paths)), list(seen))


def readable(paths: Sequence[Path]) -> tuple[list[Path], list[NoteTable]]:
    """Read the files that can be read."""
    found = []
    for path in paths:
        try:
            found.append((path, read_notes(path)))
        except ReadError:
            continue
    return [path for path, _ in found], [notes for _, notes in found]


def by_folder(scorer: NoteScorer, record: Fingerprints, folder: Path) -> Table:
    """The folder of a file, such as its composer: of left-out files by a model of the others."""
    paths, tables = readable(sorted(folder.rglob("*.mid")))
    labels = np.unique([path.parent.name for path in paths], return_inverse=True)[1]
    fold = np.where(unseen(record, paths), 0, -1)
    return Table(of_pieces(scorer, tables), labels, np.array([p.stem for p in paths]), fold)


def keys(scorer: NoteScorer, record: Fingerprints, data: Path) -> Table:
    """The key of songs of POP909 with one key."""
    rows = pd.read_csv(data / "key" / "pop909_keys.csv", dtype=str)
    rows = rows[~rows["keys"].str.strip().str.contains(" ")]
    named = {
        str(file): parse_key(key) for file, key in zip(rows.iloc[:, 0], rows["key"], strict=True)
    }
    paths, tables = readable(sorted((data / "pretrain" / "pop909").rglob("*.mid")))
    kept = [i for i, path in enumerate(paths) if path.name in named or path.stem in named]
    paths, tables = [paths[i] for i in kept], [tables[i] for i in kept]
    labels = np.array([named.get(path.name, named.get(path.stem)) for path in paths])
    fold = np.where(unseen(record, paths), 0, -1)
    inputs = of_pieces(scorer, tables, [*COLUMNS, *FEATURE_SETS["tonal"]])
    return Table(inputs, labels, np.array([p.stem for p in paths]), fold)


def of_notes(
    scorer: NoteScorer,
    record: Fingerprints,
    paths: Sequence[Path],
    labels_of: Callable[[Path], Callable[[NoteTable], np.ndarray]],
    hide: bool,
) -> Table:
    """Labels of notes of left-out files by a model of notes of the others."""
    model, tokenizer = scorer.model, scorer.tokenizer
    states, tokens, labels, groups, fold = [], [], [], [], []
    test = unseen(record, paths)
    rng = np.random.default_rng(0)
    share = min(1.0, NOTES / (700 * len(paths)))  # songs have some 1,500 notes
    sizes = [*model.config.vocab_sizes]
    for number, path in enumerate(paths):
        table = tokenizer.emitted(read_notes(path))
        own = labels_of(path)(table)
        ids = tokenizer.note_ids(table)
        if hide:
            ids = tokenizer.hide_velocity(ids, 1.0, rng)[0]
        chosen = np.flatnonzero((rng.random(len(ids)) < share) & (own != IGNORE))
        if not len(chosen):
            continue
        states.append(hidden(model, ids)[chosen])
        tokens.append(one_hot(ids, sizes, chosen))
        labels.append(own[chosen])
        groups += [path.stem] * len(chosen)
        fold += [0 if test[number] else -1] * len(chosen)
    inputs = {"encoder": np.concatenate(states), "features": np.concatenate(tokens)}
    return Table(inputs, np.concatenate(labels), np.array(groups), np.array(fold))


def hidden(model: Any, ids: np.ndarray) -> np.ndarray:
    """(T, H) states of the notes of a piece, in windows one after the other."""
    window = model.config.window
    with evaluation_mode(model):
        parts = [
            model.encoder(torch.from_numpy(ids[None, first : first + window].astype(np.int64)))[0][
                0
            ]
            for first in range(0, len(ids), window)
        ]
    return torch.cat(parts).numpy()


def one_hot(ids: np.ndarray, sizes: Sequence[int], chosen: np.ndarray) -> np.ndarray:
    """One-hot sub-tokens of notes and of the notes before and after them."""
    around = np.clip(chosen[:, None] + np.arange(-1, 2), 0, len(ids) - 1)
    columns = [
        np.eye(size, dtype=np.float32)[ids[around[:, k], field]]
        for k in range(3)
        for field, size in enumerate(sizes)
    ]
    return np.hstack(columns)


def is_melody(path: Path) -> Callable[[NoteTable], np.ndarray]:
    """Make the labels of the notes of a song of POP909: whether they are those of its melody."""
    import symusic

    names = [track.name for track in symusic.Score(path).tracks]
    number = names.index(MELODY) if MELODY in names else -1

    def label(table: NoteTable) -> np.ndarray:
        if number < 0:
            return np.full(len(table), IGNORE)
        return (table.track == number).astype(np.int64)

    return label


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="base", help="name or folder (base)")
    parser.add_argument("--only", nargs="+", help="names of probes")
    options = parser.parse_args()
    scorer = symbolic.load(options.encoder)
    assert isinstance(scorer, NoteScorer)
    record = training_pieces(options.encoder)
    data, music = options.data, options.data / "pretrain"
    songs = sorted((music / "pop909").rglob("*.mid"))
    made: dict[str, Callable[[], list[dict[str, Any]]]] = {
        **{
            corpus: lambda corpus=corpus: [row(f"emotion, {corpus}", emotion(scorer, data, corpus))]
            for corpus in ("emopia", "vgmidi", "ym2413")
        },
        "percepiano": lambda: [
            row(f"{name} (r), percepiano", table, ratings=True)
            for name, table in zip(("valence", "arousal"), ratings(scorer, data), strict=True)
        ],
        "key": lambda: [row("key, pop909", keys(scorer, record, data))],
        "pianist": lambda: [
            row("pianist, pianist8", by_folder(scorer, record, music / "pianist8"))
        ],
        "composer": lambda: [
            row("composer, piano-midi.de", by_folder(scorer, record, music / "piano_midi_de"))
        ],
        "velocity": lambda: [
            row(
                "velocity, pop909", of_notes(scorer, record, songs, lambda _: velocity_labels, True)
            )
        ],
        "melody": lambda: [
            row("melody, pop909", of_notes(scorer, record, songs, is_melody, False))
        ],
    }
    chosen = [make for name, make in made.items() if not options.only or name in options.only]
    rows = []
    for make in chosen:
        rows += make()
        print(rows[-1], file=sys.stderr, flush=True)
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
