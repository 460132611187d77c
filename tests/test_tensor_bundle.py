"""Checkpoints of TensorFlow, read without it."""

import numpy as np
import pytest
from bundles import crc32c, write_bundle

from symbolic.conversion.tensor_bundle import CheckpointError, read_tensors

DATA = ".data-00000-of-00001"


@pytest.fixture
def tensors():
    rng = np.random.default_rng(0)
    made = {f"layer_{n}/kernel": rng.normal(size=(n + 1, 3)).astype(np.float32) for n in range(20)}
    made["layer_1/bias"] = rng.normal(size=200).astype(np.float64)
    made["step"] = np.array(2**40, np.int64)
    made["empty"] = np.zeros((0, 4), np.float32)
    return made


def test_the_checksum_of_the_tests_is_that_of_the_standard():
    assert crc32c(b"123456789") == 0xE3069283  # RFC 3720, B.4, and the catalogue of CRCs


@pytest.mark.parametrize("shards", [1, 3])
def test_what_was_written_is_read(tmp_path, tensors, shards):
    others = {"layer_1/kernel/Adam": np.ones(3, np.float32), "names": np.array([b"a"])}
    write_bundle(tmp_path / "model", tensors | others, shards)
    found = read_tensors(tmp_path / "model")
    assert set(found) == set(tensors)
    for name, values in tensors.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


def test_a_prefix_may_be_a_folder_and_a_slash(tmp_path, tensors):
    write_bundle(f"{tmp_path}/", tensors)
    assert (tmp_path / ".index").is_file()
    assert set(read_tensors(f"{tmp_path}/")) == set(tensors)


def damaged(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 16
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "place", "message"),
    [
        (DATA, 40, "a checksum differs"),
        (".index", 40, "not an index"),
        (".index", -2, "not an ind"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, tensors, name, place, message):
    write_bundle(tmp_path / "model", tensors)
    path = tmp_path / f"model{name}"
    damaged(path, place)
    with pytest.raises(CheckpointError, match=message) as raised:
        read_tensors(tmp_path / "model")
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("name", [DATA, ".index"])
def test_every_file_that_ends_early_is_refused(tmp_path, tensors, name):
    write_bundle(tmp_path / "model", tensors)
    path = tmp_path / f"model{name}"
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match="model"):
            read_tensors(tmp_path / "model")


def test_every_flipped_bit_of_an_index_is_seen_or_does_nothing(tmp_path):
    wanted = {"a": np.arange(3, dtype=np.float32), "ab": np.ones((2, 2), np.float32)}
    write_bundle(tmp_path / "model", wanted)
    path = tmp_path / "model.index"
    whole = path.read_bytes()
    refused = 0
    for place in range(len(whole)):
        damaged(path, place)
        try:
            found = read_tensors(tmp_path / "model")
        except CheckpointError:
            refused += 1
        else:  # in the meta index, or in the padding of the footer
            assert {name: values.tolist() for name, values in found.items()} == {
                name: values.tolist() for name, values in wanted.items()
            }
        path.write_bytes(whole)
    assert refused > len(whole) / 2


@pytest.mark.parametrize("name", [DATA, ".index"])
def test_a_missing_file_is_named(tmp_path, tensors, name):
    write_bundle(tmp_path / "model", tensors)
    (tmp_path / f"model{name}").unlink()
    with pytest.raises(CheckpointError, match=f"model{name}: cannot be read: No such file"):
        read_tensors(tmp_path / "model")


def test_what_is_not_supported_is_refused(tmp_path, tensors):
    write_bundle(tmp_path / "snappy", tensors, compression=1)
    with pytest.raises(CheckpointError, match="not an index"):
        read_tensors(tmp_path / "snappy")
    write_bundle(tmp_path / "big", tensors, big_endian=1)
    with pytest.raises(CheckpointError, match="big-endian"):
        read_tensors(tmp_path / "big")
