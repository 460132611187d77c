import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic.features import ABSOLUTE_PITCH, FEATURE_NAMES, feature_frame, features
from symbolic.notes import note_table

SECOND = 960  # ticks, at 480 per quarter and 120 quarters per minute


def named(notes):
    return dict(zip(FEATURE_NAMES, features(notes), strict=True))


def chords(*pitch_lists, gap=SECOND, length=SECOND, velocity=80, transpose=0, **columns):
    """Chords at equal distances, `gap` and `length` in ticks; velocity a number or one per note."""
    pitch = np.concatenate([np.asarray(pitches) for pitches in pitch_lists]) + transpose
    onset = np.repeat(np.arange(len(pitch_lists)) * gap, [len(p) for p in pitch_lists])
    velocity = np.broadcast_to(velocity, pitch.shape)
    return note_table(onset, np.full(len(pitch), length), pitch, velocity, **columns)


def some_music(n=200, seed=0, transpose=0):
    rng = np.random.default_rng(seed)
    scale = np.array([0, 2, 4, 5, 7, 9, 11])
    pitch = 48 + transpose + 12 * rng.integers(0, 3, n) + rng.choice(scale, n)
    onset = rng.integers(0, 60 * n, n) * 2
    return note_table(onset, rng.integers(1, 2000, n), pitch, rng.integers(1, 128, n))


def test_names_are_unique_and_as_many_as_the_values():
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) == len(features(some_music()))
    assert set(ABSOLUTE_PITCH) < set(FEATURE_NAMES)


@pytest.mark.parametrize("semitones", [-12, -5, 1, 6, 24])
def test_transposing_changes_only_absolute_pitch(semitones):
    here, there = named(some_music()), named(some_music(transpose=semitones))
    for name in FEATURE_NAMES:
        moved = semitones if name in ABSOLUTE_PITCH else 0
        assert there[name] == pytest.approx(here[name] + moved, abs=1e-9), name


@given(
    pitches=st.lists(st.integers(24, 96), min_size=1, max_size=12), semitones=st.integers(-12, 12)
)
def test_a_transposed_clip_keeps_its_rolled_profile(pitches, semitones):
    rolled = [name.startswith(("pc_", "key_", "major_", "local_mode")) for name in FEATURE_NAMES]
    tune = [[pitch] for pitch in pitches]
    here, there = features(chords(*tune)), features(chords(*tune, transpose=semitones))
    assert np.array_equal(here[rolled], there[rolled])


def test_a_later_start_changes_nothing():
    now, later = some_music(), some_music()
    later = note_table(
        later.onset_ticks + 10 * SECOND, later.duration_ticks, later.pitch, later.velocity
    )
    assert features(later) == pytest.approx(features(now), rel=1e-6, abs=1e-9)


def test_drums_do_not_count():
    tune = chords([60], [64], [67], velocity=[70, 80, 90])
    with_drum = note_table(
        np.append(tune.onset_ticks, 37),
        np.append(tune.duration_ticks, 5),
        np.append(tune.pitch, 36),
        np.append(tune.velocity, 127),
        is_drum=[False, False, False, True],
    )
    assert np.array_equal(features(with_drum), features(tune))


