"""Ways of learning that the default model does without, for benchmarks/ablation.py to try."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.optim.swa_utils import AveragedModel
from transformers import TrainerCallback

from symbolic.data import FeatureDataset, Piece
from symbolic.data.pieces import unlabelled_pieces_in
from symbolic.features import FEATURE_GROUPS, features
from symbolic.notes import NoteTable, ReadError
from symbolic.notes.augment import Augmentation
from symbolic.notes.pool import read_many
from symbolic.training.keys import excerpts

LABELS = 10  # of a piece whose probabilities are learnt
LIKENESS = "likeness"
CONTRASTED = tuple(f"contrasted_{i}" for i in range(32))
PLAYED = [n for g in ("dynamics", "articulation", "rhythm") for n in FEATURE_GROUPS[g]]
EXCERPTS = 4  # of each piece of other music
AUGMENTATION = Augmentation(semitones=6, tempo=0.1, velocity=10, drop_dynamics=0.1)


@dataclass(frozen=True)
class Corpus:
    """Pieces with (n,) quadrants and groups, and their notes as the tokenizer emits them."""

    pieces: list[Piece]
    tables: list[NoteTable]
    quadrants: np.ndarray
    groups: np.ndarray


def changed(corpus: Corpus, names: Sequence[str], copies: int) -> np.ndarray:
    """(n, 1 + copies, C) features of pieces, and of transposed, faster and louder copies."""
    rng = np.random.default_rng(0)
    rows = np.empty((len(corpus.pieces), 1 + copies, len(names)), np.float32)
    for row, table in zip(rows, corpus.tables, strict=True):
        row[0] = features(table, names)
        for k in range(1, 1 + copies):
            row[k] = features(AUGMENTATION(table, rng), names)
    return rows


class Versions(FeatureDataset):
    """One of the (n, k, C) versions of each piece at a time, drawn by torch's generator."""

    def __getitem__(self, index: int) -> dict[str, object]:
        versions = self.rows[index]
        copy = int(torch.randint(len(versions), ())) if len(versions) > 1 else 0
        return {"features": versions[copy], "labels": self.labels[index]}


class WeightAveraging(TrainerCallback):
    """Ends a training with the mean of the weights after each of its last epochs.

    Stochastic weight averaging (Izmailov 2018), but under the schedule of the training.

    Args:
        start: share of the training, 0..1, after which epochs count.
    """

    def __init__(self, start: float) -> None:
        self.start = start
        self.averaged: AveragedModel | None = None

    def on_epoch_end(self, args, state, control, model, **kwargs) -> None:
        if state.global_step <= self.start * state.max_steps:
            return
        if self.averaged is None:
            self.averaged = AveragedModel(model, use_buffers=True)
        self.averaged.update_parameters(model)

    def on_train_end(self, args, *state, model, **kwargs) -> None:
        if self.averaged is not None:
            model.load_state_dict(self.averaged.module.state_dict())


def in_parts(corpus: Corpus, names: Sequence[str], copies: int) -> np.ndarray:
    """(n, 1 + copies, C) features of pieces, and of parts of them.

    Where a part has too few notes, the piece stands for it.
    """
    rng = np.random.default_rng(0)
    rows = np.empty((len(corpus.pieces), 1 + copies, len(names)), np.float32)
    for row, table in zip(rows, corpus.tables, strict=True):
        row[:] = features(table, names)
        for k, part in enumerate(excerpts(table, copies, rng), 1):
            row[k] = features(part, names)
    return rows


def other_music(
    folders: Sequence[str], names: Sequence[str], emitted: Callable[[NoteTable], NoteTable]
) -> np.ndarray:
    """(p, EXCERPTS, C) features of excerpts of the pieces in folders that have so many."""
    rng = np.random.default_rng(0)
    rows = []
    for table in read_many([piece.path for piece in unlabelled_pieces_in(folders)], workers=1):
        if isinstance(table, ReadError) or not len(notes := emitted(table)):
            continue
        some = excerpts(notes, EXCERPTS, rng)
        if len(some) == EXCERPTS:
            rows.append([features(one, names) for one in some])
    return np.array(rows, np.float32)


