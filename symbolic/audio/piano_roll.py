"""Piano rolls, chroma and onset features of notes, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symbolic.audio.front_end import ROLL_KINDS, ROLL_WIDTHS
from symbolic.notes.table import NoteTable

LOWEST, KEYS = 21, 88  # a piano's, from A0
REGISTERS = 8  # octaves, from that of C1; lower and higher notes count to the nearest
LOUDEST = 127
ONSET_COLUMNS = (
    *(f"octave_{octave}" for octave in range(1, REGISTERS + 1)),
    *("notes", "drums", "loudness", "velocity", "pitch", "span", "pitch_classes", "duration"),
)


def frame_edges(seconds: float, rate: float) -> np.ndarray:
    """Return the (T + 1,) edges in seconds of adjacent frames, `rate` per second.

    As for recordings, T = 1 + floor(seconds × rate): the last frame extends beyond the end.

    Raises:
        ValueError: a negative length, or a rate that is not positive.
    """
    if not (seconds >= 0 and rate > 0):
        raise ValueError(f"{seconds} seconds at {rate} frames a second")
    return np.arange(2 + int(seconds * rate)) / rate


def piano_roll(notes: NoteTable, edges: np.ndarray, kind: str) -> np.ndarray:
    """Compute features of the notes between adjacent edges, which may be equidistant or at beats.

    `roll`: the 88 keys of a piano from A0 on; pitches outside are moved into it by octaves. The
    value of a note is its loudness (velocity / 127) times the share of the frame in which it
    sounds; values of one key are summed, up to 1. `chroma`: the same by pitch class, C first,
    scaled so that the maximum of each frame is 1; silent frames are 0. Both exclude drums.

    `onsets`: features of the notes that begin in a frame, columns `ONSET_COLUMNS`: log(1 + notes)
    by octave, from that of C1, of all notes, and of drums; log(1 + sum of loudness); mean
    velocity / 127; mean pitch / 127, range of pitches / 127, and share of the 12 pitch classes;
    log(1 + mean duration in seconds). Frames without onsets are 0. Drums count for `drums` and
    `loudness` only.

    `lead_roll` and `lead_onsets` are those of `leading_notes` alone.

    Args:
        notes: the piece.
        edges: (T + 1,) seconds, ascending.
        kind: one of `symbolic.audio.front_end.ROLL_KINDS`.

    Returns:
        (T, 88), (T, 12) or (T, 16) float32, 0 to 1 except for logarithms, of what sounds or begins
        between the first edge and the last.

    Raises:
        ValueError: another kind, fewer than two edges, or edges that do not ascend.
    """
    edges = np.asarray(edges, np.float64)
    if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise ValueError(f"edges {edges.shape}: two or more ascending seconds are needed")
    if kind.startswith("lead_"):
        return piano_roll(leading_notes(notes), edges, kind.removeprefix("lead_"))
    if kind == "roll":
        pitched = notes.pitched()
        return np.minimum(_sounding(pitched, edges, _keys(pitched.pitch), KEYS), 1)
    if kind == "chroma":
        pitched = notes.pitched()
        chroma = _sounding(pitched, edges, pitched.pitch % 12, 12)
        greatest = chroma.max(axis=1, keepdims=True)
        return chroma / np.where(greatest > 0, greatest, 1)
    if kind == "onsets":
        return _onsets(notes, edges)
    raise ValueError(f"unknown kind {kind!r}; known: {', '.join(ROLL_KINDS)}")


def leading_notes(notes: NoteTable) -> NoteTable:
    """Return the pitched notes of the first track, an estimate of the melody.

    The highest part comes first in scores, and the voice in many songs. Of a file with one track
    these are all notes.
    """
    pitched = notes.pitched()
    return pitched.select(pitched.track == pitched.track.min()) if len(pitched) else pitched


def transposed_rolls(rolls: np.ndarray, kinds: Sequence[str], steps: int) -> np.ndarray:
    """Transpose features of `piano_roll` by semitones, as far as their columns allow.

    Rolls are shifted by keys, without those that leave the range; chroma is rotated; onset features
    are too coarse and stay.

    Args:
        rolls: (T, F) features of these kinds, concatenated.
        kinds: of `symbolic.audio.front_end.ROLL_KINDS`.
        steps: semitones, fewer than 12 in either direction.
    """
    moved, at = rolls.copy(), 0
    for kind in kinds:
        width = ROLL_WIDTHS[kind]
        part = rolls[:, at : at + width]
        if not kind.endswith("onsets"):
            turned = np.roll(part, steps, axis=1)
            if kind != "chroma" and steps:
                turned[:, slice(steps) if steps > 0 else slice(steps, None)] = 0
            moved[:, at : at + width] = turned
        at += width
    return moved


def _keys(pitch: np.ndarray) -> np.ndarray:
    """Map pitches to the 88 keys, moved by octaves where they are outside."""
    key = pitch - LOWEST
    return np.where(key < 0, key % 12, np.where(key < KEYS, key, KEYS - 12 + (key - KEYS) % 12))


def _sounding(notes: NoteTable, edges: np.ndarray, column: np.ndarray, width: int) -> np.ndarray:
    """Sum loudness times the share of the frame by column: (T, width) float32.

    Frames that a note fills are summed as whole velocities: silence after it is exactly 0.
    """
    begin, end = (
        np.minimum(np.maximum(seconds, edges[0]), edges[-1])
        for seconds in (notes.onset, notes.onset + notes.duration)
    )
    velocity, inside = notes.velocity, end > begin
    if not inside.all():
        begin, end, column, velocity = (x[inside] for x in (begin, end, column, velocity))
    frames, lengths = len(edges) - 1, np.diff(edges)
    first = edges.searchsorted(begin, side="right") - 1
    last = edges.searchsorted(end, side="left") - 1
    # A note within one frame has only a first part.
    some = np.flatnonzero(last > first)
    final, loud = last[some] * width + column[some], velocity[some]
    parts = (np.minimum(end, edges[first + 1]) - begin) / lengths[first]
    rest = (end[some] - edges[last[some]]) / lengths[last[some]]
    cells = np.concatenate([first * width + column, final])
    loudness = np.concatenate([velocity * parts, loud * rest])
    at_ends = np.bincount(cells, loudness, minlength=frames * width)
    following = (first[some] + 1) * width + column[some]
    cells, changes = np.concatenate([following, final]), np.concatenate([loud, -loud])
    filled = np.bincount(cells, changes, minlength=frames * width).reshape(frames, width)
    sums = filled.cumsum(axis=0, dtype=np.float64)
    sums += at_ends.reshape(frames, width)
    sums /= LOUDEST
    return sums.astype(np.float32)


def _onsets(notes: NoteTable, edges: np.ndarray) -> np.ndarray:
    frames = len(edges) - 1
    frame = edges.searchsorted(notes.onset, side="right") - 1
    inside = (frame >= 0) & (frame < frames)
    loudness = np.bincount(frame[inside], notes.velocity[inside] / LOUDEST, frames)
    drums = np.bincount(frame[inside & notes.is_drum], minlength=frames)
    chosen = inside & ~notes.is_drum
    frame, pitch = frame[chosen], notes.pitch[chosen]
    count = np.bincount(frame, minlength=frames)
    divisor = np.maximum(count, 1)
    octave = np.clip(pitch // 12 - 2, 0, REGISTERS - 1)
    octaves = np.bincount(frame * REGISTERS + octave, minlength=frames * REGISTERS)
    classes = np.bincount(frame * 12 + pitch % 12, minlength=frames * 12).reshape(frames, 12) > 0
    lowest, highest = np.full(frames, LOUDEST), np.zeros(frames, np.int64)
    np.minimum.at(lowest, frame, pitch)
    np.maximum.at(highest, frame, pitch)
    columns = [
        np.log1p(octaves).reshape(frames, REGISTERS),
        np.log1p(count),
        np.log1p(drums),
        np.log1p(loudness),
        np.bincount(frame, notes.velocity[chosen], frames) / divisor / LOUDEST,
        np.bincount(frame, pitch, frames) / divisor / LOUDEST,
        np.maximum(highest - lowest, 0) / LOUDEST,
        classes.mean(axis=1),
        np.log1p(np.bincount(frame, notes.duration[chosen], frames) / divisor),
    ]
    return np.column_stack(columns).astype(np.float32)
