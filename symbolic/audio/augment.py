"""Changes of a recording: to learn from more of it, and to ask whether a model heard the music.

A model that has learnt the recording and not the music ("Clever Hans", Sturm 2014) changes its
answer when an equaliser, noise or the low-pass of an MP3 changes the sound alone.

Samples may be of any type that `float_samples` takes; full scale is 1 in what is returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symbolic.audio.decode import resample
from symbolic.audio.extra import audio_module
from symbolic.audio.sample_types import float_samples

LOWEST_BAND = 62.5  # Hz, centre of the lowest octave band of the equaliser
RING_SECONDS = 0.25  # of silence around the samples, for what a filter adds before and after
SLOPE = 0.05  # of the cutoff: how wide a low-pass falls


def time_stretch(samples: np.ndarray, rate: float) -> np.ndarray:
    """(n,) samples `rate` times as fast at the same pitch, (n / rate,): a phase vocoder."""
    _positive("rate", rate)
    samples = float_samples(samples)
    if rate == 1:
        return samples
    stretched = audio_module("librosa").effects.time_stretch(samples, rate=rate)
    return stretched.astype(np.float32)


def pitch_shift(samples: np.ndarray, sampling_rate: int, semitones: float) -> np.ndarray:
    """(n,) samples so many semitones higher, (n,) at the same tempo."""
    samples = float_samples(samples)
    if semitones == 0:
        return samples
    shifted = audio_module("librosa").effects.pitch_shift(
        samples, sr=sampling_rate, n_steps=semitones, res_type="soxr_hq"
    )
    return shifted.astype(np.float32)


def speed(samples: np.ndarray, factor: float) -> np.ndarray:
    """(n,) samples played faster, as a tape is: (ceil(n / factor),), higher in pitch, too."""
    _positive("factor", factor)
    return resample(samples, factor, 1.0)


def gain(samples: np.ndarray, db: float) -> np.ndarray:
    """(n,) samples so many decibels louder; nothing is clipped."""
    return float_samples(samples) * np.float32(10 ** (db / 20))


def add_noise(samples: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """(n,) samples with white noise whose power is `snr_db` below theirs; silence stays silent."""
    samples = float_samples(samples)
    power = np.mean(np.square(samples, dtype=np.float64))
    level = np.float32(np.sqrt(power * 10 ** (-snr_db / 10)))
    return samples + level * rng.standard_normal(len(samples), dtype=np.float32)


def octave_bands(sampling_rate: int) -> np.ndarray:
    """(k,) centres in Hz of the equaliser's octave bands, 62.5 Hz, 125 Hz and on, below Nyquist."""
    count = int(np.ceil(np.log2(sampling_rate / 2 / LOWEST_BAND)))
    return LOWEST_BAND * 2.0 ** np.arange(max(1, count))


def equalise(samples: np.ndarray, sampling_rate: int, gains_db: Sequence[float]) -> np.ndarray:
    """(n,) samples through a graphic equaliser of linear phase and no delay.

    Args:
        samples: (n,).
        sampling_rate: in Hz.
        gains_db: one gain for each of `octave_bands(sampling_rate)`; between the centres it runs
            straight over the logarithm of the frequency, beyond them it stays.

    Raises:
        ValueError: as many gains as there are no bands.
    """
    bands = octave_bands(sampling_rate)
    if len(gains_db) != len(bands):
        raise ValueError(f"{len(gains_db)} gains for {len(bands)} octave bands")

    def response(hertz: np.ndarray) -> np.ndarray:
        octaves = np.log2(np.maximum(hertz, 1.0))
        return 10 ** (np.interp(octaves, np.log2(bands), gains_db) / 20)

    return _filtered(float_samples(samples), sampling_rate, response)


def low_pass(samples: np.ndarray, sampling_rate: int, cutoff: float = 16000.0) -> np.ndarray:
    """(n,) samples without what is above a cutoff in Hz, as an MP3 of 128 kbit/s cuts at 16 kHz.

    Where half the sampling rate is not above the cutoff, nothing is changed.
    """
    _positive("cutoff", cutoff)
    samples = float_samples(samples)
    if cutoff >= sampling_rate / 2:
        return samples

    def response(hertz: np.ndarray) -> np.ndarray:
        return 0.5 + 0.5 * np.cos(np.pi * np.clip((hertz / cutoff - 1) / SLOPE, 0, 1))

    return _filtered(samples, sampling_rate, response)


