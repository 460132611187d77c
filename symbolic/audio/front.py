"""What of a recording an encoder hears: one specification that extractors and encoders read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

SPECTRAL = ("magnitude", "mel", "mfcc", "cqt", "chroma")
DISTANCES = ("euclidean", "cosine")
NOTE_PICTURES = ("roll", "chroma", "onsets", "lead_roll", "lead_onsets")


def _lag_kinds(columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        f"{far}sslm_{column}_{distance}"
        for far in ("", "far_")
        for column in columns
        for distance in DISTANCES
    )


KINDS = ("samples", *SPECTRAL, *_lag_kinds(("mfcc", "chroma")))
NOTE_KINDS = (*NOTE_PICTURES, *_lag_kinds(("chroma", "onsets")))
NOTE_WIDTHS = {"roll": 88, "chroma": 12, "onsets": 16, "lead_roll": 88, "lead_onsets": 16}


@dataclass(frozen=True)
class Lags:
    """Self-similarity lag matrices (Grill & Schlüter 2015, Hernandez-Olivan 2020).

    Attributes:
        seconds: the longest lag.
        far_seconds: of the kinds that begin with `far_`.
        pool: frames that are one, their maximum, before distances are taken.
        rows: lags side by side are pooled until so many are left; 0, all of them. Of those
            that are far, `far_rows`.
        far_rows: see `rows`.
        stack: frames that are compared together.
        quantile: of the distances, which says what is near.
    """

    seconds: float = 14.0
    far_seconds: float = 88.0
    pool: int = 6
    rows: int = 0
    far_rows: int = 100
    stack: int = 2
    quantile: float = 0.1


@dataclass(frozen=True)
class Front:
    """The front end of an audio model: samples, or columns of a time-frequency picture.

    Frames are centred, as in librosa: n samples give 1 + n // `hop` of them. Of notes, frames are
    side by side and as long as a hop.

    Attributes:
        kinds: of `KINDS`, or of `NOTE_KINDS`; several stand side by side in the columns of one
            frame. `samples` stands alone. `sslm_` are lag matrices: of cepstra of mel bands, of
            chroma, of onsets, with Euclidean or cosine distances.
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
        pool: frames that are one, their maximum, in what the encoder hears.
        lags: of the lag matrices.
        of_notes: whether pictures are of notes, which are read from MIDI or MusicXML and not made
            to sound.

    Raises:
        ValueError: a kind that does not exist, samples beside another one or pooled, or lag
            matrices of frames that do not pool to those that the encoder hears.
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
    pool: int = 1
    lags: Lags = Lags()
    of_notes: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", tuple(self.kinds))
        if isinstance(self.lags, dict):
            object.__setattr__(self, "lags", Lags(**self.lags))
        known = NOTE_KINDS if self.of_notes else KINDS
        if unknown := set(self.kinds) - set(known):
            raise ValueError(f"no front end {', '.join(sorted(unknown))}; there are {known}")
        if not self.kinds or ("samples" in self.kinds and len(self.kinds) > 1):
            raise ValueError(f"a front end of {self.kinds}: samples stand alone")
        if self.pool < 1 or (self.hears_samples and self.pool > 1):
            raise ValueError(f"{self.pool} frames that are one, of {self.kinds}")
        if self.lag_kinds and (self.lags.pool < 1 or self.pool % self.lags.pool):
            raise ValueError(
                f"lag matrices of {self.lags.pool} frames that are one do not pool to {self.pool}"
            )
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
            **(NOTE_WIDTHS if self.of_notes else {}),
            **{kind: self.lag_rows(kind) for kind in self.lag_kinds},
        }
        return {kind: columns[kind] for kind in self.kinds}

    @property
    def lag_kinds(self) -> tuple[str, ...]:
        """Those of `kinds` that are lag matrices."""
        return tuple(kind for kind in self.kinds if "sslm_" in kind)

    @property
    def structured(self) -> bool:
        """Whether pictures are made of others, which are pooled or compared."""
        return self.pool > 1 or bool(self.lag_kinds) or self.of_notes

    def lag_count(self, kind: str) -> int:
        """Lags of a matrix, before they are pooled."""
        seconds = self.lags.far_seconds if kind.startswith("far_") else self.lags.seconds
        frames = round(seconds * self.sampling_rate / self.hop)
        return max(1, frames // self.lags.pool)

    def lag_rows(self, kind: str) -> int:
        """Lags of a matrix that are left: as many as asked for, or all where there are fewer."""
        count = self.lag_count(kind)
        wanted = self.lags.far_rows if kind.startswith("far_") else self.lags.rows
        return min(count, wanted) if wanted else count

    @property
    def width(self) -> int:
        """F: columns of one frame; 1 for samples."""
        return sum(self.widths.values())

    @property
    def rate(self) -> float:
        """Positions a second: samples or frames."""
        if self.hears_samples:
            return self.sampling_rate
        return self.sampling_rate / (self.hop * self.pool)

    @property
    def first(self) -> float:
        """The time of the first position's middle, in seconds; the next is 1 / `rate` later."""
        if self.hears_samples:
            return 0.0
        frames = self.pool / 2 if self.of_notes else (self.pool - 1) / 2
        return frames * self.hop / self.sampling_rate

    def positions(self, samples: int) -> int:
        """T: how many positions so many samples have."""
        return samples if self.hears_samples else max(1, (1 + samples // self.hop) // self.pool)

    def to_dict(self) -> dict[str, Any]:
        """Plain values; `Front(**front.to_dict())` is the front end."""
        return {**asdict(self), "kinds": list(self.kinds)}


STRUCTURE = Front(
    sampling_rate=44100,
    n_fft=2048,
    hop=1024,
    n_mels=80,
    fmin=80.0,
    fmax=16000.0,
    floor=-80.0,
    pool=6,
)
"""Mel bands as boundaries are heard in (Hernandez-Olivan 2020), 7.18 frames a second."""
