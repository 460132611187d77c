"""One's own labelled music: files and a CSV of what is known of them."""

from __future__ import annotations

from pathlib import Path

from symbolic.data.corpora.labelled_rows import TABLE, corpus_name, emotion_labels, labelled_rows
from symbolic.data.pieces import Piece

LABELS = ("quadrant", "valence", "arousal", "key")
LAYOUT = (
    f"labelled music is a folder with {TABLE}, or a CSV: a column path (or file) relative to its "
    f"folder or to midi/ in there, and any of {', '.join(LABELS)}, group, split"
)


def read_labelled(path: str | Path) -> list[Piece]:
    """Music that a CSV labels; a value that is missing is a label that the piece lacks.

    | column | of each file |
    |---|---|
    | path, or file | where it is, from the folder of the CSV, or from `midi/` in that folder |
    | quadrant | Q1 to Q4, happy, angry, sad, calm, or 1 to 4 |
    | valence, arousal | numbers; where only one is known the other is NaN |
    | key | as `symbolic.notes.keys.parse_key` reads it: `C major`, `Gb:maj`, `a` |
    | group | what must not cross a split, a song for example; each file on its own by default |
    | split | `train`, `val` or any other name |

    At least one of quadrant, valence, arousal and key must be there; other columns are passed over.
    Where a row has no quadrant, it follows from the signs of valence and arousal, unless one of
    them is 0; but only in a table whose scale is -1..1: no value is beyond, and some are negative
    (on a scale of 0..1 or 1..9 the signs say nothing).

    Args:
        path: the CSV, or the folder that holds it as `labels.csv`.

    Returns:
        A piece for each row, in order. Its corpus is the name of the folder, its labels are
        `emotion` (0..3), `valence_arousal` and `key` (0..23), as far as they are known.

    Raises:
        FileNotFoundError: no such table, or a file that is missing.
        ValueError: columns that do not suffice, a label that does not exist, or a file that has two
            rows. Each message names the CSV, and the line where there is one.
    """
    rows = labelled_rows(path, LABELS, "midi", LAYOUT)
    planes = emotion_labels([row for _, row, _ in rows])
    pieces = []
    for (file, row, name), labels in zip(rows, planes, strict=True):
        if (key := row.key()) is not None:
            labels["key"] = key
        group = row.text("group") or name
        pieces.append(Piece(file, group, labels, corpus_name(row.table), row.text("split")))
    return pieces
