"""Parts of a piece, as a result, as rows and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from symbolic.audio.front_end import FrontEnd
from symbolic.audio.inputs import note_frames
from symbolic.structure.naming import PartNames

if TYPE_CHECKING:
    import pandas as pd

    from symbolic.notes import NoteTable


PARTS = ("path", "part", "start", "end", "label", "similar_to", "confidence", "error")
"""Columns of tables of parts."""


class PartOfPiece(NamedTuple):
    """A part of a piece.

    Attributes:
        number: from 1.
        start, end: in seconds.
        label: its name; empty for recordings.
        similar_to: number of the earlier part that it is the same as; None if there is none.
        confidence: of the boundary at its start.
    """

    number: int
    start: float
    end: float
    label: str
    similar_to: int | None
    confidence: float


@dataclass(frozen=True)
class Segmentation:
    """The parts of a file.

    Attributes:
        path: of the file, as displayed.
        times: (P + 2,) boundaries in seconds, ascending, from 0 to the end: the last sample of a
            recording, the end of the last note of a note file. Empty after an error.
        confidence: (P + 2,) 0..1 of each boundary, 1 for the beginning and the end: of a model the
            probability that it is within the tolerance, as measured in training; of marks 1.
        activation: (T,) 0..1 of each frame.
        frames: (T, F) mel bands in dB or a piano roll. Where there are `notes`, the piano roll is
            computed when it is first asked for.
        front: the front end, which defines the frames and their times.
        error: the reason if the file cannot be segmented, else empty.
        curve: the kind of `activation`: `activation`, `novelty`, or `marks`, which are 1 at the
            boundaries.
        names: of the parts, for marks their texts; none of recordings.
        notes: of which `frames` are the piano roll; None where they are given.
    """

    path: str
    times: np.ndarray = field(default_factory=lambda: np.zeros(0))
    confidence: np.ndarray = field(default_factory=lambda: np.zeros(0))
    activation: np.ndarray = field(default_factory=lambda: np.zeros(0))
    frames: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    front: FrontEnd | None = None
    error: str = ""
    curve: str = "activation"
    names: PartNames = field(default_factory=PartNames)
    notes: NoteTable | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.notes is not None and not self.frames.size:
            del vars(self)["frames"]

    def __getattr__(self, name: str) -> Any:  # called for what is missing
        values = vars(self)
        notes, front = values.get("notes"), values.get("front")
        if name != "frames" or notes is None or front is None:
            raise AttributeError(f"{type(self).__name__} has no {name}")
        shown = replace(front, kinds=front.kinds[:1])
        values[name] = note_frames(notes, shown)[: len(self.activation)]
        return values[name]

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        compared = [column.name for column in fields(self) if column.compare]
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in compared)

    def __repr__(self) -> str:
        if self.error:
            return f"Segmentation(path={self.path!r}, error={self.error!r})"
        times = ", ".join(f"{time:.2f}" for time in self.times)
        return f"Segmentation(path={self.path!r}, times=[{times}])"

    def parts(self) -> Iterator[PartOfPiece]:
        """Yield the parts, numbered from 1."""
        labels, similar = self.names.labels, self.names.similar_to
        for i, (start, end) in enumerate(pairwise(self.times.tolist())):
            named = (labels[i], similar[i]) if labels else ("", None)
            yield PartOfPiece(i + 1, start, end, *named, float(self.confidence[i]))

    def to_audacity(self) -> str:
        """Return a label track of Audacity: start, end and name of each part, tab-separated."""
        lines = [
            f"{part.start:.6f}\t{part.end:.6f}\t{part.label or f'part {part.number}'} "
            f"({part.confidence:.2f})"
            for part in self.parts()
        ]
        return "\n".join(lines) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """Return `path`, `error`, and `boundaries` with `time` and `confidence`, for JSON.

        A boundary has the `label` of the part that it begins, and `similar_to`, where there are
        names; the last has none.
        """
        boundaries: list[dict[str, Any]] = [
            {"time": round(time, 3), "confidence": round(confidence, 4)}
            for time, confidence in zip(self.times.tolist(), self.confidence.tolist(), strict=True)
        ]
        for boundary, label, similar in zip(
            boundaries, self.names.labels, self.names.similar_to, strict=False
        ):
            boundary |= {"label": label, "similar_to": similar}
        return {"path": self.path, "error": self.error, "boundaries": boundaries}


def segment_rows(found: Sequence[Segmentation]) -> list[dict[str, Any]]:
    """Make a row of `PARTS` for each part, as `segment_table`; values are None where missing."""
    rows: list[dict[str, Any]] = []
    for piece in found:
        if piece.error:
            rows.append({**dict.fromkeys(PARTS), "path": piece.path, "error": piece.error})
        for part in piece.parts():
            row = {"path": piece.path, "part": part.number, "start": round(part.start, 3)}
            row |= {"end": round(part.end, 3), "label": part.label, "similar_to": part.similar_to}
            rows.append({**row, "confidence": round(part.confidence, 4), "error": ""})
    return rows


def segment_table(found: Sequence[Segmentation]) -> pd.DataFrame:
    """Make a table with a row for each part.

    Columns are `path`, `part` from 1, `start` and `end` in seconds, the `label` of the part and the
    earlier part that it is `similar_to` (`PartNames`; none of recordings), `confidence` of the
    boundary at its start, and `error`. The first part starts at 0, the last ends with the piece. A
    file that cannot be read has a row with the reason in `error`.
    """
    import pandas as pd

    types = {**dict.fromkeys(("start", "end", "confidence"), "float64")}
    types |= {"part": "Int64", "similar_to": "Int64"}
    return pd.DataFrame(segment_rows(found), columns=list(PARTS)).astype(types)
