"""Duplicates: the same bytes, the same notes, or the same melody."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from symbolic.data.audit.melody import Figures, melody_figures
from symbolic.notes import NoteTable, ReadError
from symbolic.notes.read import read_bytes

MIN_SHARED_FIGURES = 18
"""Figures two pieces must share in the same order to have the same melody.

Unrelated songs share far fewer in clips of half a minute, copies of such a clip far more; among
thousands of long pieces a few pairs reach it by a loop or a scale.
"""

RARE, RARE_SHARE = 25, 0.02
"""A figure is rare if it occurs in at most 25 groups, or in at most 2 % of them.

Melodies in more groups than that are not found, unless all notes are the same.
"""

TEMPO_RATIO, SLACK = 1.5, 0.25
"""Largest tempo ratio of two performances from note to note, and a tolerance in seconds."""

_REPEATS = 8  # occurrences of a figure in a piece that are compared
_PAIRS_AT_ONCE = 2**22  # of pieces with a figure in common, in memory
_BACK = 500  # matches before one that are tried as its predecessor


@dataclass(frozen=True)
class Alike:
    """Two pieces with a melody in common.

    Attributes:
        first, second: their numbers.
        figures: number of different rare figures that both have in the same order.
        transposition: semitones from the first to the second, -5..6, without octaves.
        first_span, second_span: onsets of the first and the last of the figures, in seconds.
    """

    first: int
    second: int
    figures: int
    transposition: int
    first_span: tuple[float, float]
    second_span: tuple[float, float]


def same_bytes(paths: Sequence[str | os.PathLike]) -> list[tuple[int, ...]]:
    """Find files that are equal byte by byte; files that cannot be read equal none."""
    return _equal(content_hash(path) for path in paths)


def same_notes(tables: Sequence[NoteTable | ReadError]) -> list[tuple[int, ...]]:
    """Find pieces with the same notes, to the millisecond, in any files.

    Onset, duration, pitch and velocity are compared, but not tracks, tempo, meter, or the order of
    simultaneous notes.
    """
    return _equal(None if isinstance(table, ReadError) else notes_hash(table) for table in tables)


def same_melody(
    tables: Sequence[NoteTable], groups: Sequence[str], min_figures: int = MIN_SHARED_FIGURES
) -> list[Alike]:
    """Find pairs of pieces of different groups with a melody in common, the longest first.

    Pieces are compared by their rare melodic figures (`melody_figures`), since scales and turns are
    common to many. The figures are counted in the longest sequence that both pieces have in the
    same order, at one transposition and in step, each figure once: matches by chance are scattered,
    and those of a loop are all the same. This is the chaining of shared seeds of genome alignment.
    It finds transposed copies, covers, and clips that overlap by 10 to 20 seconds (`min_figures`).
    It misses tunes below their accompaniment, and tunes at less than 2/3 of the tempo.
    """
    group = np.unique(list(groups), return_inverse=True)[1]
    return alike(melody_figures(tables), group, min_figures)


def alike(figures: Figures, group: np.ndarray, min_figures: int, split: int = 0) -> list[Alike]:
    """Find pairs of pieces with figures in common, as `same_melody` does.

    Args:
        figures: of p pieces.
        group: (p,) number of the group of each piece.
        min_figures: smallest number of shared figures.
        split: compare only the first `split` pieces with the others; 0: all pieces.
    """
    pairs, rare = _candidates(figures, group, min_figures, split)
    figures = figures.take(rare & _early(figures))
    ends = np.searchsorted(figures.piece, np.arange(len(group) + 1))
    parts: dict[int, Figures] = {}
    for piece in {int(p) for pair in pairs for p in pair}:
        parts[piece] = figures.take(slice(ends[piece], ends[piece + 1]))
    found = [_longest(a, b, parts[a], parts[b]) for a, b in pairs]
    found = [alike for alike in found if alike is not None and alike.figures >= min_figures]
    return sorted(found, key=lambda alike: -alike.figures)


def _equal(keys: Iterable[Hashable]) -> list[tuple[int, ...]]:
    classes: dict[Hashable, list[int]] = {}
    for i, key in enumerate(keys):
        if key is not None:
            classes.setdefault(key, []).append(i)
    return [tuple(members) for members in classes.values() if len(members) > 1]


def content_hash(path: str | os.PathLike) -> bytes | None:
    """Hash the bytes of a file; None if it cannot be read."""
    try:
        return blake2b(read_bytes(os.fspath(path))).digest()
    except ReadError:
        return None


def notes_hash(table: NoteTable) -> bytes:
    """Hash the notes of a piece, as `same_notes` compares them."""
    columns = [np.rint(1000 * table.onset), np.rint(1000 * table.duration)]
    columns += [table.pitch, table.velocity, table.is_drum]
    order = np.lexsort(columns[::-1])
    return blake2b(np.stack(columns)[:, order].astype(np.int64).tobytes()).digest()


def _candidates(
    figures: Figures, group: np.ndarray, min_figures: int, split: int
) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Find pairs of pieces with `min_figures` rare figures in common; and (m,) bool, rare."""
    _, code = np.unique(figures.code, return_inverse=True)
    count = len(group)
    occurs = np.unique(code * count + group[figures.piece]) // count
    occurs = np.bincount(occurs, minlength=code.max(initial=-1) + 1)
    rare = (occurs > 1) & (occurs <= max(RARE, RARE_SHARE * len(np.unique(group))))
    rare = rare[code]
    # Occurrences in a piece count once. Sorted by figure, a piece pairs with those after it.
    has = np.unique(code[rare] * count + figures.piece[rare])
    code, piece = np.divmod(has, count)
    first = np.arange(1, len(has) + 1)
    if split:
        first = np.maximum(first, has.searchsorted(code * count + split))
    partners = (code.searchsorted(code, side="right") - first).clip(0)
    if split:
        partners[piece >= split] = 0
    pairs, shared = np.zeros(0, np.int64), np.zeros(0, np.int64)
    bounds = np.arange(0, partners.sum(), _PAIRS_AT_ONCE)
    for part in np.split(np.arange(len(has)), partners.cumsum().searchsorted(bounds)[1:]):
        left = part.repeat(partners[part])
        ends = partners[part].cumsum()
        right = np.arange(len(left)) - (ends - partners[part] - first[part]).repeat(partners[part])
        found, times = np.unique(piece[left] * count + piece[right], return_counts=True)
        pairs, place = np.unique(np.append(pairs, found), return_inverse=True)
        shared = np.bincount(place, np.append(shared, times))
    left, right = np.divmod(pairs[shared >= min_figures], count)
    kept = group[left] != group[right]
    return list(zip(left[kept].tolist(), right[kept].tolist(), strict=True)), rare


def _early(figures: Figures) -> np.ndarray:
    """(m,) bool: the first occurrences of each figure in each piece, as loops have thousands."""
    later = figures.code[_REPEATS:] == figures.code[:-_REPEATS]
    later &= figures.piece[_REPEATS:] == figures.piece[:-_REPEATS]
    return np.append(np.ones(min(_REPEATS, len(figures)), bool), ~later)


def _longest(first: int, second: int, a: Figures, b: Figures) -> Alike | None:
    """Find the longest common sequence of two pieces over all transpositions."""
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
    """Find the longest chain of matches at seconds `x` (ascending) and `y`; returns their indices.

    From one match to the next, both times increase, at tempos that differ by at most `TEMPO_RATIO`.
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
