"""Readers of Humdrum, ABC and MEI, by converter21, and of MuseScore files, by MuseScore.

Conventions
- ABC and MuseScore files are converted to MusicXML, Humdrum and MEI to music21 streams; repeats,
  ties, dynamics and tempos are read as in these.
- The movements of an MEI file (`<mdiv>`) are concatenated.
- A tune book is an error, since each of its tunes is a piece: `find_sources` yields the tunes.
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
from symbolic.notes.musicxml.reader import musicxml_reading
from symbolic.notes.musicxml.xml import UTF_16, checked_xml, xml_fault
from symbolic.notes.playback.reading import FASTEST, SLOWEST, Reading
from symbolic.notes.playback.sounding import sounding
from symbolic.notes.table import NoteTable, ReadError

MAX_SPINES = 1000  # of a Humdrum file
MAX_NAMESPACE_LENGTH = 1000  # characters: it is part of the name of each element
MEI = "{http://www.music-encoding.org/ns/mei}"
NOTATION_ROOTS = {"mei": "MEI", "meiCorpus": "MEI", "museScore": "MuseScore"}

_PROLOG = re.compile(r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^>[]*(?:\[.*?\]\s*)?>\s*)*", re.S)
_MM = re.compile(r"(?<![^\t\n])\*MM(\d{1,6}(?:\.\d+)?)(?![^\t\n])")
_ROOT = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_LONG_NAMESPACE = re.compile(rb"""xmlns(?::[\w.-]+)?\s*=\s*["'][^"']{%d}""" % MAX_NAMESPACE_LENGTH)


def notation_of(data: bytes) -> str | None:
    """Detect Humdrum, ABC, MEI or MuseScore by the content of a file; None for anything else."""
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
    """Read Humdrum, ABC, MEI or a MuseScore file, named as by `notation_of`, as played.

    Returns:
        A table as of `stream_notes`.

    Raises:
        ReadError: a library or program is missing, the file is damaged or too large, declares XML
            entities, holds several pieces, or cannot be parsed.
    """
    return NOTATION_READERS[notation](data)


def notation_reading(data: bytes, notation: str) -> Reading:
    """Read the events of Humdrum, ABC, MEI or MuseScore as written; as `read_notation`."""
    return _READINGS[notation](data)


def _holds_mscx(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(name.lower().endswith(".mscx") for name in archive.namelist())
    except Exception:  # a damaged directory; names also precede the content of members
        return b".mscx" in data


def _text(data: bytes) -> str:
    """Decode UTF-8, UTF-16 with a byte order mark or an initial "<", or else Latin-1."""
    if data[:2] in UTF_16:
        return data.decode(UTF_16[data[:2]], "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        cut = error.start >= len(data) - 3 and len(data) == HEADER_BYTES  # within a character
        return data[: error.start].decode("utf-8-sig") if cut else data.decode("latin-1")


def _read_humdrum(data: bytes) -> Reading:
    text = _text(data).lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    spines = [line.split("\t") for line in text.split("\n") if line.startswith("**")]
    if not any(spine.strip() in ("**kern", "**mens") for line in spines for spine in line):
        raise ReadError("Humdrum without a **kern spine")
    if len(spines) > 1:
        raise ReadError(f"a file of {len(spines)} Humdrum pieces: split it into files")
    if max(map(len, spines)) > MAX_SPINES:
        raise ReadError(f"{max(map(len, spines))} Humdrum spines, more than the {MAX_SPINES} read")
    tempos = Tempos()

    def coded(mark: re.Match) -> str:
        code = tempos.code(float(mark[1]))
        return "*" if code is None else f"*MM{code}"

    text = _MM.sub(coded, text)
    with converting("Humdrum"):
        from converter21.humdrum.humdrumfileset import HumdrumFileSet

        pieces = HumdrumFileSet()
        pieces.readString(text)
        for piece in pieces.humdrumFiles:
            if piece.parseError:
                raise RuntimeError(piece.parseError)
        reading = stream_reading(pieces.createMusic21Stream())
    return tempos.put_back(reading)


def _read_mei(data: bytes) -> Reading:
    _, xml = checked_xml(data)
    if _LONG_NAMESPACE.search(xml):
        raise ReadError("an XML namespace is too long")
    try:
        root = ET.fromstring(xml)
    except ET.ParseError as error:
        raise ReadError(f"not well-formed XML: {xml_fault(error.code, *error.position)}") from error
    if root.tag == f"{MEI}meiCorpus":
        raise ReadError("an MEI corpus of several pieces: split it into files")
    version = root.get("meiversion", "")
    if version[:1] in ("2", "3"):  # 2013 and 3.0 differ from 4.0 in heads, not in notes
        root.set("meiversion", "4.0.1")
    for head in root.findall(f"{MEI}meiHead"):
        head[:] = []  # metadata without notes, which may cause parser errors
    tempos = _plain_tempos(root)
    with converting("MEI"):
        from converter21.mei.meireader import MeiReader
        from music21.stream import Opus

        stream = MeiReader(ET.tostring(root, encoding="unicode")).run()
        movements = list(stream.scores) if isinstance(stream, Opus) else [stream]
        readings = [stream_reading(movement) for movement in movements]
    if not readings:
        raise ReadError("no score in this MEI")
    return tempos.put_back(_concatenated(readings))


class Tempos:
    """Whole-number codes of tempos: converter21 rounds tempos, but keeps these codes."""

    first = 100_000  # quarters per minute: never used by music, but accepted by music21

    def __init__(self) -> None:
        self.codes: dict[float, int] = {}

    def code(self, quarters: float | None) -> int | None:
        """Return the code of a tempo, equal for equal tempos; None for an invalid tempo."""
        if quarters is None or not SLOWEST <= quarters <= FASTEST:
            return None
        return self.codes.setdefault(quarters, self.first + len(self.codes))

    def put_back(self, reading: Reading) -> Reading:
        """Replace the codes in a reading by their tempos."""
        decoded = {code: quarters for quarters, code in self.codes.items()}
        for events in (reading.tempos, reading.implied_tempos):
            events.update({at: decoded.get(round(value), value) for at, value in events.items()})
        return reading


def _plain_tempos(root: ET.Element) -> Tempos:
    """Rewrite every tempo of an MEI file for converter21: a mark with words and `midi.bpm`.

    converter21 ignores the beats of a mark (`mm`), marks without words, and tempos of a
    `<scoreDef>`.
    """
    tempos = Tempos()
    pending = None  # tempo of a <scoreDef>, for the next bar
    for element in root.iter():
        if element.tag == f"{MEI}scoreDef":
            pending = _quarters(element) or pending
        elif element.tag == f"{MEI}measure":
            first = element.findall(f"{MEI}tempo[@tstamp='1']")
            staff = element.find(f"{MEI}staff")
            if pending and staff is not None and not any(map(_quarters, first)):
                place = {"tstamp": "1", "staff": staff.get("n", "1")}
                mark = first[0] if first else ET.SubElement(element, f"{MEI}tempo", place)
                mark.set("midi.bpm", str(pending))
            pending = None
            for mark in element.findall(f"{MEI}tempo"):
                code = tempos.code(_quarters(mark))
                mark.attrib.pop("midi.bpm", None)
                if code is not None:
                    mark.set("midi.bpm", str(code))
                    if not "".join(mark.itertext()).strip():
                        mark.text = "="
    return tempos


def _quarters(element: ET.Element) -> float | None:
    """Return the numeric tempo of an MEI element in quarters per minute."""
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


def _read_abc(data: bytes) -> Reading:
    with converting("ABC"):
        musicxml = tune_musicxml(data)
    return musicxml_reading(musicxml)


def _read_musescore(data: bytes) -> Reading:
    if data[:4] == ZIP_MAGIC:
        data = archived_score(data, (".mscx",), ".mscz")
    checked_xml(data)
    return musicxml_reading(musescore_to_musicxml(data))


_READINGS: dict[str, Callable[[bytes], Reading]] = {
    "Humdrum": _read_humdrum,
    "ABC": _read_abc,
    "MEI": _read_mei,
    "MuseScore": _read_musescore,
}


def _as_played(read: Callable[[bytes], Reading], data: bytes) -> NoteTable:
    return sounding(read(data))


NOTATION_READERS: dict[str, Callable[[bytes], NoteTable]] = {
    notation: partial(_as_played, read) for notation, read in _READINGS.items()
}


def _concatenated(readings: list[Reading]) -> Reading:
    """Concatenate movements: each begins after the bars of the previous one."""
    whole = readings[0]
    for reading in readings[1:]:
        before = len(whole.bars)
        whole.bars[-1].closes = reading.bars[0].opens = True
        whole.lengths += reading.lengths
        whole.bars += reading.bars
        whole.instruments += reading.instruments[len(whole.instruments) :]
        whole.notes += [(row[0] + before, *row[1:]) for row in reading.notes]
        whole.marks += [
            ((bar + before, offset), kind, text) for (bar, offset), kind, text in reading.marks
        ]
        pairs = [
            (getattr(whole, name), getattr(reading, name))
            for name in ("tempos", "implied_tempos", "meters")
        ]
        for all_marks, more in ((whole.levels, reading.levels), (whole.strikes, reading.strikes)):
            pairs += [(all_marks.setdefault(track, {}), marks) for track, marks in more.items()]
        for events, later in pairs:
            events.update({(bar + before, offset): value for (bar, offset), value in later.items()})
    return whole


_parser_lock = threading.Lock()  # stdout is redirected for the whole process


def _renew_lock() -> None:
    global _parser_lock
    _parser_lock = threading.Lock()  # the old lock would never be released in a fork


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


@contextmanager
def converting(notation: str) -> Iterator[None]:
    """Run a parser of converter21 without output, and restore its changes to music21.

    Raises:
        ReadError: any exception of the parser; converter21 is not installed.
    """
    with _parser_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        output = io.StringIO()
        try:
            with redirect_stdout(output), redirect_stderr(output), _music21_restored():
                yield
        except (MemoryError, ReadError):
            raise
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "converter21":
                raise
            raise ReadError(
                f"{notation} needs converter21: pip install 'symbolic-emotion[formats]'"
            ) from error
        except Exception as error:  # any error of the parser
            raise ReadError(f"this {notation} cannot be parsed{_fault(error)}") from error


def _fault(error: Exception) -> str:
    """Describe an error of converter21 in our words, with the line of Humdrum."""
    columns = _COLUMNS.search(str(error))
    if columns:
        return f": line {columns[1]} has {columns[3]} instead of {columns[2]} columns"
    reason = _MEI_FAULTS.get(type(error).__name__)
    return f": {reason}" if reason else ""


_COLUMNS = re.compile(r"Error on line (\d{1,9}):\s+Expected (\d{1,9}) fields, but found (\d{1,9})")
_MEI_FAULTS = {
    "MeiValidityError": "an element is missing or not valid",
    "MeiAttributeError": "an attribute is missing or not valid",
    "MeiElementError": "an element where it is not allowed",
    "MeiValueError": "a value that is not valid",
}


@contextmanager
def _music21_restored() -> Iterator[None]:
    """Restore music21 afterwards; meanwhile, add a method name that converter21 4.0.1 needs.

    music21 10 renamed a method of its metadata, and converter21 4.0.2, which supports both names,
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
