"""Results of an audit."""

from __future__ import annotations

from dataclasses import dataclass, field

from symbolic.data.pieces import Piece

VERDICTS = ("split", "groups", "known", "group")
"""Verdicts on duplicates, the worst first.

`split`: they are in different splits. `groups`: they are in different groups, which may be in
different folds. `known`: they are in different groups that are kept together. `group`: they are in
one group; the music counts twice, but does not leak.
"""

LEAKS = ("split", "groups")

BY_CHANCE = 0.24
"""Share of random onsets that are near the grid of `NominalTempo`."""


@dataclass(frozen=True)
class GroupAcross:
    """A group with pieces in more than one split, and their number in each."""

    group: str
    counts: dict[str, int]


@dataclass(frozen=True)
class Copies:
    """Two or more pieces with the same `bytes` or `notes` (`kind`)."""

    kind: str
    verdict: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class SameMelody:
    """Two groups with a melody in common.

    Attributes:
        groups: their names, with the corpus.
        verdict: the worst of all pairs of pieces, as in `VERDICTS`.
        pairs: number of pairs of pieces.
        first, second: the pair with the most figures in common.
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
        pieces: number of labelled pieces.
        values: number of pieces of each class, or the mean of each real-valued target.
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
        on_grid: share of the onsets near a twelfth of a quarter, the median of the files; for
            random onsets it is `BY_CHANCE`. Nearly all onsets of music notated at this tempo are on
            the grid; those of a recording or transcription are not, and its bars and beats mean
            nothing.
    """

    corpus: str
    files: int
    tempo: float
    meter: tuple[int, int]
    on_grid: float


@dataclass(frozen=True)
class Audit:
    """Results of the audit of a set of pieces; `symbolic.data.audit.text` prints them.

    Attributes:
        pieces: all of them.
        across: groups in more than one split.
        copies: pieces with the same bytes, or with the same notes in different files.
        melodies: groups with a melody in common, the longest first.
        balance: labels by corpus, split and task.
        flat: pieces in which all notes have the same velocity.
        tempos: corpora with what may be a nominal tempo.
        unread: pieces that cannot be read, and the reasons.
        unlabelled: pieces of a table of labels whose row has none.
        without_row: music files in the folder of a table that are not in it; they are not audited.
        passed_over: number of other files in folders, by reason, as `find_sources` counts them.
    """

    pieces: tuple[Piece, ...]
    across: tuple[GroupAcross, ...] = ()
    copies: tuple[Copies, ...] = ()
    melodies: tuple[SameMelody, ...] = ()
    balance: tuple[Balance, ...] = ()
    flat: tuple[Piece, ...] = ()
    tempos: tuple[NominalTempo, ...] = ()
    unread: tuple[tuple[Piece, str], ...] = ()
    unlabelled: tuple[Piece, ...] = ()
    without_row: tuple[str, ...] = ()
    passed_over: dict[str, int] = field(default_factory=dict)

    @property
    def leaks(self) -> bool:
        """Whether a split, or folds by group, would test on training music.

        True for a group in more than one split, and for the same bytes, notes or melody in two
        splits, or in two groups that are not known to be the same.
        """
        duplicates = (*self.copies, *self.melodies)
        return bool(self.across) or any(one.verdict in LEAKS for one in duplicates)
