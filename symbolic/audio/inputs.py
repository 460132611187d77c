"""Input of audio models: files to samples or time-frequency frames."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from symbolic.audio.decode import audio_blocks, read_audio, resample
from symbolic.audio.front_end import FrontEnd
from symbolic.audio.piano_roll import frame_edges, piano_roll
from symbolic.audio.synthesis.rendering import is_music, read_sound
from symbolic.audio.transforms.derived import derived_frames, intermediate
from symbolic.audio.transforms.lag_matrix import pooled
from symbolic.audio.transforms.spectral import front_features
from symbolic.notes.read import read_notes
from symbolic.notes.table import NoteTable, ReadError

FRAMES = 4096  # of a recording, transformed before more of it is read


def frames_of(source: str | os.PathLike | bytes, front: FrontEnd) -> np.ndarray:
    """Compute the input of an encoder.

    Recordings whose frames are pooled are transformed block by block, so that hours of them fit
    into memory.

    Args:
        source: the path or the bytes of a recording, of MIDI or of MusicXML. Music is rendered to
            audio unless the front end is computed from notes.
        front: the front end.

    Returns:
        (T, F) float32 frames, or (n,) samples, as `front_features` gives them.

    Raises:
        ReadError: a source that cannot be read or is empty.
        ImportError: a library of the extra `audio` is missing.
    """
    return timed_frames(source, front)[0]


def timed_frames(source: str | os.PathLike | bytes, front: FrontEnd) -> tuple[np.ndarray, float]:
    """Compute the input of an encoder as `frames_of`, and the length of the piece in seconds.

    That is the length of a recording, or the end of the last note of music, without the
    reverberation of its rendering.
    """
    if front.from_notes or is_music(source):
        notes = read_notes(source)
        if front.from_notes:
            return note_frames(notes, front), notes.seconds
        samples = read_sound(source, front.sampling_rate)
        if front.is_derived:
            return stream_frames([samples], front), notes.seconds
        return front_features(samples, front), notes.seconds
    if front.is_derived:
        seconds = 0.0

        def blocks() -> Iterator[np.ndarray]:
            nonlocal seconds
            seconds = yield from audio_blocks(source, front.sampling_rate)

        return stream_frames(blocks(), front), seconds
    samples, rate = read_audio(source)
    return front_features(resample(samples, rate, front.sampling_rate), front), len(samples) / rate


def note_frames(notes: NoteTable, front: FrontEnd) -> np.ndarray:
    """Compute (T, F) float32 frames of notes.

    Raises:
        ReadError: no notes.
    """
    if not len(notes):
        raise ReadError("no notes")
    made_of = intermediate(front)
    end = float((notes.onset + notes.duration).max())
    edges = frame_edges(end, front.sampling_rate / (front.hop * made_of.pool))
    rolls = [piano_roll(notes, edges, kind) for kind in made_of.kinds]
    return derived_frames(np.concatenate(rolls, axis=1), made_of, front)


def stream_frames(blocks: Iterable[np.ndarray], front: FrontEnd) -> np.ndarray:
    """Compute (T, F) float32 frames of blocks of samples, equal to those of the whole recording.

    Raises:
        ReadError: no samples.
    """
    made_of = intermediate(front)
    plain, hop = replace(made_of, pool=1), front.hop
    margin = -(-front.n_fft // (2 * hop))  # frames whose windows overlap the neighbouring block
    step = FRAMES // made_of.pool * made_of.pool
    waiting = [np.zeros(margin * hop, np.float32)]
    held = total = done = 0
    found = []

    def transform(samples: np.ndarray, frames: int) -> None:
        part = front_features(samples, plain)[margin : margin + frames]
        if len(part) >= made_of.pool or not found:
            found.append(pooled(part, made_of.pool))

    for block in blocks:
        waiting.append(block)
        held += len(block)
        total += len(block)
        while held > (step + margin) * hop:
            samples = np.concatenate(waiting)
            size = (step + 2 * margin) * hop
            transform(samples[:size], step)
            waiting = [samples[step * hop :]]
            held -= step * hop
            done += step
    if not total:
        raise ReadError("no samples")
    left = 1 + total // hop - done
    samples = np.concatenate([*waiting, np.zeros((margin + 1) * hop, np.float32)])
    transform(samples, left)
    return derived_frames(np.concatenate(found), made_of, front)
