"""Scores made ready for `reading.py`, so that readers are asked only what has one answer.

Grace notes, ornaments, tremolos, arpeggios, glissandi and slides are taken out: readers play them
each in a way of their own. Unpitched notes become rests, and parts keep their order. As written, a
score has no repeats, endings and jumps either: every bar once, whatever a reader unfolds.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

SUFFIXES = (".mxl", ".musicxml", ".xml")
PLAYED_EACH_IN_A_WAY = {
    "ornaments",
    "arpeggiate",
    "non-arpeggiate",
    "glissando",
    "slide",
}
ORDER = {"repeat", "ending", "segno", "coda"}
ORDER_OF_SOUND = (
    "dacapo",
    "dalsegno",
    "segno",
    "coda",
    "tocoda",
    "fine",
    "forward-repeat",
)
ORDER_IN_WORDS = re.compile(r"\b(d\. ?[cs]\.|d[cs]\b|da capo|dal segno|fine?\b|coda|segno)", re.I)


def scores_of(place: Path) -> list[Path]:
    """Scores in a folder, or the one file, sorted by path."""
    if place.is_file():
        return [place]
    return sorted(one for one in place.rglob("*") if one.suffix.lower() in SUFFIXES)


def chosen(files: list[Path], count: int, largest_left_out: float = 0.05) -> list[Path]:
    """`count` files evenly spaced by size, without the largest share.

    No folder gives more than a quarter of them where there are several.
    """
    files = sorted(files, key=lambda file: (file.stat().st_size, str(file)))
    files = files[: max(int(len(files) * (1 - largest_left_out)), min(len(files), count))]
    folders = {file.parent for file in files}
    if len(folders) > 1:
        most = max(count // 4, 1)
        kept = [spaced([one for one in files if one.parent == each], most) for each in folders]
        files = [file for file in files if any(file in some for some in kept)]
    return spaced(files, count)


def spaced(files: list[Path], count: int) -> list[Path]:
    if len(files) <= count:
        return files
    return [files[i * len(files) // count] for i in range(count)]


def xml_of(file: Path) -> bytes:
    """The XML of a score, unzipped where it is zipped.

    Raises:
        ValueError: an archive without a score.
    """
    data = file.read_bytes()
    if data[:2] != b"PK":
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [name for name in archive.namelist() if not name.startswith("META-INF")]
        if "META-INF/container.xml" in archive.namelist():
            container = ElementTree.fromstring(archive.read("META-INF/container.xml"))
            named = [one.get("full-path") for one in container.iter() if "full-path" in one.attrib]
            names = [name for name in named if name in names] + names
        for name in names:
            if name.lower().endswith((".xml", ".musicxml")):
                return archive.read(name)
    raise ValueError("no score in the archive")


def make_ready(root: Element, *, written: bool = False) -> None:
    """Take out of a score, in place, what readers play each in their own way.

    Args:
        root: a score, partwise or timewise.
        written: whether repeats, endings and jumps go too.
    """
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in PLAYED_EACH_IN_A_WAY or child.find("grace") is not None:
                parent.remove(child)
            elif child.tag == "note" and child.find("unpitched") is not None:
                _silence(parent, child)
            elif written and child.tag in ORDER:
                parent.remove(child)
            elif written and child.tag == "words" and ORDER_IN_WORDS.search(child.text or ""):
                child.text = "-"
        if written and parent.tag == "sound":
            for name in ORDER_OF_SOUND:
                parent.attrib.pop(name, None)
    for parent in list(root.iter("direction")):
        for kind in parent.findall("direction-type"):
            if not len(kind):
                parent.remove(kind)
    for parent in list(root.iter("measure")):
        for child in parent.findall("direction"):
            if child.find("direction-type") is None:
                parent.remove(child)


def _silence(parent: Element, note: Element) -> None:
    if note.find("chord") is not None:
        parent.remove(note)
        return
    for tag in ("tie", "notations", "notehead", "lyric"):
        for one in note.findall(tag):
            note.remove(one)
    rest = note.find("unpitched")
    rest.clear()
    rest.tag = "rest"


def bar_starts(root: Element) -> list[Fraction]:
    """Find where bars of a partwise score begin as written, in quarters, each as long as its notes.

    A bar is as long as what the longest part writes in it; directions lengthen none.
    """
    longest: list[Fraction] = []
    for part in root.findall("part"):
        for k, length in enumerate(_lengths(part)):
            if k == len(longest):
                longest.append(length)
            longest[k] = max(longest[k], length)
    starts = [Fraction(0)]
    for length in longest[:-1]:
        starts.append(starts[-1] + length)
    return starts


def _lengths(part: Element) -> Iterator[Fraction]:
    divisions = Fraction(1)
    for measure in part.findall("measure"):
        at = end = Fraction(0)
        for one in measure:
            if one.tag == "attributes":
                divisions = Fraction(one.findtext("divisions") or divisions)
            length = Fraction((one.findtext("duration") or "0").strip() or 0) / divisions
            if one.tag == "backup":
                at = max(at - length, Fraction(0))
            elif one.tag == "forward" or (one.tag == "note" and one.find("chord") is None):
                at += length
            end = max(end, at)
        yield end
