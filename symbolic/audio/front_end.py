"""Front ends: the time-frequency input of an audio encoder, as one specification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from typing import Any

from symbolic.renamed import renamed_keys

SPECTRAL = ("magnitude", "mel", "mfcc", "cqt", "chroma")
DISTANCES = ("euclidean", "cosine")
ROLL_WIDTHS = {"roll": 88, "chroma": 12, "onsets": 16, "lead_roll": 88, "lead_onsets": 16}
ROLL_KINDS = tuple(ROLL_WIDTHS)


def lag_kinds(
    columns: tuple[str, ...],
    distances: tuple[str, ...] = DISTANCES,
    prefixes: tuple[str, ...] = ("",),
) -> tuple[str, ...]:
    """Name the lag matrices of columns such as `mfcc`; the prefix `far_` is that of longer lags."""
    return tuple(
        f"{prefix}sslm_{column}_{distance}"
        for prefix in prefixes
        for column in columns
        for distance in distances
    )


KINDS = ("samples", *SPECTRAL, *lag_kinds(("mfcc", "chroma"), prefixes=("", "far_")))
NOTE_KINDS = (*ROLL_KINDS, *lag_kinds(("chroma", "onsets"), prefixes=("", "far_")))


@dataclass(frozen=True)
class Lags:
    """Parameters of self-similarity lag matrices (Grill & Schlüter 2015, Hernandez-Olivan 2020).

    Attributes:
        seconds: the longest lag.
        far_seconds: the longest lag of the kinds that begin with `far_`.
        pool: frames that are max-pooled before distances are computed.
        rows: rows of a matrix after adjacent lags are max-pooled; 0 keeps every lag.
        far_rows: the same for the kinds that begin with `far_`.
        stack: consecutive frames that are compared as one vector.
        quantile: quantile of the distances that sets the scale of similarity.
    """

    seconds: float = 14.0
    far_seconds: float = 88.0
    pool: int = 6
    rows: int = 0
    far_rows: int = 100
    stack: int = 2
    quantile: float = 0.1


@dataclass(frozen=True)
class FrontEnd:
    """The front end of an audio model: samples, or the columns of a time-frequency input.

    Frames of recordings are centred, as in librosa: n samples give 1 + n // `hop` of them. Frames
    of notes are adjacent spans of one hop each.

    Attributes:
        kinds: names in `KINDS`, or in `NOTE_KINDS` for notes. The columns of several kinds are
            concatenated in each frame; `samples` cannot be combined with others. `sslm_` kinds are
            lag matrices of the cepstra of mel bands, of chroma or of onsets, with Euclidean or
            cosine distances.
        sampling_rate: in Hz.
        n_fft: window length in samples.
        hop: samples between frames.
        n_mels: mel bands.
        n_mfcc: cepstral coefficients of these bands.
        n_cqt: bins of the constant-Q transform.
        bins_per_octave: bins of the constant-Q transform in one octave.
        fmin, fmax: limits of the mel bands in Hz; None is half the sampling rate.
        cqt_fmin: frequency of the lowest constant-Q bin in Hz; C1 by default.
        htk: whether the mel scale is HTK's instead of Slaney's.
        norm: `slaney`, bands of equal area, or None, bands of equal height.
        power: exponent of the magnitudes that the mel bands sum, 1 or 2.
        decibels: whether mel, magnitude and constant-Q are in dB, 10 log10 of a power, with no
            limit relative to the loudest frame: the values of an excerpt must not depend on the
            rest of the song. MFCC are always computed from dB.
        floor: in dB; softer values are raised to it.
        pool: frames that are max-pooled into one frame of the encoder's input.
        lags: parameters of the lag matrices.
        from_notes: whether frames are computed from notes, which are read from MIDI or MusicXML
            and are not rendered to audio.

    Raises:
        ValueError: an unknown kind, samples that are combined or pooled, or lag matrices whose
            pooling does not divide that of the encoder's input.
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
    from_notes: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", tuple(self.kinds))
        if isinstance(self.lags, dict):
            object.__setattr__(self, "lags", Lags(**self.lags))
        known = NOTE_KINDS if self.from_notes else KINDS
        if unknown := set(self.kinds) - set(known):
            raise ValueError(f"unknown front end {', '.join(sorted(unknown))}; known: {known}")
        if not self.kinds or ("samples" in self.kinds and len(self.kinds) > 1):
            raise ValueError(f"front end of {self.kinds}: samples cannot be combined")
        if self.pool < 1 or (self.takes_samples and self.pool > 1):
            raise ValueError(f"pooling of {self.pool} frames of {self.kinds}")
        if self.lag_kinds and (self.lags.pool < 1 or self.pool % self.lags.pool):
            raise ValueError(
                f"lag matrices pool {self.lags.pool} frames, which does not divide {self.pool}"
            )
        if self.norm not in ("slaney", None):
            raise ValueError(f"norm {self.norm!r} is neither slaney nor None")

    @property
    def least_power(self) -> float:
        """The power at `floor`."""
        return 10 ** (self.floor / 10)

    @property
    def takes_samples(self) -> bool:
        """Whether the input is (n,) samples instead of (T, F) frames."""
        return self.kinds == ("samples",)

    @property
    def widths(self) -> dict[str, int]:
        """Columns of each kind, in the order in which they are concatenated."""
        columns = {
            "samples": 1,
            "magnitude": self.n_fft // 2 + 1,
            "mel": self.n_mels,
            "mfcc": self.n_mfcc,
            "cqt": self.n_cqt,
            "chroma": 12,
            **(ROLL_WIDTHS if self.from_notes else {}),
            **{kind: self.lag_rows(kind) for kind in self.lag_kinds},
        }
        return {kind: columns[kind] for kind in self.kinds}

    @property
    def slices(self) -> dict[str, slice]:
        """Place of the columns of each kind in a frame."""
        ends = accumulate(self.widths.values())
        return {
            kind: slice(end - width, end)
            for (kind, width), end in zip(self.widths.items(), ends, strict=True)
        }

    @property
    def lag_kinds(self) -> tuple[str, ...]:
        """The members of `kinds` that are lag matrices."""
        return tuple(kind for kind in self.kinds if "sslm_" in kind)

    @property
    def is_derived(self) -> bool:
        """Whether frames are derived from other frames, by pooling or lag matrices, or from notes.

        See `symbolic.audio.transforms.derived`.
        """
        return self.pool > 1 or bool(self.lag_kinds) or self.from_notes

    def lag_count(self, kind: str) -> int:
        """Count the lags of a matrix before they are pooled."""
        seconds = self.lags.far_seconds if kind.startswith("far_") else self.lags.seconds
        frames = round(seconds * self.sampling_rate / self.hop)
        return max(1, frames // self.lags.pool)

    def lag_rows(self, kind: str) -> int:
        """Count the rows of a matrix after its lags are pooled; at most its lags."""
        count = self.lag_count(kind)
        wanted = self.lags.far_rows if kind.startswith("far_") else self.lags.rows
        return min(count, wanted) if wanted else count

    @property
    def width(self) -> int:
        """F: columns of one frame; 1 for samples."""
        return sum(self.widths.values())

    @property
    def rate(self) -> float:
        """Positions per second: samples or frames."""
        if self.takes_samples:
            return self.sampling_rate
        return self.sampling_rate / (self.hop * self.pool)

    @property
    def first(self) -> float:
        """Centre of the first position in seconds; the next one is 1 / `rate` later."""
        if self.takes_samples:
            return 0.0
        frames = self.pool / 2 if self.from_notes else (self.pool - 1) / 2
        return frames * self.hop / self.sampling_rate

    def positions(self, samples: int) -> int:
        """Count the positions T of so many samples."""
        return samples if self.takes_samples else max(1, (1 + samples // self.hop) // self.pool)

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain values, from which `FrontEnd.from_dict` restores the front end."""
        return {**asdict(self), "kinds": list(self.kinds)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FrontEnd:
        """Restore a front end from `to_dict`, also as version 0.1.0 saved it."""
        return cls(**renamed_keys(values, {"of_notes": "from_notes"}))


STRUCTURE = FrontEnd(
    sampling_rate=44100,
    n_fft=2048,
    hop=1024,
    n_mels=80,
    fmin=80.0,
    fmax=16000.0,
    floor=-80.0,
    pool=6,
)
"""Mel bands for boundary detection (Hernandez-Olivan 2020), 7.18 frames per second."""

ROLL = replace(STRUCTURE, kinds=("roll",), from_notes=True)
"""A piano roll of notes in as many frames."""
