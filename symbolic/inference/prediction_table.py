"""Tables of predictions of held-out pieces, for tasks of notes and of audio alike.

A row holds the predictions of one run for one piece. Columns:

- `corpus`, `file`, `group`: the piece, and the song, artist or game piece that it belongs to;
- `fold`, `seed`: of the run;
- for a task of classes such as `emotion`: `emotion` the label and `emotion predicted` the most
  probable class, both by name, and `emotion: Q1` and so on the probabilities;
- for tags and real values: `true tags: rock` the label and `tags: rock` the prediction;
- for a task of each note such as `velocity`: `velocity notes`, those with a label, and `velocity
  correct`; for real values the sum of `squared error`;
- `boundary`, `boundary predicted 0.5`: times in seconds, separated by spaces; `boundary bars`: bar
  lines, likewise, of corpora that have them.

- `valence_strength`, `arousal_strength`: log odds of `symbolic.inference.predictor.Measures`, of
  models of features;
- `same_notes`: what several pieces are performances of, as in `symbolic.data.Piece`; the table has
  the column if a piece has such a name.

Missing labels are empty, and columns of a task may be absent. Other columns are ignored.
"""

from __future__ import annotations

import csv
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.data.groups import assert_disjoint, group_name
from symbolic.data.pieces import Piece
from symbolic.tasks import (
    BOUNDARY,
    EMOTION,
    IGNORE,
    KEY,
    QUADRANTS,
    TASKS,
    VALENCE_AROUSAL,
    Task,
    is_note_task,
)
from symbolic.tasks import valence_arousal as plane

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

PIECE = ["corpus", "file"]
RUN = ["fold", "seed"]
SAME_NOTES = "same_notes"
BAR_LINES = f"{BOUNDARY.name} bars"
STRENGTHS = tuple(f"{name}_strength" for name in VALENCE_AROUSAL.labels)
REQUIRED = (*PIECE, "group", *RUN)
ROUNDING = 1e-3
"""Tolerance for the sum of probabilities, which files hold rounded."""

OLD_COLUMNS = {
    "quadrant": "emotion",
    "predicted": "emotion predicted",
    **{quadrant.lower(): f"emotion: {quadrant}" for quadrant in QUADRANTS},
    **{name: f"true valence_arousal: {name}" for name in VALENCE_AROUSAL.labels},
    **{f"{name}_predicted": f"valence_arousal: {name}" for name in VALENCE_AROUSAL.labels},
    "key_predicted": "key predicted",
    "velocity_asked": "velocity notes",
    "velocity_right": "velocity correct",
}
"""Columns of version 0.1.0 for models of notes; keys were numbers."""


def prediction_rows(
    tasks: Sequence[Task],
    pieces: Sequence[Piece],
    predictions: Mapping[str, np.ndarray],
    **columns: Any,
) -> list[Row]:
    """Make a row for each piece from its labels and predictions.

    Args:
        tasks: those at sequence level get columns.
        pieces: with the known labels.
        predictions: by task, (pieces, K), as `symbolic.inference.prediction` computes them; a task
            without predictions only gets its labels.
        columns: that are the same for all rows, for example fold and seed.
    """
    rows: list[Row] = [
        {"corpus": piece.corpus, "file": piece.path.name, "group": piece.group, **columns}
        for piece in pieces
    ]
    for task in tasks:
        if task.level != "sequence":
            continue
        for row, piece in zip(rows, pieces, strict=True):
            row |= _label_columns(task, piece.labels.get(task.name))
        for row, values in zip(rows, predictions.get(task.name, ()), strict=False):
            if task.kind == "single":
                row[f"{task.name} predicted"] = task.labels[int(values.argmax())]
            row |= zip(columns_of(task), values.tolist(), strict=True)
    return rows


def with_same_notes(rows: list[Row], pieces: Sequence[Piece]) -> list[Row]:
    """Add the column `same_notes` to the rows of pieces, if one of them has such a name."""
    if not any(piece.same_notes for piece in pieces):
        return rows
    return [{**row, SAME_NOTES: piece.same_notes} for row, piece in zip(rows, pieces, strict=True)]


def with_bar_lines(rows: list[Row], pieces: Sequence[Piece]) -> list[Row]:
    """Add the column `BAR_LINES` to the rows of pieces, if one of them has bar lines."""
    if not any(piece.bars for piece in pieces):
        return rows
    texts = [" ".join(f"{time:.3f}" for time in piece.bars) for piece in pieces]
    return [{**row, BAR_LINES: text} for row, text in zip(rows, texts, strict=True)]


