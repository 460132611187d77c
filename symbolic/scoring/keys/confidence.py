"""Confidence of keys over time: how probable a key is while it holds, by a hidden Markov model.

The model of `symbolic.inference.key_path`, with a smaller weight of evidence and a smaller cost of
a change: the path is to be steady, the probabilities are to match the share of time that is right.
Both constants were chosen for that (`benchmarks/key_confidence.py`).
"""

from __future__ import annotations

import numpy as np

from symbolic.inference.key_path import log_moves
from symbolic.inference.key_windows import KeyEvidence

EVIDENCE = 0.05  # weight of a frame
COST = 3.0  # of a change, in nats


def key_confidences(
    evidence: KeyEvidence,
    keys: np.ndarray,
    starts: np.ndarray,
    weight: float = EVIDENCE,
    cost: float = COST,
) -> np.ndarray:
    """Compute the confidence of the keys of a piece.

    That of a key is its mean probability over the frames whose middle it holds, or in the next one
    if it is shorter. Windows that contradict the key make it smaller. On pieces that were not used
    in training, keys were right for about that share of their time (docs/experiments/keys.md).

    Args:
        evidence: of the piece.
        keys: (k,) 0..23, one after the other.
        starts: (k,) seconds, rising.
        weight: of a frame.
        cost: of a change, in nats.

    Returns:
        (k,) 0..1.
    """
    probable = key_probabilities(evidence, weight, cost)
    middles = (evidence.edges[1:] + evidence.edges[:-1]) / 2
    first = np.minimum(middles.searchsorted(starts), len(middles) - 1)
    last = np.maximum(np.append(first[1:], len(middles)), first + 1)
    spans = zip(keys.tolist(), first.tolist(), last.tolist(), strict=True)
    return np.array([probable[begin:end, key].mean() for key, begin, end in spans])


def key_probabilities(evidence: KeyEvidence, weight: float, cost: float) -> np.ndarray:
    """Compute the (T, 24) probabilities of the keys in each frame, given all frames.

    The forward-backward algorithm (Rabiner 1989, "A tutorial on hidden Markov models").

    Args:
        evidence: of the piece.
        weight: of a frame.
        cost: of a change, in nats.
    """
    scores = weight * evidence.windows
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    moves = np.exp(log_moves(cost))
    forward, backward = np.empty_like(likely), np.ones_like(likely)
    forward[0] = likely[0] / likely[0].sum()
    for frame in range(1, len(likely)):
        found = (forward[frame - 1] @ moves) * likely[frame]
        forward[frame] = found / found.sum()
    for frame in range(len(likely) - 2, -1, -1):
        found = moves @ (backward[frame + 1] * likely[frame + 1])
        backward[frame] = found / found.sum()
    both = forward * backward
    return both / both.sum(axis=1, keepdims=True)
