"""What is done to the windows that a model of audio learns from, as the command line says it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from symbolic.audio.augment import AudioAugmentation, spec_augment
from symbolic.audio.front_end import FrontEnd
from symbolic.configuration import SymbolicConfig

CLEAN = 50.0  # dB, the highest signal-to-noise ratio of added noise: hardly heard


@dataclass
class AugmentArguments:
    """Changes by chance, each of half of the windows; none by default."""

    stretch: float = field(
        default=0.0, metadata={"help": "0.1: up to a tenth slower or faster, of the same pitch"}
    )
    semitones: float = field(default=0.0, metadata={"help": "pitch moved up to so far, both ways"})
    speed: float = field(
        default=0.0, metadata={"help": "0.05: up to a twentieth slower or faster, as a tape is"}
    )
    equaliser: float = field(default=0.0, metadata={"help": "dB up to which octaves are moved"})
    gain: float = field(default=0.0, metadata={"help": "dB, up to so much louder or softer"})
    noise: float = field(
        default=0.0, metadata={"help": "dB, the lowest ratio of signal to noise; 0: no noise"}
    )
    spec_augment: bool = field(
        default=False, metadata={"help": "masked bands and stretches of frames (Park 2019)"}
    )


OF_SAMPLES = ("stretch", "semitones", "speed", "equaliser", "noise")

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def augmentation(config: SymbolicConfig, arguments: AugmentArguments) -> Change | None:
    """What changes a training window, `(window, rng) -> window`; None where nothing does.

    Args:
        config: of the model, which says what a window is. Pictures in dB can be made louder and
            masked, samples anything but masked.
        arguments: how much.

    Raises:
        ValueError: a change of samples where the model takes pictures, or the other way round.
    """
    front = config.front_end
    asked = [name for name in OF_SAMPLES if getattr(arguments, name)]
    if config.front_end_in_model or front.takes_samples:
        if arguments.spec_augment:
            raise ValueError("spec_augment masks pictures, and the model takes samples")
        if not (asked or arguments.gain):
            return None
        return partial(_of_samples, sound_changes(arguments), front)
    if asked:
        raise ValueError(f"{', '.join(asked)}: of samples, and the model takes pictures")
    if arguments.gain and (not front.decibels or set(front.kinds) - {"mel", "magnitude", "cqt"}):
        raise ValueError(f"gain: of pictures in dB, not of {', '.join(front.kinds)}")
    if not (arguments.gain or arguments.spec_augment):
        return None
    return partial(_of_pictures, arguments)


def sound_changes(arguments: AugmentArguments) -> AudioAugmentation:
    """The changes of samples that are asked for."""

    def around(middle: float, reach: float) -> tuple[float, float] | None:
        return (middle - reach, middle + reach) if reach else None

    return AudioAugmentation(
        stretch=around(1.0, arguments.stretch),
        semitones=around(0.0, arguments.semitones),
        speed=around(1.0, arguments.speed),
        equaliser_db=arguments.equaliser or None,
        gain_db=around(0.0, arguments.gain),
        snr_db=(arguments.noise, max(CLEAN, arguments.noise)) if arguments.noise else None,
    )


def _of_samples(
    change: AudioAugmentation, front: FrontEnd, samples: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    return change(samples, front.sampling_rate, rng)


def _of_pictures(
    arguments: AugmentArguments, frames: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    if arguments.gain and rng.random() < AudioAugmentation.probability:
        frames = frames + np.float32(rng.uniform(-arguments.gain, arguments.gain))
    return spec_augment(frames, rng) if arguments.spec_augment else frames