def _label_columns(task: Task, label: Any) -> Row:
    if task.kind == "single":
        return {task.name: None if label is None or label == IGNORE else task.labels[label]}
    values = np.full(task.num_labels, np.nan) if label is None else np.asarray(label, float)
    return {
        f"true {name}": None if np.isnan(value) else float(value)
        for name, value in zip(columns_of(task), values, strict=True)
    }


def columns_of(task: Task) -> list[str]:
    """Name the columns of the probabilities, or of the values, of a task."""
    return [f"{task.name}: {label}" for label in task.labels]


def note_columns(task: Task) -> list[str]:
    """Name the columns of a task of notes: their number, and how many are correct or the error."""
    total = "squared error" if task.kind == "regression" else "correct"
    return [f"{task.name} notes", f"{task.name} {total}"]


def score_texts(
    tasks: Sequence[Task], rows: Sequence[Row], estimated: Container[str] = ()
) -> list[str]:
    """Write how well tasks are predicted in rows: `accuracy of emotion 0.612` and the like.

    Tasks of classes of whole pieces have an accuracy over pieces, tasks of notes one over notes, or
    the root of their mean squared error; tasks without a label have no text. Of a task in
    `estimated`, whose labels are estimates, it is an agreement: `agreement with the estimated key`.
    """
    texts = []
    for task in tasks:
        if is_note_task(task):
            notes, total = (sum(row.get(name, 0) for row in rows) for name in note_columns(task))
            if notes and task.kind == "regression":
                texts.append(f"rmse of {task.name} {(total / notes) ** 0.5:.3f} over {notes} notes")
            elif notes:
                texts.append(f"accuracy of {task.name} {total / notes:.3f} over {notes} notes")
        elif labelled := [row for row in rows if task.kind == "single" and row.get(task.name)]:
            right = sum(row[task.name] == row[f"{task.name} predicted"] for row in labelled)
            what = "agreement with the estimated" if task.name in estimated else "accuracy of"
            texts.append(f"{what} {task.name} {right / len(labelled):.3f}")
    return texts


def _note_tasks(frame: pd.DataFrame) -> list[Task]:
    """The tasks of notes of which a frame has a column."""
    tasks = filter(is_note_task, TASKS.values())
    return [task for task in tasks if frame.columns.intersection(note_columns(task)).size]


