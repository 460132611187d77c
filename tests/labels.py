"""What a label of a task may be, whoever gives it."""

import math

from symbolic.tasks import IGNORE, Task


def check_label(task: Task, label: object) -> None:
    """Fail where the label of a piece, or of one of its notes, is none of the task's."""
    if task.pooled or (task.level == "token" and task.kind == "multi"):  # times, in seconds
        times = list(label)
        assert all(isinstance(time, int | float) and 0 <= time < math.inf for time in times)
        assert times == sorted(times)
    elif task.kind == "single":
        assert isinstance(label, int), f"{task.name}: {label!r} is no class index"
        known = label == IGNORE or 0 <= label < task.num_labels
        assert known, f"{task.name}: {label} is none of the classes 0 to {task.num_labels - 1}"
    else:
        low = 0 if task.kind == "multi" else -1
        assert len(label) == task.num_labels
        assert all(math.isnan(value) or low <= value <= 1 for value in label)
