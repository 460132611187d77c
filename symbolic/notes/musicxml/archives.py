"""Scores that are zipped by themselves, `.mxl` and `.mscz`: found and expanded within bounds."""

from __future__ import annotations

import io
import re
import zipfile
from xml.sax.saxutils import unescape

from symbolic.notes.table import ReadError

MAX_EXPANDED_BYTES = 64 * 2**20  # bytes; the largest orchestral scores stay below half of it
ZIP_MAGIC = b"PK\x03\x04"
CONTAINER = "META-INF/container.xml"
MAX_CONTAINER_BYTES = 2**14  # bytes


def archived_score(data: bytes, suffixes: tuple[str, ...], kind: str) -> bytes:
    """Expand the score inside an archive: the one that its container names, else the first.

    Args:
        data: content of the archive.
        suffixes: how the name of the score may end, where no container names it; small letters.
        kind: what the archive is called in errors.

    Raises:
        ReadError: a broken archive, one without a score, or one that expands to more than
            `MAX_EXPANDED_BYTES`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            named = _named(archive, kind) if CONTAINER in names else []
            known = [name for name in named if name in names]
            # Other renditions, such as a PDF, may be named beside the score.
            name = next((name for name in known if name.lower().endswith(suffixes)), None)
            name = name or next(iter(known), None)
            if name is None:
                scores = [
                    name
                    for name in names
                    if not name.startswith(("META-INF/", "__MACOSX/"))
                    and name.lower().endswith(suffixes)
                ]
                # Parts and pictures lie in folders.
                name = min(scores, key=lambda score: score.count("/"), default=None)
            if name is None:
                raise ReadError(f"the {kind} archive holds no score")
            return _expanded(archive, name, kind)
    except ReadError:
        raise
    except Exception as error:  # zipfile raises whatever a damaged number leads to
        raise ReadError(f"broken {kind} archive: {error}") from error


def _named(archive: zipfile.ZipFile, kind: str) -> list[str]:
    """The root files that the container lists."""
    container = _expanded(archive, CONTAINER, kind)[:MAX_CONTAINER_BYTES]
    if b"<!ENTITY" in container:
        return []  # a score may still be found by its name
    found = _ROOTFILE.findall(re.sub(rb"<!--.*?-->", b"", container, flags=re.DOTALL))
    return [unescape(path.decode("utf-8", "replace"), _QUOTES) for path in found]


_ROOTFILE = re.compile(
    rb"""<(?:[\w.-]{1,20}:)?rootfile\s[^<>]{,999}?full-path\s*=\s*["']([^"'<]+)"""
)
_QUOTES = {"&quot;": '"', "&apos;": "'"}


def _expanded(archive: zipfile.ZipFile, name: str, kind: str) -> bytes:
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # bzip2 and lzma expand a whole block whatever size is asked for; neither kind allows them
        raise ReadError(f"{kind} compression method {info.compress_type} is not deflate")
    text = b""
    if info.file_size <= MAX_EXPANDED_BYTES:
        with archive.open(info) as stream:
            text = stream.read(MAX_EXPANDED_BYTES + 1)  # the header's size may lie
    if info.file_size > MAX_EXPANDED_BYTES or len(text) > MAX_EXPANDED_BYTES:
        raise ReadError(f"the {kind} archive expands to more than {MAX_EXPANDED_BYTES >> 20} MiB")
    return text
