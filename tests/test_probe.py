"""The probe: who hears the music keeps the answer, who hears the recording does not."""

from types import SimpleNamespace

import numpy as np
import pytest

from symbolic.audio.front_end import FrontEnd
from symbolic.evaluation import audio_robustness as module
from symbolic.evaluation.audio_robustness import frame_perturbations, probe, sample_perturbations
from symbolic.tasks import GENRE, TAGS

RATE = 22050
TIME = np.arange(RATE) / RATE
SOUNDS = [
    (level * np.sin(2 * np.pi * hertz * TIME)).astype(np.float32)
    for level, hertz in ((0.1, 220.0), (0.3, 440.0), (0.1, 880.0), (0.3, 1760.0))
]


def model_of(rule, tasks=(GENRE,)):
    """Something that answers each sound by a rule, `rule(sound) -> (K,)`."""

    def answer(model, arrays, batch_size=16):
        return {task.name: np.stack([rule(one) for one in arrays]) for task in tasks}

    return SimpleNamespace(tasks=tasks), answer


def one_of(which):
    return np.eye(10)[which % 10]


def loudness(sound):
    return one_of(int(20 * np.log10(np.abs(sound).max() + 1e-9) // 3))


def pitch(sound):
    crossings = np.count_nonzero(np.diff(np.signbit(sound)))
    return one_of(round(np.log2(crossings / len(sound) * RATE / 440)))


@pytest.mark.parametrize(("rule", "heard"), [(loudness, False), (pitch, True)])
def test_loudness_is_no_music_and_pitch_is(rule, heard, monkeypatch):
    model, answer = model_of(rule)
    monkeypatch.setattr(module, "predict_audio", answer)
    found = probe(model, SOUNDS, sample_perturbations(RATE))["genre"]
    assert set(found) == set(sample_perturbations(RATE))
    assert found["gain -6 dB"].changed == found["gain +6 dB"].changed == (0.0 if heard else 1.0)
    assert found["speed +1 %"].changed == 0.0
    assert found["low-pass as of an MP3"].changed == 0.0  # nothing is so high here
    assert found["gain +6 dB"].distance == found["gain +6 dB"].changed


def test_tags_change_where_they_cross_one_half(monkeypatch):
    model, answer = model_of(lambda sound: np.full(10, np.abs(sound).max()), (TAGS,))
    monkeypatch.setattr(module, "predict_audio", answer)
    found = probe(model, SOUNDS, sample_perturbations(RATE))["tags"]["gain +6 dB"]
    assert found.changed == 0.5  # of 0.3 to 0.6 in two of four
    assert found.distance == pytest.approx(0.2 * (10**0.3 - 1), abs=1e-3)


def test_an_equaliser_moves_pictures_by_up_to_its_decibels_and_a_gain_evenly():
    changes = frame_perturbations(FrontEnd(n_mels=64))
    frames = np.zeros((5, 64), np.float32)
    moved = changes["equaliser ±3 dB"](frames, np.random.default_rng(0))
    assert (np.abs(moved) <= 3).all()
    assert (moved == moved[0]).all()
    assert np.ptp(moved) > 1
    assert (changes["gain -6 dB"](frames, None) == -6).all()
    with pytest.raises(ValueError, match="pictures of mfcc"):
        frame_perturbations(FrontEnd(kinds=("mfcc",)))
