"""Your own labelled recordings: files and a CSV of their labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from symbolic.data.corpora.label_rows import task_columns
from symbolic.data.corpora.labelled import (
    NAMED,
    labelled_pieces,
    labelled_rows,
    labelled_tasks,
    read_labels,
)
from symbolic.data.corpus import Corpus
from symbolic.data.groups import LeakError, assert_disjoint
from symbolic.tasks import GENRE, MOOD, TAGS


def read_audio_folder(path: str | Path) -> Corpus:
    """Read recordings that are labelled by a CSV; pieces lack the labels that are empty.

    | column | of each recording |
    |---|---|
    | path, or file | relative to the folder of the CSV, or to `audio/` in that folder |
    | genre, mood | a name; the classes are the names in the table, in alphabetical order |
    | tags | names separated by `\\|` or `;`; the labels are sorted by frequency |
    | quadrant, valence, arousal, other tasks | as in `symbolic.data.read_labelled` |
    | group, or song | must stay on one side of a split, a song or an artist; by default each file |
    | split | `train`, `val` or any other name, at most 12 of them |

    Args:
        path: the CSV, or the folder with the CSV as `labels.csv`.

    Returns:
        The corpus, with the name of its folder, a piece for each row, in order, and the tasks with
        a label in some row.

    Raises:
        FileNotFoundError: a missing table or file.
        ValueError: missing columns, two names of one column, no label in any row, a label that does
            not exist, a file with two rows, or too many splits. The message names the CSV and the
            line.
        LeakError: a group in two splits.
    """
    fixed = labelled_tasks(recordings=True)
    columns = [column for task in (*NAMED, *fixed) for column in task_columns(task)]
    found = labelled_rows(path, columns, "audio")
    rows = [row for _, row, _ in found]
    table = rows[0].table
    counts = Counter(tag for row in rows for tag in set(row.names(TAGS.name)))
    classes = {
        **{task: sorted({row.given(task.name) for row in rows} - {""}) for task in (GENRE, MOOD)},
        TAGS: sorted(counts, key=lambda tag: (-counts[tag], tag)),
    }
    own = [replace(task, labels=tuple(names)) for task, names in classes.items() if names]
    labels = read_labels(rows, [*own, *fixed])
    tasks = [task for task in (*own, *fixed) if any(task.name in values for values in labels)]
    if not tasks:
        raise ValueError(f"{table}: no row has a label")
    pieces = labelled_pieces(found, labels)
    splits: dict[str, list[str]] = {}
    for piece in pieces:
        if piece.split:
            splits.setdefault(piece.split, []).append(piece.group)
    try:
        assert_disjoint(**splits)
    except LeakError as error:
        raise LeakError(f"{table}: {error}") from error
    findings = []
    if unlabelled := sum(not values for values in labels):
        findings.append(f"{unlabelled} of {len(pieces)} rows of {table.name} have no label")
    return Corpus(pieces[0].corpus, pieces, tuple(tasks), findings)
