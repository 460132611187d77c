"""Tables as lines of text, and how their cells are written."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

MISSING = "-"
LEFT_OUT = "..."
MAX_ROWS = 60  # that commands print of a table
ESCAPES = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r"})  # names of files have them


def cell(value: object, decimals: int = 2) -> str:
    """Write a value of a table in one line: `MISSING` for None, NaN and no text.

    Args:
        value: text or a number.
        decimals: of a number that is not whole by type.
    """
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    text = f"{value:.{decimals}f}" if isinstance(value, float) else str(value)
    return text.translate(ESCAPES)


def counted(count: int, noun: str) -> str:
    """Write a number with its noun, which gets an s unless the number is 1."""
    return f"{count} {noun}{'s' * (count != 1)}"


def text_table(
    heading: Sequence[str],
    rows: Sequence[Sequence[str]],
    left: Collection[str] = (),
    most: int | None = None,
) -> str:
    """Arrange cells in columns, two spaces between them.

    Args:
        heading: names of the columns.
        rows: cells, one for each column.
        left: columns that are aligned on the left, the others on the right.
        most: rows that are shown; of more, the first and the last, and dots between them. None is
            all.
    """
    lines = [heading, *rows]
    if most is not None and len(rows) > most:
        first = most // 2
        lines = [heading, *rows[:first], [LEFT_OUT] * len(heading), *rows[first - most :]]
    aligned = []
    for name, *cells in zip(*lines, strict=True):
        width = max(map(len, (name, *cells)))
        align = str.ljust if name in left else str.rjust
        aligned.append([align(text, width) for text in (name, *cells)])
    return "\n".join("  ".join(line).rstrip() for line in zip(*aligned, strict=True))
