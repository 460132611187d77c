"""The note table: output of every reader, input of every other sub-package."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from symbolic.errors import SymbolicError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

DEFAULT_TEMPO = 120.0  # quarters per minute: the default of the MIDI standard
DEFAULT_TEMPOS = (0, DEFAULT_TEMPO)  # tick, quarters per minute
DEFAULT_METERS = (0, 4, 4)  # tick, numerator, denominator
NO_DRUMS = np.zeros(0), np.zeros(0, np.int64)
MAX_NOTES = 2_000_000  # of a piece
MAX_REASON_LENGTH = 300  # characters


class ReadError(SymbolicError, ValueError):
    """A source that cannot be read as music.

    Attributes:
        reason: one short line; control characters and long quotes of libraries are removed.
        source: the name of the file, if any; `str(error)` begins with it.
    """

    def __init__(self, reason: str, source: str | None = None) -> None:
        reason = " ".join(reason[: 4 * MAX_REASON_LENGTH].split())
        reason = "".join(letter if letter.isprintable() else "?" for letter in reason)
        if len(reason) > MAX_REASON_LENGTH:
            reason = f"{reason[: MAX_REASON_LENGTH - 3]}..."
        super().__init__(reason, source)
        self.reason = reason
        self.source = source

    def __str__(self) -> str:
        return f"{self.source}: {self.reason}" if self.source else self.reason


@dataclass(frozen=True, slots=True, eq=False)
class NoteTable:
    """The notes of one piece as parallel arrays, sorted by (onset, pitch, track).

    A struct of arrays rather than a DataFrame: slicing is free and no method loops over notes.

    Attributes:
        onset_ticks: (n,) int64, onset of each note in ticks.
        duration_ticks: (n,) int64, duration in ticks, 0 or more.
        onset: (n,) float64, onset in seconds under the piece's tempo map.
        duration: (n,) float64, duration in seconds.
        pitch: (n,) int64, sounding MIDI pitch, 0..127 (60 is middle C).
        velocity: (n,) int64, MIDI velocity, 1..127.
        track: (n,) int64, index of the track or part the note comes from.
        is_drum: (n,) bool, whether the note is unpitched percussion.
        ticks_per_quarter: ticks in a quarter note.
        has_dynamics: False where the velocities carry no information: a score without dynamic
            marks, or a file whose notes all share one velocity.
        from_notation: whether the source is notation (MusicXML, a music21 stream) and not MIDI;
            ticks of notation are defined by this package, not by the file.
        drum_onset, drum_pitch: (d,) float64 seconds and int64, of the drum notes that `pitched`
            left out; empty where `is_drum` marks them.
        tempo_ticks, tempo: (t,) int64 and float64, tempo changes in quarters per minute, sorted.
        meter_ticks, meter_numerator, meter_denominator: (m,) int64, time signatures, sorted.
    """

    onset_ticks: np.ndarray
    duration_ticks: np.ndarray
    onset: np.ndarray
    duration: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    track: np.ndarray
    is_drum: np.ndarray
    ticks_per_quarter: int
    has_dynamics: bool
    tempo_ticks: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))
    tempo: np.ndarray = field(default_factory=lambda: np.array([DEFAULT_TEMPO]))
    meter_ticks: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))
    meter_numerator: np.ndarray = field(default_factory=lambda: np.full(1, 4, np.int64))
    meter_denominator: np.ndarray = field(default_factory=lambda: np.full(1, 4, np.int64))
    from_notation: bool = False
    drum_onset: np.ndarray = field(default_factory=lambda: NO_DRUMS[0])
    drum_pitch: np.ndarray = field(default_factory=lambda: NO_DRUMS[1])

    def __len__(self) -> int:
        return len(self.pitch)

    def __setstate__(self, state: list[Any]) -> None:
        """Restore a pickled table; one of an earlier version has no drums set apart."""
        values = [*state, *NO_DRUMS] if len(state) == len(fields(self)) - 2 else state
        for column, value in zip(fields(self), values, strict=True):
            object.__setattr__(self, column.name, value)

    def __repr__(self) -> str:
        return f"NoteTable({len(self)} notes, {self.seconds:.1f} s)"

    @property
    def seconds(self) -> float:
        """End of the last note in seconds, 0.0 for an empty table."""
        return float(np.maximum.reduce(self.onset + self.duration, initial=0.0))

    def select(self, index: np.ndarray | slice) -> NoteTable:
        """Return the piece with only the notes of `index` (a mask, positions or a slice)."""
        return replace(self, **{name: getattr(self, name)[index] for name in NOTE_COLUMNS})

    def pitched(self) -> NoteTable:
        """Return the piece with `drum_onset` and `drum_pitch` in place of drum notes; `self` if it
        has none."""
        if not self.is_drum.any():
            return self
        kept = ~self.is_drum
        columns = {name: getattr(self, name)[kept] for name in NOTE_COLUMNS}
        drums = {"drum_onset": self.onset[self.is_drum], "drum_pitch": self.pitch[self.is_drum]}
        return replace(self, **columns, **drums)


NOTE_COLUMNS = tuple(f.name for f in fields(NoteTable))[:8]


def ticks_to_seconds(
    ticks: np.ndarray, tempo_ticks: np.ndarray, tempo: np.ndarray, ticks_per_quarter: int
) -> np.ndarray:
    """Convert ticks to seconds under a tempo map.

    Args:
        ticks: any shape, in ticks.
        tempo_ticks: (t,) sorted ticks of the tempo changes; before the first, 120 per minute.
        tempo: (t,) quarters per minute, positive.
        ticks_per_quarter: positive.

    Returns:
        float64 array shaped like `ticks`.
    """
    if not len(tempo_ticks) or tempo_ticks[0] > 0:
        tempo_ticks = np.concatenate([[0], tempo_ticks])
        tempo = np.concatenate([[DEFAULT_TEMPO], tempo])
    per_tick = 60.0 / (tempo * ticks_per_quarter)
    if len(per_tick) == 1 and tempo_ticks[0] == 0:
        return ticks * per_tick
    # In the dtype of the ticks: otherwise all of them are converted.
    tempo_ticks = tempo_ticks.astype(np.asarray(ticks).dtype)
    starts = np.zeros(len(per_tick))
    ((tempo_ticks[1:] - tempo_ticks[:-1]) * per_tick[:-1]).cumsum(out=starts[1:])
    segment = tempo_ticks[1:].searchsorted(ticks, side="right")
    seconds = (ticks - tempo_ticks.take(segment)) * per_tick.take(segment)
    seconds += starts.take(segment)
    return seconds


def note_table(
    onset_ticks: ArrayLike,
    duration_ticks: ArrayLike,
    pitch: ArrayLike,
    velocity: ArrayLike,
    track: ArrayLike | None = None,
    is_drum: ArrayLike | None = None,
    *,
    ticks_per_quarter: int = 480,
    tempos: tuple[np.ndarray, np.ndarray] | None = None,
    meters: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
    has_dynamics: bool | None = None,
    from_notation: bool = False,
) -> NoteTable:
    """Build a sorted note table from columns in ticks; seconds are computed.

    Args:
        onset_ticks, duration_ticks, pitch, velocity, track, is_drum: (n,) each, in any order of
            notes; `track` defaults to 0, `is_drum` to False.
        ticks_per_quarter: ticks in a quarter note.
        tempos: (ticks, quarters per minute); 120 throughout where None or empty.
        meters: (ticks, numerator, denominator); 4/4 throughout where None or empty.
        has_dynamics: whether velocities carry information; None: whether they differ.
        from_notation: as in `NoteTable`.

    Raises:
        ReadError: ticks per quarter or a tempo that is not positive.
    """
    if ticks_per_quarter <= 0:
        raise ReadError(f"ticks per quarter is {ticks_per_quarter}: onsets have no time")
    columns = [np.array(values, np.int64) for values in (onset_ticks, pitch)]
    if track is not None:
        columns.append(np.array(track, np.int64))
    duration_ticks = np.array(duration_ticks, np.int64)
    velocity = np.array(velocity, np.int64)
    is_drum = None if is_drum is None else np.array(is_drum, bool)
    tempo_ticks, tempo = changes(tempos, DEFAULT_TEMPOS)
    if not (np.minimum.reduce(tempo) > 0 and np.maximum.reduce(tempo) < np.inf):
        raise ReadError("a tempo is zero or not finite: onsets have no time")
    meter_ticks, numerator, denominator = changes(meters, DEFAULT_METERS)

    order = _order(*columns)
    if order is not None:
        columns = [column[order] for column in columns]
        duration_ticks, velocity = duration_ticks[order], velocity[order]
        is_drum = None if is_drum is None else is_drum[order]
    onset_ticks, pitch, *tracks = columns
    both = np.empty((2, len(pitch)))  # whole numbers: converted once
    both[0] = onset_ticks
    both[1] = onset_ticks + duration_ticks
    onset, end = ticks_to_seconds(both, tempo_ticks, tempo, ticks_per_quarter)
    if has_dynamics is None:
        has_dynamics = differ(velocity)
    return NoteTable(
        onset_ticks=onset_ticks,
        duration_ticks=duration_ticks,
        onset=onset,
        duration=end - onset,
        pitch=pitch,
        velocity=velocity,
        track=tracks[0] if tracks else np.zeros(len(pitch), np.int64),
        is_drum=np.zeros(len(pitch), bool) if is_drum is None else is_drum,
        ticks_per_quarter=int(ticks_per_quarter),
        has_dynamics=has_dynamics,
        tempo_ticks=tempo_ticks.astype(np.int64),
        tempo=tempo.astype(np.float64),
        meter_ticks=meter_ticks.astype(np.int64),
        meter_numerator=numerator.astype(np.int64),
        meter_denominator=denominator.astype(np.int64),
        from_notation=from_notation,
    )


def differ(values: np.ndarray) -> bool:
    """Return whether (n,) values differ."""
    if not len(values):
        return False
    return bool(values[0] != values[-1] or np.minimum.reduce(values) != np.maximum.reduce(values))


def _order(*columns: np.ndarray) -> np.ndarray | None:
    """Sort by int64 columns, the first before the next: (n,) indices, None if they are sorted.

    One key is sorted if 63 bits hold it.
    """
    bits = [int(np.bitwise_or.reduce(column)) for column in columns]
    widths = [column_bits.bit_length() for column_bits in bits]
    if min(bits) < 0 or sum(widths) > 63:
        return np.lexsort(columns[::-1])
    key, *rest = columns
    for column, width in zip(rest, widths[1:], strict=True):
        key = key << width
        key |= column
    if not np.count_nonzero(key[1:] < key[:-1]):
        return None
    return key.argsort(kind="stable")  # linear for columns that are nearly sorted


def changes(columns: tuple[np.ndarray, ...] | None, default: tuple[float, ...]) -> list[np.ndarray]:
    """Sort change events by tick and keep the last at each tick; `default` if there are none."""
    if columns is None or not len(columns[0]):
        return [np.array([value]) for value in default]
    ticks = np.asarray(columns[0])
    if np.count_nonzero(ticks[1:] > ticks[:-1]) == len(ticks) - 1:
        return [np.asarray(column) for column in columns]
    order = np.argsort(ticks, kind="stable")
    order = order[np.append(np.diff(ticks[order]) > 0, True)]
    return [np.asarray(column)[order] for column in columns]
