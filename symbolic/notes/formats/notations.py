"""Humdrum, ABC and MEI, which converter21 parses, and MuseScore's files, which MuseScore converts.

Conventions
- ABC and MuseScore's files become MusicXML on their way, Humdrum and MEI streams of music21:
  repeats, ties, dynamics and tempos are followed as they are there.
- The movements of an MEI file (`<mdiv>`) are played one after another.
- A tune book is refused, since each of its tunes is a piece: `find_sources` gives each of them.
"""

from __future__ import annotations

import io
import os
import re
import threading
import warnings
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial

from symbolic.notes.formats.musescore import musescore_to_musicxml
from symbolic.notes.formats.streams import stream_reading
from symbolic.notes.formats.tunes import HEADER_BYTES, is_abc, tune_musicxml
from symbolic.notes.musicxml.archives import ZIP_MAGIC, archived_score
from symbolic.notes.musicxml.reader import read_musicxml
from symbolic.notes.musicxml.xml import checked_xml
from symbolic.notes.playback.reading import FASTEST, SLOWEST, Reading
from symbolic.notes.playback.sounding import sounding
from symbolic.notes.table import NoteTable, ReadError

NOTATION_SUFFIXES = (".krn", ".kern", ".abc", ".mei", ".mscx", ".mscz")

MAX_SPINES = 1000  # spines of a Humdrum file
MAX_NAMESPACE_LENGTH = 1000  # letters: each name of an element is kept with that of its namespace
MEI = "{http://www.music-encoding.org/ns/mei}"
NOTATION_ROOTS = {"mei": "MEI", "meiCorpus": "MEI", "museScore": "MuseScore"}

_PROLOG = re.compile(r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^>[]*(?:\[.*?\]\s*)?>\s*)*", re.S)
_MM = re.compile(r"(?<![^\t\n])\*MM(\d{1,6}(?:\.\d+)?)(?![^\t\n])")
_ROOT = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")


def notation_of(data: bytes) -> str | None:
    """What a file is by its content: Humdrum, ABC, MEI or MuseScore; None for anything else.

    Args:
        data: content of the file.
    """
    if data[:4] == ZIP_MAGIC:
        return "MuseScore" if _holds_mscx(data) else None
    head = _text(data[:HEADER_BYTES]).lstrip("\ufeff")
    if head.lstrip()[:1] == "<":
        prolog = _PROLOG.match(head)
        root = _ROOT.match(head, prolog.end() if prolog else 0)
        return NOTATION_ROOTS.get(root[1]) if root else None
    lines = (line for line in head.splitlines() if line.strip() and line[0] != "!")
    if head.startswith("!!!") or next(lines, "").startswith("**"):
        return "Humdrum"
    return "ABC" if is_abc(data) else None


def read_notation(data: bytes, notation: str) -> NoteTable:
    """Read Humdrum, ABC, MEI or a file of MuseScore as it sounds.

    Args:
        data: content of a `.krn`, `.abc`, `.mei`, `.mscx` or `.mscz` file.
        notation: as `notation_of` names it.

    Returns:
        What `stream_notes` returns for the score.

    Raises:
        ReadError: a library or a program is missing, and the reason names it; a damaged or too
            large file, XML that declares entities, several pieces, or what the parser refuses.
    """
    return NOTATION_READERS[notation](data)


