"""Durations and order of notes in the v/d/n text of Ferreira."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from symbolic.notes import NoteTable
from symbolic.notes.batch import NoteBatch, note_batch
from symbolic.notes.midi.reader import is_midi, score_tracks
from symbolic.notes.table import ticks_to_seconds
from symbolic.tokenizers.releases import note_offs

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
    """Convert (..., n) ticks of the notes of a batch to whole milliseconds, rounded down."""
    # Seconds first, as in the reference: 1000 * (t * s) may lie just below a whole number.
    seconds = batch.to_seconds(ticks)
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
    order = batch.keys(batch.onset_ticks).argsort(kind="stable")
    begin, pitch = batch.onset_ticks[order], batch.pitch[order] & 127
    sizes = [_sizes(piece) for piece in batch.pieces]
    end = begin + batch.duration_ticks[order]
    end = first_releases(begin, end, _keys(batch, sizes)[order])
    onset, finish = milliseconds(batch, np.array((begin, end)))
    units = round_units(onset, finish)
    fresh = np.empty(len(onset), bool)
    np.not_equal(onset[1:], onset[:-1], out=fresh[1:])
    fresh[batch.starts] = True
    group = fresh.cumsum()
    bits = int(np.maximum.reduce(end)).bit_length() + PITCH_BITS
    if bits + int(group[-1]).bit_length() < 64:
        again = (group << bits | end << PITCH_BITS | pitch).argsort(kind="stable")
    else:
        again = np.lexsort((pitch, end, group))
    order, end, units = order[again], end[again], units[again]
    single_track = {
        i: file
        for i, file in enumerate(files)
        if sum(map(bool, sizes[i])) == 1 and isinstance(file, bytes) and is_midi(file)
    }
    if single_track:
        _as_released(batch, single_track, order, end, group)
    silent = batch.velocity <= 0
    if np.count_nonzero(silent):
        units[silent[order]] = 0
    return Played(order, end, onset, units)


def first_releases(begin: np.ndarray, end: np.ndarray, key: np.ndarray) -> np.ndarray:
    """End each note at the first release of its key after its onset: (n,) ticks.

    MIDI has one key for each pitch of a track: if two notes overlap on it, the release of either
    ends both.

    Args:
        begin, end: (n,) ticks; `begin` is ascending within each key.
        key: (n,) numbers of keys.
    """
    order = key.argsort(kind="stable")
    key, begins, ends = key[order], begin[order], end[order]
    overlaps = ends[:-1] > begins[1:]
    overlaps &= key[1:] == key[:-1]
    if not np.count_nonzero(overlaps):
        return end
    base = key.astype(np.int64) << int(np.maximum.reduce(end)).bit_length()
    begins += base
    ends += base
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
    tracks, drums = score_tracks(piece)
    return [len(notes) for notes, drum in zip(tracks, drums, strict=True) if not drum]


def _keys(batch: NoteBatch, sizes: list[list[int]]) -> np.ndarray:
    """(n,) number of the key of each note of a batch: its pitch and track, unique among pieces."""
    pitch = batch.pitch & 127
    if len(sizes) == 1 and len(sizes[0]) == 1:
        return pitch
    first, columns = 0, []
    for piece, lengths in zip(batch.pieces, sizes, strict=True):
        if isinstance(piece, NoteTable):
            track = np.unique(piece.pitched().track, return_inverse=True)[1]
            columns.append(first + track)
            first += int(track.max(initial=0)) + 1
        else:
            columns.append(np.arange(first, first + len(lengths)).repeat(lengths))
            first += len(lengths)
    keys = np.concatenate(columns) << PITCH_BITS | pitch
    return keys.astype(np.uint16) if first << PITCH_BITS <= 2**16 else keys  # sorted faster


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
    same = end[1:] == end[:-1]
    same &= group[1:] == group[:-1]
    if not np.count_nonzero(same):
        return
    ties = np.zeros(len(end), bool)
    ties[1:] = same
    ties[:-1] |= same
    tied = ties.nonzero()[0]
    piece = batch.starts.searchsorted(tied, side="right") - 1
    files = {i: files[i] for i in sorted(set(piece.tolist()).intersection(files))}
    if not files:
        return
    file, tick, pitch = note_offs(list(files.values()))
    bits = int(max(tick.max(initial=0), np.maximum.reduce(end))).bit_length()
    code = np.array(list(files))[file] << bits | tick
    same_tick = code[1:] == code[:-1]
    falls = (same_tick & (pitch[1:] < pitch[:-1])).nonzero()[0]
    falling = np.sort(code[falls])  # the others have their pitches in ascending order
    codes = piece << bits | end[tied]
    chosen = falling.searchsorted(codes, side="right") > falling.searchsorted(codes)
    if not np.count_nonzero(chosen):
        return
    tied, codes = tied[chosen], codes[chosen]
    code, pitch = _runs(same_tick, falls, code, pitch)
    releases, rank = np.unique(code << PITCH_BITS | pitch, return_index=True)
    wanted = codes << PITCH_BITS | (batch.pitch[order[tied]] & 127)
    place = np.minimum(releases.searchsorted(wanted), len(releases) - 1)
    rank = np.where(releases[place] == wanted, rank[place], len(code))
    order[tied] = order[tied[np.lexsort((rank, end[tied], group[tied]))]]


def _runs(same: np.ndarray, chosen: np.ndarray, *columns: np.ndarray) -> list[np.ndarray]:
    """Select the runs with chosen rows of (n,) columns; (n - 1,) neighbours are the `same`."""
    run = np.zeros(len(same) + 1, np.int64)
    np.cumsum(~same, out=run[1:])
    kept = np.zeros(len(run), bool)
    kept[run[chosen]] = True
    kept = kept[run]
    return [column[kept] for column in columns]
