"""Keys over time beside annotated and made changes of key, and beside other systems.

    python benchmarks/local_keys.py DATA [--files 40] [--justkeydding PYTHON]

Every piece is tested by a network of keys that was trained without it, by the recipe of the default
model (`symbolic train-key`), in five folds; those of When in Rome without its book or author.
Window, costs of a change and the counts of changes were chosen on other pieces than those of the
table. `--justkeydding` is a Python in which that package can be run; it and music21 are slow, so
that they and a second row of ours are measured on the first pieces of each kind.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from local_keys_data import Keyed, modulated, pop909, when_in_rome
from transformers import TrainingArguments

from symbolic.data import group_folds
from symbolic.data.corpora.annotated_keys import work_of
from symbolic.features import TONAL_NAMES
from symbolic.forward.numpy_net import network
from symbolic.forward.spectrum import weight_spectrum
from symbolic.inference.key_path import key_path
from symbolic.inference.key_windows import HOP, SIDE, KeyEvidence, KeyNetwork
from symbolic.notes import NoteTable
from symbolic.notes.keys import estimate_key, key_scores, parse_key
from symbolic.scoring.emotion import scorer_of
from symbolic.scoring.keys.timelines import keys_over_time
from symbolic.tokenizers import build_tokenizer
from symbolic.training.keys import KEY_DEFAULTS, KeyArguments, examples, train_on

TOLERANCE, CLOSE = 4.0, 1.0  # seconds between an annotated and a found change
SHARP = 12.0  # correlations with profiles to log probabilities; 10 to 15 are best with --dev
SAMPLES = 1000  # of the bootstrap, by piece

Timeline = tuple[list[int], np.ndarray]
System = Callable[[Keyed], Timeline]


def trained(data: Path, folds: int = 5) -> dict[str, KeyNetwork]:
    """Train the network of keys without each fold; the network by the name of a held-out file."""
    arguments = KeyArguments(
        str(data / "pretrain" / "pop909"),
        str(data / "key" / "when_in_rome"),
        str(data / "key" / "pop909_keys.csv"),
    )
    known = examples(arguments)
    groups = [work_of(p) if p.corpus == "when_in_rome" else p.group for p in known.pieces]
    corpora = np.array([piece.corpus for piece in known.pieces])
    fold = np.empty(len(groups), int)
    for corpus in np.unique(corpora):
        own = np.flatnonzero(corpora == corpus)
        fold[own] = group_folds([0] * len(own), [groups[i] for i in own.tolist()], folds, 0)
    tokenizer, networks = build_tokenizer(arguments.tokenizer), {}
    with tempfile.TemporaryDirectory() as scratch:
        settings = {**KEY_DEFAULTS, "output_dir": scratch, "use_cpu": True, "disable_tqdm": True}
        for k in range(folds):
            model = train_on(known, fold != k, tokenizer, TrainingArguments(**settings))
            net = network({name: one.numpy() for name, one in model.encoder.state_dict().items()})
            net.tonic.spectrum = weight_spectrum(net.tonic.weight)
            held = [known.pieces[i].path.name for i in np.flatnonzero(fold == k)]
            networks |= dict.fromkeys(held, KeyNetwork(net.tonic, TONAL_NAMES))
    return networks


def of_path(path: np.ndarray, edges: np.ndarray) -> Timeline:
    """Join equal neighbours of a path of keys."""
    changes = np.flatnonzero(path[1:] != path[:-1]) + 1
    return path[np.append(0, changes)].tolist(), edges[changes]


def ours(chosen: Callable[[Keyed], KeyNetwork]) -> System:
    """The package's keys over time."""
    kept = scorer_of().preprocess.kept

    def run(piece: Keyed) -> Timeline:
        found = keys_over_time(chosen(piece), kept(piece.notes))
        return [parse_key(one.key) for one in found], np.array([one.start for one in found[1:]])

    return run


def profile_evidence(notes: NoteTable) -> KeyEvidence:
    """Evidence by correlation with Krumhansl-Kessler profiles in windows of the same length."""
    notes = notes.pitched()
    begin = float(notes.onset.min())
    frames = max(int(np.ceil((notes.seconds - begin) / HOP)), 1)
    frame = np.minimum(((notes.onset - begin) / HOP).astype(int), frames - 1)
    sounding = np.zeros((frames, 12))
    np.add.at(sounding, (frame, notes.pitch % 12), notes.duration.clip(0.01, 60.0))
    total = np.vstack([np.zeros(12), sounding.cumsum(axis=0)])
    starts = np.clip(np.arange(frames) - SIDE, 0, max(frames - 2 * SIDE - 1, 0))
    windows = total[np.minimum(starts + 2 * SIDE + 1, frames)] - total[starts]
    scores = SHARP * key_scores(windows)
    scores -= np.logaddexp.reduce(scores, axis=1, keepdims=True)
    whole = SHARP * key_scores(sounding.sum(axis=0))
    whole -= np.logaddexp.reduce(whole)
    return KeyEvidence(begin + HOP * np.arange(frames + 1), scores, whole)


