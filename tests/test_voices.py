"""The feature sets `voices` and `drums`: each voice by itself, and the drums beside the notes."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic.features import FEATURE_NAMES, FEATURE_SETS, feature_rows, features, named_columns
from symbolic.features.onsets import CHORD_SECONDS
from symbolic.features.voices import LEAST_SECONDS, MOST_HELD
from symbolic.notes import NoteTable, ReadError, note_table
from symbolic.notes.augment import drop_drums, scale_tempo
from symbolic.scoring.notes import NotePreparation
from symbolic.scoring.timeline import _cut_piece
from symbolic.scoring.windows import SlidingWindow
from symbolic.tokenizers.registry import TOKENIZERS

SECOND = 960  # ticks, at 480 per quarter and 120 quarters per minute
VOICES, DRUMS = FEATURE_SETS["voices"], FEATURE_SETS["drums"]
BOTH = (*VOICES, *DRUMS)


def piece(*notes):
    """A piece of (onset, seconds, pitch, track) and, of a drum, a fifth value."""
    rows = [(*note, False)[:5] for note in notes]
    onset, seconds, pitch, track, drum = map(np.array, zip(*rows, strict=True))
    ticks = [np.rint(values * SECOND).astype(int) for values in (onset, seconds)]
    return note_table(*ticks, pitch, np.full(len(rows), 64), track, drum)


def line(pitches, gap=0.5, track=0, start=0.0, seconds=None):
    """Single notes at equal distances in seconds."""
    return [(start + i * gap, seconds or gap, pitch, track) for i, pitch in enumerate(pitches)]


def beat(count, gap=0.5, start=0.0, pitch=38):
    return [(start + i * gap, 0.1, pitch, 9, True) for i in range(count)]


def named(notes, names=BOTH):
    return dict(zip(names, features(notes, names), strict=True))


def random_piece(rng, count=200, tracks=4, drums=False):
    pitched = np.arange(count) == 0 if drums else np.ones(count, bool)
    return note_table(
        rng.integers(0, 20 * SECOND, count),
        rng.integers(0, 3 * SECOND, count),
        rng.integers(30, 90, count),
        rng.integers(1, 128, count),
        rng.integers(0, tracks, count),
        ~pitched & (rng.random(count) < 0.5),
    )


def test_they_are_sets_of_their_own():
    assert not set(BOTH) & {*FEATURE_NAMES, *FEATURE_SETS["all"], *FEATURE_SETS["tonal"]}
    assert tuple(named_columns("all,tonal,voices,drums")[-len(BOTH) :]) == BOTH
    assert (VOICES[0], DRUMS[0]) == ("voice_rate_log", "drums_present")
    assert feature_rows([piece(*line([60, 62]))], "voices").shape == (1, len(VOICES))


def test_the_rate_of_a_voice_is_that_of_its_own_onsets():
    # four onsets in two seconds, and two in four seconds
    two = named(piece(*line([72, 74, 76, 77]), *line([48, 43], gap=2.0, track=1)))
    rates = np.log([4 / 2, 2 / 4])
    assert two["voice_rate_max_log"] == pytest.approx(rates[0])
    assert two["voice_rate_min_log"] == pytest.approx(rates[1])
    assert two["voice_rate_log"] == pytest.approx((4 * rates[0] + 2 * rates[1]) / 6)


def test_a_chord_of_a_voice_is_one_onset_and_a_short_voice_lasts_a_second():
    rolled = named(piece((0, 0.2, 60, 3), (0.02, 0.2, 64, 3), (0.04, 0.2, 67, 3)))
    assert rolled["voice_rate_log"] == pytest.approx(np.log(1 / LEAST_SECONDS))
    spread = named(piece((0, 0.2, 60, 3), (0.04, 0.2, 64, 3), (0.08, 0.2, 67, 3)))
    assert spread["voice_rate_log"] == pytest.approx(np.log(3 / LEAST_SECONDS))


def test_notes_of_two_voices_in_turn_are_no_chords_of_one():
    # each note begins within the limit of the one before, which another voice plays
    notes = [(0.02 * i, 0.5, 60 + i, i % 2) for i in range(4)]
    assert CHORD_SECONDS > 0.02
    assert named(piece(*notes))["voice_rate_log"] == pytest.approx(np.log(2 / LEAST_SECONDS))
    assert named(piece(*notes), ["notes_per_onset_mean"])["notes_per_onset_mean"] == 4


def by_hand(notes):
    """(rates, onsets) of the voices, one after the other."""
    rates, counts = [], []
    for track in np.unique(notes.track):
        onset, end = (
            of[notes.track == track] for of in (notes.onset, notes.onset + notes.duration)
        )
        counts.append(1 + np.count_nonzero(np.diff(onset) > CHORD_SECONDS))
        rates.append(np.log(counts[-1] / max(end.max() - onset[0], LEAST_SECONDS)))
    return rates, counts


@pytest.mark.parametrize("tracks", [1, 2, 7, 500])
def test_rates_are_those_of_a_loop_over_voices(tracks):
    notes = random_piece(np.random.default_rng(tracks), 700, tracks)
    found, (rates, counts) = named(notes), by_hand(notes)
    assert found["voice_rate_log"] == pytest.approx(np.average(rates, weights=counts))
    assert found["voice_rate_max_log"] == max(rates)
    assert found["voice_rate_min_log"] == min(rates)


@pytest.mark.parametrize("tracks", [[0, 1 << 40], [-5, 3], [1 << 20, 7]])
def test_the_numbers_of_tracks_do_not_matter(tracks):
    notes = piece(*line([72, 74, 76, 77]), *line([48, 43], gap=2.0, track=1))
    numbered = replace(notes, track=np.array(tracks)[notes.track])
    assert np.array_equal(features(numbered, BOTH), features(notes, BOTH))


def test_doubling_is_the_share_of_notes_with_their_pitch_class_in_another_voice():
    high = line([72, 74, 76, 77])
    assert named(piece(*high, *line([60, 62], track=1)))["voice_doubling"] == 4 / 6
    assert named(piece(*high, *line([65, 67], track=1)))["voice_doubling"] == 0
    assert (
        named(piece(*high, *line([60, 62], track=0)))["voice_doubling"] == 0
    )  # octaves of a piano
    shifted = line([60, 62], track=1, start=0.25)
    assert named(piece(*high, *shifted))["voice_doubling"] == 0


def test_a_held_melody_has_no_events_of_its_accompaniment():
    accompaniment = line([55, 57, 55, 57, 55, 57, 55, 57], gap=0.25)
    melody = line([72, 74], gap=1.0)
    both = named(piece(*accompaniment, *melody))
    assert both["melody_rate_log"] == pytest.approx(np.log(2 / 2))
    assert both["bass_rate_log"] == pytest.approx(np.log(8 / 2))
    staccato = named(piece(*accompaniment, *line([72, 74], gap=1.0, seconds=0.1)))
    assert staccato["melody_rate_log"] == pytest.approx(np.log(8 / 2))
    upside_down = named(piece(*line([72] * 8, gap=0.25), *line([48, 50], gap=1.0)))
    assert upside_down["bass_rate_log"] == pytest.approx(np.log(2 / 2))
    assert upside_down["melody_rate_log"] == pytest.approx(np.log(8 / 2))


def outer_events(notes, sign):
    """The number of onsets that no higher outer note hides, one onset after the other."""
    new = np.append(True, np.diff(notes.onset) > CHORD_SECONDS)
    group, time = np.cumsum(new) - 1, notes.onset[new]
    top = [(sign * notes.pitch[group == k]).max() for k in range(len(time))]
    count = 0
    for k in range(len(time)):
        hidden = False
        for j in range(max(k - MOST_HELD, 0), k):
            outer = (group == j) & (sign * notes.pitch == top[j])
            ends = (notes.onset + notes.duration)[outer] - CHORD_SECONDS
            hidden |= bool(top[j] > top[k] and (ends > time[k]).any())
        count += not hidden
    return count


@pytest.mark.parametrize("count", [30, 400, 3000])
def test_outer_events_are_those_of_a_loop_over_onsets(count):
    rng = np.random.default_rng(count)
    onset = np.cumsum(rng.integers(20, 200, count))
    notes = note_table(
        onset, rng.integers(0, 9000, count), rng.integers(0, 128, count), np.full(count, 64)
    )
    found = named(notes)
    seconds = (notes.onset + notes.duration).max() - notes.onset[0]
    assert found["melody_rate_log"] == pytest.approx(np.log(outer_events(notes, 1) / seconds))
    assert found["bass_rate_log"] == pytest.approx(np.log(outer_events(notes, -1) / seconds))


def test_doubling_a_part_and_adding_a_pad_hardly_change_the_rate_of_voices():
    melody = line([72, 74, 76, 77, 79, 77, 76, 74] * 4, gap=0.25)
    bass = line([48, 43] * 4, gap=1.0, track=1)
    doubled = [(onset, seconds, pitch - 12, 2) for onset, seconds, pitch, _ in melody]
    pad = [(2.0 * k, 2.0, pitch, 3) for k in range(4) for pitch in (60, 64, 67)]
    names = [*VOICES, "notes_per_second_log"]
    plain = named(piece(*melody, *bass), names)
    for added, most in ((doubled, 0.15), (pad, 0.3), (doubled + pad, 0.15)):
        more = named(piece(*melody, *bass, *added), names)
        change = {name: abs(more[name] - plain[name]) for name in names}
        assert change["notes_per_second_log"] > 0.25
        assert change["voice_rate_log"] < most < 2 * change["notes_per_second_log"]
        assert change["voice_rate_max_log"] == 0
        assert change["melody_rate_log"] == change["bass_rate_log"] == 0


def test_without_drums_all_is_zero():
    assert not feature_rows([piece(*line([60, 62, 64]))], "drums").any()


def test_drums_are_measured_in_the_seconds_of_the_piece():
    notes = line([60] * 8)  # four seconds
    steady = named(piece(*notes, *beat(4, 0.5, 1.0), *beat(2, 1.0, 1.0, pitch=36)))
    assert steady["drums_present"] == 1
    assert steady["drum_rate_log1p"] == pytest.approx(np.log1p(4 / 4))
    assert steady["drum_kinds"] == pytest.approx(np.log1p(2))
    assert steady["drum_share"] == pytest.approx(1.5 / 4)
    assert steady["drum_regularity"] == pytest.approx(1)


def test_drums_that_begin_before_and_go_on_after_the_notes_are_in_the_piece():
    around = named(piece((2.0, 1.0, 60, 0), *beat(9)))
    assert around["drum_rate_log1p"] == pytest.approx(np.log1p(9 / 4))
    assert around["drum_share"] == pytest.approx(1)


def test_uneven_gaps_of_drums_are_less_regular():
    uneven = piece(*line([60] * 8), *beat(1), *beat(1, start=0.5), *beat(1, start=2.0))
    assert named(uneven)["drum_regularity"] == pytest.approx(1 - 1.0 / 2.0)
    assert named(piece(*line([60] * 8), *beat(2)))["drum_regularity"] == 0


def test_drums_change_no_column_of_the_voices():
    notes = line([60, 62, 64, 65])
    with_drums = piece(*notes, *beat(12, 0.1))
    assert np.array_equal(features(with_drums, VOICES), features(piece(*notes), VOICES))


def test_existing_columns_do_not_depend_on_the_new_ones():
    rng = np.random.default_rng(1)
    pieces = [random_piece(rng, drums=drums) for drums in (False, True)]
    both = feature_rows(pieces, "all,tonal,voices,drums")
    assert np.array_equal(both[:, : -len(BOTH)], feature_rows(pieces, "all,tonal"))
    assert np.array_equal(both[:, -len(BOTH) :], feature_rows(pieces, BOTH))


def test_rows_of_many_pieces_are_those_of_each_alone():
    rng = np.random.default_rng(2)
    pieces = [
        random_piece(rng, rng.integers(1, 2000), rng.integers(1, 9), bool(rng.integers(2)))
        for _ in range(80)
    ]
    rows = feature_rows(pieces, BOTH)
    assert all(
        np.array_equal(row, features(one, BOTH)) for row, one in zip(rows, pieces, strict=True)
    )
    assert 0 < np.count_nonzero(rows[:, BOTH.index("drums_present")]) < len(pieces)


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**31) | st.integers(0, 1000),
            st.integers(0, 2**31) | st.integers(0, 1000),
            st.integers(0, 127),
            st.integers(0, 3) | st.integers(0, 500),
            st.booleans(),
        ),
        max_size=40,
    ),
    st.sampled_from([1, 480, 32767]),
    st.sampled_from([1e-38, 3.6, 120.0, 6e7]),
)
def test_any_notes_have_finite_columns(notes, ticks_per_quarter, tempo):
    onset, ticks, pitch, track, drum = map(np.array, zip((0, 0, 60, 0, False), *notes, strict=True))
    velocity = np.full(len(pitch), 64)
    found = features(
        note_table(
            *(onset, ticks, pitch, velocity, track, drum),
            ticks_per_quarter=ticks_per_quarter,
            tempos=([0], [tempo]),
        ),
        BOTH,
    )
    assert np.isfinite(found).all()
    shares = [BOTH.index(name) for name in ("voice_doubling", "drum_share", "drum_regularity")]
    assert ((found[shares] >= 0) & (found[shares] <= 1)).all()


def test_a_piece_of_drums_alone_has_no_features():
    with pytest.raises(ReadError, match="pitched"):
        features(piece(*beat(4)), "drums")


def test_pitched_notes_keep_the_drums_apart():
    notes = piece(*line([60, 62, 64, 65]), *beat(8, 0.25), *beat(2, pitch=36))
    pitched = notes.pitched()
    assert not pitched.is_drum.any()
    assert np.array_equal(pitched.drum_onset, notes.onset[notes.is_drum])
    assert np.array_equal(pitched.drum_pitch, notes.pitch[notes.is_drum])
    assert pitched.pitched() is pitched
    assert pitched.select(slice(3)).drum_onset is pitched.drum_onset
    assert features(pitched, BOTH).any()
    assert np.array_equal(features(pitched, BOTH), features(notes, BOTH))
    assert not features(drop_drums(pitched), "drums").any()
    assert not features(drop_drums(notes), "drums").any()
    fast, slow = scale_tempo(notes, 2.0).pitched(), scale_tempo(pitched, 2.0)
    assert np.array_equal(features(fast, BOTH), features(slow, BOTH))


def test_a_table_that_an_earlier_version_pickled_has_no_drums_apart():
    notes = piece(*line([60, 62]), *beat(3))
    state = notes.__getstate__()
    old = NoteTable.__new__(NoteTable)
    old.__setstate__(state[:-2])
    assert np.array_equal(features(old, BOTH), features(notes, BOTH))
    again = pickle.loads(pickle.dumps(notes.pitched()))
    assert np.array_equal(features(again, BOTH), features(notes, BOTH))


@pytest.mark.parametrize("name", ["CPTokenizer", "FerreiraTokenizer", "MidiTokTokenizer"])
def test_models_get_the_drums_beside_the_notes_of_their_tokenizer(name):
    tokenizer = TOKENIZERS[name]()
    notes = piece(*line([60, 62, 64, 65]), *beat(8, 0.25))
    emitted = tokenizer.emitted(notes)
    assert not emitted.is_drum.any()
    assert np.array_equal(features(emitted, "drums"), features(notes, "drums"))


def test_a_window_has_its_own_drums():
    notes = piece(*line([60] * 16), *beat(6), *beat(3, 0.25, 5.0, 36)).pitched()
    sliding = SlidingWindow(4.0, 4.0, "seconds")
    preparation = NotePreparation(lambda table: table, DRUMS, None)
    _, (early, late) = _cut_piece(notes, sliding, preparation)
    assert early.drum_onset.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert late.drum_onset.tolist() == [1.0, 1.25, 1.5]
    assert late.drum_pitch.tolist() == [36] * 3
    rows = [window.features for window in preparation.inputs([early, late])]
    assert rows[0][0] == rows[1][0] == 1
    assert not np.array_equal(rows[0], rows[1])
