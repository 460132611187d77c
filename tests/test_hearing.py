"""What a model hears of files: of sound in blocks, of notes without sound."""

import numpy as np
import pytest

from symbolic.audio import front_features
from symbolic.audio import inputs as hearing_room
from symbolic.audio.cache import features_of
from symbolic.audio.decode import audio_blocks, read_audio
from symbolic.audio.inputs import frames_of, stream_frames
from symbolic.audio.transforms.spectral import silence
from symbolic.encoders import BOUNDARY_SYSTEMS
from symbolic.notes import ReadError

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")
pytest.importorskip("librosa")
mido = pytest.importorskip("mido")

SOUND = BOUNDARY_SYSTEMS["gs1"].front
NOTES = BOUNDARY_SYSTEMS["roll_sslm"].front
RATE = SOUND.sampling_rate


def music(seconds, rate=RATE, seed=0):
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    tone = np.sin(2 * np.pi * 220 * 2 ** (np.floor(time * 2) % 5 / 12) * time)
    return (0.3 * tone + 0.02 * rng.standard_normal(len(time))).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.01, 0.1, 3.0, 7.37])
@pytest.mark.parametrize("block", [700, 44100])
def test_sound_in_blocks_is_what_it_is_as_a_whole(seconds, block, monkeypatch):
    monkeypatch.setattr(hearing_room, "FRAMES", 60)
    samples = music(seconds)
    blocks = [samples[start : start + block] for start in range(0, len(samples), block)]
    found, wanted = stream_frames(blocks, SOUND), front_features(samples, SOUND)
    assert found.shape == wanted.shape == (SOUND.positions(len(samples)), SOUND.width)
    np.testing.assert_allclose(found, wanted, atol=2e-4)


@pytest.mark.parametrize("rate", [44100, 22050])
def test_files_are_resampled_in_blocks_as_well_as_whole(rate, tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, music(4, rate), rate)
    whole, _ = read_audio(path, RATE)
    parts = np.concatenate([*audio_blocks(path, RATE)])
    assert abs(len(parts) - len(whole)) <= 1
    np.testing.assert_allclose(parts[: len(whole)], whole[: len(parts)], atol=1e-4)
    np.testing.assert_allclose(
        frames_of(path, SOUND)[:, :80], front_features(whole, SOUND)[:, :80], atol=0.1
    )


def test_eight_channels_are_one():
    import io

    samples, file = music(1), io.BytesIO()
    soundfile.write(file, np.repeat(samples[:, None], 8, axis=1), RATE, format="WAV")
    wanted = front_features(np.clip(samples, -1, 1), SOUND)
    np.testing.assert_allclose(frames_of(file.getvalue(), SOUND), wanted, atol=0.5)


def test_silence_has_no_loudness_and_is_like_itself(tmp_path):
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(2 * RATE, np.float32), RATE)
    found = frames_of(path, SOUND)
    assert (found[:, :80] == SOUND.floor).all()
    assert len({row.tobytes() for row in found}) == 1
    assert found[0].tolist() == silence(SOUND).tolist()


def test_what_cannot_be_heard_says_which_file_it_is(tmp_path):
    path = tmp_path / "empty.wav"
    soundfile.write(path, np.zeros(0, np.float32), RATE)
    with pytest.raises(ReadError, match=r"no samples"):
        frames_of(path, SOUND)
    path.write_bytes(b"RIFFnothing")
    with pytest.raises(ReadError, match=r"empty\.wav"):
        frames_of(path, SOUND)
    soundfile.write(path, np.full(100, np.nan, np.float32), RATE, subtype="FLOAT")
    with pytest.raises(ReadError, match="NaN or infinite"):
        frames_of(path, SOUND)


@pytest.fixture
def song(tmp_path):
    """Eight bars of a scale, and four of chords."""
    import pretty_midi

    music = pretty_midi.PrettyMIDI()
    piano = pretty_midi.Instrument(0)
    for step in range(32):
        pitch = 60 + [0, 2, 4, 5, 7, 9, 11, 12][step % 8]
        piano.notes.append(pretty_midi.Note(80, pitch, step / 2, step / 2 + 0.5))
    for chord in range(8):
        piano.notes += [
            pretty_midi.Note(100, pitch, 16 + chord, 17 + chord) for pitch in (48, 52, 55, 60)
        ]
    music.instruments.append(piano)
    path = tmp_path / "song.mid"
    music.write(str(path))
    return path


def test_notes_are_heard_without_a_synthesiser(song, monkeypatch):
    def refused(*_):
        raise AssertionError("made to sound")

    monkeypatch.setattr(hearing_room, "read_sound", refused)
    found = frames_of(song, NOTES)
    assert found.shape[1] == NOTES.width == 88 + 4 * 100
    assert abs(len(found) - 24 * NOTES.rate) <= 2
    roll = found[:, :88]
    middle_c = 60 - 21
    assert roll[1, middle_c] > 0
    assert roll[round(20 * NOTES.rate), [48 - 21, 52 - 21, 55 - 21, middle_c]].min() > 0
    assert found.min() >= 0
    assert found.max() <= 1


def test_the_cache_keeps_what_is_heard_of_notes(song, tmp_path):
    (first,) = features_of([song], NOTES, tmp_path / "cache", workers=0)
    np.testing.assert_array_equal(first, frames_of(song, NOTES))
    assert len([*(tmp_path / "cache").rglob("*.npy")]) == 1


def test_what_several_systems_are_made_of_is_heard_once(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    soundfile.write(path, music(6), RATE)
    systems = [BOUNDARY_SYSTEMS[name].front for name in ("mls", "mls_sslm", "gs1", "sslm")]
    wanted = [frames_of(path, front) for front in systems]
    heard = []
    whole = hearing_room.stream_frames
    monkeypatch.setattr(
        hearing_room, "stream_frames", lambda *given: heard.append(given) or whole(*given)
    )
    for front, one in zip(systems, wanted, strict=True):
        (found,) = features_of([path], front, tmp_path / "cache", workers=0)
        np.testing.assert_allclose(found, one, atol=1e-5)
    assert len(heard) == 1


def test_a_file_without_notes_is_refused(tmp_path):
    path = tmp_path / "empty.mid"
    file = mido.MidiFile()
    file.add_track()
    file.save(path)
    with pytest.raises(ReadError, match="no notes"):
        frames_of(path, NOTES)
