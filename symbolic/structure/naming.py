"""Names of parts by similarity within a piece: A, B, A', and intro and outro of songs.

Two parts are the same if their beats are alike one after another: in pitch classes, onsets, and in
the notes and onsets of the leading voice. The weights of these similarities and the threshold of
the groups are those of a logistic regression on POP909's phrases (`benchmarks/section_names.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, product

import numpy as np

from symbolic.audio.beat_rows import BeatRow
from symbolic.audio.front_end import ROLL_WIDTHS
from symbolic.audio.piano_roll import ONSET_COLUMNS

NAMING_ROLLS = ("chroma", "onsets", "lead_roll", "lead_onsets")
"""Kinds of piano rolls that are compared, and that a beat row must have."""

NAMING_WIDTH = sum(ROLL_WIDTHS[kind] for kind in NAMING_ROLLS)

WEIGHTS = (1.37, 3.23, 3.66, 1.39, 10.62)  # of `NAMING_ROLLS`, and of the ratio of lengths
BIAS = -15.95
SAME = 0.4  # least mean probability within a group
EQUAL = 1e-5  # difference of probabilities by rounding
VARIED = 0.9  # below this probability beside the first of its group, a part has a prime
SHIFT = 2  # beats by which parts are shifted against each other, at most
SNAP = 0.05  # seconds by which a boundary may precede its beat
SILENT_LEAD = 0.15  # share of beats with notes of the leading voice; below it, it is silent
SUNG = 0.3  # least share in a piece whose silent parts are intro and outro
ROWS = 256  # beats that are compared with all later ones at once
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class PartNames:
    """Names of the P parts of a piece.

    Attributes:
        labels: `A`, `B`, ... by first appearance, with a prime for a variation (`A'`); `intro` and
            `outro` for a first and a last part without the leading voice of the others.
        similar_to: for each part the number, from 1, of the earlier part that it is most probably
            the same as, the first of several; None if it is not the same as any.
    """

    labels: tuple[str, ...] = ()
    similar_to: tuple[int | None, ...] = ()


def part_names(row: BeatRow, times: Sequence[float] | np.ndarray) -> PartNames:
    """Name the parts of a piece.

    Args:
        row: the piece by beats, with `NAMING_ROLLS`.
        times: (P + 1,) seconds, ascending: where parts begin, and the end.

    Raises:
        ValueError: a row without these piano rolls.
    """
    cuts = beats_of(row, times)
    same = same_probabilities(row, cuts)
    groups = grouped(same, SAME)
    edges = _silent_ends(row, cuts)
    labels: list[str] = []
    firsts: dict[int, int] = {}
    letters: dict[int, str] = {}
    names = _letters()
    for part, group in enumerate(groups):
        if part in edges:
            labels.append(edges[part])
            continue
        first = firsts.setdefault(group, part)
        letter = letters.setdefault(group, "") or next(names)
        letters[group] = letter
        is_varied = first != part and same[first, part] < VARIED
        labels.append(f"{letter}'" if is_varied else letter)
    similar: list[int | None] = []
    for part in range(len(labels)):
        earlier = same[part, :part]
        most = earlier.max(initial=0)
        best = int((earlier >= most - EQUAL).argmax()) if part else 0
        similar.append(best + 1 if most >= 0.5 else None)
    return PartNames(tuple(labels), tuple(similar))


def beats_of(row: BeatRow, times: Sequence[float] | np.ndarray) -> np.ndarray:
    """(P + 1,) int64 first beats of parts that begin at (P + 1,) seconds, and the beats' number."""
    cuts = row.edges[:-1].searchsorted(np.asarray(times, float) - SNAP)
    cuts[0], cuts[-1] = 0, row.count
    return cuts


def same_probabilities(row: BeatRow, cuts: np.ndarray) -> np.ndarray:
    """(P, P) probabilities that two parts are the same, 1 on the diagonal.

    Args:
        row: the piece by beats, with `NAMING_ROLLS`.
        cuts: (P + 1,) as of `beats_of`.
    """
    parts = len(cuts) - 1
    first, second = np.triu_indices(parts, 1)
    logits = similarities(row, cuts) @ np.array(WEIGHTS) + BIAS
    same = np.eye(parts)
    same[first, second] = same[second, first] = 1 / (1 + np.exp(-logits))
    return same


def similarities(row: BeatRow, cuts: np.ndarray) -> np.ndarray:
    """Compare the parts of a piece in pairs.

    Args:
        row: the piece by beats, with `NAMING_ROLLS`.
        cuts: (P + 1,) as of `beats_of`.

    Returns:
        (P (P - 1) / 2, 5) float64, pairs in the order of `numpy.triu_indices(P, 1)`: for each of
        `NAMING_ROLLS` the mean cosine similarity of their beats one after another, at the best
        shift of up to `SHIFT` beats; and the ratio of their lengths. 0 for an empty part.
    """
    first, second = np.triu_indices(len(cuts) - 1, 1)
    begins, ends = cuts[:-1], cuts[1:]
    sizes = ends - begins
    shorter = np.minimum(sizes[first], sizes[second])
    shift = np.arange(-SHIFT, SHIFT + 1)[:, None]
    x = begins[first] + np.maximum(-shift, 0)
    y = begins[second] + np.maximum(shift, 0)
    length = np.minimum(ends[first] - x, ends[second] - y)
    fits = length >= np.maximum(shorter - SHIFT, 1)
    means = np.full((len(NAMING_ROLLS), *fits.shape), -1.0)
    means[:, fits] = _diagonal_means(_views(row), x[fits], y[fits], length[fits])
    best = np.where(shorter > 0, means.max(axis=1), 0)
    longer = np.maximum(np.maximum(sizes[first], sizes[second]), 1)
    return np.column_stack([*best, shorter / longer])


