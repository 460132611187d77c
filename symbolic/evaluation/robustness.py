"""Robustness: whether an answer stays when the music is played a little otherwise.

A system that has learnt the music and not the recording ("Clever Hans", Sturm 2014) keeps its
emotion when a piece is transposed or played slightly faster, slower, softer or louder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from symbolic.notes import NoteTable
from symbolic.notes.augment import scale_tempo, scale_velocity, transpose

Answer = Callable[[Sequence[NoteTable]], np.ndarray]

PERTURBATIONS: dict[str, Callable[[NoteTable], NoteTable]] = {
    **{f"transposition {n:+d}": partial(transpose, semitones=n) for n in (-5, -2, 2, 5)},
    **{f"tempo x{factor}": partial(scale_tempo, factor=factor) for factor in (0.9, 1.1)},
    **{f"velocity x{factor}": partial(scale_velocity, factor=factor) for factor in (0.9, 1.1)},
}
"""By name, what is done to a piece; the first word of the name is the kind of change."""

KINDS = tuple(dict.fromkeys(name.split()[0] for name in PERTURBATIONS))


def robustness(answer: Answer, tables: Sequence[NoteTable]) -> dict[str, float]:
    """How many answers stay under each perturbation, and how far their probabilities move.

    Changes of velocity are asked of the pieces with dynamics only; the others would stay the same
    whatever the system.

    Args:
        answer: note tables to (n, K) probabilities: a model, or features and a baseline. It is
            called once for the music as it is, and once for each perturbation.
        tables: the pieces.

    Returns:
        For every name in `PERTURBATIONS` the share of pieces whose most probable answer stays; for
        every kind (`transposition`, `tempo`, `velocity`) the mean of these shares, and
        as `transposition_distance` and so on the mean total-variation distance of the
        probabilities, 0..1; `pieces`, and `velocity_pieces`, those with dynamics. What there are no
        pieces for is left out.
    """
    return robustness_of({"": answer}, tables)[""]


def robustness_of(
    answers: Mapping[str, Answer], tables: Sequence[NoteTable]
) -> dict[str, dict[str, float]]:
    """The same of several systems, by name.

    Under each perturbation all of them are called with one and the same list, so that what they
    have in common need be computed once.
    """
    tables = list(tables)
    dynamics = np.array([table.has_dynamics for table in tables], bool)
    counts = {"pieces": len(tables), "velocity_pieces": int(dynamics.sum())}
    found: dict[str, dict[str, float]] = {system: dict(counts) for system in answers}
    if not tables:
        return found
    before = {system: np.asarray(answer(tables)) for system, answer in answers.items()}
    moved: dict[str, dict[str, list[float]]] = {system: {} for system in answers}
    for name, change in PERTURBATIONS.items():
        kind = name.split()[0]
        asked = dynamics if kind == "velocity" else np.ones(len(tables), bool)
        if not asked.any():
            continue
        changed = [change(tables[i]) for i in np.flatnonzero(asked)]
        for system, answer in answers.items():
            after, was = np.asarray(answer(changed)), before[system][asked]
            stays = after.argmax(axis=1) == was.argmax(axis=1)
            found[system][name] = float(stays.mean())
            distance = float(np.abs(after - was).sum(axis=1).mean() / 2)
            moved[system].setdefault(kind, []).append(distance)
    for system, kinds in moved.items():
        for kind, distances in kinds.items():
            shares = [v for name, v in found[system].items() if name.startswith(f"{kind} ")]
            found[system][kind] = float(np.mean(shares))
            found[system][f"{kind}_distance"] = float(np.mean(distances))
    return found
