"""Your own marked files: MIDI and notation whose marks are their sections."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from symbolic.data.audit.duplicates import notes_hash
from symbolic.data.corpus import Corpus
from symbolic.data.groups import merged_groups
from symbolic.data.pieces import Piece
from symbolic.notes import NOTE_SUFFIXES, ReadError, read_notes
from symbolic.notes.marks import read_marks
from symbolic.notes.pool import apply_many
from symbolic.notes.read import Source
from symbolic.notes.sections import sections_of
from symbolic.notes.sources import display_name, find_files
from symbolic.tasks import BOUNDARY

NAME = "marked"
GROUPS = ("file", "folder")


def read_marked(folder: str | Path, by: str = "file") -> Corpus:
    """Read the files of a folder that mark their own sections.

    Args:
        folder: with MIDI, MusicXML or other notation, at any depth; sections are those of
            `sections_of`, by markers, rehearsal marks, cue points, or double bars and repeats.
        by: `file`, each is a group, together with files of its name in the same folder; or
            `folder`, the files of each folder are one. Files with the same notes are in one group
            in both cases.

    Returns:
        A piece for each file with two sections or more, in order, with its bar lines; `boundary` is
        a tuple of seconds, with the beginning and the end. Files that are left out are counted in
        the findings.

    Raises:
        FileNotFoundError: no such folder, or no file of notes in it.
        ValueError: another group, or no file with marked sections.
    """
    if by not in GROUPS:
        raise ValueError(f"by {by!r}: there are {', '.join(GROUPS)}")
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder of marked MIDI or MusicXML files")
    paths = list(find_files(folder, NOTE_SUFFIXES))
    if not paths:
        raise FileNotFoundError(f"{folder}: no MIDI or MusicXML file in it")
    pieces: list[Piece] = []
    hashes: list[bytes] = []
    unreadable: list[Path] = []
    for path, found in zip(paths, apply_many(_marked, paths), strict=True):
        if isinstance(found, ReadError):
            unreadable.append(path)
        elif found.boundaries:
            inside = path.relative_to(folder)
            group = display_name(inside.with_suffix("") if by == "file" else inside.parent)
            labels = {BOUNDARY.name: found.boundaries}
            pieces.append(Piece(path, group, labels, NAME, bars=found.bars))
            hashes.append(found.content)
    unmarked = len(paths) - len(pieces) - len(unreadable)
    if not pieces:
        raise ValueError(
            f"{folder}: none of {len(paths)} files has marked sections, and {len(unreadable)} "
            "cannot be read"
        )
    findings = []
    for count, why in (
        (unmarked, "have no marked sections and are left out"),
        (len(unreadable), "cannot be read and are left out"),
    ):
        if count:
            findings.append(f"{count} of {len(paths)} files {why}")
    if unreadable:
        findings[-1] += f", the first is {unreadable[0].name}"
    return Corpus(NAME, _merged(pieces, hashes), (BOUNDARY,), findings)


class _Marked(NamedTuple):
    """Boundaries of a file, empty without sections, its bar lines, and a hash of its notes."""

    boundaries: tuple[float, ...]
    bars: tuple[float, ...]
    content: bytes


def _marked(sources: Sequence[Source]) -> list[_Marked | ReadError]:
    """Read files; a worker calls this."""
    found: list[_Marked | ReadError] = []
    for source in sources:
        try:
            marks = read_marks(source)
            sections = sections_of(marks)
            if not sections.kinds:
                found.append(_Marked((), (), b""))
                continue
            times, bars = tuple(sections.times.tolist()), tuple(marks.bars.tolist())
            found.append(_Marked(times, bars, notes_hash(read_notes(source))))
        except ReadError as error:
            found.append(error)
    return found


def _merged(pieces: Sequence[Piece], hashes: Sequence[bytes]) -> list[Piece]:
    """Put pieces with the same notes into one group."""
    first: dict[bytes, str] = {}
    same = [
        (first.setdefault(content, piece.group), piece.group)
        for piece, content in zip(pieces, hashes, strict=True)
    ]
    groups = merged_groups([piece.group for piece in pieces], same)
    return [
        Piece(piece.path, groups[piece.group], piece.labels, piece.corpus, bars=piece.bars)
        for piece in pieces
    ]
