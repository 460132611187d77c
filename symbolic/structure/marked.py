"""Sections that files mark themselves, as the result of a segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symbolic.audio.inputs import timed_frames
from symbolic.audio.synthesis.rendering import is_music
from symbolic.notes.marks import read_marks
from symbolic.notes.sections import UNMARKED, sections_of
from symbolic.notes.table import ReadError
from symbolic.structure.detection import FRAME_GRID, frame_times, frames_within
from symbolic.structure.naming import PartNames
from symbolic.structure.segmentation import Segmentation

MARKS = "marks"  # the name in place of that of a model
RECORDING = "a recording has no marks: these are read from MIDI, MusicXML and other notation"


def marked_sections(sources: Sequence[Any]) -> list[Segmentation | ReadError]:
    """Read the sections of sources, without their paths; an error for those that have none.

    Boundaries and labels are those of `sections_of`. Confidences are 1. A section is similar to the
    first one of its label.

    Raises:
        ReadError: a source that cannot be read.
    """
    return [_marked(source) if is_music(source) else ReadError(RECORDING) for source in sources]


def _marked(source: Any) -> Segmentation | ReadError:
    found = sections_of(read_marks(source))
    if not found.kinds:
        return ReadError(f"marks no sections: {UNMARKED}")
    frames, seconds = timed_frames(source, FRAME_GRID)
    shown = frames[: frames_within(seconds, len(frames), FRAME_GRID)]
    at = np.zeros(len(shown))
    centres = frame_times(len(shown), FRAME_GRID)
    at[[np.abs(centres - time).argmin() for time in found.times]] = 1.0
    names = PartNames(found.labels, _earlier(found.labels))
    sure = np.ones(len(found.times))
    return Segmentation("", found.times, sure, at, shown, FRAME_GRID, curve=MARKS, names=names)


def _earlier(labels: Sequence[str]) -> tuple[int | None, ...]:
    """Return for each section the number, from 1, of the first one of its label before it."""
    firsts = {label: number for number, label in reversed([*enumerate(labels, 1)])}
    return tuple(
        firsts[label] if label and firsts[label] < number else None
        for number, label in enumerate(labels, 1)
    )
