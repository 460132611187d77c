"""A task of one's own for each note: an entry in `TASKS`, from training to its figures."""

import json

import numpy as np
import pandas as pd
import pytest

from symbolic.commands.evaluate import main as evaluate
from symbolic.commands.train import main as train
from symbolic.data import DataArguments
from symbolic.evaluation.comparison import compare
from symbolic.evaluation.evaluator import MODEL
from symbolic.evaluation.evaluator import evaluate as evaluated
from symbolic.evaluation.summary import summarise
from symbolic.inference.prediction_table import read_predictions
from symbolic.tasks import TASKS, Task

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
