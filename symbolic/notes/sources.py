"""File search: folders, patterns, archives and tune books, and the display names of sources."""

from __future__ import annotations

import bz2
import glob
import gzip
import lzma
import os
import re
import shutil
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeGuard, cast

from symbolic.notes.archives import (
    PACKED_TARS,
    ArchiveMember,
    NamedBytes,
    UnreadableFile,
    archive_fault,
    is_archive,
    is_zip,
    members,
    why_passed_over,
)
from symbolic.notes.formats.tunes import TUNE_SUFFIX, book_header, tunes
from symbolic.notes.read import NOTE_SUFFIXES, content_of, kind_of, name_of, wrong_type
from symbolic.notes.table import ReadError

if TYPE_CHECKING:
    from symbolic.notes.read import Source

PASSED_OVER_REASONS = 6  # named in a line; the rest are counted together
# Paths that `Path` writes in another way: everything where "/" does not separate folders.
_UNTIDY = re.compile(r"//|(?:^|/)\.(?:/|$)|/$|^$" if os.sep == "/" else "")


class Scratch:
    """A folder for temporary files, made when its path is first asked for, removed at the end."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, *error: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def __fspath__(self) -> str:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory()
        return self._folder.name


def find_sources(
    sources: Source | Iterable[Source],
    recursive: bool = True,
    suffixes: tuple[str, ...] = NOTE_SUFFIXES,
    scratch: str | os.PathLike[str] | None = None,
    passed_over: Counter[str] | None = None,
) -> Iterator[Source]:
    """Find sources in order: folders become the music files in them, sorted by path.

    Explicit paths are kept whatever their suffix, and even if they do not exist: they get a row. A
    path that does not exist and has `*`, `?` or `[` is a pattern (`**`: any folders), replaced by
    its matches, sorted. In folders, hidden names (with a leading dot) are skipped, links to folders
    are not followed, and archives are not opened.

    Args:
        sources: one or several.
        recursive: whether to search folders recursively.
        suffixes: of music files, in lower case; by default those of `read_notes`.
        scratch: a folder for temporary files. If given, archives among the paths are replaced by
            the music files in them (compressed tars are expanded there), and ABC tune books,
            wherever they are, by their tunes.
        passed_over: counts what folders and archives hold besides music files, by reason: a
            suffix, `without suffix`, `hidden` or `link to a folder`.

    Raises:
        TypeError: neither a source nor several.
    """
    passed_over = Counter() if passed_over is None else passed_over
    for source in _found(sources, recursive, suffixes, scratch, passed_over):
        if scratch is not None and _may_be_book(source):
            yield from _tunes(source)
        else:
            yield source


def find_files(
    path: str | os.PathLike[str],
    suffixes: tuple[str, ...] = NOTE_SUFFIXES,
    recursive: bool = True,
    passed_over: Counter[str] | None = None,
) -> Iterator[Path]:
    """Find files by the rules of `find_sources`, without opening archives or tune books."""
    passed_over = Counter() if passed_over is None else passed_over
    for match in _matched(path):
        if os.path.isdir(match):
            yield from sorted(_folder_files(Path(match), recursive, suffixes, passed_over))
        else:
            yield Path(match)


def _found(
    sources: Source | Iterable[Source],
    recursive: bool,
    suffixes: tuple[str, ...],
    scratch: str | os.PathLike[str] | None,
    passed_over: Counter[str],
) -> Iterator[Source]:
    """Find files and archive members; tune books stay whole."""
    for source in _several(sources):
        if not isinstance(source, str | os.PathLike):
            yield source
            continue
        for path in _matched(source):
            if scratch is not None and is_archive(path) and os.path.isfile(path):
                yield from _archived(os.fspath(path), suffixes, scratch, passed_over)
            elif isinstance(path, str) and not _UNTIDY.search(path) and not os.path.isdir(path):
                yield path  # an object of `Path` takes longer than all else here
            else:
                yield from find_files(path, suffixes, recursive, passed_over)


def _several(sources: Source | Iterable[Source]) -> Iterable[Source]:
    """Return one or several sources as several; a mapping is neither."""
    if kind_of(sources):
        return [cast("Source", sources)]
    try:
        if not isinstance(sources, Mapping):
            return iter(cast("Iterable[Source]", sources))
    except TypeError:
        pass
    raise wrong_type(sources, ", or several of them")


def _may_be_book(source: Source) -> TypeGuard[str | Path | ArchiveMember]:
    """Return whether a source that was found has the suffix of tune books."""
    if not isinstance(source, str | Path | ArchiveMember):
        return False
    return (name_of(source) or "").lower().endswith(TUNE_SUFFIX)


def _tunes(source: str | Path | ArchiveMember) -> Iterator[Source]:
    """Yield the tunes of a tune book as members of it, or the source itself."""
    name = source.path if isinstance(source, ArchiveMember) else os.fspath(source)
    data = b""
    if not os.path.isdir(name):
        with suppress(ReadError):  # reported in its row
            data = content_of(source)
    found = tunes(data)
    if len(found) < 2:
        yield source
        return
    shown, header = display_name(source), book_header(data)
    file, offset = name, 0
    if isinstance(source, ArchiveMember):
        file, offset = source.archive, source.place
    for number, begin, end in found:
        if header or is_zip(file):  # no contiguous part of a file: kept in memory
            yield NamedBytes(f"{shown}/{number}", header + data[begin:end])
        else:
            yield ArchiveMember(file, number, offset + begin, end - begin, shown)


def read_list(text: bytes) -> list[str]:
    """Parse a list of paths, one per line, or terminated by NUL as `find -print0` writes them."""
    ends = b"\0" if b"\0" in text else b"\n"
    lines = (line if ends == b"\0" else line.rstrip(b"\r") for line in text.split(ends))
    return [os.fsdecode(line) for line in lines if line]


def _matched(path: str | os.PathLike[str]) -> Sequence[str | os.PathLike[str]]:
    if not glob.has_magic(os.fspath(path)) or os.path.lexists(path):
        return [path]
    return sorted(glob.glob(os.fspath(path), recursive=True)) or [path]


def _folder_files(
    folder: Path, recursive: bool, suffixes: tuple[str, ...], passed_over: Counter[str]
) -> Iterator[Path]:
    errors: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=errors.append):
        passed_over.update("hidden" for name in folders if name.startswith(".") and recursive)
        folders[:] = [name for name in folders if recursive and not name.startswith(".")]
        passed_over.update("link to a folder" for name in folders if Path(place, name).is_symlink())
        for name in files:
            if passed := why_passed_over(name, suffixes):
                passed_over[passed] += 1
            else:
                yield Path(place, name)
    for error in errors:  # each gets a row
        yield Path(error.filename)


def passed_over_line(passed_over: Mapping[str, int]) -> str:
    """Describe in a line what `find_sources` has passed over, most frequent first, or nothing."""
    if not passed_over:
        return ""
    ordered = sorted(passed_over.items(), key=lambda item: (-item[1], item[0]))
    reasons = [f"{count:,} {reason}" for reason, count in ordered[:PASSED_OVER_REASONS]]
    if rest := sum(count for _, count in ordered[PASSED_OVER_REASONS:]):
        reasons.append(f"{rest:,} others")
    total = sum(passed_over.values())
    files = "file" if total == 1 else "files"
    return f"{total:,} {files} passed over: {', '.join(reasons)}; see docs/corpora.md"


def _archived(
    path: str,
    suffixes: tuple[str, ...],
    scratch: str | os.PathLike[str],
    passed_over: Counter[str],
) -> Iterator[Source]:
    if not path.lower().endswith(PACKED_TARS):
        yield from members(path, suffixes, passed_over=passed_over)
        return
    # Compressed tars have no random access: expanded once, not for every member.
    handle, plain = tempfile.mkstemp(suffix=".tar", dir=os.fspath(scratch))
    try:
        with open(handle, "wb") as file, _expanding(path) as packed:
            shutil.copyfileobj(packed, file, 2**20)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        reason = f"an archive that cannot be expanded: {archive_fault(error)}"
        yield UnreadableFile(display_name(path), reason)
    else:
        yield from members(plain, suffixes, path, passed_over)


def _expanding(path: str) -> BinaryIO:
    for names, opened in ((("gz", "tgz"), gzip.open), (("bz2", "tbz2"), bz2.open)):
        if path.lower().endswith(names):
            return cast("BinaryIO", opened(path))
    return cast("BinaryIO", lzma.open(path))


def display_name(source: Source, number: int | None = None) -> str:
    """Return a path as valid Unicode, or the type of an object without a name, and its number."""
    name = name_of(source)
    if name is not None:
        if name.isascii():
            return name
        return os.fsencode(name).decode("utf-8", "backslashreplace")
    kind = type(source).__name__
    return f"<{kind}>" if number is None else f"<{kind} {number}>"
