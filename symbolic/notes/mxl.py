"""MusicXML bytes, plain or zipped, made safe for a parser: bounded, entity-free, partwise."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from xml.parsers import expat

from symbolic.notes.table import ReadError

MAX_EXPANDED = 64 * 2**20  # bytes; the largest orchestral scores stay below half of it
MOST_FIFTHS = MOST_BEATS = MOST_ENDINGS = 99
SHORTEST_BEAT = 1024  # of a whole note
SPANNERS = ("slur", "glissando", "slide")
LONGEST_NAMESPACE = 1000  # letters: each name of an element is kept with that of its namespace
ZIP_MAGIC = b"PK\x03\x04"


def musicxml_root(data: bytes) -> ET.Element:
    """The `<score-partwise>` element of a MusicXML file, without what cannot be read from it.

    What carries no notes and makes music21 refuse a score, or take minutes over it, is taken out:
    chord symbols (`<harmony>`), of which some editors write ones that music21 does not know, slurs
    and glissandi, each of which it takes to the last note if nothing ends it, and keys of a hundred
    accidentals. A metronome mark is taken out where the same direction says its tempo as a number
    for playback, which needs no interpretation. A timewise score is turned partwise.

    Args:
        data: content of a `.musicxml`, `.xml` or zipped `.mxl` file, in any encoding its XML
            prolog declares.

    Raises:
        ReadError: an unreadable or too large archive, declarations of entities or attributes, text
            that is not well-formed XML, XML that is not a MusicXML score, time signatures and
            endings of more than a hundred.
    """
    if data[:4] == ZIP_MAGIC:
        data = _unzip(data)
    root = _parse(data)
    if root.tag not in ("score-partwise", "score-timewise"):
        raise ReadError(f"not a MusicXML score: root element is <{root.tag}>")
    if root.tag == "score-timewise":
        root = _partwise(root)
    _refuse_excess(root)
    _take_out(root, "measure", lambda child: child.tag == "harmony")
    _take_out(root, "notations", lambda child: child.tag in SPANNERS)
    _take_out(root, "attributes", lambda child: _largest(child.findtext("fifths")) > MOST_FIFTHS)
    for direction in root.iter("direction"):
        if direction.find("sound[@tempo]") is not None:
            for kind in direction.findall("direction-type"):
                if kind.find("metronome") is not None:
                    direction.remove(kind)
    return root


def _take_out(root: ET.Element, tag: str, unwanted: Callable[[ET.Element], bool]) -> None:
    """Take the children that are unwanted out of all elements of a tag."""
    for parent in root.iter(tag):
        kept = [child for child in parent if not unwanted(child)]
        if len(kept) < len(parent):
            parent[:] = kept


def _refuse_excess(root: ET.Element) -> None:
    """Raise ReadError where music21 would take minutes, or all memory, over a large number."""
    for time in root.iter("time"):
        beats = "+".join(beats.text or "" for beats in time.iter("beats"))
        if sum(_numbers(beats)) > MOST_BEATS:
            raise ReadError(f"a time signature of {beats[:20]} beats")
        for unit in time.iter("beat-type"):
            if _largest(unit.text) > SHORTEST_BEAT:
                raise ReadError(f"a time signature of beats of 1/{unit.text[:20]}")
    for ending in root.iter("ending"):
        if _largest(ending.get("number")) > MOST_ENDINGS:
            raise ReadError(f"an ending numbered {ending.get('number')[:20]}")


def _numbers(text: str | None) -> list[float]:
    return [float(number) for number in re.findall(r"\d+", text or "")]


def _largest(text: str | None) -> float:
    return max(_numbers(text), default=0)


def _unzip(data: bytes) -> bytes:
    """The score inside an `.mxl` archive: the first root file its container names."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            name = _rootfile(archive) if "META-INF/container.xml" in names else None
            if name not in names:
                scores = (
                    name
                    for name in names
                    if not name.startswith(("META-INF/", "__MACOSX/"))
                    and name.lower().endswith((".xml", ".musicxml"))
                )
                name = next(scores, None)
            if name is None:
                raise ReadError("the .mxl archive holds no MusicXML file")
            return _read_bounded(archive, name)
    except ReadError:
        raise
    except Exception as error:  # zipfile raises whatever a damaged number leads to
        raise ReadError(f"broken .mxl archive: {error}") from error


def _rootfile(archive: zipfile.ZipFile) -> str | None:
    try:
        container = _parse(_read_bounded(archive, "META-INF/container.xml"))
    except ReadError:
        return None  # a score may still be found by its name
    paths = (element.get("full-path") for element in container.iter("rootfile"))
    return next((path for path in paths if path), None)


def _read_bounded(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # bzip2 and lzma expand a whole block whatever size is asked for; .mxl allows neither
        raise ReadError(f".mxl compression method {info.compress_type} is not deflate")
    text = b""
    if info.file_size <= MAX_EXPANDED:
        with archive.open(info) as stream:
            text = stream.read(MAX_EXPANDED + 1)  # the header's size may lie
    if info.file_size > MAX_EXPANDED or len(text) > MAX_EXPANDED:
        raise ReadError(f"the .mxl archive expands to more than {MAX_EXPANDED >> 20} MiB")
    return text


def _parse(data: bytes) -> ET.Element:
    """The root element, with namespaces dropped from its tags."""
    data = data.lstrip(b" \t\r\n")
    _refuse_declarations(data)
    try:
        root = ET.fromstring(data)
    except (ET.ParseError, LookupError, ValueError) as error:
        raise ReadError(f"not well-formed XML: {error}") from error
    if root.tag.startswith("{"):
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
    return root


def _refuse_declarations(data: bytes) -> None:
    """Raise ReadError where few bytes declare what many elements would then hold.

    Entities and default attributes are met in the prolog, before anything is expanded.
    """
    begun = False

    def declared(*_: object) -> None:
        raise ReadError("the XML declares entities, which no MusicXML score needs")

    def attribute(*_: object) -> None:
        raise ReadError("the XML declares attributes, which no MusicXML score needs")

    def namespace(_: str | None, name: str | None) -> None:
        if len(name or "") > LONGEST_NAMESPACE:
            raise ReadError("the name of an XML namespace is longer than any")

    def root(*_: object) -> None:
        nonlocal begun
        begun = True
        parser.StartElementHandler = None

    parser = expat.ParserCreate(namespace_separator="}")
    parser.EntityDeclHandler = declared
    parser.AttlistDeclHandler = attribute
    parser.StartNamespaceDeclHandler = namespace
    parser.StartElementHandler = root
    try:
        parser.Parse(data, True)
    except ReadError:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:
        if not begun:  # what is wrong later is told by who reads it
            raise ReadError(f"not XML: {error}") from error


def _partwise(timewise: ET.Element) -> ET.Element:
    """The score with measures inside parts rather than parts inside measures."""
    root = ET.Element("score-partwise", timewise.attrib)
    parts: dict[str | None, ET.Element] = {}
    for child in timewise:
        if child.tag != "measure":
            root.append(child)
            continue
        for part in child.findall("part"):
            name = part.get("id")
            if name not in parts:
                parts[name] = ET.SubElement(root, "part", part.attrib)
            ET.SubElement(parts[name], "measure", child.attrib).extend(part)
    return root
