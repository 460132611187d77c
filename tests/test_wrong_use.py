"""Calls and commands of someone who guesses: what is meant is done, or one line says what is."""

import logging

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from transformers import (
    AutoModel,
    AutoModelForAudioClassification,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)

import symbolic
from symbolic.cli import main
from symbolic.features import (
    FEATURE_GROUPS,
    FEATURE_NAMES,
    TONAL_NAMES,
    feature_frame,
    feature_rows,
    features,
    named_columns,
)
from symbolic.features.columns import CHOICES
from symbolic.notes import read_notes
from symbolic.publishing import hub
from symbolic.scoring.tables import read_scores


@pytest.fixture
def song(tmp_path, write_midi, tune):
    return write_midi(tmp_path / "song.mid", tune(60))


def run(*words):
    return main(list(map(str, words)))


@pytest.mark.parametrize("text", ["rhythm", "dynamics,core", "none"])
def test_columns_are_named_as_on_the_command_line(text, song):
    columns = named_columns(text)
    frame = feature_frame(song, text)
    assert list(frame) == columns
    assert features(song, text).tolist() == frame.iloc[0].tolist()
    assert feature_rows([read_notes(song)], text).shape == (1, len(columns))


def test_groups_may_stand_among_columns(song):
    frame = feature_frame(song, ["pitch_mean", "dynamics"])
    assert list(frame) == ["pitch_mean", *FEATURE_GROUPS["dynamics"]]
    assert not CHOICES.keys() & {*FEATURE_NAMES, *TONAL_NAMES}


def test_an_unknown_group_is_refused_with_those_there_are(song):
    with pytest.raises(ValueError, match=f"'rythm'.*{', '.join(FEATURE_GROUPS)}"):
        feature_frame(song, "rythm")


def test_music_is_no_table_of_scores_but_can_be_scored(song, capsys):
    for place in (song.parent, song):
        assert run("report", place) == 2
        error = capsys.readouterr().err
        assert f"score it first: symbolic score {place} -o scores.csv" in error
        assert len(error.splitlines()) == 1


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_without_paths_is_no_table_of_scores(suffix, tmp_path):
    table, path = pd.DataFrame({"a": [1, 2]}), tmp_path / f"a{suffix}"
    table.to_csv(path, index=False) if suffix == ".csv" else table.to_parquet(path)
    with pytest.raises(ValueError, match=f"a{suffix}: not a table of scores: .*column path"):
        read_scores(path)
    assert list(read_scores(path, ["a"])) == ["a"]


@pytest.mark.parametrize("wrong", [3, 2.5, None, {"a.mid": 1}, object()])
def test_what_is_no_source_is_refused_with_what_is(wrong, tiny_scorer):
    kind = type(wrong).__name__
    for use in (symbolic.score, feature_frame, tiny_scorer.score, tiny_scorer.embed):
        with pytest.raises(TypeError, match=f"^expected a path, bytes, .*several.*, got {kind}$"):
            use(wrong)


def test_collections_of_sources_of_any_kind_are_scored(song, tiny_scorer):
    class OldSequence:
        def __getitem__(self, number):
            return [song][number]

    for several in ([song], (song,), {song}, iter([song]), pd.Series([song]), OldSequence()):
        assert tiny_scorer.score(several, workers=0)["error"].tolist() == [""]


def test_a_timeline_needs_no_model(song, tiny_scorer):
    short = symbolic.SlidingWindow(4, 2)
    table = symbolic.timeline(song, sliding=short, workers=0)
    with_model = symbolic.timeline(symbolic.load(), song, short, workers=0)
    pd.testing.assert_frame_equal(table, with_model)
    named = symbolic.timeline(sources=song, sliding=short, workers=0)
    pd.testing.assert_frame_equal(table, named)
    with pytest.raises(TypeError, match=r"a scorer before the sources, .* got SlidingWindow"):
        symbolic.timeline(short, song)
    with pytest.raises(TypeError, match="at least a source"):
        symbolic.timeline(tiny_scorer)


