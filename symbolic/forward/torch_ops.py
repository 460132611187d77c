"""Operations of the forward passes, for PyTorch tensors; those of `numpy_ops` by the same names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F


def concat(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    """Concatenate along the last axis."""
    return torch.cat(list(parts), dim=-1)


def stack_members(members: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
    """Append (B, K) as the last of (M, B, K) members."""
    return torch.cat([members, last[None]])


def constant(values: Any, like: torch.Tensor) -> torch.Tensor:
    """Make a tensor of the type and on the device of another."""
    return like.new_tensor(values)


def index(values: Any, like: torch.Tensor) -> torch.Tensor:
    """Make a tensor of indices into another."""
    return torch.tensor(values, device=like.device)


def permute(values: torch.Tensor, axes: Sequence[int]) -> torch.Tensor:
    """Reorder the axes."""
    return values.permute(*axes)


def clamp(values: torch.Tensor, least: float, most: float) -> torch.Tensor:
    """Clip values to bounds."""
    return values.clamp(least, most)


def smallest(values: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the smallest values of each row of (B, K) tensors, and their columns."""
    found = values.topk(count, largest=False, sorted=False)
    return found.values, found.indices


def wide(values: torch.Tensor) -> torch.Tensor:
    """Convert to double precision, where the device has it."""
    return values if values.device.type == "mps" else values.double()


def narrow(values: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Convert to the precision of another tensor."""
    return values.to(like.dtype)


def relu(values: torch.Tensor) -> torch.Tensor:
    """Replace negative values by 0."""
    return F.relu(values)


def gelu(values: torch.Tensor) -> torch.Tensor:
    """Multiply each value by the normal distribution function at it."""
    return F.gelu(values)


def tanh(values: torch.Tensor) -> torch.Tensor:
    """Compute the hyperbolic tangent."""
    return torch.tanh(values)


def softmax(values: torch.Tensor, axis: int = -1) -> torch.Tensor:
    """Compute exponentials that sum to 1 along an axis."""
    return values.softmax(dim=axis)


def linear(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Multiply (..., I) values by an (O, I) weight: (..., O)."""
    return F.linear(values, weight)


def batch_linear(bias: torch.Tensor, values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Multiply (M, B, I) values by an (M, I, O) weight and add a bias: (M, B, O)."""
    return torch.baddbmm(bias, values, weight)


def quadratic(values: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Compute the quadratic form of each row of (B, I) values: (B,)."""
    return torch.einsum("bi,ij,bj->b", values, matrix, values)


def weighted(weights: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Add up (B, T, H) values under each of (B, T, V) weights: (B, V, H)."""
    return torch.einsum("btv,bth->bvh", weights, values)


def repeat_members(values: torch.Tensor, count: int) -> torch.Tensor:
    """Repeat (B, I) values for each member: (M, B, I)."""
    return values.expand(count, *values.shape)


def best(values: torch.Tensor, others: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the largest of both in each row of (B, K) tensors, and its column: (B, 1) each."""
    largest, column = torch.maximum(values, others).max(dim=-1, keepdim=True)
    return largest, column


def take(values: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Return the values of (B, K) in (B, 1) columns."""
    return values.gather(1, columns)


def masked(scores: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Replace scores by the least number where a mask is false."""
    return scores.masked_fill(~mask, torch.finfo(scores.dtype).min)


def dropout(values: torch.Tensor, share: float, training: bool) -> torch.Tensor:
    """Replace a share of the values by 0 in training."""
    return F.dropout(values, share, training)


def dropout_channels(values: torch.Tensor, share: float, training: bool) -> torch.Tensor:
    """Replace a share of the channels of (B, C, L) values by 0 in training."""
    return F.dropout1d(values, share, training)


def leaky_relu(values: torch.Tensor) -> torch.Tensor:
    """Multiply negative values by 0.01."""
    return F.leaky_relu(values)


def lagged(parts: Sequence[torch.Tensor], lags: int) -> torch.Tensor:
    """Compare units with previous ones: K tensors (B, U, D) to (B, K, U, lags).

    Cosine similarities, those to the nearest first.
    """
    found = []
    for values in parts:
        values = F.normalize(values, dim=-1)
        earlier = F.pad(values, (0, 0, lags, 0)).unfold(1, lags, 1)[:, : values.shape[1]]
        found.append(torch.einsum("bud,budl->bul", values, earlier).flip(-1))
    return torch.stack(found, dim=1)


def pooled_stripes(layer: torch.nn.Module, values: torch.Tensor, count: int) -> torch.Tensor:
    """Convolve (B, K, U, L) similarities, and return the maxima of neighbouring lags.

    Returns:
        (B, C, U, L / count).
    """
    return F.max_pool2d(layer(values), (1, count), ceil_mode=True)


def convolved(layer: torch.nn.Module, values: torch.Tensor) -> torch.Tensor:
    """Apply a convolution of units: (B, U, I) to (B, U, O)."""
    return layer(values.transpose(1, 2)).transpose(1, 2)
