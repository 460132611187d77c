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
        """Bin of each time: whole numbers in 0..size-1, in float64."""
        per_octave = (self.size - 2) / np.log(self.high / self.low)
        bins = np.log(np.maximum(seconds, self.low / 2))
        bins -= np.log(self.low) - 1 / per_octave
        bins *= per_octave
        np.rint(bins, out=bins)
        np.maximum(bins, 1, out=bins)
        np.minimum(bins, self.size - 1, out=bins)
        bins *= seconds >= self.low / 2
        return bins

    def centres(self) -> np.ndarray:
        """(size,) seconds at the centre of each bin; bin 0 is 0 s."""
        return np.concatenate([[0.0], np.geomspace(self.low, self.high, self.size - 1)])
