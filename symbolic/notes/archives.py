"""Archive members, read in place: no archive is extracted to disk."""

from __future__ import annotations

import lzma
import os
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath
from typing import Any, cast

from symbolic.notes.table import ReadError

PACKED_TARS = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
ARCHIVES = (".zip", ".tar", *PACKED_TARS)
"""Suffixes of archives. Zipped MusicXML, `.mxl`, is a score and no archive."""


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """A file inside an archive, or a tune inside a tune book.

    Attributes:
        archive: path of a `.zip`, of a `.tar` that is not compressed, or of a tune book.
        name: within the archive; for display only, never a path to write to.
        place: index of the entry of a zip; otherwise the byte offset of the content.
        size: bytes of the content, expanded.
        shown: display name of the archive.
    """

    archive: str
    name: str
    place: int
    size: int
    shown: str

    @property
    def path(self) -> str:
        """The name in tables: path of the archive, and of the member within."""
        return f"{self.shown}/{self.name}"


@dataclass(frozen=True, slots=True)
class NamedBytes:
    """Bytes of a file with a name in tables and errors, such as a row of a data set."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file without content, which gets a row with the reason, the error in one line."""

    path: str
    reason: str


def is_archive(path: str | os.PathLike) -> bool:
    """Return whether a path has a suffix of an archive."""
    return os.fsdecode(path).lower().endswith(ARCHIVES)


def is_zip(path: str | os.PathLike) -> bool:
    """Return whether a path has the suffix of a zip, whose members are compressed."""
    return os.fsdecode(path).lower().endswith(".zip")


def archive_fault(error: Exception) -> str:
    """Describe an error of zipfile, tarfile or a decompressor in our words."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, NotImplementedError):
        return "it has a compression or an encryption that is not supported"
    if isinstance(error, RuntimeError) and "encrypted" in str(error):
        return "it is encrypted"
    if isinstance(error, zlib.error | lzma.LZMAError) or "CRC" in str(error):
        return "it is damaged"
    return "it is cut off or damaged"


def why_passed_over(name: str, suffixes: tuple[str, ...]) -> str:
    """Return why a file of this name is no music: hidden, or its suffix; empty for music."""
    if name.startswith("."):
        return "hidden"
    if name.lower().endswith(suffixes):
        return ""
    return PurePath(name).suffix.lower() or "without suffix"


def members(
    path: str,
    suffixes: tuple[str, ...],
    shown: str | None = None,
    passed_over: Counter[str] | None = None,
) -> Iterator[ArchiveMember | UnreadableFile]:
    """List the files in an archive that have one of `suffixes`, in the order of the archive.

    Hidden names (with a leading dot) and metadata of macOS are skipped, as in folders.

    Args:
        path: of an archive that is not a compressed tar.
        suffixes: in lower case.
        shown: display name of the archive; its path by default.
        passed_over: counts the other files by reason, as `find_sources` does.

    Yields:
        Members, and unreadable files: links, and a damaged archive itself, after the members that
        could be listed.
    """
    shown = path if shown is None else shown
    passed_over = Counter() if passed_over is None else passed_over
    hidden_folders: set[str] = set()
    listed = _zipped if is_zip(path) else _tarred
    try:
        for name, place, size, reason in listed(path):
            *folders, own_name = name.replace("\\", "/").split("/")
            if hidden := _hidden_folder(folders):
                passed_over["hidden"] += hidden not in hidden_folders
                hidden_folders.add(hidden)
                continue
            if passed := why_passed_over(own_name, suffixes):
                passed_over[passed] += 1
                continue
            member = ArchiveMember(path, name, place, size, shown)
            yield UnreadableFile(member.path, reason) if reason else member
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, ValueError) as error:
        yield UnreadableFile(shown, f"an archive that cannot be read: {archive_fault(error)}")


def read_member(member: ArchiveMember, most: int) -> bytes:
    """Read the content of a member.

    Raises:
        ReadError: more than `most` bytes, whatever size the archive declares; encrypted, damaged
            or deleted; without the name of the file.
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
    # zipfile raises RuntimeError for encrypted members, NotImplementedError for unknown methods
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, IndexError) as error:
        raise ReadError(f"cannot be read from its archive: {archive_fault(error)}") from error
    if len(data) > most:
        raise ReadError(f"more than the {most >> 20} MiB read, and more than its archive declares")
    return data


@lru_cache(maxsize=4)
def _opened(path: str, process: int) -> zipfile.ZipFile:
    """Open a zip once in each process: a forked process must not share the file position."""
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
                yield entry.name, 0, 0, "a sparse file inside an archive"
            elif entry.isfile():
                yield entry.name, entry.offset_data, entry.size, ""
            cast("Any", archive).members = []  # otherwise tarfile keeps every member in memory
        if os.path.getsize(path) <= archive.offset:  # which tarfile takes for the end
            raise tarfile.ReadError("truncated")


def _hidden_folder(folders: list[str]) -> str:
    """Return the path of the first hidden folder in a path, or of metadata of macOS, or nothing."""
    for depth, name in enumerate(folders):
        hidden = name.startswith(".") and name not in (".", "..")
        if hidden or (depth == 0 and name == "__MACOSX"):
            return "/".join(folders[: depth + 1])
    return ""
