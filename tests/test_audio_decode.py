"""Recordings and MIDI become samples; what is no sound says so, under its name."""

import io
import os
import sys

import numpy as np
import pytest
import soundfile

from symbolic.audio import AUDIO_SUFFIXES, extra, read_audio, read_sound, render_midi
from symbolic.audio import decode as decoding
from symbolic.audio.synthesis import rendering
from symbolic.notes import ReadError

RATE = 22050
SUBTYPES = {
    ".wav": "PCM_16",
    ".flac": "PCM_16",
    ".ogg": "VORBIS",
    ".oga": "VORBIS",
    ".mp3": "MPEG_LAYER_III",
    ".aiff": "PCM_16",
    ".aif": "PCM_16",
    ".au": "PCM_16",
}
FORMATS = {".oga": "OGG", ".aif": "AIFF"}


def tone(hertz=440.0, seconds=1.0, rate=RATE, level=0.5):
    return (level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype("f4")


def encoded(samples, suffix=".wav", rate=RATE, subtype=None):
    file = io.BytesIO()
    kind = FORMATS.get(suffix, suffix[1:].upper())
    soundfile.write(file, samples, rate, format=kind, subtype=subtype or SUBTYPES[suffix])
    return file.getvalue()


def pitch(samples, rate):
    """Hz of the loudest frequency."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return spectrum.argmax() * rate / len(samples)


def test_every_suffix_is_tried():
    assert set(SUBTYPES) == set(AUDIO_SUFFIXES)


@pytest.mark.parametrize("suffix", AUDIO_SUFFIXES)
def test_a_tone_sounds_the_same_in_every_format(tmp_path, suffix):
    path = tmp_path / f"tone{suffix}"
    path.write_bytes(encoded(tone(), suffix))
    for source in (path, str(path), path.read_bytes()):
        samples, rate = read_audio(source)
        assert samples.dtype == np.float32
        assert rate == RATE
        assert len(samples) == pytest.approx(RATE, rel=0.1)  # an MP3 has whole frames
        assert pitch(samples, rate) == pytest.approx(440, abs=1.5)
        assert np.abs(samples[5000:15000]).max() == pytest.approx(0.5, abs=0.03)


def test_the_content_decides_and_not_the_name(tmp_path):
    path = tmp_path / "tone.raw"  # of which libsndfile would ask for a rate
    path.write_bytes(encoded(tone(), ".flac"))
    with pytest.raises(ReadError, match="not audio, or damaged"):
        read_audio(path)
    path = path.rename(tmp_path / "tone.mp3")
    assert read_audio(path)[1] == RATE


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 22051])
def test_at_another_rate_pitch_and_length_stay(rate):
    samples, got = read_audio(encoded(tone()), rate)
    assert got == rate
    assert len(samples) == rate
    assert pitch(samples, rate) == pytest.approx(440, abs=1.5)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.05)


def test_what_a_lower_rate_cannot_hold_does_not_fold_back():
    samples, _ = read_audio(encoded(tone(9000)), 16000)
    assert np.abs(samples[1000:-1000]).max() < 1e-3


def test_channels_are_averaged():
    left, right = tone(440), tone(880)
    samples, _ = read_audio(encoded(np.stack([left, right], axis=1), subtype="FLOAT"))
    assert samples == pytest.approx((left + right) / 2, abs=1e-6)
    samples, _ = read_audio(encoded(np.stack([left, -left], axis=1), subtype="FLOAT"))
    assert not samples.any()


def test_silence_is_sound(tmp_path):
    samples, _ = read_audio(encoded(np.zeros(100)))
    assert samples.tolist() == [0.0] * 100


def refused(source, words):
    with pytest.raises(ReadError, match=words) as caught:
        read_audio(source)
    return caught.value


def test_what_is_no_audio_says_so_under_its_name(tmp_path):
    for name, content, words in [
        ("empty.wav", b"", "empty file"),
        ("words.wav", b"not music at all, only words" * 10, "not audio, or damaged"),
        ("zeros.mp3", b"\0" * 5000, "not audio, or damaged"),
        ("header.wav", encoded(tone())[:20], "not audio, or damaged"),
        ("nothing.wav", encoded(np.zeros(0)), "no samples"),
        ("song.mid", b"MThd\0\0\0\6\0\0\0\1\1\xe0", "MIDI, not a recording"),
    ]:
        path = tmp_path / name
        path.write_bytes(content)
        error = refused(path, words)
        assert error.source == str(path)
        assert str(error).startswith(str(path))
        assert refused(content, words).source is None


def test_what_is_no_file_says_so(tmp_path):
    refused(tmp_path / "missing.wav", "no such file")
    refused(tmp_path, "a folder")
    refused(tmp_path / "a\0b.wav", "cannot be read")
    os.mkfifo(tmp_path / "pipe.wav")
    refused(tmp_path / "pipe.wav", "not a regular file")
    with pytest.raises(TypeError, match="a path or bytes"):
        read_audio(7)


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3", ".wav", ".aiff"])
def test_a_damaged_file_is_refused_or_read_but_never_strange(suffix):
    rng = np.random.default_rng(0)
    whole = encoded(rng.normal(0, 0.1, RATE), suffix)
    for trial in range(30):
        data = bytearray(whole[: int(len(whole) * rng.uniform(0.05, 1))])
        for place in rng.integers(0, len(data), trial % 4):
            data[place] = rng.integers(256)
        try:
            samples, rate = read_audio(bytes(data))
        except ReadError:
            continue
        assert len(samples)
        assert np.isfinite(samples).all()
        assert rate > 0


def test_a_flac_that_is_cut_off_is_refused():
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * RATE)
    whole = encoded(noise, ".flac")
    refused(whole[: len(whole) // 4], "cut off|damaged")


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(wrong):
    samples = tone()
    samples[100] = wrong
    refused(encoded(samples, subtype="FLOAT"), "NaN or infinite")


def test_samples_beyond_any_scale_are_refused():
    refused(encoded(np.full(100, 1e30), subtype="DOUBLE"), "damaged: samples beyond")
    read_audio(encoded(np.full(100, 3.0), subtype="FLOAT"))


def test_what_is_absurdly_long_or_slow_is_refused(monkeypatch):
    refused(encoded(tone(), rate=100), "100 Hz")
    monkeypatch.setattr(decoding, "MAX_SECONDS", 0.5)
    refused(encoded(tone()), "longer than")


def test_a_missing_library_says_what_to_install(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(extra.importlib, "import_module", missing)
    with pytest.raises(ImportError, match=r"soundfile.*pip install 'symbolic-emotion\[audio\]'"):
        read_audio(b"RIFF....WAVE")


# Rendering.


@pytest.fixture
def synthesiser():
    try:
        rendering.find_sound_font()
        rendering._fluidsynth()
    except (ImportError, FileNotFoundError) as error:
        pytest.skip(str(error))


@pytest.fixture
def song(midi_score):
    """One A4, of a second, at some velocity."""

    def build(velocity=80, pitch=69, **options):
        return midi_score([(0, 960, pitch, velocity)], **options).dumps_midi()

    return build


def test_an_a_sounds_at_440_hz(synthesiser, song, tmp_path):
    samples = render_midi(song(), 22050)
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(2 * 22050, abs=3)
    assert pitch(samples[:22050], 22050) == pytest.approx(440, abs=3)
    path = tmp_path / "a.mid"
    path.write_bytes(song())
    assert read_sound(path, 22050) == pytest.approx(samples, abs=1e-3)
    renamed = path.rename(tmp_path / "a.wav")
    assert read_sound(renamed, 22050) == pytest.approx(samples, abs=1e-3)


def test_what_is_played_softly_is_soft(synthesiser, song):
    soft, loud = (np.abs(render_midi(song(velocity), 16000)).max() for velocity in (30, 120))
    assert loud > 4 * soft


def test_scores_sound_as_well(synthesiser, song):
    from symbolic.notes import read_notes

    samples = render_midi(read_notes(song()), 22050)
    assert pitch(samples[:22050], 22050) == pytest.approx(440, abs=3)


def test_no_instrument_hears_what_another_was_told(synthesiser, midi_score):
    from symusic import ControlChange

    def two(volume):
        score = midi_score([(0, 960, 69, 80)], [(0, 960, 57, 80)])
        score.tracks[0].controls.append(ControlChange(0, 7, volume))
        return score.dumps_midi()

    loud, mute = render_midi(two(127), 22050), render_midi(two(0), 22050)
    assert pitch(mute[:22050], 22050) == pytest.approx(220, abs=3)
    assert np.abs(mute).max() > 0.2 * np.abs(loud).max()


def test_panning_does_not_silence(synthesiser, midi_score):
    from symusic import ControlChange

    def panned(where):
        score = midi_score([(0, 960, 69, 80)])
        score.tracks[0].controls.append(ControlChange(0, 10, where))
        return np.abs(render_midi(score.dumps_midi(), 22050)).max()

    assert panned(127) == pytest.approx(panned(0), rel=0.02)


def test_without_a_sound_font_it_says_what_to_install(monkeypatch, song):
    monkeypatch.delenv(rendering.FONT_VARIABLE, raising=False)
    monkeypatch.setattr(rendering, "FONT_FOLDERS", ())
    with pytest.raises(FileNotFoundError, match=r"fluid-soundfont-gm.*SYMBOLIC_SOUND_FONT"):
        render_midi(song(), 22050)
    monkeypatch.setenv(rendering.FONT_VARIABLE, "nowhere.sf2")
    with pytest.raises(FileNotFoundError, match=r"nowhere\.sf2: no such sound font"):
        render_midi(song(), 22050)


def test_without_fluidsynth_it_says_what_to_install(monkeypatch, song, tmp_path):
    font = tmp_path / "font.sf2"
    font.write_bytes(b"RIFF")
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    with pytest.raises(ImportError, match=r"apt install fluidsynth.*pyfluidsynth.*\[audio\]"):
        render_midi(song(), 22050, font)


def test_damaged_midi_is_refused_under_its_name(synthesiser, song, tmp_path):
    path = tmp_path / "cut.mid"
    path.write_bytes(song()[:30])
    with pytest.raises(ReadError) as caught:
        read_sound(path, 22050)
    assert caught.value.source == str(path)
    with pytest.raises(ReadError, match="no such file"):
        read_sound(tmp_path / "missing.wav", 22050)