def _views(row: BeatRow) -> list[np.ndarray]:
    """(U, D) float32 unit vectors of the beats for each of `NAMING_ROLLS`.

    Silence has a column of its own.
    """
    widths = [ROLL_WIDTHS[kind] for kind in NAMING_ROLLS]
    if row.rolls is None or row.rolls.shape[1] != NAMING_WIDTH:
        raise ValueError(f"parts are named by the piano rolls {', '.join(NAMING_ROLLS)}")
    views = []
    for kind, part in zip(
        NAMING_ROLLS, np.split(row.rolls, np.cumsum(widths)[:-1], axis=1), strict=True
    ):
        if kind.endswith("onsets"):  # columns of different units, some of them constant
            part = part.astype(np.float64)
            part = (part - part.mean(axis=0)) / (part.std(axis=0) + 1e-6)
        norm = np.sqrt(np.einsum("ij,ij->i", part, part))[:, None]
        silent = norm == 0
        unit = part / np.where(silent, 1, norm)
        views.append(np.concatenate([unit, silent], axis=1, dtype=np.float32))
    return views


def _diagonal_means(
    views: Sequence[np.ndarray], x: np.ndarray, y: np.ndarray, length: np.ndarray
) -> np.ndarray:
    """Compare stretches of beats one beat after another.

    Args:
        views: K arrays, (U, D) each.
        x, y: (N,) first beats of the two stretches, `x` before `y`.
        length: (N,) their beats, at least 1.

    Returns:
        (K, N) mean inner products. The matrix of all pairs of beats is only there in blocks.
    """
    beats = len(views[0])
    sums = np.zeros((len(views), len(x)))
    for row in range(0, beats, ROWS):
        begin, end = np.clip(row - x, 0, length), np.clip(row + ROWS - x, 0, length)
        inside = np.flatnonzero(end > begin)
        if not len(inside):
            continue
        begin, counts = begin[inside], (end - begin)[inside]
        starts = counts.cumsum() - counts
        columns = beats - row
        corner = (x[inside] - row) * columns + y[inside] - row + begin * (columns + 1)
        step = np.arange(counts.sum()) - starts.repeat(counts)
        place = corner.repeat(counts) + step * (columns + 1)
        for view, total in zip(views, sums, strict=True):
            products = view[row : row + ROWS] @ view[row:].T
            total[inside] += np.add.reduceat(products.ravel()[place], starts)
    return sums / length


def grouped(same: np.ndarray, least: float) -> list[int]:
    """Group parts by mean probability (average linkage).

    Args:
        same: (P, P) probabilities that two parts are the same.
        least: mean probability below which no groups are joined.

    Returns:
        The group of each of the P parts.
    """
    link = np.array(same, float)
    np.fill_diagonal(link, -1)
    sizes, group = np.ones(len(link)), np.arange(len(link))
    while len(link) > 1:
        a, b = divmod(int(link.argmax()), len(link))
        if link[a, b] < least:
            break
        joined = (sizes[a] * link[a] + sizes[b] * link[b]) / (sizes[a] + sizes[b])
        link[a], link[:, a] = joined, joined
        link[a, a] = -1
        link[b], link[:, b] = -1, -1
        sizes[a] += sizes[b]
        group[group == b] = a
    return group.tolist()


def _silent_ends(row: BeatRow, cuts: np.ndarray) -> dict[int, str]:
    """Find a first and a last part in which the leading voice of the others is silent."""
    widths = [ROLL_WIDTHS[kind] for kind in NAMING_ROLLS]
    rolls = row.rolls
    if rolls is None or len(cuts) < 4:
        return {}
    notes = ONSET_COLUMNS.index("notes")
    lead = rolls[:, sum(widths[:3]) + notes] > 0
    every = rolls[:, widths[0] + notes] > 0
    parts = len(cuts) - 1

    def share(begin: int, end: int) -> float:
        return float(lead[begin:end].mean()) if end > begin else 1.0

    if share(0, row.count) < SUNG or np.array_equal(lead, every):
        return {}
    ends = {0: "intro", parts - 1: "outro"}
    silent = {part for part in ends if share(cuts[part], cuts[part + 1]) < SILENT_LEAD}
    return {part: ends[part] for part in silent}


def _letters() -> Iterator[str]:
    """Yield A to Z, AA, AB, ..."""
    for length in count(1):
        for letters in product(LETTERS, repeat=length):
            yield "".join(letters)
