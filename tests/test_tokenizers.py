"""CP super-tokens."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from miditok import MusicTokenizer
from symusic import Note, Score, Tempo, TimeSignature, Track

from symbolic.notes import note_table
from symbolic.notes.batch import note_batch
from symbolic.tokenizers import TOKENIZERS, CPTokenizer
from symbolic.tokenizers.bins import MOST_COMPARED, LogBins
from symbolic.tokenizers.cp import bars_and_positions

TOKENIZER = CPTokenizer()
PAD, MASK, FIRST = 0, 1, 2


def column(ids, name):
    return ids[:, TOKENIZER.field_names.index(name)]


def melody(onsets, durations=480, pitches=60, velocities=None, **kwargs):
    n = len(onsets)
    velocities = np.linspace(30, 90, n) if velocities is None else velocities
    fill = lambda value: np.broadcast_to(value, n)  # noqa: E731 - short for a table of columns
    return note_table(onsets, fill(durations), fill(pitches), fill(velocities), **kwargs)


def test_four_notes_as_the_docstring_says():
    notes = note_table(
        [0, 0, 720, 1920], [480, 960, 240, 1920], [60, 48, 64, 67], [80, 64, 80, 100]
    )
    tokens = TOKENIZER.encode(notes).tokens
    assert [row[:5] for row in tokens] == [
        ["Bar_New", "Position_0", "Pitch_48", "Duration_16", "Velocity_16"],
        ["Bar_Continue", "Position_0", "Pitch_60", "Duration_8", "Velocity_20"],
        ["Bar_Continue", "Position_6", "Pitch_64", "Duration_4", "Velocity_20"],
        ["Bar_New", "Position_0", "Pitch_67", "Duration_32", "Velocity_25"],
    ]
    gaps = TOKENIZER.gaps.centres()[column(TOKENIZER.ids(notes), "Gap") - FIRST]
    np.testing.assert_allclose(gaps, [0, 0, 0.75, 1.25], rtol=0.08)
    holds = TOKENIZER.holds.centres()[column(TOKENIZER.ids(notes), "Hold") - FIRST]
    np.testing.assert_allclose(holds, [1, 0.5, 0.25, 2], rtol=0.08)


def test_it_is_a_miditok_tokenizer_with_one_vocabulary_per_sub_token():
    assert isinstance(TOKENIZER, MusicTokenizer)
    assert TOKENIZER.is_multi_voc
    assert TOKENIZER.field_names == [
        *("Bar", "Position", "Pitch", "Duration", "Velocity", "Gap", "Hold")
    ]
    assert TOKENIZER.vocab_sizes == [len(vocabulary) for vocabulary in TOKENIZER.vocab]
    assert TOKENIZER.pad_ids == [PAD] * 7
    assert TOKENIZER.mask_ids == [MASK] * 7


def test_bars_follow_the_time_signatures():
    quarter = 480
    meters = (
        np.array([0, 6 * quarter]),
        np.array([3, 6]),
        np.array([4, 8]),
    )  # two bars of 3/4, then 6/8: three quarters a bar as well, then beats of eighths
    onsets = np.array([0, 2, 3, 5, 6, 8.5, 9]) * quarter
    bar, position = bars_and_positions(note_batch([melody(onsets, meters=meters)]), 4)
    assert bar.tolist() == [0, 0, 1, 1, 2, 2, 3]
    assert position.tolist() == [0, 8, 0, 8, 0, 10, 0]


def test_a_time_signature_starts_a_new_bar():
    meters = (np.array([1000]), np.array([4]), np.array([4]))
    notes = melody([0, 999, 1000, 2919, 2920], meters=meters)
    bar, position = bars_and_positions(note_batch([notes]), 4)
    assert bar.tolist() == [0, 0, 1, 1, 2]
    assert position.tolist() == [0, 8, 0, 15, 0]


def test_tempo_changes_the_seconds_and_not_the_bars():
    slow = melody([0, 480, 960], tempos=(np.array([0]), np.array([60.0])))
    fast = melody([0, 480, 960], tempos=(np.array([0]), np.array([240.0])))
    a, b = TOKENIZER.ids(slow), TOKENIZER.ids(fast)
    assert (a[:, :5] == b[:, :5]).all()
    assert (column(a, "Gap")[1:] > column(b, "Gap")[1:]).all()
    assert (column(a, "Hold") > column(b, "Hold")).all()


def test_ticks_per_quarter_make_no_difference():
    coarse = melody(np.array([0, 24, 60, 96]), np.array([24, 12, 24, 96]), ticks_per_quarter=24)
    fine = melody(np.array([0, 960, 2400, 3840]), np.array([960, 480, 960, 3840]),
                  ticks_per_quarter=960)  # fmt: skip
    assert (TOKENIZER.ids(coarse) == TOKENIZER.ids(fine)).all()


def test_a_piece_without_dynamics_has_no_velocity():
    ids = TOKENIZER.ids(melody([0, 480], velocities=64))
    assert TOKENIZER[4, int(column(ids, "Velocity")[0])] == "Velocity_None"


def test_drums_and_duplicates_are_not_emitted():
    notes = note_table(
        [0, 0, 0, 480], [240, 480, 480, 480], [60, 60, 36, 62], [50, 70, 90, 60],
        [0, 1, 2, 0], [False, False, True, False],
    )  # fmt: skip
    emitted = TOKENIZER.emitted(notes)
    assert emitted.pitch.tolist() == [60, 62]
    assert emitted.duration_ticks.tolist() == [480, 480]  # the longest of the two
    assert emitted.velocity.tolist() == [70, 60]
    assert len(TOKENIZER.ids(notes)) == 2


def test_every_source_gives_the_same_ids():
    score = Score(480)
    score.tempos.append(Tempo(0, 90))
    score.time_signatures.append(TimeSignature(0, 3, 4))
    score.tracks.append(Track(notes=[Note(0, 240, 60, 50), Note(480, 480, 64, 80)]))
    data = score.dumps_midi()
    assert (TOKENIZER.ids(score) == TOKENIZER.ids(data)).all()
    assert TOKENIZER.encode(data).ids == TOKENIZER.ids(score).tolist()
    assert TOKENIZER(score).ids == TOKENIZER.ids(score).tolist()


@pytest.mark.parametrize("options", [{}, {"velocity_bins": 16, "time_bins": 24}])
def test_saving_and_loading_keeps_the_vocabulary(tmp_path, options):
    tokenizer = CPTokenizer(**options)
    tokenizer.save_pretrained(tmp_path)
    # AutoTokenizer would misread a file named tokenizer.json.
    assert [path.name for path in tmp_path.iterdir()] == ["music_tokenizer.json"]
    loaded = CPTokenizer.from_pretrained(tmp_path)
    assert loaded == tokenizer
    assert loaded.vocab_sizes == tokenizer.vocab_sizes
    notes = melody([0, 240, 700])
    assert (loaded.ids(notes) == tokenizer.ids(notes)).all()
    assert json.loads((tmp_path / "music_tokenizer.json").read_text())["tokenization"] in TOKENIZERS


def test_unknown_presets_and_options_are_refused():
    with pytest.raises(ValueError, match="unknown preset 'jazz'"):
        CPTokenizer(preset="jazz")
    with pytest.raises(ValueError, match="no option swing"):
        CPTokenizer(swing=3)


def test_decoding_gives_pitches_velocities_and_seconds_back():
    notes = melody([0, 240, 960], [200, 480, 1000], [60, 64, 67], [30, 60, 90])
    ids = TOKENIZER.ids(notes)
    score = TOKENIZER.decode(ids.tolist())
    heard = CPTokenizer().ids(score)
    for name in ("Pitch", "Velocity", "Gap", "Hold"):
        assert (column(heard, name) == column(ids, name)).all(), name


def test_decoding_skips_padding():
    ids = np.concatenate([TOKENIZER.ids(melody([0, 480])), np.zeros((3, 7), int)])
    assert TOKENIZER.decode(ids.tolist()).note_num() == 2


@given(st.integers(0, 2**32 - 1), st.integers(1, 400))
def test_ids_are_always_within_the_vocabulary(seed, n):
    rng = np.random.default_rng(seed)
    meters = (
        np.sort(rng.integers(0, 20000, 3)),
        rng.integers(0, 20, 3),
        2 ** rng.integers(0, 6, 3),
    )
    notes = note_table(
        rng.integers(0, 50000, n),
        rng.integers(0, 20000, n),
        rng.integers(0, 128, n),
        rng.integers(1, 128, n),
        # From 50 on, since what lasts over a day at one quarter a minute is probably damaged.
        ticks_per_quarter=int(rng.integers(50, 1000)),
        tempos=(np.sort(rng.integers(0, 9000, 3)), rng.uniform(1, 1000, 3)),
        meters=meters,
    )
    ids = TOKENIZER.ids(notes)
    assert ids.shape == (len(TOKENIZER.emitted(notes)), 7)
    assert (ids >= FIRST).all()
    assert (ids < np.array(TOKENIZER.vocab_sizes)).all()


@pytest.mark.parametrize(("low", "high", "size"), [(0.01, 8.0, 48), (0.02, 16.0, 3), (1e-3, 1, 9)])
def test_log_bins_of_few_times_are_those_of_many(low, high, size):
    bins = LogBins(low, high, size)
    between = low * (high / low) ** ((np.arange(size) - 0.5) / (size - 2))  # two bins
    near = between[:, None] * (1 + np.arange(-20, 21) * 2.0**-52)
    times = np.concatenate([near.ravel(), [0, low / 2, np.nextafter(low / 2, 0), 9 * high, -1.0]])
    many = np.resize(times, MOST_COMPARED + 1 + len(times))
    expected = bins.quantise(many)[: len(times)]
    assert len(set(expected.tolist())) == size
    assert [int(bins.quantise(np.array([time]))[0]) for time in times] == expected.tolist()


def test_log_bins_hit_their_centres():
    bins = LogBins(0.01, 8.0, 48)
    assert (bins.quantise(bins.centres()) == np.arange(48)).all()
    assert bins.quantise(np.array([0.0, 0.004, 0.006, 100.0])).tolist() == [0, 0, 1, 47]