def test_rhythm_is_in_seconds():
    steady = named(chords([60], [62], [64], [65], gap=SECOND // 2, length=SECOND // 2))
    assert steady["ioi_mean"] == pytest.approx(0.5)
    assert steady["ioi_log_median"] == pytest.approx(np.log(0.5))
    assert steady["onsets_per_second_log"] == pytest.approx(np.log(2))
    assert steady["ioi_repeated"] == 1
    assert steady["ioi_variability"] == pytest.approx(0)


def test_the_same_ticks_at_half_the_tempo_take_twice_as_long():
    fast = named(chords([60], [62], [64]))
    slow = named(chords([60], [62], [64], tempos=([0], [60.0])))
    assert slow["ioi_mean"] == pytest.approx(2 * fast["ioi_mean"])
    assert slow["duration_log_mean"] == pytest.approx(fast["duration_log_mean"] + np.log(2))
    assert slow["legato"] == fast["legato"] == 1


def test_staccato_notes_are_shorter_than_their_gaps():
    short = named(chords([60], [62], [64], length=SECOND // 10))
    assert short["duration_ratio_log_median"] == pytest.approx(np.log(0.1))
    assert named(chords([60], [62], [64]))["duration_ratio_log_mean"] == pytest.approx(0)


def test_a_slightly_rolled_chord_is_one_onset():
    rolled = note_table([0, 10, 20], [SECOND] * 3, [60, 64, 67], [80] * 3)
    assert named(rolled)["notes_per_onset_mean"] == 3
    arpeggio = note_table([0, 200, 400], [SECOND] * 3, [60, 64, 67], [80] * 3)
    assert named(arpeggio)["notes_per_onset_mean"] == 1


def test_a_crescendo_rises():
    louder = named(chords([60], [60], [60], [60], velocity=[40, 60, 80, 100]))
    # 60 over the three seconds between first and last onset of a piece of four
    assert louder["velocity_slope"] == pytest.approx(80)
    assert louder["velocity_range"] == 60
    assert louder["velocity_mean"] == 70
    assert louder["velocity_change"] == 20
    assert louder["has_dynamics"] == 1


def test_uniform_velocity_is_no_dynamics_and_not_forte():
    quiet, loud = chords([60], [64], velocity=20), chords([60], [64], velocity=120)
    assert np.array_equal(features(quiet), features(loud))
    assert named(loud)["has_dynamics"] == 0


def test_skyline_and_bass_are_the_outer_voices():
    piece = named(chords([48, 55, 72], [50, 57, 74], [43, 59, 74]))
    assert piece["skyline_mean"] == pytest.approx((72 + 74 + 74) / 3)
    assert piece["bass_mean"] == pytest.approx((48 + 50 + 43) / 3)
    assert piece["skyline_repeats"] == piece["skyline_steps"] == 0.5
    assert piece["skyline_rising"] == 1
    assert piece["bass_leaps"] == piece["bass_rising"] == 0.5


def test_major_and_minor_are_told_apart():
    major = named(chords([48, 64, 67], [53, 60, 69], [55, 62, 71], [48, 64, 67]))
    minor = named(chords([48, 63, 67], [53, 60, 68], [55, 62, 71], [48, 63, 67]))
    assert (major["key_minor"], minor["key_minor"]) == (0, 1)
    assert major["major_minus_minor"] > 0 > minor["major_minus_minor"]
    assert major["chord_major"] == 1
    assert minor["chord_minor"] == 0.75
    assert (major["major_third_share"], minor["major_third_share"]) == (1, 0)
    assert major["pc_from_tonic_00"] > major["pc_from_tonic_01"] == 0


def test_a_piece_that_turns_to_minor_halfway_is_half_major():
    major, minor = [[60, 64, 67]] * 4, [[60, 63, 67]] * 4
    bright, both = named(chords(*major, *major)), named(chords(*major, *minor))
    assert (bright["local_mode_major"], both["local_mode_major"]) == (1, 0.5)
    assert bright["local_mode_std"] == pytest.approx(0) != both["local_mode_std"]
    assert bright["local_mode_mean"] > both["local_mode_mean"]


def test_pitch_class_shares_sum_to_one():
    piece = named(some_music())
    assert sum(piece[f"pc_from_tonic_{k:02d}"] for k in range(12)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("pitches", "interval_class", "consonant"),
    [
        ([60, 61], 1, 0),
        ([60, 70], 2, 0),
        ([60, 63], 3, 1),
        ([60, 68], 4, 1),
        ([60, 79], 5, 1),
        ([60, 66], 6, 0),
    ],
)
def test_intervals_fall_into_their_class(pitches, interval_class, consonant):
    piece = named(chords(pitches))
    assert piece[f"interval_class_{interval_class}"] == 1
    assert piece["dissonance"] == 1 - consonant


def test_a_held_note_is_part_of_the_harmony_until_it_ends():
    held = note_table([0, SECOND], [2 * SECOND, SECOND], [60, 67], [80, 80])
    assert named(held)["interval_class_5"] == 1
    assert named(held)["notes_sounding_mean"] == 1.5
    released = note_table([0, SECOND], [SECOND, SECOND], [60, 67], [80, 80])
    assert named(released)["interval_class_5"] == 0


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**31) | st.integers(0, 1000),
            st.integers(0, 2**31) | st.integers(0, 1000),
            st.integers(0, 127),
            st.integers(1, 127),
        ),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from([1, 480, 32767]),
    st.sampled_from([1e-38, 3.6, 120.0, 6e7]),
)
def test_features_of_any_notes_are_finite(notes, ticks_per_quarter, tempo):
    columns = map(np.array, zip(*notes, strict=True))
    piece = note_table(*columns, ticks_per_quarter=ticks_per_quarter, tempos=([0], [tempo]))
    assert np.isfinite(features(piece)).all()


def test_one_note_of_no_length_has_features():
    assert np.isfinite(features(note_table([0], [0], [127], [1]))).all()


def test_a_piece_without_pitches_has_no_features():
    with pytest.raises(ValueError, match="pitched"):
        features(note_table([], [], [], []))
    with pytest.raises(ValueError, match="piece 1"):
        feature_frame([some_music(), note_table([0], [1], [36], [1], is_drum=[True])])


def test_a_frame_has_one_row_per_piece():
    pieces = [some_music(seed=seed) for seed in range(3)]
    frame = feature_frame(pieces)
    assert tuple(frame.columns) == FEATURE_NAMES
    assert np.array_equal(frame.to_numpy()[1], features(pieces[1]))
    assert feature_frame([]).shape == (0, len(FEATURE_NAMES))


def test_a_hundred_thousand_notes_take_no_loop():
    piece = some_music(100_000)
    start = time.perf_counter()
    features(piece)
    assert time.perf_counter() - start < 2  # generous: a busy machine is no loop
