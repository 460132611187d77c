"""Targets of generated pieces: quadrants, or points of the plane of valence and arousal."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from symbolic.tasks import IGNORE, QUADRANTS
from symbolic.tasks.emotion import SIGNS

Targets = str | Sequence[Any] | Mapping[str, Any]
COLUMNS = ("path", "file", "name")  # of the names of files in a table of targets


class Target(NamedTuple):
    """The intended emotion of a piece."""

    quadrant: int  # 0 to 3
    valence: float  # in -1..1
    arousal: float


def parse_target(value: Any) -> Target:
    """Parse a target: the name of a quadrant, or valence and arousal.

    A quadrant stands for its corner, such as (1, 1) for Q1.

    Raises:
        ValueError: neither.
    """
    if isinstance(value, str):
        name = value.strip().upper()
        if name in QUADRANTS:
            number = QUADRANTS.index(name)
            return Target(number, *(float(sign) for sign in SIGNS[number]))
    point = value.replace(",", " ").split() if isinstance(value, str) else value
    try:
        valence, arousal = (float(one) for one in point)
    except (TypeError, ValueError):
        raise ValueError(
            f"target {value!r} is neither a quadrant ({', '.join(QUADRANTS)}) nor valence and "
            "arousal"
        ) from None
    if not (abs(valence) <= 1 and abs(arousal) <= 1):
        raise ValueError(f"valence {valence:g} and arousal {arousal:g}: expected -1 to 1")
    if arousal >= 0:
        return Target(0 if valence >= 0 else 1, valence, arousal)
    return Target(3 if valence >= 0 else 2, valence, arousal)


def targets_of(paths: Sequence[str], targets: Targets | os.PathLike[str]) -> list[Target | None]:
    """Find the target of each file.

    Args:
        paths: of the table of scores.
        targets: one for all files; one for each, in order; by path or name, with the ending or
            without; or the path of a CSV with a column `path`, `file` or `name`, and `target`, or
            `valence` and `arousal`.

    Returns:
        None for a file that is not among the names.

    Raises:
        ValueError: a target that is none, with its file; another number of targets; a table
            without these columns; names of which no file is one.
        OSError: a table that cannot be read.
    """
    if isinstance(targets, os.PathLike) or _is_table(targets):
        targets = read_targets(cast(Any, targets))
    if isinstance(targets, str):
        return [parse_target(targets)] * len(paths)
    if isinstance(targets, Mapping):
        named = {str(name): value for name, value in targets.items()}
        found = [_named(path, named) for path in paths]
        if paths and all(one is None for one in found):
            raise ValueError(f"no file has a target: {paths[0]} is not among the names of targets")
    else:
        found = list(targets)
        if len(found) == 2 != len(paths) and all(isinstance(one, (int, float)) for one in found):
            return [parse_target(found)] * len(paths)
        if len(found) != len(paths):
            raise ValueError(f"{len(found)} targets for {len(paths)} files")
    parsed: list[Target | None] = []
    for path, value in zip(paths, found, strict=True):
        try:
            parsed.append(None if value is None else parse_target(value))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    return parsed


def read_targets(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read targets by name of a file from a CSV; see `targets_of`.

    Raises:
        ValueError: not a CSV, or one without the columns.
        OSError: the file cannot be read.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype=str)
    except ValueError as error:  # also of pandas, and of bytes that are no UTF-8
        raise ValueError(f"{path}: not a table: {error}") from error
    names = next((name for name in COLUMNS if name in table), None)
    values = ["target"] if "target" in table else ["valence", "arousal"]
    if names is None or not set(values) <= set(table):
        raise ValueError(
            f"{path}: expected a column {' or '.join(COLUMNS)}, and target, or valence and arousal"
        )
    table = table.dropna(subset=[names, *values])
    texts = table[values].agg(" ".join, axis=1) if len(table) else []
    return dict(zip(table[names], texts, strict=True))


def _is_table(targets: Any) -> bool:
    return isinstance(targets, str) and targets.lower().endswith(".csv")


def _named(path: str, named: Mapping[str, Any]) -> Any:
    """Return the target of a file by its path, its last parts, its name or its stem."""
    own = Path(path)
    parts = own.parts
    tails = [str(Path(*parts[first:])) for first in range(len(parts))]
    return next((named[name] for name in (path, *tails, own.stem) if name in named), None)


def quadrant_numbers(targets: Sequence[Target | None]) -> np.ndarray:
    """(n,) int64 quadrants; IGNORE without a target."""
    return np.array([IGNORE if one is None else one.quadrant for one in targets], np.int64)
