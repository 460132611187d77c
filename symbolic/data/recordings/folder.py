"""One's own recordings: files and a CSV of what is known of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from symbolic.data.corpora.label_rows import MISSING, LabelRow
from symbolic.data.corpora.labelled_rows import TABLE, corpus_name, emotion_labels, labelled_rows
from symbolic.data.corpus import Corpus
from symbolic.data.groups import LeakError, assert_disjoint
from symbolic.data.pieces import Piece
from symbolic.tasks import EMOTION, GENRE, MOOD, TAGS, VALENCE_AROUSAL, Task

LABELS = ("genre", "mood", "tags", "quadrant", "valence", "arousal")
LAYOUT = (
    f"labelled recordings are a folder with {TABLE}, or a CSV: a column path (or file) relative to "
    f"its folder or to audio/ in there, and any of {', '.join(LABELS)}, group, split"
)


def read_audio_folder(path: str | Path) -> Corpus:
    """Recordings that a CSV labels; a value that is missing is a label that the piece lacks.

    | column | of each recording |
    |---|---|
    | path, or file | where it is, from the folder of the CSV, or from `audio/` in that folder |
    | genre, mood | a name; the classes are the names that occur, in alphabetical order |
    | tags | any number of names, between `\\|` or `;`; the most frequent comes first |
    | quadrant, valence, arousal | as `symbolic.data.read_labelled` reads them |
    | group | what must not cross a split, a song or an artist for example; by default each alone |
    | split | `train`, `val` or any other name |

    Args:
        path: the CSV, or the folder that holds it as `labels.csv`.

    Returns:
        The corpus, named as its folder, with a piece for each row, in order, and the tasks of which
        some row has a label.

    Raises:
        FileNotFoundError: no such table, or a file that is missing.
        ValueError: columns that do not suffice, no label in any row, a label that does not exist,
            or a file that has two rows. Each message names the CSV, and the line where there is
            one.
        LeakError: a group in two splits.
    """
    rows = labelled_rows(path, LABELS, "audio", LAYOUT)
    table = rows[0][1].table
    labels = emotion_labels([row for _, row, _ in rows])
    tasks: list[Task] = []
    for task in (GENRE, MOOD):
        named = [_name(row, task.name) for _, row, _ in rows]
        if classes := sorted({name for name in named if name}):
            tasks.append(replace(task, labels=tuple(classes)))
            for known, name in zip(labels, named, strict=True):
                if name:
                    known[task.name] = classes.index(name)
    tagged = [_tags(row) for _, row, _ in rows]
    if tags := _by_frequency(tagged):
        tasks.append(replace(TAGS, labels=tags))
        for known, names in zip(labels, tagged, strict=True):
            if names:
                known[TAGS.name] = tuple(float(tag in names) for tag in tags)
    tasks += [task for task in (EMOTION, VALENCE_AROUSAL) if any(task.name in k for k in labels)]
    if not tasks:
        raise ValueError(f"{table}: no row has a label")
    corpus = corpus_name(table)
    pieces = [
        Piece(file, row.text("group") or name, known, corpus, row.text("split"))
        for (file, row, name), known in zip(rows, labels, strict=True)
    ]
    splits = {piece.split: [] for piece in pieces if piece.split}
    for piece in pieces:
        if piece.split:
            splits[piece.split].append(piece.group)
    try:
        assert_disjoint(**splits)
    except LeakError as error:
        raise LeakError(f"{table}: {error}") from error
    findings = []
    if unlabelled := sum(not known for known in labels):
        findings.append(f"{unlabelled} of {len(pieces)} rows of {table.name} have no label")
    return Corpus(corpus, pieces, tuple(tasks), findings)


def _name(row: LabelRow, column: str) -> str:
    text = row.text(column)
    return "" if text.lower() in MISSING else text


def _tags(row: LabelRow) -> set[str]:
    return {tag.strip() for tag in re.split(r"[|;]", _name(row, "tags"))} - {""}


def _by_frequency(tagged: Sequence[set[str]]) -> tuple[str, ...]:
    counts = Counter(tag for names in tagged for tag in names)
    return tuple(sorted(counts, key=lambda tag: (-counts[tag], tag)))