@pytest.mark.parametrize("device", ["cuda:99", "nonsense"])
def test_a_device_that_is_not_there_is_one_line(device, song, tiny_model_folder):
    for use in (
        lambda: symbolic.load(device=device),
        lambda: symbolic.load(tiny_model_folder, device=device),
        lambda: symbolic.score(song, device=device),
    ):
        with pytest.raises(ValueError, match=f"^device '{device}' cannot be used: .*$"):
            use()


def test_a_model_without_boundaries_says_what_it_predicts(song, tiny_model_folder, capsys):
    assert run("segment", song, "--model", tiny_model_folder) == 2
    error = capsys.readouterr().err
    assert f"{tiny_model_folder}: the model predicts emotion" in error
    assert error.endswith("not boundaries\n")


@pytest.mark.parametrize(
    ("word", "words"),
    [("scroe", "score"), ("Segment", "segment"), ("train_key", "train-key"), ("xyz", "there are")],
)
def test_a_command_that_is_misspelt_is_suggested(word, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(word, "song.mid")
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert f"no command '{word}'; " in error
    assert words in error


def test_a_timeline_is_written_without_a_table(song, tmp_path, capsys):
    out = tmp_path / "new"
    assert run("score", song, "--timeline", out / "t.csv", "--window", "4s", "--workers", 0) == 0
    assert [path.name for path in out.iterdir()] == ["t.csv"]
    windows = pd.read_csv(out / "t.csv")["window"].tolist()
    assert windows == [*range(1, len(windows) + 1)]
    assert f"timeline in {out / 't.csv'}" in capsys.readouterr().out


def test_a_plot_has_the_name_of_its_piece(song, capsys):
    before = song.read_bytes()
    assert run("plot", song, "--window", "4s") == 0
    assert song.with_name("song.emotion.png").read_bytes().startswith(b"\x89PNG")
    assert song.read_bytes() == before
    assert str(song.with_name("song.emotion.png")) in capsys.readouterr().out


def test_the_parts_of_many_files_are_shortened_and_counted(tmp_path, write_midi, tune, capsys):
    pytest.importorskip("librosa")
    for number in range(70):
        write_midi(tmp_path / f"{number:02d}.mid", tune(60))
    (tmp_path / "30.mid").write_bytes(b"no music")
    assert run("segment", tmp_path, "-o", tmp_path / "parts.csv", "--workers", 0) == 0
    out, error = capsys.readouterr()
    lines = out.splitlines()
    parts = int(pd.read_csv(tmp_path / "parts.csv")["part"].count())
    assert len(lines) == 1 + 60 + 1 + 2  # heading, rows, dots, summary
    assert (
        lines[-1] == f"segmented 69 of 70 files: {parts} parts; table in {tmp_path / 'parts.csv'}"
    )
    assert f"not segmented: {tmp_path / '30.mid'}: " in error


def test_a_segmentation_is_shown_in_a_line(song):
    pytest.importorskip("librosa")
    (found,) = symbolic.Segmenter().segment(song, workers=0)
    times = ", ".join(f"{time:.2f}" for time in np.asarray(found.times))
    assert repr(found) == f"Segmentation(path={str(song)!r}, times=[{times}])"
    (failed,) = symbolic.Segmenter().segment(song.with_name("none.mid"), workers=0)
    assert "error='no such file'" in repr(failed)


@pytest.fixture
def refusing_hub(monkeypatch):
    def create_repo(*arguments, **options):
        raise RuntimeError("401 Client Error.\n\nUnauthorized")

    monkeypatch.setattr("huggingface_hub.HfApi.create_repo", create_repo)


def test_a_hub_that_refuses_is_status_1_and_one_line(tiny_model_folder, refusing_hub, capsys):
    assert run("push", tiny_model_folder, "me/tunes") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "symbolic: error: me/tunes: not published: 401 Client Error. Unauthorized"


def test_a_name_without_a_user_and_an_unknown_licence_are_warned_of(
    tiny_model_folder, tmp_path, caplog
):
    with caplog.at_level(logging.WARNING):
        hub.push(tiny_model_folder, "tunes", dry_run=tmp_path / "a", license="cc-by-nc-4")
        assert [record.getMessage() for record in caplog.records] == [
            "tunes: no user or organisation before the name: the Hub adds yours, but the card "
            "tells people to load 'tunes'",
            "licence 'cc-by-nc-4' is no id of the Hub; did you mean cc-by-nc-4.0 or cc-by-nd-4.0 "
            "or cc-by-nc-3.0?",
        ]
        caplog.clear()
        hub.push(tiny_model_folder, "me/tunes", dry_run=tmp_path / "a", license="cc-by-nc-4.0")
        assert not caplog.records


def test_the_tokenizer_of_a_model_returns_what_the_model_takes(song, tiny_model_folder):
    model = AutoModel.from_pretrained(tiny_model_folder)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model_folder)
    inputs = tokenizer(song, return_tensors="pt").to("cpu")
    ids = tokenizer.ids(song)
    assert inputs["input_ids"].numpy().tolist() == ids[None].tolist()
    assert inputs["attention_mask"].tolist() == [[1] * len(ids)]
    inputs["features"] = torch.zeros(1, len(model.config.feature_names))
    assert model(**inputs).logits["emotion"].shape == (1, 4)
    assert tokenizer(song, return_tensors="np")["input_ids"].shape == (1, *ids.shape)
    assert tokenizer(song).ids == ids.tolist()  # as MidiTok


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"return_tensors": "tf"}, ValueError, '"pt" or "np"'),
        ({"return_tensors": "pt", "padding": True}, TypeError, "Collator pads"),
    ],
)
def test_other_options_of_a_tokenizer_are_refused(options, error, words, song):
    for tokenizer in (symbolic.CPTokenizer(), symbolic.build_tokenizer("REMI")):
        with pytest.raises(error, match=words):
            tokenizer(song, **options)
        with pytest.raises(TypeError, match="takes one source"):
            tokenizer([song, song], return_tensors="pt")


