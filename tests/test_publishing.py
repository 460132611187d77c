"""Publishing: the files of a model and no others, its card, and the checks before sending."""

import json
import re
import runpy
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load_file, save_file
from transformers import AutoModel, BertConfig, pipeline

from symbolic import CPTokenizer, EmotionScorer, SymbolicModel
from symbolic.data.audit.fingerprints import Fingerprints
from symbolic.encoders import ENCODERS, NoteEncoder
from symbolic.features import FEATURE_NAMES
from symbolic.publishing.card import model_card
from symbolic.publishing.conversion_record import CONVERSION
from symbolic.publishing.hub import FILES, assemble, push
from symbolic.scoring.emotion import DEFAULT_MODEL
from symbolic.scoring.notes import load_model
from symbolic.training.build import ShapeArguments, build_model

RECORD = {
    "data": {"emopia": None, "tunes": "tunes", "hold_out": "tunes-val"},
    "model": {"layers": 1, "tasks": "emotion,key,velocity"},
    "epochs": 2.0,
    "learning_rate": 0.00125,
    "seed": 7,
    "groups": ["tunes: a", "tunes: b", "chorales: a | b"],
}
METRICS = {
    "protocol": "tunes-val",
    "leaks": False,
    "pieces": 123,
    "groups": 45,
    "folds": 5,
    "seeds": [3, 8],
    "scores": {"accuracy": 0.61234, "macro_f1": 0.58765, "calibration_error": 0.04321},
    "intervals": {"accuracy": [0.5111, 0.7222]},
    "over_folds": {"accuracy": [0.6044, 0.0333]},
    "robustness": {"tempo": {"accuracy": 0.5999}, "no dynamics": 0.4888},
}


@pytest.fixture
def run(tiny_model_folder, tmp_path):
    """A training run: the model, its record, and files that are not published."""
    folder = tmp_path / "run"
    shutil.copytree(tiny_model_folder, folder)
    write(folder, "training.json", RECORD)
    Fingerprints().save(folder / "training_pieces.npz")
    (folder / "predictions.csv").write_text("file,predicted\na.mid,Q1\n")
    (folder / "checkpoint-8").mkdir()
    (folder / "checkpoint-8" / "optimizer.pt").write_bytes(b"large")
    return folder


@pytest.fixture
def hub(monkeypatch):
    """A Hub that only records the calls."""
    calls = []

    class Api:
        def __init__(self, token=None):
            calls.append(("token", token))

        def create_repo(self, repo_id, **options):
            calls.append(("create_repo", {"repo_id": repo_id, **options}))
            return SimpleNamespace(repo_id=repo_id if "/" in repo_id else f"me/{repo_id}")

        def create_branch(self, repo_id, **options):
            calls.append(("create_branch", {"repo_id": repo_id, **options}))

        def upload_folder(self, *, folder_path, **options):
            files = {path.name: path.read_bytes() for path in Path(folder_path).iterdir()}
            calls.append(("upload_folder", {"files": files, **options}))

    monkeypatch.setattr("huggingface_hub.HfApi", Api)
    return calls


def write(folder, name, content):
    (folder / name).write_text(json.dumps(content))


