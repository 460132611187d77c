"""Where a piece turns into something else: novelty, and what a network is to say of it."""

import numpy as np
import pytest

from symbolic.structure import (
    equal_distances,
    foote_novelty,
    gaussian_targets,
    min_distance_peaks,
    over_running_median,
)


def parts(*lengths, width=12, noise=0.05, seed=0):
    """A piece of parts that each have a chord of their own."""
    rng = np.random.default_rng(seed)
    chords = [np.tile(rng.random(width), (length, 1)) for length in lengths]
    frames = np.concatenate(chords)
    return frames + noise * rng.random(frames.shape)


def similarities(frames):
    """(T, T) cosines by definition."""
    out = np.empty((len(frames), len(frames)))
    for i, one in enumerate(frames):
        for j, other in enumerate(frames):
            norms = np.linalg.norm(one) * np.linalg.norm(other)
            out[i, j] = one @ other / norms if norms else float(not (one.any() or other.any()))
    return out


def checkerboard(size):
    """(size, size) kernel of Foote with a Gaussian taper, by definition."""
    at = (np.arange(size) + 0.5 - size / 2) / (size / 2)
    board = np.sign(np.outer(at, at)) * np.exp(-2 * np.add.outer(at**2, at**2))
    return board / np.abs(board).sum()


@pytest.mark.parametrize("count", [5, 40])
def test_novelty_is_that_of_the_whole_similarity_matrix(count):
    frames = np.random.default_rng(0).normal(size=(count, 4))
    frames[count // 2 : count // 2 + 3] = 0
    mirrored = np.pad(frames, [(8, 8), (0, 0)], mode="symmetric")
    matrix, board = similarities(mirrored), checkerboard(16)
    expected = [(matrix[i : i + 16, i : i + 16] * board).sum() for i in range(count)]
    assert np.allclose(foote_novelty(frames, 16), expected)


def test_a_piece_in_two_parts_is_new_where_the_second_begins():
    novelty = foote_novelty(parts(100, 80), 32)
    assert novelty.argmax() == 100
    assert novelty[:84].max() < novelty.max() / 20
    assert (novelty >= 0).all()


def test_where_music_stops_is_new_and_more_silence_is_not():
    novelty = foote_novelty(np.concatenate([parts(60), np.zeros((60, 12))]), 20)
    assert novelty.argmax() == 60
    assert np.allclose(novelty[75:], 0)


def test_a_piece_without_parts_and_its_ends_are_not_new():
    assert np.allclose(foote_novelty(np.tile([1.0, 2, 3], (50, 1)), 10), 0)
    assert foote_novelty(parts(100, 80), 32)[0] == pytest.approx(0, abs=1e-12)
    assert foote_novelty(np.ones((1, 3))).tolist() == pytest.approx([0])
    assert foote_novelty(np.ones((0, 3))).shape == (0,)
    for size in (5, 0):
        with pytest.raises(ValueError, match=f"checkerboard of {size} frames"):
            foote_novelty(np.ones((4, 3)), size)


def test_equal_distances_lie_within_the_piece():
    assert equal_distances(35, 10).tolist() == [10, 20, 30]
    assert equal_distances(30, 10).tolist() == [10, 20]
    assert np.allclose(equal_distances(0.3, 0.1), [0.1, 0.2])
    assert len(equal_distances(10, 20)) == len(equal_distances(0, 1)) == 0
    with pytest.raises(ValueError, match="boundaries every 0 s"):
        equal_distances(10, 0)


def test_the_parts_of_a_piece_are_found_from_its_notes_of_novelty():
    novelty = foote_novelty(parts(90, 60, 120), 40)
    assert min_distance_peaks(novelty, 5, novelty.max() / 4).tolist() == [90, 150]
    assert {90, 150} <= set(over_running_median(novelty, 5, 12, novelty.max() / 4))


def seconds(count, rate):
    return np.arange(count) / rate


def test_a_soft_target_is_a_bell_around_each_boundary():
    targets = gaussian_targets([4.0, 8.0], seconds(120, 10))
    assert targets.dtype == np.float32
    assert targets[[40, 80]].tolist() == pytest.approx([0.99, 0.99])
    assert targets[46] == targets[34] == pytest.approx(0.01 + 0.98 * np.exp(-0.5))
    assert targets[[0, 60]].tolist() == pytest.approx([0.01, 0.01 + 0.98 * np.exp(-50 / 9)])
    assert np.allclose(gaussian_targets([], seconds(5, 10)), 0.01)
    assert gaussian_targets([1.0], seconds(0, 10)).shape == (0,)


def test_of_two_bells_the_greater_counts():
    near = gaussian_targets([5.0, 4.0], seconds(100, 10))
    each = [gaussian_targets([time], seconds(100, 10)) for time in (4.0, 5.0)]
    assert np.allclose(near, np.maximum(*each))
