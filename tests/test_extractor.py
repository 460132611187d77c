"""The feature extractor: sounds become a padded batch, as transformers wants it."""

import json
import logging

import numpy as np
import pytest
import soundfile
import torch

from symbolic import SymbolicFeatureExtractor
from symbolic.audio import FrontEnd, front_features
from symbolic.audio.transforms.spectral import silence
from symbolic.audio.transforms.torch_front_end import SpectralFrontEnd
from symbolic.notes import ReadError

RATE = 16000
MEL = FrontEnd(kinds=("mel", "chroma"), sampling_rate=RATE, n_fft=512, hop=256, n_mels=32)


def sound(seconds, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, int(seconds * RATE)).astype("f4")


@pytest.fixture
def extractor():
    return SymbolicFeatureExtractor(MEL)


def test_frames_of_one_sound(extractor):
    batch = extractor(sound(1), RATE, return_tensors="pt")
    assert list(batch) == ["input_values", "attention_mask"]
    assert batch["input_values"].dtype == torch.float32
    assert batch["attention_mask"].dtype == torch.int64
    assert batch["input_values"].shape == (1, 63, 44)
    assert torch.equal(batch["input_values"][0], torch.tensor(front_features(sound(1), MEL)))
    assert batch["attention_mask"].tolist() == [[1] * 63]


def test_a_shorter_sound_is_padded_with_silence(extractor):
    batch = extractor([sound(1), sound(0.5)], RATE)
    assert batch["input_values"].shape == (2, 63, 44)
    assert batch["attention_mask"].dtype == np.int64
    assert batch["attention_mask"].sum(axis=1).tolist() == [63, 32]
    assert np.array_equal(batch["input_values"][1, :32], front_features(sound(0.5), MEL))
    assert (batch["input_values"][1, 32:] == silence(MEL)).all()


def test_lengths_count_frames(extractor):
    batch = extractor(sound(1), RATE, padding="max_length", max_length=100, truncation=True)
    assert batch["input_values"].shape == (1, 100, 44)
    assert batch["attention_mask"].sum() == 63
    assert extractor(sound(1), RATE, max_length=20, truncation=True)["input_values"].shape[1] == 20
    assert extractor(sound(1), RATE, pad_to_multiple_of=16)["input_values"].shape[1] == 64
    ragged = extractor([sound(1), sound(0.5)], RATE, padding=False)["input_values"]
    assert [len(frames) for frames in ragged] == [63, 32]
    assert "attention_mask" not in extractor(sound(1), RATE, return_attention_mask=False)


def test_what_was_extracted_is_padded_later(extractor):
    rows = [{"input_values": extractor.features(sound(s), RATE)} for s in (0.2, 0.4)]
    later = extractor.pad(rows, return_tensors="pt")
    at_once = extractor([sound(0.2), sound(0.4)], RATE, return_tensors="pt")
    for name in at_once:
        assert torch.equal(later[name], at_once[name])


@pytest.mark.parametrize("inside", [True, False])
def test_samples_where_the_model_hears_samples(inside):
    kinds = ("mel",) if inside else ("samples",)
    extractor = SymbolicFeatureExtractor(FrontEnd(kinds=kinds, sampling_rate=RATE), inside)
    batch = extractor([sound(0.2), sound(0.1)], RATE, return_tensors="pt")
    assert batch["input_values"].shape == batch["attention_mask"].shape == (2, 3200)
    assert batch["attention_mask"].sum(dim=1).tolist() == [3200, 1600]
    assert np.array_equal(batch["input_values"][0], sound(0.2))
    assert not batch["input_values"][1, 1600:].any()


def test_a_model_hears_the_same_frames_inside_and_outside():
    front = FrontEnd(kinds=("mel",), sampling_rate=RATE, n_mels=32)
    sounds = [sound(0.4), sound(0.3)]
    outside = SymbolicFeatureExtractor(front)(sounds, RATE, return_tensors="pt")
    inside = SymbolicFeatureExtractor(front, in_model=True)(sounds, RATE, return_tensors="pt")
    frames, mask = SpectralFrontEnd(front)(inside["input_values"], inside["attention_mask"])
    torch.testing.assert_close(frames, outside["input_values"], atol=1e-3, rtol=0)
    assert torch.equal(mask, outside["attention_mask"])