def profiles(piece: Keyed) -> Timeline:
    """The best profile of each window."""
    evidence = profile_evidence(piece.notes)
    return of_path(evidence.windows.argmax(axis=1), evidence.edges)


def smoothed_profiles(piece: Keyed) -> Timeline:
    """Profiles with the smoothing of the package."""
    evidence = profile_evidence(piece.notes)
    return of_path(key_path(evidence), evidence.edges)


def one_key(piece: Keyed) -> Timeline:
    """The best profile of the whole piece."""
    return [estimate_key(piece.notes) or 0], np.zeros(0)


def music21_keys(piece: Keyed) -> Timeline:
    """music21's `floatingKey.KeyAnalyzer`, in windows of four bars of two seconds each."""
    from music21.analysis.floatingKey import KeyAnalyzer
    from music21.note import Note
    from music21.stream import Part, Score

    part, notes = Part(), piece.notes.pitched()
    columns = (notes.onset, notes.duration, notes.pitch)
    for onset, seconds, pitch in zip(*(column.tolist() for column in columns), strict=True):
        length = max(round(seconds * 24) / 12, 1 / 12)
        part.insert(round(onset * 24) / 12, Note(pitch, quarterLength=length))
    score = Score([part.makeMeasures()])
    analyser = KeyAnalyzer(score)
    analyser.windowSize = 4
    found = [parse_key(f"{key.tonic.name} {key.mode}") for key in analyser.run()]
    return of_path(np.array(found), 2.0 * np.arange(len(found) + 1))


