"""Statistics of segments: each is that of its values alone, to the last bit."""

import numpy as np
import pytest

from symbolic.features.segments import SPREAD_STATISTICS, Segments, entropies, quotients

COUNTS = {
    "one": [300],
    "one value": [1],
    "one without values": [0],
    "several": [5, 1, 300, 2, 17, 1000],
    "some without values": [0, 3, 0, 0, 140, 0],
}


def parts(counts, values):
    return np.split(values, np.cumsum(counts)[:-1], axis=-1)


@pytest.fixture(params=COUNTS.values(), ids=COUNTS)
def counts(request):
    return request.param


@pytest.fixture
def segments(counts):
    return Segments(np.array(counts, np.int64))


@pytest.fixture
def values(counts):
    return np.random.default_rng(0).random(sum(counts)) * 100 - 20


def test_sums_are_those_of_numpy(segments, counts, values):
    assert segments.sum(values).tolist() == [np.add.reduce(part) for part in parts(counts, values)]


def test_sums_of_rows_are_those_of_each_row(segments, values):
    rows = np.stack([values, values**2, np.sqrt(np.abs(values))]).reshape(3, 1, -1)
    sums = segments.sum(rows)
    assert sums.shape == (3, 1, len(segments))
    for row, row_sums in zip(rows, sums, strict=True):
        assert np.array_equal(row_sums[0], segments.sum(row[0]))


def test_counts_and_shares_of_true_values(segments, counts, values):
    marks = parts(counts, values > 30)
    assert segments.count(values > 30).tolist() == [np.count_nonzero(part) for part in marks]
    assert segments.share(values > 30).tolist() == [
        part.mean() if len(part) else 0 for part in marks
    ]


def test_means_and_deviations(segments, counts, values):
    alone = [(part.mean(), part.std()) if len(part) else (0, 0) for part in parts(counts, values)]
    np.testing.assert_array_equal(np.transpose(segments.moments(values)), alone)


def test_positions_that_are_found(segments, counts, values):
    found, kept = segments.find(values > 30)
    assert np.array_equal(values[found], values[values > 30])
    assert np.array_equal(kept.counts, segments.count(values > 30))


def test_neighbours_belong_to_one_segment(segments, counts, values):
    pairs = segments.steps
    differences = [np.diff(part) for part in parts(counts, values)]
    changes = segments.after(values) - segments.before(values)
    assert np.array_equal(changes, np.concatenate(differences))
    assert pairs.counts.tolist() == [len(part) for part in differences]


def test_a_value_of_each_piece_is_repeated(segments, counts):
    for numbers in np.arange(len(counts)), np.arange(2 * len(counts)).reshape(2, -1):
        owners = numbers[..., segments.owner]
        assert np.array_equal(np.broadcast_to(segments.each(numbers), owners.shape), owners)


@pytest.mark.parametrize("counts", [[300], [1], [5, 1, 300, 2, 17, 1000]])
def test_quantiles_are_those_of_numpy(counts, values):
    segments = Segments(np.array(counts))
    names, spread = segments.spread("x", values)
    assert list(names) == [f"x_{name}" for name in SPREAD_STATISTICS]
    alone = [np.quantile(part, [0.1, 0.25, 0.5, 0.75, 0.9]) for part in parts(counts, values)]
    np.testing.assert_array_equal(spread[2:].T, alone)
    medians = [np.median(part) for part in parts(counts, values)]
    assert segments.median(segments.ordered(values)).tolist() == medians


def test_histograms(segments, counts, values):
    bins = (np.abs(values) // 20).astype(np.int64)
    for weights in None, values:
        histogram = segments.histogram(bins, 5, weights)
        weighed = parts(counts, np.ones(len(values)) if weights is None else weights)
        alone = [np.bincount(b, w, 5) for b, w in zip(parts(counts, bins), weighed, strict=True)]
        np.testing.assert_array_equal(histogram, alone)


def test_histograms_of_values_at_positions(segments, counts, values):
    at = np.flatnonzero(values > 30)
    bins = (values[at] // 20).astype(np.int64)
    counted, weighed = segments.histograms(bins, 5, [None, values], at)
    every = (np.abs(values) // 20).astype(np.int64)
    assert np.array_equal(counted, segments.histogram(every, 5, (values > 30).astype(float)))
    assert np.array_equal(weighed, segments.histogram(every, 5, values * (values > 30)))


def test_entropy_of_equal_shares():
    shares = np.array([[0.25, 0.25, 0.25, 0.25], [0, 0.5, 0.5, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(entropies(shares), np.log([4, 2, 1, 1]))


def test_quotients_that_are_not_defined_are_zero():
    divisors = np.array([2.0, 0.0, 1e-20])
    assert quotients(np.ones(3), divisors, divisors > 1e-12).tolist() == [0.5, 0, 0]
