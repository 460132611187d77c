"""Operations of the forward passes, for NumPy arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

BLOCK = 1 << 13  # values at once, in functions of many steps


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


def smallest(values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest values of each row of (B, K) arrays, in any order, and their columns."""
    places = np.argpartition(values, count - 1, axis=1)[:, :count]
    return np.take_along_axis(values, places, axis=1), places


def wide(values: np.ndarray) -> np.ndarray:
    """Return values in double precision, which they have."""
    return values


def narrow(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Return values in the precision of others, which is theirs."""
    return values


def relu(values: np.ndarray) -> np.ndarray:
    """Replace negative values by 0."""
    return np.maximum(values, 0)


def gelu(values: np.ndarray) -> np.ndarray:
    """Multiply each value by the normal distribution function at it."""
    made = np.empty(values.shape, values.dtype)
    into, given = made.reshape(-1), values.reshape(-1)
    for first in range(0, len(given), BLOCK):  # arrays that stay in the cache
        some = given[first : first + BLOCK]
        into[first : first + BLOCK] = some * (0.5 * (1 + erf(some * math.sqrt(0.5))))
    return made


def erf(values: np.ndarray) -> np.ndarray:
    """Compute the error function, by the rational approximations of the Cephes library.

    SciPy has the same function, but its import takes as long as to predict thousands of pieces.

    Source: Moshier, Methods and Programs for Mathematical Functions, 1989: `ndtr.c`.
    """
    values = clamp(values, -ERF_IS_ONE, ERF_IS_ONE)
    size, square = np.abs(values), values * values
    near = _polynomial(square, ERF_ABOVE) * values / _polynomial(square, ERF_BELOW)
    far = np.exp(-square) * _polynomial(size, ERFC_ABOVE) / _polynomial(size, ERFC_BELOW)
    return np.where(size <= 1, near, np.copysign(1 - far, values))


def _polynomial(values: np.ndarray, coefficients: Sequence[float]) -> np.ndarray:
    """Evaluate a polynomial, the coefficient of the highest power first."""
    first, second, *rest = coefficients
    total = values * first if first != 1 else values.copy()
    total += second
    for coefficient in rest:
        total *= values
        total += coefficient
    return total


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


def leaky_relu(values: np.ndarray) -> np.ndarray:
    """Multiply negative values by 0.01."""
    return np.maximum(values, 0.01 * values)


def lagged(parts: Sequence[np.ndarray], lags: int) -> np.ndarray:
    """Compare units with previous ones: K arrays (B, U, D) to (B, K, U, lags).

    Cosine similarities, those to the nearest first.
    """
    count, units, _ = parts[0].shape
    found = np.empty((count, len(parts), units, lags), parts[0].dtype)
    for number, values in enumerate(parts):
        norms = np.sqrt(np.einsum("...i,...i->...", values, values))[..., None]
        padded = np.zeros((count, lags + units, values.shape[-1]), values.dtype)
        padded[:, lags:] = values / np.maximum(norms, 1e-12)  # silence precedes the piece
        for first in range(0, units, LAG_BLOCK):  # a band of the matrix of all pairs
            after = padded[:, lags + first :][:, :LAG_BLOCK]
            rows = after.shape[1]
            products = after @ padded[:, first : first + rows + lags].swapaxes(1, 2)
            piece, row, column = products.strides
            band = as_strided(products, (count, rows, lags), (piece, row + column, column))
            found[:, number, first : first + rows] = band[..., ::-1]
    return found


def pooled_stripes(layer: Any, values: np.ndarray, count: int) -> np.ndarray:
    """Convolve (B, K, U, L) similarities, and return the maxima of neighbouring lags.

    Returns:
        (B, C, U, L / count).
    """
    return layer(values, count)


def convolved(layer: Any, values: np.ndarray) -> np.ndarray:
    """Apply a convolution of units: (B, U, I) to (B, U, O)."""
    return layer(values)


LAG_BLOCK = 128  # units
ERF_IS_ONE = 8.0  # or, in double precision, any number above 5.93

# Numerators and denominators of erf up to 1, and of exp(x^2) erfc from 1 on.
ERF_ABOVE = (
    *(9.60497373987051638749e0, 9.00260197203842689217e1, 2.23200534594684319226e3),
    *(7.00332514112805075473e3, 5.55923013010394962768e4),
)
ERF_BELOW = (
    *(1.0, 3.35617141647503099647e1, 5.21357949780152679795e2, 4.59432382970980127987e3),
    *(2.26290000613890934246e4, 4.92673942608635921086e4),
)
ERFC_ABOVE = (
    *(2.46196981473530512524e-10, 5.64189564831068821977e-1, 7.46321056442269912687e0),
    *(4.86371970985681366614e1, 1.96520832956077098242e2, 5.26445194995477358631e2),
    *(9.34528527171957607540e2, 1.02755188689515710272e3, 5.57535335369399327526e2),
)
ERFC_BELOW = (
    *(1.0, 1.32281951154744992508e1, 8.67072140885989742329e1, 3.54937778887819891062e2),
    *(9.75708501743205489753e2, 1.82390916687909736289e3, 2.24633760818710981792e3),
    *(1.65666309194161350182e3, 5.57535340817727675546e2),
)
