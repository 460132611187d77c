"""How long notes sound, and in which order they are told, in the v/d/n text of Ferreira."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from symbolic.notes import NoteTable, ReadError
from symbolic.notes.batch import NoteBatch
from symbolic.notes.midi.reader import is_midi
from symbolic.notes.table import ticks_to_seconds
from symbolic.tokenizers.releases import falling_releases

if TYPE_CHECKING:
    from symusic import Score

UNIT = 62.5  # milliseconds: a 32nd note at 120 quarters per minute
PITCH_BITS = 7


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StepTable(NoteTable):
    """Emitted notes, and the steps that dropped notes leave behind.

    Attributes:
        step_ticks: (k,) int64 onsets at which the text has a step though no emitted note begins.
    """

    step_ticks: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(slots=True)
class Played:
    """The notes of a batch in the order of the text, those that are dropped among them.

    Attributes:
        order: (n,) their places in the batch; pieces keep theirs.
        end_ticks: (n,) int64, where they end.
        onset: (n,) float64 whole milliseconds.
        units: (n,) float64 durations in 32nd notes at 120, rounded; 0 where the note is dropped.
    """

    order: np.ndarray
    end_ticks: np.ndarray
    onset: np.ndarray
    units: np.ndarray


def milliseconds(batch: NoteBatch, ticks: np.ndarray) -> np.ndarray:
    """(n,) float64 whole milliseconds, rounded down, at (n,) ticks of the notes of a batch."""
    # Seconds come first, as in the reference: 1000 * (t * s) may lie just below a whole number.
    seconds = ticks * batch.spread(60.0 / (batch.tempo * batch.ticks_per_quarter))
    for i, tempos in batch.tempo_maps.items():
        cut = batch.slices[i]
        seconds[cut] = ticks_to_seconds(ticks[cut], *tempos, int(batch.ticks_per_quarter[i]))
    seconds *= 1000.0
    return np.floor(seconds, out=seconds)


def round_units(onset: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Units between whole milliseconds; no number of them lies between two."""
    units = end - onset
    units /= UNIT
    return np.rint(units, out=units)


def played(batch: NoteBatch, files: Sequence[object] = ()) -> Played:
    """Notes by piece, whole millisecond of their onset, end and pitch.

    A note ends where its key is first released after its onset, in the same track.

    Args:
        batch: n notes.
        files: for each piece the bytes of its MIDI file, or anything else. Where its notes are in
            one track, those that end at one tick come in the order of their note-offs.

    Raises:
        ReadError: an onset before 0.
    """
    if np.minimum.reduce(batch.onset_ticks) < 0:
        raise ReadError("a note begins before 0")
    piece = np.arange(len(batch)).repeat(batch.counts)
    bits = int(np.maximum.reduce(batch.onset_ticks)).bit_length()
    order = np.argsort(piece << bits | batch.onset_ticks, kind="stable")
    begin = batch.onset_ticks[order]
    sizes = [_sizes(piece) for piece in batch.pieces]
    end = begin + batch.duration_ticks[order]
    end = first_releases(begin, end, batch.pitch[order], _tracks(batch, sizes)[order])
    onset = milliseconds(batch, begin)
    fresh = np.append(True, (onset[1:] != onset[:-1]) | (piece[1:] != piece[:-1]))
    group = np.cumsum(fresh) - 1
    # Ends are told apart within a group only, which leaves room for them beside its number.
    rest = end - begin[fresh][group]
    key = rest << PITCH_BITS | (batch.pitch[order] & 127)
    bits = int(np.maximum.reduce(key)).bit_length()
    if bits + int(group[-1]).bit_length() < 64:
        again = np.argsort(key | group << bits, kind="stable")
    else:
        again = np.lexsort((key, group))
    order, end = order[again], end[again]
    asked = [
        i
        for i, file in enumerate(files)
        if sum(map(bool, sizes[i])) == 1 and isinstance(file, bytes) and is_midi(file)
    ]
    if asked:
        _as_released(batch, asked, files, order, end, group)
    units = round_units(onset, milliseconds(batch, end))
    units[batch.velocity[order] <= 0] = 0
    return Played(order, end, onset, units)


def first_releases(
    begin: np.ndarray, end: np.ndarray, pitch: np.ndarray, track: np.ndarray
) -> np.ndarray:
    """(n,) ticks where notes end, each at the first release of its key after its onset.

    MIDI has one key for each pitch of a track: of two notes that overlap there, the release of
    either ends both.

    Args:
        begin, end: (n,) ticks; `begin` rises within each track.
        pitch: (n,) MIDI pitches.
        track: (n,) numbers of tracks; no two pieces share one.
    """
    key = track << PITCH_BITS | (pitch & 127)
    small = key.astype(np.uint16) if key.max(initial=0) < 2**16 else key  # sorted by counting
    order = np.argsort(small, kind="stable")
    base = key[order] << int(np.maximum.reduce(end)).bit_length()
    begins, ends = base + begin[order], base + end[order]
    if not (ends[:-1] > begins[1:]).any():
        return end
    fresh = np.append(True, begins[1:] >= np.maximum.accumulate(ends)[:-1])
    among = np.flatnonzero(~(fresh & np.append(fresh[1:], True)))  # notes that may overlap others
    releases = np.sort(ends[among])
    first = np.searchsorted(releases, begins[among], side="right")
    first = releases[np.minimum(first, len(releases) - 1)]
    end = end.copy()
    end[order[among]] = np.minimum(ends[among], first) - base[among]
    return end


