"""Loudness of written notes: dynamic marks and wedges become velocities."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

SOFT = {"n": 2, "pppppp": 2, "ppppp": 3, "pppp": 6, "ppp": 14, "pp": 24, "p": 40, "mp": 56}
LOUD = {"mf": 72, "pf": 84, "f": 88, "ff": 108, "fff": 118, "ffff": 124}
LOUD |= {"fffff": 127, "ffffff": 127}
HOLD = SOFT | LOUD | {"fp": 40, "ffp": 40, "fzp": 40, "sfp": 40, "sfpp": 24, "sfzp": 40}
STRIKE = {"fp": 88, "ffp": 108, "fzp": 104, "sfp": 104, "sfpp": 104, "sfzp": 104}
STRIKE |= {"sff": 116, "sffz": 116, "sfffz": 124}
STRIKE |= dict.fromkeys(("sf", "sfz", "fz", "rf", "rfz"), 104)

FIRST = HOLD["mf"]  # before the first mark
STEP = 16  # from one mark to the next, about: what a wedge does where no mark follows it
REACH = 1.0  # quarters after a wedge in which the mark that it leads to may stand

Wedge = tuple[int, int, int]  # tick of its begin and of its end, 1 or -1


def velocities(
    onset: np.ndarray,
    ticks: Sequence[int],
    levels: Sequence[int],
    *,
    strikes: dict[int, int],
    wedges: Sequence[Wedge],
    quarter: int,
) -> np.ndarray:
    """Return the velocity of each note under marks and wedges.

    A mark holds until the next one. A wedge leads evenly from what holds at its begin to the mark
    at its end, or where there is none, or one that goes the other way, to a step louder or softer.

    Args:
        onset: (n,) ticks at which notes are written.
        ticks, levels: where marks stand, rising, and the velocities that hold from there.
        strikes: by tick, velocities of the notes that are struck there alone.
        wedges: of each where it begins and ends, and 1 or -1.
        quarter: ticks of a quarter.

    Returns:
        (n,) int64, 1..127.
    """
    slopes: list[tuple[int, int, int, int]] = []
    if wedges:
        ticks, levels, slopes = _with_wedges(ticks, levels, wedges, int(REACH * quarter))
    number = np.searchsorted(np.array(ticks, np.int64), onset, side="right")
    velocity = np.array([FIRST, *levels], np.int64)[number]
    for begin, end, low, high in slopes:
        within = (onset >= begin) & (onset < end)
        share = (onset[within] - begin) / (end - begin)
        velocity[within] = np.rint(low + share * (high - low)).astype(np.int64)
    if strikes:
        at = np.array(sorted(strikes), np.int64)
        nearest = np.minimum(np.searchsorted(at, onset), len(at) - 1)
        struck = at[nearest] == onset
        velocity[struck] = np.array([strikes[tick] for tick in at.tolist()])[nearest[struck]]
    return velocity


def _with_wedges(
    ticks: Sequence[int], levels: Sequence[int], wedges: Sequence[Wedge], reach: int
) -> tuple[list[int], list[int], list[tuple[int, int, int, int]]]:
    """Ticks and levels with those that wedges lead to, and the slopes: begin, end, two levels."""
    reached: list[tuple[int, int]] = []
    slopes = []
    for begin, end, sign in sorted(wedges):
        after = bisect_right(ticks, begin)
        last = (ticks[after - 1], levels[after - 1]) if after else (-1, FIRST)
        if reached and last[0] < reached[-1][0] <= begin:
            last = reached[-1]
        low = last[1]
        high = min(max(low + sign * STEP, 1), 127)
        if after < len(ticks) and ticks[after] <= end + reach:
            end = min(end, ticks[after])
            if (levels[after] - low) * sign > 0:
                high = levels[after]
        if end > begin:
            slopes.append((begin, end, low, high))
            reached.append((end, high))
    # Of a mark and what a wedge led to at one tick the mark comes later: it holds.
    both = [(tick, 0, level) for tick, level in reached]
    both += [(tick, 1, level) for tick, level in zip(ticks, levels, strict=True)]
    both.sort()
    return [tick for tick, _, _ in both], [level for _, _, level in both], slopes
