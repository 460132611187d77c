"""Base class of audio encoders: front end, input norm, mask."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from typing import Any

import torch
from torch import nn

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.audio.blocks import BatchNorm, scaled
from symbolic.encoders.audio.lengths import POOLINGS, Lengths, pool_over_time, real, silenced
from symbolic.encoders.audio.recurrent import Recurrent
from symbolic.encoders.audio.stretching import stretched

NORMS = ("column", "global", "none")


class AudioEncoder(nn.Module):
    """Base of audio encoders. A subclass defines `build` and `encode`.

    `build(config, *, ...)` makes the layers for frames of `self.width` columns and calls `finish`;
    its keywords are the options that `config.encoder_options` may hold. `width` is a factor of all
    channels and units. All encoders have two more:

    `norm`: channels of the batch norm of the input. `column`, one per column of the frames;
        `global`, a single one for all columns, as in Won (2020); `none`, no norm. Its statistics
        are those of real positions, and padding is zero after it. Without this option it is
        `default_norm`, and samples have no norm.
    `grid`: columns, and positions per frame, that frames of a single kind are resampled to after
        the norm, where they differ from those that the encoder was designed for; not resampled
        where None.

    Padding after the end of an example does not change its output. In training, the batch norms of
    the layers inside still count it: their statistics are those of all positions.

    Raises:
        ValueError: no front end in the configuration, or an option that the encoder does not have.
    """

    inputs = "audio"
    main_input_name = "input_values"
    default_norm = "column"

    def __init__(self, config: SymbolicConfig) -> None:
        super().__init__()
        if config.front_end is None:
            raise ValueError(f"encoder {config.encoder} needs a front_end in the configuration")
        self.front = config.front_end
        self.spectral = None
        if config.front_end_in_model and not self.front.takes_samples:
            from symbolic.audio.transforms.torch_front_end import SpectralFrontEnd

            self.spectral = SpectralFrontEnd(self.front)
        options = dict(config.encoder_options)
        norm = options.pop("norm", "none" if self.front.takes_samples else self.default_norm)
        if norm not in NORMS:
            raise ValueError(f"norm {norm!r} is none of {NORMS}")
        grid = options.pop("grid", None)
        if grid is not None and (len(self.front.kinds) > 1 or self.front.takes_samples):
            raise ValueError(f"a grid needs frames of a single kind, not {self.front.kinds}")
        self.grid = None if grid is None else (int(grid[0]), float(grid[1]))
        self.width = self.front.width if self.grid is None else self.grid[0]
        channels = {"column": self.front.width, "global": 1, "none": 0}[norm]
        self.norm = BatchNorm(channels) if channels else None
        self.recurrent: Recurrent | None = None
        self.pooling: str | None = None
        self.dense: nn.Sequential | None = None
        known = self.option_names()
        if unknown := sorted(set(options) - set(known)):
            raise ValueError(
                f"encoder {config.encoder} has no option {', '.join(unknown)}; "
                f"there are {', '.join(known)}"
            )
        self.build(config, **options)

    @classmethod
    def option_names(cls) -> list[str]:
        """List the keys of `config.encoder_options`: keywords of `build` and of what it calls."""
        builds = [vars(base)["build"] for base in cls.__mro__ if "build" in vars(base)]
        names = ["norm", "grid"]
        for function in (*builds[:-1], AudioEncoder.finish):
            parameters = inspect.signature(function).parameters.values()
            names += [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
            if all(p.kind is not p.VAR_KEYWORD for p in parameters):
                break
        return list(dict.fromkeys(names))

    def build(self, config: SymbolicConfig, **options: Any) -> None:
        """Make the layers."""
        raise NotImplementedError

    def rescaled(self, frames: torch.Tensor) -> torch.Tensor:
        """Change the scale of (B, T, F) frames before they are normalised; here not at all."""
        return frames

    def encode(self, frames: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        """(B, T, F) frames and (B,) lengths to (B, C, T') values and their lengths."""
        raise NotImplementedError

    def finish(
        self,
        channels: int,
        width: float = 1.0,
        *,
        recurrent: str | None = None,
        units: int = 64,
        layers: int = 1,
        directions: int = 1,
        dropout: float = 0.0,
        pooling: str | None = None,
        dense: int = 0,
    ) -> None:
        """Make the layers after `encode`, and set the encoder's `hidden_size`.

        Args:
            channels: C of the values of `encode`.
            width: factor of `units` and `dense`.
            recurrent: `rnn`, `lstm`, `gru`, or None for no recurrent layers.
            units, layers, directions, dropout: as in `Recurrent`.
            pooling: over the real positions into one: `mean`, `max`, or `max_mean`, both
                concatenated; None keeps all positions.
            dense: units of a linear layer with batch norm and ReLU after the pooling; 0, no layer.

        Raises:
            ValueError: an unknown pooling, or a dense layer without pooling.
        """
        if pooling is not None and pooling not in POOLINGS:
            raise ValueError(f"pooling {pooling!r} is none of {[*POOLINGS]}")
        if dense and pooling is None:
            raise ValueError("a dense layer needs a pooling")
        if recurrent is not None:
            units = scaled(units, width)
            self.recurrent = Recurrent(recurrent, channels, units, layers, directions, dropout)
            channels = self.recurrent.hidden_size
        self.pooling = pooling
        channels *= 1 if pooling is None else POOLINGS[pooling]
        if dense:
            dense = scaled(dense, width)
            self.dense = nn.Sequential(
                OrderedDict(
                    linear=nn.Linear(channels, dense),
                    norm=BatchNorm(dense),
                    relu=nn.ReLU(inplace=True),
                )
            )
            channels = dense
        self.hidden_size = channels

    def prepared(
        self, values: torch.Tensor, mask: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Convert input to normalised frames (B, T, `width`), zero after the end, and lengths (B,).

        Samples become frames of one column. Lengths are None where all positions are real.

        Raises:
            ValueError: frames of another width than the front end's, or samples of another shape.
        """
        values = values.float()
        samples = self.front.takes_samples or self.spectral is not None
        if values.dim() != (2 if samples else 3):
            wanted = "(B, n) samples" if samples else "(B, T, F) frames"
            raise ValueError(f"the encoder takes {wanted}, and the input is {tuple(values.shape)}")
        if self.spectral is not None:
            values, mask = self.spectral(values, mask)
        elif samples:
            values = values.unsqueeze(-1)
        if values.shape[-1] != self.front.width:
            raise ValueError(
                f"frames of {values.shape[-1]} columns, and the front end has {self.front.width}"
            )
        lengths = None if mask is None or bool(mask.all()) else mask.long().sum(dim=1)
        values = normalised(self.norm, self.rescaled(values), lengths)
        return (values, lengths) if self.grid is None else stretched(values, lengths, *self.grid)

    def forward(
        self, input_values: torch.Tensor, attention_mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the hidden states of a batch of recordings.

        Args:
            input_values: (B, T, F) frames of the configuration's front end, or (B, n) samples where
                it takes samples or is computed in the model.
            attention_mask: (B, T) or (B, n), each row 1 up to the end; all real where None.

        Returns:
            (B, T', H) hidden states and their (B, T') mask; T' is 1 where the encoder pools.

        Raises:
            ValueError: input of another shape.
        """
        values, lengths = self.encode(*self.prepared(input_values, attention_mask))
        if self.recurrent is not None:
            values = self.recurrent(values, lengths)
        if self.pooling is not None:
            hidden = pool_over_time(values, lengths, self.pooling)
            values = (hidden if self.dense is None else self.dense(hidden)).unsqueeze(-1)
            lengths = None if lengths is None else lengths.clamp(max=1)
        hidden = values.transpose(1, 2)
        if lengths is None:
            return hidden, torch.ones(hidden.shape[:2], dtype=torch.long, device=hidden.device)
        return hidden, real(lengths, hidden.shape[1]).long()


def normalised(norm: BatchNorm | None, values: torch.Tensor, lengths: Lengths) -> torch.Tensor:
    """Normalise (B, T, F) values with the statistics of real positions; zero after the end.

    The norm has F channels, or a single one for all columns; None only sets padding to zero.
    """
    if norm is None:
        return silenced(values.transpose(1, 2), lengths).transpose(1, 2)
    if lengths is None:
        return norm(values.reshape(-1, norm.num_features)).view(values.shape)
    kept = real(lengths, values.shape[1])
    real_values = values[kept]
    found = torch.zeros_like(values)
    found[kept] = norm(real_values.reshape(-1, norm.num_features)).view(real_values.shape)
    return found
