"""XML of scores: validation, normalisation, and search in bytes.

Expat parses a file once, only for errors, which takes a quarter of the time of building its
elements. Readers then search the well-formed bytes: without comments, CDATA sections and processing
instructions, every "<" begins a tag.
"""

from __future__ import annotations

import codecs
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import lru_cache, partial
from html.entities import html5
from xml.parsers import expat
from xml.sax.saxutils import escape

from symbolic.notes.musicxml.archives import ZIP_MAGIC, archived_score
from symbolic.notes.table import ReadError

MAX_CACHED_BYTES = 2000  # of an element that `element` caches
MUSICXML_ROOTS = ("score-partwise", "score-timewise")

ENCODINGS = re.compile(
    "utf-?8|(us-?)?ascii|(iso-?)?8859-?|latin|(cp|windows-)?125[0-8]|cp|mac|koi8|shift|sjis|ms932|"
    "euc|gb|big5|hz|tis|iso2022"
)
"""Prefixes of accepted encodings; Python has others, of which some do not encode text."""

UTF_16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
"""Encodings of XML by its first two bytes: a byte order mark or "<"."""


def score_xml(data: bytes) -> tuple[str, bytes]:
    """Check a MusicXML file, zipped or not, in any encoding its XML prolog declares.

    Returns:
        The name of the root, one of `MUSICXML_ROOTS`, and the root element in UTF-8: tags and text,
        without comments, instructions, CDATA sections and the namespace prefix of MusicXML.

    Raises:
        ReadError: an unreadable or too large archive, declarations of entities or attributes, text
            that is not well-formed XML, XML that is not a MusicXML score.
    """
    if data[:4] == ZIP_MAGIC:
        data = archived_score(data, (".musicxml", ".xml"), ".mxl")
    name, xml = checked_xml(data)
    prefix, _, local = name.rpartition(":")
    if local not in MUSICXML_ROOTS:
        raise ReadError(f"not a MusicXML score: root element is <{name}>")
    if prefix:
        xml = re.sub(rb"<(/?)%b:" % re.escape(prefix.encode()), rb"<\1", xml)
    return local, xml


def checked_xml(data: bytes) -> tuple[str, bytes]:
    """Check any XML file and return its root element.

    Returns:
        The name of the root as it is written, and the root element as `score_xml` returns it, with
        prefixes.

    Raises:
        ReadError: declarations of entities or attributes, or text that is not well-formed XML.
    """
    content = data.lstrip(_SPACE)
    text = _in_utf8(content)
    xml = text.lstrip(_SPACE)
    spaces = data[: len(data) - len(content)] + text[: len(text) - len(xml)]
    name, start = _check(xml, spaces.count(b"\n"))
    xml = xml[start:]
    if b"<!" in xml or b"<?" in xml:
        xml = _NO_TAG.sub(lambda found: escape((found[1] or b"").decode()).encode(), xml)
    return name, xml


_SPACE = b" \t\r\n"
_NO_TAG = re.compile(rb"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(.*?)\]\]>", re.DOTALL)


class LooseTags(Exception):
    """A tag with space before its end (`LOOSE_END`), which the search does not match."""


LOOSE_END = re.compile(rb"(?<!\s)\s+(/?>)")


def blocks(xml: bytes, name: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Find the elements of a name that is never nested, in XML as of `score_xml` or a part of it.

    Yields:
        Raw attributes and content of each element; both may be empty.

    Raises:
        LooseTags: an element has no end.
    """
    opening, closing = b"<" + name, b"</" + name + b">"
    at = xml.find(opening)
    while at >= 0:
        start = at + len(opening)
        if xml[start : start + 1] not in _NAME_ENDS:  # <part-list> is no <part>
            at = xml.find(opening, start)
            continue
        end = tag_end(xml, start)
        if xml[end - 1 : end] == b"/":
            yield xml[start : end - 1], b""
        else:
            head = xml[start:end]
            start, end = end + 1, xml.find(closing, end)
            if end < 0:
                raise LooseTags
            yield head, xml[start:end]
        at = xml.find(opening, end)


def tag_end(xml: bytes, start: int) -> int:
    """Find the ">" that ends a tag, from within the tag; skips those in values."""
    end = xml.find(b">", start)
    while xml.count(b'"', start, end) % 2:
        if (end := xml.find(b">", end + 1)) < 0:
            return xml.find(b">", start)
    return end


_NAME_ENDS = (b">", b"/", b" ", b"\t", b"\r", b"\n")


def attributes(head: bytes) -> dict[str, str]:
    """Parse the attributes of a tag from the text after its name."""
    found = _PAIRS.findall(head)
    return {name.decode(): (double or single).decode() for name, double, single in found}


_PAIRS = re.compile(rb"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


def element(xml: bytes) -> ET.Element:
    """Parse an element of a file that `score_xml` has checked; prefixes of names are removed.

    The element must not be changed: it may be cached, as half of the elements of a score repeat.
    """
    return _kept_element(xml) if len(xml) < MAX_CACHED_BYTES else _element(xml)


def _element(xml: bytes) -> ET.Element:
    if b"xmlns" in xml:  # the parser would repeat a long namespace for each element
        xml = _NAMESPACE.sub(b"", xml)
    try:
        return ET.fromstring(xml)
    except ET.ParseError:
        try:  # prefixes are declared in a parent, entities in the DTD of MusicXML
            return ET.fromstring(_ENTITY.sub(_letter, _PREFIX.sub(rb"\1", xml)))
        except ET.ParseError as error:
            raise ReadError("nested elements of one name") from error


_kept_element = lru_cache(maxsize=1024)(_element)
_NAMESPACE = re.compile(rb"""\sxmlns(?::[\w.-]+)?\s*=\s*(?:"[^"]*"|'[^']*')""")
_PREFIX = re.compile(rb"(</?|\s)[\w.-]+:(?=[\w.-])")


