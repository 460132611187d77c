"""The CP presets: against MIDI-BERT's description, its published arrays, and there and back."""

import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from symusic import Note, Score, Tempo, TimeSignature, Track

from symbolic.notes import ReadError, note_table
from symbolic.tokenizers import CPTokenizer

MIDIBERT = CPTokenizer(preset="midibert")
SCORE = CPTokenizer(preset="score")
PERFORMANCE = CPTokenizer()


def melody(onsets, durations, pitches, **kwargs):
    return note_table(onsets, durations, pitches, np.full(len(onsets), 64), **kwargs)


def random_score(seed: int, n: int) -> Score:
    """A score with everything that makes trouble: tempo and meter changes, overlaps, repeated and
    zero-length notes, 1 to 16 tracks."""
    rng = np.random.default_rng(seed)
    quarter = int(rng.choice([24, 96, 120, 220, 384, 480, 960]))
    score = Score(quarter)
    length = max(n, 8) * quarter // int(rng.integers(1, 9))
    changes = np.sort(rng.integers(0, length, rng.integers(0, 6)))
    for tick, tempo in zip(changes, rng.uniform(20, 300, len(changes)), strict=True):
        score.tempos.append(Tempo(int(tick), float(tempo)))
    for tick in np.sort(rng.integers(0, length, rng.integers(0, 5))):
        score.time_signatures.append(
            TimeSignature(int(tick), int(rng.integers(1, 13)), int(rng.choice([1, 2, 4, 8, 16])))
        )
    counts = rng.multinomial(n, np.ones(k := int(rng.integers(1, 17))) / k)
    for i, count in enumerate(counts):
        onset = rng.integers(0, length, count)
        if rng.random() < 0.5:  # chords and repeated notes
            onset -= onset % (quarter // 2)
        duration = rng.integers(0, 6 * quarter, count) * (rng.random(count) < 0.9)
        notes = Note.from_numpy(
            onset.astype(np.int32),
            duration.astype(np.int32),
            rng.integers(20, 110, count).astype(np.int8),
            rng.integers(1, 128, count).astype(np.int8),
        )
        score.tracks.append(Track(notes=notes, is_drum=i == 15))
    return score


def by_hand(notes: list[tuple[int, int, int]]) -> list[list[int]]:
    """MIDI-BERT's ids of (onset, duration, pitch) in raw ticks, note by note."""
    notes = sorted(((on, pitch, dur) for on, dur, pitch in notes), key=lambda note: note[:2])
    last = notes[-1][0]
    grid = list(range(0, last, 120)) or [0]
    rows, bar = [], None
    for onset, pitch, duration in notes:
        line = min(grid, key=lambda tick: abs(tick - onset))  # the first, so the lower, of two
        step = min(range(60, 3841, 60), key=lambda ticks: abs(ticks - duration))
        rows.append([int(line // 1920 == bar), line % 1920 // 120, pitch - 22, step // 60 - 1])
        bar = line // 1920
    return rows


def test_midibert_vocabulary():
    assert MIDIBERT.vocab_sizes == [4, 18, 88, 66]
    assert MIDIBERT.pad_ids == [2, 16, 86, 64]
    assert MIDIBERT.mask_ids == [3, 17, 87, 65]
    assert MIDIBERT.field_names == SCORE.field_names == ["Bar", "Position", "Pitch", "Duration"]
    assert MIDIBERT.vocab[0] == {"Bar_New": 0, "Bar_Continue": 1, "PAD_None": 2, "MASK_None": 3}
    assert MIDIBERT[2, 0] == "Pitch_22"


def test_midibert_snaps_to_the_lower_of_two_lines_and_before_the_last_onset():
    notes = melody([0, 60, 61, 1860, 1861, 3840], [59, 90, 91, 0, 4000, 60], [60] * 6)
    assert MIDIBERT.ids(notes).tolist() == [
        [0, 0, 38, 0],
        [1, 0, 38, 0],
        [1, 1, 38, 1],
        [1, 15, 38, 0],
        [0, 0, 38, 63],
        [1, 15, 38, 0],  # the grid ends before 3840: at 3720
    ]


def test_midibert_takes_ticks_as_they_stand_whatever_the_header_says():
    ticks = [0, 500, 1900, 2500], [100, 200, 300, 400], [60, 62, 64, 65]
    coarse, fine = (melody(*ticks, ticks_per_quarter=quarter) for quarter in (96, 960))
    assert (MIDIBERT.ids(coarse) == MIDIBERT.ids(fine)).all()
    assert (SCORE.ids(coarse) != SCORE.ids(fine)).any()


def test_midibert_takes_480_ticks_for_a_quarter_of_what_was_written():
    quarters = np.array([0, 1, 2.5, 4, 9]), np.array([1, 0.5, 0.25, 4, 1])
    midi, written = (
        melody(*(column * quarter for column in quarters), [60] * 5, ticks_per_quarter=quarter,
               from_notation=quarter > 480)
        for quarter in (480, 10080)
    )  # fmt: skip
    assert (MIDIBERT.ids(written) == MIDIBERT.ids(midi)).all()
    both = MIDIBERT.ids_many([midi, written, midi])
    assert all((ids == MIDIBERT.ids(midi)).all() for ids in both)

    from music21 import note, stream

    part = stream.Part([note.Note(pitch, quarterLength=1) for pitch in (60, 62, 64, 65, 67)])
    assert MIDIBERT.ids(part)[:, :2].tolist() == [[0, 0], [1, 4], [1, 8], [1, 12], [1, 15]]


@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_midibert_is_what_its_description_says_note_by_note(seed, n):
    rng = np.random.default_rng(seed)
    columns = rng.integers(0, 6000, n), rng.integers(0, 5000, n), rng.integers(22, 108, n)
    columns[0][rng.random(n) < 0.5] //= 60
    columns[0][rng.random(n) < 0.5] *= 60
    expected = by_hand(list(zip(*(column.tolist() for column in columns), strict=True)))
    ids = MIDIBERT.ids(melody(*columns))
    # Of notes with one onset and pitch, either may come first.
    assert sorted(map(tuple, ids.tolist())) == sorted(map(tuple, expected))
    assert ids[:, :3].tolist() == [row[:3] for row in expected]


def test_midibert_on_the_published_arrays(data_folder):
    published = np.load(data_folder / "conformance" / "midibert_cp_emopia_valid.npz")
    files = [data_folder / "emopia" / "midi" / name for name in published.files]
    for file, ids in zip(files, MIDIBERT.ids_many(files), strict=True):
        assert np.array_equal(ids, published[file.name]), file.name
        assert np.array_equal(MIDIBERT.ids(file), ids), file.name


def test_pitches_that_midibert_lacks_are_dropped_counted_and_reported(tmp_path, caplog):
    score = Score(480)
    score.tracks.append(
        Track(notes=[Note(480 * i, 240, pitch, 64) for i, pitch in enumerate([21, 60, 107, 108])])
    )
    path = tmp_path / "wide.mid"
    score.dump_midi(path)
    with caplog.at_level(logging.WARNING, logger="symbolic"):
        assert MIDIBERT.ids(path)[:, 2].tolist() == [38, 85]
    assert "wide.mid: 2 notes dropped: outside pitch 22 to 107" in caplog.text
    assert MIDIBERT.count_dropped(path) == 2
    assert SCORE.count_dropped(path) == 0
    with pytest.raises(ReadError, match="no note that the scheme can hold"):
        MIDIBERT.ids(melody([0], [1], [108]))


def test_score_is_the_first_columns_of_performance():
    for seed in range(20):
        score = random_score(seed, 50)
        assert (SCORE.ids(score) == PERFORMANCE.ids(score)[:, :4]).all()


@pytest.mark.parametrize("preset", ["midibert", "score", "performance"])
def test_many_files_are_each_as_one_file(tmp_path, preset):
    tokenizer = CPTokenizer(preset=preset)
    paths = []
    for seed in range(40):
        paths.append(tmp_path / f"{seed}.mid")
        random_score(seed, 1 + seed**2).dump_midi(paths[-1])
    paths.insert(7, tmp_path / "missing.mid")
    (tmp_path / "broken.mid").write_bytes(b"MThd nonsense")
    paths.insert(20, tmp_path / "broken.mid")
    answers = tokenizer.ids_many(paths)
    assert [i for i, ids in enumerate(answers) if isinstance(ids, ReadError)] == [7, 20]
    assert str(answers[7]).endswith("missing.mid: no such file")
    for path, ids in zip(paths, answers, strict=True):
        if not isinstance(ids, ReadError):
            assert np.array_equal(ids, tokenizer.ids(path)), path.name
            assert np.array_equal(ids, tokenizer.ids(path.read_bytes())), path.name
    assert len(tokenizer.ids_many(iter(paths[:3]))) == 3
    with pytest.raises(TypeError, match="several sources"):
        tokenizer.ids_many(str(paths[0]))


@pytest.mark.parametrize(
    ("preset", "options"),
    [
        ("midibert", {}),
        ("score", {}),
        ("score", {"positions_per_quarter": 12, "max_positions": 96, "duration_steps": 16}),
        ("score", {"positions_per_quarter": 1}),
        ("performance", {}),
        ("performance", {"velocity_bins": 1}),
        ("performance", {"velocity_bins": 128, "time_bins": 3}),
        ("performance", {"velocity_bins": 8, "time_bins": 100, "positions_per_quarter": 3}),
    ],
)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 500))
@settings(max_examples=25)
def test_ids_to_score_to_ids_is_the_identity(preset, options, seed, n):
    there_and_back(CPTokenizer(preset=preset, **options), random_score(seed, n))


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["midibert", "score", "performance"])
def test_ids_to_score_to_ids_is_the_identity_for_a_hundred_thousand_notes(preset):
    there_and_back(CPTokenizer(preset=preset), random_score(3, 100_000))


def there_and_back(tokenizer: CPTokenizer, score: Score) -> None:
    try:
        ids = tokenizer.ids(score)
    except ReadError:  # nothing but drums, or nothing within MIDI-BERT's pitches
        return
    once = tokenizer.ids(tokenizer.decode(ids))
    # Duration and Hold together ask for more than ticks can give; every other column comes back.
    assert np.array_equal(once[:, :6], ids[:, :6])
    assert np.array_equal(tokenizer.ids(tokenizer.decode(once.tolist())), once)


def test_a_performance_keeps_its_time():
    score = random_score(5, 2000)
    score.time_signatures = []
    ids = PERFORMANCE.ids(score)
    once = PERFORMANCE.ids(PERFORMANCE.decode(ids))
    assert (abs(once[:, 6] - ids[:, 6]) <= 1).mean() > 0.9


def test_dynamics_of_one_bin_are_still_dynamics():
    notes = note_table([0, 480, 960], [240] * 3, [60, 62, 64], [64, 65, 66])
    ids = PERFORMANCE.ids(notes)
    assert (PERFORMANCE.ids(PERFORMANCE.decode(ids)) == ids).all()
    flat = note_table([0, 480, 960], [240] * 3, [60, 62, 64], [64, 64, 64])
    assert PERFORMANCE[4, int(PERFORMANCE.ids(flat)[0, 4])] == "Velocity_None"


def test_the_velocity_of_a_dropped_duplicate_is_dynamics_too():
    score = Score(480)
    score.tracks.append(
        Track(notes=[Note(0, 480, 60, 64), Note(0, 240, 60, 20), Note(480, 480, 62, 64)])
    )
    ids = PERFORMANCE.ids(score)
    assert ids[:, 4].tolist() == [2 + 1 + 64 // 4] * 2


@pytest.mark.parametrize("steps", [1, 5, 64])
def test_durations_do_not_depend_on_the_resolution_of_other_pieces(steps):
    tokenizer = CPTokenizer(preset="score", duration_steps=steps)
    rng = np.random.default_rng(steps)
    pieces = [
        melody(
            rng.integers(0, 40 * quarter, 200),
            rng.integers(0, 10 * quarter, 200),
            rng.integers(30, 90, 200),
            ticks_per_quarter=quarter,
        )
        for quarter in (1, 2, 3, 7, 24, 480, 961, 32767)
    ]
    for piece, ids in zip(pieces, tokenizer.ids_many(pieces), strict=True):
        assert (tokenizer.ids(piece) == ids).all()


def test_a_window_cut_within_a_bar_decodes():
    notes = melody(np.arange(20) * 240, [240] * 20, 60 + np.arange(20))
    for tokenizer in (MIDIBERT, SCORE, PERFORMANCE):
        window = tokenizer.ids(notes)[3:13]
        again = tokenizer.ids(tokenizer.decode(window))
        assert (again[1:, :4] == window[1:, :4]).all()


@pytest.mark.parametrize("preset", ["midibert", "score", "performance"])
def test_padding_and_masks_are_skipped(preset):
    tokenizer = CPTokenizer(preset=preset)
    ids = tokenizer.ids(melody([0, 480], [240, 240], [60, 62]))
    rows = np.concatenate([ids, [tokenizer.pad_ids, tokenizer.mask_ids]])
    assert tokenizer.decode(rows).note_num() == 2
    assert tokenizer.decode(np.array([tokenizer.pad_ids])).note_num() == 0


def test_velocity_is_hidden_where_it_stands_and_only_there():
    notes = note_table(np.arange(200) * 100, [50] * 200, [60] * 200, 20 + np.arange(200) % 90)
    ids = PERFORMANCE.ids(notes)
    hidden, asked = PERFORMANCE.hide_velocity(ids, 0.3, np.random.default_rng(0))
    assert 30 < asked.sum() < 90
    assert (hidden[asked, 4] == PERFORMANCE.mask_ids[4]).all()
    assert (hidden[~asked] == ids[~asked]).all()
    assert (np.delete(hidden, 4, axis=1) == np.delete(ids, 4, axis=1)).all()
    same, asked = SCORE.hide_velocity(SCORE.ids(notes), 0.3, np.random.default_rng(0))
    assert asked.all()  # the scheme does not show velocities: all may be asked for
    assert (same == SCORE.ids(notes)).all()


@pytest.mark.parametrize(
    "options",
    [{"positions_per_quarter": 0}, {"velocity_bins": 33}, {"time_bins": -1}, {"time_bins": 2}],
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match=r"positive|divide|at least 3"):
        CPTokenizer(**options)


@pytest.mark.parametrize("preset", ["midibert", "score"])
def test_presets_are_saved_and_loaded(tmp_path, preset):
    tokenizer = CPTokenizer(preset=preset)
    tokenizer.save_pretrained(tmp_path)
    loaded = CPTokenizer.from_pretrained(tmp_path)
    assert loaded.preset == preset
    assert loaded.vocab == tokenizer.vocab
    assert loaded.pad_ids == tokenizer.pad_ids
    notes = random_score(1, 30)
    assert (loaded.ids(notes) == tokenizer.ids(notes)).all()
