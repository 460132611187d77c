"""Inputs that nobody means to write: files of music, damaged at random but the same for a seed.

`mutant` gives the input of a number: a base file, changed a few times in its bytes or in its
structure, which is found out first. An input depends on the base files, the seed and the number
alone, so that one that breaks something is made again from its number.
"""

import random
from collections.abc import Sequence

from fuzzing.bytes_mutation import changed_bytes
from fuzzing.midi_mutation import changed_midi
from fuzzing.musicxml_mutation import changed_score


def mutant(bases: Sequence[bytes], seed: int, number: int) -> bytes:
    """The input of a number: one of the bases (MIDI, or MusicXML as plain text), changed."""
    rng = random.Random(f"{seed} {number}")
    data, other = rng.choice(bases), rng.choice(bases)
    kind = rng.random()
    if kind < 0.7:
        change = changed_midi if data[:4] == b"MThd" else changed_score
        data = change(data, other, rng)
    if kind > 0.6:
        data = changed_bytes(data, other, rng)
    return data
