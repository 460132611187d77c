"""Bytes changed whatever they mean, and the numbers at which things break."""

import random

EDGES = (0, 1, 2, 0x3F, 0x40, 0x7E, 0x7F, 0x80, 0x81, 0xFE, 0xFF)
SIZES = (0, 1, 4, 6, 7, 127, 128, 2**14 - 1, 2**15, 2**16 - 1, 2**24 - 1, 2**28 - 1)
LARGE = (2**28, 2**31 - 1, 2**31, 2**32 - 1, 2**35, 2**63, 2**64)


def few(rng: random.Random) -> int:
    """How many changes: mostly one or two, now and then many."""
    return rng.choice((1, 1, 1, 2, 2, 3, 5, 10))


def changed_bytes(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Bits turned, bytes set to edges, blocks cut, doubled, removed and swapped, files spliced."""
    changed = bytearray(data)
    for _ in range(few(rng)):
        at = rng.randrange(len(changed) + 1)
        end = at + rng.choice((1, 2, 4, 8, 40, len(changed) // 4 + 1))
        match rng.randrange(9):
            case 0 if at < len(changed):
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                changed[at : at + 1] = bytes([rng.choice(EDGES)])
            case 2:
                size = rng.choice((2, 4))
                edge = rng.choice(SIZES + LARGE) % 256**size
                changed[at : at + size] = edge.to_bytes(size, rng.choice(("big", "little")))
            case 3:
                changed[at:at] = rng.randbytes(rng.randrange(1, 9))
            case 4:
                del changed[at:end]
            case 5:
                changed[at:at] = changed[at:end] * rng.choice((1, 1, 2, 20))
            case 6:
                block = changed[at:end]
                del changed[at:end]
                to = rng.randrange(len(changed) + 1)
                changed[to:to] = block
            case 7 if rng.random() < 0.3:
                del changed[at:]
            case 8 if rng.random() < 0.3:
                changed[at:] = other[rng.randrange(len(other) + 1) :]
    return bytes(changed)