def section(card, title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", card, re.M | re.S).group(1)


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_a_dry_run_writes_exactly_what_would_be_sent_and_sends_nothing(run, hub, tmp_path):
    write(run, "metrics.json", METRICS)
    written = push(run, "me/tunes", dry_run=tmp_path / "out")
    assert set(written) == names(tmp_path / "out") == set(FILES["notes"]) - {CONVERSION}
    assert hub == []
    for name in set(FILES["notes"]) - {"README.md", CONVERSION}:
        assert (tmp_path / "out" / name).read_bytes() == (run / name).read_bytes(), name


def test_the_published_model_is_the_same_to_the_last_bit(
    run, tmp_path, tiny_scorer, midi_bytes, tune
):
    push(run, "me/tunes", dry_run=tmp_path / "out")
    expected = tiny_scorer.model.state_dict()
    for load in (AutoModel.from_pretrained, SymbolicModel.from_pretrained):
        weights = load(tmp_path / "out").state_dict()
        assert weights.keys() == expected.keys()
        for name, weight in expected.items():
            assert torch.equal(weights[name], weight), name
    song = midi_bytes(tune(80))
    best = pipeline("music-emotion", model=str(tmp_path / "out"))(song)[0]["label"]
    assert best == tiny_scorer.score(song, workers=0).loc[0, "quadrant"]


def test_a_published_model_is_loaded_by_its_name(run, tmp_path, tiny_scorer, midi_bytes, tune):
    # Laid out as the Hub's client keeps what it has fetched; tests have no network.
    cache, commit = tmp_path / "cache", "0" * 40
    place = cache / "models--me--tunes"
    assemble(run, place / "snapshots" / commit, "me/tunes")
    (place / "refs").mkdir()
    (place / "refs" / "v2").write_text(commit)
    options = {"cache_dir": str(cache)}
    song = midi_bytes(tune(80))
    answer = pipeline("music-emotion", model="me/tunes", revision="v2", model_kwargs=options)(song)
    row = EmotionScorer.from_pretrained("me/tunes", revision="v2", **options).score(song, workers=0)
    assert answer[0]["score"] == pytest.approx(row.loc[0, "confidence"], abs=1e-6)
    assert row.loc[0, "q1"] == tiny_scorer.score(song, workers=0).loc[0, "q1"]


def test_the_files_are_sent_in_one_commit(run, hub):
    sent = push(run, "me/tunes", private=True, token="secret")
    assert [call for call, _ in hub] == ["token", "create_repo", "upload_folder"]
    assert hub[0] == ("token", "secret")
    assert hub[1][1] == {"repo_id": "me/tunes", "private": True, "exist_ok": True}
    upload = hub[2][1]
    files = upload.pop("files")
    assert set(files) == set(sent) == set(FILES["notes"]) - {CONVERSION, "metrics.json"}
    assert files["model.safetensors"] == (run / "model.safetensors").read_bytes()
    assert b"me/tunes" in files["README.md"]
    # Metrics of an earlier model must not stay beside this one.
    assert upload.pop("delete_patterns") == [CONVERSION, "metrics.json"]
    assert upload.pop("commit_message")
    assert upload == {"repo_id": "me/tunes", "revision": None}


def test_a_branch_is_made_and_the_name_is_completed_by_the_hub(run, hub):
    push(run, "tunes", revision="v2")
    assert hub[2] == ("create_branch", {"repo_id": "me/tunes", "branch": "v2", "exist_ok": True})
    assert hub[3][1]["repo_id"] == "me/tunes"
    assert hub[3][1]["revision"] == "v2"


def test_a_card_can_be_given(run, tmp_path):
    push(run, "me/tunes", dry_run=tmp_path / "out", card="# Tunes\n")
    assert (tmp_path / "out" / "README.md").read_text() == "# Tunes\n"


def no_tokenizer(run):
    (run / "music_tokenizer.json").unlink()


def other_tokenizer(run):
    CPTokenizer(time_bins=24).save_pretrained(run)


def a_weight_too_few(run):
    weights = load_file(run / "model.safetensors")
    del weights[next(name for name in weights if name.startswith("heads.emotion"))]
    save_file(weights, run / "model.safetensors", metadata={"format": "pt"})


def a_home_in_the_record(run):
    write(run, "training.json", {**RECORD, "data": {"tunes": "/home/mozart/tunes"}})


def a_drive_in_the_configuration(run):
    config = json.loads((run / "config.json").read_text())
    config["backbone_config"]["_name_or_path"] = "C:\\Users\\mozart\\bert"
    write(run, "config.json", config)


def a_path_among_the_groups(run):
    write(run, "training.json", {**RECORD, "groups": ["tunes: /data/mozart/a"]})


def a_broken_record(run):
    (run / "training.json").write_text("{")


def metrics_without_leaks(run):
    write(run, "metrics.json", {"protocol": "tunes", "scores": {"accuracy": 0.5}})


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (no_tokenizer, FileNotFoundError, r"run: no music_tokenizer\.json"),
        (other_tokenizer, ValueError, "another tokenizer"),
        (a_weight_too_few, ValueError, r"weights lack heads\.emotion"),
        (a_home_in_the_record, ValueError, r"training\.json: has a path.*data: tunes: /home"),
        (a_drive_in_the_configuration, ValueError, r"config\.json: has a path.*_name_or_path"),
        (a_path_among_the_groups, ValueError, r"training\.json: has a path.*/data/mozart"),
        (a_broken_record, ValueError, r"training\.json: not JSON"),
        (metrics_without_leaks, ValueError, r"metrics\.json: 'leaks' is missing"),
    ],
)
def test_nothing_is_sent_of_an_incomplete_run(spoil, error, message, run, hub):
    spoil(run)
    with pytest.raises(error, match=message):
        push(run, "me/tunes")
    assert hub == []


