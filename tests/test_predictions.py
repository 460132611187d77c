"""Predictions of pieces as rows, and what a run leaves behind."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch

import symbolic
from symbolic.data import Piece, TokenDataset, tokens_of
from symbolic.inference.note_predictions import note_totals, predictions
from symbolic.inference.prediction import predict
from symbolic.inference.prediction_table import columns_of, score_texts, write_predictions
from symbolic.notes import read_notes
from symbolic.tasks import EMOTION, IGNORE, KEY, QUADRANTS, VALENCE_AROUSAL, VELOCITY, Task
from symbolic.tokenizers import build_tokenizer
from symbolic.training.build import ShapeArguments, build_model

PROBABILITIES = columns_of(EMOTION)
FEATURES = ["pitch_mean", "bass_mean"]


def make(tokens, tasks="emotion,key,velocity", features=()):
    torch.manual_seed(0)
    arguments = ShapeArguments(
        hidden_size=16, layers=1, heads=2, field_embedding_size=8, window=32, tasks=tasks
    )
    return build_model(tokens.vocabulary, arguments, features)


@pytest.fixture(scope="module")
def tokens(token_tunes):
    """Six tunes of three songs, longer than a window and not; the last one without a quadrant."""
    tokens = token_tunes(count=6, n=20, spread=30)
    labels = {**tokens.labels, "emotion": tokens.labels["emotion"].copy()}
    labels["emotion"][-1] = IGNORE
    return replace(tokens, labels=labels)


def test_a_row_says_what_is_known_and_what_is_predicted_of_a_piece(tokens):
    rows = predictions(make(tokens), tokens, fold=3, seed=1)
    assert len(rows) == 6
    assert list(rows[0]) == [
        "corpus", "file", "group", "fold", "seed", "emotion", "emotion predicted", *PROBABILITIES,
        "key", "key predicted", *columns_of(KEY), "velocity correct", "velocity notes",
    ]  # fmt: skip
    for i, row in enumerate(rows):
        assert (row["corpus"], row["file"], row["group"]) == ("tunes", f"{i}.mid", f"song{i // 2}")
        assert (row["fold"], row["seed"]) == (3, 1)
        assert row["key"] == KEY.labels[tokens.labels["key"][i]]
        assert row["emotion"] == (None if i == 5 else QUADRANTS[i % 4])
        assert sum(row[name] for name in PROBABILITIES) == pytest.approx(1)
        best = np.argmax([row[name] for name in PROBABILITIES])
        assert row["emotion predicted"] == QUADRANTS[best]
        assert row["key predicted"] in KEY.labels
        assert 0 <= row["velocity correct"] <= row["velocity notes"]


def test_rows_have_only_what_the_model_answers(tokens):
    (row,) = predictions(make(tokens, "key"), tokens, [2])
    assert list(row) == [
        "corpus",
        "file",
        "group",
        "emotion",
        "key",
        "key predicted",
        *columns_of(KEY),
    ]
    assert row["emotion"] == "Q3"
    assert predictions(make(tokens, "key"), tokens, []) == []


def test_pieces_come_in_the_order_that_was_asked_for(tokens):
    model = make(tokens)
    whole = predictions(model, tokens)
    some = predictions(model, tokens, np.array([4, 0, 3]))
    assert [row["file"] for row in some] == ["4.mid", "0.mid", "3.mid"]
    for row, i in zip(some, (4, 0, 3), strict=True):
        for name in PROBABILITIES:
            assert row[name] == pytest.approx(whole[i][name], abs=1e-4)
        assert row["velocity notes"] > 0


def test_windows_are_averaged_as_the_scorer_averages_them(tune, midi_score):
    tokenizer = build_tokenizer("cp-performance")
    tables = [read_notes(midi_score(tune(n, 50 + n % 7))) for n in (20, 33, 100, 70)]
    pieces = [Piece(f"{i}.mid", str(i)) for i in range(4)]
    tokens = tokens_of(pieces, tables, tokenizer, FEATURES)
    model = make(tokens, "emotion,key", FEATURES)
    rows = predictions(model, tokens)
    expected = predict(model, tables, tokenizer)
    found = np.array([[row[name] for name in PROBABILITIES] for row in rows])
    np.testing.assert_allclose(found, expected["emotion"], atol=1e-5)
    assert [KEY.labels.index(row["key predicted"]) for row in rows] == expected["key"].argmax(
        axis=1
    ).tolist()


def test_features_that_the_file_lacks_are_named(tokens):
    with pytest.raises(ValueError, match="without the features pitch_mean, bass_mean"):
        predictions(make(tokens, "emotion", FEATURES), tokens)


@pytest.mark.parametrize("name", ["cp-performance", "cp-midibert"])
def test_only_velocities_that_cannot_be_seen_are_asked(name, token_tunes):
    tokens = token_tunes(name, count=4, n=30, spread=20)
    model = make(tokens)
    right, asked = note_totals(model, VELOCITY, tokens, [2, 0, 3])
    windows = TokenDataset(tokens, 32, [2, 0, 3], every=True)
    for place, piece in enumerate((2, 0, 3)):
        numbers = np.flatnonzero(windows.piece == piece)
        if tokens.vocabulary.shows_velocity:
            column = tokens.vocabulary.field_names.index("Velocity")
            hidden = tokens.vocabulary.mask_ids[column]
            masked = [
                np.flatnonzero(windows[i]["input_ids"][:, column] == hidden) + windows.starts[i]
                for i in numbers
            ]
            expected = len(np.unique(np.concatenate(masked)))
            assert 0 < expected < tokens.lengths[piece] / 2
        else:
            expected = tokens.lengths[piece]
        assert asked[place] == expected
    assert (right <= asked).all()
    again = note_totals(model, VELOCITY, tokens, [2, 0, 3], batch_size=1)
    assert np.array_equal(again[1], asked)  # the same notes are always hidden


def test_a_model_that_always_says_one_dynamic_is_right_where_it_is_played(token_tunes):
    tokens = token_tunes("cp-midibert", count=4, n=20, spread=2)
    model = make(tokens)
    said = int(np.bincount(tokens.velocity).argmax())
    with torch.no_grad():
        model.heads["velocity"].classifier[-1].weight.zero_()
        model.heads["velocity"].classifier[-1].bias.copy_(torch.eye(6)[said])
    right, asked = note_totals(model, VELOCITY, tokens, range(4))
    for i in range(4):
        cut = slice(*tokens.offsets[i : i + 2])
        assert right[i] == (tokens.velocity[cut] == said).sum() > 0
        assert asked[i] == len(tokens.ids_of(i))


def test_music_without_dynamics_is_not_asked_for_them(tokens):
    nothing = np.full_like(tokens.velocity, IGNORE)
    plain = replace(tokens, token_labels={"velocity": nothing})
    for row in predictions(make(plain), plain):
        assert row["velocity notes"] == row["velocity correct"] == 0


def test_valence_and_arousal_stand_beside_what_is_predicted_of_them(token_tunes):
    tokens = token_tunes(count=2)
    values = np.array([[1.0, -0.5], [np.nan, np.nan]], np.float32)
    tokens = replace(tokens, labels={**tokens.labels, "valence_arousal": values})
    first, second = predictions(make(tokens, "valence_arousal"), tokens)
    true = [f"true {name}" for name in columns_of(VALENCE_AROUSAL)]
    assert [first[name] for name in true] == [1.0, -0.5]
    assert [second[name] for name in true] == [None, None]
    assert np.isfinite(
        [[row[name] for name in columns_of(VALENCE_AROUSAL)] for row in (first, second)]
    ).all()
    assert "emotion predicted" not in first


def test_a_model_goes_on_training_where_it_was(tokens):
    for training in (True, False):
        model = make(tokens).train(training)
        predictions(model, tokens, [0])
        assert model.training == training


def test_tables_are_written_and_read_back(tokens, tmp_path):
    rows = predictions(make(tokens), tokens, fold=0)
    rows[1]["group"] = 'a "song", with\nall that é ♭'
    rows[2]["more"] = 0.5
    write_predictions(rows, tmp_path / "predictions.csv")
    with open(tmp_path / "predictions.csv", newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert list(found[0]) == [*rows[0], "more"]
    for row, back in zip(rows, found, strict=True):
        for name in back:
            value = row.get(name)
            assert back[name] == ("" if value is None else str(value))  # floats to the last digit
    assert found[5]["emotion"] == ""
    assert found[0]["more"] == ""


def test_a_note_in_two_windows_counts_once(token_tunes):
    tokens = token_tunes("ferreira", count=3, n=50, spread=20)
    assert (tokens.lengths > 32).all()
    correct, notes = note_totals(make(tokens), VELOCITY, tokens, range(3))
    for piece in range(3):
        labelled = tokens.velocity[slice(*tokens.offsets[piece : piece + 2])] != IGNORE
        assert 0 < notes[piece] <= labelled.sum()
    assert (correct <= notes).all()


def test_notes_are_predicted_by_name_in_the_order_of_the_tokenizer(tune, midi_score):
    tokenizer = build_tokenizer("cp-midibert")
    tables = [read_notes(midi_score(tune(n, 50))) for n in (20, 70)]
    tokens = tokens_of([Piece(f"{i}.mid", str(i)) for i in range(2)], tables, tokenizer)
    model = make(tokens)
    found = symbolic.predict_notes(model, tables, tokenizer, batch_size=1)
    assert list(found) == ["velocity"]
    correct, notes = note_totals(model, VELOCITY, tokens, range(2))
    for piece, values in enumerate(found["velocity"]):
        assert values.shape == (len(tokenizer.emitted(tables[piece])), len(VELOCITY.labels))
        np.testing.assert_allclose(values.sum(axis=1), 1)
        true = tokens.velocity[slice(*tokens.offsets[piece : piece + 2])]
        assert (values.argmax(axis=1) == true).sum() == correct[piece]
        assert len(values) == notes[piece]


def test_predicted_velocities_do_not_depend_on_those_of_the_piece(tune, midi_score):
    tokenizer = build_tokenizer("cp-performance")
    table = read_notes(midi_score(tune(40, 50)))
    loud = read_notes(midi_score([(*note[:3], 127 - note[3]) for note in tune(40, 50)]))
    model = make(tokens_of([Piece("a.mid", "a")], [table], tokenizer))
    one, other = symbolic.predict_notes(model, [table, loud], tokenizer)["velocity"]
    np.testing.assert_allclose(one, other, atol=1e-6)
    assert len(one) == len(tokenizer.emitted(table)) == 40


def test_a_model_without_a_task_of_notes_predicts_none(tokens, tune, midi_score):
    table = read_notes(midi_score(tune(8)))
    with pytest.raises(ValueError, match="no task of single notes"):
        symbolic.predict_notes(make(tokens, "key"), [table], build_tokenizer("cp-performance"))


def test_scores_of_pieces_and_notes_are_written_for_people():
    steps = Task("steps", "token", "regression", ("semitones",))
    rows = [
        {"key": "C major", "key predicted": "C major", "velocity notes": 30, "velocity correct": 9,
         "steps notes": 4, "steps squared error": 16.0},
        {"key": "a minor", "key predicted": "C major", "velocity notes": 10, "velocity correct": 1},
    ]  # fmt: skip
    assert score_texts([KEY], rows, ["key"]) == ["agreement with the estimated key 0.500"]
    assert score_texts([EMOTION, KEY, VELOCITY, steps], rows) == [
        "accuracy of key 0.500",
        "accuracy of velocity 0.250 over 40 notes",
        "rmse of steps 2.000 over 4 notes",
    ]
