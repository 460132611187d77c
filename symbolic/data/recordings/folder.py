"""Your own labelled recordings: files and a CSV of their labels."""

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
    """Read recordings that are labelled by a CSV; pieces lack the labels that are empty.

    | column | of each recording |
    |---|---|
    | path, or file | relative to the folder of the CSV, or to `audio/` in that folder |
    | genre, mood | a name; the classes are the names in the table, in alphabetical order |
    | tags | names separated by `\\|` or `;`; the labels are sorted by frequency |
    | quadrant, valence, arousal | as in `symbolic.data.read_labelled` |
    | group | must stay on one side of a split, a song or an artist; by default each file |
    | split | `train`, `val` or any other name |

    Args:
        path: the CSV, or the folder with the CSV as `labels.csv`.

    Returns:
        The corpus, with the name of its folder, a piece for each row, in order, and the tasks with
        a label in some row.

    Raises:
        FileNotFoundError: a missing table or file.
        ValueError: missing columns, no label in any row, a label that does not exist, or a file
            with two rows. The message names the CSV and the line.
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
            for values, name in zip(labels, named, strict=True):
                if name:
                    values[task.name] = classes.index(name)
    tagged = [_tags(row) for _, row, _ in rows]
    if tags := _by_frequency(tagged):
        tasks.append(replace(TAGS, labels=tags))
        for values, names in zip(labels, tagged, strict=True):
            if names:
                values[TAGS.name] = tuple(float(tag in names) for tag in tags)
    tasks += [task for task in (EMOTION, VALENCE_AROUSAL) if any(task.name in v for v in labels)]
    if not tasks:
        raise ValueError(f"{table}: no row has a label")
    corpus = corpus_name(table)
    pieces = [
        Piece(file, row.text("group") or name, values, corpus, row.text("split"))
        for (file, row, name), values in zip(rows, labels, strict=True)
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
    if unlabelled := sum(not values for values in labels):
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
