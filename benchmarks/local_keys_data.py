"""Keys over time with known or inferred changes, for `local_keys.py`.

POP909's table has the keys of a song in order and no times. Three kinds of truth follow:

- songs with one key: the key at every time;
- songs with one key that are transposed from a bar line on: a change at a known time;
- songs with several keys: their order, and the times at which the annotated order fits the notes
  best, by key profiles. These times are inferred, not annotated.

When in Rome: 95 scores have the analyst's numerals in `<harmony>`, with the local key where it
changes (`V.I`: tonic of the key of the dominant). They are read as written, without repeats.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from symbolic.data.corpora.label_rows import read_rows
from symbolic.notes import NoteTable, ReadError, read_notes
from symbolic.notes.beats import metrical_edges
from symbolic.notes.keys import PROFILES, parse_key
from symbolic.notes.musicxml.xml import score_xml
from symbolic.notes.table import ticks_to_seconds

GRID = 0.25  # seconds between the times that are compared
FRAME = 0.5  # seconds, of inferred changes


@dataclass(frozen=True)
class Keyed:
    """A piece with its keys over time.

    Attributes:
        name: of the file.
        notes: of the piece.
        keys: one after the other, 0..23.
        changes: (len(keys) - 1,) seconds; None where not known.
        inferred: whether the changes are inferred from the order of the keys and the notes.
        dev: whether settings were chosen on the piece.
    """

    name: str
    notes: NoteTable
    keys: list[int]
    changes: np.ndarray | None
    inferred: bool
    dev: bool

    @property
    def times(self) -> np.ndarray:
        """Times at which keys are compared."""
        return np.arange(self.notes.onset.min(), self.notes.seconds, GRID)

    @property
    def truth(self) -> np.ndarray:
        """The key at each of the `times`."""
        assert self.changes is not None
        return np.array(self.keys)[self.changes.searchsorted(self.times, side="right")]


def pop909(data: Path) -> list[Keyed]:
    """Read the songs of POP909 with their keys in order."""
    songs = []
    for row in read_rows(data / "key" / "pop909_keys.csv", ("file", "keys")):
        name = row.text("file")
        keys = [parse_key(text) for text in row.text("keys").split()]
        notes = read_notes(data / "pretrain" / "pop909" / name)
        changes, inferred = np.zeros(0), False
        if len(keys) > 1:
            changes, inferred = inferred_changes(notes, keys), True
        songs.append(Keyed(name, notes, keys, changes, inferred, int(name[:3]) // 3 % 2 == 0))
    return songs


def modulated(songs: list[Keyed], seed: int = 0) -> list[Keyed]:
    """Transpose songs with one key from a random bar line on, by 1 to 6 semitones up or down.

    The bar line lies between 15 and 85 % of the song.
    """
    rng, made = np.random.default_rng(seed), []
    for song in songs:
        if len(song.keys) > 1:
            continue
        bars, end = metrical_edges(song.notes, "bar"), song.notes.seconds
        at = float(rng.choice(bars[(bars > 0.15 * end) & (bars < 0.85 * end)]))
        step = int(rng.integers(1, 7)) * int(rng.choice([-1, 1]))
        later = song.notes.onset >= at - 0.05
        pitch = song.notes.pitch + step * later
        key = song.keys[0]
        keys = [key, (key % 12 + step) % 12 + 12 * (key >= 12)]
        notes = replace(song.notes, pitch=np.clip(pitch, 0, 127))
        made.append(replace(song, notes=notes, keys=keys, changes=np.array([at])))
    return made


def inferred_changes(notes: NoteTable, keys: list[int]) -> np.ndarray | None:
    """Align the order of keys with the notes; None where two neighbours share their scale.

    Each pitch class counts by the logarithm of its share in the key's profile (Krumhansl & Kessler
    1982) and by how long it sounds.
    """
    scales = [(key + 3) % 12 if key >= 12 else key for key in keys]
    if any(one == other for one, other in pairwise(scales)):
        return None
    begin = float(notes.onset.min())
    count = int(np.ceil((notes.onset.max() - begin) / FRAME)) + 1
    frame = ((notes.onset - begin) / FRAME).astype(int)
    weights = np.zeros((count, 12))
    np.add.at(weights, (frame, notes.pitch % 12), notes.duration.clip(0.01, 2.0))
    major, minor = (
        np.log(np.array(profile) / np.sum(profile)) for profile in PROFILES["krumhansl-kessler"]
    )
    profiles = np.array([np.roll(minor if key >= 12 else major, key % 12) for key in keys])
    scores = weights @ profiles.T  # (frames, keys in order)
    best = np.full((count, len(keys)), -np.inf)
    moved = np.zeros((count, len(keys)), bool)
    best[0, 0] = scores[0, 0]
    for t in range(1, count):
        step = np.append(-np.inf, best[t - 1, :-1])
        moved[t] = step > best[t - 1]
        best[t] = np.maximum(step, best[t - 1]) + scores[t]
    place, found = len(keys) - 1, []
    for t in range(count - 1, 0, -1):
        if moved[t, place]:
            found.append(begin + FRAME * t)
            place -= 1
    return np.array(found[::-1])


_LOCAL = re.compile(r"(?:^|-)\.?(?:([A-Ga-g])([#b]*)|([#b]*)([ivIV]+))\.")
_MAJOR = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}
_MINOR = {"i": 0, "ii": 2, "iii": 3, "iv": 5, "v": 7, "vi": 8, "vii": 10}
_JUMPS = re.compile(
    rb"<repeat\b[^>]*/>|<ending\b[^>]*/>|<ending\b.*?</ending>"
    rb"|<sound\b[^>]*(?:dacapo|dalsegno|tocoda|fine)[^>]*/>",
    re.DOTALL,
)


def when_in_rome(data: Path) -> list[Keyed]:
    """Read the scores of When in Rome whose analyses are in the file; settings: every second work.

    Local keys are read relative to the key of the piece.
    """
    found = []
    for path in sorted((data / "key" / "when_in_rome").glob("*.mxl")):
        xml = _JUMPS.sub(b"", score_xml(path.read_bytes())[1])
        if b"<harmony" not in xml:
            continue
        end, numerals = _numerals(ElementTree.fromstring(xml))
        quarters, keys = local_keys_of(numerals)
        try:
            notes = read_notes(xml)
        except ReadError as error:
            print(f"{path.name} left out: {error}")
            continue
        notes = notes.select(notes.onset_ticks < end * notes.ticks_per_quarter - 1)
        ticks = np.array(quarters[1:]) * notes.ticks_per_quarter
        changes = ticks_to_seconds(ticks, notes.tempo_ticks, notes.tempo, notes.ticks_per_quarter)
        found.append(Keyed(path.name, notes, keys, changes, False, False))
    works = sorted({piece.name.rsplit("_", 1)[0] for piece in found})
    return [
        replace(piece, dev=works.index(piece.name.rsplit("_", 1)[0]) % 2 == 1) for piece in found
    ]


def _numerals(root: ElementTree.Element) -> tuple[float, list[tuple[float, str]]]:
    """The length of a score in quarters, and its numerals with their places."""
    parts = [part.findall("measure") for part in root.findall("part")]
    lengths, found = [0.0] * max(map(len, parts)), []
    for part in parts:
        divisions = 1.0
        for number, measure in enumerate(part):
            at = 0.0
            for one in measure:
                length = float(one.findtext("duration") or 0) / divisions
                if one.tag == "attributes":
                    divisions = float(one.findtext("divisions") or divisions)
                elif one.tag == "note" and one.find("chord") is None and one.find("grace") is None:
                    at += length
                elif one.tag == "backup":
                    at -= length
                elif one.tag == "forward":
                    at += length
                elif one.tag == "harmony":
                    kind = one.find("kind")
                    text = one.findtext("function") or ("" if kind is None else kind.get("text"))
                    place = at + float(one.findtext("offset") or 0) / divisions
                    found.append((number, place, text or ""))
                lengths[number] = max(lengths[number], at)
    begins = np.cumsum([0.0, *lengths])
    placed = [(float(begins[bar] + place), text) for bar, place, text in found]
    return float(begins[-1]), sorted(placed, key=lambda one: one[0])


def local_keys_of(numerals: list[tuple[float, str]]) -> tuple[list[float], list[int]]:
    """Read where local keys begin, and which they are."""
    whole, places, keys = None, [], []
    for place, text in numerals:
        for letter, signs, before, degree in _LOCAL.findall(text):
            if letter:
                key = whole = parse_key(letter + signs)
            elif whole is None:
                continue
            else:
                above = (_MINOR if whole >= 12 else _MAJOR)[degree.lower()]
                above += before.count("#") - before.count("b")
                key = (whole % 12 + above) % 12 + 12 * degree.islower()
            if not keys or keys[-1] != key:
                places.append(place)
                keys.append(key)
    return places, keys
