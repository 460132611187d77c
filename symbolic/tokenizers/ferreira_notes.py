"""Durations and order of notes in the v/d/n text of Ferreira."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from symbolic.notes import NoteTable, ReadError
from symbolic.notes.batch import NoteBatch, note_batch
from symbolic.notes.midi.reader import is_midi
from symbolic.notes.table import ticks_to_seconds
from symbolic.tokenizers.releases import falling_releases

if TYPE_CHECKING:
    from symusic.core import ScoreTick

UNIT = 62.5  # milliseconds: a 32nd note at 120 quarters per minute
PITCH_BITS = 7


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StepTable(NoteTable):
    """Emitted notes, and the steps of dropped notes.

    Attributes:
        step_ticks: (k,) int64 onsets of the steps at which no emitted note begins.
    """

    step_ticks: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(slots=True)
class Played:
    """The notes of a batch in the order of the text, dropped notes included.

    Attributes:
        order: (n,) their indices in the batch; pieces keep their order.
        end_ticks: (n,) int64, their ends.
        onset: (n,) float64 whole milliseconds.
        units: (n,) float64 durations in 32nd notes at 120, rounded; 0 for a dropped note.
    """

    order: np.ndarray
    end_ticks: np.ndarray
    onset: np.ndarray
    units: np.ndarray


def milliseconds(batch: NoteBatch, ticks: np.ndarray) -> np.ndarray:
    """Convert (n,) ticks of the notes of a batch to float64 whole milliseconds, rounded down."""
    # Seconds first, as in the reference: 1000 * (t * s) may lie just below a whole number.
    seconds = ticks * batch.spread(60.0 / (batch.tempo * batch.ticks_per_quarter))
    for i, (changes, tempo) in batch.tempo_maps.items():
        part = batch.slices[i]
        quarter = int(batch.ticks_per_quarter[i])
        seconds[part] = ticks_to_seconds(ticks[part], changes, tempo, quarter)
    seconds *= 1000.0
    return np.floor(seconds, out=seconds)


def round_units(onset: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return rounded durations in units; whole milliseconds are never halfway between two units."""
    units = end - onset
    units /= UNIT
    return np.rint(units, out=units)


