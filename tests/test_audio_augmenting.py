"""What of a recording changes while it is learnt from, and what stays."""

import numpy as np
import pytest

from symbolic.audio.front_end import FrontEnd
from symbolic.configuration import SymbolicConfig
from symbolic.training import audio_augmentation
from symbolic.training.audio_augmentation import AugmentArguments, augmentation, change_samples

SAMPLES = SymbolicConfig(encoder="waveform", front_end=FrontEnd(kinds=("samples",)))
INSIDE = SymbolicConfig(encoder="spectrogram", front_end=FrontEnd(), front_end_in_model=True)
PICTURES = SymbolicConfig(encoder="spectrogram", front_end=FrontEnd())
EVERYTHING = {"stretch": 0.1, "semitones": 2, "speed": 0.05, "equaliser": 3, "gain": 6, "noise": 20}
TONE = np.sin(np.arange(22050) * 0.1).astype(np.float32)


@pytest.mark.parametrize("config", [SAMPLES, INSIDE, PICTURES])
def test_nothing_changes_unless_it_is_asked_for(config):
    assert augmentation(config, AugmentArguments()) is None


@pytest.mark.parametrize("config", [SAMPLES, INSIDE])
def test_a_gain_makes_samples_louder_or_softer_by_up_to_its_decibels(config):
    change = augmentation(config, AugmentArguments(gain=6.0))
    found = [np.abs(change(TONE, np.random.default_rng(seed))).max() for seed in range(40)]
    levels = 20 * np.log10(np.array(found) / np.abs(TONE).max())
    assert (np.abs(levels) <= 6.01).all()
    assert 0.2 < (levels == 0).mean() < 0.8  # half of the windows are left alone
    assert levels.max() > 2
    assert levels.min() < -2


def test_a_gain_moves_pictures_in_decibels_as_a_whole():
    change = augmentation(PICTURES, AugmentArguments(gain=6.0))
    frames = np.random.default_rng(0).normal(size=(30, 128)).astype(np.float32)
    moves = [change(frames, np.random.default_rng(seed)) - frames for seed in range(40)]
    assert max(np.ptp(move) for move in moves) < 1e-5
    assert 2 < max(move.mean() for move in moves) <= 6
    assert -6 <= min(move.mean() for move in moves) < -2


def test_masks_hide_stripes_of_pictures():
    change = augmentation(PICTURES, AugmentArguments(spec_augment=True))
    frames = np.random.default_rng(0).normal(size=(300, 128)).astype(np.float32)
    hidden = change(frames, np.random.default_rng(1)) != frames
    assert hidden.any()
    rows, columns = hidden.all(axis=1), hidden.all(axis=0)
    assert (hidden == (rows[:, None] | columns[None])).all()


def test_every_change_of_samples_is_told_to_the_one_that_makes_it(monkeypatch):
    told = {}

    def instead(name, place):
        def change(samples, *arguments):
            told.setdefault(name, []).append(arguments[place])
            return samples

        monkeypatch.setattr(audio_augmentation.augment, name, change)

    for name, place in {
        "time_stretch": 0,
        "pitch_shift": 1,
        "speed": 0,
        "equalise": 1,
        "gain": 0,
        "add_noise": 0,
    }.items():
        instead(name, place)
    change = augmentation(SAMPLES, AugmentArguments(**EVERYTHING))
    for seed in range(400):
        change(TONE, np.random.default_rng(seed))
    ranges = {
        "time_stretch": (0.9, 1.1),
        "pitch_shift": (-2, 2),
        "speed": (0.95, 1.05),
        "equalise": (-3, 3),
        "gain": (-6, 6),
        "add_noise": (20, 50),
    }
    for name, (low, high) in ranges.items():
        assert 150 < len(told[name]) < 250  # of half of the windows
        values, slack = np.ravel(told[name]), (high - low) / 20
        assert low <= values.min() < low + slack
        assert high - slack < values.max() <= high


def test_an_augmentation_is_the_same_for_the_same_rng():
    change = augmentation(SAMPLES, AugmentArguments(**EVERYTHING))
    here, there, other = (change(TONE, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(here, there)
    assert here.dtype == np.float32
    assert np.isfinite(here).all()
    assert len(here) != len(other) or not np.array_equal(here, other)


def test_what_is_left_out_does_not_happen():
    nothing = change_samples(AugmentArguments(), 22050, TONE, np.random.default_rng(0))
    assert np.array_equal(nothing, TONE)


@pytest.mark.parametrize(
    ("config", "arguments", "words"),
    [
        (PICTURES, {"stretch": 0.1, "noise": 20}, "stretch, noise: of samples"),
        (SAMPLES, {"spec_augment": True}, "takes samples"),
        (INSIDE, {"spec_augment": True}, "takes samples"),
        (
            SymbolicConfig(encoder="spectrogram", front_end=FrontEnd(kinds=("mfcc",))),
            {"gain": 6},
            "not of mfcc",
        ),
    ],
)
def test_what_cannot_be_done_to_an_input_is_refused(config, arguments, words):
    with pytest.raises(ValueError, match=words):
        augmentation(config, AugmentArguments(**arguments))
