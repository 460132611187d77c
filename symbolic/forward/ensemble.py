"""Quadrants from standardised features: members of an ensemble, a linear model, familiarity."""

from __future__ import annotations

from typing import Any

INPUT_RANGE = 2.0  # standard deviations that a feature is clipped to
FAMILIAR_RANGE = 6.0  # the same for the distance to the training pieces
FAMILIAR = (0.8, 1.2)  # times the limit: familiarity is 1 up to the first and 0 from the second
NEIGHBOURS = 30  # reference pieces that a piece is compared with
REFERENCE_RANGE = 3.0  # standard deviations that a feature is clipped to, for that
ALIKE = (1.1, 1.35)  # strangeness up to which familiarity is 1, and from which it is 0
VALENCE = (1.0, -1.0, -1.0, 1.0)  # sign in each quadrant
AROUSAL = (1.0, 1.0, -1.0, -1.0)


def members(net: Any, states: Any, ops: Any) -> Any:
    """Compute logits of each member, the linear model last: (M + 1, B, 4).

    Args:
        net: a `symbolic.encoders.FeatureEnsemble` or its like.
        states: (B, H), of which the first `width` columns are taken.
        ops: of the arrays.
    """

    def dropped(values: Any) -> Any:
        return ops.dropout(values, net.dropout, net.training)

    kept = ops.clamp(states[:, : net.width], -INPUT_RANGE, INPUT_RANGE)
    each = dropped(ops.repeat_members(kept, net.inner_weight.shape[0]))
    inner = ops.gelu(ops.batch_linear(net.inner_bias, each, net.inner_weight))
    networks = ops.batch_linear(net.outer_bias, dropped(inner), net.outer_weight)
    valence = net.valence(dropped(kept[:, net.valence_columns]))
    arousal = net.arousal(dropped(kept[:, net.arousal_columns]))
    linear = valence * ops.constant(VALENCE, kept) + arousal * ops.constant(AROUSAL, kept)
    return ops.stack_members(networks, linear)


def combined(net: Any, logits: Any, familiar: Any) -> Any:
    """Combine the (M + 1, B, 4) logits of `members` by the (B,) familiarity of pieces: (B, 4)."""
    weight = net.share * familiar[:, None]
    return weight * logits[:-1].mean(0) + (1 - weight) * logits[-1]


def strengths(logits: Any, ops: Any) -> Any:
    """Compute the linear model's log odds of positive valence and arousal: (B, 2).

    Args:
        logits: (M + 1, B, 4), by `members`.
        ops: of the arrays.
    """
    return ops.linear(logits[-1], ops.constant((VALENCE, AROUSAL), logits)) / 2


def compared(net: Any, states: Any, ops: Any) -> Any:
    """Select the columns of the distance, clipped, of (B, H) states: (B, F)."""
    return ops.clamp(states[:, net.familiar_columns], -FAMILIAR_RANGE, FAMILIAR_RANGE)


def distance(net: Any, states: Any, ops: Any) -> Any:
    """Compute the squared Mahalanobis distances of (B, H) states: (B,)."""
    return ops.quadratic(compared(net, states, ops), net.precision)


def familiarity(net: Any, states: Any, ops: Any) -> Any:
    """Compute how alike pieces are to those of training: (B,) from 1 to 0."""
    if hasattr(net, "references"):
        near, far = ALIKE
        return ops.clamp((far - strangeness(net, states, ops)) / (far - near), 0, 1)
    near, far = FAMILIAR
    return ops.clamp((far - distance(net, states, ops) / net.limit) / (far - near), 0, 1)


def strangeness(net: Any, states: Any, ops: Any) -> Any:
    """Compare distances to the nearest training pieces with the distances among these: (B,).

    1 where a piece is as near to them as they are to one another, more where it is farther: the
    local outlier factor (Breunig, Kriegel, Ng & Sander 2000, "LOF: identifying density-based local
    outliers"), with root mean squares of distances in place of reachability.

    Args:
        net: with `references` (n, F), features of training pieces, clipped, and their `radii` (n,).
        states: (B, H).
        ops: of the arrays.
    """
    values, references = ops.wide(placed(net, states, ops)), ops.wide(net.references)
    squares = (values * values).sum(-1)[:, None] + (references * references).sum(-1)
    squares = squares - 2 * values @ references.T
    nearest, places = ops.smallest(squares, min(NEIGHBOURS, len(references)))
    distance = ops.clamp(nearest.mean(-1), 0.0, float("inf")) ** 0.5
    return ops.narrow(distance / ops.wide(net.radii)[places].mean(-1), states)


def placed(net: Any, states: Any, ops: Any) -> Any:
    """Select the columns by which (B, H) states are compared with references, clipped: (B, F)."""
    return ops.clamp(states[:, net.familiar_columns], -REFERENCE_RANGE, REFERENCE_RANGE)
