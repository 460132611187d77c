"""Pre-training: what is asked, what is learnt of it, and what becomes of the encoder."""

import json
import runpy
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import TrainingArguments

from symbolic.commands.pretrain import main
from symbolic.data import TokenDataset, TokenVocabulary, save_tokens
from symbolic.data.datasets.masking import PretrainingDataset, task_name, token_tasks
from symbolic.data.groups import hashed_group
from symbolic.data.tokens.file import token_file
from symbolic.modeling import SymbolicModel
from symbolic.tasks import IGNORE
from symbolic.tokenizers import CPTokenizer, build_tokenizer
from symbolic.training.build import ShapeArguments, build_model
from symbolic.training.pretraining import PretrainArguments, named_tokens, pretrain
from symbolic.training.run_folder import read_record, recorded_groups, training_groups
from symbolic.training.trainer import FitArguments

SMALL = ["--hidden_size", "16", "--layers", "1", "--heads", "2", "--field_embedding_size", "8",
         "--window", "64", "--training_window", "32", "--max_steps", "3", "--warmup_steps", "0",
         "--per_device_train_batch_size", "4", "--use_cpu", "True",
         "--disable_tqdm", "True"]  # fmt: skip
SHAPE = {"hidden_size": 16, "layers": 1, "heads": 2, "field_embedding_size": 8, "window": 64,
         "training_window": 32}  # fmt: skip


@pytest.fixture(scope="module")
def long_tokens(token_tunes):
    return token_tunes("cp-midibert", count=4, n=2000, spread=0)


def questions(tokens, objective="masked", window=2000, **options):
    return PretrainingDataset(
        TokenDataset(tokens, window, masked_velocity=None, **options), objective
    )


def test_masked_tokens_are_those_of_midi_bert():
    assert CPTokenizer(preset="midibert").mask_ids == [3, 17, 87, 65]


def test_fifteen_in_a_hundred_are_asked_and_eighty_of_those_masked(long_tokens):
    torch.manual_seed(0)
    data = questions(long_tokens)
    mask = np.array(long_tokens.vocabulary.mask_ids)
    names = [task_name(field) for field in long_tokens.vocabulary.field_names]
    counts = np.zeros(4, int)  # tokens, asked, of those masked, of those changed otherwise
    for _ in range(4):
        for i in range(len(data)):
            example = data[i]
            ids = example["input_ids"]
            labels = np.stack([example["labels"][name] for name in names], axis=-1)
            whole = long_tokens.ids_of(i)
            asked = labels[:, 0] != IGNORE
            # A super-token is asked as a whole, what is asked is the truth, the rest is untouched.
            assert ((labels != IGNORE) == asked[:, None]).all()
            assert np.array_equal(labels[asked], whole[asked])
            assert np.array_equal(ids[~asked], whole[~asked])
            masked = (ids == mask).all(axis=1)
            assert not masked[~asked].any()
            other = asked & ~masked & (ids != whole).any(axis=1)
            counts += [len(ids), asked.sum(), masked.sum(), other.sum()]
    total, asked, masked, other = counts

    def near(count, of, share):
        assert abs(count - of * share) < 4 * np.sqrt(of * share * (1 - share)), (count, of, share)

    near(asked, total, 0.15)
    near(masked, asked, 0.8)
    near(other, asked, 0.1)  # hardly ever are all four sub-tokens drawn as they were


def test_what_stands_in_the_place_of_a_token_occurs_in_the_music(long_tokens):
    torch.manual_seed(1)
    data = questions(long_tokens)
    mask = np.array(long_tokens.vocabulary.mask_ids)
    occurring = [set(np.unique(column).tolist()) for column in long_tokens.ids.T]
    for i in range(len(data)):
        ids = data[i]["input_ids"]
        for field, column in enumerate(ids[(ids != mask).any(axis=1)].T):
            assert set(column.tolist()) <= occurring[field]


def test_windows_to_judge_by_always_ask_the_same(long_tokens):
    fixed = questions(long_tokens, window=300, every=True)
    for i in range(len(fixed)):
        assert np.array_equal(fixed[i]["input_ids"], fixed[i]["input_ids"])
    chance = questions(long_tokens, window=2000)
    assert not np.array_equal(chance[0]["input_ids"], chance[0]["input_ids"])


