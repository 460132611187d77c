"""`read_notes`: a note table from any source; file content decides the format, not the name.

Readers of other formats than MIDI are imported when such a file comes.
"""

from __future__ import annotations

import io
import os
import stat
from typing import TYPE_CHECKING, TypeAlias, TypeGuard, cast

import numpy as np

from symbolic.notes.archives import ArchiveMember, NamedBytes, UnreadableFile, read_member
from symbolic.notes.midi.reader import is_midi, read_midi, score_notes
from symbolic.notes.table import MAX_NOTES, NoteTable, ReadError

if TYPE_CHECKING:
    from music21.stream import Stream
    from pretty_midi import PrettyMIDI
    from symusic.types import Score

Source: TypeAlias = "File | NoteTable | Score | PrettyMIDI | Stream"
File: TypeAlias = "str | os.PathLike[str] | bytes | NamedBytes | ArchiveMember | UnreadableFile"

MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".rmi")
MUSICXML_SUFFIXES = (".musicxml", ".xml", ".mxl")
NOTATION_SUFFIXES = (".krn", ".kern", ".abc", ".mei", ".mscx", ".mscz")
NOTE_SUFFIXES = MIDI_SUFFIXES + MUSICXML_SUFFIXES + NOTATION_SUFFIXES

MIDI, MUSICXML = "MIDI", "MusicXML"  # formats
MAX_FILE_BYTES = 64 * 2**20
MAX_PIECE_SECONDS = 24 * 3600.0
MAX_PIECE_QUARTERS = 1_000_000


def read_notes(source: Source) -> NoteTable:
    """Read any source of notes into a note table.

    Args:
        source: a path (`.mid .midi .kar .rmi .musicxml .xml .mxl`; with the extra `formats` also
            `.krn .kern .abc .mei`, and with the MuseScore program `.mscx .mscz`), the bytes of such
            a file, with a name or without, a member of an archive, a `symusic.Score`, a
            `pretty_midi.PrettyMIDI`, a music21 stream, or a note table, which is only validated.

    Returns:
        A table with at least one pitched note.

    Raises:
        ReadError: the source is no music, is damaged, has no notes or only drums, exceeds the
            limits of this module (bytes, notes, seconds), holds several pieces, such as a tune
            book, or needs a library that is not installed; the message names the file.
        TypeError: an object of another type.
    """
    name = name_of(source)
    try:
        return checked(_read(content_of(source) if is_file(source) else source))
    except ReadError as error:
        if name is None:
            raise
        raise ReadError(error.reason, source=name) from error


def name_of(source: Source) -> str | None:
    """Return the name of a source in errors; None if it has none."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    return source.path if isinstance(source, NamedBytes | ArchiveMember | UnreadableFile) else None


def content_of(source: File) -> bytes:
    """Return the bytes of a file: on disk, in an archive or in memory.

    Raises:
        ReadError: the bytes cannot be read; without the name of the file.
    """
    match source:
        case str() | os.PathLike():
            return read_bytes(os.fspath(source))
        case bytes() | bytearray() | memoryview():
            return bytes(source)
        case NamedBytes():
            return source.content
        case ArchiveMember():
            return read_member(source, MAX_FILE_BYTES)
        case UnreadableFile():
            raise ReadError(source.reason)
    raise TypeError(f"no bytes in a {type(source).__name__}")


def read_bytes(path: str) -> bytes:
    """Read a regular file of at most `MAX_FILE_BYTES`.

    Raises:
        ReadError: it cannot be read; without the name of the file.
    """
    return _read_quickly(path) or _read_carefully(path)


def _read_quickly(path: str) -> bytes:
    """Read a file that has a size and gives as many bytes; return none of any other."""
    try:
        file = os.open(path, _OPEN_FLAGS)
        try:  # `open`, or the status of the file, would take as long as parsing
            size = os.lseek(file, 0, os.SEEK_END)
            if 0 < size <= MAX_FILE_BYTES:
                os.lseek(file, 0, os.SEEK_SET)
                data = os.read(file, size + 1)
                return data if len(data) == size else b""
        finally:
            os.close(file)
    except (OSError, ValueError):
        pass
    return b""


def _read_carefully(path: str) -> bytes:
    """Read a regular file whose size may be wrong, or find out why it cannot be read."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            if not stat.S_ISDIR(status.st_mode):
                raise ReadError("not a regular file")
            if not os.access(path, os.R_OK | os.X_OK):  # found while its parent was searched
                raise ReadError("a folder without permission to open it")
            raise ReadError("a folder, not a file")
        if status.st_size > MAX_FILE_BYTES:
            raise _too_large(status.st_size)
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError) as error:
        import glob  # for this error alone

        pattern = glob.has_magic(os.fsdecode(path))
        raise ReadError("no file matches" if pattern else "no such file") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        if isinstance(error, ReadError):
            raise
        raise ReadError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
"""Without waiting for a writer of a pipe."""


def _too_large(size: int) -> ReadError:
    return ReadError(f"{size / 2**20:.0f} MiB, more than the {MAX_FILE_BYTES >> 20} MiB read")


