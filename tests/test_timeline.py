"""Emotion over time: which notes a window hears, what is answered, and what it looks like."""

from dataclasses import fields, replace

import numpy as np
import pytest

from symbolic import EmotionScorer
from symbolic.commands.plot import main
from symbolic.features import FEATURE_SETS, features
from symbolic.notes import ReadError, note_table, read_notes
from symbolic.reports.timeline_plots import timeline_plot
from symbolic.scoring.columns import TIMELINE, rows_table
from symbolic.scoring.notes import NotePreparation
from symbolic.scoring.tables import KINDS
from symbolic.scoring.timeline import (
    MAX_WINDOWS,
    predict_timelines,
    prepare_windows,
    timeline,
)
from symbolic.scoring.windows import SlidingWindow
from symbolic.tokenizers import build_tokenizer

NAMES = FEATURE_SETS["core"]
MEASURES = ["valence_strength", "arousal_strength", "familiarity"]
ANSWERS = ["confidence", "q1", "q2", "q3", "q4", "valence", "arousal"]


class Spy:
    """A tokenizer that keeps what it is given, as note tables."""

    def __init__(self):
        self.cuts = []

    def emitted(self, notes):
        return notes

    def note_ids(self, notes):
        self.cuts.append(notes)
        return notes.pitch


def beats(*at, length=480, tempos=None, meters=None, **options):
    """A piece of one note at each of these quarters, no two of one pitch; a quarter is 0.5 s."""
    ticks = np.round(np.array(at) * 480).astype(int)
    pitch, velocity = np.arange(40, 40 + len(at)), np.arange(50, 50 + len(at))
    options |= {name: value for name, value in (("tempos", tempos), ("meters", meters)) if value}
    return note_table(ticks, np.full(len(at), length), pitch, velocity, **options)


def heard_by(notes, sliding):
    """The windows, and the pitches in each that has notes."""
    spy = Spy()
    heard = prepare_windows(notes, sliding, NotePreparation.of(spy, [], True))
    return heard, [(cut.pitch - 40).tolist() for cut in spy.cuts], spy.cuts


@pytest.fixture(scope="module")
def shipped():
    return EmotionScorer.from_pretrained()


@pytest.fixture(scope="module")
def two_halves():
    """A minute that is loud, fast and major, then one that is soft, slow and minor."""
    fast = np.arange(0, 120, 0.25)
    slow = np.arange(120, 240, 2.0)
    ticks = (np.append(fast, slow) * 480).astype(int)
    major, minor = np.array([0, 4, 7, 12, 16, 12, 7, 4]), np.array([0, 3, 7, 3])
    pitch = np.append(60 + np.resize(major, len(fast)), 48 + np.resize(minor, len(slow)))
    velocity = np.append(100 + np.arange(len(fast)) % 20, 25 + np.arange(len(slow)) % 10)
    length = np.append(np.full(len(fast), 110), np.full(len(slow), 950))
    return note_table(ticks, length, pitch, velocity)


def test_arousal_falls_where_a_loud_fast_half_becomes_a_soft_slow_one(shipped, two_halves):
    table = timeline(shipped, two_halves, workers=0)
    first, second = table[table["end"] <= 60], table[table["start"] >= 60]
    assert len(first) > 5
    assert len(second) > 5
    assert first["arousal"].min() > 0.3
    assert second["arousal"].max() < -0.3
    assert first["valence"].mean() > second["valence"].mean()
    assert set(first["quadrant"]) == {"Q1"}
    assert set(second["quadrant"]) <= {"Q3", "Q4"}


def test_lengths_are_written_with_their_units():
    assert (
        SlidingWindow.parse("30s")
        == SlidingWindow.parse("30")
        == SlidingWindow()
        == SlidingWindow(30, 5, "seconds")
    )
    assert SlidingWindow.parse(" 7.5 Seconds", "2.5s") == SlidingWindow(7.5, 2.5)
    assert SlidingWindow.parse("8bars", "2") == SlidingWindow(8, 2, "bars")
    assert SlidingWindow.parse("8 bars") == SlidingWindow.parse("1bar", "1bar").__class__(
        8, 1, "bars"
    )


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("soon",), "no length"),
        (("-3s",), "no length"),
        (("1e3s",), "no length"),
        (("3 minims",), "no length"),
        (("",), "no length"),
        (("0s",), "more than 0"),
        (("0bars",), "more than 0"),
        (("30s", "0"), "more than 0"),
        (("30s", "31s"), "would be left out"),
        (("2.5bars",), "whole"),
        (("8bars", "0.5"), "whole|more than 0"),
        (("30s", "2bars"), "do not move by bars"),
        (("8bars", "2s"), "do not move by seconds"),
    ],
)
def test_lengths_that_mean_nothing_are_refused(words, reason):
    with pytest.raises(ValueError, match=reason):
        SlidingWindow.parse(*words)


