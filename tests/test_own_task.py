"""A task of one's own for each note: an entry in `TASKS`, from training to its figures."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from symbolic.commands.evaluate import main as evaluate
from symbolic.commands.score import main as score
from symbolic.commands.train import main as train
from symbolic.commands.train_tokens import main as train_tokens
from symbolic.data import DataArguments, TokenVocabulary, save_tokens
from symbolic.evaluation.comparison import compare
from symbolic.evaluation.evaluator import MODEL
from symbolic.evaluation.evaluator import evaluate as evaluated
from symbolic.evaluation.summary import summarise
from symbolic.inference.prediction_table import read_predictions
from symbolic.tasks import TASKS, Task
from symbolic.tokenizers import build_tokenizer
from symbolic.training.build import ShapeArguments, build_model

WORDS = ["--hidden_size", "16", "--layers", "1", "--heads", "2", "--field_embedding_size", "8",
         "--window", "64", "--training_window", "32", "--max_steps", "20", "--use_cpu", "True",
         "--disable_tqdm", "True", "--learning_rate", "1e-2", "--warmup_steps", "0"]  # fmt: skip


def register(notes):
    return np.clip((notes.pitch - 48) // 12, 0, 2)


def black_or_high(notes):
    return np.stack([np.isin(notes.pitch % 12, (1, 3, 6, 8, 10)), notes.pitch > 60], axis=1) * 1.0


def height(notes):
    return ((notes.pitch - 60) / 12.0)[:, None]


OWN = (
    Task("register", "token", "single", ("low", "middle", "high"), label=register),
    Task("colour", "token", "multi", ("black", "high"), label=black_or_high),
    Task("height", "token", "regression", ("octaves",), label=height),
)


@pytest.fixture
def own(monkeypatch):
    for task in OWN:
        monkeypatch.setitem(TASKS, task.name, task)


@pytest.mark.slow
def test_a_new_task_of_notes_is_learnt_and_evaluated(own, emopia, tmp_path, capsys):
    tasks = ["--tasks", "emotion,velocity,register,colour,height"]
    words = ["--emopia", str(emopia), "--output_dir", str(tmp_path / "a")]
    assert train([*words, *WORDS, *tasks]) == 0
    frame = pd.read_csv(tmp_path / "a" / "predictions.csv")
    notes = frame["register notes"]
    assert (notes > 0).all()
    assert (notes == frame["colour notes"]).all()
    assert (notes > frame["velocity notes"]).all()  # of which only masked ones are predicted
    assert (frame["register correct"] <= notes).all()
    found = evaluated([tmp_path / "a"], DataArguments(emopia=str(emopia)), [], False, draws=20)
    summary = found.summaries[MODEL]
    correct = frame["register correct"].sum() / notes.sum()
    assert summary.scores["register: accuracy"] == pytest.approx(correct)
    assert summary.scores["register: accuracy"] > 0.5
    assert 0.5 < summary.scores["colour: accuracy"] < 1
    assert 0 < summary.scores["height: rmse"] < 1
    assert summary.counts["register_notes"] == notes.sum()
    low, high = summary.intervals["register: accuracy"]
    assert low <= summary.scores["register: accuracy"] <= high
    assert evaluate([str(tmp_path / "a"), "--emopia", str(emopia), "--baselines", "none"]) == 0
    assert "register: accuracy" in capsys.readouterr().out
    scores = json.loads((tmp_path / "a" / "metrics.json").read_text())["scores"]
    assert scores["height: rmse"] == pytest.approx(summary.scores["height: rmse"])


def test_tables_of_a_new_task_are_read_and_compared(own, tmp_path):
    rows = [
        {"corpus": "tunes", "file": f"{i}.mid", "group": str(i), "fold": 0, "seed": 0,
         "register notes": 10, "register correct": i, "height notes": 4, "height squared error": 1}
        for i in range(6)
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "rows.csv", index=False)
    frame = read_predictions(tmp_path / "rows.csv")
    scores = summarise(frame, draws=20).scores
    assert scores == {"register: accuracy": 0.25, "height: rmse": 0.5}
    better = frame.assign(**{"register correct": 10.0})
    assert compare(better, frame, 20, task=OWN[0]).difference == 0.75
    wrong = frame.assign(**{"register correct": 11.0})
    with pytest.raises(ValueError, match="more notes are correct"):
        summarise(wrong)
    with pytest.raises(ValueError, match="no column height notes"):
        summarise(frame.drop(columns="height notes"))


def saved(folder, tasks, **shape):
    """Save an untrained model of tasks with its tokenizer."""
    tokenizer = build_tokenizer("cp-score")
    arguments = ShapeArguments(hidden_size=16, layers=1, heads=2, tasks=tasks, **shape)
    build_model(tokenizer, arguments).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("name", ["REMI", "Octuple"])
def test_tokens_without_notes_train_no_task_of_notes(own, name):
    tokenizer = build_tokenizer(name)
    for vocabulary in (tokenizer, TokenVocabulary.of(tokenizer)):
        with pytest.raises(ValueError, match=r"cannot be tied to notes.*leave register out"):
            build_model(vocabulary, ShapeArguments(tasks="emotion,register"))
    build_model(tokenizer, ShapeArguments(tasks="emotion"))


def test_a_token_file_without_labels_of_a_task_trains_none(own, token_tunes, tmp_path, capsys):
    tokens = token_tunes()
    labels = {**tokens.token_labels}
    del labels["register"]
    save_tokens(replace(tokens, token_labels=labels), tmp_path / "tokens.npz")
    words = ["--tokens", str(tmp_path / "tokens.npz"), "--output_dir", str(tmp_path / "run")]
    assert train_tokens([*words, *WORDS, "--tasks", "emotion,register"]) == 2
    assert "no piece to train on has a label of register" in capsys.readouterr().err


def test_features_of_unlabelled_music_train_no_key(write_midi, tune, tmp_path, capsys):
    for number in range(2):
        write_midi(tmp_path / f"{number}.mid", tune(20, 60 + number))
    words = ["--unlabelled", str(tmp_path), "--hold-out", "none", "--features", "all,tonal"]
    words += ["--encoder", "features", "--output_dir", str(tmp_path / "run"), *WORDS]
    assert train([*words, "--tasks", "key"]) == 2
    assert "no piece to train on has a label of key" in capsys.readouterr().err


def test_a_model_of_notes_alone_is_not_for_tables_of_files(own, write_midi, tune, tmp_path, capsys):
    song = str(write_midi(tmp_path / "song.mid", tune(20)))
    model = str(saved(tmp_path / "a", "register,velocity"))
    capsys.readouterr()
    assert score([song, "--model", model]) == 2
    found = capsys.readouterr()
    assert found.err.count("\n") == 1
    assert "predicts register and velocity for single notes" in found.err
    assert "symbolic.predict_notes" in found.err
    assert score([song, "--model", str(saved(tmp_path / "b", "key,velocity"))]) == 0


@pytest.mark.slow
def test_notes_of_long_pieces_count_once(own, write_midi, tune, tmp_path, capsys):
    pieces = []
    for number in range(4):
        write_midi(tmp_path / f"{number}.mid", tune(90, 50 + number))
        pieces.append(f"{number}.mid,Q{number % 2 + 1},{'val' if number == 3 else 'train'}\n")
    (tmp_path / "labels.csv").write_text("path,quadrant,split\n" + "".join(pieces))
    words = ["--labelled", str(tmp_path), "--features", "none", "--tasks", "register", *WORDS]
    for name in ("ferreira", "cp-score"):
        out = str(tmp_path / name)
        options = ["--tokenizer", name, "--output_dir", out, "--hold-out", "labelled-val"]
        assert train([*words, *options]) == 0
        frame = read_predictions(tmp_path / name / "predictions.csv")
        assert frame["register notes"].tolist() == [90]
        share = frame["register correct"].item() / 90
        assert f"accuracy of register {share:.3f} over 90 notes" in capsys.readouterr().out
    none = str(tmp_path / "none")
    assert train([*words, "--output_dir", none, "--hold-out", "none"]) == 0
    assert evaluate([none, "--labelled", str(tmp_path)]) == 2
    assert "this run held nothing out" in capsys.readouterr().err
