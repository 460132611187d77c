"""Pictures of notes: which keys sound in a frame and how loud, and what begins in it."""

import numpy as np
import pytest

from symbolic.audio.front_end import ROLL_KINDS, ROLL_WIDTHS
from symbolic.audio.piano_roll import (
    ONSET_COLUMNS,
    frame_edges,
    piano_roll,
    transposed_rolls,
)
from symbolic.notes import note_table

SECOND = 960  # ticks, at 120 quarters per minute
EDGES = np.arange(5.0)


def piece(*notes, drums=()):
    """Of (onset, duration, pitch, velocity), times in seconds."""
    onset, duration, pitch, velocity = np.array(notes, float).reshape(-1, 4).T
    is_drum = np.isin(np.arange(len(pitch)), drums)
    ticks = (np.round(x * SECOND).astype(int) for x in (onset, duration))
    return note_table(*ticks, pitch, velocity, is_drum=is_drum)


def chance(seed, count=200):
    rng = np.random.default_rng(seed)
    columns = (rng.integers(0, 90, count) / 10, rng.integers(0, 40, count) / 10)
    pitches = rng.integers(0, 128, count)
    return piece(*zip(*columns, pitches, rng.integers(1, 128, count), strict=True))


def onsets(*notes, **options):
    columns = piano_roll(piece(*notes, **options), EDGES, "onsets").T
    return dict(zip(ONSET_COLUMNS, columns, strict=True))


def test_a_note_is_as_bright_as_it_is_loud_for_the_share_of_the_frame_that_it_sounds():
    roll = piano_roll(piece((0.5, 2.25, 60, 127), (3, 0.5, 69, 64)), EDGES, "roll")
    assert roll[:, 60 - 21].tolist() == [0.5, 1, 0.75, 0]
    assert roll[3, 69 - 21] == pytest.approx(0.5 * 64 / 127)
    assert np.count_nonzero(roll) == 4


def test_a_note_within_a_frame_does_not_sound_in_the_next():
    roll = piano_roll(piece((1.25, 0.5, 60, 127)), EDGES, "roll")
    assert roll[:, 60 - 21].tolist() == [0, 0.5, 0, 0]


def test_frames_may_be_beats_of_different_lengths():
    roll = piano_roll(piece((0, 2, 60, 127)), np.array([0, 0.5, 1.5, 3.5]), "roll")
    assert roll[:, 60 - 21].tolist() == [1, 1, 0.25]


def test_notes_of_one_key_are_added_up_to_full_loudness():
    roll = piano_roll(piece((0, 1, 60, 50), (0, 2, 60, 50), (0, 1, 60, 50)), EDGES, "roll")
    assert roll[:2, 60 - 21].tolist() == [1, pytest.approx(50 / 127)]


@pytest.mark.parametrize(("pitch", "key"), [(21, 0), (108, 87), (20, 11), (0, 3), (109, 76)])
def test_pitches_beyond_the_piano_are_moved_onto_it_by_octaves(pitch, key):
    roll = piano_roll(piece((0, 1, pitch, 127)), EDGES, "roll")
    assert np.flatnonzero(roll[0]).tolist() == [key]
    assert (key + 21 - pitch) % 12 == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_roll_is_what_each_note_adds_to_it(seed):
    notes, rng = chance(seed), np.random.default_rng(seed)
    edges = np.sort(rng.random(12)) * 9
    expected = np.zeros((11, 128))
    for onset, duration, pitch, velocity in zip(
        notes.onset, notes.duration, notes.pitch, notes.velocity, strict=True
    ):
        for frame in range(11):
            sounds = min(onset + duration, edges[frame + 1]) - max(onset, edges[frame])
            share = max(0, sounds) / (edges[frame + 1] - edges[frame])
            expected[frame, pitch] += velocity / 127 * share
    roll = piano_roll(notes, edges, "roll")
    inner = slice(33, 97)  # where nothing is moved
    assert np.allclose(roll[:, 33 - 21 : 97 - 21], np.minimum(expected[:, inner], 1), atol=1e-6)
    classes = np.stack([expected[:, c::12].sum(axis=1) for c in range(12)], axis=1)
    greatest = classes.max(axis=1, keepdims=True)
    chroma = piano_roll(notes, edges, "chroma")
    assert np.allclose(chroma, classes / np.where(greatest, greatest, 1), atol=1e-6)


def test_octaves_are_one_pitch_class_and_the_greatest_is_one():
    chroma = piano_roll(piece((0, 1, 48, 40), (0, 1, 60, 40), (0, 1, 67, 40)), EDGES, "chroma")
    assert chroma[0, 0] == 1
    assert chroma[0, 7] == pytest.approx(0.5)
    assert (chroma[1:] == 0).all()


def test_after_any_number_of_notes_silence_is_silent():
    notes = chance(3)
    edges = np.arange(0, 30.0)
    end = int(np.ceil(notes.seconds))
    for kind in ROLL_KINDS:
        assert (piano_roll(notes, edges, kind)[end:] == 0).all()


