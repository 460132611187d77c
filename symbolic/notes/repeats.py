"""Repeats and jumps: the order in which the bars of a score are played."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_EXPANSION = 16  # a score whose repeats make it longer than this is read as written


@dataclass
class Bar:
    """What a bar says about the order of playing, merged over all parts.

    Attributes:
        opens: whether a repeated section starts here.
        plays: how often the section ending here is played; 1 without a repeat sign.
        endings: numbers of the first, second ... ending the bar belongs to.
        signs: those of "Segno", "Coda" and "Fine" that stand here.
        jump: name of the "DaCapo..." or "DalSegno..." command, if any.
        closes: whether a final barline ends the bar.
    """

    opens: bool = False
    plays: int = 1
    endings: tuple[int, ...] = ()
    signs: set[str] = field(default_factory=set)
    jump: str = ""
    closes: bool = False


def playing_order(bars: list[Bar]) -> list[int]:
    """Indices of the bars in the order they are played.

    Repeats are not taken again after a jump, and the last ending is played then. Bars after
    the jump that led to a Fine are taken for a next movement. Falls back to the written order
    where a bar would never be played or the piece would grow more than 16-fold.
    """
    written = list(range(len(bars)))
    order: list[int] = []
    start = movement = i = 0
    turn, jumped_from = 1, None
    while i < len(bars):
        bar = bars[i]
        if len(order) > MAX_EXPANSION * len(bars):
            return written
        if i != start and (bar.opens or (i and bars[i - 1].endings and not bar.endings)):
            start, turn = i, 1
        if bar.endings and jumped_from is not None:
            turn = max(_all_endings(bars, i))
        if bar.endings and turn not in bar.endings:
            i += 1
            continue
        order.append(i)
        if jumped_from is not None:
            if "Fine" in bar.signs:
                i = start = movement = jumped_from + 1
                turn, jumped_from = 1, None
            elif "Coda" in bar.signs and "AlCoda" in bars[jumped_from].jump and i < jumped_from:
                later = range(jumped_from + 1, len(bars))
                i = next((k for k in later if "Coda" in bars[k].signs), jumped_from + 1)
            else:
                i += 1
            continue
        if bar.plays > 1:
            if turn < _turns(bars, i):
                turn, i = turn + 1, start
                continue
            start, turn = i + 1, 1
        to = _jump(bars, movement, i) if bar.jump else None
        if to is not None:
            jumped_from, i = i, to
        else:
            i += 1
    return order if len(set(order)) == len(bars) else written


def _jump(bars: list[Bar], movement: int, i: int) -> int | None:
    """Where the jump of bar i goes; None where there is no sign to go to."""
    if bars[i].jump.startswith("DaCapo"):
        return _head(bars, movement, i)
    segnos = [k for k in range(movement, i + 1) if "Segno" in bars[k].signs]
    return segnos[-1] if segnos else None


def _head(bars: list[Bar], movement: int, jump: int) -> int:
    """Where a da capo goes: to the start of its movement, in a file of several.

    Only a final barline ahead of the Fine ends another movement: one after it may well stand
    between a minuet and its trio.
    """
    fines = [k for k in range(movement, jump + 1) if "Fine" in bars[k].signs]
    ends = [k for k in range(movement, max(fines, default=movement)) if bars[k].closes]
    return max(ends) + 1 if ends else movement


def _all_endings(bars: list[Bar], i: int) -> list[int]:
    """Numbers of the endings in the run of bracketed bars around bar i."""
    first = last = i
    while first > 0 and bars[first - 1].endings:
        first -= 1
    while last + 1 < len(bars) and bars[last + 1].endings:
        last += 1
    return [number for bar in bars[first : last + 1] for number in bar.endings]


def _turns(bars: list[Bar], i: int) -> int:
    """How often the section is played whose repeat sign stands at the end of bar i."""
    endings = bars[i].endings
    if not endings:
        return bars[i].plays
    last = max(_all_endings(bars, i))
    # a lone first ending is passed over on the last turn
    return last + 1 if min(endings) == 1 and max(endings) == last else last
