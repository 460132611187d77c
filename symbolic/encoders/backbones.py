"""Backbones by name: transformers or LSTMs between the embedded tokens and the heads."""

from __future__ import annotations

from typing import Any, NamedTuple

from transformers import AutoConfig, PreTrainedConfig

from symbolic.configuration import LSTMConfig


class Backbone(NamedTuple):
    """A model type of transformers, its settings that have values of the shape, and the others."""

    model_type: str
    shaped: dict[str, str]
    fixed: dict[str, Any]


TRANSFORMER = {
    "num_hidden_layers": "layers",
    "num_attention_heads": "heads",
    "max_position_embeddings": "window",
}
GPT2 = {
    **TRANSFORMER,
    "n_inner": "feedforward",
    "resid_pdrop": "dropout",
    "embd_pdrop": "dropout",
    "attn_pdrop": "attention_dropout",
}
BERT = {
    **TRANSFORMER,
    "intermediate_size": "feedforward",
    "hidden_dropout_prob": "dropout",
    "attention_probs_dropout_prob": "attention_dropout",
}
LLAMA = {
    **TRANSFORMER,
    "intermediate_size": "feedforward",
    "attention_dropout": "attention_dropout",
}
MODERNBERT = {**LLAMA, "embedding_dropout": "dropout", "mlp_dropout": "dropout"}
LSTM = {"num_hidden_layers": "layers", "hidden_dropout_prob": "dropout"}

# The backbones' special tokens are not used, and their default ids exceed a vocabulary of 1.
NO_SPECIAL_TOKENS = {f"{name}_token_id": None for name in ("bos", "eos", "cls", "sep", "pad")}

BACKBONES = {
    "bert": Backbone("bert", BERT, {"type_vocab_size": 1}),
    "gpt2": Backbone("gpt2", GPT2, {"use_cache": False, **NO_SPECIAL_TOKENS}),
    "lstm": Backbone(LSTMConfig.model_type, LSTM, {}),
    "roformer": Backbone("roformer", BERT, {"type_vocab_size": 1}),
    "modernbert": Backbone("modernbert", MODERNBERT, {**NO_SPECIAL_TOKENS, "pad_token_id": 0}),
    "llama": Backbone(
        "llama",
        {**LLAMA, "num_key_value_heads": "heads"},
        {"use_cache": False, **NO_SPECIAL_TOKENS},
    ),
}
"""Backbones by the name on the command line."""

CAUSAL = ("gpt2", "llama")
"""Model types of transformers with causal attention."""


def backbone_config(name: str, shape: Any) -> PreTrainedConfig:
    """Make the configuration of a backbone for a `symbolic.training.build.ShapeArguments`.

    Raises:
        ValueError: a name that is not in `BACKBONES`.
    """
    if name not in BACKBONES:
        raise ValueError(f"unknown backbone {name!r}; known: {', '.join(BACKBONES)}")
    model_type, shaped, fixed = BACKBONES[name]
    settings = {setting: getattr(shape, value) for setting, value in shaped.items()}
    return AutoConfig.for_model(
        model_type, vocab_size=1, hidden_size=shape.hidden_size, **settings, **fixed
    )
