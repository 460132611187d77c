"""Marks of MusicXML, read from their elements: directions, sounds, barlines, part lists."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from symbolic.notes.dynamics import add_mark
from symbolic.notes.musicxml_note import QUARTERS
from symbolic.notes.reading import FASTEST, SHORTEST_BEAT, SLOWEST, Reading
from symbolic.notes.repeats import Bar
from symbolic.notes.table import ReadError
from symbolic.notes.words import is_first_tempo, sign_of_words, tempo_of_words

if TYPE_CHECKING:
    from symbolic.notes.reading import Place

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
    """Numbers in text such as "1", "1, 2" or "1-3", each once, without 0.

    Raises:
        ReadError: one beyond `MOST_ENDINGS`, or text of more than so many numbers.
    """
    if len(text) > 4 * MOST_ENDINGS:
        raise ReadError(f"an ending numbered {text[:20]}")
    numbers: dict[int, None] = {}
    for first, last in re.findall(r"(\d+)(?:\s*-\s*(\d+))?", text):
        if len(first) > 2 or len(last) > 2:
            raise ReadError(f"an ending numbered {text[:20]}")
        numbers |= dict.fromkeys(range(max(int(first), 1), int(last or first) + 1))
    return tuple(numbers)


def read_barline(
    barline: Element, bar: int, bars: list[Bar], endings: Endings, begins: bool
) -> None:
    """Follow a barline: repeats, endings, signs.

    Args:
        barline: the element.
        bar, bars: in which of the bars it stands.
        endings: of the part.
        begins: whether nothing stands before it in the bar: where it does not say where it is, a
            repeated section then begins with the bar.
    """
    forward = barline.find("repeat[@direction='forward']") is not None
    left = barline.get("location", "left" if begins and forward else "right") == "left"
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

    def direction(
        self, direction: Element, bar: int, offset: float, divisions: float, track: int
    ) -> None:
        """Follow a direction.

        Args:
            direction: the element.
            bar, offset: where it stands, in quarters.
            divisions: of a quarter.
            track: of its staff.
        """
        at = (bar, offset + (number(direction, "offset") or 0.0) / divisions)
        words: list[str] = []
        signs: list[str] = []
        metronomes: list[Element] = []
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
                        metronomes.append(mark)
                    case "segno" | "coda":
                        signs.append(mark.tag.capitalize())
                    case "symbol" | "other-direction":  # by the name of a glyph
                        glyph = mark.get("smufl") or mark.text or ""
                        signs += [sign for sign in ("Segno", "Coda") if sign.lower() in glyph]
        marked = add_mark(self.reading, track, at, marks)
        tempo = jumps = False
        sound = direction.find("sound")
        if sound is not None:
            own = number(sound, "offset")
            moved = at if own is None else (bar, offset + own / divisions)
            tempo, jumps = self._sound(sound, moved, track, marked)
        if not tempo:
            known = [self._metronome(metronome, at) for metronome in metronomes]
            tempo = any(known)
        if not tempo and words:
            self._tempo_words(words, at)
        if words or signs:
            self._signs(" ".join(words), signs, bar, jumps)

    def sound(self, sound: Element, bar: int, offset: float, divisions: float, track: int) -> None:
        """Follow a `<sound>` of a measure; arguments are those of `direction`."""
        at = (bar, offset + (number(sound, "offset") or 0.0) / divisions)
        self._sound(sound, at, track, False)

    def _sound(self, sound: Element, at: Place, track: int, marked: bool) -> tuple[bool, bool]:
        """Follow what a `<sound>` has of tempo, loudness and order.

        Args:
            sound: the element.
            at: where it holds.
            track: of the staff that its loudness is for.
            marked: whether a dynamic mark stands beside it.

        Returns:
            Whether it has a tempo, and whether it has to do with the order of playing.
        """
        tempo = number_attribute(sound, "tempo")
        known = tempo is not None and SLOWEST <= tempo <= FASTEST
        if known:
            self.tempos[at] = tempo
        velocity = 0 if marked else note_velocity(sound.get("dynamics", ""))
        if velocity:
            self.reading.levels.setdefault(track, {})[at] = velocity
        return known, self._order(sound, at[0])

    def _tempo_words(self, words: list[str], at: Place) -> None:
        """Follow words that are a tempo: a number or a name, or the first tempo again."""
        together = " ".join(words)
        if is_first_tempo(together):
            self.reading.first_tempos.add(at)
            return
        opening = at[0] == 0
        tempos = (tempo_of_words(text, opening) for text in (together, *words))
        tempo = next(filter(None, tempos), None)
        if tempo and SLOWEST <= tempo <= FASTEST:
            self.reading.implied_tempos.setdefault(at, tempo)

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
            if key not in self.wedges:  # it may have begun at another staff
                key = next((other for other in self.wedges if other[1] == key[1]), key)
            if key in self.wedges:
                begin, sign = self.wedges.pop(key)
                self.reading.wedges.setdefault(key[0], []).append((begin, at, sign))

    def _metronome(self, metronome: Element, at: Place) -> bool:
        """Follow a metronome mark; whether it has a tempo."""
        units, per_minute = read_metronome(metronome)
        if per_minute is not None and units and units[0]:
            tempo = per_minute * units[0]
            if SLOWEST <= tempo <= FASTEST:
                self.tempos[at] = tempo
                return True
        if per_minute is None and len(units) == 2 and all(units):
            self.reading.tempo_ratios.setdefault(at, units[1] / units[0])
            return True
        return False


def read_metronome(metronome: Element) -> tuple[list[float], float | None]:
    """Read a metronome mark.

    Args:
        metronome: the element.

    Returns:
        Quarters of its beats, one on each side of an equation, none where a side is a tuplet or of
        several notes; and beats a minute, the first number of "c. 60" or "60-66", or None.
    """
    beats: list[list[float]] = []  # of each side, beats that are tied
    dots: list[list[int]] = []
    per_minute = None
    tied = False
    notes: list[float] = []
    for child in metronome.iter():
        text = (child.text or "").strip()
        match child.tag:
            case "beat-unit-tied":
                tied = True
            case "beat-unit":
                if not (tied and beats):
                    beats.append([])
                    dots.append([])
                beats[-1].append(QUARTERS.get(text.encode(), 0.0))
                dots[-1].append(0)
                tied = False
            case "beat-unit-dot":
                if dots:
                    dots[-1][-1] += 1
            case "per-minute":
                found = re.search(r"\d+(?:[.,]\d+)?", text)
                per_minute = float(found[0].replace(",", ".")) if found else None
            case "metronome-note":
                length = QUARTERS.get(
                    (child.findtext("metronome-type") or "").strip().encode(), 0.0
                )
                length *= 2 - 0.5 ** len(child.findall("metronome-dot"))
                notes.append(length if child.find("metronome-tuplet") is None else 0.0)
    units = [
        sum(beat * (2 - 0.5**dot) for beat, dot in zip(*side, strict=True))
        for side in zip(beats, dots, strict=True)
    ]
    return (notes if notes and not units else units), per_minute


_SIGNS = {"segno": "Segno", "coda": "Coda", "tocoda": "ToCoda", "fine": "Fine"}


def number_attribute(element: Element, name: str) -> float | None:
    """The number in an attribute; None where there is none: a slip costs a mark, not the score."""
    text = element.get(name)
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is None or abs(value) <= LARGEST else None


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
