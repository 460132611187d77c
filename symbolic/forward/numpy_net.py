"""Networks of NumPy arrays, by the names of their weights in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.forward.numpy_ops import relu

NORM_EPSILON = 1e-5
BLOCK = 1024  # rows of a plane that are convolved at once: memory does not grow with a piece


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


class Norm(Net):
    """A normalisation of the last axis, as `torch.nn.LayerNorm`."""

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """(..., I) to (..., I)."""
        away = values - values.mean(-1, keepdims=True)
        scale = np.sqrt((away * away).mean(-1, keepdims=True) + NORM_EPSILON)
        return away / scale * self.weight + self.bias


class Convolution(Net):
    """A convolution along one axis, as `torch.nn.Conv1d` with as many positions out as in.

    Args:
        weight: (O, I, W).
        bias: (O,).
        dilation: positions from one of the W to the next.
    """

    def __init__(self, weight: np.ndarray, bias: np.ndarray, dilation: int = 1) -> None:
        self.weight, self.bias, self.dilation = weight, bias, dilation

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """(B, I, T) to (B, O, T)."""
        width, count = self.weight.shape[2], values.shape[2]
        side = width // 2 * self.dilation
        padded = np.pad(values, ((0, 0), (0, 0), (side, side)))
        found = np.empty((len(values), len(self.weight), count), values.dtype)
        found[:] = self.bias[:, None]
        for i in range(width):
            found += self.weight[:, :, i] @ padded[:, :, i * self.dilation :][:, :, :count]
        return found


class PlaneConvolution(Net):
    """A convolution along two axes, as `torch.nn.Conv2d` with `padding="same"`.

    Args:
        weight: (O, I, V, W), with odd V and W.
        bias: (O,).
    """

    def __init__(self, weight: np.ndarray, bias: np.ndarray) -> None:
        self.weight, self.bias = weight, bias

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """(B, I, T, L) to (B, O, T, L)."""
        high, wide = self.weight.shape[2:]
        edges = ((0, 0), (0, 0), (high // 2, high // 2), (wide // 2, wide // 2))
        padded, rows = np.pad(values, edges), values.shape[2]
        parts = [
            self._block(padded[:, :, first : first + BLOCK + high - 1])
            for first in range(0, rows, BLOCK)
        ]
        return np.concatenate(parts, axis=2)

    def _block(self, padded: np.ndarray) -> np.ndarray:
        """Convolve rows of a padded plane, of which `V - 1` are the edges."""
        outs, ins, high, wide = self.weight.shape
        count, rows, columns = len(padded), padded.shape[2] - high + 1, padded.shape[3] - wide + 1
        moved = np.stack([padded[..., j : j + columns] for j in range(wide)], axis=2)
        flat = moved.reshape(count, ins * wide, -1)  # a row further is a shift by `columns`
        found = np.empty((count, outs, rows * columns), padded.dtype)
        found[:] = self.bias[:, None]
        for i in range(high):
            start = i * columns
            weight = self.weight[:, :, i].reshape(outs, -1)
            found += weight @ flat[..., start : start + rows * columns]
        return found.reshape(count, outs, rows, columns)


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
