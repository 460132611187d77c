"""Networks of NumPy arrays, by the names of their weights in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.forward.numpy_ops import relu

NORM_EPSILON = 1e-5
BLOCK = 48  # rows of a plane that are convolved at once, so that they stay in the cache


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
        size = values.shape[-1]
        away = values - (values @ np.full(size, 1 / size, values.dtype))[..., None]
        square = np.einsum("...i,...i->...", away, away)[..., None]
        away *= 1 / np.sqrt(square / size + NORM_EPSILON)
        away *= self.weight
        away += self.bias
        return away


class Convolution(Net):
    """A convolution along one axis, as `torch.nn.Conv1d` with as many positions out as in.

    Args:
        weight: (O, I, W), with odd W.
        bias: (O,).
        dilation: positions from one of the W to the next.
    """

    def __init__(self, weight: np.ndarray, bias: np.ndarray, dilation: int = 1) -> None:
        self.taps = np.ascontiguousarray(weight.transpose(2, 1, 0))
        self.bias, self.dilation = bias, dilation

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """(B, T, I) to (B, T, O)."""
        middle, count = len(self.taps) // 2, values.shape[1]
        found = values @ self.taps[middle]
        found += self.bias
        for i, tap in enumerate(self.taps):
            away = (i - middle) * self.dilation
            if away and abs(away) < count:  # the rest is padding
                to, of = max(-away, 0), max(away, 0)
                found[:, to : count - of] += values[:, of : count - to] @ tap
        return found


class PlaneConvolution(Net):
    """A convolution along two axes, as `torch.nn.Conv2d` with `padding="same"`, and max-pooling.

    Planes are convolved and pooled in blocks of rows, which stay in the cache.

    Args:
        weight: (O, I, V, W), with odd V and W.
        bias: (O,).
    """

    def __init__(self, weight: np.ndarray, bias: np.ndarray) -> None:
        self.shape = weight.shape
        rows = weight.transpose(2, 0, 1, 3)  # one matrix for each of the V
        self.rows = np.ascontiguousarray(rows).reshape(len(rows), len(bias), -1)
        self.bias = bias[:, None]

    def __call__(self, values: np.ndarray, pool: int = 1) -> np.ndarray:
        """(B, I, T, L) to (B, O, T, L / pool), maxima of `pool` neighbouring columns."""
        outs, ins, high, wide = self.shape
        count, _, rows, columns = values.shape
        found = np.empty((count, outs, rows, -(-columns // pool)), values.dtype)
        most = min(BLOCK, rows) + high - 1
        moved = np.zeros((count, ins, wide, most, columns), values.dtype)
        for first in range(0, rows, BLOCK):
            size = min(BLOCK, rows - first)
            begin, end = first - high // 2, first + size + high // 2
            inside = slice(max(begin, 0), min(end, rows))
            to = slice(inside.start - begin, inside.stop - begin)
            moved[:, :, :, to.stop :] = 0
            for j in range(wide):
                away = j - wide // 2
                left, right = max(-away, 0), max(away, 0)
                moved[:, :, j, to, left : columns - right] = values[
                    :, :, inside, right : columns - left
                ]
            block = self._block(moved[:, :, :, : size + high - 1])
            found[:, :, first : first + size] = _maxima(block, pool)
        return found

    def _block(self, moved: np.ndarray) -> np.ndarray:
        """Convolve rows of a padded plane, (B, I, W, rows + V - 1, L)."""
        count, ins, wide, padded, columns = moved.shape
        flat = moved.reshape(count, ins * wide, -1)  # a row further is a shift by `columns`
        size = (padded - len(self.rows) + 1) * columns
        found = self.rows[0] @ flat[..., :size]
        found += self.bias
        product = np.empty_like(found)
        for i, weight in enumerate(self.rows[1:], 1):
            np.matmul(weight, flat[..., i * columns :][..., :size], out=product)
            found += product
        return found.reshape(count, found.shape[1], -1, columns)


def _maxima(values: np.ndarray, count: int) -> np.ndarray:
    """Return the maxima of `count` neighbouring values along the last axis."""
    found = values[..., ::count].copy()
    for i in range(1, count):
        some = values[..., i::count]
        part = found[..., : some.shape[-1]]
        np.maximum(part, some, out=part)
    return found


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
