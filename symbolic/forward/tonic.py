"""Keys from channels of twelve pitch classes, with one network for each possible tonic."""

from __future__ import annotations

from typing import Any

from symbolic.forward.spectrum import turned_products

HIDDEN = 32  # units; two more rows of the weight are a linear network
DROPOUT = 0.3
INPUT_DROPOUT = 0.1  # of single values, and of whole channels

# Seen from tonic k, pitch class q is where pitch class q - k is seen from C.
FROM_TONIC = tuple(tuple((q - k) % 12 for q in range(12)) for k in range(12))


def key_logits(net: Any, channels: Any, ops: Any) -> Any:
    """Compute logits of 24 keys, major keys first.

    Args:
        net: `weight` (HIDDEN + 2, C, 12), `bias` (HIDDEN + 2,), `channel_mean` and `channel_scale`
            (C,), and the layer `classifier`; one of NumPy may have `spectrum`, the
            `weight_spectrum`.
        channels: (B, C, 12).
        ops: of the arrays.

    Returns:
        (B, 24).
    """
    values = (channels - net.channel_mean[:, None]) / net.channel_scale[:, None]
    values = ops.dropout_channels(values, INPUT_DROPOUT, net.training)
    values = ops.dropout(values, INPUT_DROPOUT, net.training)
    if hasattr(net, "spectrum"):
        hidden = turned_products(values, net.spectrum) + net.bias
    else:
        turned = turned_weight(net.weight, ops)
        each = ops.linear(values.reshape(-1, turned.shape[1]), turned)
        hidden = each.reshape(-1, 12, net.bias.shape[0]) + net.bias
    inner = ops.dropout(ops.relu(hidden[..., :HIDDEN]), DROPOUT, net.training)
    modes = net.classifier(inner) + hidden[..., HIDDEN:]  # (B, 12, 2)
    return modes.mT.reshape(-1, 24)


def turned_weight(weight: Any, ops: Any) -> Any:
    """Turn a (H, C, 12) weight to each tonic: (12 H, 12 C)."""
    turned = ops.permute(weight[:, :, ops.index(FROM_TONIC, weight)], (2, 0, 1, 3))
    return turned.reshape(12 * weight.shape[0], -1)


def mode_columns(keys: Any, ops: Any) -> Any:
    """Compute the (B, 3) `KEY_FEATURES` of (B, 24) logits of keys, each about -2 to 2.

    `predicted_minor`: probability of all minor keys, 2 where it is 1.
    `predicted_key_certainty`: probability of the most probable key, 2 where it is 1.
    `predicted_major_on_tonic`: difference of the probabilities of the major and the minor key on
    its tonic.
    """
    probable = ops.softmax(keys)
    major, minor = probable[:, :12], probable[:, 12:]
    largest, tonic = ops.best(major, minor)
    return ops.concat(
        [
            4 * minor.sum(-1)[:, None] - 2,
            4 * largest - 2,
            2 * (ops.take(major, tonic) - ops.take(minor, tonic)),
        ]
    )
