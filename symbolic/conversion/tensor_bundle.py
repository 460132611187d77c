"""Checkpoints of TensorFlow, read without TensorFlow: an index of names, and files of values.

The format is TensorFlow's tensor bundle (tensorflow/core/util/tensor_bundle): `PREFIX.index` is a
table of LevelDB (google/leveldb, doc/table_format.md), whose values are messages of protobuf, and
`PREFIX.data-00000-of-00001` and so on are the shards that hold the values. TensorFlow writes the
index without compression, tensors in row-major order.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from functools import cache
from math import prod
from pathlib import Path

import numpy as np

from symbolic.errors import SymbolicError

MAGIC = 0xDB4775248B80FB57
FOOTER = 48  # bytes
CHECK = 5  # bytes after a block: the kind of compression, and its checksum
TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 19: "<f2"}  # by the numbers of `DataType`
MOMENTS = ("Adam", "Adam_1")  # last parts of the names of what an optimizer keeps

Message = dict[int, list[int | bytes]]
"""Values of a message by the numbers of their fields."""


class CheckpointError(SymbolicError, ValueError):
    """A checkpoint that is missing, damaged or of another kind."""


def read_tensors(prefix: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read the tensors of a checkpoint that have one of `TYPES`, without those of the optimizer.

    Args:
        prefix: what precedes `.index` in the name of the index; it may be a folder and a slash.

    Raises:
        CheckpointError: no such file, or a file that is damaged or has another format; the message
            names it.
    """
    index = Path(f"{os.fspath(prefix)}.index")
    try:
        entries = {key.decode(): _message(value) for key, value in _table(_content(index))}
        header = entries.pop("")
        shards, big_endian = _number(header, 1), _number(header, 2)
        if big_endian:
            raise CheckpointError(f"{index}: big-endian, which is not supported")
        tensors = {}
        files: dict[int, tuple[Path, bytes]] = {}
        for name, entry in entries.items():
            kind, shard = TYPES.get(_number(entry, 1)), _number(entry, 3)
            if kind is None or name.rpartition("/")[2] in MOMENTS:
                continue
            if shard not in files:
                path = Path(f"{os.fspath(prefix)}.data-{shard:05d}-of-{shards:05d}")
                files[shard] = path, _content(path)
            sizes = [_number(_message(size), 1) for size in _message(_bytes(entry, 2)).get(2, [])]
            tensors[name] = _tensor(*files[shard], entry, np.dtype(kind), sizes)
    except CheckpointError:
        raise
    except (KeyError, IndexError, TypeError, ValueError, struct.error) as error:
        raise CheckpointError(f"{index}: not an index of a TensorFlow checkpoint") from error
    return tensors


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror}") from error


def _tensor(
    path: Path, data: bytes, entry: Message, kind: np.dtype, sizes: list[int]
) -> np.ndarray:
    """The values of an entry of the index, which are checked."""
    start, length = _number(entry, 4), _number(entry, 5)
    values = data[start : start + length]
    if len(values) != length or prod(sizes) * kind.itemsize != length:
        raise CheckpointError(f"{path}: damaged: ends within a tensor, or belongs to another index")
    if _masked_crc(values) != struct.unpack("<I", _bytes(entry, 6))[0]:
        raise CheckpointError(f"{path}: damaged: a checksum differs")
    return np.frombuffer(values, kind).reshape(sizes)


def _table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a table of LevelDB, in order."""
    footer = data[-FOOTER:]
    if len(footer) < FOOTER or struct.unpack("<Q", footer[-8:])[0] != MAGIC:
        raise ValueError("no table")
    place = 0
    for _ in range(2):  # of the meta index, which is not used
        _, place = _varint(footer, place)
    offset, place = _varint(footer, place)
    size, _ = _varint(footer, place)
    for _, handle in _block(data, offset, size):
        offset, place = _varint(handle, 0)
        size, _ = _varint(handle, place)
        yield from _block(data, offset, size)


def _block(data: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entries of a block: a key shares its beginning with the one before."""
    block = data[offset : offset + size]
    compression, check = struct.unpack("<BI", data[offset + size : offset + size + CHECK])
    if compression or _masked_crc(block + bytes(1)) != check:
        raise ValueError("a block that is compressed or damaged")
    restarts = struct.unpack("<I", block[-4:])[0]
    end, place, key = size - 4 * (restarts + 1), 0, b""
    while place < end:
        shared, place = _varint(block, place)
        rest, place = _varint(block, place)
        length, place = _varint(block, place)
        key = key[:shared] + block[place : place + rest]
        place += rest + length
        yield key, block[place - length : place]


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Read a number of 7 bits a byte, the lowest first; also return the place after it."""
    number = shift = 0
    while True:
        byte = data[place]
        number |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return number, place


def _message(data: int | bytes) -> Message:
    """Read the fields of a message: numbers, or the bytes of texts, messages and fixed numbers."""
    if isinstance(data, int):
        raise ValueError("a number in place of a message")
    fields: Message = {}
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        value: int | bytes
        if tag & 7 == 0:
            value, place = _varint(data, place)
        else:
            length = {1: 8, 5: 4}.get(tag & 7)
            if length is None:
                length, place = _varint(data, place)
            value, place = data[place : place + length], place + length
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _number(message: Message, field: int) -> int:
    """The number in a field, 0 where it is left out."""
    value = message.get(field, [0])[-1]
    if not isinstance(value, int):
        raise ValueError("bytes in place of a number")
    return value


def _bytes(message: Message, field: int) -> bytes:
    value = message.get(field, [b""])[-1]
    if not isinstance(value, bytes):
        raise ValueError("a number in place of bytes")
    return value


@cache
def _crc_table() -> list[int]:
    """The table of CRC-32C, of the polynomial 0x1EDC6F41 with its bits reversed."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


def _masked_crc(data: bytes) -> int:
    """The checksum of LevelDB: CRC-32C, rotated and moved."""
    table, crc = _crc_table(), 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
