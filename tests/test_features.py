"""Feature columns: their names and sets, and what holds of all of them."""

import json
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import lines_run

import symbolic
from symbolic.features import (
    ABSOLUTE_PITCH,
    FEATURE_GROUPS,
    FEATURE_NAMES,
    FEATURE_SETS,
    TONAL_NAMES,
    feature_frame,
    features,
    named_columns,
)
from symbolic.features.columns import OTHER_NAMES
from symbolic.notes import note_table, read_notes

SECOND = 960  # ticks, at 480 per quarter and 120 quarters per minute


def named(notes):
    return dict(zip(FEATURE_NAMES, features(notes), strict=True))


def some_music(n=200, seed=0, transpose=0):
    rng = np.random.default_rng(seed)
    scale = np.array([0, 2, 4, 5, 7, 9, 11])
    pitch = 48 + transpose + 12 * rng.integers(0, 3, n) + rng.choice(scale, n)
    onset = rng.integers(0, 60 * n, n) * 2
    return note_table(onset, rng.integers(1, 2000, n), pitch, rng.integers(1, 128, n))


def test_names_are_unique_and_as_many_as_the_values():
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) == len(features(some_music()))
    assert set(ABSOLUTE_PITCH) < set(FEATURE_NAMES)


def test_every_column_is_in_one_group():
    assert tuple(chain.from_iterable(FEATURE_GROUPS.values())) == FEATURE_NAMES
    assert list(FEATURE_GROUPS) == [
        *("pitch", "interval", "rhythm", "density", "dynamics", "articulation"),
        *("key_and_mode", "harmony", "histograms"),
    ]


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_a_set_of_columns_is_made_of_columns_that_there_are(name):
    names = FEATURE_SETS[name]
    assert len(set(names)) == len(names)
    assert set(names) <= {*FEATURE_NAMES, *chain.from_iterable(OTHER_NAMES.values())}


def test_the_two_sets_of_2013_differ_in_what_they_hear():
    lin, panda = set(FEATURE_SETS["lin2013"]), set(FEATURE_SETS["panda2013"])
    assert {"key_minor", "velocity_mean", "skyline_steps"} <= lin
    assert not panda & {*FEATURE_GROUPS["key_and_mode"], *FEATURE_GROUPS["harmony"]}
    assert not lin & set(FEATURE_GROUPS["harmony"])
    assert not (lin | panda) & set(FEATURE_GROUPS["histograms"])
    assert lin - panda
    assert panda - lin


def test_the_released_model_takes_every_column_but_those_of_the_pulse(root):
    config = json.loads((root / "symbolic" / "weights" / "config.json").read_text())
    pulse = {"pulse_clarity", "pulse_period_log"}
    own = tuple(name for name in FEATURE_NAMES if name not in pulse)
    others = tuple(named_columns("voices,played"))
    assert tuple(named_columns(config["features"])) == own + TONAL_NAMES + others


@pytest.mark.parametrize("names", [*FEATURE_GROUPS.values(), *FEATURE_SETS.values()])
def test_columns_are_the_same_whatever_else_is_asked_for(names):
    piece = some_music()
    every = (*FEATURE_NAMES, *chain.from_iterable(OTHER_NAMES.values()))
    alone = features(piece, names)
    together = dict(zip(every, features(piece, every), strict=True))
    assert np.array_equal(alone, [together[name] for name in names])
    backwards = features(piece, names[::-1])
    assert np.array_equal(backwards[::-1], alone)


def test_only_what_is_asked_for_is_computed(monkeypatch):
    def refuse(*_):
        raise AssertionError("a pulse was looked for")

    monkeypatch.setattr(np.fft, "rfft", refuse)
    assert np.isfinite(features(some_music(), FEATURE_SETS["core"])).all()
    with pytest.raises(AssertionError, match="pulse"):
        features(some_music(), ["pulse_clarity"])


def test_a_name_that_no_column_has_is_refused():
    with pytest.raises(ValueError, match="no feature is called swing"):
        features(some_music(), ["pitch_mean", "swing"])
    with pytest.raises(ValueError, match="no feature is called swing"):
        feature_frame([], ["swing"])


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
    names = FEATURE_GROUPS["key_and_mode"]
    n = len(pitches)
    onset, length, velocity = np.arange(n) * SECOND, [SECOND] * n, [80] * n
    here = note_table(onset, length, pitches, velocity)
    there = note_table(onset, length, np.add(pitches, semitones), velocity)
    assert np.array_equal(features(here, names), features(there, names))


def test_a_later_start_changes_nothing():
    now, later = some_music(), some_music()
    later = note_table(
        later.onset_ticks + 10 * SECOND, later.duration_ticks, later.pitch, later.velocity
    )
    assert features(later) == pytest.approx(features(now), rel=1e-6, abs=1e-9)


