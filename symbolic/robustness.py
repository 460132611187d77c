"""Robustness: whether an answer stays when the music is played a little otherwise.

A system that has learnt the music and not the recording ("Clever Hans", Sturm 2014) keeps its
emotion when a piece is transposed or played slightly faster, slower, softer or louder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from symbolic.augment import scale_tempo, scale_velocity, transpose
from symbolic.notes import NoteTable

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
    dynamics = np.array([table.has_dynamics for table in tables], bool)
    found: dict[str, float] = {"pieces": len(tables), "velocity_pieces": int(dynamics.sum())}
    if not tables:
        return found
    before = np.asarray(answer(tables))
    distances: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for name, change in PERTURBATIONS.items():
        kind = name.split()[0]
        asked = dynamics if kind == "velocity" else np.ones(len(tables), bool)
        if not asked.any():
            continue
        after = np.asarray(answer([change(tables[i]) for i in np.flatnonzero(asked)]))
        stays = after.argmax(axis=1) == before[asked].argmax(axis=1)
        found[name] = float(stays.mean())
        distances[kind].append(float(np.abs(after - before[asked]).sum(axis=1).mean() / 2))
    for kind, moved in distances.items():
        if moved:
            shares = [share for name, share in found.items() if name.startswith(f"{kind} ")]
            found[kind] = float(np.mean(shares))
            found[f"{kind}_distance"] = float(np.mean(moved))
    return found