def kind_of(source: object) -> str | None:
    """Return the kind of a source, None for any other object.

    Kinds are path, bytes, named, table, symusic, pretty_midi and music21. Classes of libraries are
    recognised by the name of their module, without importing it.
    """
    for classes, kind in _KINDS.items():
        if isinstance(source, classes):
            return kind
    modules = {cls.__module__.split(".")[0] for cls in type(source).__mro__}
    return next((name for name in ("symusic", "pretty_midi", "music21") if name in modules), None)


def wrong_type(source: object, others: str = "") -> TypeError:
    """Make the error for an object that is no source; `others` is what else would be taken."""
    return TypeError(
        "expected a path, bytes, NoteTable, symusic.Score, pretty_midi.PrettyMIDI or music21 "
        f"stream{others}, got {type(source).__name__}"
    )


def is_file(source: object) -> TypeGuard[File]:
    """Return whether a source has the bytes of a file, which `content_of` returns."""
    return isinstance(source, _FILES)


_PATHS = (str, os.PathLike)
_BYTES = (bytes, bytearray, memoryview)
_NAMED = (NamedBytes, ArchiveMember, UnreadableFile)
_FILES = (*_PATHS, *_BYTES, *_NAMED)
_KINDS = {_PATHS: "path", _BYTES: "bytes", _NAMED: "named", NoteTable: "table"}


def _read(source: Source) -> NoteTable:
    match kind_of(source):
        case "bytes":
            return _read_content(bytes(cast("bytes", source)))
        case "table":
            return cast("NoteTable", source)
        case "symusic":
            return score_notes(cast("Score", source))
        case "pretty_midi":
            buffer = io.BytesIO()
            cast("PrettyMIDI", source).write(buffer)
            return read_midi(buffer.getvalue())
        case "music21":
            from symbolic.notes.formats.streams import stream_notes

            return stream_notes(cast("Stream", source))
    raise wrong_type(source)


def _read_content(data: bytes) -> NoteTable:
    kind = format_of(data)
    if kind == MIDI:
        return read_midi(data)
    if kind == MUSICXML:
        from symbolic.notes.musicxml.reader import read_musicxml

        return read_musicxml(data)
    from symbolic.notes.formats.notations import read_notation

    return read_notation(data, kind)


def format_of(data: bytes) -> str:
    """Detect the format of a file by its content: `MIDI`, `MUSICXML`, or as `notation_of` names it.

    Raises:
        ReadError: an empty or too large file, a recording, or another format.
    """
    if not data:
        raise ReadError("empty file")
    if len(data) > MAX_FILE_BYTES:
        raise _too_large(len(data))
    if is_recording(data):
        raise ReadError("a recording, not notes: it needs a model of audio")
    if is_midi(data):
        return MIDI
    from symbolic.notes.formats.notations import notation_of

    notation = notation_of(data)
    if notation is not None:
        return notation
    if data[:4] == b"PK\x03\x04" or data.lstrip()[:1] == b"<" or data[:3] in _XML_MARKS:
        return MUSICXML
    raise ReadError(f"neither MIDI nor MusicXML: the file begins with {data[:8]!r}")


def is_recording(data: bytes) -> bool:
    """Return whether content has the header of WAV, AIFF, AU, FLAC, Ogg or MP3."""
    if data[:4] in (b"RIFF", b"FORM"):
        return data[8:12] in (b"WAVE", b"AIFF", b"AIFC")
    # An MP3 begins with a tag, or with a frame: eleven set bits, and layer II or III.
    frame = data[:1] == b"\xff" and data[1:2] and data[1] & 0xE0 == 0xE0 and data[1] & 6 in (2, 4)
    return data[:4] in (b".snd", b"fLaC", b"OggS") or data[:3] == b"ID3" or bool(frame)


# UTF-8 and UTF-16 byte order marks, and "<" in UTF-16 without one.
_XML_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe<", b"\xfe\xff\x00", b"<\x00?", b"\x00<\x00")


def checked(notes: NoteTable) -> NoteTable:
    """Return the table if it has pitched notes and keeps the limits of this module.

    Raises:
        ReadError: it has none, or exceeds them.
    """
    if not len(notes):
        raise ReadError("no notes")
    if notes.is_drum[0] and np.logical_and.reduce(notes.is_drum):
        raise ReadError("only drums: no pitched notes")
    if notes.onset_ticks[0] < 0:
        raise ReadError("a note begins before 0")
    if len(notes) > MAX_NOTES:
        raise ReadError(f"{len(notes):,} notes, more than the {MAX_NOTES:,} read")
    ends = notes.onset_ticks + notes.duration_ticks
    quarters = np.maximum.reduce(ends) / notes.ticks_per_quarter
    if not (notes.seconds <= MAX_PIECE_SECONDS and quarters <= MAX_PIECE_QUARTERS):
        raise ReadError(
            f"lasts {notes.seconds / 3600:,.0f} hours ({quarters:,.0f} quarters): probably damaged"
        )
    return notes
