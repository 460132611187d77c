"""Checkpoints in TensorFlow's format, written by hand: small ones for tests."""

import struct

import numpy as np

TYPES = {"float32": 1, "float64": 2, "int32": 3, "|S1": 7, "int64": 9}


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number, value):
    """A field of a message: a number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value) if value else b""  # zeros are left out
    return varint(number << 3 | 2) + varint(len(value)) + value


def crc32c(data):
    """Bit by bit, without a table."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x82F63B78 * (crc & 1)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32)


def block(entries, compression=0):
    """Entries of a table with shared beginnings of keys; every fourth key is whole."""
    out, restarts, last = b"", [], b""
    for number, (key, value) in enumerate(entries):
        shared = 0
        if number % 4 == 0:
            restarts.append(len(out))
        else:
            while shared < min(len(key), len(last)) and key[shared] == last[shared]:
                shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value))
        out += key[shared:] + value
        last = key
    out += struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))
    return out, out + bytes([compression]) + masked(out + bytes([compression]))


def table(entries, size=7, compression=0):
    """A table of LevelDB, with so many entries in a block."""
    out, handles = b"", []
    for first in range(0, len(entries), size):
        part = entries[first : first + size]
        raw, whole = block(part, compression)
        handles.append((part[-1][0] + b"\x00", varint(len(out)) + varint(len(raw))))
        out += whole
    footer = b""
    for content in ([], handles):
        raw, whole = block(content)
        footer += varint(len(out)) + varint(len(raw))
        out += whole
    return out + footer.ljust(40, b"\x00") + struct.pack("<Q", 0xDB4775248B80FB57)


def write_bundle(prefix, tensors, shards=1, compression=0, big_endian=0):
    """Write the index and the files of values of named arrays."""
    data = [b""] * shards
    entries = [(b"", field(1, shards) + field(2, big_endian) + field(3, field(1, 1)))]
    for number, (name, array) in enumerate(sorted(tensors.items())):
        array = np.asarray(array)
        shard, values = number % shards, array.tobytes()
        shape = b"".join(field(2, field(1, size)) for size in array.shape)
        kind = TYPES[array.dtype.str if array.dtype.kind == "S" else array.dtype.name]
        entry = field(1, kind) + field(2, shape) + field(3, shard)
        entry += field(4, len(data[shard])) + field(5, len(values))
        entry += varint(6 << 3 | 5) + masked(values)
        entries.append((name.encode(), entry))
        data[shard] += values
    with open(f"{prefix}.index", "wb") as file:
        file.write(table(entries, compression=compression))
    for number, values in enumerate(data):
        with open(f"{prefix}.data-{number:05d}-of-{shards:05d}", "wb") as file:
            file.write(values)
