"""PercePiano: passages of piano music, each by several players, with ratings of listeners."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

from symbolic.data.corpora.label_rows import corpus_rows
from symbolic.data.groups import merged_groups
from symbolic.data.pieces import Piece

SOURCE = (
    "PercePiano (Park et al. 2024, the GitHub project JonghoKimSNU/PercePiano; a file is named "
    "WORK_MOVEMENT_LENGTHbars_PLAYER_SEGMENT.mid)"
)

NAME = re.compile(r"(?P<movement>.+)_(?P<bars>\d+bars)_[^_]+_(?P<segment>\d+)")

# Segments of Schubert's D 960 with the same notes, or of which one is within another: the longest
# common run of chords of their scores is half of the shorter one, or more. The last three return
# with other accompaniment (13 melodic figures or more, as `symbolic audit` counts them).
PERCEPIANO_LOOK_ALIKES = tuple(
    (f"Schubert_D960_{movement}_{first}", f"Schubert_D960_{movement}_{other}")
    for movement, first, *others in (
        ("mv2", "16bars_01", "8bars_01", "8bars_02"),
        ("mv2", "16bars_02", "8bars_03", "8bars_04"),
        ("mv2", "16bars_03", "8bars_05"),
        ("mv2", "16bars_04", "8bars_06", "8bars_07"),
        ("mv2", "16bars_05", "8bars_08", "8bars_09"),
        ("mv2", "16bars_06", "8bars_10", "8bars_11"),
        ("mv2", "16bars_07", "8bars_12", "8bars_13"),
        ("mv2", "16bars_08", "8bars_14", "8bars_15"),
        ("mv2", "16bars_09", "8bars_16", "8bars_17"),
        ("mv3", "16bars_01", "16bars_18", "8bars_01", "8bars_02", "8bars_09", "8bars_10"),
        ("mv3", "16bars_01", "8bars_18", "8bars_19", "8bars_27", "8bars_28", "8bars_35"),
        ("mv3", "16bars_01", "8bars_36"),
        ("mv3", "16bars_07", "8bars_03", "8bars_04", "8bars_12", "8bars_13", "8bars_29"),
        ("mv3", "16bars_07", "8bars_30"),
        ("mv3", "16bars_08", "8bars_05", "8bars_06", "8bars_14", "8bars_15", "8bars_31"),
        ("mv3", "16bars_08", "8bars_32"),
        ("mv3", "16bars_12", "8bars_23", "8bars_24", "8bars_25", "8bars_26"),
        ("mv3", "16bars_19", "8bars_11", "8bars_20", "8bars_37"),
        ("mv3", "8bars_07", "8bars_16", "8bars_33"),
        ("mv3", "8bars_08", "8bars_17", "8bars_34"),
        ("mv3", "8bars_21", "8bars_22"),
        ("mv2", "16bars_01", "16bars_07"),
        ("mv2", "16bars_02", "16bars_08"),
        ("mv2", "16bars_04", "16bars_05"),
    )
    for other in others
)


def read_percepiano(
    folder: str | Path, by: Literal["movement", "segment"] = "movement"
) -> list[Piece]:
    """Read PercePiano (Park 2024): passages by several players, and rendered from the score.

    Valence is 1 - 2 `dark`, arousal 2 `energy` - 1, both in -1..1: means of several listeners.
    Nobody has rated quadrants, and there are none. `same_notes` of a piece names the segment that
    it is a performance of, by the name of the file: columns of a table are not used for it. The
    corpus has no split.

    Args:
        folder: with `ratings.csv` (columns file, dark, energy, the last two 0..1) and `midi/`.
        by: `movement` groups by movement, the safer choice, since tunes return within one;
            `segment` groups by segment, those that share music together.

    Raises:
        FileNotFoundError: a missing folder, or another layout.
        ValueError: another `by`, a table that cannot be read, a missing rating or one outside
            0..1, or another name of a file.
    """
    if by not in ("movement", "segment"):
        raise ValueError(f"PercePiano is grouped by 'movement' or 'segment', not by {by!r}")
    folder = Path(folder)
    pieces = []
    columns = ("file", "dark", "energy")
    for path, row in corpus_rows(folder / "ratings.csv", folder / "midi", columns, SOURCE):
        name = NAME.fullmatch(path.stem)
        if name is None:
            raise row.error(f"the name {path.name} gives no movement, length, player and segment")
        dark, energy = row.number("dark"), row.number("energy")
        for column, value in (("dark", dark), ("energy", energy)):
            if not 0 <= value <= 1:
                raise row.error(f"{column} {row.text(column)!r} is not within 0..1")
        labels = {"valence_arousal": (1 - 2 * dark, 2 * energy - 1)}
        segment = "_".join(name.group("movement", "bars", "segment"))
        pieces.append(Piece(path, name["movement"], labels, "percepiano", same_notes=segment))
    if by == "movement":
        return pieces
    merged = merged_groups((piece.same_notes for piece in pieces), PERCEPIANO_LOOK_ALIKES)
    return [replace(piece, group=merged[piece.same_notes]) for piece in pieces]