def test_a_single_note_is_asked_too(long_tokens):
    short = token_file([{"input_ids": long_tokens.ids_of(0)[:1]}], long_tokens.vocabulary)
    for _ in range(20):
        labels = questions(short)[0]["labels"]
        assert all(value[0] != IGNORE for value in labels.values())


@pytest.mark.parametrize("name", ["cp-midibert", "ferreira"])
def test_the_next_token_is_the_label_of_each(name, token_tunes):
    tokens = token_tunes(name)
    data = questions(tokens, "next", window=4096)
    for i in range(len(tokens)):
        example, whole = data[i], tokens.ids_of(i)
        assert np.array_equal(example["input_ids"], whole)
        for field, column in zip(
            tokens.vocabulary.field_names, whole.reshape(len(whole), -1).T, strict=True
        ):
            labels = example["labels"][task_name(field)]
            assert np.array_equal(labels[:-1], column[1:])
            assert labels[-1] == IGNORE


def test_every_subtoken_has_a_task_that_counts_by_its_vocabulary(long_tokens):
    tasks = token_tasks(long_tokens.vocabulary)
    sizes = long_tokens.vocabulary.vocab_sizes
    assert [task.num_labels for task in tasks] == sizes
    assert [task.weight for task in tasks] == pytest.approx([s / sum(sizes) for s in sizes])
    pitch = tasks[long_tokens.vocabulary.field_names.index("Pitch")]
    assert pitch.labels[87] == "MASK_None"
    assert len(set(pitch.labels)) == 88


