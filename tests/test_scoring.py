"""Files in, one row per file out."""

import re

import numpy as np
import pandas as pd
import pretty_midi
import pytest
import torch

from symbolic.configuration import SymbolicConfig
from symbolic.data import window_starts
from symbolic.features import features
from symbolic.modeling import SymbolicModel
from symbolic.notes import note_table, read_notes
from symbolic.notes.keys import KEY_NAMES
from symbolic.scoring.emotion import COLUMNS, EmotionScorer
from symbolic.tasks import KEY
from symbolic.tokenizers import CPTokenizer

DOCUMENTED = [
    *("path", "quadrant", "confidence", "q1", "q2", "q3", "q4", "valence", "arousal"),
    *("valence_strength", "arousal_strength", "familiarity", "key", "key_confidence"),
    *("mean_velocity", "notes", "seconds", "error"),
]
MEASURES = ["valence_strength", "arousal_strength", "familiarity"]
PROBABILITIES = ["q1", "q2", "q3", "q4"]
NUMBERS = [*PROBABILITIES, "confidence", "valence", "arousal", "key_confidence", "seconds"]
BAD = b"no music"


@pytest.fixture(scope="module")
def pieces(midi_bytes, tune):
    """Ten pieces of 3 to 200 notes, some longer than the model's window of 64."""
    lengths = (3, 200, 40, 64, 65, 8, 130, 20, 1, 90)
    return [
        midi_bytes(tune(n, tonic=48 + i, velocity=30 + 6 * i), tempos=[(0, 60 + 15 * i)])
        for i, n in enumerate(lengths)
    ]


@pytest.fixture(scope="module")
def table(pieces, tiny_scorer):
    return tiny_scorer.score(pieces, workers=0)


def assert_same_rows(one, other):
    one, other = one.reset_index(drop=True), other.reset_index(drop=True)
    assert np.allclose(one[NUMBERS], other[NUMBERS], atol=1e-4)
    assert one["notes"].tolist() == other["notes"].tolist()


def test_the_columns_are_those_that_are_documented(table):
    assert list(table.columns) == DOCUMENTED == list(COLUMNS)
    for name in DOCUMENTED:
        assert name in EmotionScorer.columns.__doc__


def test_quadrant_probabilities_sum_to_one_and_the_largest_is_the_answer(table):
    assert np.allclose(table[PROBABILITIES].sum(axis=1), 1)
    assert (table[PROBABILITIES].max(axis=1) == table["confidence"]).all()
    largest = table[PROBABILITIES].astype(float).idxmax(axis=1).str.upper()
    assert (largest == table["quadrant"]).all()


def test_valence_and_arousal_follow_from_the_quadrants(table):
    assert np.allclose(table["valence"], table.q1 + table.q4 - table.q2 - table.q3)
    assert np.allclose(table["arousal"], table.q1 + table.q2 - table.q3 - table.q4)
    assert table[["valence", "arousal"]].abs().to_numpy().max() <= 1


def test_a_key_is_written_with_the_case_of_its_mode(table):
    assert table["key"].isin(KEY_NAMES).all()
    assert {"C major", "a minor"} < set(KEY_NAMES)
    assert all(re.fullmatch(r"[A-G][b#]? major|[a-g][b#]? minor", key) for key in table["key"])
    assert table["key_confidence"].between(1 / 24, 1).all()


def test_pieces_get_different_answers(table):
    assert table["q1"].nunique() == len(table)


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_batch_size_changes_nothing(batch_size, pieces, table, tiny_scorer):
    assert_same_rows(tiny_scorer.score(pieces, batch_size=batch_size, workers=0), table)


def test_order_changes_nothing(pieces, table, tiny_scorer):
    assert_same_rows(tiny_scorer.score(pieces[::-1], workers=0), table[::-1])


def test_company_changes_nothing(pieces, table, tiny_scorer):
    alone = [tiny_scorer.score([piece], workers=0) for piece in pieces]
    assert_same_rows(pd.concat(alone), table)
    among_bad = tiny_scorer.score([BAD, pieces[1], BAD, pieces[2], BAD], workers=0)
    assert_same_rows(among_bad.iloc[[1, 3]], table.iloc[[1, 2]])
    assert list(among_bad["error"] == "") == [False, True, False, True, False]


def test_more_pieces_than_are_read_ahead_keep_their_rows(pieces, table, tiny_scorer, monkeypatch):
    monkeypatch.setattr(EmotionScorer, "ahead", 3)
    monkeypatch.setattr("symbolic.notes.pool.FILES_AHEAD", 2)
    assert_same_rows(tiny_scorer.score(pieces, workers=1), table)


