"""Batches of examples of similar length, to compute little padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from torch.utils.data import Sampler

SPREAD = 0.1
"""Largest part by which a factor differs from 1.

A larger one computes more padding and mixes the batches of different epochs more.
"""


class LengthSampler(Sampler[int]):
    """Random order of examples in which consecutive batches have similar lengths.

    Examples are sorted by their length times a random factor near 1 and cut into batches, and the
    batches are shuffled; the batch with the longest example comes first, so that a lack of memory
    shows at once. The order depends on seed and epoch alone: all processes of a distributed run
    draw the same order, and accelerate distributes its batches.

    The sampler of transformers (`train_sampling_strategy="group_by_length"`) makes every example
    once to measure it, and its order depends on the global generator, which may differ between the
    processes of a distributed run.

    Args:
        lengths: of the n examples, in tokens.
        batch_size: examples of a step, of all processes together.
        seed: of the order.

    Raises:
        ValueError: a batch size that is not positive.
    """

    def __init__(self, lengths: Sequence[int] | np.ndarray, batch_size: int, seed: int = 0) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size {batch_size} is not positive")
        self.lengths = np.asarray(lengths)
        self.batch_size, self.seed, self.epoch = batch_size, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch; accelerate calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng((self.seed, self.epoch))
        factors = rng.uniform(1 - SPREAD, 1 + SPREAD, len(self))
        order = np.lexsort((rng.random(len(self)), -self.lengths * factors))
        whole = len(self) // self.batch_size * self.batch_size
        batches = order[:whole].reshape(-1, self.batch_size)
        batches = batches[rng.permutation(len(batches))]
        if len(batches):
            longest = int(self.lengths[batches].max(axis=1).argmax())
            batches[[0, longest]] = batches[[longest, 0]]
        # An incomplete batch comes last, or it would shift the batches after it.
        yield from np.append(batches, order[whole:]).tolist()
