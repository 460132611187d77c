"""Labelled pieces and the readers of the corpora that have them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from symbolic.data.groups import merged_groups
from symbolic.notes.sources import display_name, find_sources
from symbolic.tasks import QUADRANTS


@dataclass(frozen=True)
class Piece:
    """One file with its labels.

    Attributes:
        path: the file.
        group: what must not cross a split: the song, or the piece of a game.
        labels: by task name: an int for classes, a tuple of floats for real-valued targets.
        corpus: name of the corpus.
        split: the corpus's own split, where it has one.
    """

    path: Path
    group: str
    labels: dict[str, int | tuple[float, ...]] = field(default_factory=dict)
    corpus: str = ""
    split: str = ""


# Songs of EMOPIA 1.0 that occur under two ids, or nearly: look-alikes stay on one side of a split.
EMOPIA_LOOK_ALIKES = (
    ("TNoaOTrTkTQ", "bIx4DwkZxFY"),
    ("ZTrEoB8T9YA", "k-FNDbK6Qhg"),
    ("FoTXpYZXxJs", "Ie5koh4qvJc"),
    ("jO2zX6Ul8GM", "Ie5koh4qvJc"),
)


def read_emopia(folder: str | Path) -> list[Piece]:
    """EMOPIA clips (Hung 2021), grouped by song; songs that occur under two ids are one group.

    `folder` holds `clips.csv` (columns file, song, quadrant, split) and `midi/`. Song ids are
    YouTube ids. The split is EMOPIA 1.0's own, `train` and `val`, except that training songs which
    look like a validation song are in neither: their split is empty.

    Raises:
        FileNotFoundError: the folder is not there or is not laid out like this.
    """
    rows = _rows(folder, "clips.csv", ("file", "song", "quadrant", "split"), "EMOPIA")
    group = merged_groups((row["song"] for row in rows), EMOPIA_LOOK_ALIKES)
    held_out = {group[row["song"]] for row in rows if row["split"] == "val"}
    return [
        Piece(
            path=Path(folder) / "midi" / row["file"],
            group=group[row["song"]],
            labels={"emotion": QUADRANTS.index(row["quadrant"])},
            corpus="emopia",
            split=""
            if row["split"] == "train" and group[row["song"]] in held_out
            else row["split"],
        )
        for row in rows
    ]


def read_vgmidi(folder: str | Path) -> list[Piece]:
    """VGMIDI phrases (Ferreira 2019), grouped by game and piece.

    `folder` holds `phrases.csv` (columns file, game, piece, quadrant, valence, arousal) and
    `midi/`. Valence and arousal are -1 or 1. There is no split of its own: use `group_folds`.

    Raises:
        FileNotFoundError: the folder is not there or is not laid out like this.
    """
    columns = ("file", "game", "piece", "quadrant", "valence", "arousal")
    return [
        Piece(
            path=Path(folder) / "midi" / row["file"],
            group=f"{row['game']} / {row['piece']}",
            labels={
                "emotion": QUADRANTS.index(row["quadrant"]),
                "valence_arousal": (float(row["valence"]), float(row["arousal"])),
            },
            corpus="vgmidi",
        )
        for row in _rows(folder, "phrases.csv", columns, "VGMIDI")
    ]


def loose_pieces(
    pieces: Iterable[Piece | str | os.PathLike] | str | os.PathLike,
) -> list[Piece]:
    """Pieces as they are, files and the music in folders as pieces without labels.

    Each file is a group of its own, by its name without the suffix, of the corpus `unlabelled`.
    """
    found: list[Piece] = []
    for piece in [pieces] if isinstance(pieces, str | os.PathLike) else pieces:
        if isinstance(piece, Piece):
            found.append(piece)
        else:
            found += [
                Piece(path=path, group=display_name(path.stem), corpus="unlabelled")
                for path in find_sources(piece)
            ]
    return found


READERS = {"emopia": read_emopia, "vgmidi": read_vgmidi}


def _rows(folder: str | Path, name: str, columns: tuple[str, ...], corpus: str) -> list[dict]:
    import pandas as pd

    table = Path(folder) / name
    if not table.is_file() or not (Path(folder) / "midi").is_dir():
        raise FileNotFoundError(
            f"{folder}: expected {name} (columns {', '.join(columns)}) and a folder midi/ with the "
            f"files of {corpus}"
        )
    frame = pd.read_csv(table, dtype=str, keep_default_na=False)
    if missing := set(columns) - set(frame.columns):
        raise FileNotFoundError(f"{table}: no column {', '.join(sorted(missing))}")
    rows = frame.to_dict("records")
    if absent := [r["file"] for r in rows if not (Path(folder) / "midi" / r["file"]).is_file()]:
        raise FileNotFoundError(
            f"{folder}/midi: {len(absent)} of the {len(rows)} files of {name} are missing, "
            f"the first is {absent[0]}"
        )
    return rows
