"""Files that lie in others: members of archives are read in place, none is written anywhere."""

from __future__ import annotations

import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from symbolic.notes.table import ReadError

ZIPS = (".zip",)
TARS = (".tar",)
PACKED_TARS = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
ARCHIVES = ZIPS + TARS + PACKED_TARS
"""How names of archives end. Zipped MusicXML, `.mxl`, is a score and no archive."""


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """A file inside an archive, or a tune inside a tune book.

    Attributes:
        archive: path of a `.zip`, of a `.tar` that is not compressed, or of a tune book.
        name: inside it; it is shown, and never a place to write to.
        place: of a zip, which entry; of others, the byte where the content begins.
        size: bytes, once expanded.
        shown: the archive as it is called to the user.
    """

    archive: str
    name: str
    place: int
    size: int
    shown: str

    @property
    def path(self) -> str:
        """As it stands in a table: the archive's path and the member's within."""
        return f"{self.shown}/{self.name}"


@dataclass(frozen=True, slots=True)
class NamedBytes:
    """Bytes that have a name, such as a row of a data set.

    Attributes:
        path: what they are called in tables and errors.
        content: of a file.
    """

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """What has a row in the table, and that row says why there is nothing to read.

    Attributes:
        path: as it stands in the table.
        reason: in one line.
    """

    path: str
    reason: str


def is_archive(path: str | os.PathLike) -> bool:
    """Whether a path is named as an archive is."""
    return os.fsdecode(path).lower().endswith(ARCHIVES)


def is_zip(path: str | os.PathLike) -> bool:
    """Whether an archive is named as a zip is: its members are expanded, none lies in it as is."""
    return os.fsdecode(path).lower().endswith(ZIPS)


def members(
    path: str, suffixes: tuple[str, ...], shown: str | None = None
) -> Iterator[ArchiveMember | UnreadableFile]:
    """The files in an archive whose names end as one of `suffixes`, in its own order.

    Hidden files (whose names begin with a dot), and what macOS keeps beside files, are passed over
    as in folders.

    Args:
        path: of an archive that is not a compressed tar.
        suffixes: in small letters.
        shown: what the archive is called; its path by default.

    Yields:
        Members; and what is refused: the archive where it is damaged, after what could be listed,
        and links.
    """
    shown = path if shown is None else shown
    listed = _zipped if is_zip(path) else _tarred
    try:
        for name, place, size, reason in listed(path):
            if not _wanted(name, suffixes):
                continue
            member = ArchiveMember(path, name, place, size, shown)
            yield UnreadableFile(member.path, reason) if reason else member
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, ValueError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        yield UnreadableFile(shown, f"an archive that cannot be read: {reason}")


def read_member(member: ArchiveMember, most: int) -> bytes:
    """The content of a member.

    Raises:
        ReadError: more than `most` bytes, whatever the archive says of its size; encrypted,
            damaged or gone; without the name of the file.
    """
    if member.size > most:
        raise ReadError(f"{member.size / 2**20:.0f} MiB, more than the {most >> 20} MiB read")
    try:
        if is_zip(member.archive):
            archive = _opened(member.archive, os.getpid())
            entry = archive.infolist()[member.place]
            with archive.open(entry) as file:
                data = file.read(most + 1)
        else:
            with open(member.archive, "rb") as file:
                file.seek(member.place)
                data = file.read(member.size)
            if len(data) < member.size:
                raise ReadError("the archive ends within it")
    except ReadError:
        raise
    # zipfile raises RuntimeError for what is encrypted, NotImplementedError for unknown methods
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, IndexError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise ReadError(f"cannot be read from its archive: {reason}") from error
    if len(data) > most:
        raise ReadError(f"more than the {most >> 20} MiB read, and its archive says less")
    return data


@lru_cache(maxsize=4)
def _opened(path: str, process: int) -> zipfile.ZipFile:
    """A zip with its list of members, once for each process: a forked one must open its own."""
    return zipfile.ZipFile(path)


def _zipped(path: str) -> Iterator[tuple[str, int, int, str]]:
    with zipfile.ZipFile(path) as archive:
        for place, entry in enumerate(archive.infolist()):
            if not entry.is_dir():
                yield entry.filename, place, entry.file_size, ""


def _tarred(path: str) -> Iterator[tuple[str, int, int, str]]:
    with tarfile.open(path, "r:") as archive:
        for entry in archive:
            if entry.issym() or entry.islnk():
                yield entry.name, 0, 0, "a link inside an archive"
            elif entry.issparse():
                yield entry.name, 0, 0, "a file with holes inside an archive"
            elif entry.isfile():
                yield entry.name, entry.offset_data, entry.size, ""
            cast("Any", archive).members = []  # else every member that was passed is kept
        if os.path.getsize(path) <= archive.offset:  # tarfile takes this for an end
            raise tarfile.ReadError("it ends early, and members may be missing")


def _wanted(name: str, suffixes: tuple[str, ...]) -> bool:
    parts = name.replace("\\", "/").split("/")
    hidden = any(part.startswith(".") and part not in (".", "..") for part in parts)
    return name.lower().endswith(suffixes) and not hidden and parts[0] != "__MACOSX"
