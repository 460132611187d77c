"""Building blocks of audio encoders, for batches of examples of different lengths.

Values are (B, C, T), or (B, C, F, T) with F rows, and `lengths` count their real positions, as in
`symbolic.encoders.audio.lengths`. Padding is zero between the blocks, as a convolution pads its own
borders, so that the output for an example does not depend on padding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import nn

from symbolic.encoders.audio.lengths import Lengths, max_pool, silenced, strided, time_mean

CONVOLUTIONS: dict[int, type[Any]] = {1: nn.Conv1d, 2: nn.Conv2d}
Conv = nn.Conv1d | nn.Conv2d
Size = int | Iterable[int]


def scaled(channels: int, width: float) -> int:
    """Multiply a number of channels by a factor; at least one."""
    return max(1, round(channels * width))


def sizes(size: Size, dims: int) -> tuple[int, ...]:
    """Return one size per dimension; a single size holds for all."""
    found = (size,) * dims if isinstance(size, int) else tuple(size)
    if len(found) != dims:
        raise ValueError(f"size {found} for {dims} dimensions")
    return found


class BatchNorm(nn.BatchNorm1d):
    """Batch norm of (B, C), (B, C, T) or (B, C, F, T).

    A channel with a single value in the batch has no variance; it is normalised as in evaluation,
    so that a last batch of one example does not stop the training.
    """

    def _check_input_dim(self, input: torch.Tensor) -> None:
        """Accept any shape."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if self.training and input.numel() == self.num_features:
            mean, variance = self.running_mean, self.running_var
            return F.batch_norm(input, mean, variance, self.weight, self.bias, eps=self.eps)
        return super().forward(input)


def convolution(dims: int, inputs: int, outputs: int, kernel: Size, stride: Size = 1) -> Conv:
    """Make a convolution over (T,) or (F, T), padded by half its kernel.

    Raises:
        ValueError: an even kernel, which has no centre.
    """
    kernel = sizes(kernel, dims)
    if any(size % 2 == 0 for size in kernel):
        raise ValueError(f"kernel {kernel} has no centre: sizes must be odd")
    half = tuple(size // 2 for size in kernel)
    return CONVOLUTIONS[dims](inputs, outputs, kernel, sizes(stride, dims), half)


class SqueezeExcitation(nn.Module):
    """A gate for each channel, from the means of all channels (Hu 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, channels)
        self.excite = nn.Linear(channels, channels)

    def forward(self, values: torch.Tensor, lengths: Lengths) -> torch.Tensor:
        """(B, C, [F,] T), zero after the end, to the same shape."""
        mean = time_mean(values, lengths)
        mean = mean.mean(dim=2) if mean.dim() == 3 else mean
        gate = self.excite(self.squeeze(mean).relu()).sigmoid()
        return values * gate.view(*gate.shape, *[1] * (values.dim() - 2))


class ConvBlock(nn.Module):
    """Convolution, batch norm, ReLU, max-pool and, as an option, squeeze and excitation.

    Args:
        dims: 1 for (B, C, T), 2 for (B, C, F, T).
        inputs, outputs: channels.
        kernel, stride, pool: one size, or one per dimension, rows before time.
        relu_first: whether ReLU precedes batch norm.
        squeeze: whether channels are gated after the pool (Kim 2018).
    """

    def __init__(
        self,
        dims: int,
        inputs: int,
        outputs: int,
        kernel: Size = 3,
        stride: Size = 1,
        pool: Size = 1,
        relu_first: bool = False,
        squeeze: bool = False,
    ) -> None:
        super().__init__()
        self.conv = convolution(dims, inputs, outputs, kernel, stride)
        self.norm = BatchNorm(outputs)
        self.stride, self.pool = sizes(stride, dims), sizes(pool, dims)
        self.relu_first = relu_first
        self.gate = SqueezeExcitation(outputs) if squeeze else None

    def forward(self, values: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        """(B, inputs, [F,] T) to (B, outputs, [F',] T'), and the new lengths."""
        values = self.conv(values)
        lengths = None if lengths is None else strided(lengths, self.stride[-1])
        values = self.norm(values.relu_()) if self.relu_first else self.norm(values).relu_()
        values, lengths = max_pool(values, lengths, self.pool)
        return (values if self.gate is None else self.gate(values, lengths)), lengths


class ResidualBlock(nn.Module):
    """Two convolutions with batch norm beside a shortcut, ReLU, max-pool.

    The shortcut is the input itself or, where channels or stride change, a convolution of the same
    kernel with batch norm, as in Won (2020).

    Args:
        dims, inputs, outputs, kernel, stride, pool: as in `ConvBlock`; the stride is that of the
            first convolution and of the shortcut.
        squeeze: whether channels are gated before the shortcut is added (Kim 2018).
    """

    def __init__(
        self,
        dims: int,
        inputs: int,
        outputs: int,
        kernel: Size = 3,
        stride: Size = 1,
        pool: Size = 1,
        squeeze: bool = False,
    ) -> None:
        super().__init__()
        self.first = convolution(dims, inputs, outputs, kernel, stride)
        self.first_norm = BatchNorm(outputs)
        self.second = convolution(dims, outputs, outputs, kernel)
        self.second_norm = BatchNorm(outputs)
        self.stride, self.pool = sizes(stride, dims), sizes(pool, dims)
        self.shortcut = None
        if inputs != outputs or max(self.stride) > 1:
            self.shortcut = convolution(dims, inputs, outputs, kernel, stride)
            self.shortcut_norm = BatchNorm(outputs)
        self.gate = SqueezeExcitation(outputs) if squeeze else None

    def forward(self, values: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        """(B, inputs, [F,] T) to (B, outputs, [F',] T'), and the new lengths."""
        new = None if lengths is None else strided(lengths, self.stride[-1])
        inner = silenced(self.first_norm(self.first(values)).relu_(), new)
        inner = self.second_norm(self.second(inner))
        if self.gate is not None:
            inner = self.gate(silenced(inner, new), new)
        if self.shortcut is not None:
            values = self.shortcut_norm(self.shortcut(values))
        return max_pool((values + inner).relu_(), new, self.pool)


Block = ConvBlock | ResidualBlock


class Stack(nn.ModuleList):
    """A sequence of blocks, from `inputs` channels to the last of `channels` times `width`.

    `options` are further arguments of `block` by name, one for each of `channels`.
    """

    def __init__(
        self,
        block: Callable[..., Block],
        dims: int,
        inputs: int,
        channels: Sequence[int],
        width: float = 1.0,
        **options: Sequence[Any],
    ) -> None:
        super().__init__()
        self.channels = inputs
        for outputs, *values in zip(channels, *options.values(), strict=True):
            inputs, self.channels = self.channels, scaled(outputs, width)
            named = dict(zip(options, values, strict=True))
            self.append(block(dims, inputs, self.channels, **named))

    def flat_channels(self, rows: int) -> int:
        """Count channels times rows of the output for so many rows of input."""
        for module in self:
            block = cast(Block, module)
            rows = strided(rows, block.stride[0])
            rows //= min(rows, block.pool[0])
        return self.channels * rows

    def forward(self, values: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        """(B, C, [F,] T) and lengths through all blocks."""
        for block in self:
            values, lengths = block(values, lengths)
        return values, lengths