def _filtered(samples: np.ndarray, sampling_rate: int, response) -> np.ndarray:
    """Samples with each frequency multiplied by what `response` gives for it in Hz."""
    from scipy import fft

    ring = int(RING_SECONDS * sampling_rate)
    size = fft.next_fast_len(len(samples) + 2 * ring, real=True)
    spectrum = fft.rfft(np.pad(samples, (ring, ring)), size)
    spectrum *= response(fft.rfftfreq(size, 1 / sampling_rate)).astype(np.float32)
    return fft.irfft(spectrum, size)[ring : ring + len(samples)].astype(np.float32)


def spec_augment(
    frames: np.ndarray,
    rng: np.random.Generator,
    time_masks: int = 2,
    time_width: int = 40,
    frequency_masks: int = 2,
    frequency_width: int = 16,
) -> np.ndarray:
    """Frames with stripes of time and of frequency hidden (Park et al. 2019, without the warp).

    Args:
        frames: (T, F).
        rng: where the stripes are.
        time_masks, frequency_masks: stripes of each kind.
        time_width, frequency_width: the widest that one may be, in frames and columns; stripes are
            of 0 to that many, and never of more than half of the picture.

    Returns:
        (T, F) copy; what is hidden is the mean of its column, which tells nothing and is no noise.
    """
    rows = _stripes(len(frames), time_masks, time_width, rng)
    columns = _stripes(frames.shape[1], frequency_masks, frequency_width, rng)
    hidden = rows[:, None] | columns[None]
    return np.where(hidden, frames.mean(axis=0, keepdims=True), frames).astype(frames.dtype)


def _stripes(size: int, count: int, widest: int, rng: np.random.Generator) -> np.ndarray:
    """(size,) bool, where any of the stripes is."""
    widths = rng.integers(0, min(widest, size // 2), count, endpoint=True)
    starts = rng.integers(0, size - widths, endpoint=True)
    places = np.arange(size)
    return ((places >= starts[:, None]) & (places < (starts + widths)[:, None])).any(axis=0)


@dataclass(frozen=True)
class AudioAugmentation:
    """Changes by chance, each with the same probability; None leaves one out.

    Time stretching and speed move the boundaries of sections, and speed and pitch the key: leave
    out those that would make the labels wrong.

    Attributes:
        probability: of each change.
        stretch: range of rates of `time_stretch`.
        semitones: range of `pitch_shift`, in semitones.
        speed: range of factors.
        equaliser_db: the most that each octave band is raised or lowered.
        low_pass: range of cutoffs in Hz.
        gain_db: range in dB.
        snr_db: range of signal-to-noise ratios in dB.
    """

    probability: float = 0.5
    stretch: tuple[float, float] | None = None
    semitones: tuple[float, float] | None = None
    speed: tuple[float, float] | None = (0.95, 1.05)
    equaliser_db: float | None = 3.0
    low_pass: tuple[float, float] | None = None
    gain_db: tuple[float, float] | None = (-6.0, 6.0)
    snr_db: tuple[float, float] | None = (20.0, 50.0)

    def __call__(
        self, samples: np.ndarray, sampling_rate: int, rng: np.random.Generator
    ) -> np.ndarray:
        """(m,) float32 samples, changed; m is n unless they are stretched or played faster."""

        def happens(wanted: object) -> bool:
            return wanted is not None and rng.random() < self.probability

        samples = float_samples(samples)
        if happens(self.stretch):
            samples = time_stretch(samples, rng.uniform(*self.stretch))
        if happens(self.semitones):
            samples = pitch_shift(samples, sampling_rate, rng.uniform(*self.semitones))
        if happens(self.speed):
            samples = speed(samples, rng.uniform(*self.speed))
        if happens(self.equaliser_db):
            bands = len(octave_bands(sampling_rate))
            gains = rng.uniform(-self.equaliser_db, self.equaliser_db, bands)
            samples = equalise(samples, sampling_rate, gains)
        if happens(self.low_pass):
            samples = low_pass(samples, sampling_rate, rng.uniform(*self.low_pass))
        if happens(self.gain_db):
            samples = gain(samples, rng.uniform(*self.gain_db))
        if happens(self.snr_db):
            samples = add_noise(samples, rng.uniform(*self.snr_db), rng)
        return samples


def _positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} {value} is not positive")
