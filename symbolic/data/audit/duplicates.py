"""Music that occurs twice: the same bytes, the same notes, the same melody."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from symbolic.data.audit.melody import Figures, melody_figures
from symbolic.notes import NoteTable, ReadError
from symbolic.notes.read import read_bytes

LEAST = 18
"""Figures two pieces must share in the same order to be called one melody.

Well above what songs that have nothing to do with each other share by chance in clips of half a
minute, and well below what copies of such a clip share; among thousands of long pieces a few pairs
reach it by a loop or a scale.
"""

RARE, RARE_SHARE = 25, 0.02
"""A figure is rare that occurs in no more than 25 groups, or in no more than 2 % of them.

Music that occurs in more groups than that escapes, unless its notes are the same.
"""

TEMPO_RATIO, SLACK = 1.5, 0.25
"""How far two performances may differ in tempo from note to note, and in seconds beyond that."""

_REPEATS = 8  # occurrences of a figure in a piece that are looked at
_BACK = 500  # matches before one that are tried as its predecessor


@dataclass(frozen=True)
class Alike:
    """Two pieces with the same melody, for some time at least.

    Attributes:
        first, second: their numbers.
        figures: different rare figures that both have in the same order.
        transposition: semitones from the first to the second, -5..6; octaves do not count.
        first_span, second_span: seconds at which the first and the last of the figures begin.
    """

    first: int
    second: int
    figures: int
    transposition: int
    first_span: tuple[float, float]
    second_span: tuple[float, float]


def same_bytes(paths: Sequence[str | os.PathLike]) -> list[tuple[int, ...]]:
    """Numbers of the files that are equal byte by byte; files that cannot be read equal none."""
    return _equal(_content(path) for path in paths)


def same_notes(tables: Sequence[NoteTable | ReadError]) -> list[tuple[int, ...]]:
    """Numbers of the pieces whose notes are the same, to the millisecond, whatever the file.

    Onset, duration, pitch and velocity are compared; tracks, tempo and meter are not, and not the
    order of simultaneous notes.
    """
    return _equal(None if isinstance(table, ReadError) else _notes(table) for table in tables)


def same_melody(
    tables: Sequence[NoteTable], groups: Sequence[str], least: int = LEAST
) -> list[Alike]:
    """Pairs of pieces of different groups that have a melody in common, the surest first.

    Two pieces are compared by the rare among their melodic figures (`melody_figures`), since scales
    and turns that many share say nothing. What two pieces share is counted in the longest sequence
    that both have in the same order, at one transposition and in step, each figure once: matches by
    chance are scattered, and those of a loop are all the same. This is the chaining of shared seeds
    that genomes are aligned with. It finds transposed copies, covers, and clips that overlap in
    part (`least` figures take 10 to 20 seconds). It misses a tune that lies under its
    accompaniment, and one at less than 2/3 of the tempo.

    Args:
        tables: p note tables.
        groups: p names; pieces of one group are not compared.
        least: figures that a pair must share.
    """
    figures = melody_figures(tables)
    pairs, rare = _candidates(figures, np.unique(list(groups), return_inverse=True)[1], least)
    figures = figures.take(rare & _early(figures))
    ends = np.searchsorted(figures.piece, np.arange(len(tables) + 1))
    parts: dict[int, Figures] = {}
    for piece in {int(p) for pair in pairs for p in pair}:
        parts[piece] = figures.take(slice(ends[piece], ends[piece + 1]))
    found = [_longest(a, b, parts[a], parts[b]) for a, b in pairs]
    found = [alike for alike in found if alike is not None and alike.figures >= least]
    return sorted(found, key=lambda alike: -alike.figures)


def _equal(keys: Iterable[Hashable]) -> list[tuple[int, ...]]:
    classes: dict[Hashable, list[int]] = {}
    for i, key in enumerate(keys):
        if key is not None:
            classes.setdefault(key, []).append(i)
    return [tuple(members) for members in classes.values() if len(members) > 1]


def _content(path: str | os.PathLike) -> bytes | None:
    try:
        return blake2b(read_bytes(os.fspath(path))).digest()
    except ReadError:
        return None


def _notes(table: NoteTable) -> bytes:
    columns = [np.rint(1000 * table.onset), np.rint(1000 * table.duration)]
    columns += [table.pitch, table.velocity, table.is_drum]
    order = np.lexsort(columns[::-1])
    return blake2b(np.stack(columns)[:, order].astype(np.int64).tobytes()).digest()


def _candidates(
    figures: Figures, group: np.ndarray, least: int
) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Pairs of pieces that share at least `least` rare figures, and (m,) bool, which are rare."""
    from scipy.sparse import csr_array

    _, code = np.unique(figures.code, return_inverse=True)
    shape = len(group), code.max(initial=-1) + 1
    if not len(figures):
        return [], np.zeros(0, bool)
    has = csr_array((np.ones(len(code), np.int32), (figures.piece, code)), shape)
    has.data[:] = 1  # however often
    ones = np.ones(len(group), np.int32), (group, np.arange(len(group)))
    by_group = csr_array(ones) @ has
    occurs = np.bincount(by_group.indices, minlength=shape[1])
    rare = (occurs > 1) & (occurs <= max(RARE, RARE_SHARE * by_group.shape[0]))
    has = has[:, rare]
    shared = (has @ has.T).tocoo()
    kept = (shared.data >= least) & (shared.row < shared.col)
    kept &= group[shared.row] != group[shared.col]
    pairs = zip(shared.row[kept].tolist(), shared.col[kept].tolist(), strict=True)
    return list(pairs), rare[code]


