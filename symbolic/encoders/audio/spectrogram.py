"""Two-dimensional convolutions over a time-frequency input."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.audio.base import AudioEncoder
from symbolic.encoders.audio.blocks import ConvBlock, ResidualBlock, Size, Stack
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
        channels: of each layer.
        kernel: of all layers, one size or rows and time.
        pools: of each layer, one size or rows and time. A pool with more rows than the input takes
            all of them.
        residual: whether layers are residual blocks, with the pool's size as their stride.
        recurrent, units, layers, directions, dropout, pooling, dense: as in `AudioEncoder.finish`.
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
        block = partial(ResidualBlock if residual else ConvBlock, kernel=kernel)
        reduced = {"stride" if residual else "pool": pools}
        self.layers = Stack(block, 2, 1, channels, width, **reduced)
        self.finish(self.layers.flat_channels(self.width), width, **following)

    def encode(self, frames: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        values, lengths = self.layers(one_channel(frames), lengths)
        return values.flatten(1, 2), lengths
