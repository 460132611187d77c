"""Operations of the forward passes, for NumPy arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

MANY = 1 << 14  # values for which the import of SciPy takes less time than a loop over them

_erf = np.frompyfunc(math.erf, 1, 1)


def concat(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Concatenate along the last axis."""
    return np.concatenate(parts, axis=-1)


def stack_members(members: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Append (B, K) as the last of (M, B, K) members."""
    return np.concatenate([members, last[None]])


def constant(values: Any, like: np.ndarray) -> np.ndarray:
    """Make an array of the type of another."""
    return np.asarray(values, like.dtype)


def index(values: Any, like: np.ndarray) -> np.ndarray:
    """Make an array of indices into another."""
    return np.asarray(values)


def permute(values: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """Reorder the axes."""
    return values.transpose(axes)


def clamp(values: np.ndarray, least: float, most: float) -> np.ndarray:
    """Clip values to bounds."""
    return np.minimum(np.maximum(values, least), most)


def relu(values: np.ndarray) -> np.ndarray:
    """Replace negative values by 0."""
    return np.maximum(values, 0)


def gelu(values: np.ndarray) -> np.ndarray:
    """Multiply each value by the normal distribution function at it."""
    scaled = values * math.sqrt(0.5)
    if values.size < MANY:
        erf = np.asarray(_erf(scaled)).astype(values.dtype)
    else:
        from scipy import special

        erf = special.erf(scaled)
    return values * (0.5 * (1 + erf))


def tanh(values: np.ndarray) -> np.ndarray:
    """Compute the hyperbolic tangent."""
    return np.tanh(values)


def softmax(values: np.ndarray, axis: int = -1) -> np.ndarray:
    """Compute exponentials that sum to 1 along an axis."""
    powers = np.exp(values - np.maximum.reduce(values, axis=axis, keepdims=True))
    return powers / np.add.reduce(powers, axis=axis, keepdims=True)


def linear(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Multiply (..., I) values by an (O, I) weight: (..., O)."""
    return values @ weight.T


def batch_linear(bias: np.ndarray, values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Multiply (M, B, I) values by an (M, I, O) weight and add a bias: (M, B, O)."""
    return values @ weight + bias


def quadratic(values: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Compute the quadratic form of each row of (B, I) values: (B,)."""
    return np.add.reduce(values @ matrix * values, axis=-1)


def weighted(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Add up (B, T, H) values under each of (B, T, V) weights: (B, V, H)."""
    return weights.swapaxes(1, 2) @ values


def repeat_members(values: np.ndarray, count: int) -> np.ndarray:
    """Repeat (B, I) values for each member: (M, B, I)."""
    return np.broadcast_to(values, (count, *values.shape))


def best(values: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest of both in each row of (B, K) arrays, and its column: (B, 1) each."""
    larger = np.maximum(values, others)
    column = larger.argmax(axis=-1)[:, None]
    return take(larger, column), column


def take(values: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the values of (B, K) in (B, 1) columns."""
    return np.take_along_axis(values, columns, axis=-1)


def masked(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Replace scores by the least number where a mask is false."""
    return np.where(mask, scores, np.finfo(scores.dtype).min)


def dropout(values: np.ndarray, share: float, training: bool) -> np.ndarray:
    """Return the values: networks of NumPy are not trained."""
    return values


def dropout_channels(values: np.ndarray, share: float, training: bool) -> np.ndarray:
    """Return the values: networks of NumPy are not trained."""
    return values
