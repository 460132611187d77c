"""Recordings in memory: arrays of samples, rows of `datasets`, decoders of torchcodec."""

from __future__ import annotations

import os
from collections.abc import Mapping
from numbers import Number
from typing import Any

import numpy as np

from symbolic.audio.decode import MAX_SECONDS, check_samples, resample
from symbolic.audio.sample_types import float_samples
from symbolic.notes.archives import NamedBytes
from symbolic.notes.table import ReadError


def is_one_sound(source: object) -> bool:
    """Whether an object is a single sound, not a collection of sounds.

    A path, bytes, a row of `datasets`, a decoder, or samples: an array or tensor of one dimension,
    or a list of numbers.
    """
    kinds = str | os.PathLike | bytes | bytearray | memoryview | Mapping | NamedBytes
    if isinstance(source, kinds):
        return True
    if isinstance(source, list | tuple):
        return bool(source) and isinstance(source[0], Number)
    return is_decoder(source) or getattr(source, "ndim", None) == 1


def is_decoder(source: object) -> bool:
    """Whether an object decodes a recording as torchcodec's `AudioDecoder` does.

    `datasets` returns such objects from version 4 on. They are recognised by their method, so that
    torchcodec need not be installed.
    """
    return callable(getattr(source, "get_all_samples", None))


def file_of(sound: Any) -> str | os.PathLike | bytes | NamedBytes | None:
    """Return the path or the bytes in an object; None for samples.

    Args:
        sound: a path, bytes, or `{"bytes": ..., "path": ...}`, an undecoded recording of
            `datasets`; either may be None or missing.

    Raises:
        ReadError: a dictionary with neither samples nor a file.
    """
    if isinstance(sound, str | os.PathLike | bytes | NamedBytes):
        return sound
    if isinstance(sound, bytearray | memoryview):
        return bytes(sound)
    if not isinstance(sound, Mapping) or _values(sound) is not None:
        return None
    content, path = sound.get("bytes"), sound.get("path")
    if content is not None:
        return NamedBytes(os.fspath(path), bytes(content)) if path else bytes(content)
    if path:
        return path
    raise ReadError("no sound: a dictionary without array, bytes and path")


def rate_of(sound: Any) -> float | None:
    """Return the sampling rate in Hz of a dictionary of samples; None where it has none."""
    return sound.get("sampling_rate") if isinstance(sound, Mapping) else None


def path_of(sound: Any) -> str | None:
    """Return the path of a row of `datasets` or of its decoder; None where it has none."""
    if isinstance(sound, Mapping):
        path = sound.get("path")
    else:
        path = getattr(getattr(sound, "metadata", None), "path", None)
    return os.fspath(path) if isinstance(path, str | os.PathLike) and path else None


def samples_at(sound: Any, wanted: float, sampling_rate: float | None = None) -> np.ndarray:
    """Return the samples of a sound that is not a file, at the sampling rate that is wanted.

    A decoder is treated as a file: its channels are averaged, and it is resampled. The samples of a
    dictionary may have channels, (channels, n) as in torchcodec and transformers, which are
    averaged. Neither they nor bare samples are resampled, as in transformers.

    Args:
        sound: a decoder; `{"array": samples, "sampling_rate": rate}`, or `raw` in place of `array`;
            or (n,) samples. Number types are those of `float_samples`.
        wanted: in Hz.
        sampling_rate: of bare samples, in Hz; the one wanted where None.

    Returns:
        (n,) float32, full scale at 1, n at least 1.

    Raises:
        ReadError: samples that `float_samples` refuses; no samples, or several channels of bare
            ones; NaN, infinity, or values beyond `LOUDEST`; a decoder that fails, or holds more
            than `MAX_SECONDS`.
        ValueError: samples at another rate.
    """
    if is_decoder(sound):
        return _decoded(sound, wanted)
    channels = isinstance(sound, Mapping)
    if channels:
        sampling_rate = rate_of(sound) or sampling_rate
        sound = _values(sound)
    if sampling_rate is not None and sampling_rate != wanted:
        raise ValueError(
            f"samples at {sampling_rate} Hz for a model of {wanted} Hz: resample them, "
            "or give the file, which is resampled when it is read"
        )
    samples = float_samples(sound)
    if channels and samples.ndim == 2:
        samples = _mono(samples)
    return _checked(samples)


def _values(sound: Mapping) -> Any | None:
    values = sound.get("array")
    return sound.get("raw") if values is None else values


def _decoded(decoder: Any, wanted: float) -> np.ndarray:
    try:
        found = decoder.get_all_samples()
        values, rate = found.data, found.sample_rate
    except Exception as error:  # FFmpeg's, of many classes
        reason = "not audio, or damaged: it cannot be decoded"
        raise ReadError(reason, path_of(decoder)) from error
    samples = float_samples(values)
    samples = _checked(_mono(samples) if samples.ndim == 2 else samples)
    if len(samples) > MAX_SECONDS * rate:
        raise ReadError(f"longer than {MAX_SECONDS / 3600:g} hours", path_of(decoder))
    return resample(samples, rate, wanted)


def _mono(samples: np.ndarray) -> np.ndarray:
    """Average (channels, n) to (n,)."""
    channels, length = samples.shape
    if channels > length > 0:
        raise ReadError(f"{channels:,} channels of {length:,} samples: expected (channels, n)")
    return samples.mean(axis=0) if channels else np.zeros(0, np.float32)


def _checked(samples: np.ndarray) -> np.ndarray:
    if samples.ndim != 1 or not len(samples):
        raise ReadError(f"expected (n,) samples of one channel, got {samples.shape}")
    check_samples(samples)
    return samples
