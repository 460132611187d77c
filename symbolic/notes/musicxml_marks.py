"""Marks of MusicXML, read from their elements: directions, sounds, barlines, part lists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from symbolic.notes.dynamics import HOLD, STRIKE
from symbolic.notes.musicxml_note import QUARTERS
from symbolic.notes.repeats import Bar
from symbolic.notes.sounding import FASTEST, SHORTEST_BEAT, SLOWEST, Reading
from symbolic.notes.table import ReadError
from symbolic.notes.words import sign_of_words, tempo_of_words

if TYPE_CHECKING:
    from symbolic.notes.sounding import Place

MOST_BEATS = MOST_ENDINGS = MOST_STAVES = 99
LOUDNESS = 0.9  # of a velocity, for each per cent: 100 is a velocity of 90
LARGEST = 1e9  # of the numbers in attributes and directions
DRUM_CHANNEL = 10  # counted from 1


@dataclass
class Instrument:
    """What sounds for a note of an instrument.

    Attributes:
        drums: whether it plays on the MIDI channel of drums.
        unpitched: MIDI pitch of its unpitched notes; -1: that of their place on the staff.
    """

    drums: bool = False
    unpitched: int = -1

    def change(self, midi: Element) -> None:
        """Follow a `<midi-instrument>`."""
        channel, unpitched = (
            whole_number(midi, "midi-channel"),
            whole_number(midi, "midi-unpitched"),
        )
        self.drums = self.drums if channel is None else channel == DRUM_CHANNEL
        self.unpitched = self.unpitched if unpitched is None else unpitched - 1


def number(parent: Element, path: str) -> float | None:
    """The number in a child; None where there is none.

    Raises:
        ReadError: text that is no number, or beyond `LARGEST`.
    """
    text = parent.findtext(path)
    try:
        value = float(text) if text else None
    except ValueError as error:
        raise ReadError(f"<{path}> is {text[:20]!r}, no number") from error
    if value is not None and not abs(value) <= LARGEST:
        raise ReadError(f"<{path}> is {value:g}, no sensible number")
    return value


def whole_number(parent: Element, path: str) -> int | None:
    """The whole number in a child, as `number`."""
    value = number(parent, path)
    return None if value is None else int(value)


def read_part_list(listed: Element) -> dict[str, dict[str, Instrument]]:
    """Instruments of each part, by their ids in the order of the list."""
    parts: dict[str, dict[str, Instrument]] = {}
    for part in listed.iter("score-part"):
        found = parts[part.get("id", "")] = {}
        for one in part.iter("score-instrument"):
            found[one.get("id", "")] = Instrument()
        for midi in part.iter("midi-instrument"):
            found.setdefault(midi.get("id", ""), Instrument()).change(midi)
    return parts


def read_time(time: Element) -> tuple[int, int] | None:
    """Numerator and denominator of a time signature; None of a bar without one.

    Raises:
        ReadError: more than `MOST_BEATS` beats, or beats shorter than `SHORTEST_BEAT`.
    """
    pairs, numerators, total = [], 0, 0
    for child in time:
        if child.tag == "beats":
            counts = [int(count) for count in re.findall(r"\d{1,9}", child.text or "")]
            numerators = sum(counts)
            total += numerators
            if total > MOST_BEATS:
                raise ReadError(f"a time signature of {(child.text or '')[:20]} beats")
        elif child.tag == "beat-type":
            unit = max((int(one) for one in re.findall(r"\d{1,9}", child.text or "")), default=0)
            if unit > SHORTEST_BEAT:
                raise ReadError(f"a time signature of beats of 1/{(child.text or '')[:20]}")
            if unit and numerators:
                pairs.append((numerators, unit))
    if not pairs:
        return None
    shortest = max(unit for _, unit in pairs)
    if any(shortest % unit for _, unit in pairs):
        return None  # thirds of a note beside others: no meter of MIDI
    return int(sum(count * (shortest // unit) for count, unit in pairs)), shortest


@dataclass
class Endings:
    """First, second ... endings of one part while its bars are read.

    Attributes:
        open: numbers of the ending that goes on.
    """

    open: tuple[int, ...] = ()

    def read(self, ending: Element, bar: int, bars: list[Bar], left: bool) -> None:
        """Follow the beginning or the end of a bracket.

        Raises:
            ReadError: an ending of more than `MOST_ENDINGS`.
        """
        numbers = passes(ending.get("number", ""))
        if ending.get("type") == "start":
            at = bar if left else bar + 1
            self.open = bars[at].endings = numbers or (1,)
            return
        if left:  # it ended with the bar before
            self.open = ()
            return
        if not self.open:  # only its end is written: the bracket before goes on to here
            before = bars[bar - 1].endings if bar else ()
            bars[bar].endings = bars[bar].endings or before or numbers or (1,)
        self.open = ()

    def next_bar(self, bar: Bar) -> None:
        """Let a bracket go on, but not past a repeat sign."""
        if self.open:
            bar.endings = bar.endings or self.open

    def close(self) -> None:
        """End a bracket of which the end is not written."""
        self.open = ()


def passes(text: str) -> tuple[int, ...]:
    """Numbers in text such as "1", "1, 2" or "1-3", without 0.

    Raises:
        ReadError: one beyond `MOST_ENDINGS`.
    """
    numbers: list[int] = []
    for first, last in re.findall(r"(\d+)(?:\s*-\s*(\d+))?", text):
        if len(first) > 2 or len(last) > 2:
            raise ReadError(f"an ending numbered {text[:20]}")
        numbers += range(int(first), int(last or first) + 1)
    return tuple(one for one in numbers if one)


def read_barline(barline: Element, bar: int, bars: list[Bar], endings: Endings) -> None:
    """Follow a barline: repeats, endings, signs."""
    left = barline.get("location", "right") == "left"
    following = bar if left else bar + 1
    for sign in ("Segno", "Coda"):
        label = barline.get(sign.lower())
        if label is not None or barline.find(sign.lower()) is not None:
            _add_sign(bars[following], sign, label or "")
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


def _add_sign(bar: Bar, sign: str, label: str) -> None:
    bar.signs.add(sign)
    if label:
        bar.labels[sign] = label


@dataclass
class Marks:
    """Directions and sounds of one part while its bars are read.

    Attributes:
        reading: what they are added to.
        tempos: of two at one place the later one holds; of two parts the first.
        wedges: of each track those that have begun, by number: where, and 1 or -1.
    """

    reading: Reading
    tempos: dict[Place, float] = field(default_factory=dict)
    wedges: dict[tuple[int, str], tuple[Place, int]] = field(default_factory=dict)

    def direction(self, direction: Element, bar: int, offset: float, divisions: float, track: int):
        """Follow a direction at an offset in quarters in a bar."""
        moved = number(direction, "offset")
        at = (bar, offset + (moved or 0.0) / divisions)
        words: list[str] = []
        signs: list[str] = []
        metronome = None
        marks: list[str] = []
        for kind in direction.iterfind("direction-type"):
            for mark in kind:
                match mark.tag:
                    case "words":
                        words.append(mark.text or "")
                    case "dynamics":
                        marks += dynamic_names(mark)
                    case "wedge":
                        self._wedge(mark, at, track)
                    case "metronome":
                        metronome = mark
                    case "segno" | "coda":
                        signs.append(mark.tag.capitalize())
        sound = direction.find("sound")
        mark = dynamic_of(marks)
        if mark:
            self.reading.dynamics.setdefault(track, {})[at] = mark
        tempo = jumps = False
        if sound is not None:
            tempo, jumps = self.sound(sound, bar, at[1], divisions, track, bool(mark))
        if metronome is not None and not tempo:
            tempo = self._metronome(metronome, at)
        if not tempo and words:
            implied = next(filter(None, map(tempo_of_words, words)), None)
            if implied:
                self.reading.implied_tempos.setdefault(at, implied)
        if words or signs:
            self._signs(" ".join(words), signs, bar, jumps)

    def sound(
        self,
        sound: Element,
        bar: int,
        offset: float,
        divisions: float,
        track: int,
        marked: bool = False,
    ) -> tuple[bool, bool]:
        """Follow what a `<sound>` has of tempo, loudness and order.

        Args:
            sound: the element.
            bar, offset: where it stands, in quarters.
            divisions: of a quarter.
            track: of the staff that its loudness is for.
            marked: whether a dynamic mark stands beside it.

        Returns:
            Whether it has a tempo, and whether it has to do with the order of playing.
        """
        at = (bar, offset + (number(sound, "offset") or 0.0) / divisions)
        tempo = _attribute(sound, "tempo")
        known = tempo is not None and SLOWEST <= tempo <= FASTEST
        if known:
            self.tempos[at] = tempo
        loudness = _attribute(sound, "dynamics")
        if loudness is not None and not marked and loudness >= 0:
            velocity = note_velocity(sound.get("dynamics", ""))
            self.reading.dynamics.setdefault(track, {})[at] = velocity
        return known, self._order(sound, bar)

    def _order(self, sound: Element, bar: int) -> bool:
        here = self.reading.bars[bar]
        found = False
        for name, sign in _SIGNS.items():
            label = sound.get(name)
            if label is None or label == "no":
                continue
            found = True
            _add_sign(here, sign, label)
        for name, jump in (("dacapo", "DaCapo"), ("dalsegno", "DalSegno")):
            label = sound.get(name)
            if label is None or label == "no":
                continue
            found = True
            if not here.jump.startswith(jump):  # the words may have said how far
                here.jump = jump
            here.labels["Jump"] = label
            here.jump_turns = passes(sound.get("time-only", ""))
        if sound.get("forward-repeat") == "yes":
            here.opens = True
        return found

    def _signs(self, words: str, signs: list[str], bar: int, by_sound: bool) -> None:
        """Follow signs and words; where `<sound>` has the order, only how far a jump goes."""
        here = self.reading.bars[bar]
        jump, sign = sign_of_words(words) if words else ("", "")
        if jump and (not here.jump or jump.startswith(here.jump)):
            here.jump = jump
        if by_sound:
            return
        if sign == "ToCoda" or (
            "Coda" in signs and re.fullmatch(r"\W*(to|al|alla|zur|à la)\W*", words.lower())
        ):
            here.signs.add("ToCoda")
            return
        if sign == "Fine":
            here.signs.add("Fine")
        if jump:
            return  # the sign beside "D.S. al" is where it leads
        for one in {*signs, *([sign] if sign in ("Segno", "Coda") else [])}:
            here.signs.add(one)

    def end(self) -> None:
        """Add the tempos of the part to those of the parts before."""
        self.reading.tempos = self.tempos | self.reading.tempos

    def _wedge(self, wedge: Element, at: Place, track: int) -> None:
        key = (track, wedge.get("number", "1"))
        kind = wedge.get("type")
        if kind in ("crescendo", "diminuendo"):
            self.wedges[key] = at, 1 if kind == "crescendo" else -1
        elif kind == "stop":
            others = [other for other in self.wedges if other[1] == key[1]]  # of another staff
            key = key if key in self.wedges or not others else others[0]
            if key in self.wedges:
                begin, sign = self.wedges.pop(key)
                self.reading.wedges.setdefault(key[0], []).append((begin, at, sign))

    def _metronome(self, metronome: Element, at: Place) -> bool:
        """Follow a metronome mark; whether it has a tempo."""
        beats: list[float] = []
        dots: list[int] = []
        per_minute = None
        for child in metronome:
            text = (child.text or "").strip()
            if child.tag == "beat-unit":
                beats.append(QUARTERS.get(text.encode(), 0.0))
                dots.append(0)
            elif child.tag == "beat-unit-dot" and dots:
                dots[-1] += 1
            elif child.tag == "per-minute":
                found = re.search(r"\d+(?:[.,]\d+)?", text)  # "c. 60", "60-66"
                per_minute = float(found[0].replace(",", ".")) if found else None
        units = [beat * (2 - 0.5**dot) for beat, dot in zip(beats, dots, strict=True)]
        if per_minute is not None and units and units[0]:
            tempo = per_minute * units[0]
            if SLOWEST <= tempo <= FASTEST:
                self.tempos[at] = tempo
                return True
        if per_minute is None and len(units) == 2 and all(units):
            self.reading.tempo_ratios.setdefault(at, units[1] / units[0])
            return True
        return False


_SIGNS = {"segno": "Segno", "coda": "Coda", "tocoda": "ToCoda", "fine": "Fine"}


def _attribute(sound: Element, name: str) -> float | None:
    text = sound.get(name)
    try:
        return float(text) if text else None
    except ValueError:
        return None  # a slip that costs a mark, not the score


def note_velocity(dynamics: str) -> int:
    """Velocity of a note from its `dynamics`, per cent of 90; 0 where there is none."""
    try:
        return min(max(round(min(float(dynamics), 1000.0) * LOUDNESS), 1), 127) if dynamics else 0
    except ValueError:
        return 0


def dynamic_names(dynamics: Element) -> list[str]:
    """Names of the marks in a `<dynamics>`."""
    return [
        (mark.text or "").strip() if mark.tag == "other-dynamics" else mark.tag for mark in dynamics
    ]


def dynamic_of(names: Iterable[str]) -> str:
    """The one dynamic mark that names make together ("f" and "p" fp); "" where none is known."""
    names = [*names]
    for mark in ("".join(names), *names):
        if mark in HOLD or mark in STRIKE:
            return mark
    return ""
