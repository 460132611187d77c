"""Batches of examples that are about equally long, so that little padding is computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from torch.utils.data import Sampler


class LengthSampler(Sampler[int]):
    """Examples in an order whose consecutive batches are of similar length.

    Examples are sorted by their length times a random factor near 1, cut into batches, and the
    batches shuffled; the one with the longest example comes first, so that memory that does not
    suffice is noticed at once. The order follows from seed and epoch alone: every process of a
    distributed run draws the same, and accelerate deals its batches out to them.

    The sampler of transformers (`train_sampling_strategy="group_by_length"`) takes every example
    once to see how long it is, which cuts, augments and tokenizes them all, and its order follows
    from the global generator, which the processes of a distributed run need not have in common.

    Args:
        lengths: n tokens of each example.
        batch_size: examples that are taken together: in a step, by all processes.
        seed: of the order.
        spread: 0.1 draws factors from 0.9..1.1. More is more padding, and more of a change from one
            epoch to the next in who is together with whom.

    Raises:
        ValueError: a batch size that is not positive, or a spread outside 0..1.
    """

    def __init__(
        self,
        lengths: Sequence[int] | np.ndarray,
        batch_size: int,
        seed: int = 0,
        spread: float = 0.1,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size {batch_size} is not positive")
        if not 0 <= spread <= 1:
            raise ValueError(f"spread {spread} is not within 0 to 1")
        self.lengths = np.asarray(lengths)
        self.batch_size = batch_size
        self.seed = seed
        self.spread = spread
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch; accelerate calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng((self.seed, self.epoch))
        factors = rng.uniform(1 - self.spread, 1 + self.spread, len(self))
        # Where lengths are equal without a spread, chance decides too.
        order = np.lexsort((rng.random(len(self)), -self.lengths * factors))
        whole = len(self) // self.batch_size * self.batch_size
        batches = order[:whole].reshape(-1, self.batch_size)
        batches = batches[rng.permutation(len(batches))]
        if len(batches):
            longest = int(self.lengths[batches].max(axis=1).argmax())
            batches[[0, longest]] = batches[[longest, 0]]
        # What is too little for a batch comes last, or it would shift those after it.
        yield from np.append(batches, order[whole:]).tolist()
