"""The surface that all scorers share: loading, calling, vectors, saving."""

import re
import shutil

import numpy as np
import pytest
import torch
from huggingface_hub.errors import GatedRepoError
from transformers import BertConfig, BertModel

import symbolic
from symbolic import EmotionScorer, NoteScorer, SymbolicConfig, SymbolicModel
from symbolic.cli import main
from symbolic.scoring.emotion import load_scorer
from symbolic.tasks import KEY, VELOCITY

FILES = 4


@pytest.fixture
def folder(tmp_path, midi_bytes):
    folder = tmp_path / "music"
    folder.mkdir()
    for number in range(FILES):
        notes = [(480 * i, 480, 60 + (number + 3 * i) % 12, 60 + i) for i in range(8)]
        (folder / f"{number}.mid").write_bytes(midi_bytes(notes))
    return folder


def test_a_scorer_is_called_as_it_scores(tiny_scorer, folder):
    assert tiny_scorer(folder, workers=0).equals(tiny_scorer.score(folder, workers=0))


def test_a_scorer_shows_its_model_tasks_and_device(tiny_scorer):
    shown = repr(tiny_scorer)
    assert shown.startswith("EmotionScorer(model=")
    assert "emotion" in shown
    assert "cpu" in shown


def test_a_saved_scorer_is_loaded_and_scores_the_same(tiny_scorer, folder, tmp_path):
    tiny_scorer.save_pretrained(tmp_path / "saved")
    for again in (
        EmotionScorer.from_pretrained(tmp_path / "saved"),
        symbolic.load(tmp_path / "saved"),
    ):
        assert type(again) is EmotionScorer
        assert again.score(folder, workers=0).equals(tiny_scorer.score(folder, workers=0))


def test_one_line_scores_files_with_any_model(tiny_scorer, folder, tmp_path):
    assert symbolic.score(folder / "0.mid", workers=0).equals(
        EmotionScorer.from_pretrained().score(folder / "0.mid", workers=0)
    )
    tiny_scorer.save_pretrained(tmp_path / "saved")
    sources = [folder, (folder / "1.mid").read_bytes(), folder / "gone.mid"]
    table = symbolic.score(sources, tmp_path / "saved", workers=0)
    assert table.equals(tiny_scorer.score(sources, workers=0))
    assert table["error"].tolist() == [""] * (FILES + 1) + ["no such file"]


def test_sources_without_a_name_are_told_apart(tiny_scorer, folder):
    data = (folder / "1.mid").read_bytes()
    sources = [data, symbolic.NamedBytes("mine", data), data, symbolic.read_notes(data), b""]
    names = ["<bytes 0>", "mine", "<bytes 2>", "<NoteTable 3>", "<bytes 4>"]
    table = tiny_scorer.score(sources, workers=0)
    assert table["path"].tolist() == names
    assert table.index.tolist() == [0, 1, 2, 3, 4]
    windows = symbolic.timeline(tiny_scorer, sources, workers=0)
    assert windows["path"].unique().tolist() == names
    found = symbolic.Segmenter().segment(sources[:2], workers=0)
    assert [one.path for one in found] == names[:2]


def test_loading_is_silent_and_leaves_the_bars_of_others(tiny_scorer, tmp_path, capfd):
    from huggingface_hub.utils import are_progress_bars_disabled
    from transformers.utils import logging

    tiny_scorer.save_pretrained(tmp_path / "saved")
    before = logging.is_progress_bar_enabled(), are_progress_bars_disabled()
    try:
        logging.enable_progress_bar()
        capfd.readouterr()
        symbolic.load(tmp_path / "saved")
        load_scorer(str(tmp_path / "saved"))
        assert capfd.readouterr().err == ""
        assert (logging.is_progress_bar_enabled(), are_progress_bars_disabled()) == (True, False)
        SymbolicModel.from_pretrained(tmp_path / "saved")
        assert "Loading weights" in capfd.readouterr().err
    finally:
        if not before[0]:
            logging.disable_progress_bar()


def test_listing_the_attributes_of_a_model_warns_of_no_loss(tiny_scorer, monkeypatch):
    from transformers import modeling_utils

    def refuse(message, *_):
        assert "loss" not in message

    monkeypatch.setattr(modeling_utils.logger, "warning_once", refuse)
    assert "loss_function" in dir(tiny_scorer.model)
    assert tiny_scorer.model.loss_function is None


