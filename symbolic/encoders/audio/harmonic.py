"""Harmonic CNN: bands at the harmonics of every pitch as input channels (Won 2020)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from symbolic.configuration import SymbolicConfig
from symbolic.encoders.audio.base import AudioEncoder, normalised
from symbolic.encoders.audio.blocks import BatchNorm, Block, ConvBlock, ResidualBlock, Size, Stack
from symbolic.encoders.audio.lengths import Lengths

C1 = 32.70319566257483  # Hz
ERB_SLOPE, ERB_FLOOR = 0.1079, 24.7  # equivalent rectangular bandwidth: slope and Hz at 0 Hz


class HarmonicBands(nn.Module):
    """Triangular bands around the harmonics of pitches, whose width is the ERB over a learned Q.

    The magnitudes have `bins` from 0 Hz to half the sampling rate. Pitches begin at C1; two per
    semitone are quarter tones. The first harmonic is the pitch itself.

    Raises:
        ValueError: a harmonic above half the sampling rate.
    """

    centres: torch.Tensor
    frequencies: torch.Tensor

    def __init__(
        self, sampling_rate: int, bins: int, pitches: int, pitches_per_semitone: int, harmonics: int
    ) -> None:
        super().__init__()
        top = harmonics * C1 * 2 ** ((pitches - 1) / (12 * pitches_per_semitone))
        if top > sampling_rate / 2:
            raise ValueError(f"the highest band, of {top:.0f} Hz, is above half the sampling rate")
        pitch = C1 * 2 ** (torch.arange(pitches) / (12 * pitches_per_semitone))
        centres = torch.arange(1, harmonics + 1).unsqueeze(1) * pitch
        self.register_buffer("centres", centres.flatten())
        self.register_buffer("frequencies", torch.linspace(0, sampling_rate / 2, bins))
        self.quality = nn.Parameter(torch.ones(1))
        self.harmonics = harmonics

    def forward(self, magnitudes: torch.Tensor) -> torch.Tensor:
        """(B, T, bins) magnitudes to (B, harmonics, pitches, T) in dB of their power."""
        # Half precision overflows with powers: this is float32 under autocast, too.
        with torch.autocast(magnitudes.device.type, enabled=False):
            half = (ERB_SLOPE * self.centres + ERB_FLOOR) / self.quality / 2
            away = (self.frequencies.unsqueeze(1) - self.centres).abs()
            bands = (1 - away / half).clamp(min=0)
            power = (magnitudes.square() @ bands).transpose(1, 2)
            return 10 * power.clamp(min=1e-10).log10().unflatten(1, (self.harmonics, -1))


class HarmonicEncoder(AudioEncoder):
    """Harmonic bands, seven layers of convolutions, global max-pooling, a dense layer.

    The first and the fifth layer are plain, the others residual with a max-pool. The front end is
    `magnitude`, not in decibels.

    Options:
        harmonics, pitches, pitches_per_semitone: of the bands, from C1 upwards.
        channels, pools: of each layer; pools of one size or rows and time.
        pooling, dense: as in `AudioEncoder.finish`.

    Raises:
        ValueError: another front end.
    """

    default_norm = "none"

    def build(
        self,
        config: SymbolicConfig,
        *,
        width: float = 1.0,
        harmonics: int = 6,
        pitches: int = 128,
        pitches_per_semitone: int = 2,
        channels: Sequence[int] = (128, 128, 128, 128, 256, 256, 256),
        pools: Sequence[Size] = (2, 2, 2, 2, 2, (2, 3), (2, 3)),
        pooling: str | None = "max",
        dense: int = 256,
    ) -> None:
        front = self.front
        if front.kinds != ("magnitude",) or front.decibels or self.grid is not None:
            raise ValueError("the encoder takes magnitudes that are not in decibels")
        self.bands = HarmonicBands(
            front.sampling_rate, front.width, pitches, pitches_per_semitone, harmonics
        )
        self.harmonic_norm = BatchNorm(harmonics)
        self.layers = Stack(_block, 2, harmonics, channels, width, pool=pools)
        size = self.layers.flat_channels(pitches)
        self.finish(size, width, pooling=pooling, dense=dense)

    def encode(self, frames: torch.Tensor, lengths: Lengths) -> tuple[torch.Tensor, Lengths]:
        bands = self.bands(frames)  # (B, harmonics, pitches, T)
        rows = bands.permute(0, 3, 2, 1)
        flat = normalised(self.harmonic_norm, rows.flatten(2), lengths)
        values, lengths = self.layers(flat.view(rows.shape).permute(0, 3, 2, 1), lengths)
        return values.flatten(1, 2), lengths


def _block(dims: int, inputs: int, outputs: int, pool: Size) -> Block:
    block = ConvBlock if inputs != outputs else ResidualBlock
    return block(dims, inputs, outputs, pool=pool)
