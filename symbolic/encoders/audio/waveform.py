"""One-dimensional convolutions over samples, or over frames whose columns are channels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.audio.base import AudioEncoder
from symbolic.encoders.audio.blocks import ConvBlock, ResidualBlock, Stack
from symbolic.encoders.audio.lengths import Lengths, pool_over_time


class WaveformEncoder(AudioEncoder):
    """A stack of 1-D convolutions, with recurrent layers or a global pooling on top.

    The options make it a plain CNN with a long first filter, or a sample-level CNN (Lee 2017) with
    or without residual connections, squeeze and excitation (Kim 2018); mel bands can be its input
    channels.

    Options:
        channels, kernels, strides, pools: of each layer; kernels are odd.
        residual: whether layers are residual blocks.
        squeeze: whether layers gate their channels.
        recurrent, units, layers, directions, dropout, pooling, dense: as in `AudioEncoder.finish`.
    """

    def build(
        self,
        config: SymbolicConfig,
        *,
        width: float = 1.0,
        channels: Sequence[int] = (64, 64, 128, 128, 256),
        kernels: Sequence[int] = (81, 3, 3, 3, 3),
        strides: Sequence[int] = (16, 1, 1, 1, 1),
        pools: Sequence[int] = (4, 4, 4, 4, 4),
        residual: bool = False,
        squeeze: bool = False,
        **following: Any,
    ) -> None:
        block = partial(ResidualBlock if residual else ConvBlock, squeeze=squeeze)
        each = {"kernel": kernels, "stride": strides, "pool": pools}
        self.layers = Stack(block, 1, self.width, channels, width, **each)
        self.finish(self.layers.channels, width, **following)

    def encode(self, frames: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        return self.layers(frames.transpose(1, 2), lengths)


class ChunkedEncoder(WaveformEncoder):
    """A 1-D CNN on each chunk of a recording, and a global pooling over the chunks.

    A chunk is represented by its maxima over time; `pooling` combines the chunks. The last chunk
    may be shorter than the others.

    Options:
        chunk: positions in one chunk.
        pooling: over chunks; None keeps a position for each.
        others: as in `WaveformEncoder`.
    """

    def build(
        self,
        config: SymbolicConfig,
        *,
        chunk: int = 16384,
        pooling: str | None = "mean",
        **options: Any,
    ) -> None:
        self.chunk = chunk
        super().build(config, pooling=pooling, **options)

    def encode(self, frames: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        size, total, columns = frames.shape
        count = -(-total // self.chunk)
        frames = F.pad(frames, (0, 0, 0, count * self.chunk - total))
        if lengths is None and total % self.chunk:
            lengths = torch.full((size,), total, device=frames.device)
        within = lengths
        if lengths is not None:
            starts = torch.arange(count, device=frames.device) * self.chunk
            within = (lengths.unsqueeze(1) - starts).clamp(0, self.chunk).flatten()
            lengths = -(-lengths // self.chunk)
        values, within = super().encode(frames.reshape(-1, self.chunk, columns), within)
        chunks = pool_over_time(values, within, "max").unflatten(0, (size, count))
        return chunks.transpose(1, 2), lengths
