"""Audit of labelled pieces before training: leaks, duplicates, labels, dynamics, tempos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import numpy as np

from symbolic.data.audit.duplicates import (
    Alike,
    same_bytes,
    same_melody,
    same_notes,
)
from symbolic.data.audit.records import (
    BY_CHANCE,
    VERDICTS,
    Audit,
    Balance,
    Copies,
    GroupAcross,
    NominalTempo,
    SameMelody,
)
from symbolic.data.groups import group_name
from symbolic.data.pieces import Label, Piece
from symbolic.notes import NoteTable, ReadError
from symbolic.tasks import IGNORE, TASKS

GRID = 12  # steps of a quarter: sixteenths and triplets are among them


def audit(
    pieces: Sequence[Piece],
    tables: Sequence[NoteTable | ReadError],
    together: Mapping[str, str] | None = None,
) -> Audit:
    """Look for what invalidates the results of a training.

    Groups are identified by corpus and name. A piece with an empty split is in no split, but in the
    folds by group.

    Args:
        pieces: of any number of corpora, with or without labels.
        tables: the notes of each, or its error, as `read_many` returns them.
        together: `group_name` to one name, for groups known to be the same music and kept in one
            split and one fold (`pieces_to_audit`).
    """
    names = [group_name(piece.corpus, piece.group) for piece in pieces]
    readable = [(i, table) for i, table in enumerate(tables) if isinstance(table, NoteTable)]
    read, notes = [i for i, _ in readable], [table for _, table in readable]
    of_notes = [tuple(read[i] for i in same) for same in same_notes(notes)]
    alike = same_melody(notes, [names[i] for i in read])

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
        if first not in tune or tune[first] != tune.get(second):  # other pairs are copies
            a, b = sorted((names[first], names[second]))
            pairs.setdefault((a, b), []).append((first, second, found))
    return Audit(
        pieces=tuple(pieces),
        across=_across(pieces, names),
        copies=tuple(
            Copies(kind, verdict(same), tuple(pieces[i] for i in same)) for kind, same in copies
        ),
        melodies=tuple(melody(found) for found in pairs.values()),
        balance=_balance(pieces),
        flat=tuple(pieces[i] for i, table in readable if not table.has_dynamics),
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
    labels: dict[tuple[str, str, str], list[Label]] = {}
    for piece in pieces:
        for task, label in piece.labels.items():
            if label != IGNORE:
                labels.setdefault((piece.corpus, piece.split, task), []).append(label)
    return tuple(Balance(*key, len(found), _values(key[2], found)) for key, found in labels.items())


def _values(task: str, labels: list[Label]) -> dict[str, float]:
    names = TASKS[task].labels if task in TASKS else ()
    if isinstance(labels[0], Sequence):
        columns = np.array(labels, dtype=float).T
        return {
            name: float(np.nanmean(column))
            for name, column in zip(names or map(str, range(len(columns))), columns, strict=True)
            if not np.isnan(column).all()
        }
    counts = Counter(cast("list[int]", labels))
    classes = range(len(names)) if names else sorted(counts)
    return {names[c] if names else str(c): counts[c] for c in classes}


def _nominal_tempos(
    corpora: Sequence[str], tables: Sequence[NoteTable]
) -> tuple[NominalTempo, ...]:
    """Find nominal tempos of corpora with more than one MIDI file; scores have true ones."""
    found: dict[str, list[NoteTable]] = {}
    for corpus, table in zip(corpora, tables, strict=True):
        if not table.from_notation:
            found.setdefault(corpus, []).append(table)
    nominal = []
    for corpus, files in found.items():
        constant = all(len(t.tempo) == len(t.meter_numerator) == 1 for t in files)
        settings = {
            (round(float(t.tempo[0]), 3), int(t.meter_numerator[0]), int(t.meter_denominator[0]))
            for t in files
        }
        if len(files) > 1 and constant and len(settings) == 1:
            tempo, numerator, denominator = settings.pop()
            on_grid = float(np.median([_on_grid(table) for table in files]))
            meter = (numerator, denominator)
            nominal.append(NominalTempo(corpus, len(files), tempo, meter, on_grid))
    return tuple(nominal)


def _on_grid(table: NoteTable) -> float:
    steps = table.onset_ticks / table.ticks_per_quarter * GRID
    return float((abs(steps - np.rint(steps)) <= BY_CHANCE / 2).mean())
