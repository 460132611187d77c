"""Windows and filter banks: from frequencies to mel bands, pitch classes and cepstra."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from symbolic.audio.extra import audio_module
from symbolic.audio.front_end import FrontEnd

BANDS = 16  # adjacent mel bands that share one matrix product


def hann(front: FrontEnd) -> np.ndarray:
    """Compute the periodic Hann window, (n_fft,) float64."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(front.n_fft) / front.n_fft)


@lru_cache(maxsize=16)
def mel_bank(front: FrontEnd) -> np.ndarray:
    """Compute the (bins, n_mels) float32 weights of frequencies in mel bands."""
    bank = audio_module("librosa").filters.mel(
        sr=front.sampling_rate,
        n_fft=front.n_fft,
        n_mels=front.n_mels,
        fmin=front.fmin,
        fmax=front.fmax,
        htk=front.htk,
        norm=front.norm,
    )
    return np.ascontiguousarray(bank.T)


@lru_cache(maxsize=16)
def cepstral_bank(front: FrontEnd) -> np.ndarray:
    """Compute the orthonormal DCT-II, (n_mels, n_mfcc) float32.

    Raises:
        ValueError: more coefficients than bands.
    """
    if front.n_mfcc > front.n_mels:
        raise ValueError(f"{front.n_mfcc} MFCC of {front.n_mels} mel bands")
    band, coefficient = np.arange(front.n_mels)[:, None] + 0.5, np.arange(front.n_mfcc)
    bank = np.cos(np.pi / front.n_mels * band * coefficient) * np.sqrt(2 / front.n_mels)
    bank[:, 0] /= np.sqrt(2)
    return bank.astype(np.float32)


@lru_cache(maxsize=16)
def chroma_bank(front: FrontEnd) -> np.ndarray:
    """Compute the (bins, 12) float32 weights of frequencies in pitch classes, at A = 440 Hz."""
    bank = audio_module("librosa").filters.chroma(
        sr=front.sampling_rate, n_fft=front.n_fft, tuning=0.0
    )
    return np.ascontiguousarray(bank.T, dtype=np.float32)


@lru_cache(maxsize=16)
def mel_blocks(front: FrontEnd) -> list[tuple[slice, slice, np.ndarray]]:
    """Split the mel bank into blocks without its zeros: bands, bins with weights, and weights."""
    bank, blocks = mel_bank(front), []
    for start in range(0, front.n_mels, BANDS):
        bands = slice(start, start + BANDS)
        used = np.flatnonzero(bank[:, bands].any(axis=1))
        bins = slice(used[0], used[-1] + 1) if len(used) else slice(0, 1)
        blocks.append((bands, bins, np.ascontiguousarray(bank[bins, bands])))
    return blocks
