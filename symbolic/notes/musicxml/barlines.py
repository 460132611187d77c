"""Barlines of MusicXML: repeats, endings, signs and double bars."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from symbolic.notes.musicxml.values import passes
from symbolic.notes.playback.reading import BAR_END, Mark
from symbolic.notes.playback.repeats import Bar

DOUBLE_BARS = ("light-light", "light-heavy", "heavy-light", "heavy-heavy")


@dataclass
class Barlines:
    """State of the repeats and endings of one part while its bars are read.

    Attributes:
        bars, marks: output.
        ending: numbers of the open first, second ... ending.
    """

    bars: list[Bar]
    marks: list[Mark]
    ending: tuple[int, ...] = ()

    def next_bar(self, bar: int) -> None:
        """Continue an open ending in the next bar."""
        if self.ending:
            self.bars[bar].endings = self.bars[bar].endings or self.ending

    def read(self, barline: Element, bar: int, at: float, begins: bool) -> None:
        """Process a barline.

        Args:
            at: the current position in the bar, in quarters: that of a barline in the middle.
            begins: whether it is the first element of the bar: without a location, a forward repeat
                then is at the left.

        Raises:
            ReadError: an ending of more than `MAX_ENDINGS`.
        """
        bars = self.bars
        repeat, ending = barline.find("repeat"), barline.find("ending")
        forward = barline.find("repeat[@direction='forward']") is not None
        left = barline.get("location", "left" if begins and forward else "right") == "left"
        following = bar if left else bar + 1
        closed = ending is not None and ending.get("type") == "stop"
        last = closed and not left and repeat is None and min(self.ending, default=1) > 1
        if repeat is not None or last or barline.findtext("bar-style") in DOUBLE_BARS:
            middle = barline.get("location") == "middle"
            place = bar, at if middle else 0.0 if left else BAR_END
            self.marks.append((place, "repeat" if repeat is not None or last else "double bar", ""))
        for sign in ("Segno", "Coda"):
            label = barline.get(sign.lower())
            if label is not None or barline.find(sign.lower()) is not None:
                bars[following].add_sign(sign, label or "")
        if repeat is not None and repeat.get("direction") == "forward":
            bars[following].opens = True
            if left:
                self.ending = ()
                bars[bar].endings = () if ending is None else bars[bar].endings
        if ending is not None:
            self._read_ending(ending, bar, left)
        if repeat is not None and repeat.get("direction") == "backward":
            ends = bars[max(bar - left, 0)]
            times = repeat.get("times", "")
            ends.plays = max(ends.plays, int(times) if re.fullmatch(r"\d{1,6}", times) else 2)
            ends.after_jump |= repeat.get("after-jump") == "yes"
            self.ending = ()
        elif not left and barline.findtext("bar-style") == "light-heavy":
            bars[bar].closes = True

    def _read_ending(self, ending: Element, bar: int, left: bool) -> None:
        """Process the beginning or the end of a bracket."""
        bars, numbers = self.bars, passes(ending.get("number", ""))
        if ending.get("type") == "start":
            self.ending = bars[bar if left else bar + 1].endings = numbers or (1,)
            return
        if not left and not self.ending:  # only its end is written: the previous bracket extends
            before = bars[bar - 1].endings if bar else ()
            bars[bar].endings = bars[bar].endings or before or numbers or (1,)
        self.ending = ()
