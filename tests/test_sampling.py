"""Batches of like length: what goes together, in which order, in how many processes."""

import numpy as np
import pytest
import torch
from accelerate.data_loader import BatchSamplerShard
from torch.utils.data import BatchSampler

from symbolic.data import LengthSampler

LENGTHS = np.random.default_rng(0).integers(10, 500, 403)


def padding(order, size=8):
    batches = [LENGTHS[order[i : i + size]] for i in range(0, len(order), size)]
    return 1 - LENGTHS.sum() / sum(len(one) * one.max() for one in batches)


def test_the_sampler_groups_lengths_and_takes_everything_once():
    sampler = LengthSampler(LENGTHS, 8)
    order = list(sampler)
    assert sorted(order) == list(range(403))
    assert len(sampler) == 403
    assert padding(np.random.default_rng(1).permutation(403)) > 0.35
    assert padding(order) < 0.1
    assert LENGTHS.max() in LENGTHS[order[:8]]  # what needs most memory comes first
    firsts = LENGTHS[order[: 8 * 50 : 8]]
    assert abs(np.corrcoef(firsts, np.arange(50))[0, 1]) < 0.4  # and the rest in any order
    assert list(LengthSampler([5, 3], 8)) in ([0, 1], [1, 0])
    assert list(LengthSampler([], 8)) == []


def test_the_order_follows_from_seed_and_epoch():
    def order(seed, epoch):
        sampler = LengthSampler(LENGTHS, 8, seed)
        sampler.set_epoch(epoch)
        return list(sampler)

    torch.manual_seed(0)
    first = order(1, 2)
    torch.manual_seed(1)
    assert order(1, 2) == first
    assert order(1, 3) != first
    assert order(2, 2) != first
    with pytest.raises(ValueError, match="0"):
        LengthSampler(LENGTHS, batch_size=0)


def test_processes_share_out_batches_of_like_length():
    shards = [
        list(BatchSamplerShard(BatchSampler(LengthSampler(LENGTHS, 16), 8, False), 2, rank,
                               even_batches=False))
        for rank in range(2)
    ]  # fmt: skip
    taken = [i for shard in shards for batch in shard for i in batch]
    assert sorted(taken) == list(range(403))
    longest = np.array([[LENGTHS[batch].max() for batch in shard[:25]] for shard in shards])
    assert np.abs(longest[0] - longest[1]).mean() < 40
