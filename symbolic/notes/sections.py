"""Sections of a piece by its own marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symbolic.notes.marks import Marks
from symbolic.notes.section_names import section_names

NAMED = (("marker", "rehearsal"), ("cue",))  # kinds with texts, the first before the next
BARLINES = ("double bar", "repeat")
UNMARKED = "no markers, cue points, rehearsal marks, double bars or repeats part it"
SAME = 0.1  # seconds: marks that are closer are one


@dataclass(frozen=True, eq=False)
class Sections:
    """The sections of a piece.

    Attributes:
        times: (p + 1,) float64 seconds, ascending, from 0 to the end of the last note.
        labels: p labels; empty where a section has none.
        kinds: the kinds of the marks that were used; empty for a piece of one section.
    """

    times: np.ndarray
    labels: tuple[str, ...]
    kinds: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)


def sections_of(marks: Marks) -> Sections:
    """Find the sections of a piece: boundaries with beginning and end, and a label of each.

    The sections are those of markers and rehearsal marks whose texts are names (`section_names`);
    else of cue points, likewise; else of double bars and repeats, whose labels are letters, one for
    each place of the score at which a section begins. Kinds that give no boundary within the piece
    are passed over, and so are named marks if there are more of them than bars.

    Marks within `SAME` of the one before are the same, and the first text is the label. A mark is
    that of the beginning if no note, or an upbeat of less than a bar, precedes it; and that of the
    end, which has no section, if no note begins after it.
    """
    for kinds in NAMED:
        found = [i for i, kind in enumerate(marks.kinds) if kind in kinds]
        named = section_names([marks.texts[i] for i in found])
        found = [i for i, is_name in zip(found, named, strict=True) if is_name]
        times = _times(marks, found)
        if 2 < len(times) <= len(marks.bars) + 1:
            first = {float(marks.seconds[i]): marks.texts[i] for i in reversed(found)}
            labels = [_nearest(first, time) for time in _origins(marks, times, found)]
            return Sections(times, tuple(labels), _used(marks, found))
    found = [i for i, kind in enumerate(marks.kinds) if kind in BARLINES]
    times = _times(marks, found)
    if len(times) == 2:
        return Sections(times, ("",), ())
    bars = marks.bars[:-1].searchsorted(_origins(marks, times, found) + SAME / 2, "right") - 1
    places = marks.written[np.maximum(bars, 0)].tolist()
    letters = {place: _letters(i) for i, place in enumerate(dict.fromkeys(places))}
    return Sections(times, tuple(letters[place] for place in places), _used(marks, found))


def _times(marks: Marks, found: Sequence[int]) -> np.ndarray:
    """Return the boundaries that some marks give, with the beginning and the end."""
    times = [0.0]
    for time in marks.seconds[np.array(found, int)].tolist():
        if not _begins(marks, time) and time <= marks.last and time - times[-1] > SAME:
            times.append(time)
    return np.array([*times, marks.end])


def _begins(marks: Marks, time: float) -> bool:
    """Return whether a mark is that of the beginning."""
    bar = int(marks.bars[:-1].searchsorted(time + SAME / 2, "right")) - 1
    length = marks.bars[bar + 1] - marks.bars[bar] if bar >= 0 else 0.0
    return time - marks.first < max(length - SAME, SAME)


def _origins(marks: Marks, times: np.ndarray, found: Sequence[int]) -> np.ndarray:
    """Return the times of the marks that open the sections; 0 for a beginning without one."""
    opening = [time for time in marks.seconds[np.array(found, int)] if _begins(marks, time)]
    return np.append(max(opening, default=0.0), times[1:-1])


def _nearest(texts: dict[float, str], time: float) -> str:
    return texts.get(time, "")


def _used(marks: Marks, found: Sequence[int]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(marks.kinds[i] for i in found))


def _letters(number: int) -> str:
    """Return A to Z, AA, AB ... by a number from 0."""
    letters = ""
    while number >= 0:
        letters = chr(ord("A") + number % 26) + letters
        number = number // 26 - 1
    return letters
