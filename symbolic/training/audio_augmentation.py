"""Data augmentation for audio training windows, configured from the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from symbolic.audio import augment
from symbolic.audio.sample_types import float_samples
from symbolic.configuration import SymbolicConfig

PROBABILITY = 0.5  # of each augmentation
CLEAN = 50.0  # dB, the highest signal-to-noise ratio of added noise


@dataclass
class AugmentArguments:
    """Random augmentations, each of half of the windows; none by default."""

    stretch: float = field(
        default=0.0, metadata={"help": "0.1: time stretching by up to 10 %%, pitch unchanged"}
    )
    semitones: float = field(default=0.0, metadata={"help": "pitch shift, up and down"})
    speed: float = field(
        default=0.0, metadata={"help": "0.05: playback up to 5 %% slower or faster, with its pitch"}
    )
    equaliser: float = field(default=0.0, metadata={"help": "dB, largest change of an octave band"})
    gain: float = field(default=0.0, metadata={"help": "dB, largest change of the level"})
    noise: float = field(
        default=0.0,
        metadata={"help": "dB, lowest signal-to-noise ratio of noise; 0: none"},
    )
    spec_augment: bool = field(
        default=False, metadata={"help": "mask bands and frames (Park 2019)"}
    )


OF_SAMPLES = ("stretch", "semitones", "speed", "equaliser", "noise")

Augmentation = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def augmentation(config: SymbolicConfig, arguments: AugmentArguments) -> Augmentation | None:
    """Make the augmentation of training windows, `(window, rng) -> window`; None for no change.

    Args:
        config: of a model of audio. Spectrograms in dB can be made louder and masked; samples can
            be changed in all ways except masking.
        arguments: strengths of the augmentations.

    Raises:
        ValueError: an augmentation of samples for a model of spectrograms, or the other way round;
            or a model that takes no audio.
    """
    front = config.front_end
    if front is None:
        raise ValueError("audio augmentation of a model that takes no audio")
    given = [name for name in OF_SAMPLES if getattr(arguments, name)]
    if config.front_end_in_model or front.takes_samples:
        if arguments.spec_augment:
            raise ValueError("spec_augment masks spectrograms, and the model takes samples")
        if not (given or arguments.gain):
            return None
        return partial(change_samples, arguments, front.sampling_rate)
    if given:
        raise ValueError(f"{', '.join(given)}: of samples, and the model takes spectrograms")
    if arguments.gain and (not front.decibels or set(front.kinds) - {"mel", "magnitude", "cqt"}):
        raise ValueError(f"gain: of spectrograms in dB, not of {', '.join(front.kinds)}")
    if not (arguments.gain or arguments.spec_augment):
        return None
    return partial(_change_spectrogram, arguments)


def change_samples(
    arguments: AugmentArguments, sampling_rate: int, samples: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Change (n,) samples to (m,) float32, by each augmentation with the same probability.

    m is n unless they are stretched or sped up, which moves the boundaries of sections; speed and
    pitch shift change the key.
    """

    def drawn(strength: float) -> bool:
        return bool(strength) and rng.random() < PROBABILITY

    def around(middle: float, width: float) -> float:
        return rng.uniform(middle - width, middle + width)

    samples = float_samples(samples)
    if drawn(arguments.stretch):
        samples = augment.time_stretch(samples, around(1.0, arguments.stretch))
    if drawn(arguments.semitones):
        samples = augment.pitch_shift(samples, sampling_rate, around(0.0, arguments.semitones))
    if drawn(arguments.speed):
        samples = augment.speed(samples, around(1.0, arguments.speed))
    if drawn(arguments.equaliser):
        bands = len(augment.octave_bands(sampling_rate))
        gains = rng.uniform(-arguments.equaliser, arguments.equaliser, bands)
        samples = augment.equalise(samples, sampling_rate, gains.tolist())
    if drawn(arguments.gain):
        samples = augment.gain(samples, around(0.0, arguments.gain))
    if drawn(arguments.noise):
        decibels = rng.uniform(arguments.noise, max(CLEAN, arguments.noise))
        samples = augment.add_noise(samples, decibels, rng)
    return samples


def _change_spectrogram(
    arguments: AugmentArguments, frames: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    if arguments.gain and rng.random() < PROBABILITY:
        frames = frames + np.float32(rng.uniform(-arguments.gain, arguments.gain))
    return augment.spec_augment(frames, rng) if arguments.spec_augment else frames
