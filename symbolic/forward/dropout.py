"""Dropout that takes less than half of the time of PyTorch's on a CPU."""

from __future__ import annotations

import torch
from torch import nn

LEVELS = 256  # of a random byte


class ByteDropout(nn.Dropout):
    """Dropout by random bytes, eight of which are drawn at once.

    PyTorch draws a number for every value, which takes 5 to 10 % of a training step of a small
    model on a CPU. Here the share is rounded to a multiple of 1/256, and what is kept is scaled by
    the rounded share. Elsewhere than on a CPU, and for shares that would be rounded to 0 or 1, it
    is PyTorch's.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Drop values in training; any shape."""
        levels = round(self.p * LEVELS)
        plain = input.device.type != "cpu" or not input.is_floating_point() or self.inplace
        if not self.training or not 0 < levels < LEVELS or plain or torch.compiler.is_compiling():
            return super().forward(input)
        count = input.numel()
        drawn = torch.empty(-(-count // 8), dtype=torch.int64).random_(-(2**63), None)
        kept = drawn.view(torch.uint8)[:count].view(input.shape) >= levels
        return input * (kept.to(input.dtype) * (LEVELS / (LEVELS - levels)))


def with_byte_dropout(module: nn.Module) -> None:
    """Replace the plain dropouts inside a module; no other class, and no weight, changes."""
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.Dropout:
                setattr(parent, name, ByteDropout(child.p, child.inplace))
