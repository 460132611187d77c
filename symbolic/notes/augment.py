"""Changes of note tables before tokenizing: transposition, tempo, dynamics and orchestration.

Every function is vectorised and returns a new table; `Augmentation` draws parameters of the first
three from a seeded generator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from symbolic.notes.keys import transpose_key
from symbolic.notes.table import NO_DRUMS, NOTE_COLUMNS, NoteTable

PAD_SECONDS = 2.0  # of a chord of a pad, at least
PAD_LOWEST = 55  # MIDI pitch of its register, an octave: G below middle C
PAD_NOTES = 3  # of a chord, at most
PAD_LOUDNESS = 0.6  # its velocity, relative to the mean of the piece


def transpose(notes: NoteTable, semitones: int) -> NoteTable:
    """Transpose pitched notes by whole semitones; notes outside 0..127 move back by octaves.

    Drums are unchanged.
    """
    moved = notes.pitch + semitones
    moved = np.where(moved > 127, 127 - (127 - moved) % 12, np.where(moved < 0, moved % 12, moved))
    return replace(notes, pitch=np.where(notes.is_drum, notes.pitch, moved))


def scale_tempo(notes: NoteTable, factor: float) -> NoteTable:
    """Scale the tempo by `factor`: seconds change, ticks and bars do not.

    Raises:
        ValueError: a factor that is not positive.
    """
    if not factor > 0:
        raise ValueError(f"tempo factor {factor} is not positive")
    return replace(
        notes,
        onset=notes.onset / factor,
        duration=notes.duration / factor,
        tempo=notes.tempo * factor,
        drum_onset=notes.drum_onset / factor,
    )


def shift_velocity(notes: NoteTable, amount: int) -> NoteTable:
    """Add `amount` to every velocity, clipped to 1..127; a piece without dynamics is unchanged."""
    return _with_velocity(notes, notes.velocity + amount)


def scale_velocity(notes: NoteTable, factor: float) -> NoteTable:
    """Multiply every velocity by `factor`, rounded, as `shift_velocity` adds.

    Raises:
        ValueError: a factor that is not positive.
    """
    if not factor > 0:
        raise ValueError(f"velocity factor {factor} is not positive")
    return _with_velocity(notes, np.rint(notes.velocity * factor).astype(np.int64))


def _with_velocity(notes: NoteTable, velocity: np.ndarray) -> NoteTable:
    return replace(notes, velocity=np.clip(velocity, 1, 127)) if notes.has_dynamics else notes


def drop_dynamics(notes: NoteTable) -> NoteTable:
    """Remove the dynamics, as in a score without dynamic marks: every velocity is 64."""
    return replace(notes, velocity=np.full(len(notes), 64, np.int64), has_dynamics=False)


def drop_drums(notes: NoteTable) -> NoteTable:
    """Remove the drums, also those that `NoteTable.pitched` has set apart."""
    return replace(notes.pitched(), drum_onset=NO_DRUMS[0], drum_pitch=NO_DRUMS[1])


def orchestrations(notes: NoteTable) -> list[NoteTable]:
    """Orchestrate a piece anew in three ways: a part doubled an octave lower, higher, and a pad."""
    return [double_part(notes, -12), double_part(notes, 12), add_pad(notes)]


def double_part(notes: NoteTable, semitones: int = -12) -> NoteTable:
    """Copy the notes of the busiest track, that of most pitched notes, to a new track.

    The copy is transposed by `semitones`, as `transpose` does; a piece of one track is doubled as a
    whole, one without pitched notes is unchanged.
    """
    pitched = notes.track[~notes.is_drum]
    if not len(pitched):
        return notes
    tracks, counts = np.unique(pitched, return_counts=True)
    part = notes.select((notes.track == tracks[counts.argmax()]) & ~notes.is_drum)
    return _with_track(notes, transpose(part, semitones))


def add_pad(notes: NoteTable) -> NoteTable:
    """Add a new track of quiet, long chords under the music, as strings or an organ play them.

    A chord begins with the first pitched note in each `PAD_SECONDS` and is held until the next
    begins, the last until the piece ends. It has the `PAD_NOTES` pitch classes that sound longest
    meanwhile, in the octave from `PAD_LOWEST`. A piece without pitched notes is unchanged.
    """
    pitched = notes.pitched()
    if not len(pitched):
        return notes
    window = ((pitched.onset - pitched.onset[0]) // PAD_SECONDS).astype(np.int64)
    first = np.append(True, window[1:] > window[:-1]).nonzero()[0]
    ends, end_ticks = pitched.onset + pitched.duration, pitched.onset_ticks + pitched.duration_ticks
    start, start_ticks = pitched.onset[first], pitched.onset_ticks[first]
    stop, stop_ticks = np.append(start[1:], ends.max()), np.append(start_ticks[1:], end_ticks.max())
    # The chords during which each note sounds, one after the other.
    begin = start.searchsorted(pitched.onset, side="right") - 1
    counts = np.maximum(start.searchsorted(ends) - begin, 1)
    note = np.arange(len(pitched)).repeat(counts)
    chord = np.arange(len(note)) + (begin + counts - np.cumsum(counts)).repeat(counts)
    seconds = np.minimum(ends[note], stop[chord]) - np.maximum(pitched.onset[note], start[chord])
    sounding = np.zeros((len(first), 12))
    np.add.at(sounding, (chord, pitched.pitch[note] % 12), seconds)
    longest = (-sounding).argsort(axis=1, kind="stable")[:, :PAD_NOTES]
    at, place = (np.take_along_axis(sounding, longest, axis=1) > 0).nonzero()
    velocity = pitched.velocity.mean()
    if notes.has_dynamics:
        velocity = max(velocity * PAD_LOUDNESS, 1)
    pad = replace(
        notes,
        onset_ticks=start_ticks[at],
        duration_ticks=(stop_ticks - start_ticks)[at],
        onset=start[at],
        duration=(stop - start)[at],
        pitch=PAD_LOWEST + (longest[at, place] - PAD_LOWEST) % 12,
        velocity=np.full(len(at), np.rint(velocity), np.int64),
        track=np.zeros(len(at), np.int64),
        is_drum=np.zeros(len(at), bool),
    )
    return _with_track(notes, pad)


def _with_track(notes: NoteTable, part: NoteTable) -> NoteTable:
    """Add the notes of a part to a piece, as a track of their own."""
    part = replace(part, track=np.full(len(part), notes.track.max() + 1))
    both = {
        name: np.concatenate([getattr(notes, name), getattr(part, name)]) for name in NOTE_COLUMNS
    }
    order = np.lexsort((both["track"], both["pitch"], both["onset_ticks"]))
    return replace(notes, **{name: column[order] for name, column in both.items()})


@dataclass(frozen=True)
class Augmentation:
    """Ranges to draw from; the defaults of `Augmentation()` change nothing.

    Attributes:
        semitones: transposition drawn from -semitones..semitones, evenly.
        tempo: tempo factor drawn from [1 / (1 + tempo), 1 + tempo], evenly in its logarithm.
        velocity: velocity shift drawn from -velocity..velocity.
        drop_dynamics: probability of removing the dynamics.
    """

    semitones: int = 0
    tempo: float = 0.0
    velocity: int = 0
    drop_dynamics: float = 0.0

    def __call__(self, notes: NoteTable, rng: np.random.Generator) -> NoteTable:
        """Draw an augmentation and apply it."""
        return self.with_key(notes, -1, rng)[0]

    def with_key(
        self, notes: NoteTable, key: int, rng: np.random.Generator
    ) -> tuple[NoteTable, int]:
        """Draw an augmentation and apply it to a piece and its key (0..23; negative: none)."""
        semitones = int(rng.integers(-self.semitones, self.semitones + 1))
        factor = float(np.exp(rng.uniform(-1, 1) * np.log1p(self.tempo)))
        amount = int(rng.integers(-self.velocity, self.velocity + 1))
        notes = shift_velocity(scale_tempo(transpose(notes, semitones), factor), amount)
        if rng.random() < self.drop_dynamics:
            notes = drop_dynamics(notes)
        return notes, transpose_key(key, semitones)
