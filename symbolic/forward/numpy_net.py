"""Networks of NumPy arrays, by the names of their weights in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.forward.numpy_ops import relu


class Net:
    """Weights and smaller networks as attributes, like a PyTorch module in evaluation mode."""

    training, dropout = False, 0.0

    def __getattr__(self, name: str) -> Any:  # called for what is missing
        raise AttributeError(f"the network has no {name}")

    if TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None: ...


class Linear(Net):
    """A linear layer, as `torch.nn.Linear`."""

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """(..., I) to (..., O)."""
        product = values @ self.weight.T
        return product + self.bias if "bias" in vars(self) else product


class Layers(Net):
    """Linear layers with a ReLU between them, as the `torch.nn.Sequential` of a head."""

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """(..., I) to (..., O)."""
        first, *rest = (vars(self)[name] for name in sorted(vars(self), key=int))
        values = first(values)
        for layer in rest:
            values = layer(relu(values))
        return values


def network(weights: Mapping[str, np.ndarray]) -> Net:
    """Make a network of weights by their names in a PyTorch state dict.

    A group of a matrix `weight`, and perhaps a `bias`, is a linear layer; a group of numbered
    layers is a sequence of them.
    """
    groups: dict[str, dict[str, np.ndarray]] = {}
    own: dict[str, np.ndarray] = {}
    for name, values in weights.items():
        first, _, rest = name.partition(".")
        if rest:
            groups.setdefault(first, {})[rest] = values
        else:
            own[first] = values
    net: Net = Net()
    if not groups and own.keys() <= {"weight", "bias"} and own["weight"].ndim == 2:
        net = Linear()
    elif groups and not own and all(name.isdecimal() for name in groups):
        net = Layers()
    vars(net).update(own, **{name: network(group) for name, group in groups.items()})
    return net
