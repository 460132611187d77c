"""Publishing an audio model: files with a feature extractor, model card, figures."""

import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load_file
from transformers import AutoFeatureExtractor, AutoModel

from symbolic.cli import main as cli
from symbolic.commands.evaluate import main as evaluate
from symbolic.data import Piece
from symbolic.data.audit.fingerprints import Fingerprints
from symbolic.encoders import AUDIO_SYSTEMS
from symbolic.evaluation.summary import summarise
from symbolic.inference.prediction_table import prediction_rows, write_predictions
from symbolic.modeling import SymbolicModel
from symbolic.publishing.card import model_card
from symbolic.publishing.conversion_record import CONVERSION
from symbolic.publishing.hub import FILES, assemble, push
from symbolic.scoring.audio import load_audio_model
from symbolic.tasks import GENRE, TAGS

RECORD = {
    "data": {
        "corpus": "gtzan",
        "audio": "genres",
        "hold_out": "fold-0",
        "folds": 5,
        "fold_seed": 0,
        "findings": ["jazz.00054.wav is left out"],
    },
    "model": {"system": "spec_cnn_gru", "width": 0.0625, "front_inside": False},
    "fit": {"freeze": "none"},
    "epochs": 20.0,
    "learning_rate": 0.00125,
    "seed": 7,
    "groups": ["gtzan: blues.00000", "gtzan: rock.00001"],
}
METRICS = {
    "protocol": "gtzan fold-0",
    "leaks": False,
    "recordings": 200,
    "groups": 190,
    "folds": 1,
    "seeds": [7],
    "scores": {"genre: accuracy": 0.61234, "genre: macro_f1": 0.58765},
    "intervals": {"genre: accuracy": [0.5111, 0.7222]},
}


def write(folder, name, content):
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def saved(folder, system="spec_cnn_gru", tasks=(GENRE,), **changes):
    """A model of random weights, as training leaves it."""
    torch.manual_seed(0)
    model = SymbolicModel(AUDIO_SYSTEMS[system].config(list(tasks), 1 / 16, **changes))
    model.save_pretrained(folder)
    model.config.feature_extractor().save_pretrained(folder)
    return model


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audio")
    saved(folder)
    write(folder, "training.json", RECORD)
    Fingerprints().save(folder / "training_pieces.npz")
    return folder


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    summary = "symbolic.evaluation.evaluator.summarise"
    monkeypatch.setattr(
        summary,
        lambda frame, tasks, draws, *rest, **about: summarise(frame, tasks, 20, *rest, **about),
    )


@pytest.fixture
def run(trained, tmp_path):
    """A run, with a file that is not published."""
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    (folder / "predictions.csv").write_text("corpus,file\n")
    return folder


