"""Where the parts of a piece begin, for every frame."""

from __future__ import annotations

from dataclasses import replace

from symbolic.tasks.task import Task

BOUNDARY = Task("boundary", "token", "multi", ("boundary",), weighted=True)

UNIT_BOUNDARY = replace(BOUNDARY, pooled=True)
"""The same for every bar or beat of notes."""
