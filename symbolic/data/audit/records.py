"""What an audit can find in a set of pieces."""

from __future__ import annotations

from dataclasses import dataclass

from symbolic.data.pieces import Piece

VERDICTS = ("split", "groups", "known", "group")
"""What it means that pieces are the same; the first of these that is true.

`split`: they are in different splits. `groups`: in different groups, so that folds by group may
part them. `known`: in different groups that are kept together. `group`: in one group, where the
music only counts twice.
"""

LEAKS = ("split", "groups")

BY_CHANCE = 0.24
"""Share of the onsets that are near a grid (`NominalTempo`) if they have nothing to do with it."""


@dataclass(frozen=True)
class GroupAcross:
    """A group with pieces in more than one split, and how many in each."""

    group: str
    counts: dict[str, int]


@dataclass(frozen=True)
class Copies:
    """Two or more pieces with the same `bytes` or `notes`, as `kind` says."""

    kind: str
    verdict: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class SameMelody:
    """Two groups with a melody in common.

    Attributes:
        groups: their names, with the corpus.
        verdict: the worst of all their pairs of pieces, as in `VERDICTS`.
        pairs: how many pairs of pieces there are.
        first, second: the pair that shares most.
        figures, transposition, first_span, second_span: of this pair, as in `Alike`.
    """

    groups: tuple[str, str]
    verdict: str
    pairs: int
    first: Piece
    second: Piece
    figures: int
    transposition: int
    first_span: tuple[float, float]
    second_span: tuple[float, float]


@dataclass(frozen=True)
class Balance:
    """The labels of one task in one split of a corpus.

    Attributes:
        pieces: how many have a label.
        values: pieces by class, or the mean of each real-valued target.
    """

    corpus: str
    split: str
    task: str
    pieces: int
    values: dict[str, float]


@dataclass(frozen=True)
class NominalTempo:
    """A corpus of MIDI whose files all have one tempo and one meter throughout.

    Attributes:
        tempo: in quarters per minute.
        on_grid: share of the onsets that are near a twelfth of a quarter, the median of the files;
            by chance it is `BY_CHANCE`. Music that was written down at this tempo has nearly all of
            them there, a recording or transcription has not: its bars and beats mean nothing.
    """

    corpus: str
    files: int
    tempo: float
    meter: tuple[int, int]
    on_grid: float
