"""Which files a user means, and how they are named in a table."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from symbolic.notes.read import SUFFIXES, kind_of

if TYPE_CHECKING:
    from symbolic.notes.read import Source


def find_sources(
    sources: Source | Iterable[Source],
    recursive: bool = True,
    suffixes: tuple[str, ...] = SUFFIXES,
) -> Iterator[Source]:
    """Files to score, in order: folders are replaced by the music files in them, sorted by path.

    Music is what has a name that ends as one of `suffixes`, by default those of MIDI and MusicXML.

    A path that is named is kept whatever it is called, and if it does not exist: it gets a row. In
    folders, names that begin with a dot are passed over and links to folders are not followed.
    """
    for source in [sources] if kind_of(sources) else sources:
        if kind_of(source) != "path":
            yield source
        elif os.path.isdir(source):
            yield from sorted(_folder_files(Path(source), recursive, suffixes))
        else:
            yield Path(source)


def _folder_files(folder: Path, recursive: bool, suffixes: tuple[str, ...]) -> Iterator[Path]:
    unreadable: list[Path] = []

    def note(error: OSError) -> None:
        unreadable.append(Path(error.filename))

    for place, folders, files in os.walk(folder, onerror=note):
        folders[:] = [name for name in folders if recursive and not name.startswith(".")]
        for name in files:
            if name.lower().endswith(suffixes) and not name.startswith("."):
                yield Path(place, name)
    yield from unreadable  # a row each, so that nobody takes them for scored


def display_name(source: Source) -> str:
    """A path as text that every encoding can write; the kind of object for what is no path."""
    if kind_of(source) == "path":
        return os.fsencode(source).decode("utf-8", "backslashreplace")
    return f"<{type(source).__name__}>"
