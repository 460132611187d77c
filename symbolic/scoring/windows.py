"""Sliding windows over a piece: length and hop."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), "seconds"),
    **dict.fromkeys(("bar", "bars"), "bars"),
}
"""Units of lengths, by their spellings."""


@dataclass(frozen=True)
class SlidingWindow:
    """Windows of one length, one after every `hop`.

    Attributes:
        length: of a window: seconds, or whole bars.
        hop: from the beginning of a window to that of the next, no more than the length.
        unit: "seconds" or "bars".

    Raises:
        ValueError: another unit, a length or hop that is not positive, a hop beyond the length, or
            parts of bars.
    """

    length: float = 30.0
    hop: float = 5.0
    unit: str = "seconds"

    def __post_init__(self) -> None:
        if self.unit not in UNITS.values():
            raise ValueError(f"no unit {self.unit!r}; there are seconds and bars")
        shown = f"windows of {self.length:g} {self.unit}, one every {self.hop:g}"
        if not 0 < self.length < np.inf or not self.hop > 0:
            raise ValueError(f"{shown}: both must be more than 0")
        if self.hop > self.length:
            raise ValueError(f"{shown}: notes between them would be left out")
        if self.unit == "bars" and (self.length % 1 or self.hop % 1):
            raise ValueError(f"{shown}: bars must be whole")

    @classmethod
    def parse(cls, length: str, hop: str | None = None) -> SlidingWindow:
        """Parse windows such as `30s` or `8bars`.

        Args:
            length: a number and a unit (s, seconds, bar, bars); without a unit it is seconds.
            hop: the same; without a unit it is that of the length. None is a sixth of the length,
                of bars the whole part of it, at least one.

        Raises:
            ValueError: not a length, two units, or as of `SlidingWindow`.
        """
        number, unit = _measured(length)
        unit = unit or "seconds"
        if hop is None:
            return cls(number, max(number // 6, 1) if unit == "bars" else number / 6, unit)
        step, other = _measured(hop)
        if (other or unit) != unit:
            raise ValueError(f"windows in {unit} do not move by {other}")
        return cls(number, step, unit)


def _measured(text: str) -> tuple[float, str | None]:
    found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*([a-z]*)\s*", text.lower())
    if not found or (found[2] and found[2] not in UNITS):
        raise ValueError(f"{text!r} is no length such as 30s or 8bars")
    return float(found[1]), UNITS.get(found[2])
