"""One evaluation for models of notes and of audio: baselines, robustness, embeddings, reports."""

import json

import numpy as np
import pytest
from transformers import TrainingArguments

from symbolic.commands.evaluate import main as command
from symbolic.commands.evaluate import temperature_text
from symbolic.data import DataArguments
from symbolic.evaluation.evaluator import MODEL, evaluate
from symbolic.evaluation.robustness import frame_perturbations
from symbolic.modeling import SymbolicModel
from symbolic.training.audio import train_audio
from symbolic.training.audio_arguments import AudioDataArguments, AudioModelArguments
from symbolic.training.trainer import FitArguments

MOODS = ("Cluster 1", "Cluster 2", "Cluster 3", "Cluster 4", "Cluster 5")


@pytest.fixture(scope="module")
def moods(tmp_path_factory):
    """Spectrograms of five moods, each with a band of its own, of two artists each."""
    folder = tmp_path_factory.mktemp("moods")
    rng = np.random.default_rng(0)
    frames, rows = {}, ["clip,cluster,mood,artist"]
    for i in range(30):
        level = rng.integers(20, 60, (64, 40)).astype(np.uint8)
        level[12 * (i % 5) : 12 * (i % 5) + 12] += 120
        frames[f"{i:03}"] = level
        rows.append(f"{i:03},{MOODS[i % 5]},word,artist {i}")
    np.savez(folder / "moods_mel.npz", **frames)
    (folder / "moods.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def run(moods, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    data = AudioDataArguments(corpus="moods", audio=str(moods), folds=3, workers=0)
    arguments = AudioModelArguments(system="mel_cnn1d", width=1 / 16, seconds=2.0)
    training = TrainingArguments(
        str(folder), max_steps=2, use_cpu=True, save_strategy="no", report_to=[], disable_tqdm=True
    )
    train_audio(data, arguments, FitArguments(), training)
    return folder


def test_models_of_spectrograms_stand_beside_baselines_on_the_same_folds(run, moods):
    found = evaluate(
        [run], DataArguments(), ["majority", "extra_trees", "svm_lin"], True, draws=50, audio=moods
    )
    assert list(found.frames) == [MODEL, "majority", "extra_trees"]  # svm_lin needs notes
    assert {len(frame) for frame in found.frames.values()} == {10}
    assert found.summaries["extra_trees"].scores["mood: accuracy"] == 1
    assert found.summaries["extra_trees"].intervals["mood: accuracy"] == (1, 1)
    assert set(found.differences) == {MODEL, "majority"}
    assert found.differences["majority"].difference < 0
    front = SymbolicModel.from_pretrained(run).config.front_end
    for name in found.frames:
        perturbed = found.robustness[name]["mood"]
        assert set(perturbed) == set(frame_perturbations(front))
        assert perturbed["gain -6 dB"].pieces == 10
    assert found.robustness["majority"]["mood"]["equaliser ±3 dB"].stays == 1
    assert "mood: gain" in found.summaries[MODEL].robustness


def test_recordings_that_are_missing_are_scored_but_not_predicted_again(run, moods, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    frames = dict(np.load(moods / "moods_mel.npz"))
    lines = (moods / "moods.csv").read_text().splitlines()
    names = list(frames)[:20]
    np.savez(few / "moods_mel.npz", **{name: frames[name] for name in names})
    (few / "moods.csv").write_text("\n".join(lines[:21]) + "\n")
    found = evaluate([run], DataArguments(), ["majority"], True, draws=20, audio=few)
    assert list(found.frames) == [MODEL]
    assert found.summaries[MODEL].pieces == 10
    assert 0 < found.robustness[MODEL]["mood"]["gain -6 dB"].pieces < 10


def test_the_command_writes_the_same_files_for_audio_as_for_notes(run, moods, tmp_path, capsys):
    words = [run, "--audio", moods, "--robustness", "--embeddings", tmp_path / "views.png"]
    words += ["--output-dir", tmp_path / "report", "--baselines", "extra_trees"]
    assert command(list(map(str, words))) == 0
    shown = capsys.readouterr().out
    assert "moods fold-0: 10 recordings" in shown
    assert "accuracy above extra_trees" in shown
    assert "| mood | gain -6 dB |" in shown
    assert "adjusted_rand" in shown
    files = {"metrics.json", "confusion.csv", "confusion.png", "reliability.png"}
    assert files <= {path.name for path in (tmp_path / "report" / "model").iterdir()}
    assert (tmp_path / "views.png").stat().st_size > 1000


def test_a_run_without_its_configuration_is_named(run, tmp_path, capsys):
    (tmp_path / "training.json").write_text((run / "training.json").read_text())
    assert command([str(tmp_path)]) == 2
    assert f"{tmp_path}: no model in the folder: no config.json" in capsys.readouterr().err


def test_inputs_that_are_needed_are_asked_for(run, moods, capsys):
    assert command([str(run), "--robustness"]) == 2
    assert "--audio" in capsys.readouterr().err
    assert command([str(run), "--baselines", "oracle"]) == 2
    assert "no baseline oracle" in capsys.readouterr().err


def test_a_terminal_shows_the_columns_that_fit(run, moods, tmp_path, monkeypatch, capsys):
    words = [run, "--audio", moods, "--no-robustness", "--baselines", "majority,extra_trees"]
    words += ["--output-dir", tmp_path / "report"]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for width, more in ((80, True), (400, False)):
        monkeypatch.setenv("COLUMNS", str(width))
        assert command(list(map(str, words))) == 0
        out = capsys.readouterr().out
        assert "moods fold-0: 10 recordings, 10 groups, 1 run\n" in out
        table = out.split("\n\n")[1].splitlines()
        assert max(map(len, table[:4])) <= width
        assert table[0].startswith("system ")
        assert table[0].endswith("accuracy above extra_trees")
        assert ("more column" in table[-1]) == more
        assert not more or str(tmp_path / "report" / "results.md") in table[-1]
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["baselines"]["extra_trees"]["scores"]["mood: accuracy"] == 1
    assert set(metrics["baselines"]) == {"majority", "extra_trees"}


def test_predictions_of_systems_are_counted_on_a_bar(run, moods, monkeypatch):
    calls = []
    monkeypatch.setattr("symbolic.scoring.progress.NoBar.update", lambda bar, n=1: calls.append(n))
    evaluate([run], DataArguments(), ["majority"], False, draws=5, audio=moods)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("best", "words"), [(4.99, "5 times or more"), (0.2, "0.2 times or less"), (1.3, "1.30 times")]
)
def test_a_temperature_at_the_end_of_the_search_is_said_to_be(best, words):
    assert f"best: {words} the model's" in temperature_text(best)
