"""Boundaries of sections: convolutions with an output for every frame."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from symbolic.audio.front_end import FrontEnd
from symbolic.configuration import SymbolicConfig
from symbolic.encoders.audio.base import AudioEncoder
from symbolic.encoders.audio.blocks import scaled
from symbolic.encoders.audio.lengths import Lengths, silenced
from symbolic.encoders.audio.stretching import stretched

JOINS = ("frequency", "depth")
MAIN_KINDS = ("mel", "roll")
MAIN = "picture"  # name of the main group in saved weights


class ChannelGroups:
    """The columns of frames as channels of 2-D inputs, in which silence is 0.

    There are three groups: `picture`, a mel spectrogram or a piano roll; `near`, lag matrices as
    its channels; and `far`, those of longer lags. Decibels are (dB - floor) / -floor, 0 at the
    floor of the front end and 1 at 0 dB; lag matrices and rolls, in 0 to 1, are unchanged.

    Args:
        front: the front end, whose kinds are the columns.
        stack: whether all kinds are channels of the group `picture`; lag matrices are resampled to
            the rows of its first channel.
        loudest_padding: whether decibels are dB / -floor instead. The padding at the edges, 0, is
            then as loud as 0 dB, as if decibels were padded with zeros.
        scale: False leaves decibels unchanged, for normalised input.

    Attributes:
        shapes: channels and rows of each group, by its name.

    Raises:
        ValueError: samples or other kinds, or both a mel spectrogram and a roll.
    """

    def __init__(
        self,
        front: FrontEnd,
        stack: bool = False,
        loudest_padding: bool = False,
        scale: bool = True,
    ) -> None:
        plain = [kind for kind in front.kinds if kind not in front.lag_kinds]
        if others := [kind for kind in plain if kind not in MAIN_KINDS] or plain[1:]:
            raise ValueError(
                f"encoders of boundaries do not take {', '.join(others)}, but one of {MAIN_KINDS} "
                f"and lag matrices; the front end has {', '.join(front.kinds)}"
            )
        far = [kind for kind in front.lag_kinds if kind.startswith("far_")]
        near = [kind for kind in front.lag_kinds if kind not in far]
        groups = {MAIN: plain, "near": near, "far": far}
        if stack:
            groups = {MAIN: [*plain, *near, *far]}
        self.groups = {name: kinds for name, kinds in groups.items() if kinds}
        self.slices, widths = front.slices, front.widths
        self.shapes = {name: (len(kinds), widths[kinds[0]]) for name, kinds in self.groups.items()}
        self.span = -front.floor
        self.silence = 0.0 if loudest_padding else front.floor
        self.scaled = scale and front.decibels and "mel" in plain

    def __call__(self, frames: torch.Tensor, lengths: Lengths) -> dict[str, torch.Tensor]:
        """(B, T, F) frames to groups (B, C, rows, T), zero after the end."""
        columns = {kind: frames[..., place] for kind, place in self.slices.items()}
        if self.scaled:
            columns["mel"] = (columns["mel"] - self.silence) / self.span
        groups = {}
        for name, kinds in self.groups.items():
            rows = self.shapes[name][1]
            channels = [stretched(columns[kind], None, rows, 1.0)[0] for kind in kinds]
            groups[name] = silenced(torch.stack(channels, dim=1).transpose(2, 3), lengths)
        return groups


def channel_groups(encoder: AudioEncoder, **options: bool) -> ChannelGroups:
    """Make the groups of an encoder with an output for every frame; unscaled after an input norm.

    Raises:
        ValueError: a grid, which changes the frames, or kinds that the encoder does not take.
    """
    if encoder.grid is not None:
        raise ValueError("boundaries are those of the front end's frames, which a grid changes")
    return ChannelGroups(encoder.front, scale=encoder.norm is None, **options)


class BoundaryEncoder(AudioEncoder):
    """The network of Hernandez-Olivan (2020) on a mel spectrogram and lag matrices, or on a roll.

    Each of the `ChannelGroups` has a convolution of its own and a max-pool; their remaining rows
    are concatenated for a dilated convolution. A layer over all its channels and rows gives the
    hidden state of each input frame. A front end of a single group has one branch. With one linear
    layer as its head the network has the 659,297 parameters that are published.

    By default the input is scaled by constants, a choice of this package, instead of a norm: see
    `ChannelGroups`. The dropout of the head is of single values, where the published one is of
    channels.

    Options:
        channels: of the first convolutions, of the second and of the layer.
        dropout: of whole channels before the layer.
        joined: `frequency`, as above, or `depth` (after Cohen-Hadria & Peeters 2017): all kinds
            are channels of one input. Lag matrices, resampled to the rows of the first kind, are a
            choice of this package: theirs were squares along the diagonal.
        loudest_padding: see `ChannelGroups`.

    Raises:
        ValueError: kinds that it does not take, among them those of far lags, or of fewer than
            three rows; another value of `joined`.
    """

    default_norm = "none"

    def build(
        self,
        config: SymbolicConfig,
        *,
        width: float = 1.0,
        channels: Sequence[int] = (32, 64, 128),
        dropout: float = 0.5,
        joined: str = "frequency",
        loudest_padding: bool = False,
    ) -> None:
        if joined not in JOINS:
            raise ValueError(f"joined {joined!r} is none of {JOINS}")
        if far := [kind for kind in self.front.lag_kinds if kind.startswith("far_")]:
            raise ValueError(f"lags of {', '.join(far)} are too far: use the encoder `patch`")
        self.groups = channel_groups(self, stack=joined == "depth", loudest_padding=loudest_padding)
        shapes = self.groups.shapes
        if min(rows for _, rows in shapes.values()) < 3:
            raise ValueError(f"kinds need at least 3 rows, and the front end has {shapes}")
        first, second, last = (scaled(n, width) for n in channels)
        self.branches = nn.ModuleDict(
            {
                name: nn.Conv2d(inputs, first, (5, 7), padding=(2, 3))
                for name, (inputs, _) in shapes.items()
            }
        )
        rows = sum((rows + 2 - 5) // 5 + 1 for _, rows in shapes.values())
        self.second = nn.Conv2d(first, second, (3, 5), padding=(1, 6), dilation=(1, 3))
        self.dropout = nn.Dropout1d(dropout)
        self.last = nn.Conv1d(second * rows, last, 1)
        self.finish(last)

    def encode(self, frames: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        groups = self.groups(frames, lengths)
        found = [
            _maxima(F.leaky_relu(branch(groups[name])), lengths)
            for name, branch in self.branches.items()
        ]
        values = F.leaky_relu(self.second(torch.cat(found, dim=2)))
        values = F.leaky_relu(self.last(self.dropout(values.flatten(1, 2))))
        return silenced(values, lengths), lengths


def _maxima(values: torch.Tensor, lengths: Lengths) -> torch.Tensor:
    """Max-pool five adjacent rows and three frames around each, over real positions."""
    values = silenced(values, lengths, torch.finfo(values.dtype).min)
    return silenced(F.max_pool2d(values, (5, 3), (5, 1), (1, 1)), lengths)
