import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from symbolic.notes import note_table, read_notes
from symbolic.notes.batch import note_batch, read_batch
from symbolic.notes.keys import (
    KEY_NAMES,
    PROFILES,
    estimate_key,
    key_scores,
    parse_key,
    pitch_class_histogram,
    transpose_key,
)

MAJOR_SCALE = np.array([0, 2, 4, 5, 7, 9, 11])
HARMONIC_MINOR_SCALE = np.array([0, 2, 3, 5, 7, 8, 11])
MUSIC21_NAMES = {"krumhansl-kessler": "key.krumhanslschmuckler", "aarden-essen": "key"}


def melody(pitches, durations=480, **columns):
    pitches = np.asarray(pitches)
    durations = np.broadcast_to(durations, pitches.shape)
    onsets = np.cumsum(durations) - durations
    return note_table(onsets, durations, pitches, np.full(len(pitches), 80), **columns)


def scale_in(tonic, steps):
    """A scale from the tonic up that dwells on the tonic, the third and the fifth."""
    durations = np.array([960, 240, 720, 240, 960, 240, 240])
    return melody(tonic + steps, durations)


@pytest.fixture(scope="module")
def estimate_keys(root):
    """Keys of many pieces in one call, which the benchmark compares with music21."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root / "benchmarks")
        return importlib.import_module("keys").estimate_keys


def music21_key(stream, profile):
    key = stream.analyze(MUSIC21_NAMES[profile])
    return parse_key(f"{key.tonic.name} {key.mode}")


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
    weights=st.sampled_from(["duration", "quarters", "onset"]),
    profile=st.sampled_from(list(PROFILES)),
)
def test_a_transposed_piece_has_the_transposed_key(pitches, semitones, weights, profile):
    pitches = np.array(pitches)
    key = estimate_key(melody(pitches), weights, profile)
    moved = estimate_key(melody(pitches + semitones), weights, profile)
    assert moved == transpose_key(key, semitones)


def test_long_notes_weigh_more_than_short_ones():
    notes = melody([60, 62, 62], [480, 120, 120])  # at 120 per minute: 0.5, 0.125 and 0.125 s
    assert pitch_class_histogram(notes)[[0, 2]] == pytest.approx([0.5, 0.25])
    assert pitch_class_histogram(notes, "onset")[[0, 2]] == pytest.approx([1, 2])
    assert pitch_class_histogram(notes, "quarters")[[0, 2]] == pytest.approx([1, 0.5])
    with pytest.raises(ValueError, match="weights"):
        pitch_class_histogram(notes, "loudness")


def test_quarters_are_those_on_paper_whatever_the_tempo():
    notes = melody([60, 62, 64], [480, 960, 0], tempos=([0, 480], [120, 30]))
    assert pitch_class_histogram(notes, "quarters")[[0, 2, 4]].tolist() == [1, 2, 0]
    assert pitch_class_histogram(notes)[[0, 2, 4]] == pytest.approx([0.5, 4, 0.01])


def test_a_piece_without_quarters_has_no_key_by_quarters(estimate_keys):
    chord = note_table([0, 0, 0], [0, 0, 0], [62, 66, 69], [80, 80, 80])
    assert estimate_key(chord, "quarters") is None
    assert estimate_keys(note_batch([chord, chord])).tolist() == [-1, -1]


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


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_the_histogram_of_its_own_keys(profile):
    for minor, histogram in enumerate(PROFILES[profile]):
        for tonic in range(12):
            scores = key_scores(np.roll(histogram, tonic), profile)
            assert scores.argmax() == tonic + 12 * minor
            assert scores.max() == pytest.approx(1)


def test_another_profile_is_refused():
    with pytest.raises(ValueError, match="krumhansl-kessler"):
        key_scores(np.ones(12), "simple")
    with pytest.raises(ValueError, match="simple"):
        estimate_key(scale_in(60, MAJOR_SCALE), profile="simple")


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
    assert [transpose_key(key, 2) for key in (0, 11, 12, 23, -100)] == [2, 1, 14, 13, -100]
    assert [transpose_key(0, semitones) for semitones in range(12)] == list(range(12))


def test_a_batch_has_the_keys_of_its_pieces(estimate_keys):
    rng = np.random.default_rng(0)
    # Three pitch classes a major third apart are in three keys alike: ties are told apart alike.
    pitches = [rng.integers(30, 90, n) for n in (1, 2, 9, 40)] + [np.array([61, 65, 69])]
    pieces = [melody(one, rng.integers(1, 5, len(one)) * 120) for one in pitches[:-1]]
    pieces.append(melody(pitches[-1]))
    for profile in PROFILES:
        keys = [estimate_key(piece, "quarters", profile) for piece in pieces]
        assert estimate_keys(note_batch(pieces), profile).tolist() == keys


def test_a_piece_that_lost_its_notes_has_no_key_in_a_batch(estimate_keys):
    pieces = [scale_in(60, MAJOR_SCALE), scale_in(61, MAJOR_SCALE), scale_in(62, MAJOR_SCALE)]
    batch = note_batch(pieces)
    for lost, keys in enumerate(([-1, 1, 2], [0, -1, 2], [0, 1, -1])):
        kept = np.delete(np.arange(len(batch.pitch)), batch.slices[lost])
        assert estimate_keys(batch.take(kept)).tolist() == keys


def random_score(rng):
    """Two parts of chords and notes, with dots, triplets, rests and ties, and a percussion part."""
    from music21 import chord, note, stream, tie

    score = stream.Score()
    scale = (MAJOR_SCALE if rng.random() < 0.5 else HARMONIC_MINOR_SCALE) + int(rng.integers(12))
    for octave in (36, 60):
        part = stream.Part()
        while part.highestTime < 24:
            quarters = float(rng.choice([1 / 3, 0.25, 0.5, 0.75, 1, 1.5, 2]))
            pitches = octave + rng.choice(scale, rng.integers(1, 4), replace=False)
            if rng.random() < 0.1:
                part.append(note.Rest(quarterLength=quarters))
            elif len(pitches) > 1:
                part.append(chord.Chord(pitches.tolist(), quarterLength=quarters))
            else:
                part.append(note.Note(int(pitches[0]), quarterLength=quarters))
        held, on = (note.Note(octave + int(scale[0]), quarterLength=q) for q in (3, 1.5))
        held.tie, on.tie = tie.Tie("start"), tie.Tie("stop")
        part.append([held, on])
        score.insert(0, part)
    drums = stream.Part()
    drums.repeatAppend(note.Unpitched(quarterLength=1), 24)
    score.insert(0, drums)
    return score


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("seed", range(5))
def test_scores_have_the_keys_that_music21_finds(seed, profile):
    score = random_score(np.random.default_rng(seed))
    notes = read_notes(score)
    assert estimate_key(notes, "quarters", profile) == music21_key(score, profile)


def random_track(rng, unit, tonic):
    """A track of chords on a grid of `unit` ticks, as `write_midi` takes it."""
    notes = []
    for step in range(0, 64, 2):
        scale = tonic + rng.choice(MAJOR_SCALE, 3, replace=False)
        duration = int(rng.integers(1, 5)) * unit
        notes += [(step * 2 * unit, duration, int(pitch), 80) for pitch in scale]
    return notes


@pytest.mark.parametrize("profile", PROFILES)
def test_midi_files_have_the_keys_that_music21_finds(profile, write_midi, tmp_path, estimate_keys):
    from music21 import converter

    rng = np.random.default_rng(0)
    drums = [(step * 480, 480, 42, 100) for step in range(64)]
    paths, keys = [], []
    for tonic in (48, 55, 61):
        tracks = random_track(rng, 120, tonic), random_track(rng, 120, tonic + 12), drums
        tempos = [(0, 90), (4000, 140)]
        paths.append(write_midi(tmp_path / f"{tonic}.mid", *tracks, drums=[2], tempos=tempos))
        keys.append(music21_key(converter.parse(paths[-1], forceSource=True), profile))
    assert [estimate_key(read_notes(path), "quarters", profile) for path in paths] == keys
    batch, _ = read_batch(paths)
    assert estimate_keys(batch, profile).tolist() == keys


def test_a_histogram_is_music21s_where_it_keeps_the_times_of_a_file(write_midi, tmp_path):
    from music21 import converter

    track = random_track(np.random.default_rng(0), 97, 50)  # 97 ticks: on no grid of notation
    path = write_midi(tmp_path / "played.mid", track)
    quarters = pitch_class_histogram(read_notes(path), "quarters")
    for keeps, same in ((True, True), (False, False)):
        stream = converter.parse(path, forceSource=True, quantizePost=not keeps)
        heard = np.zeros(12)
        for one in stream.flatten().notes:
            for pitch in one.pitches:
                heard[pitch.pitchClass] += float(one.quarterLength)
        assert np.allclose(heard, quarters, rtol=1e-4) == same