def _holds_mscx(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(name.lower().endswith(".mscx") for name in archive.namelist())
    except Exception:  # a damaged list of members; each member is named before its content, too
        return b".mscx" in data


def _text(data: bytes) -> str:
    """Text in UTF-8, in UTF-16 with a mark or with XML's first letters, or else in Latin-1."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    for order, begins in (("utf-16-le", b"<\0"), ("utf-16-be", b"\0<")):
        if data[:2] == begins:
            return data.decode(order, "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        cut = error.start >= len(data) - 3 and len(data) == HEADER_BYTES  # within a letter
        return data[: error.start].decode("utf-8-sig") if cut else data.decode("latin-1")


def _read_humdrum(data: bytes) -> NoteTable:
    text = _text(data).lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    spines = [line.split("\t") for line in text.split("\n") if line.startswith("**")]
    if not any(spine.strip() in ("**kern", "**mens") for line in spines for spine in line):
        raise ReadError("Humdrum without a **kern spine")
    if len(spines) > 1:
        raise ReadError(f"a file of {len(spines)} Humdrum pieces: each is to be read by itself")
    if max(map(len, spines)) > MAX_SPINES:
        raise ReadError(f"{max(map(len, spines))} Humdrum spines, more than the {MAX_SPINES} read")
    tempos = Tempos()
    text = _MM.sub(partial(_coded, tempos), text)
    with converting("Humdrum"):
        from converter21.humdrum.humdrumfileset import HumdrumFileSet

        pieces = HumdrumFileSet()
        pieces.readString(text)
        for piece in pieces.humdrumFiles:
            if piece.parseError:
                raise ReadError(f"converter21 cannot parse this Humdrum: {piece.parseError}")
        reading = stream_reading(pieces.createMusic21Stream())
    return sounding(tempos.put_back(reading))


def _coded(tempos: Tempos, mark: re.Match) -> str:
    code = tempos.code(float(mark[1]))
    return "*" if code is None else f"*MM{code}"


def _read_mei(data: bytes) -> NoteTable:
    root = _tree(data)
    if root.tag == f"{MEI}meiCorpus":
        raise ReadError("an MEI corpus of several pieces: each is to be read by itself")
    version = root.get("meiversion", "")
    if version[:1] in ("2", "3"):  # 2013 and 3.0 write notes as 4.0 does, only heads otherwise
        root.set("meiversion", "4.0.1")
    for head in root.findall(f"{MEI}meiHead"):
        head[:] = []  # who wrote it: no notes, and much that a parser can stumble over
    tempos = _plain_tempos(root)
    with converting("MEI"):
        from converter21.mei.meireader import MeiReader
        from music21.stream import Opus

        stream = MeiReader(ET.tostring(root, encoding="unicode")).run()
        movements = list(stream.scores) if isinstance(stream, Opus) else [stream]
        readings = [stream_reading(movement) for movement in movements]
    if not readings:
        raise ReadError("no score in this MEI")
    return sounding(tempos.put_back(_one_after_another(readings)))


class Tempos:
    """Tempos under whole numbers, to which converter21 rounds: it hands these back unharmed."""

    first = 100_000  # quarters per minute; no music has them, and music21 takes them

    def __init__(self) -> None:
        self.codes: dict[float, int] = {}

    def code(self, quarters: float | None) -> int | None:
        """The number that stands for a tempo, the same for the same; None where it is no tempo."""
        if quarters is None or not SLOWEST <= quarters <= FASTEST:
            return None
        return self.codes.setdefault(quarters, self.first + len(self.codes))

    def put_back(self, reading: Reading) -> Reading:
        """The reading with the tempos themselves."""
        meant = {code: quarters for quarters, code in self.codes.items()}
        for events in (reading.tempos, reading.implied_tempos):
            events.update({at: meant.get(round(value), value) for at, value in events.items()})
        return reading


def _plain_tempos(root: ET.Element) -> Tempos:
    """Write every tempo of an MEI file as converter21 reads it: a mark with words and `midi.bpm`.

    It leaves out the beats of a mark (`mm`), marks without words, and tempos of a `<scoreDef>`.
    """
    tempos = Tempos()
    waiting = None  # the tempo of a <scoreDef>, for the bar after it
    for element in root.iter():
        if element.tag == f"{MEI}scoreDef":
            waiting = _quarters(element) or waiting
        elif element.tag == f"{MEI}measure":
            first = element.findall(f"{MEI}tempo[@tstamp='1']")
            staff = element.find(f"{MEI}staff")
            if waiting and staff is not None and not any(map(_quarters, first)):
                place = {"tstamp": "1", "staff": staff.get("n", "1")}
                mark = first[0] if first else ET.SubElement(element, f"{MEI}tempo", place)
                mark.set("midi.bpm", str(waiting))
            waiting = None
            for mark in element.findall(f"{MEI}tempo"):
                code = tempos.code(_quarters(mark))
                mark.attrib.pop("midi.bpm", None)
                if code is not None:
                    mark.set("midi.bpm", str(code))
                    if not "".join(mark.itertext()).strip():
                        mark.text = "="
    return tempos


def _quarters(element: ET.Element) -> float | None:
    """The tempo that an element of MEI gives in numbers, in quarters per minute."""
    try:
        if per_minute := element.get("midi.bpm"):
            return float(per_minute)
        if microseconds := element.get("midi.mspb"):
            return 60e6 / float(microseconds)
        if (beats := element.get("mm")) and (unit := element.get("mm.unit")):
            dots = 2 - 0.5 ** int(element.get("mm.dots", 0))
            return float(beats) * 4 / int(unit) * dots
    except (ValueError, ArithmeticError):
        return None
    return None


def _read_abc(data: bytes) -> NoteTable:
    with converting("ABC"):
        musicxml = tune_musicxml(data)
    return read_musicxml(musicxml)


def _read_musescore(data: bytes) -> NoteTable:
    score = data
    if data[:4] == ZIP_MAGIC:
        score = archived_score(data, (".mscx",), ".mscz")
    checked_xml(score)
    return read_musicxml(musescore_to_musicxml(score))


NOTATION_READERS: dict[str, Callable[[bytes], NoteTable]] = {
    "Humdrum": _read_humdrum,
    "ABC": _read_abc,
    "MEI": _read_mei,
    "MuseScore": _read_musescore,
}


def _one_after_another(readings: list[Reading]) -> Reading:
    """Movements as one score: each begins where the bars of the one before end."""
    whole = readings[0]
    for reading in readings[1:]:
        before = len(whole.bars)
        whole.bars[-1].closes = reading.bars[0].opens = True
        whole.lengths += reading.lengths
        whole.bars += reading.bars
        whole.instruments += reading.instruments[len(whole.instruments) :]
        whole.notes += [(row[0] + before, *row[1:]) for row in reading.notes]
        pairs = [
            (getattr(whole, name), getattr(reading, name))
            for name in ("tempos", "implied_tempos", "meters")
        ]
        for all_marks, more in ((whole.levels, reading.levels), (whole.strikes, reading.strikes)):
            pairs += [(all_marks.setdefault(track, {}), marks) for track, marks in more.items()]
        for events, later in pairs:
            events.update({(bar + before, offset): value for (bar, offset), value in later.items()})
    return whole


_alone = threading.Lock()  # what a parser prints is caught for the whole process


def _renew_lock() -> None:
    global _alone
    _alone = threading.Lock()  # no thread of a forked process would release the old one


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


@contextmanager
def converting(notation: str) -> Iterator[None]:
    """Run a parser of converter21: silently, and what it changes in music21 is set back.

    Raises:
        ReadError: whatever the parser raises, and where it is not installed.
    """
    with _alone, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), _music21_kept():
                yield
        except (MemoryError, ReadError):
            raise
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "converter21":
                raise
            raise ReadError(
                f"{notation} needs converter21: pip install 'symbolic-emotion[formats]'"
            ) from error
        except Exception as error:  # whatever the parser stumbles over
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise ReadError(f"converter21 cannot parse this {notation}: {reason[:200]}") from error


@contextmanager
def _music21_kept() -> Iterator[None]:
    """Keep music21 as it is; meanwhile it has the name that converter21 4.0.1 knows it by.

    music21 10 calls a method of its metadata otherwise, and converter21 4.0.2, which knows both,
    needs Python 3.12.
    """
    from music21.harmony import CHORD_ALIASES
    from music21.metadata import Metadata

    aliases = dict(CHORD_ALIASES)
    old_name = "_convertValue"
    renamed = not hasattr(Metadata, old_name)
    if renamed:
        setattr(Metadata, old_name, staticmethod(Metadata.convertValue))
    try:
        yield
    finally:
        if renamed:
            delattr(Metadata, old_name)
        CHORD_ALIASES.clear()
        CHORD_ALIASES.update(aliases)


def _tree(data: bytes) -> ET.Element:
    """The root element of a checked XML file, with namespaces in its names.

    Raises:
        ReadError: as `checked_xml`, and the name of a namespace beyond `MAX_NAMESPACE_LENGTH`.
    """
    _, xml = checked_xml(data)
    if _LONG_NAMESPACE.search(xml):
        raise ReadError("the name of an XML namespace is longer than any")
    try:
        return ET.fromstring(xml)
    except ET.ParseError as error:
        raise ReadError(f"not well-formed XML: {error}") from error


_NAME = b"[^\"']{%d}" % MAX_NAMESPACE_LENGTH
_LONG_NAMESPACE = re.compile(rb"""xmlns(?::[\w.-]+)?\s*=\s*["']""" + _NAME)
