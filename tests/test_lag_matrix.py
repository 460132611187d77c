"""Lag matrices: what they are defined to be, cell by cell, and what one sees in them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import lines_run

from symbolic.audio.transforms import lag_matrix as module
from symbolic.audio.transforms.lag_matrix import METRICS, lag_matrix, pooled

BRIGHTEST = 1 / (1 + np.exp(-1))


def distance(one, other, metric):
    if metric == "euclidean":
        return np.linalg.norm(one - other)
    norms = np.linalg.norm(one), np.linalg.norm(other)
    if not all(norms):
        return float(any(norms))
    apart = 1 - one @ other / np.prod(norms)
    return apart if apart >= 1e-12 else 0.0


def cell(apart, epsilon):
    if apart == 0:
        return BRIGHTEST
    return 0.0 if epsilon == 0 else 1 / (1 + np.exp(np.minimum(apart / epsilon, 700) - 1))


def loop(frames, lags, metric="euclidean", stack=2, quantile=0.1):
    """The definition as it stands, in a double loop."""
    silence = np.zeros(frames.shape[1])

    def stacked(i):
        heard = [frames[j] if j >= 0 else silence for j in range(i - stack + 1, i + 1)]
        return np.concatenate(heard).astype(float)

    def to_those_before(i):
        if i < 0:
            return [0.0] * lags
        return [distance(stacked(i), stacked(i - lag), metric) for lag in range(1, lags + 1)]

    distances = {i: to_those_before(i) for i in range(-lags, len(frames))}
    out = np.empty((len(frames), lags))
    for i in range(len(frames)):
        for lag in range(1, lags + 1):
            epsilon = np.quantile(distances[i] + distances[i - lag], quantile)
            out[i, lag - 1] = cell(distances[i][lag - 1], epsilon)
    return out


def apart(frames, *arguments, **options):
    found = lag_matrix(frames, *arguments, dtype=np.float64, **options)
    return np.abs(found - loop(frames, *arguments, **options)).max()


def chance(count, width=3, seed=0):
    return np.random.default_rng(seed).normal(size=(count, width))


@settings(max_examples=60)
@given(
    count=st.integers(1, 25),
    lags=st.integers(1, 30),
    metric=st.sampled_from(METRICS),
    stack=st.integers(1, 3),
    quantile=st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]),
    few=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_the_matrix_is_that_of_its_definition(count, lags, metric, stack, quantile, few, seed):
    frames = chance(count, seed=seed)
    if few:  # notes of a few kinds only, silence among them: many distances are equal, or nothing
        frames = np.round(frames / 2)
    assert apart(frames, lags, metric, stack=stack, quantile=quantile) < 1e-9


@pytest.mark.parametrize("metric", METRICS)
def test_blocks_leave_no_seam(metric, monkeypatch):
    frames = chance(70)
    whole = lag_matrix(frames, 9, metric, dtype=np.float64)
    assert np.abs(whole - loop(frames, 9, metric)).max() < 1e-9
    monkeypatch.setattr(module, "CELLS", 1)  # 16 frames per block
    assert np.abs(lag_matrix(frames, 9, metric, dtype=np.float64) - whole).max() < 1e-12


def test_loud_frames_that_are_nearly_alike_are_told_apart():
    frames = 1000 + 1e-4 * chance(40)
    assert apart(frames, 8) < 1e-9


def test_the_result_is_float32_unless_asked_for_otherwise():
    frames = chance(20)
    single, double = lag_matrix(frames, 5), lag_matrix(frames, 5, dtype=np.float64)
    assert single.dtype == np.float32
    assert np.array_equal(single, double.astype(np.float32))
    assert double.shape == (20, 5)


@pytest.mark.parametrize("metric", METRICS)
def test_a_piece_that_is_heard_again_after_n_frames_is_a_bright_line_at_lag_n(metric):
    theme = np.random.default_rng(1).random((30, 12))
    matrix = lag_matrix(np.concatenate([theme, theme]), 45, metric)
    again = matrix[31:]  # the first frame of the repeat is stacked on the last of the theme
    assert np.allclose(again[:, 30 - 1], BRIGHTEST)
    assert (again.argmax(axis=1) == 30 - 1).all()
    assert np.delete(again, 30 - 1, axis=1).mean() < 0.6


@pytest.mark.parametrize("metric", METRICS)
def test_cosine_distances_do_not_hear_loudness(metric):
    theme = np.random.default_rng(1).random((20, 12)).astype(np.float32)
    matrix = lag_matrix(np.concatenate([theme, 3 * theme]), 25, metric)
    assert np.allclose(matrix[21:, 19], BRIGHTEST) == (metric == "cosine")


@pytest.mark.parametrize("metric", METRICS)
def test_a_piece_of_silence_is_like_itself_and_like_what_was_before_it(metric):
    assert np.allclose(lag_matrix(np.zeros((12, 3)), 5, metric), BRIGHTEST)


@pytest.mark.parametrize("metric", METRICS)
def test_the_first_note_after_silence_is_like_nothing(metric):
    frames = np.zeros((20, 3))
    frames[10:] = [1, 2, 3]
    matrix = lag_matrix(frames, 6, metric)
    assert np.allclose(matrix[:10], BRIGHTEST)
    assert (matrix[10] == 0).all()  # most distances near it are 0, and so is epsilon
    assert np.abs(matrix - loop(frames, 6, metric)).max() < 1e-6


def test_a_piece_of_one_frame_follows_silence():
    assert (lag_matrix(chance(1), 4) == 0).all()
    assert apart(chance(1), 4) < 1e-9
    assert apart(chance(1), 1, "cosine", stack=1, quantile=0.7) < 1e-9
    assert lag_matrix(np.empty((0, 3)), 4).shape == (0, 4)


@pytest.mark.parametrize(("frames", "lags"), [(400, 100), (400, 200), (4000, 100)])
def test_it_takes_no_loop_over_frames_and_lags(frames, lags):
    assert lines_run(lag_matrix, chance(frames, 13), lags) < 2 * (frames + lags)
    assert lines_run(loop, chance(40, 13), lags) > 2 * 40 * lags


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metric": "manhattan"}, "manhattan"),
        ({"lags": 0}, "0 lags"),
        ({"stack": 0}, "a stack of 0"),
        ({"quantile": 1.5}, "1.5"),
    ],
)
def test_what_makes_no_matrix_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        lag_matrix(chance(5), **{"lags": 3, **options})


def test_pooled_frames_are_the_greatest_of_those_side_by_side():
    frames = np.array([[1, 9], [2, 8], [3, 7], [4, 6], [5, 5]])
    assert pooled(frames, 2).tolist() == [[2, 9], [4, 7]]
    assert np.array_equal(pooled(frames, 1), frames)
    assert pooled(frames, 5).tolist() == pooled(frames, 6).tolist() == [[5, 9]]
    for count, size in ((5, 0), (0, 2)):
        with pytest.raises(ValueError, match="pooling"):
            pooled(frames[:count], size)
