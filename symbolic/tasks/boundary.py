"""Where the parts of a piece begin, for every frame."""

from __future__ import annotations

from symbolic.tasks.task import Task

BOUNDARY = Task("boundary", "token", "multi", ("boundary",), weighted=True)
