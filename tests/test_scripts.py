"""Every script and the commands of the same names, from the user's words to the user's files."""

import json
import re
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModel, pipeline

from symbolic import EmotionScorer, cli
from symbolic.data.audit.fingerprints import Fingerprints
from symbolic.features import FEATURE_NAMES
from symbolic.sweep.bundle import load_bundle
from symbolic.sweep.grid import SYSTEMS

pytestmark = pytest.mark.slow  # of real runs, as they are

TINY = ["--hidden_size", "16", "--layers", "1", "--heads", "2", "--field_embedding_size", "8",
        "--window", "64", "--training_window", "64", "--num_train_epochs", "1", "--use_cpu", "True",
        "--disable_tqdm", "True", "--per_device_train_batch_size", "8"]  # fmt: skip


@pytest.fixture
def script(root, monkeypatch, capsys):
    """Run a script; its exit status and what it printed."""

    def run(name, *words) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            runpy.run_path(str(root / "scripts" / f"{name}.py"), run_name="__main__")
        printed = capsys.readouterr()
        return stopped.value.code, printed.out + printed.err

    return run


@pytest.fixture(scope="module")
def music(emopia, tmp_path_factory) -> Path:
    """A labelled folder, as a user has it."""
    folder = tmp_path_factory.mktemp("my-music")
    clips = pd.read_csv(emopia / "clips.csv")
    for file in clips["file"]:
        shutil.copy(emopia / "midi" / file, folder)
    table = clips.rename(columns={"file": "path", "song": "group"})[["path", "group", "quadrant"]]
    table.to_csv(folder / "labels.csv", index=False)
    return folder


def test_a_folder_with_a_table_becomes_a_model_in_four_commands(music, tmp_path, capsys):
    model, hub = tmp_path / "mine", tmp_path / "hub"
    said = {}
    for words in (
        ["audit", music],
        ["train", "--labelled", music, "--hold_out", "labelled-0", "--output_dir", model, *TINY],
        ["evaluate", model, "--labelled", music, "--baselines", "extra_trees,logistic"],
        ["push", model, "me/mine", "--dry-run", "--output", hub],
    ):
        status = cli.main(list(map(str, words)))
        said[words[0]] = capsys.readouterr().out
        assert status == 0, said[words[0]]
    assert "no leak" in said["audit"]
    assert "emotion of 48: Q1 12, Q2 12, Q3 12, Q4 12" in said["audit"]
    held = int(re.search(r"held out labelled-0: (\d+) pieces", said["train"])[1])
    assert f"labelled-0: {held} pieces" in said["evaluate"]
    assert "| model |" in said["evaluate"]
    assert "| extra_trees |" in said["evaluate"]
    metrics = json.loads((model / "metrics.json").read_text())
    assert metrics["pieces"] == held
    assert metrics["leaks"] is False
    assert 0 <= metrics["robustness"]["transposition"] <= 1
    assert (model / "confusion.png").stat().st_size > 1000
    assert (hub / "README.md").read_text().count(f"{metrics['scores']['accuracy']:.3f}")
    file = music / "Q1_song0_0.mid"
    saved, published = (AutoModel.from_pretrained(folder).state_dict() for folder in (model, hub))
    assert all(torch.equal(value, saved[name]) for name, value in published.items())
    best = pipeline("music-emotion", model=str(hub))(str(file))[0]
    scored = EmotionScorer.from_pretrained(model).score(file, workers=0).loc[0]
    assert best["label"] == scored["quadrant"]
    assert best["score"] == pytest.approx(scored["confidence"], abs=1e-6)


def test_folds_are_pooled_and_reported(script, emopia, tmp_path):
    for fold in (0, 1):
        words = ["--emopia", emopia, "--hold_out", f"emopia-song-{fold}", "--folds", 3]
        output = tmp_path / f"fold-{fold}"
        assert (
            script("train", *words, "--tasks", "emotion,key", "--output_dir", output, *TINY)[0] == 0
        )
    report = tmp_path / "report"
    words = [tmp_path / "fold-0", tmp_path / "fold-1", "--emopia", emopia, "--no_robustness"]
    status, said = script("evaluate", *words, "--baselines", "logistic", "--output_dir", report)
    assert status == 0, said
    assert "emopia-song-0, emopia-song-1: 32 pieces, 16 groups" in said
    metrics = json.loads((report / "model" / "metrics.json").read_text())
    assert metrics["folds"] == 2
    assert len(metrics["over_folds"]["accuracy"]) == 2
    assert "key_mirex" in metrics["scores"]
    assert {file.name for file in (report / "logistic").iterdir()} >= {
        "metrics.json", "confusion.csv", "confusion.png"
    }  # fmt: skip
    again = script("evaluate", tmp_path / "fold-0", tmp_path / "fold-0", "--emopia", emopia)
    assert again[0] == 2
    assert "leak" in again[1]


