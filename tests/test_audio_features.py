"""Pictures of sound: a tone is where its pitch is, and librosa says the same of everything."""

import os
import resource
import subprocess
import sys
import warnings

import librosa
import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic.audio import FrontEnd, cache, front_features
from symbolic.audio.cache import features_of
from symbolic.audio.transforms.spectral import silence
from symbolic.audio.transforms.torch_front_end import SpectralFrontEnd
from symbolic.notes import ReadError

RATE = 22050


def tone(hertz=440.0, seconds=1.0, rate=RATE):
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype("f4")


def music(seconds=2.0, rate=RATE, seed=0):
    """Chords over soft noise, with a silence in the middle."""
    rng = np.random.default_rng(seed)
    samples = sum(tone(hertz, seconds, rate) for hertz in (110, 277.18, 659.26, 1760))
    samples = samples / 4 + rng.normal(0, 1e-3, len(samples))
    samples[len(samples) // 2 : len(samples) // 2 + rate // 4] = 0
    return samples.astype("f4")


def decibels(power):
    return 10 * np.log10(np.maximum(power, 1e-10))


def by_librosa(samples, front, kind):
    """(T, F) of librosa's own functions."""
    rate, sizes = front.sampling_rate, {"n_fft": front.n_fft, "hop_length": front.hop}
    if kind == "magnitude":
        spectrum = np.abs(librosa.stft(samples, **sizes)).T
        return decibels(spectrum**2) if front.decibels else spectrum
    if kind == "chroma":
        return librosa.feature.chroma_stft(y=samples, sr=rate, tuning=0, **sizes).T
    if kind == "cqt":
        bins = {"n_bins": front.n_cqt, "bins_per_octave": front.bins_per_octave}
        found = librosa.cqt(samples, sr=rate, hop_length=front.hop, fmin=front.cqt_fmin, **bins)
        return decibels(np.abs(found.T) ** 2) if front.decibels else np.abs(found.T)
    names = ("n_mels", "fmin", "fmax", "htk", "norm", "power")
    options = {name: getattr(front, name) for name in names}
    bands = librosa.feature.melspectrogram(y=samples, sr=rate, **sizes, **options)
    loud = decibels(bands ** (2 / front.power))
    if kind == "mel":
        return loud.T if front.decibels else bands.T
    return librosa.feature.mfcc(S=loud, sr=rate, n_mfcc=front.n_mfcc).T


FRONTS = {
    "defaults": FrontEnd(),
    "tagging, HTK bands of equal height": FrontEnd(
        sampling_rate=16000, n_fft=512, hop=256, n_mels=96, htk=True, norm=None
    ),
    "boundaries": FrontEnd(sampling_rate=44100, hop=1024, n_mels=80, fmin=80.0, fmax=16000.0),
    "magnitudes, odd sizes, quarter tones": FrontEnd(
        n_fft=1023, hop=441, n_mels=40, power=1.0, n_cqt=100, bins_per_octave=24
    ),
    "powers": FrontEnd(decibels=False, n_cqt=60, cqt_fmin=55.0),
}


@pytest.mark.parametrize("kind", ["magnitude", "mel", "mfcc", "cqt", "chroma"])
@pytest.mark.parametrize("name", FRONTS)
def test_librosa_says_the_same(name, kind):
    front = FrontEnd(**{**FRONTS[name].to_dict(), "kinds": (kind,)})
    samples = music(rate=front.sampling_rate)
    found = front_features(samples, front)
    assert found.dtype == np.float32
    assert found.shape == (front.positions(len(samples)), front.width)
    wanted = by_librosa(samples, front, kind)[: len(found)]
    found = found[: len(wanted)]
    if kind == "cqt" and front.decibels:  # librosa's is in complex64: compared as amplitudes
        found, wanted = 10 ** (found / 20), 10 ** (wanted / 20)
    scale = np.abs(wanted).max() if kind in ("mfcc", "cqt") or not front.decibels else 1
    np.testing.assert_allclose(found, wanted, atol=1e-4 * scale, rtol=1e-4)


@settings(max_examples=25)
@given(n=st.integers(1, 5000), seed=st.integers(0, 9))
def test_any_length_has_its_frames_in_every_kind(n, seed):
    front = FrontEnd(kinds=("cqt", "mel", "chroma", "magnitude", "mfcc"), n_fft=1024, n_mels=32)
    samples = np.random.default_rng(seed).normal(0, 0.1, n).astype("f4")
    found = front_features(samples, front)
    assert found.shape == (1 + n // 512, 84 + 32 + 12 + 513 + 20)
    assert np.isfinite(found).all()


def test_kinds_stand_side_by_side_in_their_order():
    samples, start = music(0.5), 0
    for kinds in (("chroma", "mel"), ("mel", "cqt", "mfcc", "chroma", "magnitude")):
        start, together = 0, front_features(samples, FrontEnd(kinds=kinds))
        for kind, width in FrontEnd(kinds=kinds).widths.items():
            alone = front_features(samples, FrontEnd(kinds=(kind,)))
            assert np.array_equal(together[:, start : start + width], alone), kind
            start += width


def test_a_440_hz_tone_is_where_an_a_is():
    kinds = {kind: front_features(tone(), FrontEnd(kinds=(kind,)))[20] for kind in ("mel", "cqt")}
    centres = librosa.mel_frequencies(130, fmin=0, fmax=RATE / 2)[1:-1]
    assert centres[kinds["mel"].argmax()] == pytest.approx(440, rel=0.05)
    assert librosa.hz_to_note(librosa.cqt_frequencies(84, fmin=32.7032)[kinds["cqt"].argmax()]) == (
        "A4"
    )
    magnitude = front_features(tone(), FrontEnd(kinds=("magnitude",)))[20]
    assert magnitude.argmax() == round(440 * 2048 / RATE)
    chroma = front_features(tone(), FrontEnd(kinds=("chroma",)))
    assert (chroma[2:-2].argmax(axis=1) == 9).all()  # C is 0
    assert chroma.max(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("semitones", [-12, 1, 7])
def test_a_transposed_tone_moves_by_as_many_constant_q_bins(semitones):
    front = FrontEnd(kinds=("cqt",))
    here, there = (front_features(tone(440 * 2 ** (s / 12)), front)[20] for s in (0, semitones))
    assert there.argmax() - here.argmax() == semitones


def test_six_decibels_are_twice_the_amplitude():
    for kind in ("mel", "cqt", "magnitude"):
        front = FrontEnd(kinds=(kind,))
        soft, loud = front_features(music(), front), front_features(music() * 2, front)
        heard = soft > -90
        assert (loud - soft)[heard] == pytest.approx(20 * np.log10(2), abs=1e-3), kind


def test_what_a_cut_is_does_not_depend_on_the_rest():
    front = FrontEnd(kinds=("mel", "mfcc", "chroma", "magnitude"), n_fft=1024)
    soft, loud = music() * 1e-3, tone(seconds=2)
    alone, after = front_features(soft, front), front_features(np.append(soft, loud), front)
    inner = front.positions(len(soft)) - 2  # frames that hear nothing of what follows
    np.testing.assert_allclose(alone[:inner], after[:inner], atol=1e-3, rtol=1e-5)


def test_silence_is_minus_100_db():
    front = FrontEnd(kinds=("mel", "cqt", "chroma"))
    assert front_features(np.zeros(RATE, "f4"), front) == pytest.approx(
        np.tile(np.repeat([-100, 0], [128 + 84, 12]), (44, 1)), abs=1e-3
    )
    assert np.array_equal(silence(front), front_features(np.zeros(9999, "f4"), front)[5])
    assert silence(FrontEnd(kinds=("samples",))) == 0


def test_samples_are_heard_as_they_are():
    assert np.array_equal(front_features(tone(), FrontEnd(kinds=("samples",))), tone())


def test_what_cannot_be_heard_says_why():
    with pytest.raises(ValueError, match="one channel"):
        front_features(np.zeros((2, 100)), FrontEnd())
    with pytest.raises(ValueError, match="one channel"):
        front_features(np.zeros(0), FrontEnd())
    with pytest.raises(ValueError, match="beyond half the sampling rate"):
        front_features(tone(rate=8000), FrontEnd(kinds=("cqt",), sampling_rate=8000))
    with pytest.raises(ValueError, match="50 MFCC of 40"):
        front_features(tone(), FrontEnd(kinds=("mfcc",), n_mfcc=50, n_mels=40))


# Inside a model.

INSIDE = [
    FrontEnd(kinds=("mel",)),
    FrontEnd(kinds=("magnitude", "mel", "mfcc"), n_fft=1023, hop=400, n_mels=40, power=1.0),
    FrontEnd(kinds=("mfcc", "mel"), sampling_rate=16000, n_fft=512, hop=256, n_mels=64, htk=True),
    FrontEnd(kinds=("mel", "magnitude"), decibels=False, norm=None),
]


@pytest.mark.parametrize("front", INSIDE, ids=lambda front: "+".join(front.kinds))
def test_inside_a_model_it_is_the_same(front):
    samples = music(rate=front.sampling_rate)
    found, mask = SpectralFrontEnd(front)(torch.from_numpy(samples)[None])
    wanted, start = front_features(samples, front), 0
    assert found.shape == (1, *wanted.shape)
    assert found.dtype == torch.float32
    assert mask.tolist() == [[1] * len(wanted)]
    for kind, width in front.widths.items():
        here, there = (x[:, start : start + width] for x in (found[0].numpy(), wanted))
        start += width
        if kind == "mfcc" or front.decibels:
            np.testing.assert_allclose(here, there, atol=1e-4, rtol=1e-6)  # float32 both
        else:
            np.testing.assert_allclose(here, there, atol=1e-5 * there.max(), rtol=1e-4)


def test_padding_inside_a_model_is_silence_and_changes_nothing():
    front = FrontEnd(kinds=("mel", "mfcc"), n_mels=32)
    inner = SpectralFrontEnd(front)
    clips = [torch.from_numpy(music(seconds)) for seconds in (0.7, 1.3)]
    padded = torch.nn.utils.rnn.pad_sequence(clips, batch_first=True, padding_value=9.0)
    mask = torch.tensor([[1] * len(clip) + [0] * (padded.shape[1] - len(clip)) for clip in clips])
    found, frames = inner(padded, mask)
    assert frames.dtype == torch.int64
    for row, heard, clip in zip(found, frames, clips, strict=True):
        alone, _ = inner(clip[None])
        count = front.positions(len(clip))
        assert heard.sum() == count == len(alone[0])
        torch.testing.assert_close(row[:count], alone[0], atol=2e-3, rtol=1e-4)
        torch.testing.assert_close(
            row[count:],
            torch.tensor(silence(front)).expand(len(row) - count, -1),
            atol=1e-2,
            rtol=1e-4,
        )


def test_gradients_of_silence_are_finite():
    front = FrontEnd(kinds=("magnitude", "mel"), decibels=False, power=1.0)
    samples = torch.zeros(1, 4096, requires_grad=True)
    SpectralFrontEnd(front)(samples)[0].sum().backward()
    assert samples.grad.isfinite().all()


@pytest.mark.parametrize("kind", ["cqt", "chroma", "samples"])
def test_other_kinds_are_not_made_inside(kind):
    with pytest.raises(ValueError, match=f"{kind} is not computed in a model"):
        SpectralFrontEnd(FrontEnd(kinds=(kind,)))


def test_its_banks_are_saved_with_a_model_and_survive_the_meta_device(tmp_path):
    from transformers import PreTrainedConfig, PreTrainedModel

    class Config(PreTrainedConfig):
        model_type = "hears"

    class Hears(PreTrainedModel):
        config_class = Config

        def __init__(self, config):
            super().__init__(config)
            self.front = SpectralFrontEnd(FrontEnd(kinds=("mel", "mfcc")))
            self.head = torch.nn.Linear(148, 2)
            self.post_init()

        def _init_weights(self, module):
            if isinstance(module, SpectralFrontEnd):
                module.reset()

    samples = torch.from_numpy(music())[None]
    model = Hears(Config())
    wanted = model.front(samples)[0]
    saved = {name for name in model.state_dict() if name.startswith("front.")}
    assert saved == {f"front.{name}" for name in ("mel_bank", "cepstral_bank")}
    model.save_pretrained(tmp_path)
    assert torch.equal(Hears.from_pretrained(tmp_path).front(samples)[0], wanted)

    with torch.device("meta"):
        inner = SpectralFrontEnd(FrontEnd(kinds=("mel", "mfcc")))
    assert inner.mel_bank.is_meta
    inner.to_empty(device="cpu").reset()
    assert torch.equal(inner(samples)[0], wanted)


def test_autocast_does_not_reach_the_decibels():
    inner, samples = SpectralFrontEnd(FrontEnd()), torch.from_numpy(music())[None]
    with torch.autocast("cpu", torch.bfloat16):
        found = inner(samples)[0]
    assert torch.equal(found, inner(samples)[0])


# Many files.


@pytest.fixture
def recordings(tmp_path):
    folder = tmp_path / "sounds"
    folder.mkdir()
    for number in range(5):
        soundfile.write(folder / f"{number}.wav", music(0.5, seed=number), RATE, subtype="FLOAT")
    (folder / "5.wav").write_bytes(b"no sound")
    return [folder / f"{number}.wav" for number in range(7)]


@pytest.mark.parametrize("workers", [0, 2])
def test_features_of_many_files_and_of_those_that_fail(recordings, tmp_path, workers):
    front = FrontEnd(kinds=("mel", "chroma"))
    found = features_of([*recordings, recordings[0]], front, tmp_path / "cache", workers)
    for number in range(5):
        wanted = front_features(music(0.5, seed=number), front)
        np.testing.assert_allclose(found[number], wanted, atol=1e-4)
    assert np.array_equal(found[7], found[0])
    assert [type(features) for features in found[5:7]] == [ReadError, ReadError]
    assert str(found[5]).startswith(str(recordings[5]))
    assert found[6].reason == "no such file"


def test_they_are_computed_once_and_again_when_the_file_or_the_front_changes(
    recordings, tmp_path, monkeypatch
):
    heard, read = [], cache.frames_of

    def counting(path, front):
        heard.append(path)
        return read(path, front)

    monkeypatch.setattr(cache, "frames_of", counting)
    path, place = str(recordings[0]), tmp_path / "cache"
    first = features_of([path], FrontEnd(), place, 0)[0]
    first += 1  # in memory alone
    again = features_of([path], FrontEnd(), place, 0)[0]
    assert again[3] == pytest.approx(first[3] - 1, abs=1e-4)
    assert len(heard) == 1
    features_of([path], FrontEnd(n_mels=64), place, 0)
    assert len(heard) == 2
    soundfile.write(path, tone(), RATE)
    assert len(features_of([path], FrontEnd(), place, 0)[0]) == 44
    assert len(heard) == 3
    assert features_of([path], FrontEnd(kinds=("samples",)), place, 0)[0].shape == (RATE,)


def test_what_is_damaged_in_the_cache_is_computed_again(recordings, tmp_path):
    place = tmp_path / "cache"
    wanted = np.array(features_of(recordings[:1], FrontEnd(), place, 0)[0])
    (file,) = place.rglob("*.npy")
    whole = file.read_bytes()
    for content in (b"", whole[:50], whole[:-4], b"\0" * len(whole)):
        file.write_bytes(content)
        assert np.array_equal(features_of(recordings[:1], FrontEnd(), place, 0)[0], wanted)
    assert [path.name for path in place.rglob("*.npy")] == [file.name]


def test_a_corpus_may_have_more_files_than_a_process_may_open(recordings, tmp_path):
    files = [tmp_path / f"link{number}.wav" for number in range(60)]
    for file in files:
        file.write_bytes(recordings[0].read_bytes())
    features_of(files, FrontEnd(), tmp_path / "cache", 0)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 20, limits[1]))
    try:
        found = features_of(files, FrontEnd(), tmp_path / "cache", 0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert all(features.shape == (22, 128) for features in found)


def test_importing_audio_is_light():
    command = "import sys, symbolic.audio; print({'torch', 'librosa', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_no_filter_of_the_usual_front_ends_is_empty():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for front in FRONTS.values():
            front_features(tone(rate=front.sampling_rate), front)


@pytest.mark.parametrize("kind", ["mel", "magnitude", "cqt"])
def test_nothing_is_softer_than_the_floor(kind):
    samples = np.random.default_rng(0).normal(size=22050).astype(np.float32) * 1e-3
    deep, shallow = (front_features(samples, FrontEnd((kind,), floor=dB)) for dB in (-100, -60))
    assert deep.min() < -60
    np.testing.assert_array_equal(shallow, np.maximum(deep, np.float32(-60)))
