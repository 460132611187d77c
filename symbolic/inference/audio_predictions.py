"""What a model says of recordings, as rows of a table, and the table read back.

A row names corpus, file, group, fold and seed. Of a task of classes it holds the label and what was
predicted, by name, and in `task: label` the probabilities; of tags and of real values the labels
stand in `true task: label`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.data.pieces import Piece
from symbolic.tasks import IGNORE, Task

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]


def audio_rows(
    tasks: Sequence[Task],
    pieces: Sequence[Piece],
    answers: dict[str, np.ndarray],
    **named: Any,
) -> list[Row]:
    """A row for each piece.

    Args:
        tasks: of the model, those on sequence level are told.
        pieces: recordings with the labels that are known.
        answers: by task, (pieces, K), as `symbolic.inference.prediction.predict_audio` gives them.
        named: columns that are the same for all, for example fold and seed.
    """
    rows = [
        {"corpus": piece.corpus, "file": piece.path.name, "group": piece.group, **named}
        for piece in pieces
    ]
    for task in tasks:
        if task.level != "sequence":
            continue
        for row, piece, answer in zip(rows, pieces, answers[task.name], strict=True):
            label = piece.labels.get(task.name)
            if task.kind == "single":
                known = label is not None and label != IGNORE
                row[task.name] = task.labels[label] if known else None
                row[f"{task.name} predicted"] = task.labels[int(answer.argmax())]
            else:
                values = np.full(task.num_labels, np.nan) if label is None else label
                row |= {
                    f"true {task.name}: {name}": None if np.isnan(value) else float(value)
                    for name, value in zip(task.labels, values, strict=True)
                }
            row |= {
                f"{task.name}: {name}": float(value)
                for name, value in zip(task.labels, answer, strict=True)
            }
    return rows


def read_audio_rows(path: str | Path) -> pd.DataFrame:
    """The table that `symbolic.inference.note_predictions.write_predictions` has written.

    Raises:
        FileNotFoundError: no such table.
        ValueError: a table of something else.
    """
    import pandas as pd

    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: not there")
    frame = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype={"group": str})
    if missing := {"corpus", "file", "group", "fold", "seed"} - set(frame):
        raise ValueError(f"{path}: no column {', '.join(sorted(missing))}")
    return frame


def truth_and_answers(frame: pd.DataFrame, task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Labels and answers of one task.

    Returns:
        Labels, (n,) class ids with -100 for none, or (n, K) with NaN for none; and (n, K) answers.

    Raises:
        ValueError: a table without the task.
    """
    columns = [f"{task.name}: {name}" for name in task.labels]
    if not set(columns) <= set(frame):
        raise ValueError(f"the table has no answers to {task.name}")
    answers = frame[columns].to_numpy(float)
    if task.kind == "single":
        ids = {name: i for i, name in enumerate(task.labels)}
        return frame[task.name].map(ids).fillna(IGNORE).to_numpy(int), answers
    return frame[[f"true {column}" for column in columns]].to_numpy(float), answers
