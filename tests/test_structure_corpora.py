"""Corpora whose parts somebody has marked: phrases of POP909, and SALAMI."""

import importlib

import numpy as np
import pytest
from small_corpora import write_pop909_phrases, write_salami
from symusic import Score
from test_phrases import SONG

from symbolic.data.corpora.phrases import bar_edges, parse_phrases
from symbolic.data.recordings.pop909_structure import (
    read_beats,
    read_pop909_structure,
    structured_songs,
)
from symbolic.data.recordings.salami import read_boundaries, read_salami


@pytest.fixture
def pop909(tmp_path, midi_score):
    return write_pop909_phrases(tmp_path, midi_score)


def test_phrases_begin_where_they_are_heard(pop909):
    corpus = read_pop909_structure(pop909)
    assert corpus.name == "pop909_structure"
    assert [task.name for task in corpus.tasks] == ["boundary"]
    assert corpus.groups == ["001", "002"]
    edges = bar_edges(parse_phrases(SONG))
    first, second = (piece.labels["boundary"] for piece in corpus.pieces)
    assert first == pytest.approx(0.5 + 2 * edges)
    assert second == pytest.approx(2 * edges)
    assert corpus.pieces[0].path.is_file()


def test_songs_that_their_phrases_do_not_fit_are_left_out_and_said(pop909):
    assert any("1 of 3 songs" in one and "003.mid" in one for one in _findings(pop909, 1))
    assert not any("of 3 songs" in one for one in _findings(pop909, 2))


def _findings(folder, annotator):
    return read_pop909_structure(folder, annotator=annotator).findings


def test_the_other_annotator_has_other_boundaries(pop909):
    one, other = (read_pop909_structure(pop909, annotator=k).pieces[0] for k in (1, 2))
    assert set(other.labels["boundary"]) < set(one.labels["boundary"])
    with pytest.raises(ValueError, match="annotator 3"):
        read_pop909_structure(pop909, annotator=3)


def test_the_songs_may_be_in_folders_by_what_they_are_for(pop909):
    here = read_pop909_structure(pop909)
    inside = pop909 / "all" / "structure"
    inside.mkdir(parents=True)
    (pop909 / "all" / "pretrain").mkdir()
    for name in ("pop909_phrases.csv", "beats"):
        (pop909 / name).rename(inside / name)
    (pop909 / "pop909").rename(pop909 / "all" / "pretrain" / "pop909")
    there = read_pop909_structure(pop909 / "all")
    assert [piece.labels for piece in there.pieces] == [piece.labels for piece in here.pieces]


def test_annotators_agree_but_for_the_phrase_that_one_did_not_hear(pop909, root, monkeypatch):
    pytest.importorskip("mir_eval")
    monkeypatch.syspath_prepend(root / "benchmarks")
    scores = importlib.import_module("annotators").annotator_agreement(pop909)
    count = len(bar_edges(parse_phrases(SONG)))
    assert list(scores) == ["001", "002"]
    assert scores["002"]["precision_0.5"] == 1
    assert scores["002"]["recall_0.5"] == pytest.approx((count - 1) / count)


def test_what_the_last_phrase_rings_on_after_the_song_is_left_out(pop909):
    table = pop909 / "pop909_phrases.csv"
    table.write_text(table.read_text("utf-8").replace("o3", "o5"), encoding="utf-8")
    song = structured_songs(pop909)[1]
    assert song.boundaries[0][-1] == pytest.approx(2 * bar_edges(parse_phrases(SONG))[-1])


def test_a_wrong_phrase_is_named_with_its_line(pop909):
    table = pop909 / "pop909_phrases.csv"
    table.write_text(table.read_text("utf-8").replace("A9i9", "A9?9"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"pop909_phrases.csv, line 4: annotator1: .*character 3"):
        read_pop909_structure(pop909)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0.5 1 1\nx 0 0", "line 2: 'x 0 0'"),
        ("0.5 1 1\n\nnan 0 0", "line 3"),
        ("0.5 1 1\n0.4 0 0", "line 2: a beat at 0.4 s, after 0.5 s"),
        ("0.5 1 1", "1 beats"),
    ],
)
def test_beats_that_cannot_be_read_are_named_with_their_line(tmp_path, text, why):
    (tmp_path / "001.txt").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=f"001.txt.*{why}"):
        read_beats(tmp_path / "001.txt")


