"""Robustness: whether predictions stay when the input is perturbed.

A model that has learnt the music and not the recording keeps its predictions ("Clever Hans", Sturm
2014): the emotion of a piece that is transposed, played slightly faster, slower, softer or louder,
or orchestrated anew, with a part doubled, a pad under it or no drums; the genre of a recording
after an equaliser, a low-pass filter as of an MP3, a gain or an inaudible change of speed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbolic.audio.augment import equalise, gain, low_pass, octave_bands, speed
from symbolic.audio.front_end import FrontEnd
from symbolic.evaluation.tables import markdown
from symbolic.notes.augment import (
    add_pad,
    double_part,
    drop_drums,
    scale_tempo,
    scale_velocity,
    transpose,
)
from symbolic.tasks import EMOTION, Task

LARGEST = 3.0  # dB
SEED = 0

Perturbation = Callable[[Any, np.random.Generator], Any]
Predictor = Callable[[Sequence[Any]], Mapping[str, np.ndarray]]
"""From inputs to the (n, K) probabilities of each task."""


def note_perturbations(front: FrontEnd | None = None) -> dict[str, Perturbation]:
    """Perturbations of note tables by name; the first word of a name is the kind."""
    return {
        **{
            f"transposition {n:+d}": lambda table, rng, n=n: transpose(table, n)
            for n in (-5, -2, 2, 5)
        },
        **{f"tempo x{f}": lambda table, rng, f=f: scale_tempo(table, f) for f in (0.9, 1.1)},
        **{f"velocity x{f}": lambda table, rng, f=f: scale_velocity(table, f) for f in (0.9, 1.1)},
        **{
            f"orchestration doubled {n:+d}": lambda table, rng, n=n: double_part(table, n)
            for n in (-12, 12)
        },
        "orchestration pad": lambda table, rng: add_pad(table),
        "drums dropped": lambda table, rng: drop_drums(table),
    }


def sample_perturbations(front: FrontEnd) -> dict[str, Perturbation]:
    """Perturbations of (n,) samples by name; inaudible to mild."""
    rate = front.sampling_rate
    bands = len(octave_bands(rate))
    return {
        "equaliser ±3 dB": lambda samples, rng: equalise(
            samples, rate, rng.uniform(-LARGEST, LARGEST, bands).tolist()
        ),
        "low-pass as of an MP3": lambda samples, rng: low_pass(samples, rate, 0.4 * rate),
        "gain -6 dB": lambda samples, rng: gain(samples, -6.0),
        "gain +6 dB": lambda samples, rng: gain(samples, 6.0),
        "speed -1 %": lambda samples, rng: speed(samples, 0.99),
        "speed +1 %": lambda samples, rng: speed(samples, 1.01),
    }


def frame_perturbations(front: FrontEnd) -> dict[str, Perturbation]:
    """Perturbations of (T, F) mel spectrograms in dB by name: those that need no samples.

    Raises:
        ValueError: another front end.
    """
    if front.kinds != ("mel",) or not front.decibels:
        raise ValueError(f"frames of {' and '.join(front.kinds)} cannot be perturbed by themselves")
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


PERTURBATIONS: dict[str, Callable[[Any], dict[str, Perturbation]]] = {
    "notes": note_perturbations,
    "audio": sample_perturbations,
    "spectrograms": frame_perturbations,
}
"""By kind of input: from the model's front end to perturbations by name."""

LIMITED: dict[str, Callable[[Any], bool]] = {
    "velocity": lambda table: table.has_dynamics,
    "drums": lambda table: bool(table.is_drum.any()),
}
"""Kinds of perturbation that only some pieces can have; the others would stay the same."""


@dataclass(frozen=True)
class Perturbed:
    """Predictions under one perturbation.

    Attributes:
        pieces: number of perturbed pieces.
        stays: share of them whose most probable class stays the same; for tags, share of the tags
            of all pieces that stay on their side of one half.
        distance: mean total-variation distance of the probabilities, 0..1; for tags, their mean
            absolute difference.
    """

    pieces: int = 0
    stays: float = float("nan")
    distance: float = float("nan")


Robustness = dict[str, dict[str, Perturbed]]
"""By task, by name of the perturbation."""


