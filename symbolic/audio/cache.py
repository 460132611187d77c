"""Features of many recordings, computed in parallel and kept on disk for the next time."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import tempfile
from collections.abc import Iterable
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from symbolic.audio.front import Front
from symbolic.audio.inputs import hear
from symbolic.audio.synthesis.rendering import find_sound_font, is_music
from symbolic.audio.transforms.spectral import silence
from symbolic.audio.transforms.structured import shared, structured
from symbolic.notes.pool import apply_many
from symbolic.notes.table import ReadError

VERSION = 1  # of how features are computed: a change of it makes old ones void
MUSIC_VERSION = 2  # of how notes are read and played; those of recordings stay

Features = np.ndarray | ReadError


def features_of(
    paths: Iterable[str | os.PathLike],
    front: Front,
    cache_dir: str | os.PathLike | None = None,
    workers: int | None = None,
) -> list[Features]:
    """What an encoder hears of each file, in order.

    Files are known by path, size and time of change, music also by `MUSIC_VERSION` and by the sound
    font that plays it.
    Pictures of structure are made of others, which are kept as well: see `shared`.

    Args:
        paths: recordings, or MIDI and MusicXML, which are made to sound.
        front: the front end.
        cache_dir: where features are kept; by default in the cache of `datasets`.
        workers: processes; None is one for each core, 0 does everything here.

    Returns:
        For each file (T, F) or (n,) float32, mapped from disk: pages are read when they are used,
        and writing to them leaves the disk as it is; or the `ReadError` that says why not.

    Raises:
        ImportError: a library of the extra `audio` is missing.
    """
    folder = Path(_default_cache() if cache_dir is None else cache_dir)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [os.fspath(path) for path in paths]
    found: dict[str, Features] = {}
    for path in dict.fromkeys(paths):
        features = _load(_place(path, front, folder), front)
        if features is not None:
            found[path] = features
    missing = [path for path in dict.fromkeys(paths) if path not in found]
    if missing:
        silence(front)  # makes the filters, which all workers share
        made = apply_many(partial(_make, front, folder), missing, workers)
        for path, answer in zip(missing, made, strict=True):
            if not isinstance(answer, ReadError):
                answer = _load(Path(answer), front)
                if answer is None:
                    answer = ReadError("its features cannot be read from the cache", path)
            found[path] = answer
    return [found[path] for path in paths]


def _make(front: Front, folder: Path, paths: list[str]) -> list[str]:
    """Where the features of each file are, once they are written."""
    _one_thread()
    places = []
    for path in paths:
        place = _place(path, front, folder)
        _write(place, _made(path, front, folder))
        places.append(str(place))
    return places


def _made(path: str, front: Front, folder: Path) -> np.ndarray:
    made_of = shared(front)
    if made_of is None or made_of == front:
        return hear(path, front)
    place = _place(path, made_of, folder)
    frames = _load(place, made_of)
    if frames is None:
        frames = hear(path, made_of)
        _write(place, frames)
    return structured(frames, made_of, front)


@lru_cache(maxsize=1)
def _one_thread() -> None:
    """In a worker: there is one on each core already."""
    if multiprocessing.parent_process() is not None:
        from threadpoolctl import threadpool_limits

        threadpool_limits(1)


def _place(path: str, front: Front, folder: Path) -> Path:
    """The file of the features, named by everything that they follow from."""
    try:
        status = os.stat(path)
        known = [os.path.realpath(path), status.st_size, status.st_mtime_ns]
    except (OSError, ValueError):
        known = [path]  # the reader says why
    if front.of_notes or is_music(path):
        known.append(MUSIC_VERSION)
        if not front.of_notes:
            try:
                known.append(find_sound_font())
            except FileNotFoundError:
                known.append(None)
    whole = json.dumps([VERSION, front.to_dict(), known], sort_keys=True)
    name = hashlib.blake2b(whole.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    return folder / name[:2] / f"{name}.npy"


def _write(place: Path, features: np.ndarray) -> None:
    """Whole or not at all, whoever else writes the same."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=".", suffix=".npy", dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            np.save(file, features)
        os.replace(beside, place)
    except BaseException:
        os.unlink(beside)
        raise


def _load(place: Path, front: Front) -> np.ndarray | None:
    """Features mapped from disk; None where they are not there or are damaged.

    By torch, because an array that numpy maps holds its file open, and a corpus has more files than
    a process may have open.
    """
    import torch

    try:
        with open(place, "rb") as file:
            np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            start = file.tell() // 4
            size = os.fstat(file.fileno()).st_size
    except (OSError, ValueError):
        return None
    width = () if front.hears_samples else (front.width,)
    if dtype != np.float32 or shape[1:] != width or size != 4 * (start + int(np.prod(shape))):
        return None
    mapped = torch.from_file(str(place), shared=False, size=size // 4, dtype=torch.float32)
    return mapped.numpy()[start:].reshape(shape)


def _default_cache() -> Path:
    import datasets

    return Path(datasets.config.HF_DATASETS_CACHE) / "symbolic" / "audio"
