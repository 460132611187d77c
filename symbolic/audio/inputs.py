"""What a model hears of a file: the one door from a source to the input of an encoder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from symbolic.audio.decode import TimedBlocks, audio_blocks, read_audio, resample
from symbolic.audio.front import Front
from symbolic.audio.piano_roll import frame_edges, note_pictures
from symbolic.audio.synthesis.rendering import is_music, read_sound
from symbolic.audio.transforms.lag_matrix import pooled
from symbolic.audio.transforms.spectral import front_features
from symbolic.audio.transforms.structured import intermediate, structured
from symbolic.notes.read import read_notes
from symbolic.notes.table import NoteTable, ReadError

FRAMES = 4096  # of a recording, transformed before more of it is read


def hear(source: str | os.PathLike | bytes, front: Front) -> np.ndarray:
    """The input of an encoder.

    Of recordings whose frames are pooled only a block is held at a time, so that hours of them fit
    into memory.

    Args:
        source: the path or the bytes of a recording, of MIDI or of MusicXML. Where the front end is
            of notes, these are read; else music is made to sound.
        front: the front end.

    Returns:
        (T, F) float32, or (n,) samples, as `front_features` gives them.

    Raises:
        ReadError: a source that cannot be read, or holds nothing.
        ImportError: a library of the extra `audio` is missing.
    """
    return hear_timed(source, front)[0]


def hear_timed(source: str | os.PathLike | bytes, front: Front) -> tuple[np.ndarray, float]:
    """Prepare the input of an encoder, and measure the piece.

    Args:
        source, front: as of `hear`, and so are the errors.

    Returns:
        The input, and the length of the piece in seconds: of a recording all of its samples, of
        music up to the end of the last note, without the reverberation of what is played.
    """
    if front.of_notes or is_music(source):
        notes = read_notes(source)
        if front.of_notes:
            return heard_notes(notes, front), notes.seconds
        samples = read_sound(source, front.sampling_rate)
        if front.structured:
            return heard_blocks([samples], front), notes.seconds
        return front_features(samples, front), notes.seconds
    if front.structured:
        blocks = TimedBlocks(audio_blocks(source, front.sampling_rate))
        return heard_blocks(blocks, front), blocks.seconds
    samples, rate = read_audio(source)
    return front_features(resample(samples, rate, front.sampling_rate), front), len(samples) / rate


def heard_notes(notes: NoteTable, front: Front) -> np.ndarray:
    """(T, F) float32 pictures of notes.

    Raises:
        ReadError: no notes.
    """
    if not len(notes):
        raise ReadError("no notes")
    made_of = intermediate(front)
    end = float((notes.onset + notes.duration).max())
    edges = frame_edges(end, front.sampling_rate / (front.hop * made_of.pool))
    pictures = [note_pictures(notes, edges, kind) for kind in made_of.kinds]
    return structured(np.concatenate(pictures, axis=1), made_of, front)


def heard_blocks(blocks: Iterable[np.ndarray], front: Front) -> np.ndarray:
    """(T, F) float32 pictures of samples that come block by block, as those of all of them at once.

    Raises:
        ReadError: no samples.
    """
    made_of = intermediate(front)
    plain, hop = replace(made_of, pool=1), front.hop
    margin = -(-front.n_fft // (2 * hop))  # frames whose windows reach into those beside them
    together = FRAMES // made_of.pool * made_of.pool
    waiting = [np.zeros(margin * hop, np.float32)]
    held = total = done = 0
    found = []

    def transformed(samples: np.ndarray, frames: int) -> None:
        part = front_features(samples, plain)[margin : margin + frames]
        if len(part) >= made_of.pool or not found:
            found.append(pooled(part, made_of.pool))

    for block in blocks:
        waiting.append(block)
        held += len(block)
        total += len(block)
        while held > (together + margin) * hop:
            samples = np.concatenate(waiting)
            size = (together + 2 * margin) * hop
            transformed(samples[:size], together)
            waiting = [samples[together * hop :]]
            held -= together * hop
            done += together
    if not total:
        raise ReadError("no samples")
    left = 1 + total // hop - done
    samples = np.concatenate([*waiting, np.zeros((margin + 1) * hop, np.float32)])
    transformed(samples, left)
    return structured(np.concatenate(found), made_of, front)
