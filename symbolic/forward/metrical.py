"""Embeddings of bars or beats from their similarity to earlier ones, and dilated convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

STRIPES = (9, 5)  # kernel over units and lags that smooths the similarities
LAG_POOL = 4  # adjacent lags that are max-pooled
DILATIONS = (1, 2, 4, 8, 16, 32)
WIDTH = 5  # kernel of the dilated convolutions, in units


def embedded(net: Any, inputs: Sequence[Any], compared: Sequence[Any], real: Any, ops: Any) -> Any:
    """Compute the embeddings of units.

    Args:
        net: a `symbolic.encoders.metrical.MetricalContext` or its like.
        inputs: (B, U, D) arrays that are concatenated.
        compared: (B, U, D) arrays, of each of which a unit is compared with those before it.
        real: (B, U, 1), 1 for units and 0 for padding after them; None without padding.
        ops: of the arrays.

    Returns:
        (B, U, size), 0 for padding.
    """
    states = net.project(ops.concat(inputs))
    if net.lags:
        similar = ops.pooled_stripes(net.stripes, ops.lagged(compared, net.lags), LAG_POOL)
        similar = ops.permute(ops.leaky_relu(similar), (0, 2, 1, 3))  # (B, U, C, L)
        similar = similar.reshape(*states.shape[:2], -1)
        states = ops.leaky_relu(net.join(ops.concat([states, similar])))
    states = _kept(ops.dropout(states, net.dropout, net.training), real)
    for norm, layer in zip(net.norms, net.layers, strict=True):
        added = ops.leaky_relu(ops.convolved(layer, _kept(norm(states), real)))
        states = _kept(states + ops.dropout(added, net.dropout, net.training), real)
    return states


def _kept(states: Any, real: Any) -> Any:
    """Replace the states of padding by 0."""
    return states if real is None else states * real
