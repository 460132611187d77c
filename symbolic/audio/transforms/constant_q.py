"""Constant-Q transform equal to librosa's, with cached filters.

Schörkhuber & Klapuri 2010: one octave is filtered, then the samples are decimated by two for the
octave below. librosa filters in the frequency domain, with sparsified weights; here the same
weights are filters in the time domain, which one matrix product applies.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

import numpy as np

from symbolic.audio.decode import resample
from symbolic.audio.extra import audio_module
from symbolic.audio.front_end import FrontEnd
from symbolic.audio.transforms.products import product

SPARSITY = 0.01  # librosa's default
FRAMES = 256  # per block, so that they fit into the cache


@dataclass(frozen=True, eq=False)
class Octave:
    """The filters of one octave.

    Attributes:
        halved: whether the samples are decimated by two before it.
        hop: samples between frames, at the rate of this octave.
        bins: columns of the transform.
        filters: (N, 2K) float32, the real and then the imaginary parts of K filters.
    """

    halved: bool
    hop: int
    bins: slice
    filters: np.ndarray


def constant_q(samples: np.ndarray, front: FrontEnd) -> np.ndarray:
    """Compute the power of the constant-Q transform: |librosa.cqt(samples)|², with its defaults.

    (n,) float32 samples at `front.sampling_rate` give (T, `front.n_cqt`) float32.

    Raises:
        ValueError: bins beyond half the sampling rate.
    """
    frames = front.positions(len(samples))
    early, octaves = _octaves(front)
    if early > 1:
        samples = _decimated(samples, early)
    power = np.empty((frames, front.n_cqt), np.float32)
    for octave in octaves:
        if octave.halved:
            samples = _decimated(samples, 2)
        _filter(samples, octave, power[:, octave.bins])
    return power


def _decimated(samples: np.ndarray, factor: int) -> np.ndarray:
    """Decimate samples by a factor, keeping their energy."""
    return resample(samples, factor, 1) * np.float32(factor**0.5)


def _filter(samples: np.ndarray, octave: Octave, power: np.ndarray) -> None:
    """Fill the (T, K) power of the filters' output in frames centred at multiples of the hop."""
    size, twice = octave.filters.shape
    half, last = size // 2, (len(power) - 1) * octave.hop + size
    padded = np.zeros(max(last, half + len(samples)), np.float32)
    padded[half : half + len(samples)] = samples
    windows = np.lib.stride_tricks.sliding_window_view(padded, size)[:: octave.hop]
    for start in range(0, len(power), FRAMES):
        rows = slice(start, min(start + FRAMES, len(power)))
        parts = product(np.ascontiguousarray(windows[rows]), octave.filters)
        parts *= parts
        power[rows] = parts[:, : twice // 2] + parts[:, twice // 2 :]


@lru_cache(maxsize=16)
def _octaves(front: FrontEnd) -> tuple[int, tuple[Octave, ...]]:
    """Make the first decimation factor, and the octaves from the highest down."""
    librosa = audio_module("librosa")
    count, size = -(-front.n_cqt // front.bins_per_octave), front.bins_per_octave
    frequencies = front.cqt_fmin * 2.0 ** (np.arange(front.n_cqt) / size)
    ratio = 2.0 ** (2.0 / size)
    alpha = np.full(front.n_cqt, (ratio - 1) / (ratio + 1))  # bandwidth over frequency
    rate, hop = float(front.sampling_rate), front.hop
    _, highest = librosa.filters.wavelet_lengths(
        freqs=frequencies, sr=rate, window="hann", gamma=0, alpha=alpha
    )
    if highest > rate / 2:
        raise ValueError(
            f"constant-Q bins up to {highest:,.0f} Hz, beyond half the sampling rate of {rate:,.0f}"
        )
    spare = int(np.ceil(np.log2(rate / 2 / highest))) - 2  # decimations that keep all bins
    even = (hop & -hop).bit_length() - count  # decimations that keep the hop even
    early = 2 ** max(0, min(spare, even))
    rate, hop = rate / early, hop // early
    lengths, _ = librosa.filters.wavelet_lengths(
        freqs=frequencies, sr=rate, window="hann", gamma=0, alpha=alpha
    )

    octaves, here, halved = [], rate, False
    for number in range(count):
        end = front.n_cqt - number * size
        bins = slice(max(0, end - size), end)
        weights, length = _responses(librosa, frequencies[bins], alpha[bins], here)
        filters = np.fft.fft(weights, n=length, axis=1).T
        filters *= np.sqrt(rate / here / lengths[bins])
        joined = np.concatenate([filters.real, filters.imag], axis=1).astype(np.float32)
        octaves.append(Octave(halved, hop, bins, joined))
        halved = hop % 2 == 0
        if halved:
            hop, here = hop // 2, here / 2
    return early, tuple(octaves)


def _responses(
    librosa: ModuleType, frequencies: np.ndarray, alpha: np.ndarray, rate: float
) -> tuple[np.ndarray, int]:
    """Compute librosa's sparse (K, N / 2 + 1) weights of the filters by frequency, and N."""
    basis, lengths = librosa.filters.wavelet(
        freqs=frequencies, sr=rate, norm=1, pad_fft=True, window="hann", gamma=0, alpha=alpha
    )
    size = basis.shape[1]
    basis *= lengths[:, np.newaxis] / size  # in complex64, as librosa rounds them
    weights = np.fft.fft(basis, axis=1)[:, : size // 2 + 1]
    sparse = librosa.util.sparsify_rows(weights, quantile=SPARSITY, dtype=np.complex64)
    return sparse.toarray().astype(np.complex128), size