def test_a_tokenizer_of_one_vocabulary_has_a_batch_axis_too(song):
    for tokenizer in (symbolic.FerreiraTokenizer(), symbolic.build_tokenizer("REMI")):
        inputs = tokenizer(song, return_tensors="pt")
        assert inputs["input_ids"].shape == inputs["attention_mask"].shape
        assert inputs["input_ids"][0].tolist() == tokenizer.ids(song).tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda ids: ids[:, :3], r"shape \(\d+, 3\), expected \(T, 4\): Bar, Position"),
        (lambda ids: ids[:, 0], r"shape \(\d+,\), expected \(T, 4\)"),
        (lambda ids: ids[None], r"shape \(1, \d+, 4\), expected \(T, 4\)"),
        (lambda ids: ids + 9999, r"ids: \d+ for Bar, expected 0 to \d+"),
        (lambda ids: ids - 9999, r"ids: -\d+ for Bar, expected 0 to \d+"),
        (lambda ids: ids.astype(float), "float64, expected whole numbers"),
        (lambda ids: [[1, 2, 3, 4], [1, 2]], "lists of different lengths"),
    ],
)
def test_ids_that_are_none_are_not_decoded(change, words, song):
    tokenizer = symbolic.CPTokenizer(preset="midibert")
    with pytest.raises(ValueError, match=words) as caught:
        tokenizer.decode(change(tokenizer.ids(song)))
    assert "\n" not in str(caught.value)


def test_ids_of_one_vocabulary_are_checked_too(song):
    tokenizer = symbolic.FerreiraTokenizer()
    ids = tokenizer.ids(song)
    for right in (ids, ids.tolist(), torch.tensor(ids), tokenizer.encode(song)):
        assert tokenizer.decode(right).note_num() == len(read_notes(song))
    with pytest.raises(ValueError, match=r"expected \(T,\)$"):
        tokenizer.decode(ids[None])
    with pytest.raises(ValueError, match="expected 0 to"):
        tokenizer.decode(ids + 9999)


