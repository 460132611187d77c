"""The same music, played otherwise."""

import numpy as np
import pytest

from symbolic.notes import note_table
from symbolic.notes.augment import (
    Augmentation,
    drop_dynamics,
    scale_tempo,
    scale_velocity,
    shift_velocity,
    transpose,
)

NOTES = note_table(
    [0, 480, 960, 960], [480, 240, 480, 480], [60, 64, 127, 36], [40, 60, 120, 90],
    is_drum=[False, False, False, True],
)  # fmt: skip


def test_transposition_moves_pitched_notes_only():
    moved = transpose(NOTES, 3)
    assert moved.pitch.tolist() == [63, 67, 36, 118]  # the drum stays; 130 comes back an octave
    assert (moved.onset == NOTES.onset).all()


def test_transposition_up_and_down_is_the_identity_in_the_middle():
    middle = NOTES.select(NOTES.pitch < 100)
    assert (transpose(transpose(middle, 5), -5).pitch == middle.pitch).all()


def test_transposition_never_leaves_the_keyboard_and_keeps_the_pitch_class():
    pitches = np.arange(128)
    notes = note_table(pitches, [1] * 128, pitches, [64] * 128)
    for semitones in range(-24, 25):
        moved = transpose(notes, semitones).pitch
        assert moved.min() >= 0
        assert moved.max() <= 127
        assert ((moved - pitches - semitones) % 12 == 0).all()


def test_twice_as_fast_takes_half_as_long():
    fast = scale_tempo(NOTES, 2.0)
    np.testing.assert_allclose(fast.seconds, NOTES.seconds / 2)
    assert (fast.onset_ticks == NOTES.onset_ticks).all()
    with pytest.raises(ValueError, match="not positive"):
        scale_tempo(NOTES, 0.0)


def test_velocity_shift_stays_within_midi_and_leaves_scores_alone():
    assert shift_velocity(NOTES, 20).velocity.max() == 127
    assert shift_velocity(NOTES, -60).velocity.min() == 1
    flat = drop_dynamics(NOTES)
    assert not flat.has_dynamics
    assert (shift_velocity(flat, 20).velocity == 64).all()


def test_louder_in_proportion_stays_within_midi_and_leaves_scores_alone():
    assert scale_velocity(NOTES, 1.12).velocity.tolist() == [45, 67, 101, 127]
    assert scale_velocity(NOTES, 0.001).velocity.tolist() == [1] * 4
    assert scale_velocity(NOTES, 0.9).velocity.dtype == np.int64
    flat = drop_dynamics(NOTES)
    assert scale_velocity(flat, 1.5) is flat
    with pytest.raises(ValueError, match="not positive"):
        scale_velocity(NOTES, 0)


def test_no_augmentation_changes_nothing():
    same = Augmentation()(NOTES, np.random.default_rng(0))
    for name in ("onset", "duration", "pitch", "velocity"):
        assert (getattr(same, name) == getattr(NOTES, name)).all()


def test_augmentation_is_seeded_and_varies():
    augment = Augmentation(6, 0.2, 10)
    first, again = (augment(NOTES, np.random.default_rng(1)) for _ in range(2))
    assert (first.pitch == again.pitch).all()
    assert (first.onset == again.onset).all()
    rng = np.random.default_rng(1)
    draws = {(augment(NOTES, rng).pitch[0], augment(NOTES, rng).seconds) for _ in range(20)}
    assert len(draws) == 20


def test_the_key_moves_with_the_music():
    augment = Augmentation(semitones=6)
    for seed in range(50):
        notes, key = augment.with_key(NOTES, 2, np.random.default_rng(seed))
        semitones = int(np.random.default_rng(seed).integers(-6, 7))
        assert key == (2 + semitones) % 12
        assert len(notes) == len(NOTES)
    assert augment.with_key(NOTES, -100, np.random.default_rng(0))[1] == -100