def test_windows_that_are_no_numbers_are_refused():
    for length, hop in ((np.nan, 1), (1, np.nan), (np.inf, 1)):
        with pytest.raises(ValueError, match="more than 0"):
            SlidingWindow(length, hop)
    with pytest.raises(ValueError, match="no unit"):
        SlidingWindow(1, 1, "beats")


def test_a_window_has_the_note_at_its_beginning_and_not_the_one_at_its_end():
    heard, pitches, _ = heard_by(beats(0, 1, 2, 3, 4, 5, 6, 7), SlidingWindow(2, 1))  # every 0.5 s
    assert heard.start.tolist() == [0, 1, 2]
    assert heard.end.tolist() == [2, 3, 4]
    assert pitches == [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7]]
    assert heard.notes.tolist() == [4, 4, 4]


def test_sums_of_floats_do_not_move_a_note_to_another_window():
    # Twelve times 0.1 is a little more than 1.2, at which a note begins.
    notes = beats(*np.arange(40) / 5)
    heard, pitches, _ = heard_by(notes, SlidingWindow(0.1, 0.1))
    assert pitches == [[i] for i in range(40)]
    assert len(heard.start) == 40


def test_the_last_window_reaches_beyond_the_last_onset_and_ends_with_its_note():
    notes = beats(0, 1, 2, 3, 4)  # the last from 2.0 to 2.5 s
    heard, pitches, _ = heard_by(notes, SlidingWindow(2, 2))
    assert heard.end.tolist() == [2, 2.5]  # at 2.0 the first window has ended
    assert pitches == [[0, 1, 2, 3], [4]]
    heard, pitches, _ = heard_by(notes, SlidingWindow(2.001, 1))
    assert heard.end.tolist() == [2.5]
    assert pitches == [[0, 1, 2, 3, 4]]


def test_a_piece_shorter_than_a_window_has_one_as_long_as_itself():
    heard, pitches, _ = heard_by(beats(0, 1), SlidingWindow())
    assert (heard.start.tolist(), heard.end.tolist()) == ([0], [1])
    assert pitches == [[0, 1]]
    heard, _, _ = heard_by(beats(0, length=0), SlidingWindow())
    assert heard.end.tolist() == [0]


def test_bars_follow_the_meter_and_the_tempo():
    # Two bars of 4/4, two of 3/4 and two of 2/4; from the second bar on twice as fast.
    meters = ([0, 8 * 480, 14 * 480], [4, 3, 2], [4, 4, 4])
    notes = beats(*range(18), tempos=([0, 4 * 480], [120, 240]), meters=meters)
    heard, pitches, cuts = heard_by(notes, SlidingWindow(2, 1, "bars"))
    np.testing.assert_allclose(heard.start, [0, 2, 3, 3.75, 4.5])
    np.testing.assert_allclose(heard.end, [3, 3.75, 4.5, 5, 5.5])
    assert heard.first_bar.tolist() == [1, 2, 3, 4, 5]
    assert heard.last_bar.tolist() == [2, 3, 4, 5, 6]
    assert pitches == [
        *(list(range(8)), list(range(4, 11)), list(range(8, 14))),
        *(list(range(11, 16)), list(range(14, 18))),
    ]
    for cut, ticks, tempos, over in zip(
        cuts,
        ([0, 4 * 480], [0], [0], [0], [0]),
        ([120, 240], [240], [240], [240], [240]),
        ([4], [4, 3], [3], [3, 2], [2]),
        strict=True,
    ):
        assert cut.tempo_ticks.tolist() == ticks
        assert cut.tempo.tolist() == tempos
        assert cut.meter_numerator.tolist() == over
    assert cuts[1].meter_ticks.tolist() == [0, 4 * 480]
    assert cuts[3].onset_ticks.tolist() == [0, 480, 960, 3 * 480, 4 * 480]
    np.testing.assert_allclose(cuts[3].onset, np.arange(5) / 4)


