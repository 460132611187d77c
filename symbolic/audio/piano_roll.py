"""Pictures of notes, frame by frame: the piano roll, pitch classes, and what begins when."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symbolic.audio.front_end import ROLL_KINDS, ROLL_WIDTHS
from symbolic.notes.table import NoteTable

LOWEST, KEYS = 21, 88  # a piano's, from A0
REGISTERS = 8  # octaves, from that of C1; what is lower or higher counts to the nearest
LOUDEST = 127
ONSET_COLUMNS = (
    *(f"octave_{octave}" for octave in range(1, REGISTERS + 1)),
    *("notes", "drums", "loudness", "velocity", "pitch", "span", "pitch_classes", "duration"),
)


def frame_edges(seconds: float, rate: float) -> np.ndarray:
    """(T + 1,) seconds at which frames side by side, `rate` a second, begin and end.

    As with recordings, there are T = 1 + floor(seconds × rate) of them: the last reaches beyond the
    end.

    Raises:
        ValueError: a negative length, or a rate that is not positive.
    """
    if not (seconds >= 0 and rate > 0):
        raise ValueError(f"{seconds} seconds at {rate} frames a second")
    return np.arange(2 + int(seconds * rate)) / rate


def piano_roll(notes: NoteTable, edges: np.ndarray, kind: str) -> np.ndarray:
    """What a piece looks like between each two edges, which may be equally far apart or at beats.

    `roll`: the 88 keys of a piano from A0 on; pitches beyond are moved by octaves onto it. A note
    counts as much as it is loud (velocity / 127) times the share of the frame in which it sounds;
    notes of one key are added, 1 at most. `chroma`: the same by pitch class, C first, the greatest
    of each frame 1; a frame of silence is 0. Drums are in neither.

    `onsets`, of what begins in a frame, columns `ONSET_COLUMNS`: log(1 + notes) by octave, from
    that of C1, and of all notes and of drums; log(1 + loudnesses added); the mean velocity / 127;
    of pitches the mean / 127, highest less lowest / 127, and the share of the 12 pitch classes;
    log(1 + mean seconds that they last). Where nothing begins they are 0. Drums count to `drums`
    and to `loudness` only.

    `lead_roll` and `lead_onsets` are those of `leading_notes` alone.

    Args:
        notes: the piece.
        edges: (T + 1,) seconds, each later than the one before.
        kind: one of `symbolic.audio.front_end.ROLL_KINDS`.

    Returns:
        (T, 88), (T, 12) or (T, 16) float32, 0 to 1 but for logarithms. What sounds or begins before
        the first edge or from the last on is left out.

    Raises:
        ValueError: another kind, fewer than two edges, or edges that do not rise.
    """
    edges = np.asarray(edges, np.float64)
    if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise ValueError(f"edges {edges.shape} are no seconds in rising order, two or more")
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
    raise ValueError(f"no picture {kind!r} of notes; there are {', '.join(ROLL_KINDS)}")


def leading_notes(notes: NoteTable) -> NoteTable:
    """The melody, as far as a file tells it: the pitched notes of its first track.

    So it is in scores, whose highest part stands first, and in songs whose voice does. Of a file of
    one track it is all of them.
    """
    pitched = notes.pitched()
    return pitched.select(pitched.track == pitched.track.min()) if len(pitched) else pitched


def transposed_rolls(pictures: np.ndarray, kinds: Sequence[str], steps: int) -> np.ndarray:
    """Pictures of the same music so many semitones higher, as near as pictures tell.

    Rolls are moved by keys, and what leaves at one end is lost; chroma turn round; of onsets, whose
    columns are too coarse, nothing moves.

    Args:
        pictures: (T, F) of these kinds side by side.
        kinds: of `symbolic.audio.front_end.ROLL_KINDS`.
        steps: semitones, fewer than 12 either way.
    """
    moved, at = pictures.copy(), 0
    for kind in kinds:
        width = ROLL_WIDTHS[kind]
        part = pictures[:, at : at + width]
        if not kind.endswith("onsets"):
            turned = np.roll(part, steps, axis=1)
            if kind != "chroma" and steps:
                turned[:, slice(steps) if steps > 0 else slice(steps, None)] = 0
            moved[:, at : at + width] = turned
        at += width
    return moved


def _keys(pitch: np.ndarray) -> np.ndarray:
    """Which of the 88 keys a pitch is, octaves put right."""
    key = pitch - LOWEST
    return np.where(key < 0, key % 12, np.where(key < KEYS, key, KEYS - 12 + (key - KEYS) % 12))


def _sounding(notes: NoteTable, edges: np.ndarray, column: np.ndarray, width: int) -> np.ndarray:
    """(T, width) float32 loudness times the share of the frame, by column, added.

    Frames that a note fills are counted in whole velocities, so that silence after it is 0.
    """
    begin = np.clip(notes.onset, edges[0], edges[-1])
    end = np.clip(notes.onset + notes.duration, edges[0], edges[-1])
    heard = end > begin
    begin, end, column, velocity = (x[heard] for x in (begin, end, column, notes.velocity))
    first = edges.searchsorted(begin, side="right") - 1
    last = edges.searchsorted(end, side="left") - 1
    frames, lengths = len(edges) - 1, np.diff(edges)
    # A note within one frame ends there, and does not fill what follows: it has only a first part.
    ends = last > first
    parts = np.minimum(end, edges[first + 1]) - begin
    rest = (end - edges[last])[ends]
    cells = np.concatenate([first * width + column, last[ends] * width + column[ends]])
    shares = np.concatenate([parts / lengths[first], rest / lengths[last[ends]]])
    loudness = np.concatenate([velocity, velocity[ends]]) * shares
    at_ends = np.bincount(cells, loudness, minlength=frames * width).reshape(frames, width)
    filled = np.zeros((frames, width), np.int32)
    np.add.at(filled, (first[ends] + 1, column[ends]), velocity[ends])
    np.subtract.at(filled, (last[ends], column[ends]), velocity[ends])
    np.cumsum(filled, axis=0, out=filled)
    return ((at_ends + filled) / LOUDEST).astype(np.float32)


def _onsets(notes: NoteTable, edges: np.ndarray) -> np.ndarray:
    frames = len(edges) - 1
    frame = edges.searchsorted(notes.onset, side="right") - 1
    inside = (frame >= 0) & (frame < frames)
    loudness = np.bincount(frame[inside], notes.velocity[inside] / LOUDEST, frames)
    drums = np.bincount(frame[inside & notes.is_drum], minlength=frames)
    chosen = inside & ~notes.is_drum
    frame, pitch = frame[chosen], notes.pitch[chosen]
    count = np.bincount(frame, minlength=frames)
    some = np.maximum(count, 1)
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
        np.bincount(frame, notes.velocity[chosen], frames) / some / LOUDEST,
        np.bincount(frame, pitch, frames) / some / LOUDEST,
        np.maximum(highest - lowest, 0) / LOUDEST,
        classes.mean(axis=1),
        np.log1p(np.bincount(frame, notes.duration[chosen], frames) / some),
    ]
    return np.column_stack(columns).astype(np.float32)
