"""ABC: splitting of tune books, and conversion of tunes to MusicXML by abc2xml of converter21.

Source: the ABC standard 2.1, abcnotation.com/wiki/abc:standard:v2.1.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from symbolic.notes.table import ReadError

TUNE_SUFFIX = ".abc"
HEADER_BYTES = 2**16  # searched to detect the format of a file

_START = re.compile(rb"^(?:\xef\xbb\xbf)?X:[ \t]*(\d*)", re.MULTILINE)
_HEADER = re.compile(rb"^(?:[A-Z]:|%%|I:)", re.MULTILINE)
_KEY = re.compile(rb"^K:|\[K:", re.MULTILINE)
_MACRO = re.compile(r"^m:", re.MULTILINE)
_METER = re.compile(r"^M:[ \t]*\(?([\d+]{1,20})\)?/(\d{1,4})", re.MULTILINE)
_SUM = re.compile(r"(^M:[ \t]*|\[M:[ \t]*)\(([\d+]{1,20})\)(?=/)", re.MULTILINE)
_TEMPO = re.compile(r"^Q:(.*)$|\[Q:([^]\n]*)\]", re.MULTILINE)
_BEATS = re.compile(r"((?:\d+/\d+\s*)+)=\s*(\d+(?:\.\d+)?)")


def is_abc(data: bytes) -> bool:
    """Return whether content is ABC: tunes have a number (`X:`) and a key (`K:`)."""
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n")
    head = data[:HEADER_BYTES]
    if b"\0" in head:
        return False
    first = next((line for line in head.split(b"\n") if line.strip()), b"")
    begun = first.startswith((b"X:", b"%abc"))
    return begun or (_START.search(head) is not None and _KEY.search(data) is not None)


def tunes(data: bytes) -> list[tuple[str, int, int]]:
    """Find the tunes of a tune book.

    Returns:
        The number of each (its position in the book, from 1, if numbers repeat or are missing), its
        first byte, and the byte after its last.
    """
    starts = list(_START.finditer(data))
    names = [start[1].decode() for start in starts]
    if any(times > 1 or not name for name, times in Counter(names).items()):
        names = [str(place) for place in range(1, len(starts) + 1)]
    begins = [start.start() for start in starts]
    return list(zip(names, begins, [*begins[1:], len(data)], strict=False))  # without tunes: none


def book_header(data: bytes) -> bytes:
    """Return the header of a tune book, which applies to all tunes; empty without one."""
    start = _START.search(data)
    before = data[: start.start()] if start else b""
    return before if _HEADER.search(before) else b""


def tune_musicxml(data: bytes) -> bytes:
    """Convert a `.abc` file with one tune, in UTF-8 or Latin-1, to MusicXML.

    Raises:
        ReadError: several tunes, a tune that includes another file, or a parser error.
        ImportError: without converter21.
    """
    from converter21.abc import abc2xml

    parser: Any = abc2xml  # prevented from evaluating meters as Python and from opening files
    parser.eval, parser.readfile = _beats, _no_file
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    count = len(tunes(data))
    if count > 1:
        raise ReadError(
            f"a book of {count} tunes, each a piece: `symbolic score` reads them separately"
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if _MACRO.search(text):
        raise ReadError("a tune with macros (m:), which are not supported")
    text = _TEMPO.sub(_tempo, _with_unit(text))
    text = re.sub(r":{2,}\|", ":|", re.sub(r"\|:{2,}", "|:", text))
    text = _SUM.sub(r"\1\2", text)
    parser.getInfo()  # clears its messages, which would grow with every file
    parser.mxm = parser.MusicXml()  # without state of the previous tune
    score = parser.getXmlDocs(text, rOpt=True)[0]
    if "cannot parse score" in parser.getInfo():
        raise ReadError("a tune that abc2xml cannot parse")
    return parser.fixDoctype(score).encode()


def _beats(text: str) -> int:
    """Return the number of beats of a meter such as 3 or (2+3)."""
    if not re.fullmatch(r"[\d+() ]{1,99}", text):
        raise ValueError(f"invalid beats: {text}")
    return sum(int(beats) for beats in re.findall(r"\d{1,4}", text))


def _no_file(*_: str) -> str:
    raise ReadError("a tune that includes another file, which is not supported")


def _with_unit(text: str) -> str:
    """Add the default unit length of the standard, which depends on the meter, if none is written.

    It is an eighth, or a sixteenth for meters below 3/4; abc2xml always uses the eighth.
    """
    key = re.search("^K:", text, re.MULTILINE)
    if key is None:
        return text
    header = text[: key.start()]
    meters = _METER.findall(header)
    if not meters or re.search("^L:", header, re.MULTILINE):
        return text
    beats, beat = meters[-1]
    if _beats(beats) >= 0.75 * int(beat):
        return text
    return f"{header}L:1/16\n{text[key.start() :]}"


def _tempo(field: re.Match) -> str:
    """Rewrite a tempo for abc2xml in quarters, since it supports only one beat of one digit.

    abc2xml misreads digits in words ("Tempo 1") and the first of several beats (1/4 3/8=40).
    """
    content = (field[2] if field[1] is None else field[1]).partition("%")[0]
    quoted = "".join(re.findall(r'"[^"]*"', content))
    plain = re.sub(r'"[^"]*"', "", content)
    beats = _BEATS.search(plain)
    if beats:
        parts = beats[1].split()
        if any(int(part.partition("/")[2]) == 0 for part in parts):
            return field[0]
        from fractions import Fraction

        quarters = 4 * float(sum(map(Fraction, parts))) * float(beats[2])
        content = f"1/4={quarters:.2f}"
    else:
        content = plain.strip() or re.sub(r"\d", "", quoted)
    return f"[Q:{content}]" if field[1] is None else f"Q:{content}"
