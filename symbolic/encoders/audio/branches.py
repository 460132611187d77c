"""Three parallel convolutional branches: vertical and horizontal filters on mel, and CQT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
from torch import nn

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.audio.base import AudioEncoder
from symbolic.encoders.audio.blocks import ConvBlock, Stack
from symbolic.encoders.audio.lengths import Lengths
from symbolic.encoders.audio.spectrogram import one_channel


@dataclass(frozen=True)
class Branch:
    """A stack of convolutions on the columns of one kind.

    Attributes:
        kind: name in `symbolic.audio.front_end.KINDS`.
        kernel: rows and time.
        channels: of each layer.
        pools: of each layer, rows and time; the first layer has no pool.
    """

    kind: str
    kernel: tuple[int, int]
    channels: tuple[int, ...]
    pools: tuple[tuple[int, int], ...]


NARROWING = (16, 16, 32, 32, 64, 64, 128)

BRANCHES = {
    "vertical": Branch("mel", (15, 3), (16, 32, 64, 128), ((1, 1), (4, 4), (4, 4), (8, 4))),
    "horizontal": Branch("mel", (3, 15), NARROWING, ((1, 1), *[(2, 2)] * 5, (4, 2))),
    "cqt": Branch("cqt", (3, 3), NARROWING, ((1, 1), *[(2, 2)] * 6)),
}
"""All of them reduce time by 64, so that their positions can be concatenated."""


class BranchesEncoder(AudioEncoder):
    """Branches whose hidden states are concatenated; each layer is conv, ReLU, batch norm, pool.

    The published sources give the number of convolutions and pools, their order and He's
    initialisation; kernels, channels and the sizes of pools are choices of this package.

    Options:
        branches: names of `BRANCHES`.
        recurrent, units, layers, directions, dropout, pooling, dense: as in `AudioEncoder.finish`.
    """

    def build(
        self,
        config: SymbolicConfig,
        *,
        width: float = 1.0,
        branches: Sequence[str] = tuple(BRANCHES),
        **following: Any,
    ) -> None:
        heights, self.columns = self.front.widths, self.front.slices
        if self.grid is not None:  # of frames of a single kind
            heights = dict.fromkeys(heights, self.width)
            self.columns = dict.fromkeys(heights, slice(None))
        self.kinds = [BRANCHES[name].kind for name in branches]
        if missing := set(self.kinds) - set(self.columns):
            raise ValueError(f"branches {[*branches]} need {', '.join(missing)} in the front end")
        self.stacks, channels = nn.ModuleList(), 0
        for name in branches:
            branch = BRANCHES[name]
            block = partial(ConvBlock, kernel=branch.kernel, relu_first=True)
            stack = Stack(block, 2, 1, branch.channels, width, pool=branch.pools)
            self.stacks.append(stack)
            channels += stack.flat_channels(heights[branch.kind])
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(cast(torch.Tensor, module.bias))
        self.finish(channels, width, **following)

    def encode(self, frames: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        found = [
            stack(one_channel(frames[..., self.columns[kind]]), lengths)
            for stack, kind in zip(self.stacks, self.kinds, strict=True)
        ]
        return torch.cat([values.flatten(1, 2) for values, _ in found], dim=1), found[0][1]
