"""Logarithmic bins for times, vectorised."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class LogBins:
    """Log-spaced bins for times in seconds; bin 0 holds times shorter than half of `low`.

    Attributes:
        low: centre of bin 1, in seconds; (k, 1) to quantise k kinds of times at once.
        high: centre of the last bin, in seconds, which also holds longer times; shaped like `low`.
        size: number of bins, bin 0 included.
    """

    low: float | np.ndarray
    high: float | np.ndarray
    size: int

    def quantise(self, seconds: np.ndarray) -> np.ndarray:
        """Return the bins of times of any shape, (k, n) for k kinds: 0..size-1 in float64."""
        per_octave, below_first = self._scale
        bins = np.maximum(seconds, self.low / 2)
        np.log(bins, out=bins)
        bins -= below_first
        bins *= per_octave
        np.rint(bins, out=bins)
        np.maximum(bins, 1, out=bins)
        np.minimum(bins, self.size - 1, out=bins)
        bins *= seconds >= self.low / 2
        return bins

    @cached_property
    def _scale(self) -> tuple[float | np.ndarray, float | np.ndarray]:
        """Bins per unit of the logarithm, and the logarithm of the centre one bin below `low`."""
        per_octave = (self.size - 2) / np.log(self.high / self.low)
        return per_octave, np.log(self.low) - 1 / per_octave

    def centres(self) -> np.ndarray:
        """(size,) centres of the bins in seconds; that of bin 0 is 0."""
        return np.concatenate([[0.0], np.geomspace(self.low, self.high, self.size - 1)])
