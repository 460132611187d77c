"""Loudness of written notes: dynamic marks and wedges become velocities."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from symbolic.notes.playback.playing import TICKS_PER_QUARTER, Played, changes_of, ticks_of
from symbolic.notes.playback.reading import Events, Place, Reading, Wedge

SOFT_MARKS = {"n": 2, "pppppp": 2, "ppppp": 3, "pppp": 6, "ppp": 14, "pp": 24, "p": 40, "mp": 56}
LOUD_MARKS = {"mf": 72, "pf": 84, "f": 88, "ff": 108, "fff": 118, "ffff": 124}
LOUD_MARKS |= {"fffff": 127, "ffffff": 127}
HOLD_VELOCITIES = (
    SOFT_MARKS | LOUD_MARKS | {"fp": 40, "ffp": 40, "fzp": 40, "sfp": 40, "sfpp": 24, "sfzp": 40}
)
STRIKE_VELOCITIES = {"fp": 88, "ffp": 108, "fzp": 104, "sfp": 104, "sfpp": 104, "sfzp": 104}
STRIKE_VELOCITIES |= {"sff": 116, "sffz": 116, "sfffz": 124}
STRIKE_VELOCITIES |= dict.fromkeys(("sf", "sfz", "fz", "rf", "rfz"), 104)

INITIAL_VELOCITY = HOLD_VELOCITIES["mf"]  # before the first mark
VELOCITY_STEP = 16  # from one mark to the next, about: what a wedge does where no mark follows it
WEDGE_REACH = TICKS_PER_QUARTER  # after a wedge, in which the mark that it leads to may stand

Slope = tuple[int, int, int, int]  # begin and end in ticks, velocity there and there


def add_mark(reading: Reading, track: int, place: Place, names: Iterable[str]) -> bool:
    """Add a dynamic mark to a reading.

    Args:
        reading: of the score.
        track: of the staff that it stands at.
        place: where.
        names: of the signs that it is made of: "f" and "p" are fp together.

    Returns:
        Whether any is known.
    """
    names = [*names]
    known = False
    for name in ("".join(names), *names):
        if name in HOLD_VELOCITIES:
            reading.levels.setdefault(track, {})[place] = HOLD_VELOCITIES[name]
        if name in STRIKE_VELOCITIES:
            reading.strikes.setdefault(track, {})[place] = STRIKE_VELOCITIES[name]
        if name in HOLD_VELOCITIES or name in STRIKE_VELOCITIES:
            known = True
            if name == "".join(names):  # one mark of several signs, not several
                break
    return known


@dataclass
class Loudness:
    """Effect of the marks of an instrument, on whichever staff, on the notes of one of its staves.

    Attributes:
        ticks, levels: where marks stand as played, rising, and the velocities from there on.
        strikes: by tick, velocities of the notes that are struck there alone.
        slopes: of wedges, as played.
    """

    ticks: list[int] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    strikes: dict[int, int] = field(default_factory=dict)
    slopes: list[Slope] = field(default_factory=list)

    def velocities(self, onset: np.ndarray) -> np.ndarray:
        """Return the velocity of each note under marks and wedges.

        A mark holds until the next one. A wedge leads evenly from what holds at its begin to the
        marks within it and at its end, or where there is none at its end, or one that goes the
        other way, to a step louder or softer.

        Args:
            onset: (n,) ticks at which notes are written, rising.

        Returns:
            (n,) int64, 1..127.
        """
        number = np.searchsorted(np.array(self.ticks, np.int64), onset, side="right")
        velocity = np.array([INITIAL_VELOCITY, *self.levels], np.int64)[number]
        for begin, end, low, high in self.slopes:
            within = slice(*np.searchsorted(onset, (begin, end)))
            share = (onset[within] - begin) / (end - begin)
            velocity[within] = np.rint(low + share * (high - low)).astype(np.int64)
        if self.strikes:
            at = np.array(sorted(self.strikes), np.int64)
            nearest = np.minimum(np.searchsorted(at, onset), len(at) - 1)
            struck = at[nearest] == onset
            louder = np.array([self.strikes[tick] for tick in at.tolist()])
            velocity[struck] = louder[nearest[struck]]
        return velocity


def loudness(reading: Reading, track: int, staves: Sequence[int], played: Played) -> Loudness:
    """Work out what the marks of an instrument do to the notes of one of its staves.

    Of two marks at one place a staff follows its own. A note is struck by marks of its staff alone,
    but on a staff without any mark by all.

    Args:
        reading: of the score.
        track: the staff.
        staves: tracks of the instrument, that one among them.
        played: its bars.
    """
    marks: Events = {}
    struck: Events = {}
    wedges: list[Wedge] = []
    for other in sorted(staves, key=lambda staff: staff == track):
        marks |= reading.levels.get(other, {})
        struck |= reading.strikes.get(other, {})
        wedges += reading.wedges.get(other, [])
    if track in reading.levels or track in reading.strikes:
        struck = reading.strikes.get(track, {})
    found = Loudness(*changes_of(marks, INITIAL_VELOCITY, played))
    for place, velocity in struck.items():
        for i in played.when(place[0]):
            found.strikes[ticks_of(place, int(played.starts[i]))] = velocity
    if wedges:
        found.ticks, found.levels, found.slopes = _with_wedges(
            found.ticks, found.levels, _wedges(wedges, played)
        )
    return found


def _wedges(wedges: Sequence[Wedge], played: Played) -> list[tuple[int, int, int]]:
    """Begin and end of wedges as played, in ticks, and 1 or -1; a jump ends one."""
    found = []
    for begin, end, sign in wedges:
        for i in played.when(begin[0]):
            first = ticks_of(begin, int(played.starts[i]))
            j = i + max(end[0] - begin[0], 0)
            if j < len(played.order) and played.order[j] == end[0]:
                found.append((first, ticks_of(end, int(played.starts[j])), sign))
            else:
                found.append((first, int(played.starts[i] + played.lengths[i]), sign))
    return sorted(found)


def _with_wedges(
    ticks: list[int], levels: list[int], wedges: Sequence[tuple[int, int, int]]
) -> tuple[list[int], list[int], list[Slope]]:
    """Ticks and levels with those that wedges lead to, and the slopes."""
    slopes: list[Slope] = []
    reached: list[tuple[int, int]] = []
    for begin, end, sign in wedges:
        after = bisect_right(ticks, begin)
        last = (ticks[after - 1], levels[after - 1]) if after else (-1, INITIAL_VELOCITY)
        if reached and last[0] < reached[-1][0] <= begin:
            last = reached[-1]
        low = last[1]
        inner = bisect_left(ticks, end)
        for mark in range(after, inner):  # those that it leads to on its way
            if (levels[mark] - low) * sign <= 0:
                end, inner = ticks[mark], mark + 1
                break
            slopes.append((begin, ticks[mark], low, levels[mark]))
            begin, low, after = ticks[mark], levels[mark], mark + 1
        base = (
            levels[after - 1] if after else INITIAL_VELOCITY
        )  # wedges without marks do not pile up
        high = min(
            max(low + sign * VELOCITY_STEP, base - 2 * VELOCITY_STEP, 1),
            base + 2 * VELOCITY_STEP,
            127,
        )
        if (
            after < len(ticks)
            and ticks[after] <= end + WEDGE_REACH
            and (levels[after] - low) * sign > 0
        ):
            high = levels[after]
        if end > begin:
            slopes.append((begin, end, low, high))
            reached.append((end, high))
    # Of a mark and what a wedge led to at one tick the mark comes later: it holds.
    both = [(tick, 0, level) for tick, level in reached]
    both += [(tick, 1, level) for tick, level in zip(ticks, levels, strict=True)]
    both.sort(key=lambda change: change[:2])
    return [tick for tick, _, _ in both], [level for _, _, level in both], slopes
