"""Musicnn: convolutions with filters for timbre and for rhythm (Pons 2018, as in Won 2020)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.audio.base import AudioEncoder
from symbolic.encoders.audio.blocks import BatchNorm, ConvBlock, scaled
from symbolic.encoders.audio.lengths import Lengths, silenced
from symbolic.encoders.audio.spectrogram import one_channel


class VerticalFilters(nn.Module):
    """Filters of `height` bands and `length` frames, for timbre; their maximum over pitches."""

    def __init__(self, outputs: int, height: int, length: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, outputs, (height, length), padding=(0, length // 2))
        self.norm = BatchNorm(outputs)

    def forward(self, values: torch.Tensor, lengths: Lengths) -> torch.Tensor:
        """(B, 1, F, T) to (B, outputs, T): the maximum over all positions in frequency."""
        return silenced(self.norm(self.conv(values)).relu_().amax(dim=2), lengths)


class MusicnnEncoder(AudioEncoder):
    """Vertical and horizontal filters, residual convolutions, maxima and means over time.

    Horizontal filters take the mean of all bands. The outputs of the filters and of the layers
    after them are concatenated before the pooling into one position and a dense layer.

    Options:
        vertical: channels of the vertical filters of each height.
        heights: in mel bands, the same for 128 bands; at most all bands of the input.
        length: of the vertical filters, in frames.
        horizontal: channels of the horizontal filters of each length.
        lengths: in frames.
        channels, kernel: of the three layers after them.
        pooling, dense: as in `AudioEncoder.finish`.
    """

    default_norm = "global"

    def build(
        self,
        config: SymbolicConfig,
        *,
        width: float = 1.0,
        vertical: int = 204,
        heights: Sequence[int] = (67, 38),
        length: int = 7,
        horizontal: int = 51,
        lengths: Sequence[int] = (129, 65, 33),
        channels: int = 64,
        kernel: int = 7,
        pooling: str | None = "max_mean",
        dense: int = 200,
    ) -> None:
        vertical, horizontal = scaled(vertical, width), scaled(horizontal, width)
        channels = scaled(channels, width)
        self.vertical = nn.ModuleList(
            VerticalFilters(vertical, min(height, self.width), length) for height in heights
        )
        self.horizontal = nn.ModuleList(ConvBlock(1, 1, horizontal, n) for n in lengths)
        filters = vertical * len(heights) + horizontal * len(lengths)
        self.first = ConvBlock(1, filters, channels, kernel)
        self.second = ConvBlock(1, channels, channels, kernel)
        self.third = ConvBlock(1, channels, channels, kernel)
        self.finish(filters + 3 * channels, width, pooling=pooling, dense=dense)

    def encode(self, frames: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        values = one_channel(frames)
        found = [filters(values, lengths) for filters in self.vertical]
        loudness = values.mean(dim=2)
        found += [filters(loudness, lengths)[0] for filters in self.horizontal]
        filtered = torch.cat(found, dim=1)
        first = self.first(filtered, lengths)[0]
        second = self.second(first, lengths)[0] + first
        third = self.third(second, lengths)[0] + second
        return torch.cat([filtered, first, second, third], dim=1), lengths
