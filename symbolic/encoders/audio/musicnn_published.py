"""The network of the library musicnn (Pons & Serra 2019), whose trained weights are published.

Unlike `symbolic.encoders.audio.musicnn`, after Won (2020): ReLU precedes batch norm, the horizontal
filters take every band and then the maximum instead of the mean of all bands, their lengths are
even, and the pooled values have a batch norm of their own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.audio.base import AudioEncoder
from symbolic.encoders.audio.blocks import BatchNorm, ConvBlock, scaled
from symbolic.encoders.audio.lengths import Lengths, silenced
from symbolic.encoders.audio.spectrogram import one_channel


class Filters(nn.Module):
    """Filters of `height` bands and `length` frames; their maximum over all places in frequency.

    Time is padded so that no frame is lost, with one frame more after the end than before the
    beginning where the length is even, as TensorFlow does.
    """

    def __init__(self, outputs: int, height: int, length: int) -> None:
        super().__init__()
        self.padding = ((length - 1) // 2, length // 2)
        self.conv = nn.Conv2d(1, outputs, (height, length))
        self.norm = BatchNorm(outputs)

    def forward(self, values: torch.Tensor, lengths: Lengths) -> torch.Tensor:
        """(B, 1, F, T) to (B, outputs, T)."""
        values = self.conv(F.pad(values, self.padding)).relu_()
        return silenced(self.norm(values).amax(dim=2), lengths)


class PublishedMusicnnEncoder(AudioEncoder):
    """Vertical and horizontal filters, residual convolutions, maxima and means over time.

    The front end is mel in dB. The network takes log10(`compression` * power + 1).

    Options:
        compression: factor of the power of a band.
        vertical: channels of the vertical filters of each height.
        heights: in mel bands; at most all bands of the input.
        length: of the vertical filters, in frames.
        horizontal: channels of the horizontal filters of each length.
        lengths: in frames.
        channels, kernel: of the three layers after them.
        dense: units of the layer after the pooling.
        dropout: of the pooled values.

    Raises:
        ValueError: another front end.
    """

    default_norm = "global"

    def build(
        self,
        config: SymbolicConfig,
        *,
        width: float = 1.0,
        compression: float = 10000.0,
        vertical: int = 204,
        heights: Sequence[int] = (38, 67),
        length: int = 7,
        horizontal: int = 51,
        lengths: Sequence[int] = (128, 64, 32),
        channels: int = 64,
        kernel: int = 7,
        dense: int = 200,
        dropout: float = 0.5,
    ) -> None:
        front = self.front
        if front.kinds != ("mel",) or not front.decibels:
            raise ValueError("the encoder takes mel bands in decibels")
        self.compression = compression
        vertical, horizontal = scaled(vertical, width), scaled(horizontal, width)
        channels, dense = scaled(channels, width), scaled(dense, width)
        self.vertical = nn.ModuleList(
            Filters(vertical, min(height, self.width), length) for height in heights
        )
        self.horizontal = nn.ModuleList(Filters(horizontal, 1, n) for n in lengths)
        filters = vertical * len(heights) + horizontal * len(lengths)
        self.first = ConvBlock(1, filters, channels, kernel, relu_first=True)
        self.second = ConvBlock(1, channels, channels, kernel, relu_first=True)
        self.third = ConvBlock(1, channels, channels, kernel, relu_first=True)
        self.finish(filters + 3 * channels, pooling="max_mean")
        self.dense = nn.Sequential(
            OrderedDict(
                pooled_norm=BatchNorm(self.hidden_size),
                dropout=nn.Dropout(dropout),
                linear=nn.Linear(self.hidden_size, dense),
                relu=nn.ReLU(inplace=True),
                norm=BatchNorm(dense),
            )
        )
        self.hidden_size = dense

    def rescaled(self, frames: torch.Tensor) -> torch.Tensor:
        power = 10 ** (frames / 10)
        return (self.compression * power + 1).log10()

    def encode(self, frames: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        values = one_channel(frames)
        found = [filters(values, lengths) for filters in (*self.vertical, *self.horizontal)]
        filtered = torch.cat(found, dim=1)
        first = self.first(filtered, lengths)[0]
        second = self.second(first, lengths)[0] + first
        third = self.third(second, lengths)[0] + second
        return torch.cat([filtered, first, second, third], dim=1), lengths
