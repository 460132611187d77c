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
        """Return the bins of times of any shape, (k, n) for k kinds: 0..size-1 in int32."""
        per_octave, below_first, shortest = self._scale
        bins = np.maximum(seconds, shortest)
        np.log(bins, out=bins)
        bins -= below_first
        bins *= per_octave
        bins = np.rint(bins, out=bins).astype(np.int32)  # whole numbers are compared faster
        np.maximum(bins, 1, out=bins)
        np.minimum(bins, self.size - 1, out=bins)
        bins *= seconds >= shortest
        return bins

    @cached_property
    def _scale(self) -> tuple[float | np.ndarray, float | np.ndarray, float | np.ndarray]:
        """Bins per unit of the logarithm, the logarithm one bin below `low`, and half of `low`."""
        per_octave = (self.size - 2) / np.log(self.high / self.low)
        return per_octave, np.log(self.low) - 1 / per_octave, self.low / 2

    def centres(self) -> np.ndarray:
        """(size,) centres of the bins in seconds; that of bin 0 is 0."""
        return np.concatenate([[0.0], np.geomspace(self.low, self.high, self.size - 1)])
