"""Groups of feature columns, and their values for one piece or several."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache, partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from symbolic.features import (
    articulation,
    density,
    dynamics,
    harmony,
    histograms,
    interval,
    key_and_mode,
    pitch,
    rhythm,
    tonal,
    voices,
)
from symbolic.features.onsets import Onsets
from symbolic.features.segments import Columns
from symbolic.notes import NoteTable, ReadError, note_table, read_notes
from symbolic.notes.joined import JoinedNotes
from symbolic.notes.pool import apply_many
from symbolic.notes.read import name_of
from symbolic.notes.sources import display_name, find_sources

if TYPE_CHECKING:
    import pandas as pd

    from symbolic.notes.read import Source

logger = logging.getLogger(__name__)

Block = Callable[[Onsets], Columns]
"""A function of several columns of pieces; its docstring defines them."""

MOST_PIECES, MOST_NOTES = 64, 40_000  # of one pass: larger ones are faster and take more memory

BLOCKS: dict[str, tuple[Block, ...]] = {
    "pitch": (pitch.heights, pitch.registers),
    "interval": (interval.moves, interval.shapes),
    "rhythm": (rhythm.intervals, rhythm.ratios, rhythm.pulse),
    "density": (density.rates, density.voices, density.textures),
    "dynamics": (dynamics.loudness, dynamics.contrasts),
    "articulation": (articulation.lengths, articulation.touches),
    "key_and_mode": (key_and_mode.tonality, key_and_mode.local_modes, key_and_mode.scales),
    "harmony": (harmony.chords, harmony.progressions, harmony.tension),
    "histograms": (
        *(histograms.chord_changes, histograms.lengths, histograms.velocities),
        histograms.outer_voices,
    ),
}
"""Functions of each group of columns; only those of requested columns run."""

OTHER_BLOCKS: dict[str, tuple[Block, ...]] = {
    "tonal": (tonal.evidence,),
    "voices": (voices.rates, voices.doublings, voices.outer_rates),
    "drums": (voices.drums,),
    "played": (dynamics.played,),
}
"""Functions of columns that belong to no group, by feature set."""


def _names(block: Block) -> list[str]:
    """List the columns of a block, in its order."""
    keys = block(Onsets([note_table([0], [480], [60], [64])]))
    return [name for key in keys for name in ([key] if isinstance(key, str) else key)]


_COLUMNS = {
    block: _names(block)
    for blocks in (*BLOCKS.values(), *OTHER_BLOCKS.values())
    for block in blocks
}
_BLOCK_OF = {name: block for block, names in _COLUMNS.items() for name in names}

FEATURE_GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(name for block in blocks for name in _COLUMNS[block])
    for group, blocks in BLOCKS.items()
}
"""The names of the columns of each group; every column but those of `OTHER_NAMES` is in one."""

OTHER_NAMES: dict[str, tuple[str, ...]] = {
    name: tuple(name for block in blocks for name in _COLUMNS[block])
    for name, blocks in OTHER_BLOCKS.items()
}
"""The names of the columns that belong to no group, by feature set."""

CHOICES = dict(FEATURE_GROUPS)
"""Columns by the names of groups, and of the sets that `symbolic.features.sets` adds."""

FEATURE_NAMES: tuple[str, ...] = tuple(name for names in FEATURE_GROUPS.values() for name in names)
"""The names of the columns of all groups, group by group, without `OTHER_NAMES`."""

ABSOLUTE_PITCH = (
    *("pitch_mean", "pitch_q10", "pitch_q25", "pitch_median", "pitch_q75", "pitch_q90"),
    *("skyline_mean", "bass_mean", "pitch_sounding_mean"),
)
"""Columns of the groups that change with transposition, by as many semitones; no other changes."""


@lru_cache
def _plan(names: tuple[str, ...]) -> tuple[list[Block], slice | np.ndarray]:
    """Plan the computation of columns; a ValueError for an unknown one.

    Returns:
        The blocks to compute, and what selects the columns among theirs.
    """
    if unknown := set(names) - _BLOCK_OF.keys():
        raise ValueError(f"no feature is called {', '.join(sorted(unknown))}")
    blocks = list(dict.fromkeys(_BLOCK_OF[name] for name in names))
    computed = [name for block in blocks for name in _COLUMNS[block]]
    if computed == list(names):
        return blocks, slice(None)
    place = {name: number for number, name in enumerate(computed)}
    return blocks, np.array([place[name] for name in names], np.int64)


def named_columns(text: str) -> list[str]:
    """Look up the columns of sets and groups, separated by commas, each column once.

    `none` is the empty list.

    Raises:
        ValueError: a name that is neither in `FEATURE_SETS` nor in `FEATURE_GROUPS`.
    """
    columns: dict[str, None] = {}
    for name in [] if text == "none" else text.split(","):
        if name not in CHOICES:
            names = ", ".join(["none", *CHOICES])
            raise ValueError(f"unknown feature set {name!r}; choose from {names}")
        columns |= dict.fromkeys(CHOICES[name])
    return list(columns)


def _requested(names: str | Sequence[str] | None) -> tuple[str, ...]:
    """The columns that are asked for; a ValueError for an unknown group or set."""
    if isinstance(names, str):
        return tuple(named_columns(names))
    return FEATURE_NAMES if names is None else _expanded(tuple(names))


@lru_cache
def _expanded(names: tuple[str, ...]) -> tuple[str, ...]:
    """Replace groups and sets among names by their columns."""
    return tuple(column for name in names for column in CHOICES.get(name, (name,)))


def features(notes: Source, names: str | Sequence[str] | None = None) -> np.ndarray:
    """Compute the feature vector of a piece; `feature_rows` is faster for many.

    Args:
        notes: of at least one pitched note; anything that `read_notes` takes.
        names: the requested columns: groups and sets by name, as `named_columns` takes them
            ("rhythm,harmony"), or names of columns; all of `FEATURE_NAMES` where None.

    Returns:
        (len(names),) float64, all finite, in the order of the names. The module of each group
        defines its columns; times are seconds, pitches MIDI numbers.

    Raises:
        ReadError: a source that cannot be read, whose file the message names, or without pitched
            notes.
        ValueError: an unknown column, group or set.
    """
    return feature_rows([notes if isinstance(notes, NoteTable) else read_notes(notes)], names)[0]


def feature_rows(
    tables: Sequence[NoteTable] | JoinedNotes, names: str | Sequence[str] | None = None
) -> np.ndarray:
    """Compute the feature vectors of pieces, many in one pass.

    A row does not depend on the other pieces, to the last bit.

    Args:
        tables: of the p pieces; or their notes joined, which are taken in one pass.
        names: as of `features`.

    Returns:
        (p, len(names)) float64.

    Raises:
        ReadError: a piece without pitched notes.
        ValueError: an unknown column, group or set.
    """
    names = _requested(names)
    blocks, chosen = _plan(names)
    _keep_freed_memory()
    if isinstance(tables, JoinedNotes):
        return _pass(Onsets(tables), blocks)[chosen].T
    rows = np.empty((len(tables), len(names)))
    for first, last in _passes([len(table) for table in tables]):
        rows[first:last] = _pass(Onsets(tables[first:last]), blocks)[chosen].T
    return rows


def _pass(onsets: Onsets, blocks: Sequence[Block]) -> np.ndarray:
    """Compute the (k, p) columns of blocks."""
    values = [values for block in blocks for values in block(onsets).values()]
    return np.concatenate([np.empty(0), *values], axis=None).reshape(-1, len(onsets))


@cache
def _keep_freed_memory() -> None:
    """Have freed arrays kept for the next pass.

    The allocator of glibc returns large blocks to the system, and their pages are mapped and
    cleared anew in each pass, unless a larger block was freed before; 16 MB of which no page is
    used are enough. Other allocators are not affected.
    """
    np.empty(1 << 21)


def _passes(notes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last piece, exclusive, of each pass, from their numbers of notes."""
    first = total = 0
    for piece, count in enumerate(notes):
        if piece > first and (piece - first == MOST_PIECES or total + count > MOST_NOTES):
            yield first, piece
            first, total = piece, 0
        total += count
    if len(notes) > first:
        yield first, len(notes)


