"""Values of MusicXML elements: numbers, instruments, time signatures, passes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from symbolic.notes.playback.reading import SHORTEST_BEAT
from symbolic.notes.table import ReadError

MAX_BEATS = MAX_ENDINGS = 99
MAX_NUMBER = 1e9  # largest number in attributes and directions
MUSICXML_DRUM_CHANNEL = 10  # counted from 1


def number(parent: Element, path: str) -> float | None:
    """Return the number in a child element; None without one.

    Raises:
        ReadError: text that is no number, or a number beyond `MAX_NUMBER`.
    """
    text = parent.findtext(path)
    try:
        value = float(text) if text else None
    except ValueError as error:
        raise ReadError(f"<{path}> is {(text or '')[:20]!r}, no number") from error
    if value is not None and not abs(value) <= MAX_NUMBER:
        raise ReadError(f"<{path}> is {value:g}, out of range")
    return value


def whole_number(parent: Element, path: str) -> int | None:
    """Return the number in a child element as an integer, as `number`."""
    value = number(parent, path)
    return None if value is None else int(value)


def number_attribute(element: Element, name: str) -> float | None:
    """Return the number in an attribute; None if missing or invalid, without an error."""
    text = element.get(name)
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is None or abs(value) <= MAX_NUMBER else None


def passes(text: str) -> tuple[int, ...]:
    """Parse positive numbers such as "1", "1, 2" or "1-3", each once.

    Raises:
        ReadError: a number beyond `MAX_ENDINGS`, or too long text.
    """
    if len(text) > 4 * MAX_ENDINGS:
        raise ReadError(f"an ending numbered {text[:20]}")
    numbers: dict[int, None] = {}
    for first, last in re.findall(r"(\d+)(?:\s*-\s*(\d+))?", text):
        if len(first) > 2 or len(last) > 2:
            raise ReadError(f"an ending numbered {text[:20]}")
        numbers |= dict.fromkeys(range(max(int(first), 1), int(last or first) + 1))
    return tuple(numbers)


@dataclass
class Instrument:
    """MIDI properties of an instrument.

    Attributes:
        drums: whether it plays on the drum channel.
        unpitched: MIDI pitch of its unpitched notes; -1: that of their staff position.
    """

    drums: bool = False
    unpitched: int = -1

    def change(self, midi: Element) -> None:
        """Apply a `<midi-instrument>`."""
        channel = whole_number(midi, "midi-channel")
        unpitched = whole_number(midi, "midi-unpitched")
        self.drums = self.drums if channel is None else channel == MUSICXML_DRUM_CHANNEL
        self.unpitched = self.unpitched if unpitched is None else unpitched - 1


def read_part_list(listed: Element) -> dict[str, dict[str, Instrument]]:
    """Read the instruments of each part, by id, in the order of the list."""
    parts: dict[str, dict[str, Instrument]] = {}
    for part in listed.iter("score-part"):
        found = parts[part.get("id", "")] = {}
        for instrument in part.iter("score-instrument"):
            found[instrument.get("id", "")] = Instrument()
        for midi in part.iter("midi-instrument"):
            found.setdefault(midi.get("id", ""), Instrument()).change(midi)
    return parts


def read_time(time: Element) -> tuple[int, int] | None:
    """Read numerator and denominator of a time signature; None for senza misura.

    Raises:
        ReadError: more than `MAX_BEATS` beats, or beats shorter than `SHORTEST_BEAT`.
    """
    pairs, numerators, total = [], 0, 0
    for child in time:
        if child.tag == "beats":
            counts = [int(count) for count in re.findall(r"\d{1,9}", child.text or "")]
            numerators = sum(counts)
            total += numerators
            if total > MAX_BEATS:
                raise ReadError(f"a time signature of {(child.text or '')[:20]} beats")
        elif child.tag == "beat-type":
            unit = max(map(int, re.findall(r"\d{1,9}", child.text or "")), default=0)
            if unit > SHORTEST_BEAT:
                raise ReadError(f"a time signature of beats of 1/{(child.text or '')[:20]}")
            if unit and numerators:
                pairs.append((numerators, unit))
    if not pairs:
        return None
    shortest = max(unit for _, unit in pairs)
    if any(shortest % unit for _, unit in pairs):
        return None  # mixed with thirds of a note: no MIDI time signature
    return int(sum(count * (shortest // unit) for count, unit in pairs)), shortest
