"""Smoothing of keys over time: the most probable path through keys, by a hidden Markov model.

The evidence of each frame is weighed with the cost of a change, which depends on the interval and
the modes of both keys, not on their tonics: the path of a transposed piece is the transposed path.
"""

from __future__ import annotations

import numpy as np

from symbolic.forward.states import KEYS
from symbolic.inference.key_windows import HOP, KeyEvidence

EVIDENCE = 0.2  # weight of a frame: windows of neighbouring frames share most of their notes
WHOLE = 10.0  # weight of the key of the whole piece, spread over the frames of a song
OFTEN, SELDOM = 6.0, 20.0  # cost of a change, in nats, in music that changes key often or seldom
PER_MINUTE = 1.3  # changes from which on music changes key often

CHANGES = {
    "songs": (
        ((0, 20, 16, 1, 0, 0, 0, 0, 1, 2, 0, 0), (0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 1, 0)),
        ((2, 0, 0, 8, 1, 0, 0, 0, 0, 0, 0, 0), (0, 5, 3, 2, 0, 2, 0, 0, 0, 0, 0, 1)),
    ),
    "scores": (
        ((0, 0, 5, 7, 1, 45, 1, 54, 4, 5, 4, 2), (27, 3, 21, 2, 11, 5, 0, 5, 1, 24, 1, 2)),
        ((25, 4, 0, 33, 1, 3, 1, 5, 15, 0, 16, 1), (0, 2, 8, 1, 0, 31, 0, 30, 1, 1, 2, 3)),
    ),
}
"""Annotated changes of key, counted: from major and from minor, to major and to minor, by semitones
from the old to the new tonic. `songs`: POP909, `scores`: When in Rome, half of the pieces of each
with changes (docs/experiments/keys.md)."""

UNSEEN = 0.5  # added to each count


def change_probabilities() -> np.ndarray:
    """Compute the (24, 24) probabilities of the next key, given that it changes; rows sum to 1.

    The mean of those of `CHANGES`.
    """
    found = np.zeros((KEYS, KEYS))
    tonic, minor = np.arange(KEYS) % 12, np.arange(KEYS) // 12
    interval = (tonic - tonic[:, None]) % 12
    for counts in CHANGES.values():
        chances = np.array(counts, float)[minor[:, None], minor, interval] + UNSEEN
        chances[np.diag_indices(KEYS)] = 0
        found += chances / chances.sum(axis=1, keepdims=True) / len(CHANGES)
    return found


_CHANGES = np.log(change_probabilities() + np.eye(KEYS))


def key_path(evidence: KeyEvidence) -> np.ndarray:
    """Find the (T,) keys of the frames of a piece, 0..23 each.

    A first path is one of music that changes key often. Where it changes less than `PER_MINUTE`,
    as in most songs, the path is that of music that changes key seldom, and the key of the whole
    piece counts, too. Viterbi's algorithm (Viterbi 1967, "Error bounds for convolutional codes").
    """
    scores = EVIDENCE * evidence.windows
    path = viterbi(scores, OFTEN)
    changes = np.count_nonzero(path[1:] != path[:-1])
    if changes * 60 < PER_MINUTE * HOP * len(path):
        path = viterbi(scores + WHOLE / len(path) * evidence.whole, SELDOM)
    return path


def log_moves(cost: float) -> np.ndarray:
    """Compute the (24, 24) log probabilities of the key of a frame, given that before it.

    Args:
        cost: of a change, in nats: minus the logarithm of its probability in a frame.
    """
    moves = _CHANGES - cost
    moves[np.diag_indices(KEYS)] = np.log1p(-np.exp(-cost))
    return moves


def viterbi(scores: np.ndarray, cost: float) -> np.ndarray:
    """Find the path with the largest sum of scores and of log probabilities of changes.

    Args:
        scores: (T, 24), at least one row.
        cost: of a change, as of `log_moves`.

    Returns:
        (T,) keys.
    """
    moves = log_moves(cost)
    best, keys = scores[0], np.arange(KEYS)
    before = np.empty((len(scores), KEYS), np.int64)
    for frame in range(1, len(scores)):
        ways = best[:, None] + moves
        chosen = ways.argmax(axis=0)
        before[frame] = chosen
        best = ways[chosen, keys] + scores[frame]
    path = np.empty(len(scores), np.int64)
    path[-1] = best.argmax()
    for frame in range(len(scores) - 1, 0, -1):
        path[frame - 1] = before[frame, path[frame]]
    return path
