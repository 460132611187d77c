"""Keys of pieces over time, and what is written beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from symbolic.inference.key_changes import change_onsets
from symbolic.inference.key_path import key_path
from symbolic.inference.key_windows import (
    KeyNetwork,
    by_onset,
    key_evidence,
)
from symbolic.notes import NoteTable
from symbolic.notes.keys import KEY_NAMES
from symbolic.scoring.keys.confidence import key_confidences

if TYPE_CHECKING:
    import pandas as pd

MOST_SHOWN = 12  # keys in the text of a piece


class LocalKey(NamedTuple):
    """A key and when it holds.

    Attributes:
        key: its name, as in the column `key` of scores: `D major`, `b minor`.
        start, end: seconds; the first begins at 0, the last ends with the piece.
        confidence: mean probability of the key between start and end, 0..1
            (`symbolic.scoring.keys.confidence`): about the share of that time for which it is
            right.
    """

    key: str
    start: float
    end: float
    confidence: float

    def __str__(self) -> str:
        sure = f"{self.confidence:.2f}".removeprefix("0")
        return f"{self.key} {self.start:.0f}-{self.end:.0f} s ({sure})"


@dataclass(frozen=True)
class KeyTimeline:
    """The keys of a piece over time.

    Attributes:
        path: of the piece, as in a table of scores.
        keys: one after the other, at least one for a piece that could be read.
        written: the key signatures of the file, as of `symbolic.notes.signatures.written_keys`.
        error: empty, or why the piece could not be read.
    """

    path: str = ""
    keys: tuple[LocalKey, ...] = ()
    written: tuple[str, ...] = ()
    error: str = ""

    def __str__(self) -> str:
        if self.error:
            return f"no keys: {self.error}"
        text = "; ".join(map(str, self.keys[:MOST_SHOWN]))
        more = len(self.keys) - MOST_SHOWN
        return text if more <= 0 else f"{text}; and {more} more"

    def at(self, seconds: Sequence[float] | np.ndarray) -> list[LocalKey]:
        """Look up the key at each of some times; before and after the piece the nearest."""
        starts = np.array([key.start for key in self.keys[1:]])
        return [self.keys[place] for place in np.searchsorted(starts, seconds, side="right")]

    @property
    def values(self) -> dict[str, Any]:
        """The columns `KEYS_OVER_TIME` of the piece; none without keys."""
        if self.error:
            return {}
        return {"keys": "; ".join(map(str, self.keys)), "written_key": "; ".join(self.written)}


class KeyTimelines(list[KeyTimeline]):
    """Keys of pieces over time, in the order of their files; as text a line for each."""

    def __str__(self) -> str:
        return "\n".join(f"{one.path}: {one}" if len(self) > 1 else str(one) for one in self)

    def to_frame(self) -> pd.DataFrame:
        """Make a table with a row for each key of each piece.

        Returns:
            A frame with the columns `path key start end confidence written_key error`. A piece that
            could not be read has one row, of missing values and its error.
        """
        import pandas as pd

        rows = []
        for one in self:
            written = "; ".join(one.written)
            rows += [(one.path, *key, written, "") for key in one.keys]
            if one.error:
                rows.append((one.path, None, np.nan, np.nan, np.nan, None, one.error))
        columns = ["path", *LocalKey._fields, "written_key", "error"]
        return pd.DataFrame(rows, columns=columns)


def keys_over_time(network: KeyNetwork, notes: NoteTable) -> tuple[LocalKey, ...]:
    """Find the keys of a piece over time.

    The network of keys predicts from windows of nine seconds around each second, and a hidden
    Markov model smooths its predictions (`symbolic.inference.key_path`). A key begins at the onset
    that parts the notes best (`symbolic.inference.key_changes`).

    Args:
        network: of keys, of a model.
        notes: at least one pitched.
    """
    notes = by_onset(notes)
    evidence = key_evidence(network, notes)
    path = key_path(evidence)
    changes = np.flatnonzero(path[1:] != path[:-1]) + 1
    keys = path[np.append(0, changes)]
    begins = np.append(0.0, change_onsets(notes, keys, evidence.edges[changes]))
    begins[np.append(begins[1:], np.inf) <= begins] = np.nan  # keys without a note
    keys, begins = keys[~np.isnan(begins)], begins[~np.isnan(begins)]
    new = np.append(True, keys[1:] != keys[:-1])
    keys, starts = keys[new], begins[new]
    starts[0] = 0.0
    ends = np.append(starts[1:], notes.seconds)
    sure = key_confidences(evidence, keys, starts)
    columns = (keys.tolist(), starts.tolist(), ends.tolist(), sure.tolist())
    return tuple(LocalKey(KEY_NAMES[key], *values) for key, *values in zip(*columns, strict=True))
