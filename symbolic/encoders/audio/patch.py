"""Boundaries of sections from the patch of frames around each frame."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.audio.base import AudioEncoder
from symbolic.encoders.audio.blocks import BatchNorm, scaled
from symbolic.encoders.audio.boundary import channel_groups
from symbolic.encoders.audio.lengths import Lengths, silenced


class PatchEncoder(AudioEncoder):
    """Patches around each frame: SUG1 (Schlüter 2014) and GS1 (Grill & Schlüter 2015).

    The output equals that of a plain network on each patch: batch norm, convolution, tanh,
    max-pool, convolution, tanh, a dense layer, sigmoid. A patch has `patch` // 2 frames before a
    frame and the others from it on; silence pads both ends.

    All patches are computed at once: the max-pool has stride 1; the second convolution and the
    dense layer, a convolution as well, are dilated instead. In training, overlapping patches share
    their dropout, and batch norm counts each frame once, with the silence at the ends.

    SUG1 takes a mel spectrogram. GS1 has convolutions for it, for near and for far lag matrices,
    whose outputs the dense layer takes together. Its sizes are not published; those of SUG1 are a
    choice of this package. The kinds of the front end decide which parts there are: see
    `ChannelGroups`.

    Options:
        patch: frames.
        channels, kernels: of the two convolutions; kernels of rows and time.
        pool: rows and time of the max-pool between them.
        units: of the dense layer.
        dropout: before it.
        norm: as in `AudioEncoder`; each group of channels has a batch norm of its own.

    Raises:
        ValueError: kinds that it does not take, or patches smaller than the kernels.
    """

    default_norm = "none"

    def build(
        self,
        config: SymbolicConfig,
        *,
        width: float = 1.0,
        patch: int = 116,
        channels: Sequence[int] = (16, 32),
        kernels: Sequence[Sequence[int]] = ((6, 8), (3, 6)),
        pool: Sequence[int] = (6, 3),
        units: int = 128,
        dropout: float = 0.5,
    ) -> None:
        self.groups, self.patch, self.pool = channel_groups(self), patch, (pool[0], pool[1])
        first, second = (scaled(n, width) for n in channels)
        units, (early, late) = scaled(units, width), ((rows, time) for rows, time in kernels)

        shapes = self.groups.shapes

        def left(size: int, axis: int) -> int:
            size = (size - early[axis] + 1) // self.pool[axis] - late[axis] + 1
            if size < 1:
                raise ValueError(f"patches of {shapes}, {patch} are smaller than the kernels")
            return size

        rows = sum(left(rows, 0) for _, rows in shapes.values())
        dilation = self.pool[1]
        self.norms = nn.ModuleDict({name: BatchNorm(n) for name, (n, _) in shapes.items()})
        self.early = nn.ModuleDict(
            {name: nn.Conv2d(n, first, early) for name, (n, _) in shapes.items()}
        )
        self.late = nn.ModuleDict(
            {name: nn.Conv2d(first, second, late, dilation=(1, dilation)) for name in shapes}
        )
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Conv1d(second * rows, units, left(patch, 1), dilation=dilation)
        self.finish(units)

    def encode(self, frames: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        before, found = self.patch // 2, []
        for name, group in self.groups(frames, lengths).items():
            values = self.norms[name](F.pad(group, (before, self.patch - 1 - before)))
            values = self.early[name](values).tanh()
            values = F.max_pool2d(values, self.pool, (self.pool[0], 1))
            found.append(self.late[name](values).tanh())
        joined = self.dropout(torch.cat([values.flatten(1, 2) for values in found], dim=1))
        # The max-pool ignores the last frames of a patch that it does not fill: outputs to spare.
        values = self.hidden(joined).sigmoid()[..., : frames.shape[1]]
        return silenced(values, lengths), lengths
