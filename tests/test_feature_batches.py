"""Columns of several pieces: each piece has the values that it has alone."""

from dataclasses import replace

import numpy as np
import pytest

from symbolic.features.columns import BLOCKS, OTHER_BLOCKS
from symbolic.features.onsets import Onsets
from symbolic.notes import note_table

BLOCK_FUNCTIONS = [
    block for blocks in (*BLOCKS.values(), *OTHER_BLOCKS.values()) for block in blocks
]
DAY = 24 * 3600 * 960  # ticks, at 480 per quarter and 120 quarters per minute


def random_piece(rng):
    n = rng.integers(1, 80)
    onset = rng.integers(0, rng.choice([20, 500, 5000, 100_000, 2_000_000]), n)
    ticks = rng.integers(1, rng.choice([2, 2000, 200_000]), n)
    pitch, velocity = rng.integers(0, 128, n), rng.integers(1, 128, n)
    drums = (np.arange(n) > 0) & (rng.random(n) < rng.choice([0, 0.3]))
    return note_table(onset, ticks, pitch, velocity, rng.integers(0, rng.integers(1, 9), n), drums)


def pieces():
    rng = np.random.default_rng(0)
    chord = note_table([0, 0, 0], [480] * 3, [60, 64, 67], [64, 70, 90])
    melody = note_table(np.arange(9) * 480, [480] * 9, np.arange(60, 69), [64] * 9)
    edges = [
        note_table([0], [480], [60], [64]),
        chord,
        replace(chord, duration=np.zeros(3)),
        melody,
        replace(melody, has_dynamics=True),
        note_table([0, 480], [1, 1], [0, 127], [1, 127]),
        note_table([0, DAY], [480, 480], [60, 62], [64, 80]),
        note_table(np.arange(900) * 480, [1000] * 900, 40 + np.arange(900) * 7 % 50, [64] * 900),
    ]
    return [*edges, *(random_piece(rng) for _ in range(60))]


@pytest.mark.parametrize("block", BLOCK_FUNCTIONS, ids=lambda b: b.__name__)
def test_a_piece_of_a_batch_has_the_values_that_it_has_alone(block):
    batch = pieces()
    columns = block(Onsets(batch))
    for row, piece in enumerate(batch):
        alone = block(Onsets([piece]))
        assert list(alone) == list(columns)
        for names, values in columns.items():
            assert values.shape == (() if isinstance(names, str) else (len(names),)) + (len(batch),)
            assert np.array_equal(values[..., row], alone[names][..., 0]), names
