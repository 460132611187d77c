"""Means over the positions of a sequence, with weights of their own."""

from __future__ import annotations

from typing import Any


def pooled(net: Any, hidden: Any, mask: Any, ops: Any) -> Any:
    """Average positions several times, each time with other weights (Lin 2017, MIDI-BERT).

    Args:
        net: the layers `hidden` and `scores`.
        hidden: (B, T, H).
        mask: (B, T, 1), true for real positions.
        ops: of the arrays.

    Returns:
        (B, V * H), where `scores` has V outputs; zeros for a row without real positions.
    """
    scores = ops.masked(net.scores(ops.tanh(net.hidden(hidden))), mask)
    weights = ops.softmax(scores, 1) * mask
    return ops.weighted(weights, hidden).reshape(hidden.shape[0], -1)
