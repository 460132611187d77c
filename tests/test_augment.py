"""The same music, played otherwise."""

import numpy as np
import pytest

from symbolic.notes import note_table
from symbolic.notes.augment import (
    PAD_LOUDNESS,
    PAD_LOWEST,
    PAD_NOTES,
    Augmentation,
    add_pad,
    double_part,
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


SECOND = 960  # ticks, at 480 per quarter and 120 quarters per minute


def new_notes(changed, notes):
    """The notes of the highest track, which the piece did not have."""
    added = changed.select(changed.track == changed.track.max())
    assert added.track[0] == notes.track.max() + 1
    return added


def assert_only_added(changed, notes):
    """The notes of the piece are as before, in order, and so are the new ones among them."""
    before = changed.select(changed.track <= notes.track.max())
    for name in ("onset", "duration", "onset_ticks", "duration_ticks", "pitch", "velocity"):
        assert np.array_equal(getattr(before, name), getattr(notes, name))
    assert np.array_equal(before.is_drum, notes.is_drum)
    order = np.lexsort((changed.track, changed.pitch, changed.onset_ticks))
    assert np.array_equal(order, np.arange(len(changed)))
    assert np.array_equal(changed.tempo, notes.tempo)


def band():
    """A melody of four notes, a bass of two and drums of five."""
    return note_table(
        [0, 480, 960, 1440, 0, 960, 0, 240, 480, 720, 960],
        [480] * 4 + [960] * 2 + [10] * 5,
        [72, 74, 76, 77, 48, 43, 36, 42, 38, 42, 36],
        [90, 80, 70, 60, 50, 50, 100, 100, 100, 100, 100],
        [0] * 4 + [1] * 2 + [2] * 5,
        [False] * 6 + [True] * 5,
        tempos=([0, 960], [120.0, 60.0]),
    )


@pytest.mark.parametrize("semitones", [-12, 0, 12])
def test_the_busiest_part_is_doubled_and_the_drums_are_none(semitones):
    notes = band()
    changed = double_part(notes, semitones)
    assert_only_added(changed, notes)
    added = new_notes(changed, notes)
    assert added.pitch.tolist() == [72 + semitones, 74 + semitones, 76 + semitones, 77 + semitones]
    melody = notes.select(notes.track == 0)
    assert np.array_equal(added.onset, melody.onset)
    assert np.array_equal(added.duration, melody.duration)
    assert np.array_equal(added.velocity, melody.velocity)
    assert not added.is_drum.any()


def test_a_doubled_part_stays_on_the_keyboard():
    low = double_part(note_table([0, 480], [480, 480], [3, 60], [64, 64]), -12)
    assert new_notes(low, NOTES).pitch.tolist() == [3, 48]


def test_a_pad_holds_what_sounds_until_the_next_chord():
    # C major for two seconds, and D minor for four, through which the last note lasts
    notes = note_table(
        [0, SECOND // 2, SECOND, 2 * SECOND, 2 * SECOND, 3 * SECOND],
        [SECOND // 2, SECOND // 2, SECOND, SECOND, 4 * SECOND, SECOND],
        [72, 76, 79, 74, 77, 81],
        [100, 80, 90, 70, 90, 50],
    )
    changed = add_pad(notes)
    assert_only_added(changed, notes)
    pad = new_notes(changed, notes)
    assert pad.onset.tolist() == [0.0] * 3 + [2.0] * 3
    assert pad.duration.tolist() == [2.0] * 3 + [4.0] * 3
    assert pad.duration_ticks.tolist() == [2 * SECOND] * 3 + [4 * SECOND] * 3
    assert sorted(pad.pitch[:3] % 12) == [0, 4, 7]
    assert sorted(pad.pitch[3:] % 12) == [2, 5, 9]
    assert ((pad.pitch >= PAD_LOWEST) & (pad.pitch < PAD_LOWEST + 12)).all()
    assert set(pad.velocity) == {round(80 * PAD_LOUDNESS)}


def test_a_pad_has_the_notes_that_sound_longest():
    cluster = note_table([0] * 5, [100, 900, 800, 700, 200], [60, 61, 62, 63, 64], [64] * 5)
    pad = new_notes(add_pad(cluster), cluster)
    assert len(pad) == PAD_NOTES == 3
    assert sorted(pad.pitch % 12) == [1, 2, 3]
    assert set(pad.velocity) == {64}  # no dynamics


def test_a_held_note_is_in_every_chord_that_it_sounds_through():
    held = note_table(
        [0, 3 * SECOND, 5 * SECOND], [6 * SECOND, 100, 100], [48, 76, 79], [64, 64, 64]
    )
    pad = new_notes(add_pad(held), held)
    assert np.unique(pad.onset).tolist() == [0.0, 3.0, 5.0]
    assert pad.onset[pad.pitch % 12 == 0].tolist() == [0.0, 3.0, 5.0]
    assert pad.duration[pad.pitch % 12 == 0].tolist() == [3.0, 2.0, 1.0]
    assert pad.onset[pad.pitch % 12 == 4].tolist() == [3.0]


def test_seconds_of_added_notes_follow_the_tempo():
    notes = band()
    for changed in (double_part(notes), add_pad(notes)):
        again = note_table(
            *(changed.onset_ticks, changed.duration_ticks, changed.pitch, changed.velocity),
            *(changed.track, changed.is_drum),
            tempos=(notes.tempo_ticks, notes.tempo),
        )
        np.testing.assert_allclose(changed.onset, again.onset)
        np.testing.assert_allclose(changed.duration, again.duration)


@pytest.mark.parametrize("change", [double_part, add_pad])
def test_pieces_of_drums_or_of_nothing_are_not_orchestrated(change):
    drums = band().select(band().is_drum)
    assert change(drums) is drums
    nothing = note_table([], [], [], [])
    assert change(nothing) is nothing


@pytest.mark.parametrize("change", [double_part, add_pad])
def test_notes_of_no_length_are_orchestrated(change):
    point = note_table([0], [0], [60], [64])
    changed = change(point)
    assert np.isfinite(changed.duration).all()
    assert (changed.duration >= 0).all()
    assert set(changed.pitch % 12) == {0}
