"""Songs set aside to judge epochs by."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic.data import validation_mask
from symbolic.tasks import IGNORE


def songs(count=100, seed=0):
    """Clips of songs: one to six of each, mostly of one quadrant, a tenth without."""
    rng = np.random.default_rng(seed)
    labels, groups = [], []
    for song in range(count):
        quadrant = rng.choice(4, p=(0.4, 0.3, 0.2, 0.1))
        for _ in range(rng.integers(1, 7)):
            other, none = rng.random(2) < 0.1
            labels.append(IGNORE if none else rng.integers(4) if other else quadrant)
            groups.append(f"song{song}")
    return np.array(labels), np.array(groups)


@settings(max_examples=60)
@given(
    clips=st.lists(st.tuples(st.integers(0, 8), st.sampled_from([IGNORE, 0, 1, 2, 3])), min_size=2),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 5),
)
def test_no_song_is_on_both_sides_and_no_side_is_empty(clips, share, seed):
    groups = [f"song{song}" for song, _ in clips]
    labels = [label for _, label in clips]
    if len(set(groups)) < 2:
        with pytest.raises(ValueError, match=r"1 groups of .* cannot be parted"):
            validation_mask(labels, groups, share, seed)
        return
    mask = validation_mask(labels, groups, share, seed)
    assert mask.shape == (len(clips),)
    assert mask.dtype == bool
    judged = {group for group, taken in zip(groups, mask, strict=True) if taken}
    trained = {group for group, taken in zip(groups, mask, strict=True) if not taken}
    assert judged
    assert trained
    assert not judged & trained


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_every_quadrant_gives_its_share(share):
    for seed in range(5):
        labels, groups = songs(seed=seed)
        mask = validation_mask(labels, groups, share, seed)
        for quadrant in (0, 1, 2, 3, IGNORE):
            whole = labels == quadrant
            # Whole songs are taken, of at most six clips each.
            assert abs(mask[whole].sum() - share * whole.sum()) <= 6
        assert mask.mean() == pytest.approx(share, abs=0.02)


def test_the_seed_decides_and_nothing_else():
    labels, groups = songs()
    first = validation_mask(labels, groups, 0.2, 3)
    assert np.array_equal(first, validation_mask(list(labels), list(groups), 0.2, 3))
    assert not np.array_equal(first, validation_mask(labels, groups, 0.2, 4))
    # What pieces without a label are called makes no difference.
    renamed = np.where(labels == IGNORE, -1, labels)
    assert np.array_equal(first, validation_mask(renamed, groups, 0.2, 3))


def test_music_without_any_label_is_shared_out_too():
    groups = [f"song{i // 2}" for i in range(40)]
    mask = validation_mask([IGNORE] * 40, groups, 0.25)
    assert mask.sum() == 10


def test_of_two_songs_the_smaller_one_is_judged_by():
    groups = ["long"] * 30 + ["short"] * 10
    for seed in range(4):
        mask = validation_mask([0] * 40, groups, 0.05, seed)
        assert mask.tolist() == [False] * 30 + [True] * 10


@pytest.mark.parametrize("clips", [0, 1, 5])
def test_one_song_cannot_be_split(clips):
    with pytest.raises(ValueError, match=r"groups of .* cannot be parted"):
        validation_mask([0] * clips, ["song"] * clips, 0.2)
