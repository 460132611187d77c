"""v/d/n text after Ferreira."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from symusic import Note, Score, Tempo, Track

from symbolic.notes import ReadError, note_table, read_notes
from symbolic.tasks.velocity import velocity_classes
from symbolic.tokenizers.ferreira import FerreiraTokenizer

TOKENIZER = FerreiraTokenizer()
PAD, MASK = 0, 1
UNIT = 60  # ticks of a 32nd note, 480 to a quarter: 62.5 ms at 120


def table(*notes, **kwargs):
    """A table from (onset, duration, pitch, velocity), in units of 62.5 ms."""
    onset, duration, pitch, velocity = np.array(notes).T
    onset, duration = (np.rint(column * UNIT).astype(int) for column in (onset, duration))
    return note_table(onset, duration, pitch.astype(int), velocity.astype(int), **kwargs)


def text(*notes, **kwargs):
    return TOKENIZER.text(table(*notes, **kwargs))


def test_a_chord_tells_what_its_notes_share_once():
    assert text((0, 8, 60, 70), (0, 8, 64, 70), (0, 8, 67, 71)) == "v_68 d_8 n_60 n_64 n_67 \n"


def test_velocity_and_duration_hold_until_they_change():
    notes = (0, 4, 60, 70), (0, 4, 64, 80), (4, 4, 65, 80), (8, 2, 67, 80)
    assert text(*notes) == "v_68 d_4 n_60 v_80 n_64 . n_65 . d_2 n_67 \n"


def test_a_wait_is_a_duration_and_is_told_where_it_is_another_one():
    assert text((0, 4, 60, 64), (4, 4, 62, 64)) == "v_64 d_4 n_60 . n_62 \n"
    assert text((0, 4, 60, 64), (6, 6, 62, 64)) == "v_64 d_4 n_60 d_6 . n_62 \n"
    assert text((0, 4, 60, 64), (6, 4, 62, 64)) == "v_64 d_4 n_60 d_6 . d_4 n_62 \n"


def test_the_silence_before_the_first_note_is_a_wait():
    assert text((3, 8, 60, 64)) == "d_3 . v_64 d_8 n_60 \n"


def test_waits_and_durations_end_at_56():
    assert text((0, 57, 60, 64), (300, 1, 62, 64)) == "v_64 d_56 n_60 . d_1 n_62 \n"


def test_pitches_are_folded_by_octaves():
    pitches = [0, 18, 29, 30, 95, 96, 127]
    told = text(*((i, 1, pitch, 64) for i, pitch in enumerate(pitches)))
    assert told == "v_64 d_1 n_36 . n_30 . n_41 . n_30 . n_95 . n_84 . n_91 \n"


def test_velocities_are_kept_within_32_to_127_and_rounded_down_to_multiples_of_4():
    told = text(*((i, 1, 60, velocity) for i, velocity in enumerate([1, 35, 36, 127])))
    assert told == "v_32 d_1 n_60 . n_60 . v_36 n_60 . v_124 n_60 \n"


def test_a_note_too_short_is_dropped_and_its_step_stays():
    notes = (0, 4, 60, 64), (4, 0.4, 62, 64), (8, 0, 64, 64), (12, 4, 65, 64), (16, 0.1, 60, 64)
    assert text(*notes) == "v_64 d_4 n_60 . . . n_65 . \n"
    assert TOKENIZER.count_dropped(table(*notes)) == 3


def test_a_velocity_of_0_is_no_note(midi_score):
    score = midi_score([(0, 240, 60, 64), (240, 240, 62, 0), (480, 240, 64, 64)])
    assert TOKENIZER.text(score) == "v_64 d_4 n_60 . . n_64 \n"


def test_waits_are_rounded_one_by_one():
    # 1.4 units each: the drift of the text is the reference's.
    told = text(*((1.4 * i, 1, 60 + i, 64) for i in range(4)))
    assert told == "v_64 d_1 n_60 . n_61 . n_62 . n_63 \n"
    assert text((0, 1, 60, 64), (0.4, 1, 50, 64), (0.8, 1, 40, 64)) == "v_64 d_1 n_60 n_50 n_40 \n"


def test_notes_of_a_step_come_by_their_ends_then_by_pitch():
    notes = (0, 4, 60, 64), (0, 2, 67, 64), (0, 4, 48, 64)
    assert text(*notes) == "v_64 d_2 n_67 d_4 n_48 n_60 \n"


def test_onsets_of_one_millisecond_are_one_step():
    ticks = np.array([0, 1, 2])  # 0, 0.52 and 1.04 ms
    notes = note_table(ticks, 1200 - 240 * ticks, [50, 60, 70], [64] * 3, ticks_per_quarter=960)
    assert TOKENIZER.text(notes) == "v_64 d_8 n_60 d_10 n_50 d_6 n_70 \n"


def test_time_follows_the_tempo_map():
    tempos = (np.array([0, 960]), np.array([60.0, 240.0]))
    notes = (0, 4, 60, 64), (8, 4, 62, 64), (16, 4, 64, 64), (24, 4, 65, 64)
    told = text(*notes, tempos=tempos)  # two quarters of a second each, then of a quarter
    assert told == "v_64 d_8 n_60 d_16 . d_8 n_62 d_16 . d_2 n_64 d_4 . d_2 n_65 \n"


def test_drums_are_left_out(midi_score):
    score = midi_score([(0, 240, 60, 64)], [(0, 60, 36, 100), (240, 60, 38, 100)], drums=[1])
    assert TOKENIZER.text(score) == "v_64 d_4 n_60 \n"


def test_a_note_ends_where_its_key_is_first_released(midi_score):
    overlap = [(0, 960, 60, 64), (240, 240, 60, 64)]
    assert TOKENIZER.text(midi_score(overlap)) == "v_64 d_8 n_60 d_4 . n_60 \n"
    # On a key of its own, in another track, it sounds on.
    assert TOKENIZER.text(midi_score(overlap[:1], overlap[1:])) == "v_64 d_16 n_60 d_4 . n_60 \n"


def on(pitch, delta=b"\0"):
    return delta + bytes([0x90, pitch, 64])


def off(pitch, delta=b"\0"):
    return delta + bytes([0x90, pitch, 0])


LAST = off(67, b"\x81\x70") + off(60) + off(64)  # 240 ticks later
CHORD = [on(60), on(64), on(67)]


def test_notes_let_go_together_come_in_the_order_of_their_note_offs(raw_midi):
    assert TOKENIZER.text(raw_midi(*CHORD, LAST)) == "v_64 d_4 n_67 n_60 n_64 \n"
    score = Score.from_midi(raw_midi(*CHORD, LAST))  # which has forgotten it
    assert TOKENIZER.text(score) == "v_64 d_4 n_60 n_64 n_67 \n"


@pytest.mark.parametrize(
    "between",
    [
        b"\0\xff\x01\x03\x90\xd0\xff",  # text
        b"\0\xff\x01\x81\x00" + 128 * b"\xf0",  # and long text
        b"\0\xf0\x03\x01\x02\xf7",  # system exclusive
        b"\0\xc0\x05",  # program
        b"\0\xd0\x01\0\x02\0\x03",  # pressure, with running status
        b"\0\xe0\x00\x40\0\x01\x41",  # bend
    ],
    ids=["text", "long text", "exclusive", "program", "pressure", "bend"],
)
def test_other_events_do_not_hide_the_order_of_note_offs(raw_midi, between):
    for place in range(4):
        events = [*CHORD]
        events.insert(place, between)
        told = TOKENIZER.text(raw_midi(*events, LAST))
        if between[1] != 0xC0 or place in (0, 3):  # else two instruments: two tracks
            assert told == "v_64 d_4 n_67 n_60 n_64 \n"


def test_running_status_and_long_deltas_are_followed(raw_midi):
    events = b"\xc0\x00\x90\x3c\x40\0\x40\x40\0\x43\x40" + b"\x81\x70\x43\0\0\x3c\0\0\x40\0"
    told = "d_56 . v_64 d_4 n_67 n_60 n_64 \n"
    assert TOKENIZER.text(raw_midi(events)) == told
    assert TOKENIZER.text(b"RIFF\0\0\0\0RMIDdata" + _sized(raw_midi(events))) == told


def _sized(data):
    return len(data).to_bytes(4, "little") + data


def test_a_file_with_a_fault_does_not_change_another_ones_order(raw_midi):
    good, faulty = raw_midi(*CHORD, LAST), raw_midi(*CHORD, b"\0\xf4\0", LAST)
    assert TOKENIZER.text(good) == "v_64 d_4 n_67 n_60 n_64 \n"
    assert (TOKENIZER.ids_many([faulty, good, faulty])[1] == TOKENIZER.ids(good)).all()


def test_a_file_cut_off_within_a_time_has_the_order_of_its_note_offs(raw_midi):
    whole = raw_midi(*CHORD, LAST)
    size = len(whole) - 22 - 3  # of a track that ends with the first byte of a delta time
    cut = whole[:18] + size.to_bytes(4, "big") + whole[22:-4] + b"\x96"
    assert TOKENIZER.text(cut) == TOKENIZER.text(whole) == "v_64 d_4 n_67 n_60 n_64 \n"


def plain_text(score):
    """The scheme as a loop, over the notes of a score without tempo changes."""

    def whole(tick):  # milliseconds from seconds, as the reference counts: 1 may be lost at .0
        return int(tick * (60 / (120 * score.ticks_per_quarter)) * 1000)

    steps = defaultdict(list)
    for track in score.tracks:
        notes = [(note.time, note.end, note.pitch, note.velocity) for note in track.notes]
        for begin, end, pitch, velocity in notes:
            releases = [e for _, e, p, _ in notes if p == pitch and e > begin]
            end = min([end, *releases])
            steps[whole(begin)].append((end, pitch, begin, velocity))
    told, velocity, duration, before = [], None, None, 0
    for now in sorted(steps):
        wait = min(round((now - before) / 62.5), 56)
        before = now
        if wait:
            told += [f"d_{wait}"] * (wait != duration) + ["."]
            duration = wait
        for end, pitch, _, loud in sorted(steps[now], key=lambda note: note[:3]):
            length = min(round((whole(end) - now) / 62.5), 56)
            if not length:
                continue
            while pitch < 30:
                pitch += 12
            while pitch > 95:
                pitch -= 12
            loud = max(loud, 32) // 4 * 4
            told += [f"v_{loud}"] * (loud != velocity) + [f"d_{length}"] * (length != duration)
            told.append(f"n_{pitch}")
            velocity, duration = loud, length
    return " ".join([*told, "\n"])


def music(seed, n, tempos=True):
    """A score at random: overlaps, unisons, notes of no length, tracks, tempo changes."""
    rng = np.random.default_rng(seed)
    quarter = int(rng.choice([24, 100, 480, 1024]))
    span = int(n * quarter * rng.choice([0.02, 0.2, 1]) / rng.integers(1, 5)) + 1
    low, high = [(60, 62), (24, 100), (0, 128)][rng.integers(3)]
    score = Score(quarter)
    if tempos and rng.random() < 0.5:
        for tick in np.unique(rng.integers(0, span, 4)):
            score.tempos.append(Tempo(int(tick), float(rng.uniform(30, 300))))
    else:
        score.tempos.append(Tempo(0, 120))
    for part in np.array_split(np.arange(n), rng.integers(1, 4)):
        if not len(part):
            continue
        onset = np.sort(rng.integers(0, span, len(part)))
        onset -= onset % rng.choice([1, 1, quarter // 8])
        duration = rng.integers(0, quarter * rng.integers(1, 9), len(part))
        duration[rng.random(len(part)) < 0.1] //= 50
        columns = onset, duration, rng.integers(low, high, len(part))
        columns = *(c.astype(np.int32) for c in columns[:2]), columns[2].astype(np.int8)
        velocity = rng.integers(1, 128, len(part)).astype(np.int8)
        score.tracks.append(Track(notes=Note.from_numpy(*columns, velocity)))
    return score


def ids_of(source):
    try:
        return TOKENIZER.ids(source)
    except ReadError:
        return None


@given(st.integers(0, 2**32 - 1), st.integers(1, 300))
def test_arrays_tell_what_a_loop_tells(seed, n):
    score = music(seed, n, tempos=False)
    ids = ids_of(score)
    assert ("n_" in plain_text(score)) == (ids is not None)
    if ids is not None:
        assert TOKENIZER.ids_to_text(ids) == plain_text(score)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3000))
def test_a_decoded_piece_has_the_ids_it_was_decoded_from(seed, n):
    ids = ids_of(music(seed, n))
    if ids is None:
        return
    score = TOKENIZER.decode(ids)
    np.testing.assert_array_equal(TOKENIZER.ids(score), ids)
    np.testing.assert_array_equal(TOKENIZER.ids(read_notes(score)), ids)
    np.testing.assert_array_equal(TOKENIZER.ids(score.dumps_midi()), ids)


def test_a_hundred_thousand_notes_decode_to_themselves():
    ids = TOKENIZER.ids(music(7, 100_000))
    assert (TOKENIZER.ids(TOKENIZER.decode(ids)) == ids).all()


def test_a_piece_of_most_of_a_day_decodes_to_itself():
    ticks = np.arange(0, 60_000 * 1380, 1380)  # of a millisecond: each wait rounds up
    notes = note_table(ticks, np.full(len(ticks), 100), 60 + ticks // 1380 % 7, 64 + ticks % 5,
                       ticks_per_quarter=500)  # fmt: skip
    ids = TOKENIZER.ids(notes)
    assert (TOKENIZER.ids(TOKENIZER.decode(ids)) == ids).all()


def test_any_ids_decode_and_settle_at_once():
    rng = np.random.default_rng(3)
    for size in (0, 1, 10, 2000):
        ids = rng.integers(0, TOKENIZER.vocab_sizes[0] - 1, size)  # a newline would end it
        score = TOKENIZER.decode(ids)
        notes = TOKENIZER.note_positions(ids).sum()
        assert sum(len(track.notes) for track in score.tracks if not track.name) == notes
        if notes:
            told = TOKENIZER.ids(score)
            assert (TOKENIZER.ids(TOKENIZER.decode(told)) == told).all()


def test_decoding_skips_padding_and_stops_at_the_newline():
    ids = TOKENIZER.ids(table((0, 4, 60, 64), (4, 4, 62, 64)))
    padded = np.concatenate([[PAD, MASK], ids, [PAD], ids])
    assert (TOKENIZER.ids(TOKENIZER.decode(padded)) == ids).all()
    assert (TOKENIZER.ids(TOKENIZER.decode(ids.tolist())) == ids).all()


def test_decoding_a_text():
    told = "d_3 . v_96 d_32 n_52 n_55 d_16 . n_40 . . d_4 n_64 \n"
    score = TOKENIZER.decode_text(told)
    assert TOKENIZER.text(score) == told
    seconds = score.to("second").tracks[0].notes
    assert [round(note.time, 2) for note in seconds] == [0.19, 0.19, 1.19, 3.19]
    assert [note.velocity for note in seconds] == [96] * 4
    with pytest.raises(ValueError, match="'x_3' is not in the vocabulary"):
        TOKENIZER.decode_text("v_96 x_3")


def test_one_flat_vocabulary_with_pad_and_mask_first():
    assert not TOKENIZER.is_multi_voc
    assert list(TOKENIZER.field_names) == ["Token"]
    assert TOKENIZER.vocab_sizes == [2 + 24 + 56 + 66 + 2]
    assert (TOKENIZER.pad_ids, TOKENIZER.mask_ids) == ([PAD], [MASK])
    ids = TOKENIZER.ids(table((0, 4, 60, 64)))
    assert ids.dtype == np.int64
    assert [TOKENIZER[int(i)] for i in ids] == ["v_64", "d_4", "n_60", "\n"]
    assert TOKENIZER.encode(table((0, 4, 60, 64))).tokens == ["v_64", "d_4", "n_60", "\n"]


OPTIONS = {"pitch_range": (48, 71), "velocity_range": (1, 100), "velocity_step": 10,
           "max_duration": 200}  # fmt: skip


def test_options_change_the_text():
    tokenizer = FerreiraTokenizer(**OPTIONS)
    notes = table((0, 100, 40, 5), (150, 300, 80, 127))
    told = "v_0 d_100 n_52 d_150 . v_100 d_200 n_68 \n"
    assert tokenizer.text(notes) == told
    assert tokenizer.text(tokenizer.decode_text(told)) == told


@pytest.mark.parametrize("options", [{}, OPTIONS], ids=["defaults", "options"])
def test_saving_and_loading_keeps_the_vocabulary(tmp_path, options):
    tokenizer = FerreiraTokenizer(**options)
    tokenizer.save_pretrained(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["music_tokenizer.json"]
    loaded = FerreiraTokenizer.from_pretrained(tmp_path)
    assert loaded == tokenizer
    assert loaded.vocab == tokenizer.vocab
    notes = table((0, 100, 40, 5), (150, 300, 80, 127))
    assert loaded.text(notes) == tokenizer.text(notes)


@pytest.mark.parametrize(
    "options",
    [
        {"pitch_range": (60, 70)},
        {"pitch_range": (60, 128)},
        {"velocity_range": (0, 127)},
        {"velocity_range": (90, 80)},
        {"velocity_step": 0},
        {"max_duration": 0},
    ],
    ids=str,
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        FerreiraTokenizer(**options)


@pytest.mark.slow
@given(st.integers(0, 2**32 - 1))
def test_many_pieces_tell_what_each_tells_alone(seed):
    rng = np.random.default_rng(seed)
    pieces = [music(int(rng.integers(2**32)), int(rng.integers(1, 60))) for _ in range(40)]
    pieces[3] = table((0, 0.1, 60, 64))
    pieces[5] = pieces[5].dumps_midi()
    pieces[7] = b"nothing"
    for piece, many in zip(pieces, TOKENIZER.ids_many(pieces), strict=True):
        alone = ids_of(piece)
        assert isinstance(many, ReadError) == (alone is None)
        if alone is not None:
            np.testing.assert_array_equal(many, alone)


def test_errors_name_the_file(tmp_path, write_midi):
    short = write_midi(tmp_path / "short.mid", [(0, 10, 60, 64)])
    damaged = tmp_path / "damaged.mid"
    damaged.write_bytes(b"MThd and no more")
    fine = write_midi(tmp_path / "fine.mid", [(0, 480, 60, 64)])
    answers = TOKENIZER.ids_many([short, fine, damaged, tmp_path / "none.mid"])
    assert len(answers[1]) == 4
    assert str(answers[0]) == f"{short}: no note that the scheme can hold"
    assert str(answers[2]).startswith(f"{damaged}: ")
    assert str(answers[3]) == f"{tmp_path / 'none.mid'}: no such file"


@given(st.integers(0, 2**32 - 1), st.integers(1, 300))
def test_emitted_notes_are_the_notes_of_the_ids(seed, n):
    score = music(seed, n)
    ids, notes = ids_of(score), TOKENIZER.emitted(read_notes(score))
    if ids is None:
        assert not len(notes)
        return
    np.testing.assert_array_equal(TOKENIZER.note_ids(notes), ids)
    told = ids[TOKENIZER.note_positions(ids)]
    np.testing.assert_array_equal(told, [TOKENIZER.vocab[f"n_{folded(p)}"] for p in notes.pitch])
    again = TOKENIZER.emitted(notes)
    np.testing.assert_array_equal(TOKENIZER.note_ids(again), ids)
    np.testing.assert_array_equal(again.duration_ticks, notes.duration_ticks)
    np.testing.assert_allclose(again.seconds, notes.seconds)


def folded(pitch):
    return 30 + (pitch - 30) % 12 if pitch < 30 else 95 - (95 - pitch) % 12 if pitch > 95 else pitch


def test_half_of_the_velocities_are_hidden_with_the_notes_they_rule():
    ids = TOKENIZER.ids(music(1, 2000))
    kept = ids.copy()
    hidden, asked = TOKENIZER.hide_velocity(ids, 0.5, np.random.default_rng(0))
    assert (ids == kept).all()
    shown = True
    for before, after, ask in zip(ids.tolist(), hidden.tolist(), asked.tolist(), strict=True):
        name = TOKENIZER[before]
        if name.startswith("v_"):
            shown = after == before
            assert after in (before, MASK)
        else:
            assert after == before
        assert ask == (name.startswith("n_") and not shown)
    masked = (hidden == MASK).sum() / sum(TOKENIZER[i].startswith("v_") for i in ids.tolist())
    assert 0.45 < masked < 0.55


def test_notes_before_the_first_velocity_of_a_window_do_not_show_theirs():
    ids = TOKENIZER.ids(table((0, 4, 60, 64), (0, 4, 64, 64), (4, 4, 62, 90)))[1:]
    hidden, asked = TOKENIZER.hide_velocity(ids, 0.0, np.random.default_rng(0))
    assert (hidden == ids).all()
    assert [TOKENIZER[int(i)] for i in ids[asked]] == ["n_60", "n_64"]
    labels = np.where(asked, 2, -100)
    TOKENIZER.check_velocity_task(ids, labels)


def test_velocity_labels_stand_on_the_notes():
    notes = table((0, 4, 60, 20), (0, 0.1, 61, 99), (4, 4, 62, 50), (4, 2, 64, 100))
    labels = TOKENIZER.velocity_labels(notes)
    ids = TOKENIZER.ids(notes)
    told = [(TOKENIZER[int(i)], int(c)) for i, c in zip(ids, labels, strict=True) if c >= 0]
    assert told == [("n_60", 0), ("n_64", 5), ("n_62", 2)]
    assert (labels[~TOKENIZER.note_positions(ids)] == -100).all()
    emitted = TOKENIZER.emitted(notes)
    assert (velocity_classes(emitted.velocity) == [0, 5, 2]).all()
    assert (TOKENIZER.velocity_labels(emitted) == labels).all()


def test_a_piece_without_dynamics_has_no_velocity_labels():
    assert TOKENIZER.velocity_labels(table((0, 4, 60, 64), (4, 4, 62, 64))) is None


def test_a_velocity_task_whose_answer_stands_in_the_input_is_refused():
    notes = read_notes(music(2, 500))
    ids, labels = TOKENIZER.ids(notes), TOKENIZER.velocity_labels(notes)
    with pytest.raises(ValueError, match="velocity is in the input: mask the v_ tokens"):
        TOKENIZER.check_velocity_task(ids, labels)
    hidden, asked = TOKENIZER.hide_velocity(ids, 0.3, np.random.default_rng(0))
    with pytest.raises(ValueError, match="velocity is in the input"):
        TOKENIZER.check_velocity_task(hidden, labels)
    TOKENIZER.check_velocity_task(hidden, np.where(asked, labels, -100))
    everything, _ = TOKENIZER.hide_velocity(ids, 1.0, np.random.default_rng(0))
    TOKENIZER.check_velocity_task(everything, labels)
    with pytest.raises(ValueError, match="not on n_ tokens"):
        TOKENIZER.check_velocity_task(ids, np.zeros(len(ids), int))
    with pytest.raises(ValueError, match="one label for each id"):
        TOKENIZER.check_velocity_task(ids, labels[1:])


def test_the_reference_text_of_a_hundred_files(data_folder):
    import csv

    path = data_folder / "conformance" / "ferreira_vdn.csv"
    if not path.is_file():
        pytest.skip("no reference texts of Ferreira's encoder")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 100
    answers = TOKENIZER.ids_many([data_folder / row["set"] / "midi" / row["file"] for row in rows])
    other = [
        row["file"]
        for row, ids in zip(rows, answers, strict=True)
        if TOKENIZER.ids_to_text(ids) != row["text"]
    ]
    assert other == []
    # A score does not tell the order of note-offs: what differs, differs by that.
    scores = [Score(data_folder / row["set"] / "midi" / row["file"]) for row in rows]
    texts = [TOKENIZER.text(score) for score in scores]
    same = sum(text == row["text"] for text, row in zip(texts, rows, strict=True))
    notes = [sorted(token for token in text.split() if token[0] == "n") for text in texts]
    expected = [sorted(t for t in row["text"].split() if t[0] == "n") for row in rows]
    assert notes == expected
    print(f"{same} of 100 texts from a Score")
