"""Zipped scores, `.mxl` and `.mscz`: find and expand the score within limits."""

from __future__ import annotations

import io
import re
import zipfile
from xml.sax.saxutils import unescape

from symbolic.notes.archives import archive_fault
from symbolic.notes.table import ReadError

MAX_EXPANDED_BYTES = 64 * 2**20  # bytes: more than twice the largest orchestral scores
ZIP_MAGIC = b"PK\x03\x04"
CONTAINER = "META-INF/container.xml"
MAX_CONTAINER_BYTES = 2**14  # bytes


def archived_score(data: bytes, suffixes: tuple[str, ...], kind: str) -> bytes:
    """Expand the score inside an archive: the one named by its container, else the first.

    Args:
        data: content of the archive.
        suffixes: of the score, if no container names it; in lower case.
        kind: name of the archive in errors.

    Raises:
        ReadError: a broken archive, one without a score, or one that expands to more than
            `MAX_EXPANDED_BYTES`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            named = _named(archive, kind) if CONTAINER in names else []
            scores = {name for name in names if name.lower().endswith(suffixes)}
            # The container may list other renditions, such as a PDF.
            found = sorted((name for name in named if name in names), key=lambda x: x not in scores)
            # Parts and images are in folders.
            metadata = ("META-INF/", "__MACOSX/")
            others = (name for name in names if name in scores and not name.startswith(metadata))
            found += sorted(others, key=lambda name: name.count("/"))
            if not found:
                raise ReadError(f"the {kind} archive holds no score")
            return _expanded(archive, found[0], kind)
    except ReadError:
        raise
    except Exception as error:  # zipfile raises various exceptions for damaged numbers
        raise ReadError(f"broken {kind} archive: {archive_fault(error)}") from error


def _named(archive: zipfile.ZipFile, kind: str) -> list[str]:
    """Return the root files that the container lists."""
    container = _expanded(archive, CONTAINER, kind)[:MAX_CONTAINER_BYTES]
    if b"<!ENTITY" in container:
        return []  # the score may still be found by its suffix
    found = _ROOTFILE.findall(re.sub(rb"<!--.*?-->", b"", container, flags=re.DOTALL))
    return [unescape(path.decode("utf-8", "replace"), _QUOTES) for path in found]


_ROOTFILE = re.compile(
    rb"""<(?:[\w.-]{1,20}:)?rootfile\s[^<>]{,999}?full-path\s*=\s*["']([^"'<]+)"""
)
_QUOTES = {"&quot;": '"', "&apos;": "'"}


def _expanded(archive: zipfile.ZipFile, name: str, kind: str) -> bytes:
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # bzip2 and lzma expand whole blocks, whatever size is read; neither format allows them.
        raise ReadError(f"{kind} compression method {info.compress_type} is not deflate")
    if info.file_size <= MAX_EXPANDED_BYTES:
        with archive.open(info) as stream:
            text = stream.read(MAX_EXPANDED_BYTES + 1)  # the size in the header may be wrong
        if len(text) <= MAX_EXPANDED_BYTES:
            return text
    raise ReadError(f"the {kind} archive expands to more than {MAX_EXPANDED_BYTES >> 20} MiB")