def test_names_of_pieces_are_no_paths(run, tmp_path):
    groups = ["vgmidi: A / B", "tunes: ~Finale~", "tunes: /", "tunes: AC/DC", "C: minor", "a: "]
    write(run, "training.json", {**RECORD, "groups": groups})
    assert "training.json" in assemble(run, tmp_path / "out")


def test_a_name_that_the_hub_would_refuse_is_refused(run, hub, tmp_path):
    with pytest.raises(ValueError, match="Repo id"):
        push(run, "me/my/tunes", dry_run=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_dry_run_overwrites_its_own_files_and_no_others(run, tmp_path):
    write(run, "metrics.json", METRICS)
    push(run, "me/tunes", dry_run=tmp_path / "out")
    (run / "metrics.json").unlink()
    push(run, "me/tunes", dry_run=tmp_path / "out")
    assert "metrics.json" not in names(tmp_path / "out")
    (tmp_path / "out" / "score.pdf").write_text("mine")
    before = (run / "model.safetensors").read_bytes()
    with pytest.raises(FileExistsError, match=r"score\.pdf"):
        push(run, "me/tunes", dry_run=tmp_path / "out")
    for name in ("predictions.csv", "checkpoint-8/optimizer.pt"):
        (run / name).unlink()
    (run / "checkpoint-8").rmdir()
    with pytest.raises(FileExistsError, match="own folder"):
        push(run, "me/tunes", dry_run=run)
    assert (run / "model.safetensors").read_bytes() == before


def python_blocks(card):
    """The Python code of a card, block by block."""
    return re.findall(r"```python\n(.*?)```", card, re.S)


def test_the_code_of_a_card_runs(run, tmp_path, write_midi, tune):
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "song.mid", tmp_path / "folder" / "song.mid"):
        write_midi(path, tune(80))
    push(run, "me/tunes", dry_run=tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    for name, place in {"me/tunes": "out", "song.mid": "song.mid", "folder/": "folder"}.items():
        card = card.replace(name, str(tmp_path / place))
    piece, corpus, notes = python_blocks(card)
    exec(piece, {})
    found: dict = {}
    exec(corpus, found)
    assert found["table"]["error"].tolist() == [""]
    exec(notes, found)
    assert [len(values) for values in found["predictions"]["velocity"]] == [80]


def test_a_model_of_keys_alone_is_published_too(tmp_path, write_midi, tune):
    tokenizer = CPTokenizer(preset="score")
    arguments = ShapeArguments(
        hidden_size=16, layers=1, heads=2, field_embedding_size=8, window=16, tasks="key"
    )
    build_model(tokenizer, arguments).save_pretrained(tmp_path / "run")
    tokenizer.save_pretrained(tmp_path / "run")
    assemble(tmp_path / "run", tmp_path / "out", "me/keys")
    card = ModelCard.load(tmp_path / "out" / "README.md")
    assert "music-emotion" not in card.data.tags
    assert "pipeline" not in card.text
    assert card.data.eval_results is None
    assert load_model(tmp_path / "out")[0].heads.keys() == {"key"}
    song = write_midi(tmp_path / "song.mid", tune(80))
    (code,) = python_blocks(card.text)
    code = code.replace("me/keys", str(tmp_path / "out")).replace("song.mid", str(song))
    found: dict = {}
    exec(code, found)
    assert found["predictions"]["key"].shape == (1, 24)


def test_the_card_of_a_model_of_notes_alone_promises_nothing_for_pieces(tmp_path):
    tokenizer = CPTokenizer(preset="score")
    arguments = ShapeArguments(
        hidden_size=16, layers=1, heads=2, field_embedding_size=8, window=16, tasks="velocity"
    )
    build_model(tokenizer, arguments).save_pretrained(tmp_path / "run")
    tokenizer.save_pretrained(tmp_path / "run")
    assemble(tmp_path / "run", tmp_path / "out", "me/loudness")
    card = ModelCard.load(tmp_path / "out" / "README.md").text
    (code,) = python_blocks(card)
    assert "predict_notes(model, [table], tokenizer)" in code
    assert "a row for each piece" not in card
    assert "A piece has one prediction" not in card


def test_the_header_of_a_card_is_that_of_the_hub(run, tmp_path):
    write(run, "metrics.json", METRICS)
    (tmp_path / "README.md").write_text(model_card(run, "me/tunes", license="cc-by-4.0"))
    data = ModelCard.load(tmp_path / "README.md").data
    assert data.library_name == "transformers"
    assert data.license == "cc-by-4.0"
    assert {"midi", "musicxml", "music-emotion"} < set(data.tags)
    assert data.model_name == "tunes"
    assert {result.metric_name: result.metric_value for result in data.eval_results} == {
        "accuracy": 0.61234,
        "macro-F1": 0.58765,
        "calibration error": 0.04321,
    }
    assert {result.metric_type for result in data.eval_results} == set(data.metrics)
    assert {result.dataset_type for result in data.eval_results} == {"tunes"}
    assert {result.dataset_name for result in data.eval_results} == {"tunes-val"}


def test_every_figure_of_the_results_is_one_of_the_metrics(run):
    write(run, "metrics.json", METRICS)
    text = section(model_card(run), "Results")
    figures = re.findall(r"\d\.\d+", text)
    assert figures == [
        *("0.612", "0.511", "0.722", "0.604", "0.033", "0.588", "0.043"),
        *("0.600", "0.489"),
    ]
    assert "| accuracy | 0.612 | [0.511, 0.722] | 0.604 ± 0.033 |" in text
    assert "| macro-F1 | 0.588 | - | - |" in text
    assert "123 pieces, 45 groups, 5 folds, seeds 3, 8" in text
    assert "| tempo, accuracy | - | 0.600 | - |" in text
    assert "leak" not in text


def test_a_card_has_the_majority_class_and_the_best_baseline_beside_the_model(run):
    scores = {
        "majority": {"accuracy": 0.3, "macro_f1": 0.1},
        "logistic": {"accuracy": 0.5, "macro_f1": 0.52},
        "extra_trees": {"accuracy": 0.55, "macro_f1": 0.51},
    }
    baselines = {name: {"scores": one, "intervals": {}} for name, one in scores.items()}
    baselines["extra_trees"]["intervals"] = {"accuracy": [0.4, 0.6]}
    write(run, "metrics.json", METRICS | {"baselines": baselines})
    text = section(model_card(run), "Results")
    assert "fitted on the training pieces" in text
    (head,) = (line for line in text.splitlines() if line.startswith("| metric"))
    assert head.endswith("| majority class | best baseline (extra_trees) |")
    (line,) = (line for line in text.splitlines() if line.startswith("| accuracy"))
    assert line.endswith("± 0.033 | 0.300 | 0.550 [0.400, 0.600] |")
    assert "| calibration error | 0.043 | - | - | - | - |" in text
    table = text[text.index("| metric") :].split("\n\n")[0].splitlines()
    assert {line.count("|") for line in table} == {7}
    write(run, "metrics.json", METRICS | {"baselines": {"majority": baselines["majority"]}})
    assert "best baseline" not in model_card(run)


def test_a_card_without_metrics_has_no_figures_and_says_so(run):
    card = model_card(run)
    text = section(card, "Results")
    assert "not been evaluated" in text
    assert not re.search(r"\d", text)
    header = card.split("---\n")[1]
    assert "model-index" not in header
    assert "metrics" not in header


def test_a_card_of_a_split_that_leaks_warns_before_any_figure(run, tmp_path):
    write(run, "metrics.json", {**METRICS, "leaks": True})
    card = model_card(run)
    text = section(card, "Results")
    assert "this split leaks" in text[: re.search(r"\d", text).start()]
    assert "0.612" in text
    assert "0.61" not in card.split("---\n")[1]  # a header has no room for the warning


def test_a_leak_in_the_training_record_counts_too(run):
    write(run, "metrics.json", METRICS)
    write(run, "training.json", {**RECORD, "data": {"hold_out": "clips", "leaks": True}})
    card = model_card(run)
    assert "this split leaks" in section(card, "Results")
    assert "never trained on" not in section(card, "Training data")
    assert "0.61" not in card.split("---\n")[1]


def test_scores_that_are_missing_stay_out_of_the_header(run, tmp_path):
    scores = {"accuracy": 0.5, "velocity": float("nan"), "key": None}
    write(run, "metrics.json", {"protocol": "Tunes, 2 folds", "leaks": False, "scores": scores})
    (tmp_path / "README.md").write_text(model_card(run))
    card = ModelCard.load(tmp_path / "README.md")
    assert [result.metric_name for result in card.data.eval_results] == ["accuracy"]
    assert "| velocity | - | - |\n" in card.text


def test_the_accuracy_of_several_trainings_is_not_in_the_header_of_one_model(run):
    scores = {"accuracy": 0.5, "ensemble_accuracy": 0.75}
    write(run, "metrics.json", {**METRICS, "scores": scores})
    card = model_card(run)
    assert [result.metric_name for result in ModelCard(card).data.eval_results] == ["accuracy"]
    assert "| ensemble accuracy | 0.750 |" in section(card, "Results")


def test_a_card_has_training_data_settings_and_tasks(run):
    card = model_card(run, "me/tunes")
    trained, how = section(card, "Training data"), section(card, "Training settings")
    assert "| tunes | - | 2 |" in trained
    assert "| chorales | - | 1 |" in trained
    assert "`tunes-val`" in trained
    assert "| `learning_rate` | 0.00125 |" in how
    assert "| `seed` | 7 |" in how
    tasks = section(card, "Tasks")
    assert "| emotion | one label per piece | Q1 happy, Q2 angry, Q3 sad, Q4 calm | 1 |" in tasks
    assert "| key | one label per piece | C major, ..., b minor (24 in all) |" in tasks
    assert "| velocity | one label per token | " in tasks
    assert 'pipeline("music-emotion", model="me/tunes")' in card


@pytest.mark.parametrize("backbone", ["bert", "gpt2", "lstm"])
def test_a_card_counts_the_parameters_of_any_backbone(backbone, tmp_path):
    arguments = ShapeArguments(
        backbone=backbone, hidden_size=16, layers=3, heads=2, window=16,
        tasks="emotion,key",
    )  # fmt: skip
    tokenizer = CPTokenizer()
    model = build_model(tokenizer, arguments)
    model.save_pretrained(tmp_path / "run")
    tokenizer.save_pretrained(tmp_path / "run")
    assemble(tmp_path / "run", tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert f" {sum(p.numel() for p in model.parameters()):,} parameters" in card
    assert f"encoded by {backbone} with 3 layers and 16 hidden units" in card


SHAPE = {"backbone", "layers", "heads", "hidden_size", "feedforward", "attention_dropout"}
ENSEMBLE = {"expert_members", "expert_size", "expert_dropout"}


@pytest.mark.parametrize(
    ("options", "absent", "present"),
    [
        ({}, ENSEMBLE | {"pretrained"}, SHAPE | {"temperature", "label_smoothing"}),
        ({"backbone": "lstm"}, {"heads", "attention_dropout", "feedforward"}, {"layers"}),
        ({"pretrained": "bert-of-mine"}, SHAPE - {"attention_dropout"}, {"pretrained", "dropout"}),
        ({"tasks": "key"}, {"temperature", "peaks"}, {"label_smoothing", "layers"}),
        ({"tasks": "valence_arousal"}, {"label_smoothing", "class_weights"}, {"layers"}),
        ({"encoder": "features"}, SHAPE | {"window", "training_window", "dropout"}, ENSEMBLE),
    ],
    ids=["notes", "lstm", "pretrained", "key", "regression", "features"],
)
def test_a_card_has_no_settings_of_parts_that_the_model_lacks(options, absent, present, tmp_path):
    arguments = ShapeArguments(
        **{"hidden_size": 16, "layers": 1, "heads": 2, "window": 16, "tasks": "emotion", **options}
    )
    features = FEATURE_NAMES if arguments.encoder == "features" else ()
    made = replace(arguments, pretrained="")
    build_model(CPTokenizer(), made, features).save_pretrained(tmp_path)
    record = {**RECORD, "model": asdict(arguments), "fit": {"class_weights": False}}
    write(tmp_path, "training.json", record)
    text = section(model_card(tmp_path), "Training settings")
    shown = set(re.findall(r"^\| `(\w+)` \|", text, re.M))
    assert not shown & absent
    assert present | {"learning_rate"} <= shown
    limits = section(model_card(tmp_path), "Limits")
    assert ("`familiarity`" in limits) == (arguments.encoder == "features")


def test_a_card_names_no_data_set_that_is_not_on_the_hub(run):
    write(run, "training.json", {**RECORD, "groups": ["emopia: a", "pop909: b", "gtzan: c"]})
    (run / "README.md").write_text(model_card(run))
    assert ModelCard.load(run / "README.md").data.datasets == ["marsyas/gtzan"]
    write(run, "training.json", {**RECORD, "groups": ["emopia: a", "pop909: b"]})
    assert "datasets:" not in model_card(run).split("---\n")[1]


def test_one_held_out_part_is_no_fold(run):
    write(run, "metrics.json", {**METRICS, "folds": 1, "over_folds": {}})
    assert "fold" not in section(model_card(run), "Results")


def test_what_changes_no_prediction_is_no_input(run):
    scores = {
        "pieces": 9,
        "velocity_pieces": 9,
        "velocity +10": 1.0,
        "velocity -10": 1.0,
        "velocity": 1.0,
        "velocity_distance": 2e-9,
        "tempo +10 %": 1.0,
        "tempo": 1.0,
        "tempo_distance": 0.002,
        "mood: gain +6 dB": 1.0,
        "mood: gain": 1.0,
        "mood: gain_distance": 0.0,
    }
    write(run, "metrics.json", {**METRICS, "robustness": scores})
    text = section(model_card(run), "Results")
    assert "| velocity | 9 | not an input | - |" in text
    assert "| mood: gain | - | not an input | - |" in text
    assert "| tempo | 9 | 1.000 | 0.002 |" in text
    assert "| tempo +10 % | 9 | 1.000 | - |" in text
    assert "velocity +10" not in text
    assert "gain +6" not in text


def test_counts_shares_and_distances_have_columns_of_their_own(run):
    scores = {
        "pieces": 9,
        "velocity_pieces": 4,
        "velocity x0.9": 0.75,
        "velocity": 0.75,
        "velocity_distance": 0.05,
        "key: pieces": 8,
        "key: tempo x1.1": 0.5,
    }
    write(run, "metrics.json", {**METRICS, "robustness": scores})
    table = section(model_card(run), "Results").split("| robustness to ")[1].splitlines()
    assert table[2:5] == [
        "| velocity x0.9 | 4 | 0.750 | - |",
        "| velocity | 4 | 0.750 | 0.050 |",
        "| key: tempo x1.1 | 8 | 0.500 | - |",
    ]
    assert not table[5:6] or not table[5].startswith("|")


def test_halves_of_the_plane_are_no_values_of_valence_and_arousal(run):
    scores = {"accuracy": 0.5, "valence": 0.75, "arousal": 0.875, "valence_rmse": 0.25}
    write(run, "metrics.json", {**METRICS, "scores": scores})
    card = model_card(run)
    text = section(card, "Results")
    assert "| valence (high or low), accuracy | 0.750 |" in text
    assert "| arousal (high or low), accuracy | 0.875 |" in text
    results = ModelCard(card).data.eval_results
    found = {result.metric_name: (result.metric_type, result.metric_value) for result in results}
    assert found["valence (high or low), accuracy"] == ("accuracy", 0.75)
    assert found["valence rmse"][1] == 0.25
    assert "valence" not in found


def test_a_card_has_the_command_that_installs_the_package(run):
    assert "`pip install .` in a clone" in section(model_card(run), "Use")


def test_a_card_without_a_record_states_it(run):
    (run / "training.json").unlink()
    assert "no record" in section(model_card(run), "Training data")


def test_a_model_trained_on_emopia_is_shared_alike(run):
    assert "license:" not in model_card(run).split("---\n")[1]
    assert "No licence is stated" in section(model_card(run), "Licence")
    write(run, "training.json", {**RECORD, "groups": ["emopia: a", "vgmidi: b"]})
    card = model_card(run)
    assert "license: cc-by-nc-sa-4.0" in card.split("---\n")[1]
    assert "VGMIDI (Ferreira 2019) states no licence" in section(card, "Licence")
    assert "license: mit" in model_card(run, license="mit").split("---\n")[1]


def test_the_model_in_the_package_can_be_published(tmp_path):
    push(DEFAULT_MODEL, "me/default", dry_run=tmp_path / "out")
    assert ModelCard.load(tmp_path / "out" / "README.md").data.license == "cc-by-nc-sa-4.0"
    assert (tmp_path / "out" / "training.json").is_file()


def script(root, monkeypatch, *words) -> int:
    """Run the script; its exit status."""
    monkeypatch.setattr(sys, "argv", ["push_to_hub.py", *map(str, words)])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(root / "scripts" / "push_to_hub.py"), run_name="__main__")
    return stopped.value.code


def test_the_script_writes_the_files_that_it_would_send(
    root, run, tmp_path, monkeypatch, capsys, hub
):
    out = tmp_path / "out"
    options = ["--dry-run", "--license", "mit", "--output", out]
    assert script(root, monkeypatch, run, "me/tunes", *options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"written to {out}, the model card as README.md:"
    assert set(lines[1:]) == names(out)
    assert "license: mit" in (out / "README.md").read_text()
    assert hub == []


def test_the_script_publishes(root, run, tmp_path, monkeypatch, capsys, hub):
    (tmp_path / "card.md").write_text("# Tunes\n")
    card = tmp_path / "card.md"
    assert script(root, monkeypatch, run, "me/tunes", "--private", "--card", card) == 0
    assert capsys.readouterr().out.startswith("published as me/tunes:\n")
    assert hub[1][1]["private"] is True
    assert hub[2][1]["files"]["README.md"] == b"# Tunes\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dry-run"], "error: .*no model.safetensors"),
        (["--output", "out"], "--output needs --dry-run"),
    ],
)
def test_the_script_reports_why_it_does_not_publish(
    options, message, root, tmp_path, monkeypatch, capsys, hub
):
    assert script(root, monkeypatch, tmp_path, "me/tunes", *options) == 2
    assert re.search(message, capsys.readouterr().err)
    assert hub == []