def justkeydding(python: str) -> System:
    """justkeydding (Napoles Lopez 2019) with its default settings."""

    def run(piece: Keyed) -> Timeline:
        import symusic

        notes = piece.notes.pitched()
        score = symusic.Score(500)
        score.tempos.append(symusic.Tempo(0, 120.0))
        track = symusic.Track()
        for onset, seconds, pitch in zip(notes.onset, notes.duration, notes.pitch, strict=True):
            length = max(round(seconds * 1000), 1)
            track.notes.append(symusic.Note(round(onset * 1000), length, int(pitch), 64))
        score.tracks.append(track)
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch, "piece.mid")
            score.dump_midi(file)
            command = [python, "-m", "justkeydding", "--json", str(file)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        local = json.loads(done.stdout.splitlines()[-1])["local_keys"]
        keys = np.array([parse_key(key) for key in local.values() if key])
        times = np.array([float(at) for at, key in local.items() if key])
        return of_path(keys, np.append(times, times[-1]))

    return run


def hits(true: np.ndarray, found: np.ndarray, tolerance: float) -> int:
    """Count true changes with a found one of their own within the tolerance."""
    left, count = list(found), 0
    for at in true:
        near = [one for one in left if abs(one - at) <= tolerance]
        if near:
            left.remove(min(near, key=lambda one: abs(one - at)))
            count += 1
    return count


def edits(one: list[int], other: list[int]) -> int:
    """Levenshtein distance of two orders of keys."""
    row = np.arange(len(other) + 1)
    for number, key in enumerate(one, 1):
        before, row = row, np.full(len(other) + 1, number)
        for place, found in enumerate(other, 1):
            changed = before[place - 1] + (key != found)
            row[place] = min(changed, before[place] + 1, row[place - 1] + 1)
    return int(row[-1])


def measured(system: System, pieces: list[Keyed]) -> pd.DataFrame:
    """Run a system: for each piece what the figures are made of."""
    rows = []
    for piece in pieces:
        began = sum(os.times()[:4])
        keys, changes = system(piece)
        seconds = sum(os.times()[:4]) - began  # of the processor, child processes included
        row = {"keys": len(piece.keys), "seconds": seconds, "order": edits(keys, piece.keys)}
        row["single"] = len(keys) == 1
        if piece.changes is not None:
            at = changes.searchsorted(piece.times, side="right")
            row["time"] = float((np.array(keys)[at] == piece.truth).mean())
            row["hits"] = hits(piece.changes, changes, TOLERANCE)
            row["close"] = hits(piece.changes, changes, CLOSE)
            row["true"] = len(piece.changes)
            row["found"] = len(changes)
        rows.append(row)
    return pd.DataFrame(rows)


def f_measure(rows: pd.DataFrame, what: str = "hits") -> float:
    return float(2 * rows[what].sum() / max(rows["true"].sum() + rows["found"].sum(), 1))


def f_close(rows: pd.DataFrame) -> float:
    return f_measure(rows, "close")


FIGURES: dict[str, dict[str, Callable[[pd.DataFrame], float]]] = {
    "one key": {
        "time": lambda rows: rows["time"].mean(),
        "called one key": lambda rows: rows["single"].mean(),
    },
    "several keys": {
        "order right": lambda rows: (rows["order"] == 0).mean(),
        "edits a key": lambda rows: rows["order"].sum() / rows["keys"].sum(),
        "time (inferred)": lambda rows: rows["time"].mean(),
        "F 4 s (inferred)": lambda rows: f_measure(rows.dropna()),
    },
    "modulated": {"time": lambda rows: rows["time"].mean(), "F 4 s": f_measure, "F 1 s": f_close},
    "When in Rome": {"time": lambda rows: rows["time"].mean(), "F 4 s": f_measure},
}
"""Figures of each kind of pieces."""


def interval(figure: Callable[[pd.DataFrame], float], rows: pd.DataFrame) -> str:
    """95 % interval of a figure by bootstrap samples of pieces."""
    rng = np.random.default_rng(0)
    found = [figure(rows.iloc[rng.integers(0, len(rows), len(rows))]) for _ in range(SAMPLES)]
    low, high = np.percentile(found, [2.5, 97.5])
    return f" [{low:.3f}, {high:.3f}]"


def row_of(name: str, system: System, kinds: dict[str, list[Keyed]], spread: bool = False) -> dict:
    """A row of the table."""
    row: dict[str, str] = {"system": name}
    seconds: list[float] = []
    for kind, pieces in kinds.items():
        rows = measured(system, pieces)
        seconds += rows["seconds"].tolist()
        for what, figure in FIGURES[kind].items():
            text = f"{figure(rows):.3f}"
            row[f"{kind}: {what}"] = text + (interval(figure, rows) if spread else "")
    row["ms a piece"] = f"{1000 * np.median(seconds):.1f}"
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--files", type=int, default=40, help="of each kind for slow systems (40)")
    parser.add_argument("--justkeydding", metavar="PYTHON", help="a Python that can run it")
    parser.add_argument(
        "--dev", action="store_true", help="the pieces on which settings are chosen"
    )
    options = parser.parse_args()
    songs = [song for song in pop909(options.data) if song.dev == options.dev]
    scores = [piece for piece in when_in_rome(options.data) if piece.dev == options.dev]
    kinds = {
        "one key": [song for song in songs if len(song.keys) == 1],
        "several keys": [song for song in songs if len(song.keys) > 1],
        "modulated": modulated(songs),
        "When in Rome": scores,
    }
    networks = trained(options.data)
    default = KeyNetwork.of(scorer_of().predictor.in_numpy())
    held = ours(lambda piece: networks[piece.name])
    rows = [
        row_of("ours, held out", held, kinds),
        row_of(
            "ours, the weights in the package (trained on these)", ours(lambda _: default), kinds
        ),
        row_of("profiles in windows", profiles, kinds),
        row_of("profiles in windows, smoothed as ours", smoothed_profiles, kinds),
        row_of("one key, by profiles", one_key, kinds),
    ]
    few = {kind: pieces[: options.files] for kind, pieces in kinds.items()}
    if options.files:
        rows.append(row_of("ours, held out, first pieces", held, few))
        rows.append(row_of("music21 floatingKey, first pieces", music21_keys, few))
        if options.justkeydding:
            peer = justkeydding(options.justkeydding)
            rows.append(row_of("justkeydding, first pieces", peer, few))
    print({kind: len(pieces) for kind, pieces in kinds.items()})
    known = [song for song in kinds["several keys"] if song.changes is not None]
    print(f"several keys: changes inferred for {len(known)} songs; F: 4 s; ms: processor time")
    print(pd.DataFrame(rows).set_index("system").T.to_string())
    print("\n95 % intervals of ours, held out")
    print(pd.DataFrame([row_of("ours, held out", held, kinds, True)]).T.to_string())


if __name__ == "__main__":
    main()
