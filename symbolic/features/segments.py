"""Statistics of consecutive segments of flat arrays, one segment for each piece.

Each statistic of a segment is that of its values alone, to the last bit: sums are NumPy's pairwise
sums of the segment, not differences of a running sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Any, Generic, TypeVar

import numpy as np

SPREAD_STATISTICS = ("mean", "std", "q10", "q25", "median", "q75", "q90")  # as `spread` orders them
_QUANTILES = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
_LONG = 256  # values of a segment, from which a call for each is faster than one for all
_ZERO, _ONE = np.array([0]), np.array([1])  # faster than integers of Python

Names = str | tuple[str, ...]
"""The name of a column, or those of several whose values are rows of one array."""

Columns = dict[Names, np.ndarray]
"""Values of columns of p pieces: (p,) under one name, (k, p) under k names."""

T = TypeVar("T")


class lazy(Generic[T]):
    """A property that is computed at first access.

    `functools.cached_property` does the same behind a lock, as slow as a short computation, before
    Python 3.12.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute, self.name = compute, compute.__name__
        self.__doc__ = compute.__doc__

    def __get__(self, instance: Any, owner: type) -> T:
        value = instance.__dict__[self.name] = self.compute(instance)
        return value


class Segments:
    """The segments of p pieces in arrays of n values.

    Args:
        counts: (p,) int64 lengths, 0 or more; p is at least 1.

    Attributes:
        starts, ends: (p,) of each segment, the end exclusive.
        alone: whether there is one segment. Whole arrays then stand for those of their positions:
            on short arrays, the number of calls matters.
    """

    def __init__(self, counts: np.ndarray) -> None:
        self.counts = counts
        self.alone = len(counts) == 1
        if self.alone:
            self.starts, self.ends = _ZERO, counts
        else:
            self.ends = np.add.accumulate(counts)
            self.starts = self.ends - counts

    def __len__(self) -> int:
        return len(self.counts)

    @lazy
    def divisor(self) -> np.ndarray:
        """(p,) float64 lengths, 1 for an empty segment."""
        return np.maximum(self.counts, 1.0)

    @lazy
    def owner(self) -> np.ndarray:
        """(n,) index of the piece of each value."""
        return np.arange(len(self)).repeat(self.counts)

    @lazy
    def place(self) -> np.ndarray:
        """(n,) position of each value in its segment."""
        return np.arange(self.ends[-1]) - self.each(self.starts)

    @lazy
    def bounds(self) -> list[tuple[int, int]]:
        """Start and end of each segment, for loops over pieces."""
        return list(zip(self.starts.tolist(), self.ends.tolist(), strict=True))

    @lazy
    def steps(self) -> Segments:
        """The segments of the m pairs of neighbours of `before` and `after`."""
        return Segments(np.maximum(self.counts - _ONE, _ZERO))

    @lazy
    def _firsts(self) -> np.ndarray:
        """(m,) positions of all values but the last of each segment."""
        steps = self.steps
        return np.arange(steps.ends[-1]) + steps.each(self.starts - steps.starts)

    @lazy
    def _seconds(self) -> np.ndarray:
        """(m,) positions of the values that follow those of `_firsts`."""
        return self._firsts + 1

    def before(self, values: np.ndarray) -> np.ndarray:
        """Take all of (..., n) values but the last of each segment: (..., m)."""
        return values[..., :-1] if self.alone else values.take(self._firsts, axis=-1)

    def after(self, values: np.ndarray) -> np.ndarray:
        """Take the values that follow those of `before`: (..., m)."""
        return values[..., 1:] if self.alone else values.take(self._seconds, axis=-1)

    def changes(self, values: np.ndarray) -> np.ndarray:
        """Subtract each of (..., n) values from the next in its segment: (..., m)."""
        found = values[..., 1:] - values[..., :-1]
        return found if self.alone else found.take(self._firsts, axis=-1)

    def each(self, values: np.ndarray) -> np.ndarray:
        """Repeat (..., p) values of pieces for each value of their segments.

        Returns:
            (..., n), or of one piece what broadcasts to it.
        """
        if self.alone:  # an array without axes is broadcast faster than one of one value
            return values if values.ndim > 1 else values[..., 0]
        return values.repeat(self.counts, axis=-1)

    def select(self, mask: np.ndarray) -> Segments:
        """Return the segments that are left of arrays of which a mask is selected."""
        return Segments(self.count(mask))

    def find(self, mask: np.ndarray) -> tuple[np.ndarray, Segments]:
        """Return the (m,) positions of the true values of an (n,) mask, and their segments.

        To take values at positions is faster than to select them by a mask.
        """
        places = mask.nonzero()[0]
        return places, Segments(np.array([len(places)])) if self.alone else self.select(mask)

    @lazy
    def _none_empty(self) -> bool:
        return bool(self.counts.all())

    @lazy
    def _heads(self) -> np.ndarray:
        """(p,) positions of the zeros where one stands before each segment."""
        return self.starts + np.arange(len(self))

    @lazy
    def _slots(self) -> np.ndarray:
        """(n + p,) whether a value stands there, no such zero."""
        slots = np.ones(self.ends[-1] + len(self), bool)
        slots[self._heads] = False
        return slots

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Sum (..., n) values: (..., p); 0 for an empty segment.

        Rows must be contiguous: NumPy groups the values of others differently.

        `np.add.reduceat` begins with the first value, `np.add.reduce` with 0: with a 0 before each
        segment both group the values in the same pairs. Sums of integers have no order.
        """
        if self.alone:
            return np.add.reduce(values, axis=-1, keepdims=True)
        if self._none_empty and values.dtype.kind in "bi":
            return np.add.reduceat(values, self.starts, axis=-1, dtype=np.int64)
        sums = np.empty((*values.shape[:-1], len(self)), values.dtype)
        if values.ndim == 2 and len(self._slots) > _LONG * len(self):
            for place, (start, end) in enumerate(self.bounds):
                np.add.reduce(values[:, start:end], axis=1, out=sums[:, place])
            return sums
        spaced = np.zeros(len(self._slots), values.dtype)
        for place in np.ndindex(values.shape[:-1]):
            spaced[self._slots] = values[place]
            np.add.reduceat(spaced, self._heads, out=sums[place])
        return sums

    def count(self, marks: np.ndarray) -> np.ndarray:
        """Count the true values of an (n,) mask: (p,) int64."""
        if self.alone:
            return np.array([np.count_nonzero(marks)])
        if self._none_empty:
            return np.add.reduceat(marks, self.starts, dtype=np.int32).astype(np.int64)
        running = np.zeros(len(marks) + 1, np.int64)
        np.add.accumulate(marks, out=running[1:])
        return running[self.ends] - running[self.starts]

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Compute the means of (n,) values: (p,); 0 for an empty segment."""
        if self.alone:
            return np.add.reduce(values, axis=-1, keepdims=True) / (values.shape[-1] or 1)
        return self.sum(values) / self.divisor

    def share(self, marks: np.ndarray) -> np.ndarray:
        """Compute the shares of true values of an (n,) mask: (p,); 0 for an empty segment."""
        if self.alone:
            return np.array([np.count_nonzero(marks) / (len(marks) or 1)])
        return self.count(marks) / self.divisor

    def moments(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute means and standard deviations of (n,) values: (p,) each; 0 for no values."""
        middle = self.mean(values)
        away = values - self.each(middle)
        away *= away
        return middle, np.sqrt(self.mean(away))

    def maximum(self, values: np.ndarray) -> np.ndarray:
        """Return the largest of the (..., n) values of segments that are not empty: (..., p)."""
        return np.maximum.reduceat(values, self.starts, axis=-1)

    def minimum(self, values: np.ndarray) -> np.ndarray:
        """Return the smallest of the (..., n) values of segments that are not empty: (..., p)."""
        return np.minimum.reduceat(values, self.starts, axis=-1)

    def ordered(self, values: np.ndarray) -> np.ndarray:
        """Sort (n,) values within each segment."""
        ordered = values.copy()
        for start, end in self.bounds:  # faster than one sort by piece and value
            ordered[start:end].sort()
        return ordered

    def median(self, ordered: np.ndarray) -> np.ndarray:
        """Compute the medians of (n,) values as `ordered` sorts them: (p,); none may be empty."""
        lower, upper = self._middles
        return (ordered[lower] + ordered[upper]) / 2

    @lazy
    def _middles(self) -> tuple[np.ndarray, np.ndarray]:
        """(p,) positions of the one or two middle values of each segment."""
        return self.starts + (self.counts - 1) // 2, self.starts + self.counts // 2

    def spread(
        self, name: str, values: np.ndarray, ordered: np.ndarray | None = None
    ) -> tuple[Names, np.ndarray]:
        """Compute mean, standard deviation and five quantiles of (n,) values, none empty.

        Args:
            name: of the columns, before that of the statistic.
            values: (n,).
            ordered: the same as `ordered` sorts them, where they are at hand.

        Returns:
            Names of the columns, and their values, (7, p).
        """
        columns = np.empty((len(SPREAD_STATISTICS), len(self)))
        columns[0], columns[1] = self.moments(values)
        columns[2:] = self._quantiles(self.ordered(values) if ordered is None else ordered)
        return _names(name), columns

    def _quantiles(self, ordered: np.ndarray) -> np.ndarray:
        """Compute quantiles of sorted values, interpolated as `np.quantile` does: (5, p)."""
        if self.alone:  # pieces of a length come again, in each epoch of a training
            places, part = _places_of_one(self.counts.item())
        else:
            places, part = self._quantile_places
        low, high, nearer = ordered[places]
        return nearer + (high - low) * part

    @lazy
    def _quantile_places(self) -> tuple[np.ndarray, np.ndarray]:
        """Places of the quantiles, as of `_places`."""
        places, part = _places(self.counts)
        return places + self.starts, part

    def histogram(
        self, bins: np.ndarray, size: int, weights: np.ndarray | None = None
    ) -> np.ndarray:
        """Count, or add up the weights of, (n,) bins 0..size-1: (p, size)."""
        if self.alone:
            return np.bincount(bins, weights, size)[None]
        places = self._bins(bins, size)
        return np.bincount(places, weights, len(self) * size).reshape(len(self), size)

    def histograms(
        self,
        bins: np.ndarray,
        size: int,
        weights: Iterable[np.ndarray | None],
        at: np.ndarray | None = None,
    ) -> np.ndarray:
        """Add up several weights of (m,) bins 0..size-1.

        Args:
            bins: (m,).
            size: number of bins.
            weights: k times (n,) float64, or None to count.
            at: (m,) position among the n values of each bin; all of them in order where None.

        Returns:
            (k, p, size) float64.
        """
        places, total = self._bins(bins, size, at), len(self) * size
        if at is not None:
            weights = [row if row is None else row[at] for row in weights]
        sums = [np.bincount(places, row, total) for row in weights]
        return np.array(sums, np.float64).reshape(-1, len(self), size)

    def _bins(self, bins: np.ndarray, size: int, at: np.ndarray | None = None) -> np.ndarray:
        """Return the (m,) positions of bins, as of `histograms`, among those of all segments."""
        if self.alone:
            return bins
        return (self.owner if at is None else self.owner[at]) * size + bins


def _places(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the quantiles in segments of (p,) lengths.

    Returns:
        (3, 5, p) places of the values before and after each quantile, and of the nearer one; (5, p)
        the part of the way between the two from the nearer one to the quantile.
    """
    last = counts - 1
    place = _QUANTILES[:, None] * last
    before = place.astype(np.int64)
    part = place - before
    far = part >= 0.5
    return np.array((before, np.minimum(before + 1, last), before + far)), part - far


@lru_cache(maxsize=4096)
def _places_of_one(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the quantiles in one segment, as `_places`."""
    return _places(np.array([count]))


@cache
def _names(name: str) -> tuple[str, ...]:
    return tuple(f"{name}_{statistic}" for statistic in SPREAD_STATISTICS)


def quotients(values: np.ndarray, divisors: np.ndarray, defined: np.ndarray) -> np.ndarray:
    """Divide (p,) values where a mask is true; 0 elsewhere."""
    return np.divide(values, divisors, np.zeros(len(values)), where=defined)


def entropies(shares: np.ndarray) -> np.ndarray:
    """Compute the Shannon entropies in nats of (p, k) shares, each row of which sums to 1: (p,)."""
    some = shares > 0
    kept = shares[some]
    counts = [len(kept)] if len(shares) == 1 else np.add.reduce(some, axis=1, dtype=np.int64)
    return -Segments(np.array(counts)).sum(kept * np.log(kept))
