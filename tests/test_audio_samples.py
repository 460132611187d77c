"""Samples of any number type, and recordings as `datasets` hands them out."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch
from transformers import pipeline

from symbolic import AudioScorer, SymbolicFeatureExtractor
from symbolic.audio import FrontEnd, front_features
from symbolic.audio.augment import add_noise, gain, low_pass, pitch_shift, speed, time_stretch
from symbolic.audio.decode import resample
from symbolic.audio.sample_types import float_samples
from symbolic.audio.samples import is_one_sound
from symbolic.audio.transforms.torch_front_end import SpectralFrontEnd
from symbolic.encoders import AUDIO_SYSTEMS
from symbolic.modeling import SymbolicModel
from symbolic.notes import ReadError
from symbolic.tasks import GENRE

MODEL = AUDIO_SYSTEMS["cnn_mel"].config([GENRE], 1 / 16)
RATE = MODEL.front_end.sampling_rate
WHOLE = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", ">i2")


def tone(hertz=440.0, seconds=0.5, rate=RATE, level=0.5):
    time = np.arange(int(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * time)).astype("f4")


def whole(samples, kind):
    """Samples of full scale 1 as whole numbers of a type; without a sign, the middle is silence."""
    limits = np.iinfo(kind)
    half = 2 ** (limits.bits - 1)
    steps = [round(float(sample) * half) + (half if limits.min == 0 else 0) for sample in samples]
    return np.array([min(max(step, limits.min), limits.max) for step in steps], dtype=kind)


def encoded(samples, rate=RATE, **options):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", **{"subtype": "FLOAT", **options})
    return file.getvalue()


class Decoder:
    """What `datasets` hands out from version 4 on, without torchcodec."""

    def __init__(self, data, rate=RATE, path=None):
        self.data, self.rate, self.metadata = np.asarray(data), rate, SimpleNamespace(path=path)

    def get_all_samples(self):
        data = torch.tensor(self.data)
        seconds = data.shape[-1] / self.rate
        return SimpleNamespace(
            data=data, pts_seconds=0.0, duration_seconds=seconds, sample_rate=self.rate
        )

    def __getitem__(self, key):
        if key == "array":
            return self.data.mean(axis=tuple(range(self.data.ndim - 1)))
        if key == "sampling_rate":
            return self.rate
        raise TypeError("'torchcodec.decoders.AudioDecoder' object is not subscriptable")


class Broken(Decoder):
    def get_all_samples(self):
        raise RuntimeError("Invalid data found when processing input")


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return SymbolicModel(MODEL).eval()


@pytest.fixture(scope="module")
def extractor():
    return MODEL.feature_extractor()


@pytest.mark.parametrize("kind", WHOLE)
def test_a_tone_is_as_loud_in_every_type_of_whole_numbers(kind):
    limits = np.iinfo(kind)
    half = 2 ** (limits.bits - 1)
    scaled = float_samples(whole(tone(), kind))
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, tone(), atol=0.51 / half + 1e-7)
    ends = np.array([limits.min, limits.max], dtype=kind)
    assert float_samples(ends).tolist() == pytest.approx([-1, 1 - 1 / half])
    silence = np.full(4, half if limits.min == 0 else 0, dtype=kind)
    assert not float_samples(silence).any()


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_32"])
def test_whole_numbers_are_scaled_as_a_wav_file_of_them_is_read(subtype):
    kind = {"PCM_U8": "uint8", "PCM_16": "int16", "PCM_32": "int32"}[subtype]
    read, _ = soundfile.read(io.BytesIO(encoded(tone(), subtype=subtype)), dtype="float32")
    bits = np.iinfo(kind).bits
    np.testing.assert_allclose(float_samples(whole(tone(), kind)), read, atol=2.0 ** (1 - bits))


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "longdouble", ">f4"])
def test_floats_keep_their_values(kind):
    scaled = float_samples(np.array([-1.5, 0.25, 1.0], dtype=kind))
    assert scaled.dtype == np.float32
    assert scaled.tolist() == [-1.5, 0.25, 1.0]


def test_tensors_and_lists_are_taken_as_arrays():
    values = [-0.5, 0.25]
    for kind in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        assert float_samples(torch.tensor(values, dtype=kind)).tolist() == values
    assert float_samples(torch.tensor([-(2**14), 2**13], dtype=torch.int16)).tolist() == values
    assert float_samples(torch.tensor(values, requires_grad=True)).tolist() == values
    assert float_samples(values).tolist() == values
    assert float_samples([*np.array([-(2**14), 2**13], dtype=np.int16)]).tolist() == values


@pytest.mark.parametrize(
    "wrong",
    [
        np.ones(100, bool),
        np.ones(100, complex),
        np.array(["a"] * 100),
        np.array([None] * 100),
        np.zeros(100, "datetime64[s]"),
        torch.ones(100, dtype=torch.bool),
        [True] * 100,
        [1] * 100,
        [[1] * 100],
        [[0.0], [0.0, 1.0]],
    ],
    ids=str,
)
def test_what_is_no_number_of_a_width_is_refused(wrong):
    with pytest.raises(ReadError, match=r"samples|width"):
        float_samples(wrong)


def test_everything_that_takes_samples_scales_them(extractor, model):
    half = whole(tone(), "int16")
    exact = half.astype(np.float32) / 2**15
    front = extractor.front_end
    for make in (
        lambda x: front_features(x, front),
        lambda x: extractor(x, RATE)["input_values"][0],
        lambda x: gain(x, -3.0),
        lambda x: speed(x, 1.1),
        lambda x: time_stretch(x, 1.1),
        lambda x: pitch_shift(x, RATE, 2),
        lambda x: low_pass(x, RATE, 4000.0),
        lambda x: add_noise(x, 20.0, np.random.default_rng(0)),
        lambda x: resample(x, RATE, 16000),
        lambda x: resample(x, RATE, RATE),
    ):
        np.testing.assert_allclose(make(half), make(exact), atol=1e-6)
    inside = SpectralFrontEnd(FrontEnd(n_mels=32))
    frames, _ = inside(torch.tensor(half)[None])
    assert torch.equal(frames, inside(torch.tensor(exact)[None])[0])
    tag = pipeline("music-tags", model=model)
    assert tag(half) == tag(exact)
    scorer = AudioScorer(model)
    assert scorer.score(half, workers=0).equals(scorer.score(exact, workers=0))


def test_samples_for_a_model_of_samples_are_scaled_when_they_are_padded():
    extractor = SymbolicFeatureExtractor(FrontEnd(kinds=("samples",), sampling_rate=RATE))
    batch = extractor.pad([{"input_values": whole(tone(), "int16")}])
    np.testing.assert_allclose(batch["input_values"][0], tone(), atol=1e-4)


def recordings(path):
    """One recording in all the ways that it is handed out."""
    content = path.read_bytes()
    samples, other = tone(), tone(660)
    return {
        "path": path,
        "bytes": content,
        "decoder": Decoder(samples[None]),
        "decoder of one dimension": Decoder(samples),
        "decoder of two channels": Decoder(np.stack([samples + other, samples - other])),
        "decoder in float64": Decoder(samples[None].astype(np.float64)),
        "not decoded": {"bytes": content, "path": None},
        "not decoded, with a name": {"bytes": content, "path": "gone.wav"},
        "not decoded, on disk": {"bytes": None, "path": str(path)},
        "decoded": {"path": str(path), "array": samples, "sampling_rate": RATE},
        "decoded to two channels": {
            "array": np.stack([samples + other, samples - other]),
            "sampling_rate": RATE,
        },
        "decoded to a list": {"array": samples.tolist(), "sampling_rate": RATE},
        "raw": {"raw": torch.tensor(samples), "sampling_rate": RATE},
        "array": samples,
        "tensor": torch.tensor(samples),
    }


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "tone.wav"
    path.write_bytes(encoded(tone()))
    return path


WAYS = sorted(
    {"path", "bytes", "decoder", "decoder of one dimension", "decoder of two channels"}
    | {"decoder in float64", "not decoded", "not decoded, with a name", "not decoded, on disk"}
    | {"decoded", "decoded to two channels", "decoded to a list", "raw", "array", "tensor"}
)


def test_every_way_is_tried(path):
    assert sorted(recordings(path)) == WAYS


@pytest.mark.parametrize("way", WAYS)
def test_a_recording_is_the_same_in_all_the_ways_it_is_handed_out(way, path, extractor, model):
    sound = recordings(path)[way]
    assert is_one_sound(sound)
    wanted = front_features(tone(), extractor.front_end)
    for given in (sound, [sound]):
        found = extractor(given, RATE)["input_values"]
        assert found.shape == (1, *wanted.shape)
        # The mean of two channels is rounded, which shows where a band is soft.
        np.testing.assert_allclose(found[0], wanted, atol=0.05)
    tag = pipeline("music-tags", model=model)
    expected = {one["label"]: one["score"] for one in tag(path)}
    for answer in (tag(sound), *tag([sound, sound], batch_size=2)):
        assert {one["label"]: one["score"] for one in answer} == pytest.approx(expected, abs=1e-4)
    scorer = AudioScorer(model)
    for given in (sound, [sound], iter([sound])):
        (row,) = scorer.score(given, workers=0).to_dict("records")
        assert row["error"] == ""
        assert row["seconds"] == pytest.approx(0.5)
        assert row[f"{GENRE.name}: {GENRE.labels[0]}"] == pytest.approx(
            expected[GENRE.labels[0]], abs=1e-4
        )


def test_many_sounds_are_scored_in_processes_and_here(path, model):
    sounds = [path, Decoder(tone()[None], path="a.wav"), {"bytes": path.read_bytes(), "path": "b"}]
    table = AudioScorer(model).score([*sounds, tone(), Broken(tone()[None], path="c")], workers=2)
    assert table["path"].tolist() == [str(path), "a.wav", "b", "<ndarray 3>", "c"]
    assert table["error"].tolist()[:4] == [""] * 4
    assert "it cannot be decoded" in table["error"][4]


def test_a_decoder_is_resampled_as_a_file_is(path, extractor):
    high = tone(rate=44100)
    (found,) = extractor(Decoder(high[None], 44100))["input_values"]
    (file,) = extractor(encoded(high, 44100))["input_values"]
    np.testing.assert_allclose(found, file, atol=1e-3)


def test_samples_at_another_rate_are_refused(extractor, model):
    row = {"array": tone(), "sampling_rate": 16000}
    with pytest.raises(ValueError, match="16000 Hz"):
        extractor(row)
    with pytest.raises(ValueError, match="16000 Hz"):
        pipeline("music-tags", model=model)(row)
    (error,) = AudioScorer(model).score(row, workers=0)["error"]
    assert "16000 Hz" in error


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (np.ones(1000, bool), "bool"),
        (np.ones(1000, complex), "complex"),
        (np.array([None] * 1000), "object"),
        ({"array": np.ones(1000, bool), "sampling_rate": RATE}, "bool"),
        ({"array": np.zeros((1000, 2)), "sampling_rate": RATE}, r"expected \(channels, n\)"),
        ({"array": np.zeros((2, 2, 1000)), "sampling_rate": RATE}, "one channel"),
        ({"array": np.zeros(0), "sampling_rate": RATE}, "one channel"),
        ({"bytes": None, "path": None}, "no sound: a dictionary"),
        ({"sampling_rate": RATE}, "no sound: a dictionary"),
        ({"bytes": b"words", "path": "words.wav"}, "not audio, or damaged"),
        (np.array([0, np.nan], "f4"), "NaN or infinite"),
        (np.array([0, 1e300]), "NaN or infinite"),
        (Broken(tone()[None], path="damaged.mp3"), "it cannot be decoded"),
        (Decoder(np.zeros((1, 0), "f4")), "one channel"),
        (Decoder(np.full((1, 9), np.inf, "f4")), "NaN or infinite"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_holds_no_sound_is_refused_everywhere(sound, reason, extractor, model):
    with pytest.raises(ReadError, match=reason):
        extractor(sound, RATE)
    with pytest.raises(ReadError, match=reason):
        pipeline("music-tags", model=model)(sound)
    (error,) = AudioScorer(model).score([sound], workers=0)["error"]
    assert error
    with pytest.raises(ReadError, match=reason):
        raise ReadError(error)


def test_what_is_damaged_has_its_name(extractor):
    for sound in (
        {"bytes": b"words", "path": "words.wav"},
        Broken(tone()[None], path="words.wav"),
    ):
        with pytest.raises(ReadError) as caught:
            extractor(sound, RATE)
        assert caught.value.source == "words.wav"


def test_what_is_absurdly_long_is_refused(extractor, monkeypatch):
    from symbolic.audio import samples

    monkeypatch.setattr(samples, "MAX_SECONDS", 0.1)
    with pytest.raises(ReadError, match="longer than"):
        extractor(Decoder(tone()[None]))
