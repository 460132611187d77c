"""Evaluation on training music: refused whatever the folder, the groups or the files are called."""

import shutil

import pytest
from small_corpora import write_sound
from test_fingerprints import song
from transformers import TrainingArguments

from symbolic.commands.evaluate import main as evaluate
from symbolic.commands.train import main as train
from symbolic.data.audit.fingerprints import Fingerprints, assert_unseen, common
from symbolic.data.groups import LeakError
from symbolic.notes.score import table_score
from symbolic.publishing.card import model_card
from symbolic.training.audio import train_audio
from symbolic.training.audio_arguments import AudioDataArguments, AudioModelArguments
from symbolic.training.run_folder import FINGERPRINTS, TRAINING_RECORD, unknown_origin
from symbolic.training.trainer import FitArguments

TINY = ["--hidden-size", "16", "--layers", "1", "--heads", "2", "--field-embedding-size", "8",
        "--tasks", "emotion", "--features", "none", "--max-steps", "1", "--use-cpu", "True",
        "--disable-tqdm", "True", "--folds", "3"]  # fmt: skip
QUICK = ["--baselines", "none", "--no-robustness"]


def write_corpus(folder, group="s{}", name="tune {}.mid", held_out=range(4)):
    """Write twelve songs of four quadrants, some of them in the split `val`."""
    folder.mkdir()
    rows = ["path,quadrant,group,split"]
    for i in range(12):
        table_score(song(i)).dump_midi(folder / name.format(i))
        split = "val" if i in held_out else "train"
        rows.append(f"{name.format(i)},Q{1 + i % 4},{group.format(i)},{split}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("seen") / "c1")


@pytest.fixture(scope="module")
def run(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("seen") / "run"
    words = ["--labelled", str(corpus), "--hold-out", "labelled-val", "--output-dir", str(folder)]
    assert train([*words, *TINY]) == 0
    return folder


def test_the_sign_that_counts_is_found_behind_a_surer_one():
    names, groups = ["a.mid"], ["corpus: one"]
    trained = Fingerprints.of_notes(names, groups, [song(1)])
    same = Fingerprints.of_notes(names, ["other: two"], [song(1)])
    assert common(trained, same) == {0: "name"}
    assert common(trained, same, ["content"]) == {0: "content"}
    with pytest.raises(LeakError, match=r"a \(same content\)"):
        assert_unseen(trained, same, ["a"], "training", kinds=("content",))


def test_the_error_says_how_many_more_and_what_to_do():
    tables = [song(i) for i in range(7)]
    prints = Fingerprints.of_notes([f"{i}" for i in range(7)], list("abcdefg"), tables)
    with pytest.raises(LeakError, match=r"7 of 7 .* e \(same group\) and 2 more\. Do this$"):
        assert_unseen(prints, prints, list("abcdefg"), "training", remedy="Do this")


def test_the_same_split_is_evaluated_whatever_the_folder_is_called(run, corpus, tmp_path):
    other = shutil.copytree(corpus, tmp_path / "other")
    assert evaluate([str(run), "--labelled", str(other), *QUICK]) == 0


@pytest.mark.parametrize("called", ["c1", "other"])
@pytest.mark.parametrize(
    ("group", "name", "said"),
    [
        ("new{}", "tune {}.mid", "same name"),
        ("new{}", "{}.mid", "same content"),
        ("s{}", "{}.mid", "same group"),
    ],
)
def test_training_pieces_are_refused_under_any_name(
    called, group, name, said, run, tmp_path, capsys
):
    moved = write_corpus(tmp_path / called, group, name, held_out=range(2, 6))
    assert evaluate([str(run), "--labelled", str(moved), *QUICK]) == 2
    error = capsys.readouterr().err
    assert f"2 of 4 held-out pieces are in the training data of {run}" in error
    assert said in error


def test_a_name_that_the_split_has_on_both_sides_is_no_sign(tmp_path):
    folder = tmp_path / "takes"
    folder.mkdir()
    rows = ["path,quadrant,group"]
    for i in range(12):
        (folder / f"{i}").mkdir()
        table_score(song(i)).dump_midi(folder / f"{i}" / "take.mid")
        rows.append(f"{i}/take.mid,Q{1 + i % 4},s{i}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    words = ["--labelled", str(folder), "--hold-out", "labelled-0"]
    assert train([*words, "--output-dir", str(tmp_path / "run"), *TINY]) == 0
    assert evaluate([str(tmp_path / "run"), "--labelled", str(folder), *QUICK]) == 0


def test_training_refuses_the_same_notes_under_the_same_name(tmp_path, capsys):
    folder = write_corpus(tmp_path / "c")
    (folder / "copy").mkdir()
    shutil.copy(folder / "tune 0.mid", folder / "copy" / "tune 0.mid")
    with (folder / "labels.csv").open("a") as table:
        table.write("copy/tune 0.mid,Q1,new,train\n")
    words = ["--labelled", str(folder), "--hold-out", "labelled-val"]
    assert train([*words, "--output-dir", str(tmp_path / "run"), *TINY]) == 2
    assert "tune 0.mid of c: s0 (same content)" in capsys.readouterr().err


def test_a_model_without_fingerprints_says_that_groups_alone_were_compared(
    run, corpus, tmp_path, capsys
):
    copy = shutil.copytree(run, tmp_path / "old")
    words = ["--labelled", str(corpus), *QUICK]
    assert evaluate([str(copy), *words]) == 0
    assert "only groups" not in capsys.readouterr().out
    assert "Only" not in model_card(copy).partition("## Limits")[0]
    (copy / FINGERPRINTS).unlink()
    assert evaluate([str(copy), *words]) == 0
    assert "only groups were compared with the training pieces" in capsys.readouterr().out
    card = model_card(copy)
    assert "Only groups were compared" in card
    assert "Only the groups of these pieces" in card


@pytest.mark.parametrize(("changed", "status"), [(False, 0), (True, 2)])
def test_recordings_that_were_trained_on_are_refused(changed, status, tmp_path, capsys):
    folder = tmp_path / "sounds"
    folder.mkdir()
    rows = ["path,genre,group,split"]
    for i in range(6):
        write_sound(folder / f"s{i}.wav", seconds=0.1 + i / 50)
        rows.append(f"s{i}.wav,{'ab'[i % 2]},g{i},{'val' if i > 3 else 'train'}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    data = AudioDataArguments(corpus="folder", audio=str(folder), hold_out="val", workers=0)
    arguments = AudioModelArguments(system="mel_cnn1d", width=1 / 16, seconds=1.0)
    training = TrainingArguments(
        str(tmp_path / "run"), max_steps=1, use_cpu=True, save_strategy="no", report_to=[]
    )
    train_audio(data, arguments, FitArguments(), training)
    if changed:
        shutil.copy(folder / "s0.wav", folder / "s4.wav")
    moved = folder.rename(tmp_path / "moved") if changed else folder
    words = [str(tmp_path / "run"), "--audio", str(moved)]
    assert evaluate(words) == status
    assert ("s4.wav" in capsys.readouterr().err) == changed


def test_figures_of_other_pieces_do_not_replace_those_of_training(run, corpus, tmp_path, capsys):
    model = shutil.copytree(run, tmp_path / "model")
    assert evaluate([str(model), "--labelled", str(corpus), *QUICK]) == 0
    said = capsys.readouterr().out.splitlines()[-1]
    assert said == f"figures are in {model / 'metrics.json'}, which symbolic push publishes"
    before = (model / "metrics.json").read_text()
    other = tmp_path / "other"
    other.mkdir()
    rows = ["path,quadrant,group,split"]
    for i in range(6):
        table_score(song(100 + i)).dump_midi(other / f"other {i}.mid")
        rows.append(f"other {i}.mid,Q{1 + i % 4},g{i},{'val' if i < 3 else 'train'}")
    (other / "labels.csv").write_text("\n".join(rows) + "\n")
    words = [str(model), "--labelled", str(other), *QUICK]
    assert evaluate(words) == 0
    assert "stays as it was: these are other pieces" in capsys.readouterr().out.splitlines()[-1]
    assert (model / "metrics.json").read_text() == before
    assert evaluate([*words, "--metrics-into", str(model)]) == 0
    assert (model / "metrics.json").read_text() != before


@pytest.mark.parametrize("annotated", [False, True])
def test_figures_of_estimated_keys_are_called_an_agreement(annotated, tmp_path, capsys):
    folder = write_corpus(tmp_path / "keys")
    if annotated:
        table = (folder / "labels.csv").read_text().splitlines()
        keys = ["key", *["C major", "a minor"] * 6]
        lines = [f"{row},{key}" for row, key in zip(table, keys, strict=True)]
        (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    words, output = ["--labelled", str(folder)], str(tmp_path / "run")
    split = ["--hold-out", "labelled-val", "--output-dir", output]
    assert train([*words, *split, *TINY, "--tasks", "emotion,key"]) == 0
    said = capsys.readouterr().out
    assert ("agreement with the estimated key" in said, "accuracy of key" in said) == (
        (False, True) if annotated else (True, False)
    )
    assert evaluate([output, *words, *QUICK, "--output-dir", str(tmp_path / "report")]) == 0
    note = "The true key is an estimate from the notes where a table has none"
    results = (tmp_path / "report" / "results.md").read_text()
    assert (note in capsys.readouterr().out) == (note in results) == (not annotated)
    header, _, card = model_card(output).partition("\n# ")
    assert ("key exact (agreement with estimates from the notes)" in card) == (not annotated)
    assert ("name: key exact" in header) == annotated


def test_a_finished_model_is_replaced_only_on_request(run, corpus, tmp_path, capsys):
    model = shutil.copytree(run, tmp_path / "model")
    assert evaluate([str(model), "--labelled", str(corpus), *QUICK]) == 0
    words = ["--labelled", str(corpus), "--hold-out", "none", "--output-dir", str(model), *TINY]
    weights = (model / "model.safetensors").read_bytes()
    assert train(words) == 2
    error = capsys.readouterr().err
    assert f"{model}: holds a finished model: --overwrite replaces it" in error
    assert (model / "model.safetensors").read_bytes() == weights
    assert train([*words, "--max-steps", "2", "--resume-from-checkpoint", "True"]) == 0
    assert train([*words, "--seed", "1", "--overwrite"]) == 0
    assert (model / "model.safetensors").read_bytes() != weights
    assert not (model / "metrics.json").exists()
    assert "overwrite" not in (model / "training.json").read_text()


def test_a_model_of_unknown_origin_is_named_in_all_that_follow_from_it(
    run, corpus, tmp_path, caplog
):
    own = shutil.copytree(run, tmp_path / "own")  # as a Trainer of one's own leaves it
    for file in (FINGERPRINTS, TRAINING_RECORD, "metrics.json"):
        (own / file).unlink(missing_ok=True)
    assert unknown_origin(run) == unknown_origin("") == ""
    assert unknown_origin(own) == "own"
    base = own
    for name in ("child", "grandchild"):
        words = ["--labelled", str(corpus), "--hold-out", "labelled-val", "--pretrained", str(base)]
        base = tmp_path / name
        caplog.clear()
        assert train([*words, "--output-dir", str(base), *TINY]) == 0
        assert "own has no record of its training pieces" in caplog.text
        assert unknown_origin(base) == "own"
        assert evaluate([str(base), "--labelled", str(corpus), *QUICK]) == 0
        card = model_card(base)
        assert "Training began with `own`, whose own training pieces are not recorded" in card
        assert "never trained on" not in card
        assert "same notes" not in card
        assert "model-index" not in card.split("---")[1]
    assert "model-index" in model_card(evaluated(run, corpus)).split("---")[1]


def evaluated(run, corpus):
    assert evaluate([str(run), "--labelled", str(corpus), *QUICK]) == 0
    return run