def test_what_is_pushed_can_be_loaded(tiny_scorer, folder, tmp_path, monkeypatch):
    class Hub:
        def __init__(self, token=None):
            pass

        def create_repo(self, repo_id, **_):
            tmp_path.joinpath(repo_id).mkdir(parents=True)

        def upload_folder(self, *, repo_id, folder_path, **_):
            shutil.copytree(folder_path, tmp_path / repo_id, dirs_exist_ok=True)
            return f"https://hub/{repo_id}/commit/1"

    monkeypatch.setattr("huggingface_hub.HfApi", Hub)
    assert tiny_scorer.push_to_hub("someone/model").endswith("someone/model/commit/1")
    again = symbolic.load(tmp_path / "someone/model")
    assert again(folder, workers=0).equals(tiny_scorer(folder, workers=0))


def test_vectors_are_the_mean_hidden_states_of_whole_pieces(tiny_scorer, folder):
    vectors = tiny_scorer.embed(folder, workers=0)
    assert vectors.dtype == np.float32
    assert vectors.shape == (FILES, tiny_scorer.model.encoder.hidden_size)
    one = tiny_scorer.preprocess([folder / "0.mid"])[0]
    inputs = {"input_ids": torch.from_numpy(one.ids)[None]}
    inputs["attention_mask"] = torch.ones(1, len(one.ids), dtype=torch.long)
    if one.features is not None:
        inputs["features"] = torch.from_numpy(one.features)[None].float()
    with torch.inference_mode():
        hidden, mask = tiny_scorer.model.encoder(**inputs)
    assert mask.all()
    np.testing.assert_allclose(vectors[0], hidden[0].mean(dim=0), atol=1e-5)
    assert len(np.unique(vectors.round(6), axis=0)) == FILES


@pytest.mark.parametrize("batch_size", [1, 3])
def test_vectors_do_not_depend_on_the_batch(tiny_scorer, folder, batch_size):
    expected = tiny_scorer.embed(folder, workers=0)
    found = tiny_scorer.embed(folder, workers=0, batch_size=batch_size)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_file_that_cannot_be_read_has_a_vector_of_nan_and_a_warning(tiny_scorer, folder, caplog):
    (folder / "1.mid").write_bytes(b"no music")
    vectors = tiny_scorer.embed(folder, workers=0)
    assert np.isnan(vectors).all(axis=1).tolist() == [False, True, False, False]
    assert "1.mid" in caplog.text


def test_vectors_of_broken_files_alone_are_as_wide_as_any(tiny_scorer, tmp_path):
    (tmp_path / "bad.mid").write_bytes(b"no music")
    width = tiny_scorer.model.encoder.hidden_size
    vectors = tiny_scorer.embed(tmp_path, workers=0)
    assert vectors.shape == (1, width)
    assert np.isnan(vectors).all()
    assert tiny_scorer.embed([], workers=0).shape == (0, width)


def test_vectors_with_names_join_a_table_of_scores(tiny_scorer, folder):
    (folder / "1.mid").write_bytes(b"no music")
    sources = [folder, (folder / "0.mid").read_bytes()]
    frame = tiny_scorer.embedding_frame(sources, workers=0)
    table = tiny_scorer.score(sources, workers=0).set_index("path")
    assert frame.index.equals(table.index)
    np.testing.assert_array_equal(frame.to_numpy(), tiny_scorer.embed(sources, workers=0))
    joined = table.join(frame)
    assert joined["h0"].isna().tolist() == (table["error"] != "").tolist()
    assert joined.shape == (FILES + 1, table.shape[1] + frame.shape[1])


def test_the_default_model_gives_vectors(folder):
    vectors = symbolic.load().embed(folder, workers=0)
    assert vectors.shape[0] == FILES
    assert np.isfinite(vectors).all()


def test_a_model_without_emotion_has_a_table_of_its_own_tasks(tiny_scorer, folder, tmp_path):
    config = SymbolicConfig(**{**tiny_scorer.model.config.to_dict(), "tasks": [KEY]})
    model = SymbolicModel(config)
    NoteScorer(model, tiny_scorer.tokenizer).save_pretrained(tmp_path / "keys")
    scorer = symbolic.load(tmp_path / "keys")
    assert type(scorer) is NoteScorer
    table = scorer.score(folder, workers=0)
    assert list(table.columns) == list(scorer.columns)
    assert table["key"].isin(KEY.labels).all()
    total = table[[f"key: {label}" for label in KEY.labels]].astype(float).sum(axis=1)
    np.testing.assert_allclose(total, 1)


