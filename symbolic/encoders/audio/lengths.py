"""Lengths of the examples of a batch, through strides and pools.

Values have time last: (B, C, T), or (B, C, F, T) with F rows. `lengths` (B,) int64 counts the real
positions of each example, which come first; None where all positions are real.

An output of a strided convolution is real if the centre of its window is: L positions become
1 + (L - 1) // stride. An output of a max-pool is real if all of its window is: L // size, as in
published shapes, but at least one, so that no input is too short.
"""

from __future__ import annotations

from typing import TypeVar

import torch
import torch.nn.functional as F

POOLINGS = {"mean": 1, "max": 1, "max_mean": 2}
"""Ways to pool over time, and the factor by which each widens its input."""

Lengths = torch.Tensor | None
Count = TypeVar("Count", int, torch.Tensor)


def real(lengths: torch.Tensor, total: int) -> torch.Tensor:
    """Mark the positions before the end: (B, `total`) bool."""
    return torch.arange(total, device=lengths.device) < lengths.unsqueeze(1)


def silenced(values: torch.Tensor, lengths: Lengths, value: float = 0.0) -> torch.Tensor:
    """Set values, time last, to `value` after the end."""
    if lengths is None:
        return values
    after = ~real(lengths, values.shape[-1])
    return values.masked_fill(after.view(len(after), *[1] * (values.dim() - 2), -1), value)


def strided(length: Count, stride: int) -> Count:
    """Count the positions, or rows, that remain after a stride."""
    return (length - 1) // stride + 1


def max_pool(
    values: torch.Tensor, lengths: Lengths, size: tuple[int, ...]
) -> tuple[torch.Tensor, Lengths]:
    """Max-pool (B, C, [F,] T) over adjacent windows, and compute the new lengths.

    A window with more rows than the input takes all of them.
    """
    if max(size) == 1:
        return silenced(values, lengths), lengths
    size = (*(min(pair) for pair in zip(size[:-1], values.shape[2:-1], strict=True)), size[-1])
    least = torch.finfo(values.dtype).min
    values = silenced(values, lengths, least)
    if values.shape[-1] < size[-1]:
        values = F.pad(values, (0, size[-1] - values.shape[-1]), value=least)
    values = (F.max_pool1d if len(size) == 1 else F.max_pool2d)(values, size)
    if lengths is not None:
        lengths = torch.minimum((lengths // size[-1]).clamp(min=1), lengths)
    return silenced(values, lengths), lengths


def time_mean(values: torch.Tensor, lengths: Lengths) -> torch.Tensor:
    """(B, C, [F,] T), zero after the end, to the means (B, C, [F]) over real positions."""
    if lengths is None:
        return values.mean(dim=-1)
    count = lengths.clamp(min=1).view(-1, *[1] * (values.dim() - 2))
    return values.sum(dim=-1) / count


def pool_over_time(values: torch.Tensor, lengths: Lengths, kind: str) -> torch.Tensor:
    """(B, C, T) to (B, C) or, for `max_mean`, (B, 2C): first the maxima, then the means.

    Zeros for an example without real positions.
    """
    parts = []
    if kind != "mean":
        least = torch.finfo(values.dtype).min
        top = silenced(values, lengths, least).amax(dim=-1)
        parts.append(top if lengths is None else top.masked_fill((lengths == 0).unsqueeze(1), 0.0))
    if kind != "max":
        parts.append(time_mean(silenced(values, lengths), lengths))
    return torch.cat(parts, dim=1)
