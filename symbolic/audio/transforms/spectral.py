"""Time-frequency frames: mel, MFCC, constant-Q, chroma and magnitude, as librosa defines them.

They differ from librosa's defaults in two ways, so that the values of an excerpt do not depend on
the rest of the song: decibels have no limit relative to the loudest frame (`top_db`), and the
tuning of chroma is A = 440 Hz instead of an estimate.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

import numpy as np

from symbolic.audio.front_end import FrontEnd
from symbolic.audio.sample_types import float_samples
from symbolic.audio.transforms.banks import cepstral_bank, chroma_bank, hann, mel_blocks
from symbolic.audio.transforms.constant_q import constant_q
from symbolic.audio.transforms.derived import derived_frames, intermediate
from symbolic.audio.transforms.lag_matrix import pooled
from symbolic.audio.transforms.products import product

FRAMES = 64  # per block, so that they fit into the cache


def front_features(samples: np.ndarray, front: FrontEnd) -> np.ndarray:
    """Compute the input of an encoder from samples.

    Hann windows; frames are centred, and samples are padded with silence. Decibels of a band are
    10 log10 of its power, which is its sum squared where `front.power` is 1. Chroma is librosa's
    `chroma_stft`: the loudest pitch class of each frame is 1.

    Args:
        samples: (n,) at `front.sampling_rate`, n at least 1, of any type that `float_samples`
            takes.
        front: the front end.

    Returns:
        (T, F) float32 with T = `front.positions(n)` and F = `front.width`, kinds concatenated in
        the order of `front.kinds`; (n,) float32 where the front end takes samples.

    Raises:
        ValueError: samples of another shape, a front end of notes, or constant-Q bins beyond half
            the sampling rate.
        ImportError: librosa is missing.
    """
    samples = float_samples(samples)
    if samples.ndim != 1 or not len(samples):
        raise ValueError(f"expected (n,) samples of one channel, got {samples.shape}")
    if front.from_notes:
        raise ValueError("a front end of notes takes no samples")
    if front.takes_samples:
        return samples
    if front.is_derived:
        made_of = intermediate(front)
        frames = front_features(samples, replace(made_of, pool=1))
        return derived_frames(pooled(frames, made_of.pool), made_of, front)
    out = np.empty((front.positions(len(samples)), front.width), np.float32)
    columns = front.slices
    if set(columns) - {"cqt"}:
        _fill_spectral(samples, front, columns, out)
    if "cqt" in columns:
        power = constant_q(samples, front)
        out[:, columns["cqt"]] = decibels(power, front) if front.decibels else np.sqrt(power)
    return out


@lru_cache(maxsize=64)
def silence(front: FrontEnd) -> np.ndarray:
    """Compute a frame of digital silence, for padding: (F,), in most columns the floor.

    () zero where the front end takes samples.
    """
    if front.from_notes:
        frame = np.zeros(front.width, np.float32)
    else:
        frame = np.array(front_features(np.zeros(1, np.float32), front)[0])
    frame.setflags(write=False)
    return frame


def decibels(power: np.ndarray, front: FrontEnd) -> np.ndarray:
    """Convert a power to dB, at least the front end's floor, in place."""
    np.maximum(power, np.float32(front.least_power), out=power)
    np.log(power, out=power)  # faster in numpy than log10
    power *= np.float32(10 / np.log(10))
    return power


def _fill_spectral(
    samples: np.ndarray, front: FrontEnd, columns: dict[str, slice], out: np.ndarray
) -> None:
    """Fill the columns that are computed from the short-time Fourier transform.

    The transform is in float64, as in librosa: in float32 the rounding errors of a loud frequency
    change bands 80 dB below it by some hundredths of a dB.
    """
    from scipy import fft

    window, size, half = hann(front), front.n_fft, front.n_fft // 2
    padded = np.zeros(max(half + len(samples), (len(out) - 1) * front.hop + size), np.float32)
    padded[half : half + len(samples)] = samples
    windows = np.lib.stride_tricks.sliding_window_view(padded, size)[:: front.hop]
    for start in range(0, len(out), FRAMES):
        rows = out[start : start + FRAMES]
        # scipy declares a tuple as the result.
        spectrum = cast(Any, fft.rfft(windows[start : start + len(rows)] * window, axis=1))
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        if "mel" in columns or "mfcc" in columns:
            _fill_mel(power, front, columns, rows)
        if "chroma" in columns:
            rows[:, columns["chroma"]] = _chroma(power, front)
        if "magnitude" in columns:
            rows[:, columns["magnitude"]] = (
                decibels(power, front) if front.decibels else np.sqrt(power)
            )


def _fill_mel(
    power: np.ndarray, front: FrontEnd, columns: dict[str, slice], rows: np.ndarray
) -> None:
    magnitudes = power if front.power == 2 else power ** np.float32(front.power / 2)
    bands = np.empty((len(power), front.n_mels), np.float32)
    for block, bins, weights in mel_blocks(front):
        bands[:, block] = product(magnitudes[:, bins], weights)
    if "mel" in columns and not front.decibels:
        rows[:, columns["mel"]] = bands
    if "mfcc" in columns or front.decibels:
        power = bands if front.power == 2 else bands ** np.float32(2 / front.power)
        bands = decibels(power, front)
    if "mel" in columns and front.decibels:
        rows[:, columns["mel"]] = bands
    if "mfcc" in columns:
        rows[:, columns["mfcc"]] = product(bands, cepstral_bank(front))


def _chroma(power: np.ndarray, front: FrontEnd) -> np.ndarray:
    chroma = product(power, chroma_bank(front))
    loudest = chroma.max(axis=1, keepdims=True)
    return chroma / np.where(loudest < np.finfo(np.float32).tiny, 1, loudest)
