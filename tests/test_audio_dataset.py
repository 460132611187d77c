"""Segments of recordings as training examples, their batches, and pictures on another grid."""

import numpy as np
import pytest
import torch

from symbolic.data import AudioDataset, Collator
from symbolic.data.datasets.audio_dataset import chunk_starts
from symbolic.tasks import GENRE, TAGS


def ramp(length, width=None):
    """Every position is its number, so that a segment says where it is from."""
    places = np.arange(length, dtype=np.float32)
    return places if width is None else np.repeat(places[:, None], width, axis=1)


def test_a_training_segment_is_a_random_one_that_follows_the_global_generator():
    data = AudioDataset([ramp(100, 3), ramp(7, 3)], [{"genre": 1}, {"genre": 2}], 10)
    assert len(data) == 2
    assert data.lengths.tolist() == [10, 7]
    torch.manual_seed(0)
    first = [data[0]["input_values"][0, 0] for _ in range(200)]
    torch.manual_seed(0)
    assert first == [data[0]["input_values"][0, 0] for _ in range(200)]
    assert min(first) < 5
    assert max(first) in range(86, 91)
    segment = data[0]["input_values"]
    assert segment.shape == (10, 3)
    assert segment.dtype == np.float32
    assert (np.diff(segment[:, 0]) == 1).all()
    assert data[0]["labels"] == {"genre": 1}


def test_a_short_recording_is_taken_whole_and_samples_are_flat():
    data = AudioDataset([ramp(7)], [{}], 10)
    np.testing.assert_array_equal(data[0]["input_values"], ramp(7))
    with pytest.raises(IndexError):
        data[1]


@pytest.mark.parametrize("size", [9, 10, 11, 25, 100, 101])
def test_segments_to_evaluate_cover_the_recording(size):
    data = AudioDataset([ramp(size)], [{}], 10, every=True)
    heard = {place for example in data for place in example["input_values"].tolist()}
    assert heard == set(range(size))
    assert len(data) == -(-size // 10)


def test_evenly_spaced_segments_know_their_recording_and_come_longest_first():
    data = AudioDataset(
        [ramp(4), ramp(170), ramp(12)], [{"genre": i} for i in range(3)], 10, chunks=16, every=True
    )
    assert data.piece.tolist() == [1] * 16 + [2] * 3 + [0]
    assert data.lengths.tolist() == [10] * 19 + [4]
    starts = [int(data[i]["input_values"][0]) for i in range(16)]
    assert starts[0] == 0
    assert starts[-1] == 160
    assert set(np.diff(starts)) <= {10, 11}
    assert [data[i]["labels"]["genre"] for i in (0, 16, 19)] == [1, 2, 0]


def test_one_segment_is_from_the_middle():
    assert chunk_starts(100, 10, 1).tolist() == [45]
    assert chunk_starts(5, 10, 16).tolist() == [0]
    assert chunk_starts(10, 10).tolist() == [0]


def test_what_is_mapped_from_disk_or_stored_as_uint8_becomes_float32(tmp_path):
    np.save(tmp_path / "a.npy", np.full((20, 4), 255, np.uint8))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    data = AudioDataset([mapped], [{}], 8)
    segment = data[0]["input_values"]
    assert segment.dtype == np.float32
    assert segment.shape == (8, 4)
    np.testing.assert_allclose(segment, 255)
    segment[:] = 0
    assert (mapped == 255).all()


def test_augmentation_changes_segments_and_never_makes_them_longer():
    def stretch(segment, rng):
        return np.repeat(segment + rng.normal(), 2, axis=0)

    data = AudioDataset([ramp(30, 2)], [{}], 10, augment=stretch)
    segment = data[0]["input_values"]
    assert segment.shape == (10, 2)
    assert segment.dtype == np.float32
    assert (segment[0] == segment[1]).all()
    torch.manual_seed(1)
    one = data[0]["input_values"]
    torch.manual_seed(1)
    np.testing.assert_array_equal(one, data[0]["input_values"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": [{}, {}]}, "1 recordings, and labels of 2"),
        ({"length": 0}, "both must be positive"),
        ({"chunks": 0}, "both must be positive"),
        ({"every": True, "augment": lambda segment, rng: segment}, "not augmented"),
        ({"arrays": [np.zeros((0, 3))]}, "recording 0 has no position"),
    ],
)
def test_a_data_set_that_makes_no_sense_is_refused(options, message):
    given = {"arrays": [ramp(5)], "labels": [{}], "length": 4} | options
    with pytest.raises(ValueError, match=message):
        AudioDataset(**given)


@pytest.mark.parametrize("width", [None, 3])
def test_batches_are_padded_to_the_longest_and_masked(width):
    arrays = [ramp(6, width) + 1, ramp(9, width) + 1]
    data = AudioDataset(arrays, [{"genre": 4}, {"tags": (1.0,) * 10}], 8)
    batch = Collator((GENRE, TAGS))([data[0], data[1]])
    assert set(batch) == {"input_values", "attention_mask", "labels"}
    values, mask = batch["input_values"], batch["attention_mask"]
    assert values.shape == ((2, 8) if width is None else (2, 8, 3))
    assert values.dtype == torch.float32
    assert mask.dtype == torch.int64
    assert mask.tolist() == [[1] * 6 + [0] * 2, [1] * 8]
    assert (values[0, 6:] == 0).all()
    assert (values[0, :6] > 0).all()
    assert batch["labels"]["genre"].tolist() == [4, -100]
    assert batch["labels"]["tags"][0].isnan().all()
    assert batch["labels"]["tags"][1].tolist() == [1.0] * 10
