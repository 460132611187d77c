"""Quantisers between a quantity and its bin, vectorised both ways."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class LogBins:
    """Log-spaced bins for times in seconds, with bin 0 for "none" (shorter than half of `low`).

    Attributes:
        low: centre of bin 1, in seconds; or (k, 1) where k kinds of times are quantised at once.
        high: centre of the last bin, in seconds; longer times fall into it. Like `low`.
        size: number of bins, bin 0 included.
    """

    low: float | np.ndarray
    high: float | np.ndarray
    size: int

    def quantise(self, seconds: np.ndarray) -> np.ndarray:
        """Bin of each time: whole numbers in 0..size-1, in float64.

        Args:
            seconds: of any shape; (k, n) where there are k kinds.
        """
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
        """Bins per unit of the logarithm, and the logarithm one bin below that of `low`."""
        per_octave = (self.size - 2) / np.log(self.high / self.low)
        return per_octave, np.log(self.low) - 1 / per_octave

    def centres(self) -> np.ndarray:
        """(size,) seconds at the centre of each bin; bin 0 is 0 s."""
        return np.concatenate([[0.0], np.geomspace(self.low, self.high, self.size - 1)])
