"""Evidence for keys over time: the network of keys of a model, on windows that slide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbolic.features import feature_rows
from symbolic.forward import numpy_ops
from symbolic.forward.states import KEYS
from symbolic.forward.tonic import key_logits
from symbolic.inference.feature_model import FeatureModel
from symbolic.notes import NoteTable
from symbolic.notes.joined import NEUTRAL_VELOCITY, JoinedNotes

HOP = 1.0  # seconds of a frame
SIDE = 4  # frames on either side of a window's own: windows of 9 s
NOTES_PER_PASS = 20_000  # whose arrays stay small
FULL_WINDOW = 12  # notes; the network was trained on no shorter excerpts
EARLY = 1e-6  # seconds before a window that still belong to it: sums of floats are inexact
NO_DRUMS = np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64)


@dataclass(frozen=True)
class KeyNetwork:
    """The network of keys of a model.

    Attributes:
        net: as `symbolic.forward.tonic.key_logits` takes it.
        names: of its columns, channel by channel.
    """

    net: Any
    names: tuple[str, ...]

    @classmethod
    def of(cls, model: FeatureModel) -> KeyNetwork:
        """Take the network of a model.

        Raises:
            ValueError: a model without one.
        """
        encoder = model.net.encoder
        if encoder.tonic is None:
            raise ValueError("keys over time need a model with a network of keys")
        names = model.config.feature_names
        return cls(encoder.tonic, tuple(names[place] for place in encoder.tonal_columns))

    def log_probabilities(self, notes: NoteTable | JoinedNotes) -> np.ndarray:
        """Compute (p, 24) log probabilities of the keys of pieces, or of one note table."""
        rows = feature_rows([notes] if isinstance(notes, NoteTable) else notes, self.names)
        logits = key_logits(self.net, rows.reshape(len(rows), -1, 12), numpy_ops)
        return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


@dataclass(frozen=True)
class KeyEvidence:
    """Evidence for keys of the T frames of a piece.

    Attributes:
        edges: (T + 1,) seconds of the edges of the frames, from the first onset on.
        windows: (T, 24) log probabilities of the keys of a window around each frame; 0 where no
            note begins in it, scaled down where fewer than `FULL_WINDOW` do.
        whole: (24,) log probabilities of the keys of the whole piece.
    """

    edges: np.ndarray
    windows: np.ndarray
    whole: np.ndarray


def by_onset(notes: NoteTable) -> NoteTable:
    """Return the pitched notes in the order of their onsets."""
    notes = notes.pitched()
    rising = bool((notes.onset[1:] >= notes.onset[:-1]).all())
    return notes if rising else notes.select(notes.onset.argsort(kind="stable"))


def key_evidence(network: KeyNetwork, notes: NoteTable) -> KeyEvidence:
    """Compute the evidence for keys over time.

    A window is `SIDE` frames wider than its frame on either side; at the ends of a piece it is
    moved inwards. It has the notes that begin in it.

    Args:
        network: of keys.
        notes: at least one, as of `by_onset`.
    """
    begin = float(notes.onset[0])
    frames = max(int(np.ceil((notes.seconds - begin) / HOP)), 1)
    count = max(frames - 2 * SIDE, 1)
    starts = begin + HOP * np.arange(count)
    ends = starts + (2 * SIDE + 1) * HOP
    ends[-1] = np.inf
    windows, sizes = span_probabilities(network, notes, starts, ends)
    windows *= np.minimum(sizes / FULL_WINDOW, 1)[:, None]
    around = np.clip(np.arange(frames) - SIDE, 0, count - 1)
    edges = begin + HOP * np.arange(frames + 1)
    return KeyEvidence(edges, windows[around], network.log_probabilities(notes)[0])


def span_probabilities(
    network: KeyNetwork, notes: NoteTable, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Predict the key of spans of a piece, each from the notes that begin in it.

    Args:
        network: of keys.
        notes: as of `by_onset`.
        starts, ends: (s,) seconds.

    Returns:
        (s, 24) log probabilities, 0 without notes; and the (s,) numbers of notes.
    """
    first = notes.onset.searchsorted(starts - EARLY)
    last = notes.onset.searchsorted(ends - EARLY)
    sizes = np.maximum(last - first, 0)
    found = np.zeros((len(starts), KEYS))
    for some in _passes(sizes):
        counts = sizes[some]
        index = np.arange(counts.sum()) + (first[some] - counts.cumsum() + counts).repeat(counts)
        found[some] = network.log_probabilities(
            JoinedNotes(
                counts,
                notes.onset[index] - starts[some].repeat(counts),
                notes.duration[index],
                notes.pitch[index],
                np.full(len(index), NEUTRAL_VELOCITY),
                np.zeros(len(some), bool),
                lambda index=index: np.zeros(len(index), np.int64),
                lambda: NO_DRUMS,
            )
        )
    return found, sizes


def _passes(sizes: np.ndarray) -> Sequence[np.ndarray]:
    """Split the spans that have notes: indices of those whose features are computed together."""
    full = np.flatnonzero(sizes)
    before = sizes[full].cumsum() - sizes[full]
    return np.split(full, np.flatnonzero(np.diff(before // NOTES_PER_PASS)) + 1)