def write_predictions(rows: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Write rows as CSV, with the columns of all rows; values that a row lacks are empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_predictions(path: str | Path) -> pd.DataFrame:
    """Read a table of predictions, also one with the columns of version 0.1.0.

    Returns:
        A checked frame: text as in the file, also for a song called "NA"; numbers as float64;
        missing labels as NaN; `fold` and `seed` as integers if all of a column are.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a table of predictions; the message names the file and the reason.
    """
    import pandas as pd

    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a table of predictions: {error}") from error
    return as_predictions(frame, str(path))


def as_predictions(frame: pd.DataFrame, source: str = "predictions") -> pd.DataFrame:
    """Convert the columns of a table of text, or of version 0.1.0, and check it.

    Args:
        frame: the table.
        source: its name in messages, the file's name if there is one.

    Raises:
        ValueError: not a table of predictions.
    """

    frame = frame.copy()
    if "quadrant" in frame:
        for name in frame.columns.intersection([KEY.name, "key_predicted"]):
            frame[name] = frame[name].map(_key_name)
        frame = frame.rename(columns=OLD_COLUMNS)
    counts = {name for task in _note_tasks(frame) for name in note_columns(task)}
    for column in frame:
        values: Any = frame[column]
        if ": " in str(column) or column in counts or column in STRENGTHS:
            try:
                frame[column] = values.where(values != "").astype(float)
            except ValueError as error:
                raise ValueError(f"{source}: column {column}: {error}") from error
        elif column in RUN and values.astype(str).str.fullmatch(r"-?\d{1,18}").all():
            frame[column] = values.astype(int)
        elif column not in REQUIRED:
            frame[column] = values.where(values != "")
    check_predictions(frame, source)
    return frame


def _key_name(number: Any) -> Any:
    """The name of a key that version 0.1.0 wrote as a number; other text as it is."""
    try:
        return KEY.labels[int(float(number))] if float(number) in range(24) else str(number)
    except ValueError:
        return number


def check_predictions(frame: pd.DataFrame, source: str = "predictions") -> None:
    """Refuse a frame without the layout of this module.

    Args:
        frame: the predictions.
        source: their name in messages.

    Raises:
        ValueError: a missing column, no row, a class that does not exist, probabilities that do not
            sum to 1, a piece predicted twice with one seed, or one with two groups or classes.
    """
    missing = [name for name in REQUIRED if name not in frame]
    for names in (columns_of(EMOTION), *map(note_columns, _note_tasks(frame))):
        if frame.columns.intersection(names).size:
            missing += [name for name in names if name not in frame]
    if missing:
        raise ValueError(f"{source}: no column {', '.join(missing)}")
    if frame.empty:
        raise ValueError(f"{source}: no predictions")
    classes = {EMOTION.name: EMOTION.labels, KEY.name: KEY.labels}
    classes |= {name: labels for name, labels in _classes(frame).items() if name not in classes}
    for name, labels in classes.items():
        for column in frame.columns.intersection([name, f"{name} predicted"]):
            odd: Any = frame.loc[frame[column].notna() & ~frame[column].isin(labels), column]
            if len(odd):
                raise ValueError(
                    f"{source}: {column} {odd.iloc[0]!r} is none of {', '.join(labels)}"
                )
        columns = frame.columns.intersection([f"{name}: {label}" for label in labels])
        if columns.size:
            p = frame[columns].to_numpy(float)
            wrong = ~((np.abs(p.sum(axis=1) - 1) <= ROUNDING) & (p >= -ROUNDING).all(axis=1))
            _refuse(frame, wrong, source, f"{name}: not probabilities that sum to 1")
    for task in _note_tasks(frame):
        notes, total = (frame[name].to_numpy() for name in note_columns(task))
        if task.kind != "regression":
            reason = f"more notes are correct than there are notes, for {task.name}"
            _refuse(frame, total > notes, source, reason)
    for name in (*PIECE, "group", "seed"):
        _refuse(frame, frame[name].isna().to_numpy(), source, f"no {name}")
    piece = identity(frame)
    alike = frame.duplicated([*piece, *RUN], keep=False)  # files of one name, predicted by one run
    twice = frame.duplicated() | (frame.duplicated([*piece, "seed"]) & ~alike)
    _refuse(frame, twice.to_numpy(), source, "the piece is predicted twice by one seed")
    rows: Any = frame[~alike]
    for name in ("group", *frame.columns.intersection(list(classes))):
        several: Any = rows.groupby(piece)[name].transform("nunique")
        _refuse(rows, several.to_numpy() > 1, source, f"the piece has more than one {name}")


def identity(frame: pd.DataFrame) -> list[str]:
    """Return the columns that identify a piece: with its group if names of files are not unique."""
    return [*PIECE, "group"] if frame.duplicated([*PIECE, *RUN]).any() else PIECE


def _classes(frame: pd.DataFrame) -> dict[str, list[str]]:
    """Names of the classes of each task of classes, from the columns of its probabilities."""
    names = {str(column).partition(": ")[0] for column in frame if ": " in str(column)}
    return {name: _labels(frame, name) for name in map(str, frame) if name in names}


def _labels(frame: pd.DataFrame, name: str) -> list[str]:
    start = f"{name}: "
    return [column.removeprefix(start) for column in map(str, frame) if column.startswith(start)]


def _refuse(frame: pd.DataFrame, wrong: np.ndarray, source: str, reason: str) -> None:
    if wrong.any():
        first = frame["file"].iloc[int(wrong.argmax())]
        raise ValueError(f"{source}: {reason}, in {int(wrong.sum())} rows, the first is {first}")


def predicted_tasks(frame: pd.DataFrame) -> list[Task]:
    """List the tasks of `symbolic.tasks.TASKS` that a frame has predictions of."""
    starts = {str(column).partition(": ")[0] for column in frame if ": " in str(column)}
    starts |= {str(column).partition(" ")[0] for column in frame if " " in str(column)}
    if EMOTION.name in starts and f"true {VALENCE_AROUSAL.name}" in starts:
        starts.add(VALENCE_AROUSAL.name)
    starts |= {task.name for task in _note_tasks(frame)}
    found = [task for task in TASKS.values() if task.name in starts]
    fixed = (EMOTION, VALENCE_AROUSAL, KEY)  # corpora of audio may have labels of their own
    labels = [() if task in fixed else tuple(_labels(frame, task.name)) for task in found]
    return [
        replace(task, labels=names or task.labels)
        for task, names in zip(found, labels, strict=True)
    ]


def labels_and_predictions(frame: pd.DataFrame, task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Collect labels and predictions of a task at sequence level.

    A table without probabilities of a task of classes gives 1 for the predicted class, and zeros
    if there is none. Valence and arousal follow from the quadrants unless they are predicted.

    Returns:
        Labels, (n,) class ids, -100 if missing, or (n, K), NaN if missing; and (n, K) predictions.

    Raises:
        ValueError: a table without predictions of the task.
    """
    columns = columns_of(task)
    if task.kind == "single":
        ids = {name: i for i, name in enumerate(task.labels)}

        def numbers(column: str) -> np.ndarray:
            return np.array([ids.get(name, IGNORE) for name in frame[column]])

        if task.name in frame and set(columns) <= set(frame):
            return numbers(task.name), frame[columns].to_numpy(float)
        if {task.name, f"{task.name} predicted"} <= set(frame):
            predicted = numbers(f"{task.name} predicted")
            return numbers(task.name), (predicted[:, None] == np.arange(len(ids))).astype(float)
    else:
        missing = np.full(len(frame), np.nan)
        values = {name: frame[name].to_numpy(float) for name in columns if name in frame}
        if task.name == VALENCE_AROUSAL.name and set(columns_of(EMOTION)) <= set(frame):
            derived = plane(frame[columns_of(EMOTION)].to_numpy(float))
            values = {**dict(zip(columns, derived.T, strict=True)), **values}
        if values.keys() >= set(columns):
            true = [f"true {name}" for name in columns]
            labels = [frame[name].to_numpy(float) if name in frame else missing for name in true]
            return np.stack(labels, axis=1), np.stack([values[name] for name in columns], axis=1)
    raise ValueError(f"the table has no predictions of {task.name}")


def group_numbers(frame: pd.DataFrame) -> np.ndarray:
    """(n,) numbers of the groups in sorted order; corpora may use the same names."""
    return frame.groupby(["corpus", "group"], dropna=False).ngroup().to_numpy()


def piece_level(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Join the rows of each group: the phrases of a piece, or the clips of a song.

    Probabilities and values are averaged, notes added up. Groups whose rows have different classes
    are left out. Keys are dropped, since the phrases of a piece may each have their own.

    Returns:
        A frame of predictions with a row for each group and seed, the group's name as its `file`;
        and the number of groups left out.

    Raises:
        ValueError: a group in several folds.
    """
    check_predictions(frame)
    group = ["corpus", "group"]
    folds: Any = frame.groupby([*group, "seed"], dropna=False)["fold"]
    several = folds.transform("nunique", dropna=False) > 1
    if several.any():
        name = frame.loc[several, "group"].iloc[0]
        raise ValueError(f"predictions: group {name!r} is in more than one fold")
    classes = [name for name in _classes(frame) if name != KEY.name]
    counts: Any = frame.groupby(group, dropna=False)[classes].transform("nunique")
    agree = (counts <= 1).all(axis=1)
    left_out = len(frame.loc[~agree, group].drop_duplicates())
    keys = f"{KEY.name}: "
    values = [name for name in map(str, frame) if ": " in name and not name.startswith(keys)]
    values += frame.columns.intersection(STRENGTHS).tolist()
    how = {
        **dict.fromkeys(["fold", *classes], "first"),
        **dict.fromkeys(values, "mean"),
        **{name: "sum" for task in _note_tasks(frame) for name in note_columns(task)},
    }
    joined: Any = frame[agree].groupby([*group, "seed"], dropna=False, as_index=False).agg(how)
    joined["file"] = joined["group"].astype(str)
    return joined[list(dict.fromkeys((*REQUIRED, *how)))], left_out


def assert_folds(frames: Mapping[str, pd.DataFrame]) -> None:
    """Refuse predictions of which two runs of one seed have a group in common.

    Args:
        frames: by name of the run, with `corpus`, `group` and `seed`.

    Raises:
        LeakError: naming the runs.
    """
    sides: dict[Any, dict[str, list[str]]] = {}
    for run, frame in frames.items():
        for seed, rows in frame.groupby("seed"):
            names = [group_name(*pair) for pair in zip(rows["corpus"], rows["group"], strict=True)]
            sides.setdefault(seed, {})[run] = names
    for runs in sides.values():
        assert_disjoint(**runs)