def test_seconds_tell_the_bars_they_touch_and_notes_keep_their_place_in_them():
    heard, _, cuts = heard_by(beats(*range(12)), SlidingWindow(3, 1))  # a bar is 2 s
    assert heard.start.tolist() == [0, 1, 2, 3]
    assert heard.first_bar.tolist() == [1, 1, 2, 2]
    assert heard.last_bar.tolist() == [2, 2, 3, 3]
    assert cuts[1].onset_ticks[0] == 2 * 480  # the third beat of its bar
    assert cuts[1].onset[0] == pytest.approx(1)
    assert cuts[2].onset_ticks[0] == 0


def test_a_meter_and_tempo_that_begin_late_leave_the_usual_ones_before():
    notes = beats(*range(12), tempos=([8 * 480], [60]), meters=([8 * 480], [2], [4]))
    assert notes.tempo_ticks.tolist() == [8 * 480]
    heard, _, cuts = heard_by(notes, SlidingWindow(3, 2))
    assert heard.start.tolist() == [0, 2, 4, 6]
    assert [cut.tempo.tolist() for cut in cuts] == [[120], [120, 60], [60], [60]]
    assert [cut.meter_numerator.tolist() for cut in cuts] == [[4], [4, 2], [2], [2]]
    assert cuts[3].onset.tolist() == [0, 1]


def test_changes_after_the_last_note_are_of_the_last_window():
    notes = beats(*range(8), tempos=([0, 90 * 480], [120, 60]))
    _, _, cuts = heard_by(notes, SlidingWindow(2, 2))
    assert [cut.tempo.tolist() for cut in cuts] == [[120], [120, 60]]


def test_no_note_begins_before_its_window_does():
    rng = np.random.default_rng(0)
    notes = beats(*np.sort(rng.uniform(0, 60, 80)), tempos=([0, 5000, 9000], [97.3, 141.7, 61.9]))
    for sliding in (
        SlidingWindow(0.7, 0.3),
        SlidingWindow(1, 1, "bars"),
        SlidingWindow(3, 2, "bars"),
    ):
        heard, pitches, cuts = heard_by(notes, sliding)
        full = np.flatnonzero(heard.notes)
        assert set(range(80)) == {one for some in pitches for one in some}
        for at, which, cut in zip(full, pitches, cuts, strict=True):
            base = notes.onset[which] - cut.onset
            np.testing.assert_allclose(base, base[0])  # a shift, and nothing else
            assert base[0] <= heard.start[at] + 1e-6
            assert cut.onset_ticks.min() >= 0
            np.testing.assert_allclose(cut.duration, notes.duration[which])


def test_notes_in_another_order_than_that_of_onsets_keep_it_in_their_windows():
    notes = beats(*range(40), tempos=([0, 9 * 480], [120, 77]), meters=([0, 1920], [4, 3], [4, 4]))
    order = np.random.default_rng(0).permutation(40)
    for sliding in (SlidingWindow(4, 1), SlidingWindow(2, 1, "bars")):
        heard, pitches, cuts = heard_by(notes, sliding)
        mixed, other_pitches, other_cuts = heard_by(notes.select(order), sliding)
        assert mixed.notes.tolist() == heard.notes.tolist()
        assert other_pitches == [[i for i in order if i in window] for window in pitches]
        for cut, other in zip(cuts, other_cuts, strict=True):
            ordered = other.select(other.pitch.argsort())
            for column in fields(cut):
                found, expected = getattr(ordered, column.name), getattr(cut, column.name)
                np.testing.assert_array_equal(found, expected)
                assert np.asarray(found).dtype == np.asarray(expected).dtype


