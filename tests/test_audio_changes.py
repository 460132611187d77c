"""Changes of a recording: what each does to pitch, tempo and loudness, and what it leaves alone."""

import numpy as np
import pytest

from symbolic.audio.augment import (
    add_noise,
    equalise,
    gain,
    low_pass,
    octave_bands,
    pitch_shift,
    spec_augment,
    speed,
    time_stretch,
)

RATE = 22050


def tone(hertz=440.0, seconds=1.0, rate=RATE):
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype("f4")


def noise(n=RATE, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, n).astype("f4")


def pitch(samples, rate=RATE):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return spectrum.argmax() * rate / len(samples)


def level(samples):
    """Root mean square of the middle, in dB."""
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    return 10 * np.log10(np.mean(np.square(middle, dtype=float)))


@pytest.mark.parametrize("rate", [0.8, 1.25])
def test_a_stretched_tone_lasts_longer_at_its_pitch(rate):
    stretched = time_stretch(tone(), rate)
    assert len(stretched) == pytest.approx(RATE / rate, abs=2)
    assert pitch(stretched) == pytest.approx(440, abs=3)


@pytest.mark.parametrize("semitones", [-5, 2])
def test_a_shifted_tone_is_as_long_at_another_pitch(semitones):
    shifted = pitch_shift(tone(), RATE, semitones)
    assert len(shifted) == RATE
    assert pitch(shifted) == pytest.approx(440 * 2 ** (semitones / 12), abs=4)


def test_speed_moves_tempo_and_pitch_together():
    faster = speed(tone(), 1.5)
    assert len(faster) == RATE / 1.5
    assert pitch(faster) == pytest.approx(660, abs=2)
    assert level(faster) == pytest.approx(level(tone()), abs=0.1)


def test_six_decibels_of_gain_are_twice_the_amplitude():
    assert gain(tone(), 20 * np.log10(2)) == pytest.approx(2 * tone(), abs=1e-6)
    assert gain(tone(), 0) == pytest.approx(tone())


@pytest.mark.parametrize("snr", [-5, 10, 40])
def test_noise_is_as_loud_as_is_asked(snr):
    added = add_noise(tone(), snr, np.random.default_rng(0)) - tone()
    assert level(tone()) - level(added) == pytest.approx(snr, abs=0.2)
    assert not add_noise(np.zeros(9, "f4"), snr, np.random.default_rng(0)).any()


def test_octave_bands_end_below_half_the_sampling_rate():
    assert octave_bands(22050).tolist() == [62.5, 125, 250, 500, 1000, 2000, 4000, 8000]
    assert octave_bands(44100)[-1] == 16000
    assert octave_bands(16000)[-1] == 4000


@pytest.mark.parametrize("band", range(8))
def test_a_band_of_the_equaliser_moves_its_own_octave(band):
    gains = np.zeros(8)
    gains[band] = 3
    centres = octave_bands(RATE)
    for number, hertz in enumerate(centres):
        moved = level(equalise(tone(hertz), RATE, gains)) - level(tone(hertz))
        assert moved == pytest.approx(3 if number == band else 0, abs=0.05), hertz


def test_an_equaliser_that_is_flat_changes_nothing_and_none_delays():
    assert equalise(noise(), RATE, [0] * 8) == pytest.approx(noise(), abs=1e-6)
    click = np.zeros(RATE, "f4")
    click[9000] = 1
    heard = equalise(click, RATE, [3, -3] * 4)
    assert heard.argmax() == 9000
    assert heard[9000 - 500 : 9000] == pytest.approx(heard[9001 : 9000 + 501][::-1], abs=1e-5)
    with pytest.raises(ValueError, match="3 gains for 8"):
        equalise(click, RATE, [0, 0, 0])


def test_a_low_pass_keeps_what_is_below_and_drops_what_is_above():
    low, high = tone(9000, rate=44100), tone(18000, rate=44100)
    heard = low_pass(low + high, 44100)
    assert heard[4410:-4410] == pytest.approx(low[4410:-4410], abs=1e-3)
    assert level(low_pass(high, 44100)) < -80
    assert low_pass(low, 22050) is low  # there is nothing above 16 kHz


def test_masks_hide_stripes_and_nothing_else():
    frames = np.random.default_rng(0).normal(size=(200, 64)).astype("f4")
    masked = spec_augment(frames, np.random.default_rng(1))
    assert masked.dtype == np.float32
    changed = masked != frames
    rows, columns = changed.all(axis=1), changed.all(axis=0)
    assert 0 < rows.sum() <= 80
    assert 0 < columns.sum() <= 32
    assert np.array_equal(changed, rows[:, None] | columns[None])
    assert masked[changed] == pytest.approx(np.tile(frames.mean(axis=0), (200, 1))[changed])
    assert np.array_equal(spec_augment(frames, np.random.default_rng(1)), masked)
    assert np.array_equal(spec_augment(frames, np.random.default_rng(1), 0, 0, 0, 0), frames)


def test_masks_leave_half_of_a_short_picture():
    frames = np.arange(12.0).reshape(4, 3)
    for seed in range(20):
        masked = spec_augment(frames, np.random.default_rng(seed), 1, 99, 0, 0)
        assert (masked == frames).all(axis=1).sum() >= 2
    assert spec_augment(frames[:1], np.random.default_rng(0)).shape == (1, 3)


@pytest.mark.parametrize("change", [speed, time_stretch])
def test_time_does_not_stand_still(change):
    with pytest.raises(ValueError, match="not positive"):
        change(noise(), 0)