def test_a_grid_is_trained_elsewhere_and_comes_back(script, emopia, tmp_path):
    here, there, grid = tmp_path / "here", tmp_path / "there", tmp_path / "grid.zip"
    systems = ["midibert", "hybrid-lstm", "logistic"]
    words = ["--emopia", emopia, "--protocols", "emopia-song", "--folds", 3, "--size", "tiny",
             "--systems", ",".join(systems), "--cache_dir", tmp_path / "cache"]  # fmt: skip
    status, said = script("sweep", *words, "--export", grid, "--output_dir", here)
    assert status == 0, said
    assert "9 cells" in said
    tokens = load_bundle(grid).corpora["emopia"]
    # Features are those of all notes, whatever tokens happen to be in the grid.
    assert {name: len(one.feature_names) for name, one in tokens.items()} == {
        "cp-midibert": 0, "cp-performance": len(FEATURE_NAMES)
    }  # fmt: skip
    status, said = script(
        "sweep", "--grid", grid, "--output_dir", there, "--no_baselines", "--use_cpu"
    )
    assert status == 0, said
    assert len(pd.read_csv(there / "results.csv")) == 6
    status, said = script("sweep", "--grid", grid, "--output_dir", here, "--import", there)
    assert status == 0, said
    assert "6 cells taken over" in said
    status, said = script("sweep", "--grid", grid, "--output_dir", here, "--use_cpu")
    assert status == 0, said
    assert len(re.findall(r"^logistic--tiny--\S+: accuracy", said, re.MULTILINE)) == 3
    assert "midibert--tiny" not in said  # that was done there
    table = (here / "results.md").read_text()
    assert all(f"| {SYSTEMS[name].title} |" in table for name in systems)
    assert "48 pieces of 24 groups" in table


def test_tokens_are_made_with_features_and_trained_from(script, music, tmp_path):
    tokens = tmp_path / "tokens.npz"
    words = [tokens, "--labelled", music, "--hold_out", "labelled-1", "--features", "core"]
    assert script("make_tokens", *words, "--cache_dir", tmp_path / "cache")[0] == 0
    words = ["--tokens", tokens, "--held_out_split", "held_out", "--output_dir", tmp_path / "model"]
    status, said = script("train_tokens", *words, *TINY)
    assert status == 0, said
    model = AutoModel.from_pretrained(tmp_path / "model")
    assert len(model.config.feature_names) == 99
    status, said = script("evaluate", tmp_path / "model")
    assert status == 0, said
    assert "split held_out of tokens" in said


def test_keys_are_compared_by_the_script(script, music, tiny_model_folder, tmp_path):
    rows = [{"file": f"Q1_song{song}_0.mid", "key": "C major"} for song in (0, 4)]
    pd.DataFrame(rows).to_csv(tmp_path / "keys.csv", index=False)
    status, said = script(
        "evaluate_keys", tmp_path / "keys.csv", music, "--model", tiny_model_folder
    )
    assert status == 0, said
    assert re.search(r"profiles_mirex: \d\.\d{3}", said)


def test_fingerprints_of_a_model_saved_without_them_are_those_of_training(emopia, tmp_path, script):
    model, copies = tmp_path / "model", tmp_path / "copies"
    status, said = script("train", "--emopia", emopia, "--output-dir", model, *TINY)
    assert status == 0, said
    file = model / "training_pieces.npz"
    trained = Fingerprints.load(file).arrays()
    file.unlink()
    copies.mkdir()
    rows = ["path,quadrant,split"]
    for i, clip in enumerate(sorted((emopia / "midi").glob("*.mid"))[::4]):
        shutil.copy(clip, copies / f"copy {i}.mid")
        rows.append(f"copy {i}.mid,Q{1 + i % 4},{'val' if i % 2 else 'train'}")
    (copies / "labels.csv").write_text("\n".join(rows))
    script("fingerprint_pieces", model, "--emopia", emopia)
    again = Fingerprints.load(file).arrays()
    assert {name for name in trained if not np.array_equal(trained[name], again[name])} == set()
    words = ["--labelled", copies, "--hold-out", "labelled-val", "--output-dir", tmp_path / "next"]
    status, said = script("train", "--pretrained", model, *words, *TINY)
    assert status == 2
    assert f"held-out pieces are in the training data of {model}" in said
    assert "(same content)" in said


def test_fingerprints_need_the_corpora_of_the_record(emopia, vgmidi_folder, script, tmp_path):
    script("train", "--emopia", emopia, "--output-dir", tmp_path, *TINY)
    status, said = script("fingerprint_pieces", tmp_path, "--vgmidi", vgmidi_folder)
    assert (status, "18 groups of the record are in no corpus given: emopia" in said) == (2, True)