def test_a_long_note_sounds_on_after_the_window_in_which_it_begins():
    notes = note_table([0, 960, 1920, 3840], [9600, 480, 480, 480], [50, 60, 62, 64], [60] * 4)
    heard, pitches, cuts = heard_by(notes, SlidingWindow(1, 1))
    assert cuts[0].duration.tolist() == [10]
    assert pitches[1:] == [[20], [22], [24]]
    assert heard.end[-1] == 10
    assert heard.last_bar[-1] == 3  # in which the last note begins


def test_more_windows_than_a_day_has_are_refused(tiny_scorer):
    notes = beats(*np.arange(0, 2 * 3600, 900.0))
    with pytest.raises(ReadError, match=f"more than {MAX_WINDOWS}"):
        prepare_windows(notes, SlidingWindow(0.1, 0.1), tiny_scorer.preprocess)
    with pytest.raises(ReadError, match="take a longer hop"):
        prepare_windows(notes, SlidingWindow(1, 1e-320), tiny_scorer.preprocess)
    table = timeline(tiny_scorer, [notes, beats(0, 1)], SlidingWindow(0.1, 0.1), workers=0)
    assert "take a longer hop" in table["error"][0]
    assert (table["error"][1:] == "").all()


@pytest.mark.parametrize("sliding", [SlidingWindow(1000, 5), SlidingWindow(500, 1, "bars")])
def test_a_window_that_covers_the_piece_gives_the_answer_for_the_piece(
    sliding, shipped, tiny_scorer, two_halves, tmp_path, write_midi, tune
):
    played = write_midi(tmp_path / "a.mid", tune(40), tempos=[(0, 90), (960, 130)])
    for scorer in (shipped, tiny_scorer):
        for source in (two_halves, played):
            whole = scorer.score(source, workers=0)
            (row,) = timeline(scorer, source, sliding, workers=0).to_dict("records")
            assert row["quadrant"] == whole["quadrant"][0]
            np.testing.assert_allclose(
                [row[name] for name in ANSWERS], whole.loc[0, ANSWERS].astype(float), atol=1e-9
            )
            assert [row[name] for name in MEASURES] == pytest.approx(
                list(whole.loc[0, MEASURES]), abs=1e-9, nan_ok=True
            )
            assert row["notes"] == whole["notes"][0]
            assert row["end"] == pytest.approx(whole["seconds"][0])


@pytest.mark.parametrize("name", ["cp-performance", "ferreira", "REMI"])
def test_a_whole_piece_in_a_window_has_the_tokens_of_the_piece(name, midi_bytes, tune):
    preparation = NotePreparation.of(build_tokenizer(name), NAMES, True)
    short = [(i * 250 + 100, 3, 40 + i, 50 + i) for i in range(12)]  # dropped by Ferreira's text
    source = midi_bytes(tune(60), short, tempos=[(0, 90), (960, 130)], meters=[(0, 3, 4)])
    notes = preparation.emitted(source)
    (expected,) = preparation.inputs([notes])
    (found,) = prepare_windows(notes, SlidingWindow(1000, 5), preparation).pieces
    assert found.ids.tolist() == expected.ids.tolist()
    np.testing.assert_allclose(found.features, expected.features, rtol=1e-6)


def test_a_window_is_heard_as_a_file_of_it_would_be(tiny_scorer, midi_score, tune):
    notes = tune(64)  # eight bars of 4/4
    part = [(onset - 4 * 1920, *rest) for onset, *rest in notes if 4 * 1920 <= onset < 6 * 1920]
    preparation = tiny_scorer.preprocess
    whole = preparation.emitted(midi_score(notes))
    heard = prepare_windows(whole, SlidingWindow(2, 2, "bars"), preparation)
    (expected,) = preparation([midi_score(part)])
    assert heard.start[2] == 8
    found = heard.pieces[2]
    assert found.ids.tolist() == expected.ids.tolist()
    np.testing.assert_allclose(found.features, expected.features, rtol=1e-5, atol=1e-6)


def test_a_window_without_notes_has_a_row_without_an_answer(tiny_scorer):
    table = timeline(tiny_scorer, beats(0, 1, 20, 21), SlidingWindow(2, 2), workers=0)
    assert table["notes"].tolist() == [2, 0, 0, 0, 0, 2]
    empty = table["notes"] == 0
    assert table.loc[empty, ["quadrant", *ANSWERS]].isna().all(axis=None)
    assert table.loc[~empty, ["quadrant", *ANSWERS]].notna().all(axis=None)
    assert (table["error"] == "").all()
    assert table["window"].tolist() == [1, 2, 3, 4, 5, 6]
    apart = timeline(tiny_scorer, beats(0, 1), SlidingWindow(2, 2), workers=0)
    assert table.loc[0, "q1"] == pytest.approx(apart.loc[0, "q1"], abs=1e-6)