def feature_frame(
    sources: Source | Iterable[Source], names: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Compute the features of pieces, one row each.

    Args:
        sources: one or several: paths of files, or of folders and archives, which are replaced by
            the music in them; or anything else that `read_notes` takes.
        names: as of `features`.

    Returns:
        A frame of (n, len(names)) float64 with the names as columns;
        `frame[named_columns("rhythm")]` is one group of it. Its index, `path`, names the
        files; where no source has a name, as note tables have none, rows are numbered from 0. The
        row of a piece that cannot be read, or without pitched notes, is NaN, and a warning names
        the file; the others are not affected.

    Raises:
        ValueError: an unknown column, group or set.

    Example:
        >>> import symbolic
        >>> frame = symbolic.feature_frame(["song.mid", "folder/"])
        >>> rhythm = symbolic.feature_frame("folder/", "rhythm,density")
    """
    import pandas as pd

    names = _requested(names)
    _plan(names)  # refuses unknown columns
    with TemporaryDirectory() as scratch:
        found = list(find_sources(sources, scratch=scratch))
        compute = partial(_vectors, names=names)
        vectors = list(apply_many(compute, found, workers=0, files_per_task=MOST_PIECES))
    paths = [display_name(source, number) for number, source in enumerate(found)]
    rows = np.full((len(found), len(names)), np.nan)
    for row, path, vector in zip(rows, paths, vectors, strict=True):
        if isinstance(vector, ReadError):
            logger.warning("%s: %s", path, vector.reason)
        else:
            row[:] = vector
    named = any(name_of(source) is not None for source in found)
    return pd.DataFrame(rows, pd.Index(paths, name="path") if named else None, list(names))


def _vectors(sources: Sequence[Source], names: Sequence[str]) -> list[np.ndarray]:
    """Compute the feature vectors of pieces."""
    tables = [source if isinstance(source, NoteTable) else read_notes(source) for source in sources]
    return list(feature_rows(tables, names))
