"""Boundaries between the parts of a piece, predicted for each frame, bar or beat."""

from __future__ import annotations

from dataclasses import replace

from symbolic.tasks.task import Task

BOUNDARY = Task("boundary", "token", "multi", ("boundary",), weighted=True)

UNIT_BOUNDARY = replace(BOUNDARY, pooled=True)
"""Boundaries at bars or beats of note tables."""


def is_note_task(task: Task) -> bool:
    """Whether a task is one of each note, not of frames, bars or beats."""
    return task.level == "token" and task.name != BOUNDARY.name
