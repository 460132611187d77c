import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from symbolic.keys import (
    KEY_NAMES,
    estimate_key,
    key_scores,
    parse_key,
    pitch_class_histogram,
    transpose_key,
)
from symbolic.notes import note_table

MAJOR_SCALE = np.array([0, 2, 4, 5, 7, 9, 11])
HARMONIC_MINOR_SCALE = np.array([0, 2, 3, 5, 7, 8, 11])


def melody(pitches, durations=480, **columns):
    pitches = np.asarray(pitches)
    durations = np.broadcast_to(durations, pitches.shape)
    onsets = np.cumsum(durations) - durations
    return note_table(onsets, durations, pitches, np.full(len(pitches), 80), **columns)


def scale_in(tonic, steps):
    """A scale from the tonic up that dwells on the tonic, the third and the fifth."""
    durations = np.array([960, 240, 720, 240, 960, 240, 240])
    return melody(tonic + steps, durations)


def test_c_major_scale_is_key_0():
    assert estimate_key(scale_in(60, MAJOR_SCALE)) == 0


@pytest.mark.parametrize("tonic", range(12))
def test_scales_are_in_their_keys(tonic):
    assert estimate_key(scale_in(60 + tonic, MAJOR_SCALE)) == tonic
    assert estimate_key(scale_in(60 + tonic, HARMONIC_MINOR_SCALE)) == 12 + tonic


def test_a_drum_does_not_change_the_key():
    tune = scale_in(60, MAJOR_SCALE)
    drum = note_table([0], [1_000_000], [66], [100], is_drum=[True])
    both = note_table(
        np.append(tune.onset_ticks, drum.onset_ticks),
        np.append(tune.duration_ticks, drum.duration_ticks),
        np.append(tune.pitch, drum.pitch),
        np.append(tune.velocity, drum.velocity),
        is_drum=np.append(tune.is_drum, drum.is_drum),
    )
    assert np.array_equal(pitch_class_histogram(both), pitch_class_histogram(tune))
    assert estimate_key(both) == estimate_key(tune)
    assert estimate_key(drum) is None


def test_no_notes_have_no_key():
    assert estimate_key(melody([])) is None


def test_a_key_is_found_where_every_duration_is_zero():
    chord = note_table([0, 0, 0], [0, 0, 0], [62, 66, 69], [80, 80, 80])
    assert KEY_NAMES[estimate_key(chord)] == "D major"


@given(
    pitches=st.lists(st.integers(24, 96), min_size=1, max_size=30),
    semitones=st.integers(-24, 24),
)
def test_a_transposed_piece_has_the_transposed_key(pitches, semitones):
    pitches = np.array(pitches)
    key = estimate_key(melody(pitches))
    assert estimate_key(melody(pitches + semitones)) == transpose_key(key, semitones)


def test_long_notes_weigh_more_than_short_ones():
    notes = melody([60, 62, 62], [480, 120, 120])  # at 120 per minute: 0.5, 0.125 and 0.125 s
    assert pitch_class_histogram(notes)[[0, 2]] == pytest.approx([0.5, 0.25])
    assert pitch_class_histogram(notes, "onset")[[0, 2]] == pytest.approx([1, 2])
    with pytest.raises(ValueError, match="weights"):
        pitch_class_histogram(notes, "loudness")


def test_scores_are_correlations_with_the_krumhansl_kessler_profiles():
    major = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88]
    minor = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]
    histogram = np.random.default_rng(0).random(12)
    expected = [
        np.corrcoef(histogram, np.roll(profile, tonic))[0, 1]
        for profile in (major, minor)
        for tonic in range(12)
    ]
    assert key_scores(histogram) == pytest.approx(expected)


def test_a_batch_scores_like_its_rows():
    histograms = np.random.default_rng(0).random((3, 4, 12))
    scores = key_scores(histograms)
    assert scores.shape == (3, 4, 24)
    assert scores[2, 1] == pytest.approx(key_scores(histograms[2, 1]))


@pytest.mark.parametrize("level", [0, 0.1, 1, 1e-300, 1e300])
def test_a_uniform_histogram_speaks_for_no_key(level):
    assert not key_scores(np.full(12, level)).any()


@given(hnp.arrays(np.float64, (2, 12), elements=st.floats(0, 1e300)))
def test_scores_are_correlations_whatever_the_histogram(histograms):
    scores = key_scores(histograms)
    assert np.isfinite(scores).all()
    assert np.abs(scores).max() <= 1


def test_histograms_of_another_length_are_refused():
    with pytest.raises(ValueError, match="12"):
        key_scores(np.ones(7))


def test_every_name_reads_back_as_its_number():
    assert [parse_key(name) for name in KEY_NAMES] == list(range(24))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Gb:maj", "F# major"),
        ("G#:min", "g# minor"),
        ("Ab:min", "g# minor"),
        ("C major", "C major"),
        ("a minor", "a minor"),
        ("A minor", "a minor"),
        ("Bb", "Bb major"),
        ("b", "b minor"),
        ("bb", "bb minor"),
        ("f#", "f# minor"),
        ("b-", "bb minor"),
        ("E-", "Eb major"),
        ("E- major", "Eb major"),
        ("Cb", "B major"),
        ("B#", "C major"),
        ("F♯:maj", "F# major"),
        (" d ", "d minor"),
    ],
)
def test_keys_are_read_as_musicians_write_them(text, name):
    assert KEY_NAMES[parse_key(text)] == name


@pytest.mark.parametrize("text", ["", "H", "C dorian", "Cmaj7", "minor", "C#b", "C major minor"])
def test_other_texts_are_no_keys(text):
    with pytest.raises(ValueError, match="not a key"):
        parse_key(text)


def test_transposing_keeps_the_mode_and_wraps_around():
    assert transpose_key(parse_key("B major"), 1) == parse_key("C major")
    assert transpose_key(parse_key("c minor"), -1) == parse_key("b minor")
    assert transpose_key(np.array([0, 11, 12, 23, -100]), 2).tolist() == [2, 1, 14, 13, -100]
    assert transpose_key(0, np.arange(12)).tolist() == list(range(12))