def test_beats_songs_and_tables_that_are_missing_are_named(pop909):
    (pop909 / "beats" / "002.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"002.txt: no beats"):
        read_pop909_structure(pop909)
    (pop909 / "pop909" / "001.mid").unlink()
    with pytest.raises(FileNotFoundError, match=r"the first is 001.mid"):
        read_pop909_structure(pop909)
    (pop909 / "pop909_phrases.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"pop909_phrases.csv: not there"):
        read_pop909_structure(pop909)


@pytest.mark.slow
def test_most_songs_of_pop909_fit_their_phrases(data_folder):
    if not (data_folder / "structure").is_dir():
        pytest.skip("no structure/ in SYMBOLIC_DATA")
    songs = structured_songs(data_folder)
    fit = [song for song in songs if all(song.boundaries)]
    assert len(fit) > 0.95 * len(songs)
    assert np.median([sum(song.alignment.misfits) / 2 for song in fit]) < 0.02


@pytest.fixture
def salami(tmp_path):
    return write_salami(tmp_path)


def test_all_times_of_salami_are_boundaries(salami):
    corpus = read_salami(salami)
    assert [piece.path.name for piece in corpus.pieces] == ["2.mp3", "10.flac"]
    assert corpus.groups == ["2", "10"]
    assert corpus.pieces[0].labels["boundary"] == (0, 0.4, 30.5, 62)
    assert [task.name for task in corpus.tasks] == ["boundary"]


def test_parts_are_marked_on_several_levels(salami):
    times = {k: read_salami(salami, k).pieces[0].labels["boundary"] for k in _LEVELS}
    assert times["segments"] == times["uppercase"] == (0, 0.4, 30.5, 61, 62)
    assert times["lowercase"] == (0, 0.4, 15, 30.5, 61, 62)
    with pytest.raises(ValueError, match="level 'bars'"):
        read_salami(salami, "bars")


_LEVELS = ("segments", "uppercase", "lowercase")


def test_recordings_and_annotations_that_are_missing_are_left_out_and_said(salami):
    (gone,) = read_salami(salami).findings
    assert gone.startswith("1 of 3 recordings are missing")
    assert "1000.mp3" in gone
    second = read_salami(salami, annotator=2)
    assert second.groups == ["2"]
    assert second.findings == [
        "2 of 3 recordings have no textfile2_functions.txt with boundaries and are left out"
    ]


def test_salami_that_is_not_there_says_what_is_expected(salami, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no annotation\. Expected is SALAMI"):
        read_salami(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"textfile2_lowercase\.txt with boundaries"):
        read_salami(salami, "lowercase", annotator=2)
    for path in (salami / "audio").iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match="none of the 3 recordings is there"):
        read_salami(salami)


def test_a_recording_that_is_there_twice_is_refused(salami):
    (salami / "audio" / "2.wav").write_bytes(b"sound")
    with pytest.raises(ValueError, match="2 is there already"):
        read_salami(salami)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0\tA\nx\tB\n", "line 2: 'x.tB' is not a time and a label"),
        ("0\tA\n\n7\n", "line 3"),
        ("-1\tA\n", "line 1"),
        ("5\tA\n4\tEnd\n", "line 2: 4 s, after 5 s"),
    ],
)
def test_a_line_of_salami_that_cannot_be_read_is_named(tmp_path, text, why):
    path = tmp_path / "textfile1_functions.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"textfile1_functions.txt, {why}"):
        read_boundaries(path)


@pytest.mark.slow
@pytest.mark.parametrize("system", ["roll", "roll_sslm", "note_sslm"])
def test_systems_of_notes_train_two_steps_on_phrases(system, pop909, tmp_path):
    pytest.importorskip("mir_eval")
    pytest.importorskip("librosa")
    from transformers import TrainingArguments

    from symbolic.training.audio import train_audio
    from symbolic.training.audio_arguments import (
        AUDIO_DEFAULTS,
        AudioDataArguments,
        AudioModelArguments,
    )
    from symbolic.training.trainer import FitArguments

    told = {"output_dir": str(tmp_path / "run"), "max_steps": 2, "save_strategy": "no"}
    song = Score(pop909 / "pop909" / "002.mid").shift_pitch(1)  # a copy would be a leak
    song.dump_midi(pop909 / "pop909" / "004.mid")
    (pop909 / "beats" / "004.txt").write_bytes((pop909 / "beats" / "002.txt").read_bytes())
    with (pop909 / "pop909_phrases.csv").open("a", encoding="utf-8") as table:
        table.write(f"004.mid,{SONG},{SONG}\n")
    model = train_audio(
        AudioDataArguments(
            corpus="pop909_structure",
            audio=str(pop909),
            folds=3,
            cache_dir=str(tmp_path / "cache"),
            workers=0,
        ),
        AudioModelArguments(system=system, width=1 / 8, seconds=10.0, threshold_share=0.5),
        FitArguments(),
        TrainingArguments(**{**AUDIO_DEFAULTS, **told, "use_cpu": True, "disable_tqdm": True}),
    )
    assert model.config.front_end.from_notes
    assert model.config.thresholds["boundary"]
    assert (tmp_path / "run" / "predictions.csv").is_file()
