"""Your own labelled music: files and a CSV of their labels."""

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
    """Read music that is labelled by a CSV; pieces lack the labels that are empty in their row.

    | column | of each file |
    |---|---|
    | path, or file | relative to the folder of the CSV, or to `midi/` in that folder |
    | quadrant | Q1 to Q4, happy, angry, sad, calm, or 1 to 4 |
    | valence, arousal | numbers; if only one is given the other is NaN |
    | key | as in `symbolic.notes.keys.parse_key`: `C major`, `Gb:maj`, `a` |
    | group | must stay on one side of a split, for example the song; by default each file |
    | split | `train`, `val` or any other name |

    At least one of quadrant, valence, arousal and key is required; other columns are ignored. A
    missing quadrant follows from the signs of valence and arousal, unless one of them is 0; but
    only if the scale of the table is -1..1: all values are within, and some are negative (on a
    scale of 0..1 or 1..9 signs mean nothing).

    Args:
        path: the CSV, or the folder with the CSV as `labels.csv`.

    Returns:
        A piece for each row, in order. Its corpus is the name of the folder, its labels are
        `emotion` (0..3), `valence_arousal` and `key` (0..23), as far as they are given.

    Raises:
        FileNotFoundError: a missing table or file.
        ValueError: missing columns, a label that does not exist, or a file with two rows. The
            message names the CSV and the line.
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
