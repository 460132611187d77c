"""Models that begin with a pre-trained encoder: its loading, its shape and its weights."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from symbolic.encoders.backbones import BACKBONES
from symbolic.inference.weights import load_config
from symbolic.modeling import SymbolicModel, no_bar_of_weights

if TYPE_CHECKING:
    from symbolic.configuration import SymbolicConfig
    from symbolic.data.tokens.vocabulary import TokenVocabulary
    from symbolic.tokenizers import Tokenizer
    from symbolic.training.build import ShapeArguments

logger = logging.getLogger(__name__)

DROPOUTS = ("dropout", "attention_dropout")


def load_pretrained(
    arguments: ShapeArguments, vocabulary: Tokenizer | TokenVocabulary
) -> SymbolicModel:
    """Load the model in `pretrained`, which has the same encoder and tokens.

    Raises:
        ValueError: another encoder, or other tokens.
    """
    name = arguments.pretrained
    with no_bar_of_weights():
        base = SymbolicModel.from_pretrained(name, config=load_config(name))
    if base.config.encoder != arguments.encoder:
        raise ValueError(f"{name}: has another encoder: use --encoder {base.config.encoder}")
    if list(base.config.vocab_sizes) != list(vocabulary.vocab_sizes):
        raise ValueError(
            f"{name}: pre-trained on tokens of {_described(base.config)}, and the tokenizer is "
            f"{_described(vocabulary)}: use --tokenizer {name}"
        )
    return base


def set_dropout(backbone: Any, arguments: ShapeArguments) -> None:
    """Set the dropout of the configuration of a pre-trained backbone, which is no shape."""
    for model_type, shaped, _ in BACKBONES.values():
        if backbone is not None and backbone.model_type == model_type:
            for setting, option in shaped.items():
                if option in DROPOUTS:
                    setattr(backbone, setting, getattr(arguments, option))


def report_shape(arguments: ShapeArguments, base: SymbolicConfig) -> None:
    """Say which options of the shape change nothing, since that of a pre-trained encoder stays."""
    kept = {"field_embedding_size": base.field_embedding_size, "window": base.window}
    backbone: Any = base.backbone_config
    for name, (model_type, shaped, _) in BACKBONES.items():
        if backbone is not None and backbone.model_type == model_type:
            kept |= {"backbone": name, "hidden_size": backbone.hidden_size}
            kept |= {
                option: getattr(backbone, setting)
                for setting, option in shaped.items()
                if option not in DROPOUTS
            }
    default = type(arguments)()
    without_effect = [
        f"{name} {value}, not {given}"
        for name, value in kept.items()
        if (given := getattr(arguments, name)) not in (value, getattr(default, name))
    ]
    if without_effect:
        logger.warning(
            "%s: the encoder keeps its shape: %s", arguments.pretrained, "; ".join(without_effect)
        )


def copy_encoder(base: SymbolicModel, model: SymbolicModel, name: str) -> None:
    """Copy the weights of an encoder, without those of features if these are others."""
    weights = base.encoder.state_dict()
    if base.config.feature_names != model.config.feature_names:
        weights = {key: value for key, value in weights.items() if "feature_" not in key}
    missing, unexpected = model.encoder.load_state_dict(weights, strict=False)
    if unexpected or any("feature_" not in key for key in missing):
        raise ValueError(f"{name}: the weights of the encoder do not fit its configuration")


def copy_heads(model: SymbolicModel, name: str) -> None:
    """Copy the heads that a saved model has in the same form, for training that goes on."""
    with no_bar_of_weights():
        base = SymbolicModel.from_pretrained(name, config=load_config(name))
    for task in model.tasks:
        if task in base.tasks:
            weights = base.heads[task.name].state_dict()
            own = model.heads[task.name].state_dict()
            if {key: w.shape for key, w in weights.items()} == {
                key: w.shape for key, w in own.items()
            }:
                model.heads[task.name].load_state_dict(weights)


def _described(tokens: SymbolicConfig | Tokenizer | TokenVocabulary) -> str:
    """Name a tokenizer with the sizes of its vocabulary: `CPTokenizer (Bar 4, Pitch 88)`."""
    kind = getattr(tokens, "tokenizer_class", "") or type(tokens).__name__
    sizes = zip(tokens.field_names, tokens.vocab_sizes, strict=True)
    return f"{kind} ({', '.join(f'{name} {size}' for name, size in sizes)})"
