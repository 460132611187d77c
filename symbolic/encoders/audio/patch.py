"""Boundaries of sections from the patch of sound around each frame."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.audio.base import AudioEncoder
from symbolic.encoders.audio.blocks import BatchNorm, scaled
from symbolic.encoders.audio.boundary import pictures_of
from symbolic.encoders.audio.lengths import Lengths, silenced


class PatchEncoder(AudioEncoder):
    """Patches around each frame: SUG1 (Schlüter 2014) and GS1 (Grill & Schlüter 2015).

    Answers are exactly those of a plain network that hears each patch by itself: batch norm,
    convolution, tanh, maxima, convolution, tanh, a dense layer, sigmoid. A patch is `patch` // 2
    frames before a frame and as many as are left from it on; beyond both ends there is silence.

    All patches are heard at once: maxima are taken at every frame, what hears every third of them
    in a patch is dilated instead, and so is the dense layer, a convolution. In training, dropout
    falls on the same of patches that share what is dropped, and batch norm counts each frame once,
    with the silence around the ends.

    SUG1 is of a mel spectrogram. GS1 has convolutions for it, for near and for far lag matrices,
    and the dense layer hears all of them. Its sizes are not published; that they are those of SUG1
    is our choice. Which parts there are, the kinds of the front say: see `Pictures`.

    Options:
        width: factor of all channels and units (1.0).
        patch: frames (116).
        channels: of the two convolutions (16, 32).
        kernels: of both, rows and time ((6, 8), (3, 6)).
        pool: rows and time of the maxima between them (6, 3).
        units: of the dense layer (128).
        dropout: before it (0.5).
        norm: as in `AudioEncoder`, before the pictures are (`none`): each of them has a batch norm
            of its own.

    Raises:
        ValueError: pictures that it does not hear, or patches in which nothing is left.
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
        self.pictures, self.patch, self.pool = pictures_of(self), patch, tuple(pool)
        first, second = (scaled(n, width) for n in channels)
        units, (early, late) = scaled(units, width), (tuple(kernel) for kernel in kernels)

        def left(size: int, axis: int) -> int:
            size = (size - early[axis] + 1) // self.pool[axis] - late[axis] + 1
            if size < 1:
                raise ValueError(f"nothing is left of patches of {self.pictures.shapes}, {patch}")
            return size

        shapes = self.pictures.shapes
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
        for name, picture in self.pictures(frames, lengths).items():
            values = self.norms[name](F.pad(picture, (before, self.patch - 1 - before)))
            values = self.early[name](values).tanh()
            values = F.max_pool2d(values, self.pool, (self.pool[0], 1))
            found.append(self.late[name](values).tanh())
        heard = self.dropout(torch.cat([values.flatten(1, 2) for values in found], dim=1))
        # Maxima that do not fill a patch leave its last frames out: there are answers to spare.
        values = self.hidden(heard).sigmoid()[..., : frames.shape[1]]
        return silenced(values, lengths), lengths