@pytest.mark.parametrize("workers", [1, 2, None])
def test_the_number_of_workers_changes_nothing(workers, pieces, table, tiny_scorer):
    pd.testing.assert_frame_equal(tiny_scorer.score(pieces, workers=workers), table)


def test_a_long_piece_is_the_mean_of_its_windows(pieces, table, tiny_scorer):
    tokenizer, model = tiny_scorer.tokenizer, tiny_scorer.model
    notes = tokenizer.emitted(read_notes(pieces[1]))
    ids = tokenizer.note_ids(notes)
    starts = window_starts(len(ids), model.config.window).tolist()
    assert starts == [0, 32, 64, 96, 128, 136]
    whole = torch.from_numpy(features(notes, model.config.feature_names)).float()[None]
    windows = []
    with torch.inference_mode():
        for start in starts:
            window = torch.from_numpy(ids[start : start + 64])[None]
            logits = model(input_ids=window, features=whole).logits["emotion"]
            cooled = logits.double() / model.config.temperatures["emotion"]
            windows.append(cooled.softmax(dim=-1).numpy()[0])
    expected = np.mean(windows, axis=0)
    assert np.allclose(table.loc[1, PROBABILITIES].astype(float), expected, atol=1e-5)
    assert np.ptp(windows, axis=0).max() > 1e-3  # else any one of them would have done


def test_what_is_counted_and_timed_is_what_was_scored(midi_bytes, tiny_scorer):
    twice = [(0, 480, 60, 40), (0, 960, 60, 80), (480, 480, 64, 100)]
    drums = [(0, 9600, 36, 127)]
    row = tiny_scorer.score([midi_bytes(twice, drums, drums=[1])], workers=0).iloc[0]
    assert row["notes"] == 2
    assert row["mean_velocity"] == 90
    assert row["seconds"] == pytest.approx(1.0)


def test_mean_velocity_is_missing_where_there_are_no_dynamics(midi_bytes, tiny_scorer):
    plain = midi_bytes([(0, 480, 60, 64), (480, 480, 64, 64)])
    table = tiny_scorer.score([plain, plain], workers=0)
    assert table["mean_velocity"].isna().all()
    assert (table["error"] == "").all()


def test_a_bad_file_has_only_a_path_and_an_error(tiny_scorer, tmp_path, write_midi, tune):
    good = write_midi(tmp_path / "a.mid", tune())
    table = tiny_scorer.score([good, tmp_path / "missing.mid"], workers=0)
    assert table.loc[0, "error"] == ""
    assert table.loc[0].drop(["error", *MEASURES]).notna().all()
    assert table[MEASURES].isna().all(axis=None)  # a model of notes has none
    assert table.loc[1, ["path", "error"]].tolist() == [
        str(tmp_path / "missing.mid"),
        "no such file",
    ]
    assert table.loc[1].drop(["path", "error"]).isna().all()
    assert str(table["notes"].dtype) == "Int64"


def test_a_table_of_bad_files_has_the_types_of_a_table_of_good_ones(table, tiny_scorer):
    bad = tiny_scorer.score([BAD, BAD], workers=0)
    assert list(bad.columns) == list(table.columns)
    assert bad["error"].str.startswith("neither").all()
    for name in [*NUMBERS, "notes", "mean_velocity"]:
        assert bad[name].dtype == table[name].dtype, name


def test_nothing_to_score_is_an_empty_table(tiny_scorer, tmp_path):
    for sources in ([], tmp_path):
        table = tiny_scorer.score(sources, workers=0)
        assert len(table) == 0
        assert list(table.columns) == DOCUMENTED


