"""Hidden states of pieces: standardised features, and the key that is predicted from them."""

from __future__ import annotations

from typing import Any

from symbolic.forward.tonic import key_logits, mode_columns

KEYS = 24


def standard_features(net: Any, features: Any) -> Any:
    """Standardise the features that are not of the network of keys: the first of `piece_states`."""
    hidden = features[:, net.other_columns]
    return (hidden - net.feature_mean) / net.feature_scale if net.feature_count else hidden


def piece_states(net: Any, features: Any, ops: Any) -> Any:
    """Compute the hidden states of pieces.

    Args:
        net: `other_columns` and `tonal_columns` among the features, `feature_count` of the former,
            their `feature_mean` and `feature_scale`, and `tonic`, a network of keys or None.
        features: (B, C) float32.
        ops: of the arrays.

    Returns:
        (B, H): the other features, standardised; where there is a network of keys also the
        `KEY_FEATURES` and the logits of the keys.
    """
    hidden = standard_features(net, features)
    if net.tonic is None:
        return hidden
    tonal = features[:, net.tonal_columns]
    keys = key_logits(net.tonic, tonal.reshape(-1, tonal.shape[1] // 12, 12), ops)
    return ops.concat([hidden, mode_columns(keys, ops), keys])
