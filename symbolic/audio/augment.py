"""Perturbations of recordings, for data augmentation and for tests of robustness.

The predictions of a model that has learned the recording and not the music ("Clever Hans", Sturm
2014) change under an equaliser, noise or the low-pass filter of an MP3, which leave the music as it
is.

Samples may be of any type that `float_samples` takes; returned samples have full scale at 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from symbolic.audio.decode import resample
from symbolic.audio.extra import audio_module
from symbolic.audio.sample_types import float_samples

LOWEST_BAND = 62.5  # Hz, centre of the lowest octave band of the equaliser
RING_SECONDS = 0.25  # of silence around the samples, for the ringing of a filter
SLOPE = 0.05  # width of the transition band of a low-pass, relative to the cutoff


def time_stretch(samples: np.ndarray, rate: float) -> np.ndarray:
    """Speed up (n,) samples at the same pitch to (n / rate,), by a phase vocoder."""
    _positive("rate", rate)
    samples = float_samples(samples)
    if rate == 1:
        return samples
    stretched = audio_module("librosa").effects.time_stretch(samples, rate=rate)
    return stretched.astype(np.float32)


def pitch_shift(samples: np.ndarray, sampling_rate: int, semitones: float) -> np.ndarray:
    """Shift (n,) samples up by semitones, at the same tempo."""
    samples = float_samples(samples)
    if semitones == 0:
        return samples
    shifted = audio_module("librosa").effects.pitch_shift(
        samples, sr=sampling_rate, n_steps=semitones, res_type="soxr_hq"
    )
    return shifted.astype(np.float32)


def speed(samples: np.ndarray, factor: float) -> np.ndarray:
    """Play (n,) samples faster, as a tape: (ceil(n / factor),), at a higher pitch."""
    _positive("factor", factor)
    return resample(samples, factor, 1.0)


def gain(samples: np.ndarray, db: float) -> np.ndarray:
    """Amplify (n,) samples by decibels, without clipping."""
    return float_samples(samples) * np.float32(10 ** (db / 20))


def add_noise(samples: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """Add white noise to (n,) samples, `snr_db` below their power; silence stays silent."""
    samples = float_samples(samples)
    power = np.mean(np.square(samples, dtype=np.float64))
    level = np.float32(np.sqrt(power * 10 ** (-snr_db / 10)))
    return samples + level * rng.standard_normal(len(samples), dtype=np.float32)


def octave_bands(sampling_rate: int) -> np.ndarray:
    """Return the (k,) centres in Hz of the equaliser's octave bands, from 62.5 Hz up to Nyquist."""
    count = int(np.ceil(np.log2(sampling_rate / 2 / LOWEST_BAND)))
    return LOWEST_BAND * 2.0 ** np.arange(max(1, count))


def equalise(samples: np.ndarray, sampling_rate: int, gains_db: Sequence[float]) -> np.ndarray:
    """Apply a graphic equaliser of linear phase and no delay.

    There is one gain per band of `octave_bands(sampling_rate)`; it is linear in log-frequency
    between the centres, constant beyond them.

    Raises:
        ValueError: another number of gains than of bands.
    """
    bands = octave_bands(sampling_rate)
    if len(gains_db) != len(bands):
        raise ValueError(f"{len(gains_db)} gains for {len(bands)} octave bands")

    def response(hertz: np.ndarray) -> np.ndarray:
        octaves = np.log2(np.maximum(hertz, 1.0))
        return 10 ** (np.interp(octaves, np.log2(bands), gains_db) / 20)

    return _filtered(float_samples(samples), sampling_rate, response)


def low_pass(samples: np.ndarray, sampling_rate: int, cutoff: float = 16000.0) -> np.ndarray:
    """Remove frequencies above a cutoff in Hz; an MP3 of 128 kbit/s has its cutoff at 16 kHz.

    Samples whose Nyquist frequency is not above the cutoff are unchanged.
    """
    _positive("cutoff", cutoff)
    samples = float_samples(samples)
    if cutoff >= sampling_rate / 2:
        return samples

    def response(hertz: np.ndarray) -> np.ndarray:
        return 0.5 + 0.5 * np.cos(np.pi * np.clip((hertz / cutoff - 1) / SLOPE, 0, 1))

    return _filtered(samples, sampling_rate, response)


def _filtered(
    samples: np.ndarray, sampling_rate: int, response: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Multiply each frequency of samples by its `response`, a function of Hz."""
    from scipy import fft

    ring = int(RING_SECONDS * sampling_rate)
    size = fft.next_fast_len(len(samples) + 2 * ring, real=True)
    spectrum = np.asarray(fft.rfft(np.pad(samples, (ring, ring)), size))
    spectrum *= response(fft.rfftfreq(size, 1 / sampling_rate)).astype(np.float32)
    return np.asarray(fft.irfft(spectrum, size))[ring : ring + len(samples)].astype(np.float32)


def spec_augment(
    frames: np.ndarray,
    rng: np.random.Generator,
    time_masks: int = 2,
    time_width: int = 40,
    frequency_masks: int = 2,
    frequency_width: int = 16,
) -> np.ndarray:
    """Mask stripes of time and of frequency (SpecAugment, Park et al. 2019, without time warping).

    Args:
        frames: (T, F).
        rng: draws the stripes.
        time_masks, frequency_masks: number of stripes of each kind.
        time_width, frequency_width: maximum width in frames and columns; widths are drawn from 0 to
            this, and are at most half of the frames or columns.

    Returns:
        (T, F) copy; masked values are the mean of their column.
    """
    rows = _stripes(len(frames), time_masks, time_width, rng)
    columns = _stripes(frames.shape[1], frequency_masks, frequency_width, rng)
    masked = rows[:, None] | columns[None]
    return np.where(masked, frames.mean(axis=0, keepdims=True), frames).astype(frames.dtype)


def _stripes(size: int, count: int, widest: int, rng: np.random.Generator) -> np.ndarray:
    """Draw stripes, and mark the places in any of them: (size,) bool."""
    widths = rng.integers(0, min(widest, size // 2), count, endpoint=True)
    starts = rng.integers(0, size - widths, endpoint=True)
    places = np.arange(size)
    inside = (places >= starts[:, None]) & (places < (starts + widths)[:, None])
    return np.asarray(inside.any(axis=0))


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} {value} is not positive")
