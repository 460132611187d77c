"""Trials of a tokenizer on a few notes: whether its ids encode velocity, and can hide it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from symbolic.notes import note_table

if TYPE_CHECKING:
    from symbolic.tokenizers.interface import BaseTokenizer

TRIAL_VELOCITIES = [np.tile(pair, 8) for pair in ((20, 80), (80, 20), (50, 110))]
"""Of notes on which tokenizers are tried; neighbours differ, also where two rows are mixed."""


def velocity_changes_ids(tokenizer: BaseTokenizer) -> bool:
    """Return whether ids change with the velocities of notes."""
    first, *others = (_ids_of(tokenizer, values) for values in TRIAL_VELOCITIES)
    return any(not np.array_equal(first, other) for other in others)


def trial_problem(tokenizer: BaseTokenizer) -> str:
    """Return why the velocity task would find its labels in the ids; "" if it cannot.

    Velocities that `hide_velocity` hides must not change the ids.
    """
    first, _, last = TRIAL_VELOCITIES
    ids = _ids_of(tokenizer, first)
    if not len(ids):
        return ""
    name = type(tokenizer).__name__
    try:
        positions = tokenizer.checked_positions(ids, len(first))
    except ValueError as error:
        return str(error)
    if not positions.any():
        return f"{name}.note_positions marks no token: let it mark one token of each note"
    whole = [_hidden(tokenizer, values, 1.0)[0] for values in TRIAL_VELOCITIES]
    if any(_differ(whole[0], hidden) for hidden in whole[1:]):
        return (
            f"{name}: the ids change with the velocities of the notes although hide_velocity "
            "masks all of them: call the tokens Velocity_0, Velocity_1, ..., or define "
            "hide_velocity"
        )
    hidden, predicted = _hidden(tokenizer, first, 0.5)
    mixed = np.where(predicted[positions], last, first)
    if _differ(hidden, _hidden(tokenizer, mixed, 0.5)[0]):
        return (
            f"{name}.hide_velocity returns notes as hidden whose velocity is still in the ids: "
            "define it so that it masks the velocity token of each note that it returns"
        )
    return ""


def _ids_of(tokenizer: BaseTokenizer, velocity: np.ndarray) -> np.ndarray:
    """Return the ids of n notes of a beat, one after another, with (n,) velocities.

    No ids if the scheme cannot hold all of the notes.
    """
    beats = 480 * np.arange(len(velocity))
    pitch = 60 + np.arange(len(velocity)) % 5
    notes = tokenizer.emitted(note_table(beats, np.full(len(velocity), 480), pitch, velocity))
    return tokenizer.note_ids(notes) if len(notes) == len(velocity) else np.zeros(0, np.int64)


def _hidden(
    tokenizer: BaseTokenizer, velocity: np.ndarray, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Hide a share of the velocities in the ids of notes with (n,) velocities."""
    ids = _ids_of(tokenizer, velocity)
    return tokenizer.hide_velocity(ids, share, np.random.default_rng(0))


def _differ(ids: np.ndarray, others: np.ndarray) -> bool:
    """Whether as many ids differ; where equal velocities share a token, numbers may differ."""
    return ids.shape == others.shape and not np.array_equal(ids, others)
