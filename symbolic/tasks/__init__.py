"""Prediction tasks. A new one is a file here, its import, and a line in `TASKS`."""

from typing import TYPE_CHECKING, Any

from symbolic.tasks.boundary import BOUNDARY, UNIT_BOUNDARY, is_note_task
from symbolic.tasks.emotion import (
    EMOTION,
    QUADRANT_WORDS,
    QUADRANTS,
    VALENCE_AROUSAL,
    quadrant_of,
    valence_arousal,
)
from symbolic.tasks.key import KEY, key_label
from symbolic.tasks.recordings import (
    GENRE,
    GTZAN_GENRES,
    MOOD,
    MOOD_CLUSTERS,
    TAGS,
    TOP_TEN,
)
from symbolic.tasks.task import IGNORE, Task
from symbolic.tasks.velocity import DYNAMICS, VELOCITY, velocity_classes, velocity_labels

if TYPE_CHECKING:
    from symbolic.tasks.heads import AttentionPooling as AttentionPooling
    from symbolic.tasks.heads import Head as Head
    from symbolic.tasks.heads import Heads as Heads

TASKS = {
    task.name: task
    for task in (
        EMOTION,
        KEY,
        VELOCITY,
        VALENCE_AROUSAL,
        GENRE,
        MOOD,
        TAGS,
        BOUNDARY,
    )
}

__all__ = [
    "BOUNDARY",
    "DYNAMICS",
    "EMOTION",
    "GENRE",
    "GTZAN_GENRES",
    "IGNORE",
    "KEY",
    "MOOD",
    "MOOD_CLUSTERS",
    "QUADRANTS",
    "QUADRANT_WORDS",
    "TAGS",
    "TASKS",
    "TOP_TEN",
    "UNIT_BOUNDARY",
    "VALENCE_AROUSAL",
    "VELOCITY",
    "AttentionPooling",
    "Head",
    "Heads",
    "Task",
    "is_note_task",
    "key_label",
    "quadrant_of",
    "valence_arousal",
    "velocity_classes",
    "velocity_labels",
]


def __getattr__(name: str) -> Any:
    """Import heads when they are first used: they need PyTorch."""
    if name not in ("AttentionPooling", "Head", "Heads"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from symbolic.tasks import heads

    return getattr(heads, name)
