"""Training of the key encoder on annotated keys (`symbolic train-key`)."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from transformers import TrainingArguments, set_seed

from symbolic.data import FeatureDataset, Piece, TokenVocabulary, group_folds, group_name
from symbolic.data.audit.fingerprints import Fingerprints
from symbolic.data.corpora.annotated_keys import (
    read_pop909,
    read_when_in_rome,
    steady_songs,
    work_of,
)
from symbolic.features import TONAL_NAMES, feature_rows
from symbolic.inference.prediction import predict_features
from symbolic.modeling import SymbolicModel
from symbolic.notes import NoteTable, ReadError
from symbolic.notes.keys import estimate_key
from symbolic.notes.pool import read_many
from symbolic.tasks.metrics import calibration_error, mirex_key_score
from symbolic.tokenizers import build_tokenizer
from symbolic.training.build import ShapeArguments, build_model, standardise_features
from symbolic.training.run_folder import save_run
from symbolic.training.trainer import TRAINING_DEFAULTS, FitArguments, fit

EXCERPTS = 4  # of each song that keeps its key
OPENINGS = 2  # of each score
SECONDS = (10.0, 60.0)  # their lengths
MIN_NOTES = 12  # of an excerpt
LONG_SCORE = 200  # notes; openings of shorter scores are hardly shorter than the score
REPEATS = {"song": 3, "score": 6, "part": 1}  # in an epoch: scores are few

KEY_DEFAULTS = {
    **TRAINING_DEFAULTS,
    "learning_rate": 3e-3,
    "weight_decay": 0.01,
    "per_device_train_batch_size": 64,
    "num_train_epochs": 6,
    "save_strategy": "no",
    "logging_strategy": "no",
    "report_to": "none",
}

SHAPE = ShapeArguments(encoder="features", tasks="key", label_smoothing=0.0)

logger = logging.getLogger(__name__)


@dataclass
class KeyArguments:
    """Corpora and cross-validation."""

    pop909: str = field(metadata={"help": "folder of POP909"})
    when_in_rome: str = field(metadata={"help": "folder of When in Rome"})
    pop909_keys: str | None = field(
        default=None,
        metadata={"help": "table of its keys; by default pop909_keys.csv in or beside the folder"},
    )
    when_in_rome_keys: str | None = field(
        default=None, metadata={"help": "the same, when_in_rome_keys.csv"}
    )
    folds: int = field(default=5, metadata={"help": "folds of the cross-validation; 0: none"})
    fold_seeds: str = field(default="0,1,2", metadata={"help": "of the random folds, by commas"})
    tokenizer: str = field(
        default="cp-performance", metadata={"help": "tokenizer of the model that uses the encoder"}
    )


@dataclass(frozen=True)
class KeyExamples:
    """Pieces and excerpts with annotated keys.

    Attributes:
        pieces: n pieces with the label `key`.
        rows: (m, C) `tonal` features of the pieces, followed by those of excerpts.
        piece: (m,) index of the piece of each row.
        times: (m,) repeats of each row in an epoch.
        profiles: (n,) keys by Krumhansl-Kessler profiles.
    """

    pieces: list[Piece]
    rows: np.ndarray
    piece: np.ndarray
    times: np.ndarray
    profiles: np.ndarray

    @property
    def keys(self) -> np.ndarray:
        """(n,) annotated key of each piece."""
        return np.array([piece.labels["key"] for piece in self.pieces])


def excerpts(table: NoteTable, count: int, rng: np.random.Generator) -> list[NoteTable]:
    """Cut excerpts of random length and place; those with too few notes are left out."""
    parts = []
    last = max(float(table.onset[-1]), 0.0)
    for _ in range(count):
        length = rng.uniform(*SECONDS)
        start = rng.uniform(0.0, max(last - length, 0.0))
        parts.append(table.select((table.onset >= start) & (table.onset < start + length)))
    return [part for part in parts if len(part) >= MIN_NOTES]


def openings(table: NoteTable, count: int, rng: np.random.Generator) -> list[NoteTable]:
    """Cut openings of random length; those with too few notes are left out."""
    ends = table.onset[0] + rng.uniform(*SECONDS, count)
    parts = [table.select(table.onset < end) for end in ends]
    return [part for part in parts if len(part) >= MIN_NOTES]


def examples(arguments: KeyArguments) -> KeyExamples:
    """Read both corpora and cut excerpts of their pieces.

    Songs without modulation have the same key in every excerpt; the key of a score is that of its
    opening. Pieces that cannot be read or have no notes are left out with a warning.
    """
    songs = read_pop909(arguments.pop909, arguments.pop909_keys)
    scores = read_when_in_rome(arguments.when_in_rome, arguments.when_in_rome_keys)
    steady = steady_songs(arguments.pop909, arguments.pop909_keys)
    tokenizer = build_tokenizer(arguments.tokenizer)
    rng = np.random.default_rng(0)
    pieces, whole, parts, profiles = [], [], [], []
    both = songs + scores
    for piece, table in zip(both, read_many([piece.path for piece in both]), strict=True):
        notes = table if isinstance(table, ReadError) else tokenizer.emitted(table)
        if isinstance(table, ReadError) or isinstance(notes, ReadError) or not len(notes):
            logger.warning("%s left out: %s", piece.path, getattr(notes, "reason", "no notes"))
            continue
        number = len(pieces)
        pieces.append(piece)
        profiles.append(estimate_key(table))
        kind = "song" if piece.corpus == "pop909" else "score"
        whole.append((notes, number, REPEATS[kind]))
        cut = []
        if piece.path in steady:
            cut = excerpts(notes, EXCERPTS, rng)
        elif kind == "score" and len(notes) >= LONG_SCORE:
            cut = openings(notes, OPENINGS, rng)
        parts += [(part, number, REPEATS["part"]) for part in cut]
    tables, piece, times = zip(*whole, *parts, strict=True)
    rows = feature_rows(tables, TONAL_NAMES).astype(np.float32)
    return KeyExamples(pieces, rows, np.array(piece), np.array(times), np.array(profiles))


def train_on(
    data: KeyExamples, chosen: np.ndarray, tokenizer: Any, training: TrainingArguments
) -> SymbolicModel:
    """Train a key model on some of the n pieces and their excerpts; `chosen` is an (n,) mask."""
    set_seed(training.seed)
    model = build_model(tokenizer, SHAPE, TONAL_NAMES)
    rows = np.flatnonzero(chosen[data.piece])
    standardise_features(model, data.rows[rows])
    rows = rows.repeat(data.times[rows])
    labels = [{"key": int(key)} for key in data.keys[data.piece[rows]]]
    fit(model, FeatureDataset(data.rows[rows], labels), None, FitArguments(), training)
    return model


def cross_validate(
    data: KeyExamples,
    groups: Sequence[str],
    folds: int,
    fold_seed: int,
    tokenizer: Any,
    training: TrainingArguments,
) -> np.ndarray:
    """Predict the (n, 24) key probabilities of pieces with models not trained on their groups."""
    corpora = np.array([piece.corpus for piece in data.pieces])
    fold = np.empty(len(corpora), np.int64)
    for corpus in np.unique(corpora):
        own = np.flatnonzero(corpora == corpus)
        fold[own] = group_folds([0] * len(own), [groups[i] for i in own.tolist()], folds, fold_seed)
    predicted = np.empty((len(fold), 24))
    for k in range(folds):
        held = fold == k
        model = train_on(data, ~held, tokenizer, training)
        predicted[held] = predict_features(model, data.rows[: len(fold)][held])["key"]
    return predicted


def report_row(name: str, keys: np.ndarray, predicted: np.ndarray, profiles: np.ndarray) -> str:
    """Format a row of the table: accuracy of the model and of the profiles."""
    found = predicted.argmax(axis=1)
    minor = keys >= 12
    return (
        f"| {name} | {len(keys)} | {(found == keys).mean():.3f} | {(profiles == keys).mean():.3f} "
        f"| {(found == keys)[~minor].mean():.3f} | {(found == keys)[minor].mean():.3f} "
        f"| {mirex_key_score(keys, found).mean():.3f} "
        f"| {mirex_key_score(keys, profiles).mean():.3f} "
        f"| {calibration_error(keys, predicted):.3f} |"
    )


HEADER = (
    "| pieces held out | pieces | exact | profiles, exact | major keys | minor keys | MIREX "
    "| profiles, MIREX | calibration error |\n|---|---|---|---|---|---|---|---|---|"
)


def report(data: KeyExamples, arguments: KeyArguments, training: TrainingArguments) -> list[str]:
    """Cross-validate by piece with each seed, and by book or author with the first seed."""
    tokenizer = build_tokenizer(arguments.tokenizer)
    corpora = np.array([piece.corpus for piece in data.pieces])
    pieces = [group_name(piece.corpus, piece.group) for piece in data.pieces]
    works = [work_of(p) if p.corpus == "when_in_rome" else p.group for p in data.pieces]
    seeds = [int(seed) for seed in arguments.fold_seeds.split(",")]
    runs = [(f"by piece, folds {seed}", pieces, seed) for seed in seeds]
    runs.append((f"by book or author, folds {seeds[0]}", works, seeds[0]))
    rows = []
    for name, groups, seed in runs:
        predicted = cross_validate(data, groups, arguments.folds, seed, tokenizer, training)
        for corpus in dict.fromkeys(corpora):
            if corpus == "pop909" and groups is works:
                continue
            own = corpora == corpus
            rows.append(
                report_row(f"{corpus}, {name}", data.keys[own], predicted[own], data.profiles[own])
            )
    return rows


def train_key(arguments: KeyArguments, training: TrainingArguments) -> SymbolicModel:
    """Cross-validate if there are folds, then train on all pieces and save the model.

    Beside the weights lie `training.json` and, with folds, `keys.md`.

    Raises:
        FileNotFoundError: a corpus that does not exist.
        ValueError: a table that cannot be read.
    """
    data = examples(arguments)
    rows = []
    if arguments.folds:
        rows = report(data, arguments, training)
    tokenizer = build_tokenizer(arguments.tokenizer)
    model = train_on(data, np.ones(len(data.pieces), bool), tokenizer, training)
    save_run(
        model,
        TokenVocabulary.of(tokenizer).save_tokenizer,
        {"pop909": Path(arguments.pop909).name, "when_in_rome": Path(arguments.when_in_rome).name},
        [group_name(piece.corpus, piece.group) for piece in data.pieces],
        Fingerprints.of_pieces(data.pieces),
        SHAPE,
        FitArguments(),
        training,
        [],
    )
    if rows:
        text = "\n".join([HEADER, *rows])
        print(text)
        Path(training.output_dir or ".", "keys.md").write_text(f"{text}\n", encoding="utf-8")
    folder = str(training.output_dir or ".")
    options = f"--encoder features --features all,tonal --pretrained {shlex.quote(folder)}"
    print(f"saved in {folder}; to train with it: symbolic train {options}")
    return model
