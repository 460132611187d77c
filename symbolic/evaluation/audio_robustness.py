"""The probe for "Clever Hans": whether an answer changes where the music does not (Sturm 2014).

A model that has learnt the music keeps its answer under an equaliser, a low-pass as of an MP3,
another gain, and a speed that hardly anybody hears.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from symbolic.audio.augment import equalise, gain, low_pass, octave_bands, speed
from symbolic.audio.front_end import FrontEnd
from symbolic.inference.prediction import predict_audio
from symbolic.modeling import SymbolicModel

LARGEST = 3.0  # dB
SEED = 0

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Probed:
    """What became of the answers under one change.

    Attributes:
        changed: share of the recordings whose most probable class changed; of tags, share of the
            tags of all recordings that crossed one half.
        distance: mean total-variation distance of the probabilities, 0..1; of tags, their mean
            absolute difference.
    """

    changed: float
    distance: float


def sample_perturbations(rate: int) -> dict[str, Change]:
    """Changes of (n,) samples at a sampling rate, by name; inaudible to mild."""
    bands = len(octave_bands(rate))
    return {
        "equaliser ±3 dB": lambda samples, rng: equalise(
            samples, rate, rng.uniform(-LARGEST, LARGEST, bands)
        ),
        "low-pass as of an MP3": lambda samples, rng: low_pass(samples, rate, 0.4 * rate),
        "gain -6 dB": lambda samples, rng: gain(samples, -6.0),
        "gain +6 dB": lambda samples, rng: gain(samples, 6.0),
        "speed -1 %": lambda samples, rng: speed(samples, 0.99),
        "speed +1 %": lambda samples, rng: speed(samples, 1.01),
    }


def frame_perturbations(front: FrontEnd) -> dict[str, Change]:
    """Changes of (T, F) mel frames in dB, by name: those that can be made without the samples.

    Raises:
        ValueError: a front end of other pictures.
    """
    if front.kinds != ("mel",) or not front.decibels:
        raise ValueError(f"pictures of {' and '.join(front.kinds)} cannot be changed alone")
    from librosa import mel_frequencies

    fmax = front.fmax or front.sampling_rate / 2
    centres = mel_frequencies(front.n_mels + 2, fmin=front.fmin, fmax=fmax, htk=front.htk)[1:-1]
    octaves = np.log2(np.maximum(centres, 1.0))
    bands = np.log2(octave_bands(front.sampling_rate))

    def equalised(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return frames + np.interp(octaves, bands, rng.uniform(-LARGEST, LARGEST, len(bands)))

    return {
        "equaliser ±3 dB": equalised,
        "gain -6 dB": lambda frames, rng: frames - 6.0,
        "gain +6 dB": lambda frames, rng: frames + 6.0,
    }


def probe(
    model: SymbolicModel,
    sounds: Sequence[np.ndarray],
    changes: Mapping[str, Change],
    prepare: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> dict[str, dict[str, Probed]]:
    """How answers move under each change.

    Args:
        model: one that hears audio.
        sounds: what is changed: samples, or pictures where there are no samples.
        changes: by name.
        prepare: what makes the model's input of a sound.

    Returns:
        By task, by name of the change.
    """

    def answers(change: Change | None) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(SEED)
        moved = (sound if change is None else change(sound, rng) for sound in sounds)
        return predict_audio(model, [np.asarray(prepare(one), np.float32) for one in moved])

    before = answers(None)
    tasks = [task for task in model.tasks if task.name in before and task.kind != "regression"]
    found: dict[str, dict[str, Probed]] = {task.name: {} for task in tasks}
    for name, change in changes.items():
        after = answers(change)
        for task in tasks:
            was, now = before[task.name], after[task.name]
            if task.kind == "single":
                changed = (was.argmax(axis=1) != now.argmax(axis=1)).mean()
                distance = np.abs(was - now).sum(axis=1).mean() / 2
            else:
                changed = ((was > 0.5) != (now > 0.5)).mean()
                distance = np.abs(was - now).mean()
            found[task.name][name] = Probed(float(changed), float(distance))
    return found