def test_a_note_too_short_where_its_window_puts_it_costs_only_that_window():
    # 32 ms from 0.999 s are half a unit or more in whole milliseconds, and less from elsewhere.
    tokenizer = build_tokenizer("ferreira")
    rng = np.random.default_rng(0)
    onset = np.sort(rng.integers(0, 60_000, 200))
    notes = note_table(
        onset, np.full(200, 32), 40 + np.arange(200) % 50, 50 + np.arange(200) % 50,
        ticks_per_quarter=512, tempos=([0, 7000], [119.3, 117.9]), meters=([0], [3], [8]),
    )  # fmt: skip
    emitted = tokenizer.emitted(notes)
    preparation = NotePreparation.of(tokenizer, NAMES, True)
    heard = prepare_windows(emitted, SlidingWindow(0.2, 0.2), preparation)
    assert len(heard.pieces) == np.count_nonzero(heard.notes)
    assert all(len(piece.ids) for piece in heard.pieces)
    with_notes = np.histogram(emitted.onset, np.append(heard.start, np.inf))[0] > 0
    assert 0 < np.count_nonzero(heard.notes) < with_notes.sum()
    lone = replace(emitted.select([0]), step_ticks=np.zeros(0, np.int64))
    with pytest.raises(ReadError, match="no note"):
        prepare_windows(replace(lone, duration_ticks=np.array([1])), SlidingWindow(), preparation)


def test_steps_of_dropped_notes_stay_in_their_windows(midi_bytes, tune):
    short = [(i * 1000 + 100, 3, 40 + i, 50 + i) for i in range(15)]
    emitted = build_tokenizer("ferreira").emitted(read_notes(midi_bytes(tune(64), short)))
    assert len(emitted.step_ticks) == 15
    spy = Spy()
    prepare_windows(emitted, SlidingWindow(4, 4), NotePreparation.of(spy, [], True))
    assert [len(cut.step_ticks) for cut in spy.cuts] == [4, 4, 4, 3]
    assert spy.cuts[1].step_ticks.tolist() == [4100 - 3840, 1260, 2260, 3260]


def test_several_pieces_are_answered_together_as_alone(tiny_scorer, shipped):
    pieces = [beats(*range(20)), beats(0, 1, 30), beats(0)]
    for scorer in (tiny_scorer, shipped):
        heard = [
            prepare_windows(scorer.tokenizer.emitted(one), SlidingWindow(4, 2), scorer.preprocess)
            for one in pieces
        ]
        together = predict_timelines(scorer.predictor, heard)
        assert [len(rows) for rows in together] == [len(one.start) for one in heard]
        for one, rows in zip(heard, together, strict=True):
            alone = rows_table(predict_timelines(scorer.predictor, [one])[0], TIMELINE)
            found = rows_table(rows, TIMELINE)
            np.testing.assert_allclose(found[ANSWERS], alone[ANSWERS], atol=1e-5)
            assert found["quadrant"].equals(alone["quadrant"])
        assert predict_timelines(scorer.predictor, []) == []


def test_files_that_cannot_be_read_have_one_row_each(tiny_scorer, tmp_path, write_midi, tune):
    write_midi(tmp_path / "a.mid", tune(20))
    (tmp_path / "b.mid").write_bytes(b"MThd and no more")
    write_midi(tmp_path / "c.mid", tune(40))
    write_midi(tmp_path / "d.mid", tune(20), drums=[0])
    sliding = SlidingWindow(2, 1)
    here = timeline(tiny_scorer, tmp_path, sliding, workers=0)
    there = timeline(tiny_scorer, tmp_path, sliding, workers=2)
    assert list(here.columns) == list(TIMELINE)
    assert here.drop(columns="path").equals(there.drop(columns="path"))
    counts = here["path"].str[-5:].value_counts().to_dict()
    assert counts == {"a.mid": 4, "b.mid": 1, "c.mid": 9, "d.mid": 1}
    failed = here["error"] != ""
    assert here[failed]["path"].str[-5:].tolist() == ["b.mid", "d.mid"]
    assert here.loc[failed].drop(columns=["path", "error"]).isna().all(axis=None)
    assert here.dtypes["window"] == here.dtypes["notes"] == "Int64"
    nothing = timeline(tiny_scorer, [], workers=0)
    assert list(nothing.columns) == list(TIMELINE)
    assert len(nothing) == 0


