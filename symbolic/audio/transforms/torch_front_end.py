"""Front end as a module: samples to time-frequency frames on the device of the model."""

from __future__ import annotations

import torch
from torch import nn

from symbolic.audio.front_end import FrontEnd
from symbolic.audio.sample_types import float_samples
from symbolic.audio.transforms.banks import cepstral_bank, mel_bank

INSIDE = ("magnitude", "mel", "mfcc")


class SpectralFrontEnd(nn.Module):
    """Mel, MFCC and magnitude of samples, equal to `symbolic.audio.front_features`.

    The banks are persistent buffers: `from_pretrained` loads them, and a model that initialises its
    weights calls `reset` (in `_init_weights`). Everything is computed in float64, under autocast
    too, and is within 1e-4 of `front_features`: in float32 the rounding errors of loud bands change
    soft ones. On a device without float64 it is computed in float32: within 1e-3 dB for bands less
    than 60 dB below the loudest of the frame.

    Raises:
        ValueError: a kind of the front end that is not in `INSIDE`.
    """

    mel_bank: torch.Tensor
    cepstral_bank: torch.Tensor

    def __init__(self, front: FrontEnd) -> None:
        super().__init__()
        if outside := [kind for kind in front.kinds if kind not in INSIDE]:
            raise ValueError(
                f"{', '.join(outside)} is not computed in a model, only {', '.join(INSIDE)}: "
                "leave it to the feature extractor"
            )
        self.front = front
        if "mel" in front.kinds or "mfcc" in front.kinds:
            self.register_buffer("mel_bank", torch.empty(front.n_fft // 2 + 1, front.n_mels))
        if "mfcc" in front.kinds:
            self.register_buffer("cepstral_bank", torch.empty(front.n_mels, front.n_mfcc))
        self.reset()

    @torch.no_grad()
    def reset(self) -> None:
        """Compute the buffers, except on the meta device."""
        made = {"mel_bank": mel_bank, "cepstral_bank": cepstral_bank}
        for name, buffer in self.named_buffers():
            if not buffer.is_meta:
                buffer.copy_(torch.from_numpy(made[name](self.front)))

    def forward(
        self, samples: torch.Tensor, mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the frames of samples.

        Args:
            samples: (B, n) at the front end's sampling rate; whole numbers are scaled by their
                type, as in `float_samples`.
            mask: (B, n), 1 for samples and 0 for padding after them; no padding where None.

        Returns:
            (B, T, F) float32 frames, where padding is silence, and their (B, T) int64 mask: the
            frames of a clip do not depend on padding.
        """
        if not samples.is_floating_point():
            samples = torch.from_numpy(float_samples(samples)).to(samples.device)
        samples = samples.to(torch.float32 if samples.device.type == "mps" else torch.float64)
        lengths = torch.full(samples.shape[:1], samples.shape[1], device=samples.device)
        if mask is not None:
            lengths = mask.long().sum(dim=1)
            samples = samples * mask.to(samples.dtype)
        with torch.autocast(samples.device.type, enabled=False):
            power = self._power(samples)
            places = torch.arange(power.shape[1], device=samples.device)
            real = places < (1 + lengths // self.front.hop)[:, None]
            real &= (lengths > 0)[:, None]
            frames = self._frames(power * real[..., None])
        return frames.float(), real.long()

    def _power(self, samples: torch.Tensor) -> torch.Tensor:
        """Compute the (B, T, n_fft // 2 + 1) power of centred frames."""
        size = self.front.n_fft
        samples = nn.functional.pad(samples, (size // 2, size // 2 + size % 2))
        window = torch.hann_window(size, dtype=samples.dtype, device=samples.device)
        spectrum = torch.stft(
            samples, size, self.front.hop, window=window, center=False, return_complex=True
        ).transpose(1, 2)
        return spectrum.real.square() + spectrum.imag.square()

    def _frames(self, power: torch.Tensor) -> torch.Tensor:
        front, columns = self.front, {}
        if "magnitude" in front.kinds:
            columns["magnitude"] = self._decibels(power) if front.decibels else _root(power)
        if "mel" in front.kinds or "mfcc" in front.kinds:
            values = power if front.power == 2 else _root(power) ** front.power
            bands = values @ self.mel_bank.to(values.dtype)
            if "mel" in front.kinds:
                columns["mel"] = self._band_decibels(bands) if front.decibels else bands
            if "mfcc" in front.kinds:
                bank = self.cepstral_bank.to(bands.dtype)
                columns["mfcc"] = self._band_decibels(bands) @ bank
        return torch.cat([columns[kind] for kind in front.kinds], dim=-1)

    def _band_decibels(self, bands: torch.Tensor) -> torch.Tensor:
        return self._decibels(bands if self.front.power == 2 else bands ** (2 / self.front.power))

    def _decibels(self, power: torch.Tensor) -> torch.Tensor:
        return 10 * power.clamp(min=self.front.least_power).log10()


def _root(power: torch.Tensor) -> torch.Tensor:
    """Compute magnitudes, with a finite gradient at silence."""
    return power.clamp(min=1e-20).sqrt()
