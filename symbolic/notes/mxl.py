"""MusicXML bytes, plain or zipped, made safe for a parser: bounded, entity-free, partwise."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
import zipfile
import zlib
from xml.parsers import expat

from symbolic.notes.table import ReadError

MAX_EXPANDED = 64 * 2**20  # bytes; the largest orchestral scores stay below half of it
ZIP_MAGIC = b"PK\x03\x04"


class _RootFound(Exception):
    pass


def musicxml_root(data: bytes) -> ET.Element:
    """The `<score-partwise>` element of a MusicXML file, without what cannot be read from it.

    Chord symbols (`<harmony>`) are taken out: they carry no notes, and some editors write ones
    that music21 refuses. A metronome mark is taken out where the same direction says its tempo as
    a number for playback, which needs no interpretation. A timewise score is turned partwise.

    Args:
        data: content of a `.musicxml`, `.xml` or zipped `.mxl` file, in any encoding its XML
            prolog declares.

    Raises:
        ReadError: an unreadable or too large archive, entity declarations, text that is not
            well-formed XML, XML that is not a MusicXML score.
    """
    if data[:4] == ZIP_MAGIC:
        data = _unzip(data)
    root = _parse(data)
    if root.tag not in ("score-partwise", "score-timewise"):
        raise ReadError(f"not a MusicXML score: root element is <{root.tag}>")
    if root.tag == "score-timewise":
        root = _partwise(root)
    for measure in root.iter("measure"):
        for harmony in measure.findall("harmony"):
            measure.remove(harmony)
    for beats in root.iter("beats"):
        if any(len(number) > 2 for number in re.findall(r"\d+", beats.text or "")):
            # music21 takes minutes over a bar of some hundred beats
            raise ReadError(f"a time signature of {beats.text[:20]} beats")
    for direction in root.iter("direction"):
        if direction.find("sound[@tempo]") is not None:
            for kind in direction.findall("direction-type"):
                if kind.find("metronome") is not None:
                    direction.remove(kind)
    return root


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
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
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
    _refuse_entities(data)
    try:
        root = ET.fromstring(data)
    except (ET.ParseError, LookupError, ValueError) as error:
        raise ReadError(f"not well-formed XML: {error}") from error
    if root.tag.startswith("{"):
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
    return root


def _refuse_entities(data: bytes) -> None:
    """Raise ReadError where the prolog declares an entity; nothing after it is parsed."""

    def entity(*_: object) -> None:
        raise ReadError("the XML declares entities, which no MusicXML score needs")

    def root(*_: object) -> None:
        raise _RootFound

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = entity
    parser.StartElementHandler = root
    try:
        parser.Parse(data, True)
    except _RootFound:
        pass
    except (expat.ExpatError, LookupError, ValueError) as error:
        if isinstance(error, ReadError):
            raise
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
