"""Freezing, layer-wise learning rates and class weights."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from torch import nn

from symbolic.modeling import SymbolicModel

# `layer.3.`, `layers.3.` and `h.3.` in the backbones.
LAYER = re.compile(r"^encoder\.backbone\..*?\b(\d+)\.")
EMBEDDINGS = re.compile(r"embed|\bwte\b|\bwpe\b|^encoder\.project\b")


def parameter_depths(model: nn.Module) -> dict[str, int]:
    """Compute the depth of each parameter.

    0 for embeddings, 1 for the first layer of the backbone and so on; heads and features of the
    piece come after the last layer.
    """
    layers = {
        name: 1 + int(match[1])
        for name, _ in model.named_parameters()
        if (match := LAYER.match(name))
    }
    top = max(layers.values(), default=0)

    def depth(name: str) -> int:
        if name in layers:
            return layers[name]
        if not name.startswith("encoder.") or "feature_projection" in name:
            return top + 1
        return 0 if EMBEDDINGS.search(name) else top  # a norm after the last layer belongs to it

    return {name: depth(name) for name, _ in model.named_parameters()}


def freeze(model: SymbolicModel, what: str) -> int:
    """Freeze a part of the model.

    Args:
        model: frozen parameters get `requires_grad=False`.
        what: `none`; `embeddings`; `encoder`, all but the heads; or a number of layers, which are
            frozen with the embeddings below them.

    Returns:
        The number of parameters that are newly frozen.

    Raises:
        ValueError: another value of `what`, or more layers than the model has.
    """
    if what == "none":
        return 0
    depths = parameter_depths(model)
    layers = max((d for name, d in depths.items() if LAYER.match(name)), default=0)
    if what == "encoder":
        frozen = {name for name in depths if name.startswith("encoder.")}
    elif what == "embeddings" or (what.isdecimal() and int(what) <= layers):
        most = 0 if what == "embeddings" else int(what)
        frozen = {name for name, depth in depths.items() if depth <= most}
    else:
        raise ValueError(
            f"freeze {what!r}: none, embeddings, encoder, or a number of the {layers} layers"
        )
    count = 0
    for name, parameter in model.named_parameters():
        if name in frozen and parameter.requires_grad:
            count += parameter.numel()
            parameter.requires_grad_(False)
    return count


def layer_groups(
    model: nn.Module, learning_rate: float, layer_decay: float, decayed: Iterable[str]
) -> list[dict]:
    """Make parameter groups for an optimizer, with learning rates by layer.

    As in ULMFiT (Howard & Ruder 2018): heads have the full rate, the last layer `layer_decay` times
    that, the layer below the square of `layer_decay` times that.

    Args:
        model: frozen parameters are in no group.
        learning_rate: of the heads.
        layer_decay: 0..1, exclusive of 0.
        decayed: names of the parameters that weight decay applies to.

    Returns:
        Groups with `params`, `lr`, and `decayed` for whether weight decay applies.
    """
    if not 0 < layer_decay <= 1:
        raise ValueError(f"layer_decay {layer_decay} is not above 0 and at most 1")
    depths, decayed = parameter_depths(model), set(decayed)
    top = max(depths.values())
    groups: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((depths[name], name in decayed), []).append(parameter)
    rates = {depth: learning_rate * layer_decay ** (top - depth) for depth, _ in groups}
    return [
        {"params": parameters, "lr": rates[depth], "decayed": is_decayed}
        for (depth, is_decayed), parameters in sorted(groups.items(), key=lambda item: item[0])
    ]


def balanced_weights(labels: np.ndarray, classes: int) -> list[float]:
    """Compute balanced class weights: n / (classes present * count).

    Args:
        labels: class ids; negative ones stand for no label.
        classes: K.

    Returns:
        K weights whose mean over the labels is 1; a class that does not occur has weight 1.
    """
    labels = np.asarray(labels)
    counts = np.bincount(labels[labels >= 0], minlength=classes)
    present = counts > 0
    weights = np.ones(classes)
    weights[present] = counts.sum() / (present.sum() * counts[present])
    return weights.tolist()
