"""Two-dimensional convolutions over a time-frequency input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.audio.base import AudioEncoder
from symbolic.encoders.audio.blocks import ConvBlock, ResidualBlock, Size, Stack, scaled
from symbolic.encoders.audio.lengths import Lengths


def one_channel(frames: torch.Tensor) -> torch.Tensor:
    """(B, T, F) frames to (B, 1, F, T), the input of 2-D convolutions."""
    return frames.transpose(1, 2).unsqueeze(1)


class SpectrogramEncoder(AudioEncoder):
    """A stack of 2-D convolutions, with recurrent layers or a global pooling on top.

    The options make it a plain CNN, a fully convolutional network (FCN, Choi 2016), a CRNN (Choi
    2017) or a short-chunk CNN with or without residual connections (Won 2020). The rows that remain
    after the pools are concatenated in the hidden state.

    Options:
        width: factor of all channels and units (1.0).
        channels: of each layer (64, 128, 128, 128).
        kernel: of all layers, one size or rows and time (3).
        pools: of each layer, one size or rows and time (2). A pool with more rows than the input
            takes all of them.
        residual: whether layers are residual blocks, with the pool's size as stride instead of a
            pool (False).
        recurrent, units, layers, directions, dropout, pooling, dense: as in `AudioEncoder.finish`.
        norm: as in `AudioEncoder` (`column`).
    """

    def build(
        self,
        config: SymbolicConfig,
        *,
        width: float = 1.0,
        channels: Sequence[int] = (64, 128, 128, 128),
        kernel: Size = 3,
        pools: Sequence[Size] = (2, 2, 2, 2),
        residual: bool = False,
        **following: Any,
    ) -> None:
        widths = [1, *(scaled(n, width) for n in channels)]
        self.layers = Stack()
        for inputs, outputs, pool in zip(widths[:-1], widths[1:], pools, strict=True):
            if residual:
                self.layers.append(ResidualBlock(2, inputs, outputs, kernel, stride=pool))
            else:
                self.layers.append(ConvBlock(2, inputs, outputs, kernel, pool=pool))
        left = widths[-1] * self.layers.rows(self.width)
        self.finish(left, width, **following)

    def encode(self, frames: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        values, lengths = self.layers(one_channel(frames), lengths)
        return values.flatten(1, 2), lengths