def test_a_piece_played_four_times_as_often_is_no_more_of_anything():
    def played(times):
        once = some_music()
        start, duration = once.onset_ticks - once.onset_ticks.min(), once.duration_ticks.copy()
        end = start + duration
        # To a whole second: parts of a second then cut it alike whenever it is played.
        duration[end.argmax()] += -end.max() % SECOND
        length = int((start + duration).max())
        onset = [start + k * length for k in range(times)]
        rest = (duration, once.pitch, once.velocity)
        return note_table(np.concatenate(onset), *(np.tile(column, times) for column in rest))

    short, long = named(played(8)), named(played(32))
    for (
        name
    ) in FEATURE_NAMES:  # growing with the length, even with its root, would be twice as much
        assert abs(long[name]) <= 1.3 * abs(short[name]) + 0.1, name


def test_drums_do_not_count():
    melody = note_table([0, SECOND, 2 * SECOND], [SECOND] * 3, [60, 64, 67], [70, 80, 90])
    with_drum = note_table(
        np.append(melody.onset_ticks, 37),
        np.append(melody.duration_ticks, 5),
        np.append(melody.pitch, 36),
        np.append(melody.velocity, 127),
        is_drum=[False, False, False, True],
    )
    assert np.array_equal(features(with_drum), features(melody))


@settings(max_examples=150)
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


def test_a_frame_has_one_row_per_piece():
    pieces = [some_music(seed=seed) for seed in range(3)]
    frame = feature_frame(pieces)
    assert tuple(frame.columns) == FEATURE_NAMES
    assert np.array_equal(frame.to_numpy()[1], features(pieces[1]))
    assert feature_frame([]).shape == (0, len(FEATURE_NAMES))


def test_features_are_computed_of_files_folders_and_bytes(tmp_path, midi_bytes, tune):
    folder = tmp_path / "tunes"
    folder.mkdir()
    data = [midi_bytes(tune(20, tonic)) for tonic in (50, 57, 65)]
    for name, content in zip("ab", data, strict=False):
        (folder / f"{name}.mid").write_bytes(content)
    alone = symbolic.feature_frame(folder / "a.mid")
    assert alone.index.tolist() == [str(folder / "a.mid")]
    assert np.array_equal(alone.to_numpy()[0], features(data[0]))
    frame = symbolic.feature_frame(
        [folder, data[2], symbolic.NamedBytes("c", data[2]), read_notes(data[2])]
    )
    assert frame.index.name == "path"
    paths = [str(folder / "a.mid"), str(folder / "b.mid")]
    assert frame.index.tolist() == [*paths, "<bytes 2>", "c", "<NoteTable 4>"]
    tables = feature_frame([read_notes(data[i]) for i in (0, 1, 2, 2, 2)])
    assert np.array_equal(frame.to_numpy(), tables.to_numpy())
    assert tables.index.tolist() == [0, 1, 2, 3, 4]


def test_a_piece_without_features_costs_its_row_and_is_named(tmp_path, write_midi, tune, caplog):
    folder = tmp_path / "music"
    folder.mkdir()
    good = [write_midi(folder / f"{name}.mid", tune(20, 50)) for name in "az"]
    drums = write_midi(folder / "drums.mid", tune(), drums=[0])
    (folder / "broken.mid").write_bytes(b"MThd no music")
    unpitched = note_table([0], [1], [36], [1], is_drum=[True])
    frame = feature_frame([folder, tmp_path / "gone.mid", b"", unpitched])
    assert frame.isna().all(axis=1).tolist() == [False, True, True, False, True, True, True]
    for place, path in zip((0, 3), good, strict=True):
        assert np.array_equal(frame.to_numpy()[place], features(path))
    warned = [record.getMessage() for record in caplog.records]
    named = [folder / "broken.mid", drums, tmp_path / "gone.mid", "<bytes 5>", "<NoteTable 6>"]
    assert len(warned) == len(named)
    for message, name in zip(warned, named, strict=True):
        assert message.startswith(f"{name}: ")
    assert "pitched" in warned[-1]


def test_a_frame_of_a_group_is_that_part_of_the_whole():
    pieces = [some_music(seed=seed) for seed in range(3)]
    names = FEATURE_GROUPS["dynamics"]
    part = feature_frame(pieces, names)
    assert part.equals(feature_frame(pieces)[list(names)])
    assert part.index.tolist() == [0, 1, 2]


def test_a_hundred_thousand_notes_take_no_loop():
    few, many = (lines_run(features, some_music(n)) for n in (1000, 100_000))
    assert many < 1.1 * few


def test_features_of_real_music_are_finite_and_move_with_it(data_folder):
    for path in sorted((data_folder / "vgmidi" / "midi").glob("*.mid"))[:10]:
        notes = read_notes(path)
        there = note_table(
            *(notes.onset_ticks, notes.duration_ticks, notes.pitch + 3, notes.velocity),
            is_drum=notes.is_drum,
            ticks_per_quarter=notes.ticks_per_quarter,
            tempos=(notes.tempo_ticks, notes.tempo),
        )
        moved = np.array([3.0 if name in ABSOLUTE_PITCH else 0.0 for name in FEATURE_NAMES])
        here = features(notes)
        assert np.isfinite(here).all()
        assert features(there) == pytest.approx(here + moved, abs=1e-8)