def test_a_model_of_single_notes_names_what_predicts_them(tiny_scorer, folder, tmp_path):
    config = SymbolicConfig(**{**tiny_scorer.model.config.to_dict(), "tasks": [VELOCITY]})
    scorer = NoteScorer(SymbolicModel(config), tiny_scorer.tokenizer)
    scorer.save_pretrained(tmp_path / "notes")
    reason = r"predicts velocity for single notes, not for files: call symbolic\.predict_notes"
    with pytest.raises(ValueError, match=reason):
        symbolic.score(folder, tmp_path / "notes", workers=0)
    with pytest.raises(ValueError, match=reason):
        scorer(folder, workers=0)
    arguments = symbolic.ScoringArguments(model=str(tmp_path / "notes"), workers=0)
    with pytest.raises(ValueError, match=reason):
        symbolic.score_corpus(folder, tmp_path / "scores.csv", arguments)
    assert not (tmp_path / "scores.csv").exists()
    assert len(scorer.embed(folder, workers=0)) == FILES


def test_own_errors_have_one_base():
    from symbolic.data import LeakError
    from symbolic.notes import ReadError
    from symbolic.scoring.corpus import InterruptedRunError, NoFilesError

    for error in (LeakError, ReadError, InterruptedRunError, NoFilesError):
        assert issubclass(error, symbolic.SymbolicError)


@pytest.mark.parametrize("name", ["nowhere/at/all", "{folder}/nowhere", "no/such/model"])
def test_a_name_without_a_model_is_refused_in_plain_words(name, tmp_path):
    name = name.format(folder=tmp_path)
    reason = "no such folder, and no model of this name on the Hub; the model in the package needs "
    reason += "no name"
    with pytest.raises(OSError, match=f"^{re.escape(name)}: {reason}$"):
        symbolic.load(name)


def test_a_model_that_is_neither_here_nor_reached_is_refused_with_the_reason():
    reason = "no such folder, and not loaded from the Hub: offline, or no connection; the model in"
    for name in ("me/nowhere", "nowhere"):
        with pytest.raises(OSError, match=f"^{name}: {reason}.*$") as refused:
            symbolic.load(name)
        assert "\n" not in str(refused.value)
        assert "huggingface.co" not in str(refused.value)
        with pytest.raises(OSError, match=f"^{name}: no such folder, and not loaded from the Hub"):
            symbolic.CPTokenizer.from_pretrained(name)


def test_a_model_of_another_package_is_refused_with_its_type(tmp_path, caplog):
    shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    BertModel(BertConfig(**shape, intermediate_size=8, vocab_size=9)).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="a model of type 'bert', not one of this package"):
        symbolic.load(tmp_path)
    assert not caplog.text


def test_a_model_behind_a_gate_is_not_said_to_be_missing(monkeypatch):
    gate = GatedRepoError.__new__(GatedRepoError)  # without the response of a server

    def refuse(*_, **__):
        raise OSError("You are trying to access a gated repo.\nAsk for access.") from gate

    monkeypatch.setattr(SymbolicConfig, "get_config_dict", refuse)
    with pytest.raises(OSError, match=r"^me/closed: .*Hub: its page there has to grant access"):
        symbolic.load("me/closed")


def test_a_folder_without_a_model_is_refused_with_what_is_missing(tiny_scorer, folder, capsys):
    nothing = r"music: no model in the folder: no config.json, model.safetensors"
    with pytest.raises(OSError, match=nothing):
        symbolic.load(folder)
    assert main(["score", str(folder), "--model", str(folder)]) == 2
    assert re.search(nothing, capsys.readouterr().err)
    with pytest.raises(OSError, match=r"0.mid: a file, not the folder of a model"):
        symbolic.load(folder / "0.mid")
    tiny_scorer.save_pretrained(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(OSError, match=r"music: no model in the folder: no model.safetensors"):
        EmotionScorer.from_pretrained(folder)
