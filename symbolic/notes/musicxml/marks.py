"""`<direction>` and `<sound>` of MusicXML: tempos, dynamics, jumps and rehearsal marks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from symbolic.notes.musicxml.note import QUARTERS
from symbolic.notes.musicxml.values import number, number_attribute, passes
from symbolic.notes.playback.dynamics import add_mark
from symbolic.notes.playback.reading import FASTEST, SLOWEST, Reading
from symbolic.notes.playback.words import is_first_tempo, sign_of_words, tempo_of_words

if TYPE_CHECKING:
    from symbolic.notes.playback.reading import Place

VELOCITY_PER_PERCENT = 0.9  # MusicXML defines 100 per cent as a velocity of 90


@dataclass
class Marks:
    """State of the directions and sounds of one part while its bars are read.

    Attributes:
        reading: output.
        tempos: of two at one place, the later one holds; of two parts, the first.
        wedges: open wedges by track and number: beginning, and 1 or -1.
    """

    reading: Reading
    tempos: dict[Place, float] = field(default_factory=dict)
    wedges: dict[tuple[int, str], tuple[Place, int]] = field(default_factory=dict)

    def direction(self, direction: Element, cursor: Place, divisions: float, track: int) -> None:
        """Process a direction on a staff, with divisions per quarter."""
        bar, at = cursor[0], _moved(cursor, direction, divisions)
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
                    case "rehearsal":
                        self.reading.marks.append((cursor, "rehearsal", "".join(mark.itertext())))
                    case "segno" | "coda":
                        signs.append(mark.tag.capitalize())
                    case "symbol" | "other-direction":  # by the name of the glyph
                        glyph = mark.get("smufl") or mark.text or ""
                        signs += [sign for sign in ("Segno", "Coda") if sign.lower() in glyph]
        marked = add_mark(self.reading, track, at, marks)
        tempo = jumps = False
        sound = direction.find("sound")
        if sound is not None:
            begin = at if number(sound, "offset") is None else cursor
            tempo, jumps = self.sound(sound, begin, divisions, track, marked)
        if not tempo:
            known = [self._metronome(metronome, at) for metronome in metronomes]
            tempo = any(known)
        if not tempo and words:
            self._tempo_words(words, at)
        if words or signs:
            self._signs(" ".join(words), signs, bar, jumps)

    def sound(
        self, sound: Element, cursor: Place, divisions: float, track: int, marked: bool = False
    ) -> tuple[bool, bool]:
        """Process tempo, dynamics and jumps of a `<sound>`; arguments as of `direction`.

        Args:
            marked: whether it belongs to a direction with a dynamic mark.

        Returns:
            Whether it has a tempo, and whether it has jumps or signs.
        """
        at = _moved(cursor, sound, divisions)
        tempo = number_attribute(sound, "tempo") or 0.0
        known = SLOWEST <= tempo <= FASTEST
        if known:
            self.tempos[at] = tempo
        velocity = 0 if marked else note_velocity(sound.get("dynamics", ""))
        if velocity:
            self.reading.levels.setdefault(track, {})[at] = velocity
        return known, self._order(sound, at[0])

    def _tempo_words(self, words: list[str], at: Place) -> None:
        """Process words that are a tempo: a number, a name, or a return to the first tempo."""
        joined = " ".join(words)
        if is_first_tempo(joined):
            self.reading.first_tempos.add(at)
            return
        opening = at[0] == 0
        tempos = (tempo_of_words(text, opening) for text in (joined, *words))
        tempo = next(filter(None, tempos), None)
        if tempo and SLOWEST <= tempo <= FASTEST:
            self.reading.implied_tempos.setdefault(at, tempo)

    def _order(self, sound: Element, bar: int) -> bool:
        """Process the signs and jumps of a `<sound>`; return whether it has any."""
        here = self.reading.bars[bar]
        labels = {name: sound.get(name, "no") for name in _SIGNS | _JUMPS}
        labels = {name: label for name, label in labels.items() if label != "no"}
        for name, label in labels.items():
            if name in _SIGNS:
                here.add_sign(_SIGNS[name], label)
                continue
            if not here.jump.startswith(_JUMPS[name]):  # the words may define its extent
                here.jump = _JUMPS[name]
            here.labels["Jump"] = label
            here.jump_turns = passes(sound.get("time-only", ""))
        if sound.get("forward-repeat") == "yes":
            here.opens = True
        return bool(labels)

    def _signs(self, words: str, signs: list[str], bar: int, by_sound: bool) -> None:
        """Process signs and words; after a `<sound>` with jumps, only the extent of the jump."""
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
            return  # the sign beside "D.S. al" is the target
        here.signs |= {*signs, *([sign] if sign in ("Segno", "Coda") else [])}

    def _wedge(self, wedge: Element, at: Place, track: int) -> None:
        key = (track, wedge.get("number", "1"))
        kind = wedge.get("type")
        if kind in ("crescendo", "diminuendo"):
            self.wedges[key] = at, 1 if kind == "crescendo" else -1
        elif kind == "stop":
            if key not in self.wedges:  # it may have begun on another staff
                key = next((other for other in self.wedges if other[1] == key[1]), key)
            if key in self.wedges:
                begin, sign = self.wedges.pop(key)
                self.reading.wedges.setdefault(key[0], []).append((begin, at, sign))

    def _metronome(self, metronome: Element, at: Place) -> bool:
        """Process a metronome mark; return whether it has a tempo."""
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


def _moved(place: Place, item: Element, divisions: float) -> Place:
    """Return the place to which an element moves by its `<offset>`."""
    return place[0], place[1] + (number(item, "offset") or 0.0) / divisions


def read_metronome(metronome: Element) -> tuple[list[float], float | None]:
    """Read a metronome mark.

    Returns:
        Quarters of its beat, on each side of an equation (0 for a tuplet); and beats per minute,
        the first number of "c. 60" or "60-66", or None.
    """
    sides: list[list[list[float]]] = []  # length and dots of the beats of each side, which are tied
    per_minute = None
    tied = False
    notes: list[float] = []
    for child in metronome.iter():
        text = (child.text or "").strip()
        match child.tag:
            case "beat-unit-tied":
                tied = True
            case "beat-unit":
                if not (tied and sides):
                    sides.append([])
                sides[-1].append([QUARTERS.get(text.encode(), 0.0), 0])
                tied = False
            case "beat-unit-dot":
                if sides:
                    sides[-1][-1][1] += 1
            case "per-minute":
                found = re.search(r"\d+(?:[.,]\d+)?", text)
                per_minute = float(found[0].replace(",", ".")) if found else None
            case "metronome-note":
                kind = (child.findtext("metronome-type") or "").strip().encode()
                length = QUARTERS.get(kind, 0.0)
                length *= 2 - 0.5 ** len(child.findall("metronome-dot"))
                notes.append(length if child.find("metronome-tuplet") is None else 0.0)
    units = [sum((length * (2 - 0.5**dots) for length, dots in side), 0.0) for side in sides]
    return units or notes, per_minute


_SIGNS = {"segno": "Segno", "coda": "Coda", "tocoda": "ToCoda", "fine": "Fine"}
_JUMPS = {"dacapo": "DaCapo", "dalsegno": "DalSegno"}


def note_velocity(dynamics: str) -> int:
    """Convert the `dynamics` of a note, per cent of 90, to a velocity; 0 if there is none."""
    try:
        velocity = round(min(float(dynamics), 1000.0) * VELOCITY_PER_PERCENT)
    except ValueError:
        return 0
    return min(max(velocity, 1), 127)


def dynamic_names(dynamics: Element) -> list[str]:
    """Return the names of the marks in a `<dynamics>`."""
    return [
        (mark.text or "").strip() if mark.tag == "other-dynamics" else mark.tag for mark in dynamics
    ]
