"""Training and evaluation, end to end on music made for the purpose."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from limits import HANGS
from symusic import Note, Score, Track
from transformers import HfArgumentParser, Trainer, TrainingArguments

from symbolic.data import Collator, DataArguments, LeakError, PieceDataset, held_out, read_tables
from symbolic.data.groups import hashed_group
from symbolic.evaluation.baselines import BASELINES
from symbolic.evaluation.evaluator import evaluate, evaluate_keys
from symbolic.inference.prediction_table import columns_of
from symbolic.modeling import SymbolicModel
from symbolic.scoring.emotion import EmotionScorer
from symbolic.tasks import EMOTION, QUADRANTS
from symbolic.training.notes import ModelArguments, train
from symbolic.training.run_folder import TRAINING_RECORD, recorded_groups
from symbolic.training.trainer import TRAINING_DEFAULTS, FitArguments, checkpoint

pytestmark = pytest.mark.slow  # of real runs, as they are

ROOT = Path(__file__).parent.parent
TINY = ["--hidden_size", "32", "--layers", "1", "--heads", "2", "--field_embedding_size", "8",
        "--window", "64", "--training_window", "32", "--use_cpu", "True", "--disable_tqdm", "True",
        "--per_device_train_batch_size", "8", "--warmup_steps", "2"]  # fmt: skip


def run(emopia, output, *options, epochs="2"):
    parser = HfArgumentParser((DataArguments, ModelArguments, FitArguments, TrainingArguments))
    parser.set_defaults(**TRAINING_DEFAULTS)
    words = ["--output_dir", str(output), "--num_train_epochs", epochs]
    words += ["--emopia", str(emopia)] if emopia else []
    return train(*parser.parse_args_into_dataclasses([*words, *TINY, *options]))


@pytest.fixture(scope="module")
def trained(emopia, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    run(emopia, folder, "--learning_rate", "3e-3", epochs="12")
    return folder


def test_training_learns_what_fast_and_loud_mean(trained):
    frame = pd.read_csv(trained / "predictions.csv")
    assert len(frame) == 12
    assert set(frame["group"]) == {f"song{i}" for i in range(18, 24)}
    high = {"Q1", "Q2"}
    right = frame["emotion"].isin(high) == frame["emotion predicted"].isin(high)
    assert right.mean() >= 0.9


def test_a_trained_folder_scores_music(trained, emopia):
    table = EmotionScorer.from_pretrained(trained).score(emopia / "midi", workers=0)
    assert len(table) == 48
    assert (table["error"] == "").all()
    predictions = pd.read_csv(trained / "predictions.csv").set_index("file")
    table["file"] = table["path"].map(lambda path: Path(path).name)
    scored = table.set_index("file").loc[predictions.index]
    for quadrant in QUADRANTS:
        found = predictions[f"emotion: {quadrant}"]
        np.testing.assert_allclose(scored[quadrant.lower()], found, atol=1e-4)


def test_features_are_standardised_by_the_training_pieces(trained):
    encoder = SymbolicModel.from_pretrained(trained).encoder
    assert encoder.feature_mean.abs().max() > 1
    assert (encoder.feature_scale > 0).all()


def test_training_is_fixed_by_its_seed(emopia, tmp_path):
    first = run(emopia, tmp_path / "a", epochs="1")
    again = run(emopia, tmp_path / "b", epochs="1")
    other = run(emopia, tmp_path / "c", "--seed", "1", epochs="1")
    a, b, c = (model.encoder.project.weight for model in (first, again, other))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_a_run_that_was_cut_off_goes_on_where_it_was(emopia, tmp_path):
    whole = run(emopia, tmp_path / "whole")
    cut = tmp_path / "cut"
    run(emopia, cut)  # both checkpoints are there: pretend that the second was never reached
    last = max(cut.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    assert len(list(cut.glob("checkpoint-*"))) == 1  # only the newest is kept
    half = tmp_path / "half"
    run(emopia, half, "--save_total_limit", "2")
    for path in half.glob("checkpoint-*"):
        if path.name == last.name:
            shutil.rmtree(path)
    resumed = run(emopia, half, "--resume_from_checkpoint", "True")
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, msg=name)


def test_music_without_labels_trains_the_tasks_that_need_none(emopia, tmp_path):
    (tmp_path / "music").mkdir()
    shutil.copy(emopia / "midi" / "Q1_song0_0.mid", tmp_path / "music" / "any.mid")
    music = ("--unlabelled", str(tmp_path / "music"))
    model = run(emopia, tmp_path / "more", *music, "--tasks", "key,velocity", epochs="1")
    assert set(model.heads) == {"key", "velocity"}
    record = json.loads((tmp_path / "more" / TRAINING_RECORD).read_text())
    assert hashed_group("unlabelled: any") in recorded_groups(record)
    with pytest.raises(
        LeakError, match=r"12 of 12 held-out pieces are in the unlabelled music: .*\(same name\)"
    ):
        run(emopia, tmp_path / "leak", "--unlabelled", str(emopia / "midi"))
    (tmp_path / "nowhere").mkdir()
    with pytest.raises(FileNotFoundError, match="no MIDI or MusicXML file"):
        run(emopia, tmp_path / "none", "--unlabelled", str(tmp_path / "nowhere"))


def test_music_without_labels_trains_alone(emopia, tmp_path):
    music = ("--unlabelled", str(emopia / "midi"))
    model = run(None, tmp_path / "run", *music, "--hold_out", "none", "--tasks", "key,velocity",
                epochs="1")  # fmt: skip
    assert set(model.heads) == {"key", "velocity"}
    record = json.loads((tmp_path / "run" / TRAINING_RECORD).read_text())
    assert hashed_group("unlabelled: Q1_song0_0") in recorded_groups(record)
    with pytest.raises(ValueError, match=r"its corpus is not given.*hold out .*none"):
        run(None, tmp_path / "all", *music, "--tasks", "key")
    with pytest.raises(ValueError, match="no piece to train on has a label of emotion"):
        run(None, tmp_path / "emotion", *music, "--hold_out", "none", "--tasks", "emotion")


def test_the_trainer_evaluates_with_its_own_defaults(emopia, trained, tmp_path):
    scorer = EmotionScorer.from_pretrained(trained)
    model, tokenizer = scorer.model, scorer.tokenizer
    _, pieces = held_out(DataArguments(emopia=str(emopia)))
    names = model.config.feature_names
    dataset = PieceDataset(pieces, read_tables(pieces), tokenizer, 64, feature_names=names)

    def accuracy(answers):
        labels, logits = answers.label_ids["emotion"], answers.predictions[0]["emotion"]
        return {"n": len(labels), "accuracy": (logits.argmax(axis=1) == labels).mean()}

    trainer = Trainer(
        model=model,
        args=TrainingArguments(str(tmp_path), report_to="none", use_cpu=True, disable_tqdm=True),
        data_collator=Collator(model.tasks, tokenizer.pad_ids),
        compute_metrics=accuracy,
    )
    result = trainer.evaluate(dataset)
    assert result["eval_n"] == len(pieces)
    assert result["eval_accuracy"] > 0.4
    assert np.isfinite(result["eval_loss"])


def test_resuming_takes_the_last_checkpoint_or_the_one_that_is_named(tmp_path):
    for step in (3, 12):
        (tmp_path / f"checkpoint-{step}").mkdir()

    def chosen(asked, folder=tmp_path):
        return checkpoint(TrainingArguments(str(folder), resume_from_checkpoint=asked))

    assert chosen("True") == str(tmp_path / "checkpoint-12")
    assert chosen(str(tmp_path / "checkpoint-3")) == str(tmp_path / "checkpoint-3")
    assert chosen("False") is None
    assert chosen(None) is None
    assert chosen("True", tmp_path / "nowhere") is None


def test_a_task_that_does_not_exist_is_refused(emopia, tmp_path):
    with pytest.raises(ValueError, match="no task humour; there are emotion, key"):
        run(emopia, tmp_path, "--tasks", "emotion,humour")
    with pytest.raises(ValueError, match="no piece to train on has a label of mood"):
        run(emopia, tmp_path, "--tasks", "emotion,mood")


def test_the_record_names_what_was_trained_on(trained):
    record = json.loads((trained / TRAINING_RECORD).read_text())
    assert recorded_groups(record) == sorted(hashed_group(f"emopia: song{i}") for i in range(18))
    assert record["seed"] == 0


def test_evaluation_puts_the_model_beside_the_baselines(trained, emopia):
    result = evaluate([trained], DataArguments(emopia=str(emopia)))
    assert list(result.frames) == ["model", *BASELINES]
    for name, frame in result.frames.items():
        assert len(frame) == 12
        np.testing.assert_allclose(frame[columns_of(EMOTION)].sum(axis=1), 1)
        assert {"transposition", "tempo", "velocity"} < result.summaries[name].robustness.keys()
    assert set(result.differences) == set(BASELINES) - {"extra_trees"} | {"model"}
    frame = pd.read_csv(trained / "predictions.csv")
    scores = result.summaries["model"].scores
    assert scores["accuracy"] == (frame["emotion"] == frame["emotion predicted"]).mean()
    asked = frame["velocity notes"].sum()
    assert scores["velocity_accuracy"] == pytest.approx(frame["velocity correct"].sum() / asked)
    assert scores["key_exact"] == (frame["key"] == frame["key predicted"]).mean()


def test_evaluation_asks_the_record_what_was_held_out(emopia, tmp_path):
    run(emopia, tmp_path, "--hold_out", "emopia-dev-1", epochs="1")
    found = evaluate([tmp_path], DataArguments(emopia=str(emopia)), ["logistic"], robust=False)
    frame = pd.read_csv(tmp_path / "predictions.csv")
    groups = found.frames["logistic"]["group"].tolist()
    assert groups == frame["group"].tolist()
    assert not set(groups) & {f"song{i}" for i in range(18, 24)}


@pytest.mark.parametrize(
    ("tokenizer", "tasks"), [("cp-score", "emotion,velocity"), ("TSD", "emotion,key")]
)
def test_models_of_other_tokenizers_are_evaluated(tokenizer, tasks, emopia, tmp_path):
    run(emopia, tmp_path, "--tokenizer", tokenizer, "--tasks", tasks, epochs="1")
    result = evaluate([tmp_path], DataArguments(emopia=str(emopia)), [], robust=False)
    assert list(result.frames) == ["model"]
    assert ("velocity_accuracy" in result.summaries["model"].scores) == ("velocity" in tasks)


def test_keys_are_compared_with_annotations(trained, tmp_path):
    score = Score(480)
    notes = [Note(i * 480, 480, p, 64) for i, p in enumerate((60, 62, 64, 65, 67, 69, 71, 72, 60))]
    score.tracks.append(Track(notes=notes))
    (tmp_path / "c.mid").write_bytes(score.dumps_midi())
    (tmp_path / "bad.mid").write_bytes(b"")
    (tmp_path / "keys.csv").write_text("file,key\nc.mid,C:maj\nbad.mid,D:maj\n")
    scorer = EmotionScorer.from_pretrained(trained)
    result = evaluate_keys(scorer, tmp_path / "keys.csv", tmp_path)
    assert result["files"] == 1
    assert result["profiles"] == 1.0
    assert result["model"] in (0.0, 1.0)


def test_a_model_is_never_scored_on_what_it_was_trained_on(trained, emopia, tmp_path):
    leaking = tmp_path / "leaking"
    shutil.copytree(trained, leaking)
    record = json.loads((leaking / TRAINING_RECORD).read_text())
    record["groups"]["emopia"] += " " + hashed_group("emopia: song20").partition("#")[2]
    (leaking / TRAINING_RECORD).write_text(json.dumps(record))
    with pytest.raises(LeakError, match="emopia: song20"):
        evaluate([leaking], DataArguments(emopia=str(emopia)))
    record["groups"] = ["emopia: song20"]  # as version 0.1.0 wrote it
    (leaking / TRAINING_RECORD).write_text(json.dumps(record))
    with pytest.raises(LeakError, match="emopia: song20"):
        evaluate([leaking], DataArguments(emopia=str(emopia)))


def test_one_fold_is_not_counted_twice(trained, emopia, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    with pytest.raises(LeakError, match="are in both"):
        evaluate([trained, copy], DataArguments(emopia=str(emopia)))


def test_accelerate_launches_the_script(emopia, tmp_path):
    command = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "1",
               "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no",
               "scripts/train.py", "--emopia", str(emopia), "--output_dir", str(tmp_path / "out"),
               "--num_train_epochs", "1", *TINY]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=HANGS, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "held out emopia-val: 12 pieces" in done.stdout
    assert (tmp_path / "out" / "model.safetensors").is_file()


def test_the_embeddings_of_notes_are_plotted(trained, emopia, tmp_path):
    plot = tmp_path / "views.png"
    data = DataArguments(emopia=str(emopia))
    found = evaluate([trained], data, [], robust=False, draws=10, embeddings=plot)
    assert 0 <= found.views["purity"] <= 1
    assert plot.stat().st_size > 1000