def test_files_arrays_and_rows_of_datasets_are_heard_alike(extractor, tmp_path):
    path = tmp_path / "sound.wav"
    soundfile.write(path, sound(0.3), RATE, subtype="FLOAT")
    wanted = extractor(sound(0.3), RATE)["input_values"]
    for one in (
        path,
        str(path),
        path.read_bytes(),
        {"array": sound(0.3), "sampling_rate": RATE},
        {"raw": sound(0.3), "sampling_rate": RATE},
        torch.tensor(sound(0.3)),
        sound(0.3).tolist(),
        sound(0.3)[None],
        [path],
    ):
        batch = extractor(one, None if isinstance(one, dict) else RATE)
        assert np.array_equal(batch["input_values"], wanted), type(one)


def test_a_file_at_another_rate_is_resampled_and_samples_are_refused(extractor, tmp_path):
    path = tmp_path / "sound.wav"
    soundfile.write(path, sound(0.3), 44100)
    assert extractor(path)["input_values"].shape[1] == 1 + -(-4800 * 16000 // 44100) // 256
    with pytest.raises(ValueError, match="44100 Hz for a model of 16000 Hz"):
        extractor(sound(1), 44100)
    with pytest.raises(ValueError, match="8000 Hz"):
        extractor({"array": sound(1), "sampling_rate": 8000})


def test_samples_without_a_rate_are_warned_of(extractor, caplog, monkeypatch):
    logger = logging.getLogger("transformers")
    monkeypatch.setattr(logger, "propagate", True)
    from symbolic.audio import extractor as module

    module.logger.warning_once.cache_clear()
    with caplog.at_level(logging.WARNING):
        extractor(sound(0.1))
    assert "16000 Hz" in caplog.text


def test_what_is_no_sound_is_refused(extractor, tmp_path):
    with pytest.raises(ReadError, match="no such file"):
        extractor(tmp_path / "missing.wav")
    with pytest.raises(ValueError, match="one channel"):
        extractor([sound(1).reshape(2, -1)], RATE)
    with pytest.raises(ValueError, match="one channel"):
        extractor(np.zeros(0), RATE)


@pytest.mark.parametrize("inside", [True, False])
def test_it_is_saved_and_loaded(tmp_path, inside):
    extractor = SymbolicFeatureExtractor(FrontEnd(kinds=("mel",), n_mels=40, fmax=8000.0), inside)
    extractor.save_pretrained(tmp_path)
    loaded = SymbolicFeatureExtractor.from_pretrained(tmp_path)
    assert loaded.to_dict() == extractor.to_dict()
    assert loaded.front_end == extractor.front_end
    assert loaded.feature_size == (1 if inside else 40)
    assert loaded.sampling_rate == 22050


def test_transformers_finds_it_by_itself(tmp_path):
    from transformers import AutoFeatureExtractor

    SymbolicFeatureExtractor(MEL).save_pretrained(tmp_path)
    loaded = AutoFeatureExtractor.from_pretrained(tmp_path)
    assert type(loaded) is SymbolicFeatureExtractor
    assert loaded.front_end == MEL


def test_a_file_of_version_0_1_0_is_read(tmp_path):
    front = {**FrontEnd(n_mels=44).to_dict(), "of_notes": False}
    del front["from_notes"]
    values = {"feature_extractor_type": "SymbolicFeatureExtractor", "front": front, "inside": True}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(values))
    extractor = SymbolicFeatureExtractor.from_pretrained(tmp_path)
    assert (extractor.front_end, extractor.in_model) == (FrontEnd(n_mels=44), True)
    extractor.save_pretrained(tmp_path)
    saved = json.loads((tmp_path / "preprocessor_config.json").read_text())
    assert saved["front_end"] == FrontEnd(n_mels=44).to_dict()
    assert not {"front", "inside"} & saved.keys()