_ENTITY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);)(\w{1,30};)")


def _letter(entity: re.Match[bytes]) -> bytes:
    return escape(html5.get(entity[1].decode(), "")).encode()


def _in_utf8(data: bytes) -> bytes:
    encoding = _encoding(data)
    if encoding == "utf-8":
        return data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode(encoding).removeprefix("\ufeff").encode()
    except (UnicodeError, LookupError) as error:
        raise ReadError(f"not well-formed XML: text that is not {encoding}") from error


def _encoding(data: bytes) -> str:
    """Return the encoding of an XML file: by its byte order mark, or as declared."""
    if data[:2] in UTF_16:
        return UTF_16[data[:2]]
    declared = _DECLARED.match(data[:200])
    name = declared[1].decode().lower().replace("_", "-") if declared else "utf-8"
    if name.startswith(("utf-16", "utf16", "utf-8", "utf8")):  # bytes "<?xml" are not UTF-16
        return "utf-8"
    name = _ALIASES.get(name, name)
    if not ENCODINGS.match(name):
        raise ReadError(f"not XML: unknown encoding {name[:40]}")
    return name


_ALIASES = {"x-sjis": "shift-jis", "windows-31j": "cp932", "x-mac-roman": "mac-roman"}
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["']""")


def xml_fault(code: int, line: int, column: int) -> str:
    """Describe an error of expat at a line, from 1, and a column, from 0, in our words."""
    reason = _FAULTS.get(expat.errors.messages.get(code, ""), "it cannot be parsed")
    return f"{reason} (line {line}, column {column + 1})"


_FAULTS = {
    expat.errors.XML_ERROR_SYNTAX: "text outside of elements",
    expat.errors.XML_ERROR_NO_ELEMENTS: "it ends before its root element",
    expat.errors.XML_ERROR_INVALID_TOKEN: "a character that is not allowed here",
    expat.errors.XML_ERROR_UNCLOSED_TOKEN: "it ends within a tag",
    expat.errors.XML_ERROR_PARTIAL_CHAR: "it ends within a character",
    expat.errors.XML_ERROR_TAG_MISMATCH: "an end tag of another name than its start tag",
    expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE: "an attribute that is there twice",
    expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT: "more after its root element",
    expat.errors.XML_ERROR_UNDEFINED_ENTITY: "an entity that is not declared",
    expat.errors.XML_ERROR_BAD_CHAR_REF: "a reference to no character",
    expat.errors.XML_ERROR_MISPLACED_XML_PI: "an XML declaration that is not at the beginning",
    expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION: "it ends within a CDATA section",
    expat.errors.XML_ERROR_UNBOUND_PREFIX: "a prefix without a namespace",
}


def _check(xml: bytes, lines_before: int) -> tuple[str, int]:
    """Validate XML in UTF-8; return the name of its root and the first byte of its tag."""
    root: list[tuple[str, int]] = []

    def refuse(declared: str, *_: object) -> None:
        raise ReadError(f"the XML declares {declared}, which no MusicXML score needs")

    def begin(name: str, _: object) -> None:
        root.append((name, parser.CurrentByteIndex))
        parser.StartElementHandler = None

    parser = expat.ParserCreate("utf-8")
    parser.EntityDeclHandler = partial(refuse, "entities")
    parser.AttlistDeclHandler = partial(refuse, "attributes")
    parser.StartElementHandler = begin
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        kind = "not well-formed XML" if root else "not XML"
        fault = xml_fault(error.code, error.lineno + lines_before, error.offset)
        raise ReadError(f"{kind}: {fault}") from error
    return root[0]
