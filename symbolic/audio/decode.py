"""Decoding of recordings: samples of one channel, read by libsndfile and resampled by soxr."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from symbolic.audio.extra import audio_module
from symbolic.audio.sample_types import float_samples
from symbolic.notes.midi.reader import is_midi
from symbolic.notes.read import content_of, is_file, name_of
from symbolic.notes.table import ReadError

if TYPE_CHECKING:
    from symbolic.notes.read import File

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".mp3", ".aiff", ".aif", ".au")

MAX_SECONDS = 2 * 3600.0
MAX_STREAMED = 12 * 3600.0  # seconds, of recordings that are read block by block
MIN_RATE, MAX_RATE = 1_000, 1_000_000  # Hz; a header with another rate is damaged
LOUDEST = 1e10  # of a sample at full scale 1; the power of larger ones exceeds float32
BLOCK = 2**20  # samples of all channels, decoded at once


def read_audio(source: File, sampling_rate: int | None = None) -> tuple[np.ndarray, int]:
    """Read the samples of a recording.

    Args:
        source: the path or the bytes of a file, with a name or without: WAV, FLAC, Ogg (Vorbis,
            Opus), MP3, AIFF, AU and other formats of libsndfile. The content determines the
            format, not the name.
        sampling_rate: rate of the returned samples in Hz; that of the file where None.

    Returns:
        (n,) float32 samples, n at least 1, full scale at 1, channels averaged; and their sampling
        rate. n is ceil(samples of the file * sampling_rate / its sampling rate).

    Raises:
        ReadError: a source that is not audio, is damaged, has no samples or NaN among them, is
            longer than `MAX_SECONDS`, or is not a regular file; the message names it.
        ImportError: soundfile or soxr is missing.
    """
    with naming(source):
        samples, rate = _decode(_opened(source))
        wanted = sampling_rate or rate
        return resample(samples, rate, wanted), wanted


def audio_blocks(source: File, sampling_rate: int) -> Generator[np.ndarray, None, float]:
    """Read the samples of a recording block by block: at most `MAX_STREAMED` seconds of them.

    Args:
        source: as in `read_audio`.
        sampling_rate: rate of the returned samples in Hz.

    Yields:
        (n,) float32 samples, channels averaged.

    Returns:
        The length of the file in seconds, without samples that resampling adds, as the value of
        the generator.

    Raises:
        ReadError, ImportError: as `read_audio`, when the block is read.
    """
    soundfile, soxr = audio_module("soundfile"), audio_module("soxr")
    with naming(source):
        opened = _opened(source)
        with _decoding(soundfile), _sound_file(soundfile, opened) as file:
            rate, count = _checked_rate(file), 0
            stream = None
            if rate != sampling_rate:
                stream = soxr.ResampleStream(rate, sampling_rate, 1, "float32", "HQ")
            for block in _mono_blocks(file, MAX_STREAMED):
                check_samples(block)
                count += len(block)
                yield block if stream is None else stream.resample_chunk(block)
            if stream is not None:
                yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
            return count / rate


@contextmanager
def naming(source: object) -> Iterator[None]:
    """Name a source in the `ReadError` of reading it, if it is a path."""
    try:
        yield
    except ReadError as error:
        name = name_of(cast(Any, source))
        if name is None:
            raise
        raise ReadError(error.reason, source=name) from error


def resample(samples: np.ndarray, rate: float, wanted: float) -> np.ndarray:
    """Resample (n,) samples to (ceil(n * wanted / rate),) float32, by soxr at high quality."""
    samples = float_samples(samples)
    if rate == wanted:
        return samples
    length = int(np.ceil(len(samples) * wanted / rate))
    samples = audio_module("soxr").resample(samples, rate, wanted, "HQ")[:length]
    return np.pad(samples, (0, length - len(samples)))


def is_regular(path: str) -> bool:
    """Whether a path is a regular file, not a pipe or a folder."""
    return stat.S_ISREG(os.stat(path).st_mode)


def _opened(source: File) -> str | io.BytesIO:
    """Return the checked path, or the bytes as a file."""
    if isinstance(source, str | os.PathLike):
        return _regular(os.fspath(source))
    if not is_file(source):
        raise TypeError(f"expected a path or bytes, got {type(source).__name__}")
    return _content(content_of(source))


def _regular(path: str) -> str:
    """Check that a path is a regular file that can be opened, and return it."""
    try:
        if os.path.isdir(path):
            raise ReadError("a folder, not a file")
        if not is_regular(path):
            raise ReadError("not a regular file")
        with open(path, "rb") as file:
            _content(file.read(16))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ReadError("no such file") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        if isinstance(error, ReadError):
            raise
        raise ReadError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    return path


def _content(data: bytes) -> io.BytesIO:
    """Return bytes as a file; refuse empty ones and MIDI."""
    if not data:
        raise ReadError("empty file")
    if is_midi(data):
        raise ReadError("MIDI, not a recording: symbolic.audio.render_midi renders it")
    return io.BytesIO(data)


def _decode(source: str | io.BytesIO) -> tuple[np.ndarray, int]:
    """Decode a recording: (n,) float32 samples of one channel, and their rate."""
    soundfile = audio_module("soundfile")
    with _decoding(soundfile), _sound_file(soundfile, source) as file:
        rate, claimed = _checked_rate(file), file.frames
        blocks = [*_mono_blocks(file, MAX_SECONDS)]
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    if not len(samples):
        raise ReadError("no samples")
    if claimed < 2**62 and len(samples) < claimed // 2:
        raise ReadError(f"cut off: {len(samples):,} of {claimed:,} samples")
    check_samples(samples)
    return samples, rate


@contextmanager
def _decoding(soundfile) -> Iterator[None]:
    """Turn errors of libsndfile while it decodes into `ReadError`."""
    try:
        yield
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise ReadError("damaged: its samples cannot be decoded") from error


def _sound_file(soundfile, source: str | io.BytesIO):
    """Open a file with libsndfile; turn its errors into `ReadError`."""
    try:
        return soundfile.SoundFile(source)
    except (soundfile.SoundFileError, TypeError, RuntimeError) as error:  # TypeError: a .raw file
        unknown = getattr(error, "code", _UNKNOWN_FORMAT) == _UNKNOWN_FORMAT
        reason = "a format that is not known" if unknown else "its header cannot be read"
        raise ReadError(f"not audio, or damaged: {reason}") from error


_UNKNOWN_FORMAT = 1  # libsndfile's SF_ERR_UNRECOGNISED_FORMAT


def _checked_rate(file) -> int:
    if not MIN_RATE <= file.samplerate <= MAX_RATE:
        raise ReadError(f"damaged: a sampling rate of {file.samplerate} Hz")
    return file.samplerate


def check_samples(samples: np.ndarray) -> None:
    """Check samples of a recording.

    Raises:
        ReadError: NaN or infinity among them, or values beyond `LOUDEST`.
    """
    if not np.isfinite(samples).all():
        raise ReadError("samples that are NaN or infinite")
    if len(samples) and np.abs(samples).max() > LOUDEST:
        raise ReadError(f"damaged: samples beyond {LOUDEST:g}")


def _mono_blocks(file, most: float) -> Iterator[np.ndarray]:
    """Yield the mean of all channels in blocks, of at most so many seconds.

    The length in the header is not trusted.
    """
    count, limit = 0, int(most * file.samplerate)
    while len(block := file.read(max(1, BLOCK // file.channels), dtype="float32", always_2d=True)):
        count += len(block)
        if count > limit:
            raise ReadError(f"longer than {most / 3600:g} hours")
        yield block[:, 0] if block.shape[1] == 1 else block.mean(axis=1)
