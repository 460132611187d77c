"""On-disk cache of the frames of recordings, which are computed in parallel."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import tempfile
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from symbolic.audio.front_end import FrontEnd
from symbolic.audio.inputs import frames_of
from symbolic.audio.synthesis.rendering import find_sound_font, is_music
from symbolic.audio.transforms.derived import derived_frames, shared
from symbolic.audio.transforms.spectral import silence
from symbolic.notes.pool import apply_many
from symbolic.notes.table import ReadError

VERSION = 1  # of the computation of frames; a new version invalidates all cached files
MUSIC_VERSION = 2  # of the reading and rendering of notes; files of recordings stay valid

Features = np.ndarray | ReadError


def features_of(
    paths: Iterable[str | os.PathLike],
    front: FrontEnd,
    cache_dir: str | os.PathLike | None = None,
    workers: int | None = None,
) -> list[Features]:
    """Compute or load the input of an encoder for each file, in order.

    The key of a cached file is its path, size and time of modification; for music also
    `MUSIC_VERSION` and the sound font of the rendering. Frames from which those of several systems
    are derived are cached as well: see `shared`.

    Args:
        paths: recordings, or MIDI and MusicXML, which are rendered to audio.
        front: the front end.
        cache_dir: folder of the cache; by default in the cache of `datasets`.
        workers: processes; None is one per core, 0 computes in this process.

    Returns:
        For each file (T, F) or (n,) float32, mapped from disk: pages are read on use, and writing
        to the array does not change the file; or a `ReadError` with the reason.

    Raises:
        ImportError: a library of the extra `audio` is missing.
    """
    folder = Path(_default_cache() if cache_dir is None else cache_dir)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [os.fspath(path) for path in paths]
    found: dict[str, Features] = {
        path: features
        for path in dict.fromkeys(paths)
        if (features := _load(_place(path, front, folder), front)) is not None
    }
    missing = [path for path in dict.fromkeys(paths) if path not in found]
    if missing:
        silence(front)  # computes the filters, which all workers share
        made = apply_many(partial(_make, front, folder), missing, workers)
        for path, place in zip(missing, made, strict=True):
            features = place if isinstance(place, ReadError) else _load(Path(place), front)
            if features is None:
                features = ReadError("its features cannot be read from the cache", path)
            found[path] = features
    return [found[path] for path in paths]


def _make(front: FrontEnd, folder: Path, paths: Sequence[Any]) -> list[str]:
    """Compute and write the frames of each file; return where they are."""
    _one_thread()
    places = []
    for path in paths:
        place = _place(path, front, folder)
        _write(place, _made(path, front, folder))
        places.append(str(place))
    return places


def _made(path: str, front: FrontEnd, folder: Path) -> np.ndarray:
    made_of = shared(front)
    if made_of is None or made_of == front:
        return frames_of(path, front)
    place = _place(path, made_of, folder)
    frames = _load(place, made_of)
    if frames is None:
        frames = frames_of(path, made_of)
        _write(place, frames)
    return derived_frames(frames, made_of, front)


@lru_cache(maxsize=1)
def _one_thread() -> None:
    """Use one thread in a worker: there is a worker on each core already."""
    if multiprocessing.parent_process() is not None:
        from threadpoolctl import threadpool_limits

        threadpool_limits(1)


def _place(path: str, front: FrontEnd, folder: Path) -> Path:
    """Return the file of the frames, whose name is a hash of everything they depend on."""
    try:
        status = os.stat(path)
        known: list[Any] = [os.path.realpath(path), status.st_size, status.st_mtime_ns]
    except (OSError, ValueError):
        known = [path]  # the reader raises the error
    if front.from_notes or is_music(path):
        known.append(MUSIC_VERSION)
        if not front.from_notes:
            try:
                known.append(find_sound_font())
            except FileNotFoundError:
                known.append(None)
    values = front.to_dict()
    values["of_notes"] = values.pop("from_notes")  # as version 0.1.0 named it: its files stay valid
    whole = json.dumps([VERSION, values, known], sort_keys=True)
    name = hashlib.blake2b(whole.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    return folder / name[:2] / f"{name}.npy"


def _write(place: Path, features: np.ndarray) -> None:
    """Write a file atomically; other processes may write the same one."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=".", suffix=".npy", dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            np.save(file, features)
        os.replace(beside, place)
    except BaseException:
        os.unlink(beside)
        raise


def _load(place: Path, front: FrontEnd) -> np.ndarray | None:
    """Map frames from disk; None where the file is missing or damaged.

    torch maps them, because numpy keeps a mapped file open, and a corpus has more files than a
    process may open.
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
    width = () if front.takes_samples else (front.width,)
    if dtype != np.float32 or shape[1:] != width or size != 4 * (start + int(np.prod(shape))):
        return None
    mapped = torch.from_file(str(place), shared=False, size=size // 4, dtype=torch.float32)
    return mapped.numpy()[start:].reshape(shape)


def _default_cache() -> Path:
    from datasets.config import HF_DATASETS_CACHE

    return Path(HF_DATASETS_CACHE) / "symbolic" / "audio"