@pytest.fixture
def folder(tmp_path, write_midi, tune):
    for name in ("b.mid", "A.MID", "c.Midi", ".hidden.mid", "deep/d.kar", "deep/er/e.mid"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write_midi(tmp_path / name, tune())
    (tmp_path / ".cache").mkdir()
    write_midi(tmp_path / ".cache" / "f.mid", tune())
    (tmp_path / "notes.txt").write_text("not music, and not named like it")
    (tmp_path / "folder.mid").mkdir()
    return tmp_path


def names(table, folder):
    return [path.removeprefix(f"{folder}/") for path in table["path"]]


def test_folders_are_searched_to_the_bottom_in_sorted_order(folder, tiny_scorer):
    table = tiny_scorer.score(folder, workers=0)
    assert names(table, folder) == ["A.MID", "b.mid", "c.Midi", "deep/d.kar", "deep/er/e.mid"]
    assert (table["error"] == "").all()


def test_folders_are_searched_on_top_only_where_asked(folder, tiny_scorer):
    table = tiny_scorer.score(folder, recursive=False, workers=0)
    assert names(table, folder) == ["A.MID", "b.mid", "c.Midi"]


def test_a_file_that_is_named_is_scored_whatever_it_is_called(folder, tiny_scorer):
    (folder / "tune").write_bytes((folder / "b.mid").read_bytes())
    table = tiny_scorer.score([folder / "tune", str(folder / ".hidden.mid")], workers=0)
    assert names(table, folder) == ["tune", ".hidden.mid"]
    assert (table["error"] == "").all()


def test_files_and_folders_keep_the_order_they_were_named_in(folder, tiny_scorer):
    table = tiny_scorer.score(iter([folder / "deep", folder / "b.mid"]), workers=0)
    assert names(table, folder) == ["deep/d.kar", "deep/er/e.mid", "b.mid"]


def test_a_loop_of_links_ends(folder, tiny_scorer):
    (folder / "deep" / "up").symlink_to(folder)
    assert len(tiny_scorer.score(folder, workers=0)) == 5


def test_objects_are_scored_like_the_files_they_come_from(midi_score, tune, tiny_scorer, tmp_path):
    score = midi_score(tune())
    path = tmp_path / "tune.mid"
    path.write_bytes(score.dumps_midi())
    sources = [path, path.read_bytes(), score, pretty_midi.PrettyMIDI(str(path)), read_notes(path)]
    table = tiny_scorer.score(sources, workers=1)
    assert np.allclose(table[PROBABILITIES], table.loc[0, PROBABILITIES].astype(float), atol=1e-4)
    assert table["path"].tolist()[1] == "<bytes 1>"
    assert table["path"].tolist()[4] == "<NoteTable 4>"
    alone = tiny_scorer.score(score, workers=0)
    assert len(alone) == 1


def test_a_stream_is_scored_and_an_empty_one_gets_an_error(tiny_scorer):
    from music21 import converter, stream

    tune = converter.parse("tinynotation: 4/4 c4 d e f g2 c2")
    table = tiny_scorer.score([tune, stream.Score()], workers=0)
    assert (table.loc[0, "notes"], table.loc[0, "error"]) == (6, "")
    assert table.loc[1, "error"] == "no notes"


def test_what_is_no_source_at_all_is_a_type_error(tiny_scorer):
    with pytest.raises(TypeError):
        tiny_scorer.score(3, workers=0)


def test_one_note_is_enough(tiny_scorer):
    table = tiny_scorer.score(note_table([0], [0], [0], [1]), workers=0)
    assert table.loc[0, "error"] == ""
    assert np.isfinite(table.loc[0, PROBABILITIES].astype(float)).all()


def tiny_config(tokenizer, **changes):
    values = {
        "backbone_config": {
            "model_type": "bert",
            "vocab_size": 1,
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 16,
            "max_position_embeddings": 16,
        },
        "vocab_sizes": tokenizer.vocab_sizes,
        "pad_ids": tokenizer.pad_ids,
        "mask_ids": tokenizer.mask_ids,
        "window": 16,
    }
    return SymbolicConfig(**{**values, **changes})


def test_a_model_without_an_emotion_task_is_refused(tmp_path):
    tokenizer = CPTokenizer()
    model = SymbolicModel(tiny_config(tokenizer, tasks=[KEY]))
    with pytest.raises(ValueError, match="no emotion task"):
        EmotionScorer(model, tokenizer)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="no emotion task"):
        EmotionScorer.from_pretrained(tmp_path)


def test_a_model_of_another_tokenizer_is_refused():
    model = SymbolicModel(tiny_config(CPTokenizer(time_bins=24)))
    with pytest.raises(ValueError, match="another tokenizer"):
        EmotionScorer(model, CPTokenizer())


def test_a_saved_scorer_says_the_same_to_the_last_bit(
    tiny_scorer, tiny_model_folder, pieces, table
):
    loaded = EmotionScorer.from_pretrained(tiny_model_folder)
    weights = loaded.model.state_dict()
    for name, weight in tiny_scorer.model.state_dict().items():
        assert torch.equal(weights[name], weight), name
    assert not loaded.model.training
    pd.testing.assert_frame_equal(loaded.score(pieces, workers=0), table, check_exact=True)


@pytest.mark.parametrize("model_type", [None, "bert"])
def test_a_folder_without_a_model_of_this_kind_is_refused(model_type, tmp_path):
    if model_type:
        (tmp_path / "config.json").write_text(f'{{"model_type": "{model_type}"}}')
    with pytest.raises((OSError, ValueError)):
        EmotionScorer.from_pretrained(tmp_path)