def section(card, title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", card, re.M | re.S).group(1)


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_what_is_published_is_the_model_and_its_feature_extractor(run, tmp_path):
    write(run, "metrics.json", METRICS)
    written = push(run, "me/genres", dry_run=tmp_path / "out")
    assert set(written) == names(tmp_path / "out") == set(FILES["audio"]) - {CONVERSION}
    assert "preprocessor_config.json" in written
    assert "music_tokenizer.json" not in written
    before, after = (load_audio_model(folder)[0].state_dict() for folder in (run, tmp_path / "out"))
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_the_model_is_sent_only_once_it_has_loaded(run, monkeypatch):
    calls = []

    class Api:
        def __init__(self, token=None):
            pass

        def create_repo(self, repo_id, **options):
            return SimpleNamespace(repo_id=repo_id)

        def upload_folder(self, **options):
            calls.append(options)

    monkeypatch.setattr("huggingface_hub.HfApi", Api)
    push(run, "me/genres")
    assert calls[0]["delete_patterns"] == [CONVERSION, "metrics.json"]
    extractor = json.loads((run / "preprocessor_config.json").read_text())
    write(run, "preprocessor_config.json", {**extractor, "inside": True})
    with pytest.raises(ValueError, match="another front end"):
        push(run, "me/genres")
    write(run, "preprocessor_config.json", {**extractor, "cache": "/home/mozart/cache"})
    with pytest.raises(ValueError, match=r"preprocessor_config\.json: has a path"):
        push(run, "me/genres")
    (run / "preprocessor_config.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"no preprocessor_config\.json"):
        push(run, "me/genres")
    assert len(calls) == 1


def test_a_model_of_audio_takes_the_place_of_one_of_notes(run, tiny_model_folder, tmp_path):
    assemble(tiny_model_folder, tmp_path / "out")
    assemble(run, tmp_path / "out")
    assert "music_tokenizer.json" not in names(tmp_path / "out")


def test_the_command_shows_what_would_be_sent(run, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli(["push", str(run), "me/genres", "--dry-run", "--output", str(out)]) == 0
    assert "preprocessor_config.json" in capsys.readouterr().out


def test_the_header_of_the_card_is_that_of_the_hub(run, tmp_path):
    write(run, "metrics.json", METRICS)
    (tmp_path / "README.md").write_text(model_card(run, "me/genres"))
    data = ModelCard.load(tmp_path / "README.md").data
    assert data.library_name == "transformers"
    assert data.pipeline_tag == "audio-classification"
    assert {"music", "audio", "music-tags", "music-genre-classification"} <= set(data.tags)
    assert not {"midi", "music-emotion"} & set(data.tags)
    assert data.datasets == ["marsyas/gtzan"]
    assert (data.license, data.license_name) == ("other", "research-use")
    assert set(data.metrics) == {"accuracy", "f1"}
    (accuracy, _) = data.eval_results
    assert accuracy.task_type == "audio-classification"
    assert (accuracy.metric_name, accuracy.metric_value) == ("genre: accuracy", 0.61234)
    assert accuracy.dataset_type == "gtzan"


def test_the_card_has_input_training_data_and_scores(run):
    write(run, "metrics.json", METRICS)
    card = model_card(run, "me/genres")
    parameters = sum(p.numel() for p in load_audio_model(run)[0].parameters())
    assert (
        "`spec_cnn_gru`: 2-D CNN and gru on mel, designed for tags, with 0.0625 times its" in card
    )
    assert f" {parameters:,} parameters" in card
    assert "16,000 Hz, in frames of 512 samples every 256" in card
    assert "96 mel bands in dB" in card
    assert "Windows last 29.0 s. The prediction for a recording is the mean over windows" in card
    assert "blues, classical, country" in section(card, "Tasks")
    trained = section(card, "Training data")
    assert "| 2 | research use |" in trained
    assert "never trained on: `fold-0`" in trained
    assert "- jazz.00054.wav is left out" in trained
    assert "| `learning_rate` | 0.00125 |" in section(card, "Training settings")
    results = section(card, "Results")
    assert "200 recordings, 190 groups, seed 7" in results
    assert "| genre: accuracy | 0.612 | [0.511, 0.722] |\n" in results
    assert "not the artists" in section(card, "Limits")
    assert "inherit" in section(card, "Licence")


def test_a_card_of_a_model_that_was_not_evaluated_has_no_figures(run):
    assert not re.search(r"\d", section(model_card(run), "Results"))
    (run / "training.json").unlink()
    assert "no record" in section(model_card(run), "Training data")


@pytest.mark.parametrize(
    ("groups", "header", "words"),
    [
        (["gtzan: a"], "license: other\nlicense_name: research-use\n", "research use"),
        (["moods: a"], "license: other\nlicense_name: research-use\n", "research use"),
        (["magnatagatune: a"], "license_name: cc-by-nc-sa-1.0\n", "CC BY-NC-SA 1.0"),
        (["fma: 1"], "license: other\n", "each track its own"),
        (["fma: 1", "gtzan: a"], "each-track-its-own-and-research-use\n", "GTZAN"),
        (["when_in_rome: a"], "license_name: cc-by-sa-4.0-scores-vary\n", "When in Rome"),
        (["emopia: a"], "license: cc-by-nc-sa-4.0\n", "cc-by-nc-sa-4.0"),
        (["songs: a"], "", "No licence is stated"),
    ],
)
def test_weights_inherit_the_terms_of_their_training_data(groups, header, words, run):
    write(run, "training.json", {**RECORD, "groups": groups})
    card = model_card(run)
    yaml = card.split("---\n")[1]
    assert header in yaml
    assert ("license" in yaml) == bool(header)
    assert words in section(card, "Licence")
    assert "license: mit\n" in model_card(run, license="mit")


@pytest.mark.parametrize("system", ["wave_cnn", "three_branch", "musicnn", "ast", "cnn_mfcc"])
def test_the_card_describes_every_kind_of_front_end(system, tmp_path):
    model = saved(tmp_path / "run", system, (TAGS, GENRE))
    write(tmp_path / "run", "training.json", {**RECORD, "model": {"system": system, "width": 1.0}})
    assemble(tmp_path / "run", tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    front = AUDIO_SYSTEMS[system].front
    assert f"{front.sampling_rate:,} Hz" in card
    assert f"Windows last {AUDIO_SYSTEMS[system].seconds:.1f} s" in card
    assert ("as samples" in card) == front.takes_samples
    assert f" {sum(p.numel() for p in model.parameters()):,} parameters" in card
    assert "times its channels" not in card
    assert section(card, "Tasks").count(" per recording |") == 2


def test_weights_are_saved_under_the_names_that_a_checkpoint_is_read_by(tmp_path):
    model = saved(tmp_path, "ast")
    assert load_file(tmp_path / "model.safetensors").keys() == model.state_dict().keys()
    again = SymbolicModel.from_pretrained(tmp_path).state_dict()
    assert all(torch.equal(again[name], value) for name, value in model.state_dict().items())


def test_the_card_describes_a_front_end_within_the_model(tmp_path):
    pytest.importorskip("librosa")
    saved(tmp_path / "run", "cnn_mel", front_end_in_model=True)
    card = model_card(tmp_path / "run")
    assert "computes these features itself" in card
    assert "Windows last 30.0 s" in card


def test_the_card_describes_resampled_features(tmp_path):
    saved(tmp_path / "run", "spec_cnn_gru", grid=(128, 2.0))
    assert "resampled to 128 bands and 125.0 frames per second" in model_card(tmp_path / "run")


def test_the_code_of_the_card_runs(run, tmp_path):
    soundfile = pytest.importorskip("soundfile")
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "song.wav", 0.1 * rng.standard_normal(32000), 16000)
    assemble(run, tmp_path / "out", "me/genres")
    (tmp_path / "folder").mkdir()
    shutil.copy(tmp_path / "song.wav", tmp_path / "folder")
    card = (tmp_path / "out" / "README.md").read_text()
    places = {"me/genres": "out", **{name: name for name in ("song.wav", "folder/", "scores.csv")}}
    for name, place in places.items():
        card = card.replace(name, str(tmp_path / place))
    shown: dict = {}
    blocks = re.findall(r"```python\n(.*?)```", card, re.S)
    assert len(blocks) == 3
    for code in blocks:
        exec(code, shown)
    assert shown["table"]["error"].tolist() == ["", ""]
    (command,) = re.findall(r"```bash\nsymbolic (.*?)\n```", card)
    assert cli([*command.split(), "--workers", "0"]) == 0
    # The recording is shorter than a window, so the pipeline has the same input.
    best = shown["tag"](str(tmp_path / "song.wav"), top_k=1)[0]["score"]
    assert shown["logits"].softmax(dim=-1).max().item() == pytest.approx(best, abs=1e-5)


def test_the_auto_classes_load_the_published_files(run, tmp_path):
    assemble(run, tmp_path / "out")
    extractor = AutoFeatureExtractor.from_pretrained(tmp_path / "out")
    assert AutoModel.from_pretrained(tmp_path / "out").config.front_end == extractor.front_end


def held_out(run, task=GENRE):
    """Random predictions for six recordings, in a run."""
    rng = np.random.default_rng(0)
    labels = [0, 1, 2, 0, 1, 2] if task.kind == "single" else list(np.eye(10)[:6])
    pieces = [
        Piece(run / f"{i}.wav", f"song {i}", {task.name: label}, "gtzan")
        for i, label in enumerate(labels)
    ]
    answers = rng.dirichlet(np.ones(10), 6) if task.kind == "single" else rng.random((6, 10))
    rows = prediction_rows([task], pieces, {task.name: answers}, fold="fold-0", seed=7)
    write_predictions(rows, run / "predictions.csv")


def test_evaluation_writes_the_figures_that_the_card_shows(run, capsys):
    held_out(run)
    assert evaluate([str(run)]) == 0
    table = capsys.readouterr().out
    metrics = json.loads((run / "metrics.json").read_text())
    assert (metrics["protocol"], metrics["leaks"]) == ("gtzan fold-0", False)
    assert (metrics["recordings"], metrics["groups"], metrics["seeds"]) == (6, 6, [7])
    accuracy = f"{metrics['scores']['genre: accuracy']:.3f}"
    assert accuracy in table
    assert f"| genre: accuracy | {accuracy} | [" in section(model_card(run), "Results")
    assert set(metrics["intervals"]) == {"genre: accuracy", "genre: macro_f1"}


def test_a_tag_without_positives_leaves_no_figure(tmp_path):
    saved(tmp_path, tasks=(TAGS,))
    write(tmp_path, "training.json", RECORD)
    held_out(tmp_path, TAGS)
    assert evaluate([str(tmp_path)]) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text(), parse_constant=pytest.fail)
    assert 0 <= metrics["scores"]["tags: roc_auc"] <= 1
    assert "ROC-AUC" in section(model_card(tmp_path), "Results")


def test_figures_of_folds_go_into_the_named_model(run, tmp_path, capsys):
    held_out(run)
    other = tmp_path / "other"
    shutil.copytree(run, other)
    text = (other / "predictions.csv").read_text()
    text = re.sub(r"(\d\.wav),song (\d)", r"1\1,song 1\2", text).replace("fold-0", "fold-1")
    (other / "predictions.csv").write_text(text)
    data = {**RECORD["data"], "hold_out": "fold-1"}
    write(other, "training.json", {**RECORD, "data": data})
    whole = tmp_path / "whole"
    assert evaluate([str(run), str(other)]) == 0
    assert not (run / "metrics.json").exists()
    assert evaluate([str(run), str(other), "--metrics_into", str(whole)]) == 0
    metrics = json.loads((whole / "metrics.json").read_text())
    assert metrics["protocol"] == "gtzan fold-0, fold-1"
    assert (metrics["folds"], metrics["recordings"]) == (2, 12)
    assert metrics["counts"] == {"genre": 12}


def test_views_ask_for_classes_and_a_probe_for_the_recordings_held_out(run, tmp_path, capsys):
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(tmp_path / "rock.00000.wav", np.zeros(8000), 16000)
    held_out(run)
    assert evaluate([str(run), "--probe", "--audio", str(tmp_path)]) == 2
    assert "none of the recordings" in capsys.readouterr().err
