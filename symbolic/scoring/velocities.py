"""Velocities of notes from a model: dynamics for scores that have none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symbolic.notes import NoteTable, read_notes
from symbolic.notes.score import table_score
from symbolic.tasks import VELOCITY

if TYPE_CHECKING:
    from symbolic.modeling import SymbolicModel
    from symbolic.notes.read import Source
    from symbolic.tasks import Task
    from symbolic.tokenizers import Tokenizer

MODEL = "base"
OF_TOKENS = "token_Velocity"  # the task of a pre-trained model


class VelocityModel:
    """A model that predicts the velocity of each note from all else, with its tokenizer.

    Args:
        name: a folder or a hub name, of a model with the task velocity or of a pre-trained one with
            velocities in its tokens; by default the encoder in the package.
        device: where it runs.

    Raises:
        OSError: nothing to load under that name.
        ValueError: a model that predicts no velocities.

    Example:
        >>> notes = VelocityModel().played("score.musicxml")
    """

    def __init__(self, name: str | os.PathLike | None = None, *, device: str = "cpu") -> None:
        from symbolic.scoring.notes import load_model

        name = MODEL if name is None else name
        self.model, self.tokenizer = load_model(name, device=device)
        self.task = velocity_task(self.model, os.fspath(name))
        self.centres = class_centres(self.task)

    def predict(self, tables: Sequence[NoteTable]) -> list[np.ndarray]:
        """Predict the velocities of all notes, as if no velocity was known.

        Args:
            tables: the pieces.

        Returns:
            For each piece (n,) float64, the expected velocity, 1 to 127, of each note of the table;
            notes that the tokenizer leaves out have that of the note that stands for them at the
            same time and pitch, and drums their own velocity.
        """
        emitted = [self.tokenizer.emitted(table) for table in tables]
        found = velocity_probabilities(self.model, self.task, emitted, self.tokenizer)
        return [
            _spread(table, notes, chances @ np.nan_to_num(self.centres))
            for table, notes, chances in zip(tables, emitted, found, strict=True)
        ]

    def played(self, source: Source) -> NoteTable:
        """Read a source, and return its notes with predicted velocities.

        Raises:
            ReadError: a source that cannot be read, or without notes that the tokenizer can hold.
        """
        notes = read_notes(source)
        (velocity,) = self.predict([notes])
        return replace(notes, velocity=np.rint(velocity).astype(np.int64), has_dynamics=True)

    def write(self, source: Source, path: str | os.PathLike) -> None:
        """Write the notes of a source with predicted velocities to a MIDI file.

        Notes, tempos and time signatures are those of the source; programs, controllers and texts
        are left out.

        Raises:
            ReadError: as of `played`.
            OSError: the file cannot be written.
        """
        Path(path).write_bytes(table_score(self.played(source)).dumps_midi())


def velocity_task(model: SymbolicModel, name: str) -> Task:
    """Return the task by which a model predicts velocities.

    Raises:
        ValueError: it has none; the message names it.
    """
    for task in model.tasks:
        if task.name in (VELOCITY.name, OF_TOKENS):
            return task
    raise ValueError(f"{name}: predicts no velocities: its tasks have neither velocity nor tokens")


def velocity_probabilities(
    model: SymbolicModel,
    task: Task,
    tables: Sequence[NoteTable],
    tokenizer: Tokenizer,
    batch_size: int = 32,
) -> list[np.ndarray]:
    """Predict the classes of velocity of emitted notes, with all velocities masked.

    Args:
        model, task: as of `velocity_task`.
        tables: notes that the tokenizer emits.
        tokenizer: that of the model.
        batch_size: windows in one forward pass.

    Returns:
        (n, K) float64 probabilities for each piece, 0 for tokens that are no velocity.
    """
    from symbolic.inference.notes import predict_tokens

    draws = np.random.default_rng(0)  # at a share of 1 nothing is left to chance
    shown = [tokenizer.hide_velocity(tokenizer.note_ids(notes), 1.0, draws)[0] for notes in tables]
    found = predict_tokens(model, task, shown, batch_size=batch_size)
    own = np.isfinite(class_centres(task))
    chances = [
        values[tokenizer.note_positions(ids)] * own
        for values, ids in zip(found, shown, strict=True)
    ]
    return [values / values.sum(axis=1, keepdims=True) for values in chances]


def class_centres(task: Task) -> np.ndarray:
    """(K,) the velocity in the middle of each class; NaN for tokens that are no velocity.

    Of the task velocity, pp and ff reach to 0 and 127; their middles here are as far from those of
    the next classes as these are from one another.
    """
    if task.name == VELOCITY.name:
        return np.array([24.0, 40.0, 56.0, 72.0, 88.0, 104.0])
    numbers = [label.rpartition("_")[2] for label in task.labels]
    bins = np.array([float(one) if one.isdecimal() else np.nan for one in numbers])
    step = 128 / np.isfinite(bins).sum()
    return bins * step + (step - 1) / 2


def _spread(table: NoteTable, emitted: NoteTable, velocity: np.ndarray) -> np.ndarray:
    """Give the velocities of emitted notes to all notes of a piece."""
    place = {
        key: number
        for number, key in enumerate(
            zip(emitted.onset_ticks.tolist(), emitted.pitch.tolist(), strict=True)
        )
    }
    keys = zip(table.onset_ticks.tolist(), table.pitch.tolist(), strict=True)
    index = np.array([place.get(key, -1) for key in keys])
    known = (index >= 0) & ~table.is_drum
    found = np.where(known, velocity[index], table.velocity)
    return found.clip(1, 127)
