"""Tasks: what is predicted. A new one is one file here and one line in `TASKS`."""

from symbolic.tasks.emotion import (
    EMOTION,
    QUADRANT_WORDS,
    QUADRANTS,
    VALENCE_AROUSAL,
    valence_arousal,
)
from symbolic.tasks.heads import AttentionPooling, Head
from symbolic.tasks.key import KEY, key_label
from symbolic.tasks.task import IGNORE, Task
from symbolic.tasks.velocity import DYNAMICS, VELOCITY, velocity_classes, velocity_labels

TASKS = {task.name: task for task in (EMOTION, KEY, VELOCITY, VALENCE_AROUSAL)}

__all__ = [
    "DYNAMICS",
    "EMOTION",
    "IGNORE",
    "KEY",
    "QUADRANTS",
    "QUADRANT_WORDS",
    "TASKS",
    "VALENCE_AROUSAL",
    "VELOCITY",
    "AttentionPooling",
    "Head",
    "Task",
    "key_label",
    "valence_arousal",
    "velocity_classes",
    "velocity_labels",
]