def robustness(
    predictors: Mapping[str, Predictor],
    pieces: Sequence[Any],
    perturbations: Mapping[str, Perturbation],
    tasks: Sequence[Task] = (EMOTION,),
    prepare: Callable[[Any], Any] | None = None,
) -> dict[str, Robustness]:
    """Perturb pieces, and compare predictions with those of the pieces as they are.

    Args:
        predictors: by name of the system. All are called with one and the same list, so that
            what they have in common need be computed once.
        pieces: note tables, samples or spectrograms.
        perturbations: by name; see `PERTURBATIONS`.
        tasks: those of real values are left out, and those without predictions.
        prepare: from a piece to the input of the predictors.

    Returns:
        By name of the system.
    """

    def inputs(chosen: Sequence[int], perturbation: Perturbation | None = None) -> list[Any]:
        rng = np.random.default_rng(SEED)
        moved = (perturbation(pieces[i], rng) if perturbation else pieces[i] for i in chosen)
        return [prepare(piece) if prepare else piece for piece in moved]

    found: dict[str, Robustness] = {system: {} for system in predictors}
    if not len(pieces):
        return found
    first = inputs(range(len(pieces)))
    before = {system: predict(first) for system, predict in predictors.items()}
    del first
    for name, perturbation in perturbations.items():
        can_have = LIMITED.get(name.split()[0], lambda piece: True)
        chosen = [i for i, piece in enumerate(pieces) if can_have(piece)]
        moved = inputs(chosen, perturbation)
        for system, predict in predictors.items():
            after = predict(moved) if chosen else {}
            for task in tasks:
                if task.name in before[system] and task.kind != "regression":
                    was, now = before[system][task.name][chosen], after.get(task.name)
                    found[system].setdefault(task.name, {})[name] = _perturbed(task, was, now)
    return found


def _perturbed(task: Task, was: np.ndarray, now: np.ndarray | None) -> Perturbed:
    if now is None:
        return Perturbed()
    difference = np.abs(now - was)
    if task.kind == "single":
        stays = was.argmax(axis=1) == now.argmax(axis=1)
        distance = difference.sum(axis=1).mean() / 2
    else:
        stays, distance = (was > 0.5) == (now > 0.5), difference.mean()
    return Perturbed(len(was), float(stays.mean()), float(distance))


def pooled(parts: Sequence[Robustness]) -> Robustness:
    """Join the robustness of several sets of pieces: means weighted by their sizes."""
    whole: Robustness = {}
    for task in dict.fromkeys(task for part in parts for task in part):
        names = dict.fromkeys(name for part in parts for name in part.get(task, {}))
        for name in names:
            found = [part[task][name] for part in parts if name in part.get(task, {})]
            found = [one for one in found if one.pieces]
            weights = [one.pieces for one in found]
            means = [
                float(np.average(values, weights=weights)) if weights else float("nan")
                for values in ([p.stays for p in found], [p.distance for p in found])
            ]
            whole.setdefault(task, {})[name] = Perturbed(sum(weights), *means)
    return whole


def robustness_scores(found: Robustness) -> dict[str, float]:
    """Flatten robustness for `metrics.json`; for tasks other than emotion the task precedes names.

    Returns:
        `pieces`; `velocity_pieces` and `drums_pieces`, those with dynamics and with drums; for
        every perturbation the share of predictions that stay; for every kind of perturbation the
        mean of these shares, and as `transposition_distance` and so on the mean distance. Undefined
        ones are left out.
    """
    scores: dict[str, float] = {}
    for task, perturbed in found.items():
        prefix = "" if task == EMOTION.name else f"{task}: "
        kinds: dict[str, list[Perturbed]] = {}
        for name, one in perturbed.items():
            kinds.setdefault(name.split()[0], []).append(one)
        scores[f"{prefix}pieces"] = max(one.pieces for one in perturbed.values())
        scores |= {f"{prefix}{k}_pieces": kinds[k][0].pieces for k in LIMITED if k in kinds}
        scores |= {f"{prefix}{name}": one.stays for name, one in perturbed.items() if one.pieces}
        for kind, each in kinds.items():
            if each[0].pieces:
                scores[f"{prefix}{kind}"] = float(np.mean([one.stays for one in each]))
                distance = float(np.mean([one.distance for one in each]))
                scores[f"{prefix}{kind}_distance"] = distance
    return scores


def robustness_table(found: Robustness) -> str:
    """Write a Markdown table with a row for each task and perturbation."""
    rows = [
        [task, name, f"{1 - one.stays:.3f}", f"{one.distance:.3f}"]
        for task, perturbed in found.items()
        for name, one in perturbed.items()
        if one.pieces
    ]
    return markdown(["task", "perturbation", "predictions that change", "mean distance"], rows)
