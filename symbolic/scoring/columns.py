"""The columns of tables of scores, and what is in them."""

from __future__ import annotations

TEXT, NUMBER, COUNT = "text", "number", "count"


def typed(*columns: tuple[str, str]) -> dict[str, str]:
    """Columns by name, in order: what is in them and then their names, apart by spaces."""
    return {name: kind for kind, names in columns for name in names.split()}


SCORES = typed(
    (TEXT, "path quadrant"),
    (NUMBER, "confidence q1 q2 q3 q4 valence arousal familiarity"),
    (TEXT, "key"),
    (NUMBER, "key_confidence mean_velocity"),
    (COUNT, "notes"),
    (NUMBER, "seconds"),
    (TEXT, "error"),
)
"""Of the emotion of pieces: a row for each."""

TIMELINE = typed(
    (TEXT, "path"),
    (COUNT, "window"),
    (NUMBER, "start end"),
    (COUNT, "first_bar last_bar"),
    (TEXT, "quadrant"),
    (NUMBER, "confidence q1 q2 q3 q4 valence arousal familiarity"),
    (COUNT, "notes"),
    (TEXT, "error"),
)
"""Of emotion over time: a row for each window of each piece."""
