"""Boundaries of sections: convolutions that answer for every frame."""

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
PICTURES = ("mel", "roll")


class Pictures:
    """The columns of frames as pictures with channels, in which silence is 0.

    There is a `picture`, a mel spectrogram or a piano roll; `near`, lag matrices as its channels;
    and `far`, those of longer lags. Decibels are (dB - floor) / -floor, 0 at the floor of the front
    and 1 at 0 dB; lag matrices and rolls are 0 to 1 as they are.

    Args:
        front: whose kinds stand side by side.
        stack: whether all of them are channels of one `picture`, lag matrices stretched to as many
            rows as its first channel has.
        loudest_padding: whether decibels are dB / -floor instead. What stands beyond the edges, 0,
            is then as loud as 0 dB, as where decibels are padded with zeros.
        scale: False leaves decibels as they are, for what a norm has heard.

    Attributes:
        shapes: channels and rows of each picture, by its name.

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
        if others := [kind for kind in plain if kind not in PICTURES] or plain[1:]:
            raise ValueError(
                f"encoders of boundaries do not hear {', '.join(others)}, but one of {PICTURES} "
                f"and lag matrices, and the front has {', '.join(front.kinds)}"
            )
        far = [kind for kind in front.lag_kinds if kind.startswith("far_")]
        near = [kind for kind in front.lag_kinds if kind not in far]
        groups = {"picture": plain, "near": near, "far": far}
        if stack:
            groups = {"picture": [*plain, *near, *far]}
        self.groups = {name: kinds for name, kinds in groups.items() if kinds}
        self.widths = front.widths
        self.shapes = {
            name: (len(kinds), self.widths[kinds[0]]) for name, kinds in self.groups.items()
        }
        self.span = -front.floor
        self.silence = 0.0 if loudest_padding else front.floor
        self.scaled = scale and front.decibels and "mel" in plain

    def __call__(self, frames: torch.Tensor, lengths: Lengths) -> dict[str, torch.Tensor]:
        """(B, T, F) frames to pictures (B, C, rows, T), zero after the end."""
        columns = dict(zip(self.widths, frames.split([*self.widths.values()], dim=2), strict=True))
        if self.scaled:
            columns["mel"] = (columns["mel"] - self.silence) / self.span
        pictures = {}
        for name, kinds in self.groups.items():
            rows = self.shapes[name][1]
            channels = [stretched(columns[kind], None, rows, 1.0)[0] for kind in kinds]
            pictures[name] = silenced(torch.stack(channels, dim=1).transpose(2, 3), lengths)
        return pictures


def pictures_of(encoder: AudioEncoder, **options: bool) -> Pictures:
    """What an encoder that answers for every frame hears; unscaled after a norm of the input.

    Raises:
        ValueError: pictures of another grid, whose frames are others, or none that it can hear.
    """
    if encoder.grid is not None:
        raise ValueError("boundaries are of the frames of the front, and a grid changes them")
    return Pictures(encoder.front, scale=encoder.norm is None, **options)


class BoundaryEncoder(AudioEncoder):
    """The network of Hernandez-Olivan (2020) on a mel spectrogram and lag matrices, or on a roll.

    Each of `Pictures` goes through a convolution of its own and maxima; what is left of their rows
    stands side by side in a dilated convolution. A layer of all its channels and rows answers for
    each frame, as many as there were. A front of a single picture has one branch. With one linear
    layer as its head it has the 659,297 parameters that are published.

    There is no norm of the input by default, but constants, which are ours: see `Pictures`. Dropout
    of the head is of single values, and was of channels.

    Options:
        width: factor of all channels (1.0).
        channels: of the first convolutions, of the second and of the layer (32, 64, 128).
        dropout: of whole channels before the layer (0.5).
        joined: `frequency`, as above, or `depth` (after Cohen-Hadria & Peeters 2017): all pictures
            are channels of one. That lag matrices are stretched to the rows of the first is our
            choice, and that they are lag matrices: theirs were squares along the diagonal.
        loudest_padding: see `Pictures` (False).
        norm: as in `AudioEncoder` (`none`).

    Raises:
        ValueError: pictures that it does not hear, among them those of far lags, or of fewer than
            three rows; another way to join.
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
            raise ValueError(
                f"lags of {', '.join(far)} are too far: the encoder `patch` hears them"
            )
        self.pictures = pictures_of(self, stack=joined == "depth", loudest_padding=loudest_padding)
        shapes = self.pictures.shapes
        if min(rows for _, rows in shapes.values()) < 3:
            raise ValueError(f"pictures of at least 3 rows are heard, and the front has {shapes}")
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
        pictures = self.pictures(frames, lengths)
        found = [
            _maxima(F.leaky_relu(branch(pictures[name])), lengths)
            for name, branch in self.branches.items()
        ]
        values = F.leaky_relu(self.second(torch.cat(found, dim=2)))
        values = F.leaky_relu(self.last(self.dropout(values.flatten(1, 2))))
        return silenced(values, lengths), lengths


def _maxima(values: torch.Tensor, lengths: Lengths) -> torch.Tensor:
    """Of five rows side by side and of three frames around each, of what is real."""
    values = silenced(values, lengths, torch.finfo(values.dtype).min)
    return silenced(F.max_pool2d(values, (5, 3), (5, 1), (1, 1)), lengths)