def test_columns_have_their_types_whatever_is_missing():
    full = {
        **dict.fromkeys(TIMELINE, 0.5), "path": "a", "quadrant": "Q1", "error": "",
        "window": 1, "first_bar": np.int64(2), "last_bar": 3, "notes": 4,
    }  # fmt: skip
    for rows in ([full], [full, {"error": "no music"}], [{"error": "no music"}], []):
        table = rows_table(iter(rows), TIMELINE)
        assert list(table.columns) == list(TIMELINE)
        assert table.index.tolist() == list(range(len(rows)))
        for name, kind in TIMELINE.items():
            assert kind == "text" or table.dtypes[name] == KINDS[name]
            missing = [name not in row for row in rows]
            assert table[name].isna().tolist() == missing
            assert table[name].dropna().tolist() == [row[name] for row in rows if name in row]


def colours_of(path):
    """(h, w, 3) of a picture."""
    from matplotlib.image import imread

    return imread(path)[..., :3]


def near(picture, colour, most=0.02):
    """How many pixels have nearly this colour."""
    from matplotlib.colors import to_rgb

    return int((np.abs(picture - np.array(to_rgb(colour))).max(axis=-1) < most).sum())


def test_the_picture_shows_the_quadrants_and_both_lines(shipped, two_halves, tmp_path):
    table = timeline(shipped, two_halves, workers=0)
    timeline_plot(two_halves, table, tmp_path / "a.png", "two halves of $x$ and $y")
    picture = colours_of(tmp_path / "a.png")
    assert picture.std() > 0.05
    assert near(picture, "#cc79a7") > 200  # valence
    assert near(picture, "0.1") > 200  # arousal
    height, width, _ = picture.shape
    strip = picture[int(0.41 * height) : int(0.43 * height)]
    left, right = strip[:, int(0.1 * width) : width // 3], strip[:, 2 * width // 3 : -width // 8]
    assert left[..., 0].mean() > left[..., 2].mean() + 0.1  # orange: happy
    assert right[..., 2].mean() > right[..., 0].mean() + 0.1  # blue or green: sad or calm


def test_the_picture_of_silence_is_white_where_nothing_is_heard(tiny_scorer, tmp_path):
    notes = beats(0, 1, 2, 60, 61, 62)
    table = timeline(tiny_scorer, notes, SlidingWindow(4, 4), workers=0)
    timeline_plot(notes, table, tmp_path / "a.png")
    picture = colours_of(tmp_path / "a.png")
    strip = picture[int(0.42 * len(picture))]
    coloured = (np.ptp(strip, axis=-1) > 0.02).mean()
    assert 0 < coloured < 0.4


def test_bars_are_numbered_in_notation_alone(tiny_scorer, tmp_path):
    for written in (True, False):
        notes = replace(beats(*range(64)), from_notation=written)
        table = timeline(tiny_scorer, notes, SlidingWindow(4, 2), workers=0)
        timeline_plot(notes, table, tmp_path / "a.svg")
        assert ("bar (with repeats)" in (tmp_path / "a.svg").read_text(encoding="utf-8")) == written


def test_drums_and_a_hundred_thousand_notes_are_drawn_or_left_out(tiny_scorer, tmp_path):
    rng = np.random.default_rng(0)
    n = 100_000
    ticks = np.sort(rng.integers(0, 4000 * 480, n))
    notes = note_table(
        ticks, rng.integers(1, 480, n), rng.integers(60, 70, n), rng.integers(1, 128, n),
        is_drum=np.arange(n) % 2 == 0,
    )  # fmt: skip
    table = rows_table([{"start": 0, "end": 2000, "quadrant": "Q1", "confidence": 1.0}], TIMELINE)
    timeline_plot(notes, table, tmp_path / "a.svg")
    assert (tmp_path / "a.svg").stat().st_size < 2**20  # its notes are an image
    only = replace(beats(0, 1, 2), is_drum=np.array([False, False, True]))
    assert only.pitched().pitch.max() == 41
    timeline_plot(only, table, tmp_path / "b.png")


def test_a_table_without_an_answer_cannot_be_drawn(tmp_path):
    with pytest.raises(ValueError, match="no window has a prediction"):
        timeline_plot(beats(0), rows_table([{"error": "no music"}], TIMELINE), tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def plot(*words):
    return main(list(map(str, words)))


@pytest.mark.parametrize(
    ("suffix", "begins"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
)
def test_the_command_draws(suffix, begins, tmp_path, write_midi, tune, tiny_model_folder, capsys):
    song = write_midi(tmp_path / "song.mid", tune(60))
    output = tmp_path / "new" / f"a.{suffix}"
    words = ["--model", tiny_model_folder, "--window", "4s", "--hop", "2s"]
    assert plot(song, "--output", output, *words) == 0
    assert output.read_bytes().startswith(begins)
    assert "7 windows" in capsys.readouterr().out


def test_the_command_draws_notation_in_bars_with_the_model_of_the_package(tmp_path):
    from music21 import note, stream

    score = stream.Score([stream.Part([note.Note(60 + i % 12) for i in range(48)])])
    written = score.write("musicxml", fp=tmp_path / "a.musicxml")
    assert plot(written, "-o", tmp_path / "a.png", "--window", "4bars") == 0
    assert colours_of(tmp_path / "a.png").std() > 0.05


def test_the_command_says_why_a_file_cannot_be_read(tmp_path, capsys, write_midi, tune):
    (tmp_path / "bad.mid").write_bytes(b"no music")
    for path in (tmp_path / "bad.mid", tmp_path / "nowhere.mid", tmp_path):
        assert plot(path, "-o", tmp_path / "a.png") == 1
        told = capsys.readouterr()
        assert str(path) in told.err
        assert not told.out
    song = write_midi(tmp_path / "song.mid", [(0, 480, 60, 64), (480_000, 480, 62, 64)])
    assert plot(song, "-o", tmp_path / "a.png", "--window", "0.01s") == 1
    assert "take a longer hop" in capsys.readouterr().err
    assert not (tmp_path / "a.png").exists()


def test_the_command_refuses_what_cannot_be_had(tmp_path, write_midi, tune, capsys):
    song = write_midi(tmp_path / "song.mid", tune(20))
    output = ("-o", tmp_path / "a.png")
    for words, reason in (
        (("--window", "soon"), "no length"),
        (("--window", "8bars", "--hop", "2s"), "do not move"),
        (("--model", tmp_path / "nowhere"), "cannot be loaded"),
        (("--device", "cuda:99"), "cannot be used"),
    ):
        assert plot(song, *output, *words) == 2
        assert reason in capsys.readouterr().err
    twin = tmp_path / "song.png"
    twin.write_bytes(song.read_bytes())
    assert plot(twin, "-o", twin) == 2
    assert "it is the input file" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        plot(song, "-o", tmp_path / "a.gif")
    assert stopped.value.code == 2
    assert not (tmp_path / "a.png").exists()
    assert "write to .png" in capsys.readouterr().err


def test_features_of_a_window_do_not_depend_on_what_came_before(shipped, two_halves):
    heard = prepare_windows(two_halves, SlidingWindow(30, 30), shipped.preprocess)
    cut = two_halves.select((two_halves.onset >= 90) & (two_halves.onset < 120))
    alone = replace(cut, onset=cut.onset - cut.onset[0])
    expected = features(alone, shipped.preprocess.names)
    np.testing.assert_allclose(heard.pieces[3].features, expected, rtol=1e-4, atol=1e-5)


def test_a_whole_day_has_its_timeline(tiny_scorer):
    notes = read_notes(note_table(np.arange(0, 86_390, 10) * 960, *np.full((3, 8639), 60)))
    heard = prepare_windows(notes, SlidingWindow(), NotePreparation.of(Spy(), [], True))
    assert len(heard.start) == 17_272
    assert heard.notes.min() == 3
