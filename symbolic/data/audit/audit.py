"""Whether a set may be trained on: leaks between splits or folds, and what its files lack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from symbolic.data.audit.duplicates import LEAST, Alike, same_bytes, same_melody, same_notes
from symbolic.data.audit.records import (
    BY_CHANCE,
    LEAKS,
    VERDICTS,
    Balance,
    Copies,
    GroupAcross,
    NominalTempo,
    SameMelody,
)
from symbolic.data.groups import group_name
from symbolic.data.pieces import Piece
from symbolic.notes import NoteTable, ReadError
from symbolic.tasks import IGNORE, TASKS

GRID = 12  # steps of a quarter: sixteenths and triplets are among them


@dataclass(frozen=True)
class Audit:
    """What was found in a set of pieces; as text, `str(audit)`.

    Attributes:
        pieces: all of them.
        across: groups in more than one split.
        copies: pieces with the same bytes, and with the same notes in files that differ.
        melodies: groups with a melody in common, the surest first.
        balance: labels by corpus, split and task.
        flat: pieces whose notes all have one velocity, so that it says nothing.
        tempos: corpora with what may be a nominal tempo.
        unread: pieces that cannot be read, and why.
    """

    pieces: tuple[Piece, ...]
    across: tuple[GroupAcross, ...] = ()
    copies: tuple[Copies, ...] = ()
    melodies: tuple[SameMelody, ...] = ()
    balance: tuple[Balance, ...] = ()
    flat: tuple[Piece, ...] = ()
    tempos: tuple[NominalTempo, ...] = ()
    unread: tuple[tuple[Piece, str], ...] = ()

    @property
    def leaks(self) -> bool:
        """Whether a split, or folds by group, would test on music that was trained on.

        True for a group in more than one split, and for the same bytes, notes or melody in two
        splits, or in two groups that are not known to be the same.
        """
        same = (*self.copies, *self.melodies)
        return bool(self.across) or any(finding.verdict in LEAKS for finding in same)

    def __str__(self) -> str:
        from symbolic.data.audit.text import audit_lines

        return "\n".join(audit_lines(self))


def audit(
    pieces: Sequence[Piece],
    tables: Sequence[NoteTable | ReadError],
    together: Mapping[str, str] | None = None,
    least: int = LEAST,
) -> Audit:
    """Look for what makes the results of a training worthless.

    Groups are told apart by corpus and name. A piece whose split is empty is in no split; folds by
    group would use it all the same.

    Args:
        pieces: of any number of corpora, labelled or not.
        tables: the notes of each, or why they cannot be read, as `read_many` gives them.
        together: `group_name` to one name for groups that are known to be the same music and are
            kept in one split and one fold (`audited_pieces`).
        least: figures that make two melodies the same (`same_melody`).
    """
    names = [group_name(piece.corpus, piece.group) for piece in pieces]
    read = [i for i, table in enumerate(tables) if isinstance(table, NoteTable)]
    notes = [tables[i] for i in read]
    of_notes = [tuple(read[i] for i in same) for same in same_notes(notes)]
    alike = same_melody(notes, [names[i] for i in read], least)

    def verdict(members: Iterable[int]) -> str:
        members = tuple(members)
        groups = {names[i] for i in members}
        if len({pieces[i].split for i in members} - {""}) > 1:
            return "split"
        if len(groups) == 1:
            return "group"
        return "known" if len({(together or {}).get(g, g) for g in groups}) == 1 else "groups"

    def melody(found: list[tuple[int, int, Alike]]) -> SameMelody:
        first, second, most = found[0]
        return SameMelody(
            groups=(names[first], names[second]),
            verdict=min((verdict(pair[:2]) for pair in found), key=VERDICTS.index),
            pairs=len(found),
            first=pieces[first],
            second=pieces[second],
            figures=most.figures,
            transposition=most.transposition,
            first_span=most.first_span,
            second_span=most.second_span,
        )

    of_bytes = same_bytes([piece.path for piece in pieces])
    file = {i: same for same in of_bytes for i in same}
    copies = [("bytes", same) for same in of_bytes]
    copies += [("notes", same) for same in of_notes if len({file.get(i, i) for i in same}) > 1]
    tune = {i: same for same in of_notes for i in same}
    pairs: dict[tuple[str, str], list[tuple[int, int, Alike]]] = {}
    for found in alike:
        first, second = read[found.first], read[found.second]
        if first not in tune or tune[first] != tune.get(second):  # else they are copies
            key = tuple(sorted((names[first], names[second])))
            pairs.setdefault(key, []).append((first, second, found))
    return Audit(
        pieces=tuple(pieces),
        across=_across(pieces, names),
        copies=tuple(
            Copies(kind, verdict(same), tuple(pieces[i] for i in same)) for kind, same in copies
        ),
        melodies=tuple(melody(found) for found in pairs.values()),
        balance=_balance(pieces),
        flat=tuple(pieces[i] for i in read if not tables[i].has_dynamics),
        tempos=_nominal_tempos([pieces[i].corpus for i in read], notes),
        unread=tuple(
            (piece, table.reason)
            for piece, table in zip(pieces, tables, strict=True)
            if isinstance(table, ReadError)
        ),
    )


def _across(pieces: Sequence[Piece], names: Sequence[str]) -> tuple[GroupAcross, ...]:
    counts: dict[str, Counter[str]] = {}
    for piece, name in zip(pieces, names, strict=True):
        if piece.split:
            counts.setdefault(name, Counter())[piece.split] += 1
    return tuple(GroupAcross(name, dict(c)) for name, c in counts.items() if len(c) > 1)


def _balance(pieces: Sequence[Piece]) -> tuple[Balance, ...]:
    labels: dict[tuple[str, str, str], list[int | tuple[float, ...]]] = {}
    for piece in pieces:
        for task, label in piece.labels.items():
            if label != IGNORE:
                labels.setdefault((piece.corpus, piece.split, task), []).append(label)
    return tuple(Balance(*key, len(found), _values(key[2], found)) for key, found in labels.items())


def _values(task: str, labels: list[int | tuple[float, ...]]) -> dict[str, float]:
    known = TASKS[task].labels if task in TASKS else ()
    if isinstance(labels[0], Sequence):
        columns = np.array(labels, dtype=float).T
        names = known or [str(i) for i in range(len(columns))]
        return {
            name: float(np.nanmean(column))
            for name, column in zip(names, columns, strict=True)
            if not np.isnan(column).all()
        }
    counts = Counter(labels)
    classes = range(len(known)) if known else sorted(counts)
    return {known[c] if known else str(c): counts[c] for c in classes}


def _nominal_tempos(
    corpora: Sequence[str], tables: Sequence[NoteTable]
) -> tuple[NominalTempo, ...]:
    """Of corpora with more than one file; scores are left out, since theirs is no recording's."""
    found: dict[str, list[NoteTable]] = {}
    for corpus, table in zip(corpora, tables, strict=True):
        if not table.from_notation:
            found.setdefault(corpus, []).append(table)
    nominal = []
    for corpus, files in found.items():
        constant = all(len(t.tempo) == len(t.meter_numerator) == 1 for t in files)
        said = {
            (round(float(t.tempo[0]), 3), int(t.meter_numerator[0]), int(t.meter_denominator[0]))
            for t in files
        }
        if len(files) > 1 and constant and len(said) == 1:
            tempo, *meter = said.pop()
            on_grid = float(np.median([_on_grid(table) for table in files]))
            nominal.append(NominalTempo(corpus, len(files), tempo, tuple(meter), on_grid))
    return tuple(nominal)


def _on_grid(table: NoteTable) -> float:
    steps = table.onset_ticks / table.ticks_per_quarter * GRID
    return float((abs(steps - np.rint(steps)) <= BY_CHANCE / 2).mean())
