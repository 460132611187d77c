"""Pieces of the corpora with emotion, their features and labels, for the benchmarks of transfer."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from symbolic import EmotionScorer
from symbolic.data import READERS, DataArguments, Piece
from symbolic.data.splits.protocols import held_out_pieces
from symbolic.features import FEATURE_SETS, feature_rows, named_columns
from symbolic.features.model_columns import KEY_FEATURES, state_names
from symbolic.notes import NoteTable, read_notes
from symbolic.tasks import IGNORE
from symbolic.training.transfer import Labels

QUADRANTS = ("emopia", "vgmidi", "ym2413")
RATED = "percepiano"
CORPORA = (*QUADRANTS, RATED)
DRUMS = FEATURE_SETS["drums"]


@dataclass(frozen=True)
class Pieces:
    """The n pieces of the corpora.

    Attributes:
        pieces, tables: the pieces, and the notes that the default model takes.
        labels: of the pieces.
        same_notes: (n,) names of what pieces are performances of.
        folders: of the corpora.
    """

    pieces: list[Piece]
    tables: list[NoteTable]
    labels: Labels
    same_notes: np.ndarray
    folders: dict[str, Path]

    def held_out(self, name: str) -> np.ndarray:
        """(n,) bool: the pieces that a protocol such as `vgmidi-0` holds out."""
        data = DataArguments(**{k: str(v) for k, v in self.folders.items()}, hold_out=name)
        paths = {piece.path for piece in held_out_pieces(data)}
        return np.array([piece.path in paths for piece in self.pieces])


def parser(description: str | None) -> argparse.ArgumentParser:
    """Make a parser with an option for the folder of each corpus."""
    made = argparse.ArgumentParser(description=description)
    for name in CORPORA:
        made.add_argument(f"--{name}", type=Path, required=True, help="folder of the corpus")
    return made


def load(options: argparse.Namespace) -> Pieces:
    """Read the pieces of the corpora."""
    folders = {name: getattr(options, name) for name in CORPORA}
    pieces = [piece for name in CORPORA for piece in READERS[name](folders[name]).pieces]
    emitted = EmotionScorer.from_pretrained().predictor.emitted
    labels = Labels(
        np.array([piece.labels.get("emotion", IGNORE) for piece in pieces]),
        np.array([piece.labels.get("valence_arousal", (np.nan,) * 2) for piece in pieces]),
        np.array([f"{piece.corpus}: {piece.group}" for piece in pieces]),
        np.array([piece.corpus for piece in pieces]),
        np.zeros(len(pieces), bool),
    )
    tables = [emitted(read_notes(piece.path)) for piece in pieces]
    same_notes = np.array([piece.same_notes for piece in pieces])
    return Pieces(pieces, tables, labels, same_notes, folders)


def states(tables: Sequence[NoteTable]) -> tuple[np.ndarray, list[str]]:
    """Compute all columns of pieces, drums last, and their names.

    The predicted key is that of the default model's network of keys, which has seen no quadrant.
    """
    predictor = EmotionScorer.from_pretrained().predictor
    taken = [*predictor.config.feature_names]
    found = predictor.embed([], feature_rows(tables, taken).astype(np.float32), 64)
    places = [state_names(taken).index(name) for name in KEY_FEATURES]
    sets, drums = named_columns("all,voices,played"), feature_rows(tables, "drums")
    columns = [*sets, *KEY_FEATURES, *DRUMS]
    return np.hstack([feature_rows(tables, sets), found[:, places], drums]), columns


def macro_f1(labels: np.ndarray, predicted: np.ndarray) -> float:
    """Mean F1 over the quadrants."""
    true = [(labels == q) & (predicted == q) for q in range(4)]
    sizes = [(labels == q).sum() + (predicted == q).sum() for q in range(4)]
    return float(np.mean([2 * t.sum() / max(s, 1) for t, s in zip(true, sizes, strict=True)]))


def within(values: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Subtract the mean of each name."""
    found = values.copy()
    for name in np.unique(names):
        found[names == name] -= found[names == name].mean()
    return found


def correlations(values: np.ndarray, ratings: np.ndarray, same_notes: np.ndarray) -> list[float]:
    """Pearson's r of valence, of arousal, and of arousal among performances of the same notes."""
    r = [np.corrcoef(values[:, side], ratings[:, side])[0, 1] for side in (0, 1)]
    apart = [within(part[:, 1], same_notes) for part in (values, ratings)]
    return [*map(float, r), float(np.corrcoef(*apart)[0, 1])]
