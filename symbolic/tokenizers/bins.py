"""Quantisers between a quantity and its bin, vectorised both ways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LogBins:
    """Log-spaced bins for times in seconds, with bin 0 for "none" (shorter than half of `low`).

    Attributes:
        low: centre of bin 1, in seconds.
        high: centre of the last bin, in seconds; longer times fall into it.
        size: number of bins, bin 0 included.
    """

    low: float
    high: float
    size: int

    def quantise(self, seconds: np.ndarray) -> np.ndarray:
        """Bin of each time; int64, in 0..size-1."""
        per_octave = (self.size - 2) / np.log(self.high / self.low)
        position = 1 + np.rint(np.log(np.maximum(seconds, self.low) / self.low) * per_octave)
        return np.where(seconds < self.low / 2, 0, np.minimum(position, self.size - 1)).astype(
            np.int64
        )

    def centres(self) -> np.ndarray:
        """(size,) seconds at the centre of each bin; bin 0 is 0 s."""
        return np.concatenate([[0.0], np.geomspace(self.low, self.high, self.size - 1)])
