"""What of a recording an encoder hears: one specification that extractors and encoders read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

KINDS = ("samples", "magnitude", "mel", "mfcc", "cqt", "chroma")


@dataclass(frozen=True)
class Front:
    """The front end of an audio model: samples, or columns of a time-frequency picture.

    Frames are centred, as in librosa: n samples give 1 + n // `hop` of them.

    Attributes:
        kinds: of `KINDS`; several stand side by side in the columns of one frame. `samples` stands
            alone.
        sampling_rate: in Hz.
        n_fft: window, in samples.
        hop: samples from frame to frame.
        n_mels: mel bands.
        n_mfcc: cepstral coefficients of these bands.
        n_cqt: bins of the constant-Q transform.
        bins_per_octave: of them.
        fmin, fmax: in Hz, of the mel bands; None is half the sampling rate.
        cqt_fmin: in Hz, of the lowest constant-Q bin; C1 by default.
        htk: mel scale of HTK, not Slaney's.
        norm: `slaney`, bands of equal area, or None, bands of equal height.
        power: of the magnitudes that the mel bands sum, 1 or 2.
        decibels: whether mel, magnitude and constant-Q are in dB, 10 log10 of a power, with no
            limit relative to the loudest frame: what a cut of a song is, must not depend on the
            rest. MFCC are always of dB.
        floor: in dB; what is softer is raised to it.

    Raises:
        ValueError: a kind that does not exist, or samples beside another one.
    """

    kinds: tuple[str, ...] = ("mel",)
    sampling_rate: int = 22050
    n_fft: int = 2048
    hop: int = 512
    n_mels: int = 128
    n_mfcc: int = 20
    n_cqt: int = 84
    bins_per_octave: int = 12
    fmin: float = 0.0
    fmax: float | None = None
    cqt_fmin: float = 32.70319566257483
    htk: bool = False
    norm: str | None = "slaney"
    power: float = 2.0
    decibels: bool = True
    floor: float = -100.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", tuple(self.kinds))
        if unknown := set(self.kinds) - set(KINDS):
            raise ValueError(f"no front end {', '.join(sorted(unknown))}; there are {KINDS}")
        if not self.kinds or ("samples" in self.kinds and len(self.kinds) > 1):
            raise ValueError(f"a front end of {self.kinds}: samples stand alone")
        if self.norm not in ("slaney", None):
            raise ValueError(f"norm {self.norm!r} is neither slaney nor None")

    @property
    def least_power(self) -> float:
        """The power of `floor`."""
        return 10 ** (self.floor / 10)

    @property
    def hears_samples(self) -> bool:
        """Whether the input is (n,) samples, not (T, F) frames."""
        return self.kinds == ("samples",)

    @property
    def widths(self) -> dict[str, int]:
        """Columns of each kind, in the order in which they stand side by side."""
        columns = {
            "samples": 1,
            "magnitude": self.n_fft // 2 + 1,
            "mel": self.n_mels,
            "mfcc": self.n_mfcc,
            "cqt": self.n_cqt,
            "chroma": 12,
        }
        return {kind: columns[kind] for kind in self.kinds}

    @property
    def width(self) -> int:
        """F: columns of one frame; 1 for samples."""
        return sum(self.widths.values())

    @property
    def rate(self) -> float:
        """Positions a second: samples or frames."""
        return self.sampling_rate if self.hears_samples else self.sampling_rate / self.hop

    def positions(self, samples: int) -> int:
        """T: how many positions so many samples have."""
        return samples if self.hears_samples else 1 + samples // self.hop

    def to_dict(self) -> dict[str, Any]:
        """Plain values; `Front(**front.to_dict())` is the front end."""
        return {**asdict(self), "kinds": list(self.kinds)}
