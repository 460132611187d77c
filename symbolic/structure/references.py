"""References of segmentations: annotated times, or files with marked sections; and scores."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from symbolic.errors import SymbolicError
from symbolic.notes import NOTE_SUFFIXES
from symbolic.notes.beats import metrical_edges
from symbolic.notes.marks import read_marks
from symbolic.notes.read import read_notes
from symbolic.notes.sections import UNMARKED, sections_of
from symbolic.notes.sources import find_files
from symbolic.notes.table import ReadError
from symbolic.tasks.bar_metrics import bar_scores
from symbolic.tasks.boundary_metrics import boundary_scores

if TYPE_CHECKING:
    from symbolic.structure.segmentation import Segmentation

TIMES_SUFFIXES = (".txt", ".lab", ".csv", ".tsv")  # of files with a time at the start of each line
REFERENCE_SUFFIXES = (*NOTE_SUFFIXES, *TIMES_SUFFIXES)
SCORES = tuple(
    f"{name}_{at}" for at in ("0.5", "3", "bar") for name in ("precision", "recall", "f")
)
AT_THE_END = 0.5  # seconds: an annotated time this close to the end of the piece is its end


class BadReference(SymbolicError, ValueError):
    """A reference that cannot be read, or that has no boundaries; the message names the file."""


@dataclass(frozen=True, eq=False)
class Reference:
    """The annotated boundaries of a piece.

    Attributes:
        path: of the file.
        times: (p,) float64 seconds, ascending, each once.
        end: end of the piece; None if the file does not give it.
        labels: of the sections of a marked file, which begin at 0 and at each time but the last.
        bars: (b,) seconds of bar lines; empty if the file has none.
    """

    path: Path
    times: np.ndarray
    end: float | None = None
    labels: tuple[str, ...] = ()
    bars: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def boundaries(self, end: float) -> np.ndarray:
        """Return the boundaries of a piece with the beginning and the end.

        Annotated times after the end of the piece, or within `AT_THE_END` before it, are its end.

        Args:
            end: of the piece in seconds, if the reference does not give it.
        """
        end = end if self.end is None else self.end
        reach = AT_THE_END if self.end is None else 0.0
        inside = self.times[(self.times > 0) & (self.times < end - reach)]
        return np.concatenate([[0.0], inside, [end]])


def read_reference(path: str | os.PathLike[str]) -> Reference:
    """Read the boundaries of a piece from a text file of times, or from a marked file of notes.

    Each line of a text file begins with a time in seconds, followed by anything after a space, a
    tab or a comma; empty lines and lines that begin with # are skipped. Of files with a suffix of
    `NOTE_SUFFIXES` the sections are those of `sections_of`.

    Raises:
        BadReference: a file that cannot be read, a line without a time, or a file of notes
            without marked sections.
    """
    path = Path(path)
    if path.suffix.lower() not in NOTE_SUFFIXES:
        return Reference(path, np.unique(_read_times(path)))
    try:
        marks = read_marks(path)
    except ReadError as error:
        raise BadReference(f"cannot read {path}: {error.reason}") from error
    found = sections_of(marks)
    if not found.kinds:
        raise BadReference(f"{path} marks no sections: {UNMARKED}")
    return Reference(path, found.times, marks.end, found.labels, marks.bars)


def _read_times(path: Path) -> list[float]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BadReference(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadReference(f"{path}: neither text nor a file of notes") from error
    times = []
    for number, line in enumerate(lines, 1):
        words = line.replace(",", " ").split()
        if not words or words[0].startswith("#"):
            continue
        try:
            times.append(float(words[0]))
        except ValueError:
            times.append(np.nan)
        if not np.isfinite(times[-1]):
            raise BadReference(f"{path}, line {number}: {words[0]!r} is not a time")
    return times


def reference_scores(piece: Segmentation, reference: Reference) -> dict[str, float]:
    """Score the boundaries of a piece: precision, recall and F-measure at 0.5 s, at 3 s and by bar.

    Beginning and end are counted, as in `boundary_scores`. Bar lines are those of the reference,
    else those of the segmented file if it is one of notes; without any, scores by bar are missing.

    Returns:
        By the names in `SCORES`.

    Raises:
        ValueError: a piece that could not be segmented, or a reference of no length.
        ImportError: mir_eval is missing.
    """
    if piece.error:
        raise ValueError(piece.error)
    true = reference.boundaries(float(piece.times[-1]))
    scores = boundary_scores(true, piece.times)
    bars = reference.bars if len(reference.bars) else _bars(piece.path)
    if len(bars):
        scores |= bar_scores(true, piece.times, bars)
    return {name: scores[name] for name in SCORES if name in scores}


def _bars(path: str) -> np.ndarray:
    if not path.lower().endswith(NOTE_SUFFIXES):
        return np.zeros(0)
    try:
        return metrical_edges(read_notes(path), "bar")
    except ReadError:  # a file in memory or in an archive: its name alone is known
        return np.zeros(0)


class OneReference:
    """The reference of a single piece, as `read_reference` reads it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.reference = read_reference(path)

    def of(self, path: str | os.PathLike[str]) -> Reference:
        """Return the reference, whatever the name of the piece is."""
        return self.reference


class ReferenceFolder:
    """References of many pieces, found by the names of their files.

    Args:
        folder: with files of `REFERENCE_SUFFIXES`, at any depth.

    Raises:
        BadReference: no such file in the folder.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.paths: dict[str, list[Path]] = {}
        for path in find_files(self.folder, REFERENCE_SUFFIXES):
            self.paths.setdefault(path.stem, []).append(path)
        if not self.paths:
            raise BadReference(f"{folder}: no file of times, and no MIDI or MusicXML")

    def of(self, path: str | os.PathLike[str]) -> Reference:
        """Read the reference of a file: the only other one of its name without the suffix, else the
        file itself, if it is in the folder.

        Raises:
            BadReference: none or several of that name, or as of `read_reference`.
        """
        found = self.paths.get(Path(path).stem, [])
        own = [one for one in found if one.resolve() == Path(path).resolve()]
        others = [one for one in found if one not in own]
        chosen = others if len(others) == 1 else own or others
        if not chosen:
            raise BadReference(f"no {Path(path).stem}.* in {self.folder}")
        if len(chosen) > 1:
            raise BadReference(f"several files {Path(path).stem}.* in {self.folder}")
        return read_reference(chosen[0])


def score_rows(
    pieces: Sequence[Segmentation], references: OneReference | ReferenceFolder
) -> list[dict[str, float | str]]:
    """Make a row for each piece: its `path`, its scores, and in `error` why it has none.

    Several pieces have a last row `mean`: the mean of each score over the pieces that have it.

    Raises:
        ImportError: mir_eval is missing.
    """
    rows: list[dict[str, float | str]] = []
    for piece in pieces:
        try:
            scores = reference_scores(piece, references.of(piece.path))
            rows.append({"path": piece.path, **scores, "error": ""})
        except ValueError as error:
            rows.append({"path": piece.path, "error": str(error)})
    if len(rows) > 1:
        found = {name: [float(row[name]) for row in rows if name in row] for name in SCORES}
        means = {name: sum(values) / len(values) for name, values in found.items() if values}
        rows.append({"path": "mean", **means, "error": ""})
    return rows