def emitted_table(notes: NoteTable, batch: NoteBatch, notes_played: Played) -> StepTable:
    """The notes of a table that are not dropped, in order, and the steps of the others.

    Args:
        notes: one piece without drums.
        batch: the batch of it alone.
        notes_played: what `played` gave for it.
    """
    order, end, kept = notes_played.order, notes_played.end_ticks, notes_played.units > 0
    ordered = notes.select(order)
    begin = ordered.onset_ticks
    seconds = ticks_to_seconds(end, notes.tempo_ticks, notes.tempo, notes.ticks_per_quarter)
    cut = end - begin < ordered.duration_ticks
    ordered = replace(
        ordered,
        duration_ticks=end - begin,
        duration=np.where(cut, seconds - ordered.onset, ordered.duration),
    )
    steps = begin[~kept]
    if isinstance(notes, StepTable):
        return replace(ordered.select(kept), step_ticks=np.append(notes.step_ticks, steps))
    kept_notes = ordered.select(kept)
    columns = {name: getattr(kept_notes, name) for name in NoteTable.__dataclass_fields__}
    return StepTable(**columns, step_ticks=steps)


def with_steps(batch: NoteBatch) -> NoteBatch:
    """A batch of emitted notes with a note of no length for every step of its `StepTable`s."""
    steps = {
        i: piece.step_ticks
        for i, piece in enumerate(batch.pieces)
        if isinstance(piece, StepTable) and len(piece.step_ticks)
    }
    if not steps:
        return batch
    numbers = np.array([len(steps.get(i, ())) for i in range(len(batch))])
    ticks = np.concatenate(list(steps.values()))
    none = np.zeros(len(ticks), np.int64)
    every = np.arange(len(batch))
    piece = np.concatenate([every.repeat(batch.counts), every.repeat(numbers)])
    onset = np.concatenate([batch.onset_ticks, ticks])
    order = np.argsort(piece, kind="stable")
    joined = replace(
        batch,
        counts=batch.counts + numbers,
        onset_ticks=onset[order],
        duration_ticks=np.concatenate([batch.duration_ticks, none])[order],
        pitch=np.concatenate([batch.pitch, none])[order],
        velocity=np.concatenate([batch.velocity, none])[order],
    )
    # Emitted notes are sorted by millisecond: a stable sort by it puts the steps among them.
    return joined.take(np.lexsort((milliseconds(joined, joined.onset_ticks), piece[order])))


def _sizes(piece: Score | NoteTable) -> list[int]:
    """Notes of each pitched track of a score; none are told of a table."""
    if isinstance(piece, NoteTable):
        return []
    return [len(track.notes) for track in piece.tracks if not track.is_drum]


def _tracks(batch: NoteBatch, sizes: list[list[int]]) -> np.ndarray:
    """(n,) int64 track of each note of a batch as it was read, numbered through all pieces."""
    first, columns = 0, []
    for piece, lengths in zip(batch.pieces, sizes, strict=True):
        if isinstance(piece, NoteTable):
            track = np.unique(piece.pitched().track, return_inverse=True)[1]
            columns.append(first + track)
            first += int(track.max(initial=0)) + 1
        else:
            columns.append(np.arange(first, first + len(lengths)).repeat(lengths))
            first += len(lengths)
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def _as_released(
    batch: NoteBatch,
    asked: list[int],
    files: Sequence[object],
    order: np.ndarray,
    end: np.ndarray,
    group: np.ndarray,
) -> None:
    """Put notes of one group and end into the order of the note-offs in their file, in `order`.

    Args:
        batch: the notes.
        asked: numbers of the pieces that are MIDI files with one track of notes.
        files: the bytes of these, by number.
        order: (n,) places in the batch, sorted by group, end and pitch; changed in place.
        end, group: (n,) by which `order` is sorted.
    """
    file, tick, pitch = falling_releases([files[i] for i in asked])
    if not len(file):
        return
    bits = int(max(tick.max(), np.maximum.reduce(end))).bit_length()
    code = np.array(asked)[file] << bits | tick
    falling = np.unique(code)
    same = (group[1:] == group[:-1]) & (end[1:] == end[:-1])
    run = np.append(0, np.cumsum(~same))
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    piece = np.arange(len(batch)).repeat(batch.counts)
    codes = piece[tied] << bits | end[tied]
    chosen = falling[np.minimum(falling.searchsorted(codes), len(falling) - 1)] == codes
    tied, codes = tied[chosen], codes[chosen]
    releases, rank = np.unique(code << PITCH_BITS | pitch, return_index=True)
    wanted = codes << PITCH_BITS | (batch.pitch[order[tied]] & 127)
    place = np.minimum(releases.searchsorted(wanted), len(releases) - 1)
    rank = np.where(releases[place] == wanted, rank[place], len(code))
    order[tied] = order[tied[np.lexsort((rank, run[tied]))]]