def played(batch: NoteBatch, files: Sequence[object] = ()) -> Played:
    """Sort notes by piece, onset in whole milliseconds, end and pitch, and compute durations.

    A note ends where its key is first released after its onset, in the same track.

    Args:
        batch: n notes.
        files: for each piece the bytes of its MIDI file, or anything else. Notes of a file with a
            single track of notes that end at the same tick are in the order of their note-offs.

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
    # Ends are relative to the onset of their group: group and end then fit into one int64 key.
    rest = end - begin[fresh][group]
    key = rest << PITCH_BITS | (batch.pitch[order] & 127)
    bits = int(np.maximum.reduce(key)).bit_length()
    if bits + int(group[-1]).bit_length() < 64:
        again = np.argsort(key | group << bits, kind="stable")
    else:
        again = np.lexsort((key, group))
    order, end = order[again], end[again]
    single_track = {
        i: file
        for i, file in enumerate(files)
        if sum(map(bool, sizes[i])) == 1 and isinstance(file, bytes) and is_midi(file)
    }
    if single_track:
        _as_released(batch, single_track, order, end, group)
    units = round_units(onset, milliseconds(batch, end))
    units[batch.velocity[order] <= 0] = 0
    return Played(order, end, onset, units)


def first_releases(
    begin: np.ndarray, end: np.ndarray, pitch: np.ndarray, track: np.ndarray
) -> np.ndarray:
    """End each note at the first release of its key after its onset: (n,) ticks.

    MIDI has one key for each pitch of a track: if two notes overlap on it, the release of either
    ends both.

    Args:
        begin, end: (n,) ticks; `begin` is ascending within each track.
        pitch: (n,) MIDI pitches.
        track: (n,) numbers of tracks; no two pieces share one.
    """
    key = track << PITCH_BITS | (pitch & 127)
    small = key.astype(np.uint16) if key.max(initial=0) < 2**16 else key  # radix sort
    order = np.argsort(small, kind="stable")
    base = key[order] << int(np.maximum.reduce(end)).bit_length()
    begins, ends = base + begin[order], base + end[order]
    if not (ends[:-1] > begins[1:]).any():
        return end
    fresh = np.append(True, begins[1:] >= np.maximum.accumulate(ends)[:-1])
    overlapping = np.flatnonzero(~(fresh & np.append(fresh[1:], True)))
    releases = np.sort(ends[overlapping])
    first = np.searchsorted(releases, begins[overlapping], side="right")
    first = releases[np.minimum(first, len(releases) - 1)]
    end = end.copy()
    end[order[overlapping]] = np.minimum(ends[overlapping], first) - base[overlapping]
    return end


def emitted_table(notes: NoteTable, notes_played: Played) -> StepTable:
    """Make the table of the notes of a piece that are not dropped, and the steps of the others."""
    order, end, kept = notes_played.order, notes_played.end_ticks, notes_played.units > 0
    ordered = notes.select(order)
    begin = ordered.onset_ticks
    seconds = ticks_to_seconds(end, notes.tempo_ticks, notes.tempo, notes.ticks_per_quarter)
    shortened = end - begin < ordered.duration_ticks
    ordered = replace(
        ordered,
        duration_ticks=end - begin,
        duration=np.where(shortened, seconds - ordered.onset, ordered.duration),
    )
    steps = begin[~kept]
    if isinstance(notes, StepTable):
        steps = np.append(notes.step_ticks, steps)
    ordered = ordered.select(kept)
    columns = {name: getattr(ordered, name) for name in NoteTable.__dataclass_fields__}
    return StepTable(**columns, step_ticks=steps)


def emitted_notes(notes: NoteTable) -> NoteTable:
    """Return the notes of a piece that `FerreiraTokenizer` emits: a `StepTable`, or no notes."""
    notes = notes.pitched()
    return emitted_table(notes, played(note_batch([notes]))) if len(notes) else notes


def with_steps(batch: NoteBatch) -> NoteBatch:
    """Add a note of length 0 for each step of the `StepTable`s in a batch of emitted notes."""
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
    pieces = np.arange(len(batch))
    piece = np.concatenate([pieces.repeat(batch.counts), pieces.repeat(numbers)])
    onset = np.concatenate([batch.onset_ticks, ticks])
    order = np.argsort(piece, kind="stable")
    joined = replace(
        batch,
        counts=batch.counts + numbers,
        onset_ticks=onset[order],
        duration_ticks=np.concatenate([batch.duration_ticks, none])[order],
        pitch=np.concatenate([batch.pitch, none])[order],
        velocity=np.concatenate([batch.velocity, none])[order],
        whole=batch,
    )
    # Emitted notes are sorted by millisecond; a stable sort puts the steps in their places.
    return joined.take(np.lexsort((milliseconds(joined, joined.onset_ticks), piece[order])))


def _sizes(piece: ScoreTick | NoteTable) -> list[int]:
    """Count the notes of each pitched track of a score; empty for a table."""
    if isinstance(piece, NoteTable):
        return []
    return [len(track.notes) for track in piece.tracks if not track.is_drum]


def _tracks(batch: NoteBatch, sizes: list[list[int]]) -> np.ndarray:
    """(n,) int64 track of each note of a batch in its original order, unique among all pieces."""
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
    files: dict[int, bytes],
    order: np.ndarray,
    end: np.ndarray,
    group: np.ndarray,
) -> None:
    """Sort the (n,) indices `order` of the same group and end by their note-offs, in place.

    The files are MIDI with a single track of notes, by number of the piece.
    """
    file, tick, pitch = falling_releases(list(files.values()))
    if not len(file):
        return
    bits = int(max(tick.max(), np.maximum.reduce(end))).bit_length()
    code = np.array(list(files))[file] << bits | tick
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
