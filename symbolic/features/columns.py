"""Groups of feature columns, and their values for one piece or several."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
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
)
from symbolic.features.onsets import Onsets
from symbolic.notes import NoteTable, ReadError, note_table, read_notes
from symbolic.notes.pool import apply_many
from symbolic.notes.read import name_of
from symbolic.notes.sources import display_name, find_sources

if TYPE_CHECKING:
    import pandas as pd

    from symbolic.notes.read import Source

logger = logging.getLogger(__name__)

Block = Callable[[Onsets], dict[str, float]]  # of several columns; its docstring defines them

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

_ONE_NOTE = Onsets(note_table([0], [480], [60], [64]))
_COLUMNS = {block: tuple(block(_ONE_NOTE)) for blocks in BLOCKS.values() for block in blocks}
_COLUMNS[tonal.evidence] = tonal.TONAL_NAMES
_BLOCK_OF = {name: block for block, names in _COLUMNS.items() for name in names}

FEATURE_GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(name for block in blocks for name in _COLUMNS[block])
    for group, blocks in BLOCKS.items()
}
"""The names of the columns of each group; every column is in one group."""

FEATURE_NAMES: tuple[str, ...] = tuple(name for names in FEATURE_GROUPS.values() for name in names)
"""The names of the columns of all groups, group by group, without `TONAL_NAMES`."""

ABSOLUTE_PITCH = (
    *("pitch_mean", "pitch_q10", "pitch_q25", "pitch_median", "pitch_q75", "pitch_q90"),
    *("skyline_mean", "bass_mean", "pitch_sounding_mean"),
)
"""Columns of the groups that change with transposition, by as many semitones; no other changes."""


@lru_cache
def _blocks(names: tuple[str, ...]) -> tuple[Block, ...]:
    """Return the functions that compute these columns, each once."""
    if unknown := set(names) - _BLOCK_OF.keys():
        raise ValueError(f"no feature is called {', '.join(sorted(unknown))}")
    return tuple(dict.fromkeys(_BLOCK_OF[name] for name in names))


def features(notes: Source, names: Sequence[str] | None = None) -> np.ndarray:
    """Compute the feature vector of a piece.

    Args:
        notes: of at least one pitched note; anything that `read_notes` takes.
        names: the requested columns, for example `FEATURE_GROUPS["rhythm"]`, `FEATURE_SETS["core"]`
            or `TONAL_NAMES`; all of `FEATURE_NAMES` where None.

    Returns:
        (len(names),) float64, all finite, in the order of the names. The module of each group
        defines its columns; times are seconds, pitches MIDI numbers.

    Raises:
        ReadError: a source that cannot be read, whose file the message names, or without pitched
            notes.
        ValueError: an unknown column.
    """
    names = FEATURE_NAMES if names is None else tuple(names)
    blocks = _blocks(names)
    onsets = Onsets(notes if isinstance(notes, NoteTable) else read_notes(notes))
    columns = {}
    for block in blocks:
        columns |= block(onsets)
    return np.fromiter([columns[name] for name in names], np.float64, len(names))


def feature_frame(
    sources: Source | Iterable[Source], names: Sequence[str] | None = None
) -> pd.DataFrame:
    """Compute the features of pieces, one row each.

    Args:
        sources: one or several: paths of files, or of folders and archives, which are replaced by
            the music in them; or anything else that `read_notes` takes.
        names: as of `features`.

    Returns:
        A frame of (n, len(names)) float64 with the names as columns;
        `frame[list(FEATURE_GROUPS["rhythm"])]` is one group of it. Its index, `path`, names the
        files; where no source has a name, as note tables have none, rows are numbered from 0. The
        row of a piece that cannot be read, or without pitched notes, is NaN, and a warning names
        the file; the others are not affected.

    Raises:
        ValueError: an unknown column.

    Example:
        >>> import symbolic
        >>> frame = symbolic.feature_frame(["song.mid", "folder/"])
    """
    import pandas as pd

    names = FEATURE_NAMES if names is None else tuple(names)
    _blocks(names)
    with TemporaryDirectory() as scratch:
        found = list(find_sources(sources, scratch=scratch))
        vectors = list(apply_many(partial(_vectors, names=names), found, workers=0))
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
    return [features(source, names) for source in sources]
