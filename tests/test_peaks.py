"""Peak picking of activations and novelty curves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from symbolic.structure import (
    expected_hits,
    gaussian_targets,
    min_distance_peaks,
    over_running_median,
)
from symbolic.structure.peak_picking import LEAST, SIGMA, SPREAD, local_mean_peaks

RATE = 7.0


def curve(count, **peaks):
    """Nothing but peaks, `at_3=0.5` one at frame 3."""
    out = np.zeros(count)
    for name, height in peaks.items():
        out[int(name.split("_")[1])] = height
    return out


def test_of_two_peaks_that_are_too_near_the_higher_stays():
    activation = curve(60, at_10=0.6, at_14=0.8, at_40=0.5)
    assert min_distance_peaks(activation, 1, 0.4).tolist() == [14, 40]
    assert min_distance_peaks(activation, 1, 0.7).tolist() == [14]
    assert min_distance_peaks(activation, 1, 0.9).dtype == np.int64


def test_seconds_are_counted_in_frames():
    activation = curve(100, at_10=0.6, at_22=0.8, at_33=0.7)
    assert min_distance_peaks(activation, 2, 0.1).tolist() == [10, 22]
    assert local_mean_peaks(activation, 2, 0.1).tolist() == [22]


def test_a_plateau_is_one_peak():
    activation = np.zeros(40)
    activation[10:15] = 0.5
    assert min_distance_peaks(activation, 1, 0.2).tolist() == [12]
    assert local_mean_peaks(activation, 1, 0.2).tolist() == [12]
    assert over_running_median(activation, 1, 20).tolist() == [12]


def test_two_equal_peaks_in_one_window_are_one():
    activation = curve(60, at_20=0.5, at_24=0.5, at_40=0.5)
    found = local_mean_peaks(activation, 1, 0.2)
    assert len(found) == 2
    assert found[0] in (20, 24)
    assert found[1] == 40


def test_a_peak_in_a_window_is_above_the_mean_of_past_and_future():
    activation = curve(60, at_30=1.0)
    mean = 1 / 19  # of 12 seconds before, itself, and 6 after
    assert local_mean_peaks(activation, 1, 0.999 - mean).tolist() == [30]
    assert local_mean_peaks(activation, 1, 1.001 - mean).tolist() == []
    assert local_mean_peaks(activation + 5, 1, 0.999 - mean).tolist() == [30]
    assert local_mean_peaks(curve(60, at_30=1.0, at_19=0.9), 1, 0.92).tolist() == []  # in the past
    assert local_mean_peaks(curve(60, at_30=1.0, at_39=0.9), 1, 0.92).tolist() == [30]


def test_a_window_ends_where_the_piece_does():
    assert local_mean_peaks(curve(30, at_0=1.0, at_29=0.8), 1, 0.5).tolist() == [0, 29]
    assert local_mean_peaks(np.zeros(0), 1, 0.5).tolist() == []


@pytest.mark.parametrize("seed", range(5))
def test_peaks_in_a_window_are_those_of_the_definition(seed):
    activation = np.random.default_rng(seed).random(300)
    expected = [
        t
        for t in range(300)
        if activation[t] == activation[max(0, t - 9) : t + 10].max()
        and activation[t] > activation[max(0, t - 18) : t + 10].mean() + 0.35
    ]
    assert local_mean_peaks(activation, 1.5, 0.35).tolist() == expected


def test_a_level_curve_has_no_peaks():
    level = np.full(50, 0.3)
    assert len(min_distance_peaks(level, 1, 0.1)) == 0
    assert len(local_mean_peaks(level, 1, 0.01)) == 0
    assert len(over_running_median(level, 1, 10)) == 0


def test_over_a_running_median_a_soft_turn_counts_in_a_calm_passage_and_not_in_a_restless_one():
    calm, restless = np.zeros(100), np.tile([0.5, 1.0, 1.0, 1.0], 25)
    calm[50], restless[50] = 0.4, 0.6
    found = over_running_median(np.concatenate([calm, restless]), 2, 10)
    assert 50 in found
    assert 150 not in found
    assert over_running_median(calm, 2, 10, threshold=0.5).tolist() == []
    assert over_running_median(np.zeros(0), 2, 10).tolist() == []


def told(*boundaries, seconds=60):
    """(T,) a curve of Gaussians, each (seconds, share of a boundary)."""
    at = np.arange(int(seconds * RATE)) / RATE
    return sum(share * (gaussian_targets([time], at) - 0.01) / 0.98 for time, share in boundaries)


def hits_by_definition(activation, tolerance, least, exact):
    """What `expected_hits` gives, each sum made anew and no frame forgotten."""
    frames = np.arange(len(activation))
    away = np.abs(frames[:, None] - frames) / RATE
    near = away <= tolerance + 2 * SPREAD

    def within(limit):
        def share(away):
            inside = norm.cdf(limit - away, scale=SPREAD) - norm.cdf(-limit - away, scale=SPREAD)
            return inside * (away <= tolerance + 2 * SPREAD)

        certain = np.abs(np.arange(-100, 101)) / RATE
        return share(away) / (share(certain) @ np.exp(-((certain / SIGMA) ** 2) / 2))

    left, found = activation.copy(), []
    while (worth := (within(tolerance) + exact * within(0.5)) @ left).max(initial=0) >= least:
        best = int(worth.argmax())
        found.append((best, within(tolerance)[best] @ left))
        left = np.where(near[best], 0, left)
    return sorted(one for one in found if one[1] >= least)


@pytest.mark.parametrize("exact", [0.0, 0.3])
@pytest.mark.parametrize("tolerance", [0.5, 3.0])
@pytest.mark.parametrize("count", [20, 400])
def test_the_most_hits_are_those_of_the_definition(count, tolerance, exact):
    activation = np.random.default_rng(1).random(count) ** 4
    expected = hits_by_definition(activation, tolerance, 0.05, exact)
    frames, hits = expected_hits(activation, RATE, 0.05, tolerance, exact)
    assert list(zip(frames, hits, strict=True)) == [(t, pytest.approx(h)) for t, h in expected]
    assert len(frames) > count / 100


def test_a_place_that_is_certain_is_kept_to_where_close_counts():
    beside = told((20, 1.0), (25, 0.2))
    (far,), _ = expected_hits(beside, RATE, 0.4, 3.0)
    (near,), (hits,) = expected_hits(beside, RATE, 0.4, 3.0, exact=0.3)
    assert far / RATE > 21  # from where the less likely place is in reach as well
    assert near / RATE == pytest.approx(20, abs=0.2)
    assert hits == pytest.approx(1, abs=0.05)


def test_a_boundary_that_is_certain_is_one_hit_where_it_is():
    for tolerance in (0.5, 3.0):
        frames, hits = expected_hits(told((20, 1.0), (40, 1.0)), RATE, 0.2, tolerance)
        assert frames / RATE == pytest.approx([20, 40], abs=0.5)
        assert hits == pytest.approx(1, abs=0.05)
    assert frames.dtype == np.int64


def test_of_two_places_that_are_as_likely_one_between_them_is_right_within_three_seconds():
    either = told((20, 0.5), (23, 0.5), (45, 0.3))
    frames, hits = expected_hits(either, RATE, 0.4, 3.0)
    assert frames / RATE == pytest.approx([21.5], abs=0.5)
    assert hits == pytest.approx([1], abs=0.05)
    assert min_distance_peaks(either, RATE, 0.55).tolist() == []
    frames, hits = expected_hits(either, RATE, 0.1, 0.5)
    assert frames / RATE == pytest.approx([20, 23, 45], abs=0.2)
    assert hits == pytest.approx([0.5, 0.5, 0.3], abs=0.01)


@settings(max_examples=50)
@given(
    st.lists(st.floats(0, 1), max_size=80),
    st.floats(0.05, 0.9),
    st.sampled_from([0.5, 3.0]),
    st.sampled_from([0.0, 0.1, 1.0]),
)
def test_a_higher_threshold_leaves_the_surest_and_nothing_is_counted_twice(
    values, threshold, tolerance, exact
):
    activation = np.array(values)
    frames, hits = expected_hits(activation, RATE, 0.0, tolerance, exact)
    assert (np.diff(frames) > 0).all()
    assert (hits >= LEAST).all()
    assert hits.sum() <= activation.sum() / 5
    sure, most = expected_hits(activation, RATE, threshold, tolerance, exact)
    assert sure.tolist() == frames[hits >= threshold].tolist()
    assert most == pytest.approx(hits[hits >= threshold])


def test_of_nothing_nothing_is_expected():
    for count in (0, 1, 500):
        frames, hits = expected_hits(np.zeros(count), RATE, 0.0, 3.0)
        assert len(frames) == len(hits) == 0
    assert len(expected_hits(np.array([1.0]), RATE, 0.05, 3.0)[0]) == 1  # shorter than what is near