def _early(figures: Figures) -> np.ndarray:
    """(m,) bool: the first occurrences of each figure in each piece; a loop may have thousands."""
    later = figures.code[_REPEATS:] == figures.code[:-_REPEATS]
    later &= figures.piece[_REPEATS:] == figures.piece[:-_REPEATS]
    return np.append(np.ones(min(_REPEATS, len(figures)), bool), ~later)


def _longest(first: int, second: int, a: Figures, b: Figures) -> Alike | None:
    """The longest common sequence of two pieces over all transpositions."""
    start = np.searchsorted(b.code, a.code)
    count = np.searchsorted(b.code, a.code, side="right") - start
    i = np.arange(len(a)).repeat(count)
    j = np.arange(len(i)) - (count.cumsum() - count - start).repeat(count)
    shift = (b.pitch[j] - a.pitch[i]) % 12
    best = None
    for semitones in np.unique(shift):
        now = shift == semitones
        x, y, code = a.onset[i[now]], b.onset[j[now]], a.code[i[now]]
        if best is not None and len(np.unique(code)) <= best.figures:
            continue
        order = np.lexsort((y, x))
        x, y, code = x[order], y[order], code[order]
        path = _chain(x, y)
        figures = len(np.unique(code[path]))
        if best is None or figures > best.figures:
            ends = [path[0], path[-1]]
            best = Alike(
                first,
                second,
                figures,
                int((semitones + 5) % 12 - 5),
                tuple(x[ends].tolist()),
                tuple(y[ends].tolist()),
            )
    return best


def _chain(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Indices of the longest chain of matches at seconds `x` and `y` that keep in step.

    From one to the next neither time runs backwards, and both run at tempos that differ by no more
    than `TEMPO_RATIO`. The matches are sorted by `x`.
    """
    length = np.ones(len(x), np.int64)
    before = np.full(len(x), -1)
    for k in range(1, len(x)):
        back = slice(max(k - _BACK, 0), k)
        dx, dy = x[k] - x[back], y[k] - y[back]
        fits = (dy >= 0) & (dx + dy > 0)
        fits &= (dy <= TEMPO_RATIO * dx + SLACK) & (dx <= TEMPO_RATIO * dy + SLACK)
        reached = np.where(fits, length[back], 0)[::-1]
        nearest = int(reached.argmax())
        if reached[nearest]:
            length[k] += reached[nearest]
            before[k] = k - 1 - nearest
    path = [int(length.argmax())]
    while before[path[-1]] >= 0:
        path.append(before[path[-1]])
    return np.array(path[::-1])
