"""Dynamics of notation: velocities from dynamic marks and wedges."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np

from symbolic.notes.playback.playing import TICKS_PER_QUARTER, Played, changes_of, ticks_of
from symbolic.notes.playback.reading import Events, Place, Reading, Wedge

HOLD_VELOCITIES = {"n": 2, "pppppp": 2, "ppppp": 3, "pppp": 6, "ppp": 14, "pp": 24, "p": 40}
HOLD_VELOCITIES |= {"mp": 56, "mf": 72, "pf": 84, "f": 88, "ff": 108, "fff": 118, "ffff": 124}
HOLD_VELOCITIES |= {"fffff": 127, "ffffff": 127}
HOLD_VELOCITIES |= {"fp": 40, "ffp": 40, "fzp": 40, "sfp": 40, "sfpp": 24, "sfzp": 40}
STRIKE_VELOCITIES = {"fp": 88, "ffp": 108, "fzp": 104, "sfp": 104, "sfpp": 104, "sfzp": 104}
STRIKE_VELOCITIES |= {"sff": 116, "sffz": 116, "sfffz": 124}
STRIKE_VELOCITIES |= dict.fromkeys(("sf", "sfz", "fz", "rf", "rfz"), 104)

INITIAL_VELOCITY = HOLD_VELOCITIES["mf"]  # before the first mark
VELOCITY_STEP = 16  # change by a wedge without a mark at its end: about one dynamic level
WEDGE_REACH = TICKS_PER_QUARTER  # distance from the end of a wedge to the mark it leads to

Slope = tuple[int, int, int, int]  # begin and end in ticks, velocities at both


def add_mark(reading: Reading, track: int, place: Place, names: Sequence[str]) -> bool:
    """Add a dynamic mark of one or several signs: "f" and "p" together are fp.

    Returns:
        Whether any sign is known.
    """
    velocities = HOLD_VELOCITIES | STRIKE_VELOCITIES
    whole = "".join(names)
    known = [name for name in ([whole] if whole in velocities else names) if name in velocities]
    for name in known:
        if name in HOLD_VELOCITIES:
            reading.levels.setdefault(track, {})[place] = HOLD_VELOCITIES[name]
        if name in STRIKE_VELOCITIES:
            reading.strikes.setdefault(track, {})[place] = STRIKE_VELOCITIES[name]
    return bool(known)


def staff_velocities(
    reading: Reading, track: int, staves: Sequence[int], played: Played, onset: np.ndarray
) -> np.ndarray:
    """Compute the velocities of the notes of one staff under the marks of its instrument.

    A mark holds until the next one. A wedge interpolates linearly from the velocity at its
    beginning to the marks within it and at its end. Without a mark at its end, or with one of the
    opposite direction, it changes the velocity by `VELOCITY_STEP`. Of two marks at one place, that
    of the staff itself holds. Strikes apply to the notes at their tick, on their staff only; on a
    staff without any mark, those of all staves apply.

    Args:
        reading: of the score.
        track: the staff.
        staves: tracks of the instrument, including `track`.
        played: as of the reading.
        onset: (n,) ticks at which the notes are written, ascending.

    Returns:
        (n,) int64, 1..127.
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
    ticks, levels = changes_of(marks, INITIAL_VELOCITY, played)
    slopes: list[Slope] = []
    if wedges:
        ticks, levels, slopes = _with_wedges(ticks, levels, _wedges(wedges, played))
    number = np.searchsorted(np.array(ticks, np.int64), onset, side="right")
    velocity = np.array([INITIAL_VELOCITY, *levels], np.int64)[number]
    for begin, end, low, high in slopes:
        within = slice(*onset.searchsorted((begin, end)))
        share = (onset[within] - begin) / (end - begin)
        velocity[within] = np.rint(low + share * (high - low)).astype(np.int64)
    for place, louder in struck.items():
        for i in played.when(place[0]):
            tick = ticks_of(place, int(played.starts[i]))
            velocity[slice(*onset.searchsorted((tick, tick + 1)))] = louder
    return velocity


def _wedges(wedges: Sequence[Wedge], played: Played) -> list[tuple[int, int, int]]:
    """Return begin and end of wedges as played, in ticks, and 1 or -1; a jump ends a wedge."""
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
    """Add the levels at the ends of wedges to ticks and levels; return them and the slopes."""
    slopes: list[Slope] = []
    reached: list[tuple[int, int]] = []
    for begin, end, sign in wedges:
        after = bisect_right(ticks, begin)
        last = (ticks[after - 1], levels[after - 1]) if after else (-1, INITIAL_VELOCITY)
        if reached and last[0] < reached[-1][0] <= begin:
            last = reached[-1]
        low = last[1]
        inner = bisect_left(ticks, end)
        for mark in range(after, inner):  # marks within the wedge
            if (levels[mark] - low) * sign <= 0:
                end, inner = ticks[mark], mark + 1
                break
            slopes.append((begin, ticks[mark], low, levels[mark]))
            begin, low, after = ticks[mark], levels[mark], mark + 1
        # Wedges without marks do not add up: at most two steps from the last mark.
        base = levels[after - 1] if after else INITIAL_VELOCITY
        reach = 2 * VELOCITY_STEP
        high = min(max(low + sign * VELOCITY_STEP, base - reach, 1), base + reach, 127)
        leads_to_mark = after < len(ticks) and ticks[after] <= end + WEDGE_REACH
        if leads_to_mark and (levels[after] - low) * sign > 0:
            high = levels[after]
        if end > begin:
            slopes.append((begin, end, low, high))
            reached.append((end, high))
    # At one tick, a mark comes after the level at the end of a wedge: the mark holds.
    both = [(tick, 0, level) for tick, level in reached]
    both += [(tick, 1, level) for tick, level in zip(ticks, levels, strict=True)]
    both.sort(key=lambda change: change[:2])
    return [tick for tick, _, _ in both], [level for _, _, level in both], slopes
