"""Repeats and jumps: the playback order of the bars of a score."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field, replace

MAX_EXPANSION = 16  # a score that repeats extend by a larger factor is read as written
ENDING_REACH = 16  # largest distance in bars from the bracket of an ending to its repeat sign
MAX_CODAS = 100  # signs "To Coda" to search for another one
MAX_ATTEMPTS = 8  # each without the signs that skipped bars in the one before


@dataclass
class Bar:
    """Repeat signs, endings and jumps of a bar, merged over all parts.

    Attributes:
        opens: whether a repeated section starts here.
        plays: number of times the section ending here is played; 1 without a repeat sign.
        after_jump: whether that section is also repeated after a jump.
        endings: numbers of the first, second ... ending the bar belongs to.
        signs: "Segno", "Coda", "ToCoda" and "Fine" of the bar.
        labels: of signs and of "Jump", which connect a jump to its sign.
        jump: "DaCapo" or "DalSegno", if any, followed by "AlFine" or "AlCoda" where given.
        jump_turns: the passes on which the jump is taken; empty: all.
        closes: whether a final barline ends the bar.
    """

    opens: bool = False
    plays: int = 1
    after_jump: bool = False
    endings: tuple[int, ...] = ()
    signs: set[str] = field(default_factory=set)
    labels: dict[str, str] = field(default_factory=dict)
    jump: str = ""
    jump_turns: tuple[int, ...] = ()
    closes: bool = False

    def add_sign(self, sign: str, label: str = "") -> None:
        """Add a sign, with the label that connects it to a jump."""
        self.signs.add(sign)
        if label:
            self.labels[sign] = label


def playing_order(bars: list[Bar]) -> list[int]:
    """Return the indices of the bars in playback order.

    After a jump, repeats are played once, with their last ending, unless marked otherwise. A jump
    is taken once. Bars after a jump that led to a Fine belong to the next movement.

    Signs that would skip a bar on all passes are ignored: first endings whose pass never occurs,
    then jumps. The written order is the last resort, also for a piece that would grow by more than
    `MAX_EXPANSION`.
    """
    written = list(range(len(bars)))
    tried = bars = _mended(bars)
    for _ in range(MAX_ATTEMPTS):
        endings = _Endings(tried)
        order = _followed(tried, endings)
        if order is None:
            break
        missing = set(written).difference(order)
        if not missing:
            return order
        broken = {endings.run[i] for i in missing if tried[i].endings}
        if broken:
            tried = [
                replace(bar, endings=()) if endings.run[k] in broken else bar
                for k, bar in enumerate(tried)
            ]
        elif any(bar.jump for bar in tried):
            tried = [replace(bar, jump="") for bar in bars]
        else:
            break
    return written


def _mended(bars: list[Bar]) -> list[Bar]:
    """Correct endings whose brackets are too short or have wrong numbers.

    A first ending extends to its repeat sign. Of two endings with one number, separated by a repeat
    sign, the later gets the next number.
    """
    mended = list(bars)
    for i in range(1, len(mended)):
        before, bar = mended[i - 1], mended[i]
        if 1 in before.endings and before.plays == 1 and not bar.endings and not bar.opens:
            reach = range(i, min(i + ENDING_REACH, len(mended)))
            end = next((k for k in reach if mended[k].plays > 1), i)
            others = any(between.opens or between.endings for between in mended[i : end + 1])
            if mended[end].plays > 1 and not others:
                for k in range(i, end + 1):
                    mended[k] = replace(mended[k], endings=before.endings)
        elif bar.endings and bar.endings == before.endings and before.plays > 1:
            k, wrong = i, bar.endings
            while k < len(mended) and mended[k].endings == wrong:
                mended[k] = replace(mended[k], endings=(max(wrong) + 1,))
                k += 1
    return mended


class _Endings:
    """First, second ... endings of a piece.

    Attributes:
        run: for each bar, the first bar of its run of endings; -1 outside.
        first: for each bar, the first bar of its own ending.
        last: by run, the highest number of its endings.
        repeated: runs whose repeat is also taken after a jump.
    """

    def __init__(self, bars: list[Bar]) -> None:
        self.run: list[int] = []
        self.first: list[int] = []
        self.last: dict[int, int] = {}
        self.repeated: set[int] = set()
        before: tuple[int, ...] = ()
        for i, bar in enumerate(bars):
            run = -1
            if bar.endings:
                run = self.run[-1] if before else i
                self.last[run] = max(self.last.get(run, 0), *bar.endings)
                if bar.after_jump:
                    self.repeated.add(run)
            self.first.append(self.first[-1] if i and bar.endings == before else i)
            self.run.append(run)
            before = bar.endings

    def turns(self, bars: list[Bar], i: int) -> int:
        """Count the passes of the section whose repeat sign is at the end of bar i."""
        endings = bars[i].endings
        if not endings:
            return bars[i].plays
        last = self.last[self.run[i]]
        # A single first ending is skipped on the last pass.
        return last + 1 if min(endings) == 1 and max(endings) == last else last


class _Signs:
    """Bars of signs, in order, by name and label; the label "" has all of the name."""

    def __init__(self, bars: list[Bar]) -> None:
        self.bars: dict[tuple[str, str], list[int]] = defaultdict(list)
        for i, bar in enumerate(bars):
            for sign in bar.signs:
                for label in {"", bar.labels.get(sign, "")}:
                    self.bars[sign, label].append(i)
        self.closing = [i for i, bar in enumerate(bars) if bar.closes]

    def passes(self, i: int, jump: int, left: set[int]) -> bool:
        """Return whether bar i, already left for a coda, is passed on the way to another one."""
        if i not in left:
            return False
        places = self.bars["ToCoda", ""] or self.bars["Coda", ""]
        begin = bisect_right(places, i)
        following = places[begin : min(bisect_left(places, jump), begin + MAX_CODAS)]
        return any(place not in left for place in following)

    def coda(self, label: str, i: int, jump: int) -> int:
        """Find the bar of the coda that a sign in bar i leads to, after the jump of a later bar."""
        for codas in (self.bars["Coda", label], self.bars["Coda", ""]):
            for begin in (jump, i):
                if (found := bisect_right(codas, begin)) < len(codas):
                    return codas[found]
        return jump + 1

    def head(self, movement: int, jump: int) -> int:
        """Find the target of a da capo: the start of its movement, in a file of several.

        Only a final barline before the Fine ends another movement: one after it may separate a
        minuet from its trio.
        """
        fine = _last(self.bars["Fine", ""], movement, jump + 1)
        end = None if fine is None else _last(self.closing, movement, fine)
        return movement if end is None else end + 1

    def segno(self, label: str, movement: int, jump: int) -> int | None:
        """Find the last segno before a jump, with its label if any has it."""
        found = _last(self.bars["Segno", label], movement, jump + 1)
        return _last(self.bars["Segno", ""], movement, jump + 1) if found is None else found


def _last(places: list[int], begin: int, end: int) -> int | None:
    """Return the last of ascending positions in [begin, end); None without any."""
    found = bisect_left(places, end)
    return places[found - 1] if found and places[found - 1] >= begin else None


def _followed(bars: list[Bar], endings: _Endings) -> list[int] | None:
    """Follow all signs and return the order of bars; None if it does not end."""
    order: list[int] = []
    turn = 1  # of the section that begins at `start`
    start = movement = i = 0
    inside = -1  # first bar of the ending in which the section begins; its number is ignored
    jump: int | None = None  # bar of the current jump
    taken: set[int] = set()
    left: set[int] = set()  # bars left for a coda: the next jump passes them
    visits = [0] * len(bars)
    signs = _Signs(bars)
    explicit = bool(signs.bars["ToCoda", ""])
    while i < len(bars):
        bar, first, run = bars[i], endings.first[i], endings.run[i]
        if len(order) > MAX_EXPANSION * len(bars):
            return None
        if bar.endings and inside != first:
            followed = jump is not None and run not in endings.repeated
            if (endings.last[run] if followed else turn) not in bar.endings:
                i += 1
                continue
        leaves = i > 0 and bool(bars[i - 1].endings) and not bar.endings and inside < 0
        if i != start and (bar.opens or leaves):
            start, turn, inside = i, 1, first if bar.endings else -1
        order.append(i)
        visits[i] += 1
        if bar.plays > 1 and (jump is None or bar.after_jump):
            if turn < endings.turns(bars, i):
                turn, i = turn + 1, start
                continue
            start, turn, inside = i + 1, 1, -1
        if jump is not None:
            if "Fine" in bar.signs:
                i = start = movement = jump + 1
                turn, inside, jump = 1, -1, None
                continue
            if i < jump and _to_coda(bar, bars[jump], explicit) and not signs.passes(i, jump, left):
                left.add(i)
                i = start = signs.coda(bar.labels.get("ToCoda", ""), i, jump)
                turn, inside, jump = 1, -1, None
                continue
        if bar.closes and jump is None:  # a repeat without a start sign does not go back past it
            start, turn, inside = i + 1, 1, -1
        if i == jump:
            start, turn, inside, jump = i + 1, 1, -1, None
        elif bar.jump and jump is None and i not in taken:
            back = bar.jump.startswith("DaCapo")
            label = bar.labels.get("Jump", "")
            to = signs.head(movement, i) if back else signs.segno(label, movement, i)
            if to is not None and (not bar.jump_turns or visits[i] in bar.jump_turns):
                taken.add(i)
                jump, i, start, turn, inside = i, to, to, 1, -1
                continue
        i += 1
    return order


def _to_coda(bar: Bar, jump: Bar, explicit: bool) -> bool:
    """Return whether a bar leads to the coda after a jump."""
    if "AlFine" in jump.jump:
        return False
    if explicit:
        return "ToCoda" in bar.signs
    return "Coda" in bar.signs and "AlCoda" in jump.jump
