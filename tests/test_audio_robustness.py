"""Robustness of models of audio: predictions by pitch stay, predictions by loudness do not."""

import numpy as np
import pytest

from symbolic.audio.front_end import FrontEnd
from symbolic.evaluation.robustness import (
    frame_perturbations,
    pooled,
    robustness,
    robustness_scores,
    robustness_table,
    sample_perturbations,
)
from symbolic.tasks import GENRE, TAGS, VALENCE_AROUSAL

RATE = 22050
FRONT = FrontEnd(sampling_rate=RATE)
TIME = np.arange(RATE) / RATE
SOUNDS = [
    (level * np.sin(2 * np.pi * hertz * TIME)).astype(np.float32)
    for level, hertz in ((0.1, 220.0), (0.3, 440.0), (0.1, 880.0), (0.3, 1760.0))
]


def perturbed(rule, task=GENRE):
    """Robustness of a system that predicts from each sound by a rule, `rule(sound) -> (K,)`."""

    def predict(arrays):
        return {task.name: np.stack([rule(array) for array in arrays])}

    tasks = (task, VALENCE_AROUSAL)  # without predictions
    return robustness({"rule": predict}, SOUNDS, sample_perturbations(FRONT), tasks)["rule"]


def one_of(which):
    return np.eye(10)[which % 10]


def loudness(sound):
    return one_of(int(20 * np.log10(np.abs(sound).max() + 1e-9) // 3))


def pitch(sound):
    crossings = np.count_nonzero(np.diff(np.signbit(sound)))
    return one_of(round(np.log2(crossings / len(sound) * RATE / 440)))


@pytest.mark.parametrize(("rule", "stays"), [(loudness, 0.0), (pitch, 1.0)])
def test_loudness_is_no_music_and_pitch_is(rule, stays):
    found = perturbed(rule)["genre"]
    assert set(found) == set(sample_perturbations(FRONT))
    assert found["gain -6 dB"].stays == found["gain +6 dB"].stays == stays
    assert found["speed +1 %"].stays == 1.0
    assert found["low-pass as of an MP3"].stays == 1.0  # nothing is so high here
    assert found["gain +6 dB"].distance == 1 - stays
    assert found["gain +6 dB"].pieces == 4


def test_tags_change_where_they_cross_one_half():
    found = perturbed(lambda sound: np.full(10, np.abs(sound).max()), TAGS)["tags"]["gain +6 dB"]
    assert found.stays == 0.5  # of 0.3 to 0.6 in two of four
    assert found.distance == pytest.approx(0.2 * (10**0.3 - 1), abs=1e-3)


def test_robustness_of_runs_is_pooled_and_named_by_its_task():
    parts = [perturbed(loudness), perturbed(pitch), perturbed(pitch)]
    whole = pooled(parts)
    assert whole["genre"]["gain -6 dB"].stays == pytest.approx(2 / 3)
    scores = robustness_scores(whole)
    assert scores["genre: pieces"] == 12
    assert scores["genre: gain"] == pytest.approx(2 / 3)
    assert scores["genre: gain_distance"] == pytest.approx(1 / 3)
    assert "| genre | gain -6 dB | 0.333 | 0.333 |" in robustness_table(whole)


def test_an_equaliser_moves_spectrograms_by_up_to_its_decibels_and_a_gain_evenly():
    perturbations = frame_perturbations(FrontEnd(n_mels=64))
    frames = np.zeros((5, 64), np.float32)
    moved = perturbations["equaliser ±3 dB"](frames, np.random.default_rng(0))
    assert (np.abs(moved) <= 3).all()
    assert (moved == moved[0]).all()
    assert np.ptp(moved) > 1
    assert (perturbations["gain -6 dB"](frames, None) == -6).all()
    with pytest.raises(ValueError, match="frames of mfcc"):
        frame_perturbations(FrontEnd(kinds=("mfcc",)))
