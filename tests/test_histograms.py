"""Histograms of chord changes, lengths, velocities and outer voices, on music made to be heard."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import lines_run

from symbolic.features import FEATURE_GROUPS, FEATURE_SETS, features
from symbolic.features.histograms import _sounding_in_parts
from symbolic.features.onsets import MAX_PARTS, Onsets
from symbolic.notes import note_table

SECOND = 960  # ticks, at 480 per quarter and 120 quarters per minute
NAMES = FEATURE_GROUPS["histograms"]
C, D_MINOR, F, G, A_MINOR = [60, 64, 67], [62, 65, 69], [60, 65, 69], [59, 62, 67], [57, 60, 64]


def named(notes):
    return dict(zip(NAMES, features(notes, NAMES), strict=True))


def chords(*pitch_lists, gap=SECOND, velocity=80, transpose=0, **columns):
    """Chords that last until the next one, `gap` in ticks."""
    pitch = np.concatenate([np.asarray(pitches) for pitches in pitch_lists]) + transpose
    onset = np.repeat(np.arange(len(pitch_lists)) * gap, [len(p) for p in pitch_lists])
    velocity = np.broadcast_to(velocity, pitch.shape)
    return note_table(onset, np.full(len(pitch), gap), pitch, velocity, **columns)


def tune(*pitches, **columns):
    return chords(*([pitch] for pitch in pitches), **columns)


def changes(*pitch_lists, **columns):
    """The chord changes that are heard, without their common prefix."""
    prefix = "chord_change_"
    found = named(chords(*pitch_lists, **columns))
    return {
        name.removeprefix(prefix): share
        for name, share in found.items()
        if share and name.startswith(prefix)
    }


def histogram(notes, name):
    """The columns of one histogram, in order."""
    return np.array([value for column, value in named(notes).items() if column[:-3] == name])


def some_music(n, ticks, seed=0):
    rng = np.random.default_rng(seed)
    onset = rng.integers(0, ticks, n)
    return note_table(onset, rng.integers(0, 4000, n), rng.integers(21, 109, n), [64] * n)


def test_a_plagal_cadence_moves_from_major_to_major_by_a_fifth():
    assert changes(F, C) == {"major_to_major_07": 1}
    assert changes(G, C) == {"major_to_major_05": 1}


def test_modes_before_and_after_a_change_are_told_apart():
    assert changes(C, A_MINOR) == {"major_to_minor_09": 1}
    assert changes(A_MINOR, C) == {"minor_to_major_03": 1}
    assert changes(A_MINOR, D_MINOR) == {"minor_to_minor_05": 1}
    assert changes(C, [60, 63, 67]) == {"major_to_minor_00": 1}


def test_changes_are_square_roots_of_shares():
    heard = changes(F, C, F, C, A_MINOR)
    assert heard["major_to_major_07"] == pytest.approx(np.sqrt(2 / 4))
    assert heard["major_to_major_05"] == pytest.approx(np.sqrt(1 / 4))
    assert sum(share**2 for share in heard.values()) == pytest.approx(1)


def test_a_chord_that_stays_does_not_change():
    assert changes(C, C, [64, 67, 72], C) == {}
    assert changes(C, C, C, F, F) == {"major_to_major_05": 1}


def test_no_chord_is_heard_in_silence_nor_in_a_cluster():
    notes = note_table([0] * 3 + [5 * SECOND] * 3, [SECOND] * 6, F + C, [80] * 6)
    assert named(notes)["chord_change_major_to_major_07"] == 1
    assert changes(F, list(range(60, 72)), C) == {"major_to_major_07": 1}


def test_a_chord_is_held_over_as_many_seconds_as_it_lasts():
    # A held C under which others come and go for an instant, against chords of a second each
    held = note_table(
        [0] * 3 + [4 * SECOND] * 3 + [2 * SECOND] * 3,
        [4 * SECOND] * 3 + [SECOND] * 3 + [9] * 3,
        C + F + A_MINOR,
        [80] * 9,
    )
    assert named(held)["chord_change_major_to_major_05"] == 1


def test_triads_that_fit_alike_are_heard_as_major():
    fifth = [60, 67]
    assert changes(fifth, F, fifth) == pytest.approx(
        {"major_to_major_05": np.sqrt(1 / 2), "major_to_major_07": np.sqrt(1 / 2)}
    )


@given(
    st.lists(
        st.tuples(st.floats(0, 9), st.floats(0, 5), st.integers(40, 70)), min_size=1, max_size=20
    )
)
def test_what_sounds_in_a_part_is_what_each_note_covers_of_it(notes):
    onset, length, pitch = map(np.array, zip(*notes, strict=True))
    table = note_table((onset * SECOND).astype(int), (length * SECOND).astype(int), pitch, pitch)
    onsets = Onsets([table])
    (parts,) = onsets.parts_of(1.0).counts.tolist()
    width = onsets.span / parts
    left = onsets.time[0] + width * np.arange(parts)
    end = table.onset + table.duration
    covered = np.minimum(end[:, None], left + width) - np.maximum(table.onset[:, None], left)
    expected = np.zeros((12, parts))
    np.add.at(expected, onsets.above_lowest, np.maximum(covered, 0) / width)
    sounding, _ = _sounding_in_parts(onsets, np.zeros(1, int))
    assert sounding == pytest.approx(expected, abs=1e-9)


def test_an_ostinato_of_even_eighths_falls_in_one_bin():
    eighths = tune(*[36, 43, 48, 43] * 8, gap=SECOND // 4)
    for name in "ioi_share", "duration_share":
        assert sorted(histogram(eighths, name)) == [0] * 11 + [1]


def test_slower_music_stands_further_right():
    for name in "ioi_share", "duration_share":
        places = [
            histogram(tune(60, 62, 64, gap=gap), name).argmax()
            for gap in (SECOND // 25, SECOND // 8, SECOND // 2, 2 * SECOND, 20 * SECOND)
        ]
        assert places[0] == 0
        assert places[-1] == 11
        assert places == sorted(set(places))


def test_a_dotted_rhythm_has_two_lengths_of_equal_share():
    gaps = np.array([720, 240] * 8)
    dotted = note_table(np.cumsum(gaps) - gaps, gaps, [60] * 16, [80] * 16)
    assert sorted(histogram(dotted, "ioi_share"))[-2:] == pytest.approx([np.sqrt(1 / 2)] * 2)


def test_loud_and_soft_notes_stand_at_the_ends():
    shares = histogram(tune(60, 62, 64, 65, velocity=[1, 127, 127, 127]), "velocity_share")
    assert (shares[0], shares[9]) == (pytest.approx(0.5), pytest.approx(np.sqrt(3 / 4)))
    assert shares[1:9].sum() == 0


def test_without_dynamics_all_is_in_the_middle():
    for velocity in 20, 120:
        shares = histogram(tune(60, 62, velocity=velocity), "velocity_share")
        assert shares.tolist() == [0] * 5 + [1] + [0] * 4


CADENCE = ([48, 64, 67, 72], [53, 60, 69, 77], [43, 62, 71, 79], [48, 64, 67, 72])
MINOR_CADENCE = ([45, 64, 69, 72], [50, 62, 65, 77], [40, 59, 67, 76], [45, 64, 69, 72])


def test_outer_voices_of_a_cadence_in_major_are_counted_from_its_tonic():
    bass = histogram(chords(*CADENCE), "bass_from_relative_major")
    assert bass[[0, 5, 7]] == pytest.approx([1 / 2, 1 / 4, 1 / 4])
    melody = histogram(chords(*CADENCE), "melody_from_relative_major")
    assert melody[[0, 5, 7]] == pytest.approx([1 / 2, 1 / 4, 1 / 4])
    assert np.array_equal(melody, histogram(chords(*CADENCE), "melody_from_tonic"))


def test_a_minor_key_is_counted_from_its_relative_major():
    a_minor = chords(*MINOR_CADENCE)
    bass = histogram(a_minor, "bass_from_relative_major")
    assert bass[[9, 2, 4]] == pytest.approx([1 / 2, 1 / 4, 1 / 4])  # a, d and e above C
    melody = histogram(a_minor, "melody_from_relative_major")
    assert melody[[0, 5, 4]] == pytest.approx([1 / 2, 1 / 4, 1 / 4])
    from_tonic = histogram(a_minor, "melody_from_tonic")
    assert np.array_equal(from_tonic, np.roll(melody, 3))


def test_a_long_last_note_counts_for_two_seconds():
    notes = note_table([0, SECOND], [SECOND, 30 * SECOND], [60, 67], [80, 80])
    shares = histogram(notes, "melody_from_tonic")
    assert sorted(shares)[-2:] == pytest.approx([1 / 3, 2 / 3])


@given(st.integers(-20, 20), st.integers(0, 50))
def test_transposed_music_has_the_same_histograms(semitones, seed):
    # Notes of few lengths: there is much that fits alike.
    rng = np.random.default_rng(seed)
    onset, length = rng.integers(0, 40, 60) * 480, rng.integers(0, 5, 60) * 240
    pitch, velocity = rng.integers(30, 90, 60), rng.integers(1, 128, 60)
    here = note_table(onset, length, pitch, velocity)
    there = note_table(onset, length, pitch + semitones, velocity)
    assert np.array_equal(features(here, NAMES), features(there, NAMES))


def test_the_sets_of_released_models_and_of_2013_have_none_of_them():
    assert len(NAMES) == 118
    assert set(NAMES) < set(FEATURE_SETS["all"])
    for name in "core", "lin2013", "panda2013":
        assert not set(NAMES) & set(FEATURE_SETS[name])


@pytest.mark.parametrize("length", [0, 1, SECOND, 10**9])
@pytest.mark.parametrize("n", [1, 5])
def test_one_note_and_one_chord_have_histograms(n, length):
    piece = note_table([0] * n, [length] * n, range(60, 60 + n), [80] * n)
    found = features(piece, NAMES)
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 1
    for name in "bass_from_relative_major", "melody_from_tonic":
        assert histogram(piece, name).sum() == pytest.approx(1)


def test_a_day_of_music_is_no_more_than_a_minute_of_it():
    # Four chords over and over, and one note that was never closed
    day = 24 * 3600
    chord = np.arange(day // 30)
    pitch = np.array([C, F, G, A_MINOR])[chord % 4].ravel()
    onset = np.append(np.repeat(chord * 30, 3) * SECOND, 0)
    length = np.append(np.full(3 * len(chord), 30 * SECOND), day * SECOND)
    notes = note_table(onset, length, np.append(pitch, 36), [80] * len(onset))
    assert Onsets([notes]).parts_of(1.0).counts.tolist() == [MAX_PARTS]
    found = features(notes, NAMES)
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 1
    assert found[[name.startswith("chord_change") for name in NAMES]].max() > 0


def test_a_million_notes_of_a_day_take_no_loop():
    few, many = (
        lines_run(features, some_music(n, 24 * 3600 * SECOND), FEATURE_GROUPS["histograms"])
        for n in (10_000, 1_000_000)
    )
    assert many < 1.1 * few


def test_memory_is_that_of_the_notes_not_of_notes_times_parts():
    onsets = Onsets([some_music(200_000, 3600 * SECOND)])
    tracemalloc.start()
    _sounding_in_parts(onsets, np.zeros(1, int))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * (200_000 + 12 * MAX_PARTS)
