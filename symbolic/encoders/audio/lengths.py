"""Where the examples of a batch end, through strides and pools.

Values have time last: (B, C, T), or (B, C, F, T) where a picture has F rows. `lengths` (B,) int64
counts the positions of each example that are real, from the first on; None where all are.

A position of a strided convolution is real if the middle of its window is: L positions become
1 + (L - 1) // stride. One of a max-pool is real if all of its window is: L // size, as in published
shapes, but at least one, so that nothing is too short to be heard.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

POOLINGS = {"mean": 1, "max": 1, "max_mean": 2}
"""Ways to pool over time, and how many times as wide the result is."""

Lengths = torch.Tensor | None


def real(lengths: torch.Tensor, total: int) -> torch.Tensor:
    """(B, `total`) bool: the positions before the end."""
    return torch.arange(total, device=lengths.device) < lengths.unsqueeze(1)


def silenced(values: torch.Tensor, lengths: Lengths, value: float = 0.0) -> torch.Tensor:
    """Values, time last, that are `value` after the end."""
    if lengths is None:
        return values
    after = ~real(lengths, values.shape[-1])
    return values.masked_fill(after.view(len(after), *[1] * (values.dim() - 2), -1), value)


def strided(length: int | torch.Tensor, stride: int) -> int | torch.Tensor:
    """What is left of so many positions, or rows, after a stride."""
    return (length - 1) // stride + 1


def max_pool(
    values: torch.Tensor, lengths: Lengths, size: tuple[int, ...]
) -> tuple[torch.Tensor, Lengths]:
    """Maxima of (B, C, [F,] T) over windows side by side, and the new lengths.

    A window that is higher than the picture takes the rows that there are.
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
    """(B, C, [F,] T), silent after the end, to the means (B, C, [F]) over what is real."""
    if lengths is None:
        return values.mean(dim=-1)
    count = lengths.clamp(min=1).view(-1, *[1] * (values.dim() - 2))
    return values.sum(dim=-1) / count


def pool_over_time(values: torch.Tensor, lengths: Lengths, kind: str) -> torch.Tensor:
    """(B, C, T) to (B, C) or, for `max_mean`, (B, 2C): first the maxima, then the means.

    Of an example in which nothing is real, zeros.
    """
    parts = []
    if kind != "mean":
        least = torch.finfo(values.dtype).min
        top = silenced(values, lengths, least).amax(dim=-1)
        parts.append(top if lengths is None else top.masked_fill((lengths == 0).unsqueeze(1), 0.0))
    if kind != "max":
        parts.append(time_mean(silenced(values, lengths), lengths))
    return torch.cat(parts, dim=1)
