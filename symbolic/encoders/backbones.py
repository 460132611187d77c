"""Backbones by name: transformers or LSTMs between the embedded tokens and the heads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from transformers import AutoConfig, PreTrainedConfig

from symbolic.configuration import LSTMConfig

# The backbones' special tokens are not used, and their default ids exceed a vocabulary of 1.
NO_SPECIAL_TOKENS = {f"{name}_token_id": None for name in ("bos", "eos", "cls", "sep", "pad")}


class Shape(Protocol):
    """Shape of a backbone."""

    hidden_size: int
    layers: int
    heads: int
    feedforward: int
    dropout: float
    attention_dropout: float
    window: int


def _bert(shape: Shape) -> dict[str, Any]:
    return {
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.feedforward,
        "max_position_embeddings": shape.window,
        "type_vocab_size": 1,
        "hidden_dropout_prob": shape.dropout,
        "attention_probs_dropout_prob": shape.attention_dropout,
    }


def _gpt2(shape: Shape) -> dict[str, Any]:
    return {
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "n_inner": shape.feedforward,
        "max_position_embeddings": shape.window,
        "resid_pdrop": shape.dropout,
        "embd_pdrop": shape.dropout,
        "attn_pdrop": shape.attention_dropout,
        "use_cache": False,
        **NO_SPECIAL_TOKENS,
    }


def _llama(shape: Shape) -> dict[str, Any]:
    return {
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "intermediate_size": shape.feedforward,
        "max_position_embeddings": shape.window,
        "attention_dropout": shape.attention_dropout,
        "use_cache": False,
        **NO_SPECIAL_TOKENS,
    }


def _modernbert(shape: Shape) -> dict[str, Any]:
    return {
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.feedforward,
        "max_position_embeddings": shape.window,
        "embedding_dropout": shape.dropout,
        "mlp_dropout": shape.dropout,
        "attention_dropout": shape.attention_dropout,
        **NO_SPECIAL_TOKENS,
        "pad_token_id": 0,
    }


def _lstm(shape: Shape) -> dict[str, Any]:
    return {"num_hidden_layers": shape.layers, "hidden_dropout_prob": shape.dropout}


BACKBONES: dict[str, tuple[str, Callable[[Shape], dict[str, Any]]]] = {
    "bert": ("bert", _bert),
    "gpt2": ("gpt2", _gpt2),
    "lstm": (LSTMConfig.model_type, _lstm),
    "roformer": ("roformer", _bert),
    "modernbert": ("modernbert", _modernbert),
    "llama": ("llama", _llama),
}
"""Model type of transformers and its settings for a shape, by the name on the command line."""

CAUSAL = ("gpt2", "llama")
"""Model types of transformers with causal attention."""


def backbone_config(name: str, shape: Shape) -> PreTrainedConfig:
    """Make the configuration of a backbone.

    Raises:
        ValueError: a name that is not in `BACKBONES`.
    """
    if name not in BACKBONES:
        raise ValueError(f"unknown backbone {name!r}; known: {', '.join(BACKBONES)}")
    model_type, settings = BACKBONES[name]
    return AutoConfig.for_model(
        model_type, vocab_size=1, hidden_size=shape.hidden_size, **settings(shape)
    )
