"""Groups of feature columns, and their values for one piece or several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
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
from symbolic.notes import NoteTable, note_table

if TYPE_CHECKING:
    import pandas as pd

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


def features(notes: NoteTable, names: Sequence[str] | None = None) -> np.ndarray:
    """Compute the feature vector of a piece.

    Args:
        notes: at least one pitched note.
        names: the requested columns, for example `FEATURE_GROUPS["rhythm"]`, `FEATURE_SETS["core"]`
            or `TONAL_NAMES`; all of `FEATURE_NAMES` where None.

    Returns:
        (len(names),) float64, all finite, in the order of the names. The module of each group
        defines its columns; times are seconds, pitches MIDI numbers.

    Raises:
        ValueError: no pitched notes, or an unknown column.
    """
    names = FEATURE_NAMES if names is None else tuple(names)
    blocks = _blocks(names)
    onsets = Onsets(notes)
    columns = {}
    for block in blocks:
        columns |= block(onsets)
    return np.fromiter([columns[name] for name in names], np.float64, len(names))


def feature_frame(pieces: Sequence[NoteTable], names: Sequence[str] | None = None) -> pd.DataFrame:
    """Compute the features of several pieces, one row each.

    Args:
        pieces: note tables, each with at least one pitched note.
        names: as of `features`.

    Returns:
        A frame of (len(pieces), len(names)) float64 with the names as columns and rows numbered
        from 0; `frame[list(FEATURE_GROUPS["rhythm"])]` is one group of it.

    Raises:
        ValueError: a piece without pitched notes (the message has its index), or an unknown column.
    """
    import pandas as pd

    names = FEATURE_NAMES if names is None else tuple(names)
    _blocks(names)
    rows = np.empty((len(pieces), len(names)))
    for row, notes in enumerate(pieces):
        try:
            rows[row] = features(notes, names)
        except ValueError as error:
            raise ValueError(f"piece {row}: {error}") from error
    return pd.DataFrame(rows, columns=list(names))