def soft_labels(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels that say in their numbers what (n, 4) probabilities say: `LABELS` of each piece.

    Returns:
        (n * LABELS,) number of the piece, and its quadrant: as many of each as its probability
        asks for, the last ones by the largest remainders.
    """
    wanted = probabilities * LABELS
    counts = np.floor(wanted).astype(int)
    order = np.argsort(counts - wanted, axis=1)
    left = LABELS - counts.sum(axis=1, keepdims=True)
    np.put_along_axis(
        counts, order, np.take_along_axis(counts, order, axis=1) + (np.arange(4) < left), axis=1
    )
    pieces = np.arange(len(probabilities)).repeat(LABELS)
    return pieces, np.tile(np.arange(4), len(counts)).repeat(counts.ravel())


def mixed(
    rows: np.ndarray, quadrants: np.ndarray, alpha: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mix-up (Zhang et al. 2018): `LABELS` mixtures of each piece with others.

    Args:
        rows: (n, C) features.
        quadrants: (n,).
        alpha: of the Beta distribution that shares are drawn from.
        seed: of partners, shares and labels.

    Returns:
        (n * LABELS, C) mixtures, and the quadrant of one of the two pieces of each, drawn by the
        shares, so that the loss expects what it is with both labels.
    """
    rng = np.random.default_rng(seed)
    first = np.arange(len(rows)).repeat(LABELS)
    second = rng.integers(len(rows), size=len(first))
    share = rng.beta(alpha, alpha, size=len(first))
    mixtures = share[:, None] * rows[first] + (1 - share[:, None]) * rows[second]
    label = np.where(rng.random(len(first)) < share, quadrants[first], quadrants[second])
    return mixtures.astype(np.float32), label


def contrasted(rows: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Features in which excerpts of one piece are alike, and those of others are not.

    A network of one hidden layer, taught by NT-Xent (Chen et al. 2020) on pairs of excerpts.

    Args:
        rows: (p, k, C) features of k excerpts of p pieces.

    Returns:
        A function from (..., C) features to (..., len(CONTRASTED)) features.
    """
    torch.manual_seed(0)
    known = torch.from_numpy(rows)
    mean = known.flatten(0, 1).mean(dim=0)
    scale = known.flatten(0, 1).std(dim=0).clamp_min(1e-6)
    net = nn.Sequential(nn.Linear(rows.shape[2], 128), nn.GELU(), nn.Linear(128, len(CONTRASTED)))
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3, weight_decay=0.05)
    heard = ((known - mean) / scale).clamp(-3, 3)
    for _ in range(60):
        for some in torch.randperm(len(heard)).split(256):
            two = torch.rand(len(some), heard.shape[1]).argsort(dim=1)[:, :2]
            pair = F.dropout(heard[some[:, None], two], 0.2)
            one, other = F.normalize(net(pair), dim=-1).unbind(dim=1)
            alike = one @ other.T / 0.2
            truth = torch.arange(len(some))
            loss = (F.cross_entropy(alike, truth) + F.cross_entropy(alike.T, truth)) / 2
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    def told(some: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return net(((torch.from_numpy(some) - mean) / scale).clamp(-3, 3)).numpy()

    return told


def likeness(
    rows: Sequence[np.ndarray], columns: Sequence[int]
) -> Callable[[np.ndarray], np.ndarray]:
    """Which of two corpora a piece is played like, by logistic regression on some of its columns.

    Args:
        rows: (n, C) features of the pieces of each corpus.
        columns: those that tell.

    Returns:
        A function from (..., C) features to (..., 1) log-odds.
    """
    pieces = np.concatenate(rows)[:, columns]
    corpus = np.arange(len(rows)).repeat([len(one) for one in rows])
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    model.fit(pieces, corpus)

    def told(some: np.ndarray) -> np.ndarray:
        flat = some[..., columns].reshape(-1, len(columns))
        odds = model.decision_function(flat).clip(-6, 6)
        return odds.reshape(*some.shape[:-1], 1).astype(np.float32)

    return told
