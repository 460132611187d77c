"""Logarithmic bins for times, vectorised."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

MOST_COMPARED = 1024  # times; a search in the edges is faster up to here, a logarithm above


@dataclass(frozen=True)
class LogBins:
    """Log-spaced bins for times in seconds; bin 0 holds times shorter than half of `low`.

    Attributes:
        low: centre of bin 1, in seconds.
        high: centre of the last bin, in seconds, which also holds longer times.
        size: number of bins, bin 0 included.
    """

    low: float
    high: float
    size: int

    def quantise(self, seconds: np.ndarray) -> np.ndarray:
        """Return the bins of times of any shape: whole numbers, 0..size-1."""
        if seconds.size <= MOST_COMPARED:
            return self._edges.searchsorted(seconds, "right")
        return self._rounded(seconds)

    def _rounded(self, seconds: np.ndarray) -> np.ndarray:
        """Round logarithms to bins: the definition of the bins."""
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
    def _edges(self) -> np.ndarray:
        """(size - 1,) the shortest time of each bin after the first, to the last bit."""
        bins = np.arange(1, self.size)
        # The bits of positive numbers, read as integers, have the same order.
        below, edges = np.array([[0.0], [2 * self.high]]).repeat(len(bins), axis=1).view(np.int64)
        while (edges - below).max() > 1:
            middle = below + (edges - below) // 2
            reached = self._rounded(middle.view(np.float64)) >= bins
            edges = np.where(reached, middle, edges)
            below = np.where(reached, below, middle)
        return edges.view(np.float64)

    @cached_property
    def _scale(self) -> tuple[float, float, float]:
        """Bins per unit of the logarithm, the logarithm one bin below `low`, and half of `low`."""
        per_octave = (self.size - 2) / np.log(self.high / self.low)
        return per_octave, np.log(self.low) - 1 / per_octave, self.low / 2

    def centres(self) -> np.ndarray:
        """(size,) centres of the bins in seconds; that of bin 0 is 0."""
        return np.concatenate([[0.0], np.geomspace(self.low, self.high, self.size - 1)])
