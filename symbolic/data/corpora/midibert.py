"""Token files of MIDI-BERT (Chou 2021): arrays of chunks of 512 super-tokens."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

CHUNK = 512
PAD = (2, 16, 86, 64)
FIELDS = ("Bar", "Position", "Pitch", "Duration")
SIZES = (4, 18, 88, 66)  # of each field, with PAD and MASK at its end


def load_midibert(path: str | Path) -> list[np.ndarray]:
    """Read the chunks of a token file of MIDI-BERT, without their padding.

    The file does not say which chunks are of one piece: each chunk is an example, as in MIDI-BERT.

    Args:
        path: `.npy`, (n, 512, 4) of any integer type, ids of `CPTokenizer(preset="midibert")`.

    Returns:
        n arrays (T, 4) of int64, T in 1..512.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another kind of array, ids outside of the vocabulary, or padding that is not at
            the end of a chunk; the message names the file.
    """
    try:
        chunks = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path}: not a .npy file of numbers: {error}") from error
    if not isinstance(chunks, np.ndarray):
        raise ValueError(f"{path}: several arrays; MIDI-BERT's files are one .npy array")
    if chunks.ndim != 3 or chunks.shape[1:] != (CHUNK, len(SIZES)) or chunks.dtype.kind not in "iu":
        expected = f"integers (n, {CHUNK}, {len(SIZES)})"
        raise ValueError(f"{path}: {chunks.dtype} {chunks.shape}, not {expected}")
    sequences = []
    for i, chunk in enumerate(chunks):
        ids = chunk.astype(np.int64)
        _check_range(ids, f"{path}: chunk {i}")
        real = (ids != PAD).any(axis=1)
        length = int(real.sum())
        if not length or not real[:length].all():
            raise ValueError(f"{path}: chunk {i}: padding that is not at its end, or nothing else")
        sequences.append(ids[:length])
    return sequences


def save_midibert(path: str | Path, sequences: Iterable[np.ndarray]) -> int:
    """Write a token file of MIDI-BERT: chunks of 512, the last of a piece padded.

    Args:
        path: `.npy`.
        sequences: (T, 4) ids of each piece, by `CPTokenizer(preset="midibert")`.

    Returns:
        The number of chunks.

    Raises:
        ValueError: another suffix, no ids at all, or ids outside of the vocabulary.
    """
    path = Path(path)
    if path.suffix != ".npy":  # numpy would write to another file
        raise ValueError(f"{path}: the name of MIDI-BERT's files ends with .npy")
    chunks = []
    for i, sequence in enumerate(sequences):
        ids = np.asarray(sequence)
        if ids.ndim != 2 or ids.shape[1] != len(SIZES) or ids.dtype.kind not in "iu":
            expected = f"integers (T, {len(SIZES)})"
            raise ValueError(f"{path}: piece {i}: {ids.dtype} {ids.shape}, not {expected}")
        _check_range(ids, f"{path}: piece {i}")
        rows = np.tile(np.array(PAD), (-(-len(ids) // CHUNK) * CHUNK, 1))
        rows[: len(ids)] = ids
        chunks.append(rows.reshape(-1, CHUNK, len(SIZES)))
    whole = np.concatenate(chunks) if chunks else np.zeros((0, CHUNK, len(SIZES)), np.int64)
    if not len(whole):
        raise ValueError(f"{path}: no ids to write")
    np.save(path, whole)
    return len(whole)


def _check_range(ids: np.ndarray, where: str) -> None:
    wrong = np.flatnonzero(((ids < 0) | (ids >= SIZES)).any(axis=0))
    if len(wrong):
        name, size = FIELDS[wrong[0]], SIZES[wrong[0]]
        raise ValueError(f"{where}: ids of {name} go beyond 0 to {size - 1}")