def test_onsets_are_counted_in_the_octave_and_the_frame_in_which_they_begin():
    found = onsets((0, 3, 60, 100), (0, 3, 64, 50), (1, 1, 36, 127), (1.5, 1, 108, 127))
    assert found["octave_4"].tolist() == pytest.approx([np.log(3), 0, 0, 0])
    assert found["octave_2"][1] == found["octave_8"][1] == pytest.approx(np.log(2))
    assert found["notes"].tolist() == pytest.approx([np.log(3), np.log(3), 0, 0])
    assert found["loudness"][0] == pytest.approx(np.log1p(150 / 127))
    assert found["velocity"][0] == pytest.approx(75 / 127)
    assert found["pitch"].tolist() == pytest.approx([62 / 127, 72 / 127, 0, 0])
    assert found["span"].tolist() == pytest.approx([4 / 127, 72 / 127, 0, 0])
    assert found["pitch_classes"].tolist() == pytest.approx([2 / 12, 1 / 12, 0, 0])
    assert found["duration"].tolist() == pytest.approx([np.log(4), np.log(2), 0, 0])


def test_the_lowest_and_the_highest_notes_count_to_the_nearest_octave():
    found = onsets((0, 1, 0, 60), (0, 1, 21, 60), (0, 1, 127, 60))
    assert found["octave_1"][0] == pytest.approx(np.log(3))
    assert found["octave_8"][0] == pytest.approx(np.log(2))


def test_drums_have_no_pitch():
    notes = ((0, 1, 60, 127), (0, 1, 38, 127), (2, 1, 38, 127))
    assert np.count_nonzero(piano_roll(piece(*notes, drums=(1, 2)), EDGES, "roll")) == 1
    assert np.count_nonzero(piano_roll(piece(*notes, drums=(1, 2)), EDGES, "chroma")) == 1
    found = onsets(*notes, drums=(1, 2))
    assert found["notes"].tolist() == pytest.approx([np.log(2), 0, 0, 0])
    assert found["drums"].tolist() == pytest.approx([np.log(2), 0, np.log(2), 0])
    assert found["loudness"].tolist() == pytest.approx([np.log(3), 0, np.log(2), 0])
    assert found["pitch"][2] == found["octave_2"][2] == 0


@pytest.mark.parametrize("kind", ROLL_KINDS)
def test_what_lies_outside_of_the_edges_is_left_out(kind):
    inside = piano_roll(piece((2, 1, 60, 90)), np.array([2.0, 3, 4]), kind)
    more = piece((0, 1, 50, 90), (2, 1, 60, 90), (4, 1, 70, 90))
    assert np.array_equal(piano_roll(more, np.array([2.0, 3, 4]), kind), inside)


@pytest.mark.parametrize("kind", ROLL_KINDS)
def test_pictures_are_as_wide_as_the_front_end_says_and_of_nothing_empty(kind):
    found = piano_roll(piece(), EDGES, kind)
    assert found.shape == (4, ROLL_WIDTHS[kind])
    assert found.dtype == np.float32
    assert (found == 0).all()


def test_other_pictures_and_edges_that_do_not_rise_are_refused():
    with pytest.raises(ValueError, match="unknown kind 'score'"):
        piano_roll(piece(), EDGES, "score")
    for edges in ([0.0], [0.0, 1, 1], [1.0, 0], [[0.0, 1]]):
        with pytest.raises(ValueError, match="ascending"):
            piano_roll(piece(), edges, "roll")


def test_frames_reach_beyond_the_end():
    assert frame_edges(1.0, 4).tolist() == [0, 0.25, 0.5, 0.75, 1, 1.25]
    assert frame_edges(0.9, 4)[-1] == 1
    assert frame_edges(0, 4).tolist() == [0, 0.25]
    for seconds, rate in ((-1, 4), (1, 0)):
        with pytest.raises(ValueError, match="frames a second"):
            frame_edges(seconds, rate)


def test_the_first_track_leads_and_a_single_one_is_all():
    both = note_table(
        [0, 0, 960], [960] * 3, [72, 48, 50], [100, 80, 80], track=[1, 2, 2], is_drum=[0, 0, 0]
    )
    assert np.flatnonzero(piano_roll(both, EDGES, "lead_roll")[0]).tolist() == [72 - 21]
    assert piano_roll(both, EDGES, "lead_onsets")[1].sum() == 0
    drums = note_table([0, 0], [960, 960], [38, 60], [90, 90], track=[0, 1], is_drum=[1, 0])
    assert np.flatnonzero(piano_roll(drums, EDGES, "lead_roll")[0]).tolist() == [60 - 21]
    one = piece((0, 1, 60, 90), (0, 1, 48, 90))
    for kind in ("roll", "onsets"):
        lead = piano_roll(one, EDGES, f"lead_{kind}")
        assert np.array_equal(lead, piano_roll(one, EDGES, kind))


@pytest.mark.parametrize("steps", [-5, 0, 4])
def test_moved_pictures_are_those_of_moved_notes(steps):
    notes = [(i / 2, 1, 50 + 3 * i, 80) for i in range(8)]
    kinds = ("roll", "chroma", "lead_roll")

    def pictures(up):
        moved = piece(*((onset, length, pitch + up, v) for onset, length, pitch, v in notes))
        return np.concatenate([piano_roll(moved, EDGES, kind) for kind in kinds], axis=1)

    assert np.array_equal(transposed_rolls(pictures(0), kinds, steps), pictures(steps))


def test_keys_that_are_moved_beyond_the_piano_are_lost_and_onsets_stay():
    notes = piece((0, 1, 21, 90), (1, 1, 108, 90))
    roll = piano_roll(notes, EDGES, "roll")
    assert np.count_nonzero(transposed_rolls(roll, ("roll",), -1)) == 1
    assert np.count_nonzero(transposed_rolls(roll, ("roll",), 1)) == 1
    found = piano_roll(notes, EDGES, "onsets")
    assert np.array_equal(transposed_rolls(found, ("onsets",), 6), found)