def test_the_card_of_an_encoder_without_a_backbone_names_its_tokens(monkeypatch, tmp_path):
    class Plain(NoteEncoder):
        @staticmethod
        def settings(sizes):
            return {"backbone_config": BertConfig(hidden_size=sizes.hidden_size)}

    class Bare(torch.nn.Module):
        inputs, hidden_size = "notes", 4

        def __init__(self, config):
            super().__init__()

        @staticmethod
        def settings(sizes):
            return {}

    sizes = ShapeArguments(hidden_size=24, encoder="mine")
    fields = "Bar, Position, Pitch, Duration"
    for kind, end in ((Plain, ", encoded by bert with 12 layers and 24 hidden units"), (Bare, "")):
        monkeypatch.setitem(ENCODERS, "mine", kind)
        model = build_model(CPTokenizer(preset="score"), sizes)
        model.config.save_pretrained(tmp_path)
        line = f"- Input: tokens of `CPTokenizer` ({fields}), in windows of 512{end}."
        assert f"{line} The predictions" in model_card(tmp_path)


def test_a_folder_without_a_model_of_this_package_has_no_card(run, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(OSError, match=r"empty: no model in the folder: no config.json$"):
        model_card(empty)
    write(run, "config.json", {"model_type": "bert"})
    with pytest.raises(ValueError, match="a model of type 'bert', not one of this"):
        model_card(run)