def test_tokens_without_mask_and_other_objectives_are_refused(token_tunes):
    tokens = token_tunes("cp-midibert")
    with pytest.raises(ValueError, match=r"objective 'guess' is none of"):
        questions(tokens, "guess")
    bare = replace(tokens, vocabulary=replace(tokens.vocabulary, mask_ids=None))
    with pytest.raises(ValueError, match="CPTokenizer has no MASK: pre-train with a gpt2 backbone"):
        questions(bare)
    assert len(questions(bare, "next")) == len(tokens)


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["bert", "gpt2"])
def test_a_pattern_that_repeats_is_learnt(backbone, tmp_path, capsys):
    # A piece is one note over and over, of four: who hears the others knows the one that is asked.
    vocabulary = TokenVocabulary.of(CPTokenizer(preset="midibert"))
    notes = np.array([[0, 0, 10, 3], [1, 4, 14, 3], [1, 8, 17, 5], [1, 12, 22, 7]])
    rows = [{"input_ids": np.tile(notes[i % 4], (40, 1)), "group": str(i // 4)} for i in range(32)]
    save_tokens(rows, tmp_path / "tunes.npz", vocabulary)
    training = TrainingArguments(
        str(tmp_path / "model"), max_steps=60, per_device_train_batch_size=16, learning_rate=1e-2,
        use_cpu=True, disable_tqdm=True, report_to="none", save_strategy="steps", save_steps=30,
        remove_unused_columns=False, label_names=["labels"], seed=0, logging_steps=60,
    )  # fmt: skip
    shape = ShapeArguments(backbone=backbone, dropout=0.0, head_dropout=0.0, **SHAPE)
    data = PretrainArguments(tokens=str(tmp_path / "tunes.npz"), semitones=0)
    model = pretrain(data, shape, FitArguments(validation_share=0.25), training)
    record = read_record(tmp_path / "model")["data"]
    assert record["objective"] == ("masked" if backbone == "bert" else "next")
    assert list(record["named"]) == [task.name for task in model.tasks]
    right, frequent = record["named"]["token_Pitch"]
    assert frequent < 0.5
    assert right > frequent + 0.3
    assert f"token_Pitch: {right:.3f} right" in capsys.readouterr().out


def test_naming_is_counted_where_it_was_asked(token_tunes):
    tokens = token_tunes("cp-midibert", n=40)
    tasks = token_tasks(tokens.vocabulary)
    torch.manual_seed(0)
    model = build_model(tokens.vocabulary, ShapeArguments(**SHAPE), tasks=tasks)
    pitch = model.heads["token_Pitch"].classifier[-1]
    with torch.no_grad():  # it says the same pitch, whatever it hears
        pitch.weight.zero_()
        pitch.bias.zero_()
        said = int(np.bincount(tokens.ids[:, 2]).argmax())
        pitch.bias[said] = 1.0
    data = questions(tokens, window=32, every=True)
    labels = np.concatenate([data[i]["labels"]["token_Pitch"] for i in range(len(data))])
    labels = labels[labels != IGNORE]
    right, frequent = named_tokens(model, data)["token_Pitch"]
    assert right == pytest.approx(np.mean(labels == said))
    assert frequent == pytest.approx(np.bincount(labels).max() / len(labels))


@pytest.fixture(scope="module")
def music(tmp_path_factory, write_midi, tune):
    folder = tmp_path_factory.mktemp("music")
    for i in range(6):
        write_midi(folder / f"{i}.mid", tune(40 + i, 55 + i))
    return folder


def script(root, name, *words):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [name, *map(str, words)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(root / "scripts" / name), run_name="__main__")
    return end.value.code


@pytest.fixture(scope="module", params=["bert", "gpt2"])
def pretrained(request, root, music, tmp_path_factory):
    """The folder that the script leaves, and the backbone that it was told."""
    folder = tmp_path_factory.mktemp("pretrained")
    words = ["--music", music, "--backbone", request.param, "--validation_share", "0.34",
             "--output_dir", folder / "model", "--cache_dir", folder / "cache",
             "--save_strategy", "steps", "--save_steps", "3", *SMALL]  # fmt: skip
    assert script(root, "pretrain.py", *words) == 0
    return folder / "model", request.param


@pytest.mark.slow
def test_the_script_leaves_a_model_its_tokenizer_and_its_record(pretrained, music):
    folder, backbone = pretrained
    record = read_record(folder)
    assert record["data"]["music"] == [music.name]
    names = (f"unlabelled: {i}" for i in range(6))
    assert recorded_groups(record) == sorted(map(hashed_group, names))
    model = SymbolicModel.from_pretrained(folder)
    assert model.config.backbone_config.model_type == backbone
    assert set(model.heads) == {"token_Bar", "token_Position", "token_Pitch", "token_Duration"}
    assert build_tokenizer(folder).mask_ids == [3, 17, 87, 65]
    assert str(music) not in json.dumps(record)


def test_a_model_that_begins_with_the_encoder_has_it_to_the_bit(pretrained):
    folder, backbone = pretrained
    base = SymbolicModel.from_pretrained(folder)
    torch.manual_seed(7)
    other = {"bert": "gpt2", "gpt2": "bert"}[backbone]  # the shape is that of the encoder
    arguments = ShapeArguments(pretrained=str(folder), hidden_size=48, layers=5, backbone=other)
    model = build_model(CPTokenizer(preset="midibert"), arguments, ["pitch_mean"])
    assert set(model.heads) == {"emotion", "key", "velocity"}
    state = model.encoder.state_dict()
    weights = base.encoder.state_dict()
    assert len(weights) > 10
    for name, value in weights.items():
        assert torch.equal(state[name], value), name
    assert {name.split(".")[0] for name in state.keys() - weights.keys()} == {
        "feature_mean", "feature_scale", "feature_projection",
    }  # fmt: skip


@pytest.mark.slow
def test_pretraining_goes_on_with_the_objective_of_the_backbone(pretrained, token_tunes, tmp_path):
    folder, backbone = pretrained
    save_tokens(token_tunes("cp-midibert"), tmp_path / "tunes.npz")
    words = ["--tokens", str(tmp_path / "tunes.npz"), "--pretrained", str(folder),
             "--output_dir", str(tmp_path / "model"), *SMALL]  # fmt: skip
    assert main(words) == 0
    record = read_record(tmp_path / "model")
    assert record["data"]["objective"] == ("masked" if backbone == "bert" else "next")
    groups = {*training_groups(folder), *(hashed_group(f"tunes: song{i}") for i in range(4))}
    assert set(recorded_groups(record)) == groups


@pytest.mark.slow
@pytest.mark.parametrize(("semitones", "kind"), [(0, "content"), (2, "melody")])
def test_music_of_the_encoder_is_not_held_out_under_other_names(
    semitones, kind, pretrained, root, write_midi, tune, tmp_path, capsys
):
    (tmp_path / "emopia" / "midi").mkdir(parents=True)
    lines = ["file,song,quadrant,split"]
    pitches = np.random.default_rng(0).integers(50, 70, (2, 40)).tolist()
    for i, pitch in enumerate(pitches):
        notes = [(240 * k, 240, key, 60 + k % 20) for k, key in enumerate(pitch)]
        write_midi(tmp_path / "emopia" / "midi" / f"new {i}.mid", notes)
        lines.append(f"new {i}.mid,s{i},Q{i + 1},train")
    write_midi(tmp_path / "emopia" / "midi" / "renamed.mid", tune(43, 58 + semitones))
    lines.append("renamed.mid,another song,Q3,val")
    (tmp_path / "emopia" / "clips.csv").write_text("\n".join(lines))
    words = ["--emopia", tmp_path / "emopia", "--pretrained", pretrained[0], "--features", "none",
             "--output_dir", tmp_path / "model", *SMALL, "--tokenizer", "cp-midibert"]  # fmt: skip
    assert script(root, "train.py", *words) == 2
    said = f"leak: 1 of 1 held-out pieces are in the training data of {pretrained[0]}: "
    said += f"renamed.mid of emopia: another song (same {kind}). Pre-train without them"
    assert said in capsys.readouterr().err
    assert not (tmp_path / "model" / "training.json").exists()


@pytest.mark.slow
def test_the_script_of_training_takes_the_encoder(pretrained, root, write_midi, tmp_path, capsys):
    folder, backbone = pretrained
    (tmp_path / "emopia" / "midi").mkdir(parents=True)
    lines = ["file,song,quadrant,split"]
    pitches = np.random.default_rng(0).integers(50, 70, (6, 40))  # none of the music before
    for i, pitch in enumerate(pitches.tolist()):
        notes = [(240 * k, 240, key, 60 + k % 20) for k, key in enumerate(pitch)]
        write_midi(tmp_path / "emopia" / "midi" / f"{i}.mid", notes)
        lines.append(f"{i}.mid,s{i},Q{i % 4 + 1},{'val' if i > 3 else 'train'}")
    (tmp_path / "emopia" / "clips.csv").write_text("\n".join(lines))
    words = ["--emopia", tmp_path / "emopia", "--pretrained", folder, "--features", "none",
             "--output_dir", tmp_path / "model", "--freeze", "encoder", *SMALL]  # fmt: skip
    assert script(root, "train.py", *words, "--tokenizer", "cp-midibert") == 0
    assert "held out emopia-val: 2 pieces" in capsys.readouterr().out
    model = SymbolicModel.from_pretrained(tmp_path / "model")
    assert model.config.backbone_config.model_type == backbone
    for name, value in SymbolicModel.from_pretrained(folder).encoder.state_dict().items():
        assert torch.equal(model.encoder.state_dict()[name], value), name
    assert read_record(tmp_path / "model")["model"]["pretrained"] == folder.name
    assert script(root, "train.py", *words, "--overwrite", "--tokenizer", "cp-performance") == 2
    said = capsys.readouterr().err
    assert "pre-trained on tokens of CPTokenizer (Bar" in said
    assert f"use --tokenizer {folder}" in said


@pytest.mark.slow
def test_the_tokenizer_and_the_shape_are_those_of_the_encoder(
    pretrained, root, write_midi, tmp_path, capsys, caplog
):
    folder, _ = pretrained
    lines = ["path,quadrant,group"]
    pitches = np.random.default_rng(1).integers(50, 70, (2, 40))
    for i, pitch in enumerate(pitches.tolist()):
        write_midi(
            tmp_path / f"own {i}.mid", [(240 * k, 240, key, 60) for k, key in enumerate(pitch)]
        )
        lines.append(f"own {i}.mid,Q{i + 1},s{i}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    words = ["--labelled", tmp_path, "--hold-out", "none", "--pretrained", folder, "--tasks",
             "emotion", "--features", "none", *SMALL]  # fmt: skip
    assert script(root, "train.py", *words, "--output_dir", tmp_path / "model") == 0
    assert "keeps its shape" not in caplog.text
    assert read_record(tmp_path / "model")["model"]["tokenizer"] == folder.name
    assert (
        SymbolicModel.from_pretrained(tmp_path / "model").config.backbone_config.hidden_size == 16
    )
    words += ["--hidden_size", "64", "--layers", "3", "--output_dir", tmp_path / "other"]
    assert script(root, "train.py", *words) == 0
    assert f"{folder}: the encoder keeps its shape: " in caplog.text
    assert "hidden_size 16, not 64; layers 1, not 3" in caplog.text


def test_held_out_pieces_are_left_out_of_the_music(write_midi, tune, tmp_path, capsys):
    (tmp_path / "music").mkdir()
    lines = ["path,quadrant,song,split"]
    for i, pitch in enumerate(np.random.default_rng(2).integers(50, 70, (6, 40)).tolist()):
        notes = [(240 * k, 240, key, 60 + k % 20) for k, key in enumerate(pitch)]
        write_midi(tmp_path / f"labelled {i}.mid", notes)
        write_midi(tmp_path / "music" / f"other {i}.mid", notes)
        lines.append(f"labelled {i}.mid,Q1,s{i},{'val' if i < 2 else 'train'}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    words = ["--music", str(tmp_path / "music"), "--output_dir", str(tmp_path / "model"), *SMALL]
    assert main([*words, "--labelled", str(tmp_path), "--hold-out", "labelled-val"]) == 0
    assert "2 of 6 pieces are left out: the same as held-out pieces" in capsys.readouterr().out
    unseen = {hashed_group(f"unlabelled: other {i}") for i in range(2, 6)}
    assert set(training_groups(tmp_path / "model")) == unseen
    words.append("--overwrite")
    assert main([*words, "--labelled", str(tmp_path), "--hold-out", "labelled-all"]) == 2
    assert "all of it is held out" in capsys.readouterr().err
    assert main([*words, "--hold-out", "labelled-0"]) == 2
    assert "its corpus is not given" in capsys.readouterr().err


def test_what_to_train_on_must_be_said(tmp_path, capsys):
    assert main(["--output_dir", str(tmp_path)]) == 2
    assert "either --music or --tokens" in capsys.readouterr().err
    assert main(["--output_dir", str(tmp_path), "--music", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_in_an_epoch_a_piece_has_as_many_windows_as_cover_it(token_tunes, tmp_path, monkeypatch):
    from symbolic.training import pretraining

    seen = []

    def fit(model, dataset, validation, fitting, training):
        seen.extend(dataset.piece.tolist())
        raise InterruptedError

    monkeypatch.setattr(pretraining, "fit", fit)
    tokens = token_tunes("cp-midibert", count=3, n=40, spread=30)
    save_tokens(tokens, tmp_path / "tunes.npz")
    data = PretrainArguments(tokens=str(tmp_path / "tunes.npz"))
    training = TrainingArguments(str(tmp_path / "model"), use_cpu=True, report_to="none")
    with pytest.raises(InterruptedError):
        pretrain(data, ShapeArguments(**SHAPE), FitArguments(), training)
    assert tokens.lengths.tolist() == [40, 70, 100]
    assert np.bincount(seen).tolist() == [2, 3, 4]  # windows of 32


def mixed(tokens, window, **options):
    """(T, F) ids and labels of windows of a `mixed` data set, and what they were."""
    data = questions(tokens, "mixed", window, **options)
    names = [task_name(field) for field in tokens.vocabulary.field_names]
    for i in range(len(data)):
        example = data[i]
        labels = np.stack([example["labels"][name] for name in names], axis=-1)
        yield example["input_ids"], labels, tokens.ids_of(int(data.piece[i]))


def test_mixed_masks_hide_what_they_ask_and_leave_the_rest(token_tunes):
    tokens = token_tunes("cp-performance", count=4, n=400, spread=0)
    torch.manual_seed(0)
    mask = np.array(tokens.vocabulary.mask_ids)
    shares, kinds = [], {"notes": 0, "parts of notes": 0, "one aspect": 0}
    for _ in range(30):
        for ids, labels, whole in mixed(tokens, 400):
            asked = labels != IGNORE
            assert asked.any()
            assert np.array_equal(labels[asked], whole[asked])
            assert np.array_equal(ids[~asked], whole[~asked])
            hidden = (ids == mask)[asked].mean()
            assert 0.7 < hidden <= 1.0
            shares.append(asked.mean())
            columns = asked.any(axis=0)
            if columns.all():
                whole_notes = (asked.all(axis=1) == asked.any(axis=1)).all()
                kinds["notes" if whole_notes else "parts of notes"] += 1
            else:
                kinds["one aspect"] += 1
    assert 0.15 < np.mean(shares) < 0.35
    assert kinds["notes"] > 30
    assert min(kinds.values()) > 10


def test_all_velocities_are_asked_at_once_as_in_a_score_without_dynamics(token_tunes):
    tokens = token_tunes("cp-performance", count=4, n=100, spread=0)
    torch.manual_seed(1)
    velocity = tokens.vocabulary.field_names.index("Velocity")
    found = [
        (labels != IGNORE)[:, velocity].all() and not np.delete(labels != IGNORE, velocity, 1).any()
        for _ in range(40)
        for _, labels, _ in mixed(tokens, 100)
    ]
    assert any(found)


def test_what_is_masked_already_is_not_asked(token_tunes):
    tokens = token_tunes("cp-performance", count=4, n=100, spread=0)
    torch.manual_seed(2)
    mask = np.array(tokens.vocabulary.mask_ids)
    for _ in range(20):
        for _, labels, _ in mixed(tokens, 100, masked_score_time=1.0):
            assert not (labels == mask).any()


def test_flat_ids_have_mixed_masks_of_notes_and_spans(token_tunes):
    tokens = token_tunes("REMI", count=4, n=60)
    torch.manual_seed(3)
    for ids, labels, _ in ((d["input_ids"], d["labels"], 0) for d in questions(tokens, "mixed")):
        (column,) = labels.values()
        assert ids.shape == column.shape
        assert (column != IGNORE).any()


def test_an_objective_that_the_backbone_cannot_have_is_refused(token_tunes, tmp_path):
    save_tokens(token_tunes("cp-midibert"), tmp_path / "tunes.npz")
    training = TrainingArguments(str(tmp_path / "model"), use_cpu=True, report_to="none")
    for backbone, objective in (("gpt2", "mixed"), ("bert", "next"), ("bert", "guess")):
        data = PretrainArguments(tokens=str(tmp_path / "tunes.npz"), objective=objective)
        with pytest.raises(ValueError, match="objective"):
            pretrain(data, ShapeArguments(backbone=backbone, **SHAPE), FitArguments(), training)


def test_a_share_is_left_out_and_not_in_the_record(token_tunes, tmp_path, capsys):
    tokens = token_tunes("cp-midibert", count=40)
    save_tokens(tokens, tmp_path / "tunes.npz")
    words = ["--tokens", str(tmp_path / "tunes.npz"), "--leave-out", ".3"]
    assert main([*words, "--output_dir", str(tmp_path / "model"), *SMALL]) == 0
    groups = recorded_groups(read_record(tmp_path / "model"))
    every = {hashed_group(f"tunes: song{i}") for i in range(20)}
    assert set(groups) < every
    assert f"{2 * (20 - len(groups))} of 40 pieces are left out" in capsys.readouterr().out
    again = ["--output_dir", str(tmp_path / "again"), "--seed", "5", *SMALL]
    assert main([*words, *again]) == 0
    assert recorded_groups(read_record(tmp_path / "again")) == groups  # by name, not by seed
    none = ["--leave-out", "1", "--output_dir", str(tmp_path / "none"), *SMALL]
    assert main([*words[:2], *none]) == 2
    assert "leave_out 1.0 is no share below 1" in capsys.readouterr().err


def test_pretraining_that_goes_on_keeps_its_heads(token_tunes, tmp_path):
    save_tokens(token_tunes("cp-midibert"), tmp_path / "tunes.npz")
    words = ["--tokens", str(tmp_path / "tunes.npz"), *SMALL]
    assert main([*words, "--output_dir", str(tmp_path / "one")]) == 0
    on = ["--pretrained", str(tmp_path / "one"), "--learning_rate", "0"]
    assert main([*words, *on, "--output_dir", str(tmp_path / "two")]) == 0
    one, two = (SymbolicModel.from_pretrained(tmp_path / name) for name in ("one", "two"))
    for key, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[key]), key


def test_dropout_is_that_of_the_training_not_of_the_pretrained_encoder(pretrained):
    folder, _ = pretrained
    arguments = ShapeArguments(pretrained=str(folder), dropout=0.05)
    model = build_model(CPTokenizer(preset="midibert"), arguments)
    config = model.config.backbone_config
    name = "resid_pdrop" if config.model_type == "gpt2" else "hidden_dropout_prob"
    assert getattr(config, name) == 0.05
