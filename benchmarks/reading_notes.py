"""Notes of one score under several readers, and how far these agree; see `reading.py`."""

import base64
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import symusic

VOTERS = ("verovio", "partitura", "lytk", "musescore")
NEAR = 0.05  # quarters
AGREED = 0.99  # F1


@dataclass(eq=False)
class Notes:
    """Notes of a reader: rows of onset in quarters, pitch, velocity and onset in seconds.

    Sorted by pitch and onset, each pitch once at an onset.
    """

    rows: np.ndarray
    tempo: float  # the first, in quarters a minute


def notes_of(onset, pitch, velocity, tempos: list[tuple[float, float]]) -> Notes:
    """Notes from columns of equal length, onsets in quarters, and tempos from any quarter on."""
    tempos = sorted(dict(tempos).items())
    if not tempos or tempos[0][0] > 0:
        tempos = [(0.0, 120.0), *tempos]
    at, per_minute = np.array(tempos, float).T
    onset, pitch = np.asarray(onset, float), np.asarray(pitch, float)
    begins = np.concatenate([[0.0], np.cumsum(np.diff(at) * 60 / per_minute[:-1])])
    under = np.maximum(np.searchsorted(at, onset, side="right") - 1, 0)
    seconds = begins[under] + (onset - at[under]) * 60 / per_minute[under]
    rows = np.stack([onset, pitch, np.asarray(velocity, float), seconds], axis=-1).reshape(-1, 4)
    rows = rows[np.lexsort((rows[:, 0], rows[:, 1]))]
    struck = np.ones(len(rows), bool)
    struck[1:] = (np.diff(rows[:, 1]) != 0) | (np.diff(rows[:, 0]) > 0.01)
    return Notes(rows[struck], per_minute[0])


def sounding_notes(answer: dict) -> Notes:
    """Notes of an answer of the worker, without those of drums."""
    if "midi" in answer:
        score = symusic.Score.from_midi(base64.b64decode(answer["midi"]))
        quarter = score.tpq
        notes = [one for track in score.tracks if not track.is_drum for one in track.notes]
        rows = [(one.time / quarter, one.pitch, one.velocity) for one in notes]
        tempos = [(one.time / quarter, one.qpm) for one in score.tempos]
    else:
        rows = [(onset, pitch, velocity) for onset, _, pitch, velocity in answer["notes"]]
        tempos = answer["tempos"]
    return notes_of(*np.array(rows, float).reshape(-1, 3).T, tempos)


def matched(ours: np.ndarray, theirs: np.ndarray, near: float = NEAR) -> np.ndarray:
    """Indices (n, 2) of notes of one pitch and nearly one onset, one to one.

    Args:
        ours, theirs: rows that begin with onset and pitch, sorted by pitch and onset.
        near: how far onsets may lie apart, in quarters.
    """
    pairs, i, j = [], 0, 0
    while i < len(ours) and j < len(theirs):
        before = ours[i, 0] - theirs[j, 0]
        if ours[i, 1] != theirs[j, 1]:
            before = ours[i, 1] - theirs[j, 1]
        elif abs(before) <= near:
            pairs.append((i, j))
            i, j = i + 1, j + 1
            continue
        i, j = i + (before < 0), j + (before > 0)
    return np.array(pairs, int).reshape(-1, 2)


@cache
def f1(ours: Notes, theirs: Notes) -> float:
    """Onset-pitch F1; 1 where both have no notes."""
    both = len(ours.rows) + len(theirs.rows)
    return 2 * len(matched(ours.rows, theirs.rows)) / both if both else 1.0


def agreeing(notes: dict[str, Notes], left_out: str = "") -> tuple[str, ...]:
    """The most voters that agree with each other; none where as many agree on something else."""
    names = [one for one in VOTERS if one in notes and one != left_out and len(notes[one].rows)]
    agree = {pair for pair in combinations(names, 2) if f1(*(notes[n] for n in pair)) >= AGREED}
    for count in range(len(names), 1, -1):
        groups = [
            group
            for group in combinations(names, count)
            if agree.issuperset(combinations(group, 2))
        ]
        if groups:
            apart = any(not set(groups[0]) & set(group) for group in groups)
            return () if apart else groups[0]
    return ()


def with_agreement(notes: dict[str, Notes], reader: str) -> float | None:
    """F1 of a reader with those that agree, 0 where it refuses; None where none agree."""
    group = agreeing(notes, left_out=reader)
    if not group:
        return None
    return float(np.mean([f1(notes[reader], notes[n]) for n in group])) if reader in notes else 0.0


def first_tempo_same(ours: Notes, theirs: Notes) -> bool:
    return abs(ours.tempo / theirs.tempo - 1) < 0.01


def same_seconds(ours: Notes, theirs: Notes) -> bool:
    """Whether 95 % of the notes that both have begin within 2 % and 0.05 s of each other."""
    pairs = matched(ours.rows, theirs.rows)
    mine, other = ours.rows[pairs[:, 0], 3], theirs.rows[pairs[:, 1], 3]
    return bool((np.abs(mine - other) <= 0.05 + 0.02 * other).mean() >= 0.95)


def velocity_order(ours: Notes, theirs: Notes) -> float | None:
    """Spearman's rho of the velocities; None where one of the two has a single one."""
    pairs = matched(ours.rows, theirs.rows)
    mine, other = ours.rows[pairs[:, 0], 2], theirs.rows[pairs[:, 1], 2]
    if min(len(np.unique(mine)), len(np.unique(other))) < 2:
        return None
    return float(pd.Series(mine).corr(pd.Series(other), method="spearman"))