def test_inputs_that_are_no_tensors_of_ids_are_refused(song, tiny_scorer):
    ids = tiny_scorer.tokenizer.ids(song)[None]
    with pytest.raises(TypeError, match=r"^input_ids: expected a tensor, got ndarray$"):
        tiny_scorer.model(input_ids=ids)
    for kind in (torch.float32, torch.bool):
        with pytest.raises(TypeError, match=f"^input_ids: expected whole numbers .*, got {kind}$"):
            tiny_scorer.model(input_ids=torch.tensor(ids).to(kind))


@pytest.mark.parametrize(
    "auto", [AutoModelForSequenceClassification, AutoModelForAudioClassification]
)
def test_auto_classes_of_one_head_name_the_class_that_loads(auto, tiny_model_folder, tiny_scorer):
    for use in (
        lambda: auto.from_pretrained(tiny_model_folder),
        lambda: auto.from_pretrained(tiny_model_folder, config=tiny_scorer.model.config),
    ):
        with pytest.raises(ValueError, match="AutoModel loads it") as caught:
            use()
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 200
    with pytest.raises(ValueError, match="Unrecognized model"):
        auto.from_pretrained(tiny_model_folder.parent)


def test_a_pipeline_of_nothing_is_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for task in ("music-emotion", "music-tags"):
        with pytest.raises(OSError, match="runs/nosuch: no such folder, and ") as caught:
            transformers.pipeline(task, model="runs/nosuch")
        assert "\n" not in str(caught.value)


def test_the_way_from_a_file_to_logits_in_the_documentation_runs(
    root, song, tiny_scorer, monkeypatch
):
    page = (root / "docs" / "sharing.md").read_text(encoding="utf-8")
    code = page.partition("By hand, from a file to")[2].partition("```python\n")[2]
    tiny_scorer.save_pretrained(song.parent / "runs" / "mine")
    monkeypatch.chdir(song.parent)
    names: dict = {}
    exec(code.partition("```")[0], names)
    found = names["probabilities"][0].numpy()
    row = tiny_scorer.score(song, workers=0).iloc[0][["q1", "q2", "q3", "q4"]]
    np.testing.assert_allclose(found, row.astype(float), atol=1e-5)


def test_a_message_on_checkpoints_is_not_printed(caplog):
    import symbolic.training.trainer  # noqa: F401 - adds the filter

    logger = logging.getLogger("transformers.trainer_utils")
    with caplog.at_level(logging.WARNING, logger.name):
        logger.warning("mtime may not be reliable on this filesystem")
        logger.warning("another message")
    assert [record.getMessage() for record in caplog.records] == ["another message"]


def test_facts_of_an_audit_have_no_counts(tmp_path, write_midi, tune, capsys):
    for number in range(2):
        write_midi(tmp_path / f"{number}.mid", tune(20, 50 + 7 * number), tempos=[(0, 120)])
    assert run("audit", tmp_path, "--workers", 0) == 0
    heading = "one tempo in all files (bars and beats mean nothing if onsets are off the grid):"
    assert heading in capsys.readouterr().out.splitlines()


def test_more_tokens_than_positions_are_refused(song, tiny_scorer):
    tokens = tiny_scorer.tokenizer(song, return_tensors="pt")
    most = tiny_scorer.model.config.backbone_config.max_position_embeddings
    ids = tokens["input_ids"].repeat(1, most, 1)
    with pytest.raises(ValueError, match=f"{ids.shape[1]} tokens .* takes at most {most}: cut"):
        tiny_scorer.model(input_ids=ids)


def test_a_pattern_of_no_file_says_so(tmp_path, capsys):
    assert run("score", tmp_path / "*.xyz") == 1
    assert "no file matches" in capsys.readouterr().out
