"""Barlines of MusicXML: repeats, endings and signs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from symbolic.notes.musicxml.values import passes
from symbolic.notes.playback.repeats import Bar


@dataclass
class Endings:
    """State of the first, second ... endings of one part while its bars are read.

    Attributes:
        open: numbers of the open ending.
    """

    open: tuple[int, ...] = ()

    def read(self, ending: Element, bar: int, bars: list[Bar], left: bool) -> None:
        """Process the beginning or the end of a bracket.

        Raises:
            ReadError: an ending of more than `MAX_ENDINGS`.
        """
        numbers = passes(ending.get("number", ""))
        if ending.get("type") == "start":
            at = bar if left else bar + 1
            self.open = bars[at].endings = numbers or (1,)
            return
        if left:  # the end of the previous bar
            self.open = ()
            return
        if not self.open:  # only its end is written: the previous bracket extends to here
            before = bars[bar - 1].endings if bar else ()
            bars[bar].endings = bars[bar].endings or before or numbers or (1,)
        self.open = ()

    def next_bar(self, bar: Bar) -> None:
        """Continue an open bracket in the next bar."""
        if self.open:
            bar.endings = bar.endings or self.open

    def close(self) -> None:
        """Close a bracket without a written end."""
        self.open = ()


def read_barline(
    barline: Element, bar: int, bars: list[Bar], endings: Endings, begins: bool
) -> None:
    """Process a barline: repeats, endings, signs.

    Args:
        barline: the element.
        bar, bars: its bar, by index, and all bars.
        endings: of the part.
        begins: whether it is the first element of the bar: without a location, a forward repeat
            then is at the left.
    """
    forward = barline.find("repeat[@direction='forward']") is not None
    left = barline.get("location", "left" if begins and forward else "right") == "left"
    following = bar if left else bar + 1
    for sign in ("Segno", "Coda"):
        label = barline.get(sign.lower())
        if label is not None or barline.find(sign.lower()) is not None:
            bars[following].add_sign(sign, label or "")
    repeat = barline.find("repeat")
    if repeat is not None and repeat.get("direction") == "forward":
        bars[following].opens = True
        if left:
            endings.close()
            bars[bar].endings = () if barline.find("ending") is None else bars[bar].endings
    ending = barline.find("ending")
    if ending is not None:
        endings.read(ending, bar, bars, left)
    if repeat is not None and repeat.get("direction") == "backward":
        ends = bars[max(bar - left, 0)]
        times = repeat.get("times", "")
        ends.plays = max(ends.plays, int(times) if re.fullmatch(r"\d{1,6}", times) else 2)
        ends.after_jump |= repeat.get("after-jump") == "yes"
        endings.close()
    elif not left and barline.findtext("bar-style") == "light-heavy":
        bars[bar].closes = True
