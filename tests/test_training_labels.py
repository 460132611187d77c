"""Labels of a training: tasks without any, and those that stratify and weigh."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_corpora import write_sound

from symbolic.commands.pretrain import main as pretrain
from symbolic.commands.train import main as train
from symbolic.commands.train_tokens import main as train_tokens
from symbolic.data import DataArguments, save_tokens, validation_mask
from symbolic.inference.prediction_table import note_columns, read_predictions
from symbolic.inference.weights import load_config
from symbolic.tasks import IGNORE, VELOCITY
from symbolic.training.notes import ModelArguments, NoteInputs
from symbolic.training.tokens import TokenInputs, TokenModelArguments

SHAPE = ["--hidden_size", "16", "--layers", "1", "--heads", "2", "--max_steps", "1", "--use_cpu",
         "True", "--features", "none"]  # fmt: skip


@pytest.fixture(scope="module")
def flat(tmp_path_factory, write_midi, tune):
    """Six tunes with quadrants, keys in two of three, and one velocity each."""
    folder = tmp_path_factory.mktemp("flat")
    for i in range(6):
        notes = [(*note[:3], 64) for note in tune(20, 55 + i)]
        write_midi(folder / f"{i}.mid", notes)
    rows = [(f"{i}.mid", i % 4 + 1, ("C major", "a minor", "")[i % 3]) for i in range(6)]
    pd.DataFrame(rows, columns=["path", "quadrant", "key"]).to_csv(folder / "labels.csv")
    return folder


def words(folder, output, tasks):
    return ["--labelled", str(folder), "--hold-out", "none", "--output-dir", str(output),
            "--tasks", tasks, *SHAPE]  # fmt: skip


def test_velocities_that_no_piece_has_are_not_trained(flat, tmp_path, capsys):
    assert train(words(flat, tmp_path / "run", "emotion,velocity")) == 2
    said = capsys.readouterr().err
    assert "no piece to train on has a label of velocity" in said
    assert "leave it out, with emotion as tasks" in said
    assert not (tmp_path / "run").exists()


def test_velocities_of_one_piece_are_trained(flat, tmp_path, write_midi, tune, capsys):
    write_midi(tmp_path / "any.mid", tune(20))
    more = ["--unlabelled", str(tmp_path / "any.mid")]
    assert train([*words(flat, tmp_path / "run", "velocity"), *more]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1].startswith(f"saved in {tmp_path / 'run'}; to predict")
    assert "symbolic.predict_notes" in said.out.splitlines()[-1]


def test_all_velocities_are_masked_where_asked(tmp_path, write_midi, tune):
    """The model keeps the share, by which its held-out pieces are evaluated too."""
    for i in range(4):
        write_midi(tmp_path / f"{i}.mid", tune(20, 55 + i))
    rows = [(f"{i}.mid", 1, "test" if i == 3 else "train") for i in range(4)]
    pd.DataFrame(rows, columns=["path", "quadrant", "split"]).to_csv(tmp_path / "labels.csv")
    arguments = words(tmp_path, tmp_path / "run", "velocity")
    arguments[arguments.index("none")] = "labelled-test"
    assert train([*arguments, "--masked-velocity", "1"]) == 0
    (row,) = read_predictions(tmp_path / "run" / "predictions.csv").to_dict("records")
    assert row[note_columns(VELOCITY)[0]] == 20
    assert load_config(tmp_path / "run").masked_velocity == 1.0


def test_a_velocity_that_is_shown_is_not_trained(tmp_path, flat, capsys):
    arguments = words(flat, tmp_path / "run", "emotion,velocity")
    assert train([*arguments, "--masked-velocity", "0"]) == 2
    assert "masked_velocity 0: the input contains" in capsys.readouterr().err


def test_a_training_prints_its_figures_in_words_and_what_to_do_next(flat, tmp_path, capsys):
    folder = tmp_path / "my run"
    more = ["--validation-share", "0.3", "--max-steps", "-1", "--num-train-epochs", "2"]
    assert train([*words(flat, folder, "emotion"), *more]) == 0
    said = capsys.readouterr()
    end = f"saved in {folder}; to predict with it: symbolic score FILES --model '{folder}'"
    assert said.out.splitlines()[-1] == end
    assert "epoch 2 of 2: loss " in said.err
    assert "epoch 2 of 2: validation loss " in said.err
    for noise in ("{", "Writing model shards", "grad_norm", "train_runtime"):
        assert noise not in said.out + said.err


def test_pre_training_ends_with_the_command_that_trains_with_it(flat, tmp_path, capsys):
    told = ["--music", str(flat), "--output-dir", str(tmp_path / "run"), *SHAPE[:-2]]
    assert pretrain(told) == 0
    said = capsys.readouterr()
    command = said.out.splitlines()[-1].partition("symbolic train ")[2].split()
    assert "Writing model shards" not in said.err
    options = ["--tasks", "key", "--output-dir", str(tmp_path / "next")]
    assert train([*words(flat, tmp_path, "key"), *command, *options]) == 0


def test_a_token_file_without_velocities_trains_none(token_tunes, tmp_path, capsys):
    tokens = token_tunes()
    silent = np.full_like(tokens.velocity, IGNORE)
    silent[tokens.offsets[6] :] = tokens.velocity[tokens.offsets[6] :]
    splits = ["train"] * 6 + ["val"] * 2
    labels = {**tokens.token_labels, "velocity": silent}
    save_tokens(replace(tokens, token_labels=labels, splits=splits), tmp_path / "tokens.npz")
    told = ["--tokens", str(tmp_path / "tokens.npz"), "--output-dir", str(tmp_path / "run"),
            "--tasks", "velocity", "--held-out-split"]  # fmt: skip
    assert train_tokens([*told, "val", *SHAPE]) == 2
    assert "no piece to train on has a label of velocity" in capsys.readouterr().err
    assert train_tokens([*told, "", *SHAPE]) == 0


def test_recordings_without_labels_of_a_task_train_none(tmp_path, capsys):
    rows = ["path,genre,mood,split"]
    for i in range(4):
        write_sound(tmp_path / f"{i}.wav", 2.0 + i / 10, 22050)
        rows.append(f"{i}.wav,{'ab'[i % 2]},{'' if i < 3 else 'calm'},{'test' if i == 3 else ''}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    told = ["--system", "cnn_mel", "--corpus", "folder", "--audio", str(tmp_path), "--hold-out",
            "test", "--output-dir", str(tmp_path / "run"), "--use-cpu", "True"]  # fmt: skip
    assert train([*told, "--workers", "0"]) == 2
    assert "no piece to train on has a label of mood" in capsys.readouterr().err
    assert train([*told, "--target-seconds", "2", "--peaks", "min_distance"]) == 2
    assert "target_seconds, peaks: of boundaries, and folder has none" in capsys.readouterr().err
    assert train([*told, "--frame-rate", "20"]) == 2
    assert "frame_rate: of corpora of spectrograms" in capsys.readouterr().err


def test_the_quadrant_stratifies_where_it_is_trained_otherwise_the_first_task(flat, token_tunes):
    data = DataArguments(labelled=str(flat), hold_out="none")
    quadrants, keys = [0, 1, 2, 3, 0, 1], [0, 21, IGNORE] * 2
    for tasks, classes in {
        "key,emotion,velocity": quadrants,
        "velocity,key": keys,
        "key,emotion=0": keys,
        "velocity": [IGNORE] * 6,
    }.items():
        inputs = NoteInputs(data, ModelArguments(tasks=tasks, features="none"))
        assert inputs.classes.tolist() == classes
    tokens = token_tunes()
    for task, ids in tokens.labels.items():
        inputs = TokenInputs(tokens, range(8), [], TokenModelArguments(tasks=task), {})
        assert inputs.classes.tolist() == ids.tolist()
        weights = inputs.class_weights(np.arange(8))
        assert list(weights) == [task]


def test_validation_pieces_have_all_keys_of_a_training_of_keys(tmp_path, write_midi, tune):
    """Songs of two pieces, of one key each; the quadrants of all are alike."""
    rows = []
    for i in range(40):
        write_midi(tmp_path / f"{i}.mid", tune(16, 60))
        rows.append((f"{i}.mid", "Q1", ("C major", "a minor")[i // 2 % 2], f"song{i // 2}"))
    frame = pd.DataFrame(rows, columns=["path", "quadrant", "key", "group"])
    frame.to_csv(tmp_path / "labels.csv", index=False)
    data = DataArguments(labelled=str(tmp_path), hold_out="none")
    inputs = NoteInputs(data, ModelArguments(tasks="key", features="none"))
    for seed in range(5):
        taken = validation_mask(inputs.classes, inputs.groups, 0.2, seed)
        assert frame["key"][taken].value_counts().tolist() == [4, 4]
        assert not set(frame["group"][taken]) & set(frame["group"][~taken])


def test_weights_of_classes_without_a_task_of_classes_are_refused(
    tmp_path, write_midi, tune, capsys
):
    song = write_midi(tmp_path / "song.mid", tune(20))
    told = ["--unlabelled", str(song), "--hold-out", "none", "--output-dir", str(tmp_path / "run"),
            "--tasks", "velocity", "--class-weights", "True", *SHAPE]  # fmt: skip
    assert train(told) == 2
    assert "class_weights: no task of classes" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option",
    ["class-weights", "tasks", "label-smoothing", "temperature",
     "expert-members", "expert-size", "expert-dropout"],
)  # fmt: skip
def test_pre_training_refuses_what_it_would_not_use(option, tmp_path, capsys):
    for name in (f"--{option}", f"--{option.replace('-', '_')}"):
        with pytest.raises(SystemExit):
            pretrain(["--music", str(tmp_path), f"{name}=1"])
        assert f"no option {name}: it would change nothing" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        pretrain(["--help-all"])
    assert f"--{option} " not in capsys.readouterr().out
