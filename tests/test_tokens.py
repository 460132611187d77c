"""Data sets of token ids: built, cached, written, read, and trained from without a tokenizer."""

import json
import logging
import os
import runpy
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from limits import HANGS

from symbolic.data import (
    Collator,
    LengthSampler,
    Piece,
    TokenDataset,
    TokenVocabulary,
    build_token_dataset,
    load_tokens,
    save_tokens,
    token_vocabulary,
    unread_files,
    window_starts,
)
from symbolic.data import (
    tokens_of as tokens_in_memory,
)
from symbolic.data.groups import hashed_group
from symbolic.features import TONAL_NAMES, features
from symbolic.notes import ReadError, pool, read_notes
from symbolic.tasks import IGNORE, key_label, velocity_labels
from symbolic.tokenizers import CPTokenizer, build_tokenizer
from symbolic.training.build import ShapeArguments, build_model
from symbolic.training.run_folder import training_groups

ROOT = Path(__file__).parents[1]
TOKENIZER = CPTokenizer()
MIDIBERT = CPTokenizer(preset="midibert")


@pytest.fixture
def pieces(write_midi, tune, tmp_path):
    """Six tunes of two songs: the first and the last are twice as long as a window of 64."""
    (tmp_path / "music").mkdir()
    return [
        Piece(
            write_midi(tmp_path / "music" / f"{i}.mid", tune(n, tonic=55 + i)),
            group=f"song{i // 3}",
            labels={"emotion": i % 4} | ({"valence_arousal": (1.0, -0.5)} if i == 1 else {}),
            corpus="tunes",
            split="val" if i // 3 else "train",
        )
        for i, n in enumerate((128, 20, 33, 50, 64, 128))
    ]


@pytest.fixture
def rows(pieces, tmp_path):
    return build_token_dataset(pieces, TOKENIZER, tmp_path / "cache", workers=0)


def folders(cache):
    return sorted(path.name for path in cache.iterdir())


@pytest.mark.parametrize("name", ["cp-performance", "cp-midibert", "ferreira", "REMI", "CPWord"])
def test_rows_are_what_tokenizer_and_labels_say(name, pieces, tmp_path):
    tokenizer = build_tokenizer(name)
    rows = build_token_dataset(pieces, tokenizer, tmp_path / "cache", workers=2)
    assert [Path(path).name for path in rows["path"]] == [piece.path.name for piece in pieces]
    for piece, row in zip(pieces, rows.with_format("numpy"), strict=True):
        notes = tokenizer.emitted(read_notes(piece.path))
        ids = tokenizer.ids(read_notes(piece.path))
        assert np.array_equal(row["input_ids"], ids)
        assert row["length"] == len(ids)
        assert row["key"] == key_label(notes)
        assert row["emotion"] == piece.labels["emotion"]
        assert (row["group"], row["corpus"], row["split"]) == (piece.group, "tunes", piece.split)
        places = tokenizer.note_positions(ids)
        assert (row["velocity"][~places] == IGNORE).all()
        if places.any():
            assert np.array_equal(row["velocity"][places], velocity_labels(notes))
    assert np.isnan(rows.with_format("numpy")[0]["valence_arousal"]).all()
    assert rows[1]["valence_arousal"] == [1.0, -0.5]
    ids = rows.features["input_ids"]
    assert getattr(ids, "dtype", None) or ids.feature.dtype == "int16"


def test_features_of_the_files_of_a_task_are_those_of_each_alone(pieces, tmp_path):
    broken = tmp_path / "music" / "broken.mid"
    broken.write_bytes(b"MThd")
    names = ["pitch_mean", "ioi_mean", *TONAL_NAMES]
    files = [pieces[0], Piece(broken, "broken"), *pieces[1:]]
    rows = build_token_dataset(files, TOKENIZER, tmp_path / "cache", 0, names).with_format("numpy")
    assert list(unread_files(rows)) == [str(broken)]
    for piece, row in zip(pieces, rows, strict=True):
        alone = features(TOKENIZER.emitted(read_notes(piece.path)), names)
        assert np.array_equal(row["features"], alone.astype(np.float32))
    tables = [read_notes(piece.path) for piece in pieces]
    tokens = tokens_in_memory(pieces, tables, TOKENIZER, names)
    assert np.array_equal(tokens.feature_columns(names), rows["features"])


def test_notes_without_dynamics_have_no_velocity_label(write_midi, tune, tmp_path):
    flat = [(onset, length, pitch, 64) for onset, length, pitch, _ in tune(16)]
    path = write_midi(tmp_path / "flat.mid", flat)
    row = build_token_dataset([path], TOKENIZER, tmp_path / "cache", workers=0)[0]
    assert row["velocity"] == [IGNORE] * 16
    assert row["emotion"] == IGNORE
    assert (row["group"], row["corpus"]) == ("flat", "unlabelled")


def test_notes_that_the_scheme_drops_are_counted(write_midi, tune, tmp_path):
    path = write_midi(tmp_path / "deep.mid", [*tune(16), (0, 240, 12, 60)])
    row = build_token_dataset([path], MIDIBERT, tmp_path / "cache", workers=0)[0]
    assert (row["length"], row["dropped"]) == (16, 1)


def test_what_is_built_once_is_not_built_again(pieces, rows, tmp_path, monkeypatch):
    monkeypatch.setattr("symbolic.data.tokens.build.apply_many", None)
    again = build_token_dataset(pieces, CPTokenizer(), tmp_path / "cache")
    assert again.with_format("numpy")[:]["length"].tolist() == list(rows["length"])
    assert again.cache_files == rows.cache_files
    assert len(folders(tmp_path / "cache")) == 1


@pytest.mark.parametrize("change", ["content", "label", "group", "order", "option", "scheme"])
def test_whatever_rows_follow_from_makes_a_new_data_set(
    change, pieces, rows, write_midi, tune, tmp_path, monkeypatch
):
    tokenizer = TOKENIZER
    if change == "content":
        write_midi(pieces[2].path, tune(33, tonic=71))
    elif change == "label":
        pieces[2] = replace(pieces[2], labels={"emotion": 3})
    elif change == "group":
        pieces[2] = replace(pieces[2], group="another")
    elif change == "order":
        pieces.reverse()
    elif change == "option":
        tokenizer = CPTokenizer(time_bins=24)
    else:
        monkeypatch.setattr("symbolic.data.tokens.build.VERSION", 0)
    new = build_token_dataset(pieces, tokenizer, tmp_path / "cache", workers=0)
    assert len(folders(tmp_path / "cache")) == 2
    assert new.cache_files != rows.cache_files
    for piece, row in zip(pieces, new.with_format("numpy"), strict=True):
        assert np.array_equal(row["input_ids"], tokenizer.ids(piece.path))
        assert row["emotion"] == piece.labels["emotion"]


@pytest.mark.parametrize(
    "damage", ["cut", "cut by a batch", "no rows", "no record", "no json", "other json", "a file"]
)
def test_a_damaged_cache_is_built_again_and_says_so(damage, pieces, rows, tmp_path, caplog):
    expected = rows.with_format("numpy")[:]
    (folder,) = (tmp_path / "cache").iterdir()
    arrow, record = folder / "rows.arrow", folder / "record.json"
    match damage:
        case "cut":
            arrow.write_bytes(arrow.read_bytes()[:-100])
        case "cut by a batch":
            arrow.write_bytes(arrow.read_bytes()[: arrow.stat().st_size // 2])
            whole = json.loads(record.read_text())
            record.write_text(json.dumps({**whole, "bytes": arrow.stat().st_size}))
        case "no rows":
            arrow.unlink()
        case "no record":
            record.unlink()
        case "no json":
            record.write_text('{"rows": 6, "by')
        case "other json":
            record.write_text("[]")
        case "a file":
            arrow.unlink()
            record.unlink()
            folder.rmdir()
            folder.write_text("")
    with caplog.at_level(logging.WARNING):
        again = build_token_dataset(pieces, TOKENIZER, tmp_path / "cache", workers=0)
    (message,) = [record.getMessage() for record in caplog.records]
    assert "built again" in message
    assert "\n" not in message
    for name, values in again.with_format("numpy")[:].items():
        assert all(np.array_equal(a, b) or name == "valence_arousal"
                   for a, b in zip(values, expected[name], strict=True))  # fmt: skip
    assert folders(tmp_path / "cache") == [folder.name]  # nothing is left beside it


def test_bad_files_are_named_and_cost_only_themselves(
    pieces, write_midi, tmp_path, monkeypatch, caplog
):
    def dies(source):
        if Path(source).name == "killer.mid":
            os._exit(1)
        return read_notes(source)

    monkeypatch.setattr("symbolic.data.tokens.rows.read_notes", dies)
    (tmp_path / "garbage.mid").write_bytes(b"not music")
    write_midi(tmp_path / "killer.mid", [(0, 480, 60, 60)])
    drums = write_midi(tmp_path / "drums.mid", [(0, 480, 40, 60)], drums=(0,))
    bad = [tmp_path / "garbage.mid", tmp_path / "killer.mid", tmp_path / "nowhere.mid", drums]
    files = [piece.path for piece in pieces]
    mixed = [files[0], bad[0], files[1], *bad[1:3], *files[2:], bad[3]]
    with caplog.at_level(logging.WARNING):
        rows = build_token_dataset(mixed, TOKENIZER, tmp_path / "cache", workers=2)
    assert list(rows["path"]) == [str(path) for path in files]
    unread = unread_files(rows)
    assert list(unread) == [str(path) for path in mixed if path in bad]
    assert [unread[str(path)] for path in bad[::2]] == [
        "neither MIDI nor MusicXML: the file begins with b'not musi'",
        "no such file",
    ]
    assert "worker process died" in unread[str(bad[1])]
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("4 of 10 files left out")
    caplog.clear()
    again = build_token_dataset(mixed, TOKENIZER, tmp_path / "cache")
    assert unread_files(again.filter(lambda row: row["length"] > 30)) == unread
    assert "4 of 10 files left out" in caplog.text  # also when it comes from the cache
    write_midi(bad[2], [(0, 480, 60, 60)])
    assert len(build_token_dataset(mixed, TOKENIZER, tmp_path / "cache", workers=2)) == 7


def test_no_music_at_all_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no pieces"):
        build_token_dataset([], TOKENIZER, tmp_path)
    (tmp_path / "a.mid").write_bytes(b"not music")
    with pytest.raises(ValueError, match=r"none of 1 files.*a\.mid.*neither MIDI"):
        build_token_dataset(tmp_path / "a.mid", TOKENIZER, tmp_path / "cache", workers=0)


def test_labels_of_two_kinds_or_of_another_name_are_refused(pieces, tmp_path):
    for labels in ({"emotion": (0.1, 0.9)}, {"length": 3}):
        pieces[3] = replace(pieces[3], labels=labels)
        with pytest.raises(ValueError, match=r"3\.mid.*label"):
            build_token_dataset(pieces, TOKENIZER, tmp_path / "cache")


BUILD = """
import sys
from symbolic.data import build_token_dataset
from symbolic.tokenizers import CPTokenizer
rows = build_token_dataset(sys.argv[1], CPTokenizer(), sys.argv[2], workers=1)
print(len(rows), sum(rows["length"]))
"""


@pytest.mark.slow
def test_two_processes_may_build_one_cache_at_once(pieces, tmp_path):
    (tmp_path / "home").mkdir()
    own = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    own |= {"HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", BUILD, str(pieces[0].path.parent), str(tmp_path / "cache")]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(command, cwd=ROOT, env=own, **options) for _ in range(2)]
    said = [one.communicate(timeout=HANGS) for one in both]
    assert [one[0].strip() for one in said] == ["6 423"] * 2, said
    assert len(folders(tmp_path / "cache")) == 1
    assert not list((tmp_path / "home").rglob("*"))  # the library's own cache is not touched


@pytest.mark.parametrize("before", ["nothing", "rubbish"])
def test_a_cache_that_another_process_fills_meanwhile_is_used(
    before, pieces, tmp_path, monkeypatch
):
    if before == "rubbish":
        build_token_dataset(pieces, TOKENIZER, tmp_path / "cache", workers=0)
        (folder,) = (tmp_path / "cache").iterdir()
        (folder / "rows.arrow").write_bytes(b"")
    whole = pool.apply_many
    others = []

    def after_the_other(*arguments, **options):
        monkeypatch.setattr("symbolic.data.tokens.build.apply_many", whole)
        others.append(build_token_dataset(pieces, TOKENIZER, tmp_path / "cache", workers=0))
        inodes.append(Path(others[0].cache_files[0]["filename"]).stat().st_ino)
        return whole(*arguments, **options)

    inodes = []
    monkeypatch.setattr("symbolic.data.tokens.build.apply_many", after_the_other)
    rows = build_token_dataset(pieces, TOKENIZER, tmp_path / "cache", workers=0)
    assert Path(rows.cache_files[0]["filename"]).stat().st_ino == inodes[0]
    assert rows[0] == others[0][0] or np.isnan(rows[0]["valence_arousal"]).all()
    assert len(folders(tmp_path / "cache")) == 1


@pytest.mark.parametrize("workers", [0, 2])
def test_files_that_go_together_are_tried_alone_when_they_fail(workers, tmp_path, write_midi):
    def apply(sources):
        names = [Path(source).stem for source in sources]
        if "raises" in names or (workers and "kills" in names):
            if workers and "kills" in names:
                os._exit(1)
            raise KeyError("strange")
        return names

    paths = [tmp_path / name for name in ("a", "raises", "b", "kills", "c", "d")]
    answers = list(pool.apply_many(apply, paths, workers, files_per_task=4))
    failed = [path.stem for path, one in zip(paths, answers, strict=True)
              if isinstance(one, ReadError)]  # fmt: skip
    assert failed == (["raises", "kills"] if workers else ["raises"])
    assert [one for one in answers if isinstance(one, str)] == [
        path.stem for path in paths if path.stem not in failed
    ]
    assert all(one.source for one in answers if isinstance(one, ReadError))


def test_files_that_take_long_go_alone():
    names = ["a.mid", "b.mid", "c.KRN", "d.mxl", "e.mei", "f.mscz", "g.mid", "h.mid", "i.mid"]
    sizes = pool.apply_many(lambda some: [len(some)] * len(some), names, 0, files_per_task=2)
    assert list(sizes) == [2, 2, 1, 1, 1, 1, 2, 2, 1]


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_token_file_holds_what_the_data_set_holds(suffix, pieces, rows, tmp_path):
    path = tmp_path / f"tunes{suffix}"
    save_tokens(rows.filter(lambda row: row["length"] != 20), path)
    tokens = load_tokens(path)
    assert tokens.pieces == ["0.mid", "2.mid", "3.mid", "4.mid", "5.mid"]
    assert tokens.groups == ["song0", "song0", "song1", "song1", "song1"]
    assert set(tokens.corpora) == {"tunes"}
    assert tokens.splits == ["train", "train", "val", "val", "val"]
    assert tokens.ids.dtype == np.int16
    for i, piece in enumerate([pieces[0], *pieces[2:]]):
        assert np.array_equal(tokens.ids_of(i), TOKENIZER.ids(piece.path))
    assert tokens.labels["emotion"].tolist() == [0, 2, 3, 0, 1]
    assert tokens.labels["valence_arousal"].shape == (5, 2)
    assert tokens.vocabulary == token_vocabulary(rows) == TokenVocabulary.of(CPTokenizer())
    tokens.vocabulary.save_tokenizer(tmp_path / "saved")
    saved = CPTokenizer.from_pretrained(tmp_path / "saved")
    assert np.array_equal(saved.ids(pieces[0].path), tokens.ids_of(0))
    other = tmp_path / f"copy{'.npz' if suffix == '.safetensors' else '.safetensors'}"
    save_tokens(tokens, other)
    copy = load_tokens(other)
    for name in ("ids", "offsets", "velocity"):
        first, second = getattr(tokens, name), getattr(copy, name)
        assert first.dtype == second.dtype
        assert np.array_equal(first, second)
    assert copy.vocabulary == tokens.vocabulary
    assert str(tmp_path) not in path.read_bytes().decode("latin-1")


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_damaged_token_files_are_refused_by_name(suffix, rows, tmp_path):
    path = tmp_path / f"tunes{suffix}"
    save_tokens(rows, path)
    whole = path.read_bytes()
    for damaged in (b"", whole[:50], whole[: len(whole) // 2], b"x" + whole[1:]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=f"tunes{suffix}: not a token file"):
            load_tokens(path)
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match=r"other\.npz.*no 'header'"):
        load_tokens(tmp_path / "other.npz")
    np.savez(tmp_path / "pickle.npz", header=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        load_tokens(tmp_path / "pickle.npz")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_tokens(tmp_path / f"nowhere{suffix}")
    with pytest.raises(ValueError, match="ends with"):
        load_tokens(tmp_path / "tunes.pt")


def test_ids_that_the_scheme_does_not_have_are_not_written(rows, tmp_path):
    vocabulary = TokenVocabulary.of(MIDIBERT)
    with pytest.raises(ValueError, match="not integers"):
        save_tokens(rows, tmp_path / "a.npz", vocabulary)
    for ids in ([[0, 0, 88, 0]], [[-1, 0, 0, 0]]):
        with pytest.raises(ValueError, match=r"ids of (Pitch|Bar) go beyond 0 to (87|3)"):
            save_tokens([{"input_ids": ids}], tmp_path / "a.npz", vocabulary)
    with pytest.raises(ValueError, match="vocabulary"):
        save_tokens([{"input_ids": [[0, 0, 0, 0]]}], tmp_path / "a.npz")
    with pytest.raises(ValueError, match="no record of its tokenizer"):
        token_vocabulary(rows.from_dict({"input_ids": [[1]]}))


def tokens_of(rows, tmp_path):
    save_tokens(rows, tmp_path / "tunes.safetensors")
    return load_tokens(tmp_path / "tunes.safetensors")


def test_random_windows_are_fixed_by_the_seed_and_ask_only_for_hidden_velocities(rows, tmp_path):
    tokens = tokens_of(rows, tmp_path)
    data = TokenDataset(tokens, window=32, masked_velocity=0.5)
    assert data.lengths.tolist() == [32, 20, 32, 32, 32, 32]
    column = TOKENIZER.field_names.index("Velocity")
    drawn = []
    for _ in range(2):
        torch.manual_seed(3)
        drawn.append([data[i] for i in [*range(6), 0, 0]])
    starts = {example["input_ids"][:, :4].tobytes() for example in drawn[0][-2:]}
    assert len(starts) == 2
    for example, again in zip(*drawn, strict=True):
        assert np.array_equal(example["input_ids"], again["input_ids"])
        hidden = example["input_ids"][:, column] == TOKENIZER.mask_ids[column]
        assert np.array_equal(example["labels"]["velocity"] != IGNORE, hidden)
        assert 0 < hidden.sum() < len(hidden)
    assert drawn[0][1]["labels"]["emotion"] == 1
    with pytest.raises(IndexError):
        data[6]
    with pytest.raises(ValueError, match="masked_velocity 0"):
        TokenDataset(tokens, masked_velocity=0.0)


def test_all_windows_cover_all_pieces_longest_first(rows, tmp_path):
    tokens = tokens_of(rows, tmp_path)
    data = TokenDataset(tokens, window=48, masked_velocity=None, every=True)
    assert data.lengths.tolist() == [len(example["input_ids"]) for example in data]
    assert (np.diff(data.lengths) <= 0).all()
    for piece, length in enumerate(tokens.lengths):
        whole = tokens.ids_of(piece)
        found = {data[i]["input_ids"].tobytes() for i in np.flatnonzero(data.piece == piece)}
        starts = window_starts(int(length), 48)
        assert found == {whole[s : s + 48].astype(np.int64).tobytes() for s in starts}
    assert "velocity" not in data[0]["labels"]
    some = TokenDataset(tokens, window=48, pieces=[1, 4], every=True)
    assert set(some.piece) == {1, 4}
    for first, again in zip(some, some, strict=True):
        assert np.array_equal(first["input_ids"], again["input_ids"])


@pytest.mark.parametrize("name", ["cp-performance", "cp-midibert", "ferreira"])
def test_a_scheme_hides_velocities_as_its_tokenizer_does(name, pieces):
    tokenizer = build_tokenizer(name)
    ids = tokenizer.ids(pieces[0].path)[5:]
    before = ids.copy()
    vocabulary = TokenVocabulary.from_dict(json.loads(TokenVocabulary.of(tokenizer).to_json()))
    mine, asked = vocabulary.hide_velocity(ids, 0.4, np.random.default_rng(0))
    theirs, expected = tokenizer.hide_velocity(ids, 0.4, np.random.default_rng(0))
    assert np.array_equal(mine, theirs)
    assert np.array_equal(asked & tokenizer.note_positions(ids), expected)
    assert np.array_equal(ids, before)


def test_tokens_that_are_no_notes_train_no_velocity(pieces, tmp_path):
    tokens = tokens_of(build_token_dataset(pieces, build_tokenizer("REMI"), tmp_path), tmp_path)
    with pytest.raises(ValueError, match="cannot be tied to notes"):
        TokenDataset(tokens)
    batch = Collator((), tokens.vocabulary.pad_ids)(
        [*TokenDataset(tokens, 16, masked_velocity=None)]
    )
    assert batch["input_ids"].shape == (6, 16)


def test_a_model_of_a_scheme_is_the_model_of_its_tokenizer():
    arguments = ShapeArguments(hidden_size=16, heads=2, layers=1, field_embedding_size=8)
    torch.manual_seed(0)
    model = build_model(TokenVocabulary.of(TOKENIZER), arguments)
    torch.manual_seed(0)
    expected = build_model(TOKENIZER, arguments)
    assert model.config.to_dict() == expected.config.to_dict()
    for name, value in expected.state_dict().items():
        assert torch.equal(model.state_dict()[name], value), name


BARE = """
import sys

# As if they were not installed: importing them fails, and whoever asks finds nothing.
for name in ("miditok", "symusic", "music21", "datasets", "pandas", "sklearn", "pretty_midi",
             "scipy", "matplotlib", "pyarrow", "pebble", "mido", "xxhash", "dill"):
    assert name not in sys.modules
    sys.modules[name] = None

from symbolic.commands.train_tokens import main

sys.exit(main())
"""


@pytest.mark.slow
def test_training_needs_no_library_that_reads_music(rows, pieces, tmp_path):
    save_tokens(rows, tmp_path / "tunes.safetensors")
    output = tmp_path / "model"
    words = ["--tokens", str(tmp_path / "tunes.safetensors"), "--held_out_split", "val",
             "--output_dir", str(output), "--max_steps", "2", "--hidden_size", "16",
             "--heads", "2", "--layers", "1", "--field_embedding_size", "8", "--window", "64",
             "--training_window", "32", "--per_device_train_batch_size", "2",
             "--train_sampling_strategy", "group_by_length",
             "--use_cpu", "True", "--disable_tqdm", "True"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", BARE, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "held out val: 3 pieces, accuracy" in done.stdout
    assert training_groups(output) == [hashed_group("tunes: song0")]
    from symbolic import EmotionScorer

    table = EmotionScorer.from_pretrained(output).score([p.path for p in pieces], workers=0)
    assert (table["error"] == "").all()


def test_the_trainer_groups_by_length_without_a_look_at_the_examples(rows, tmp_path):
    from transformers import TrainingArguments

    from symbolic.training.trainer import SymbolicTrainer

    class Unseen(TokenDataset):
        def __getitem__(self, index):
            raise AssertionError("an example was taken")

    data = Unseen(tokens_of(rows, tmp_path), window=64)
    arguments = TrainingArguments(
        str(tmp_path), per_device_train_batch_size=2, gradient_accumulation_steps=2, seed=5,
        train_sampling_strategy="group_by_length", use_cpu=True, report_to="none",
    )  # fmt: skip
    trainer = SymbolicTrainer(torch.nn.Linear(1, 1), arguments, train_dataset=data)
    sampler = trainer._get_train_sampler()
    assert isinstance(sampler, LengthSampler)
    assert (sampler.batch_size, sampler.seed) == (4, 5)
    loader = trainer.get_train_dataloader()
    loader.set_epoch(3)
    assert loader.batch_sampler.sampler.epoch == 3


def test_the_script_writes_corpora_with_their_split(
    pieces, write_midi, tmp_path, monkeypatch, capsys
):
    folder = tmp_path / "emopia"
    (folder / "midi").mkdir(parents=True)
    lines = ["file,song,quadrant,split"]
    for i, piece in enumerate(pieces[:4]):
        shutil.copy(piece.path, folder / "midi")
        lines.append(f"{piece.path.name},s{i},Q{i + 1},{'val' if i == 3 else 'train'}")
    (folder / "clips.csv").write_text("\n".join(lines))
    (tmp_path / "more").mkdir()
    pitch = np.random.default_rng(0).integers(50, 70, 64).tolist()  # another melody
    notes = [(240 * i, 240, key, 60 + i % 20) for i, key in enumerate(pitch)]
    write_midi(tmp_path / "more" / "any.mid", notes)
    output = tmp_path / "tokens.npz"
    words = ["make_tokens.py", str(output), "--emopia", str(folder), "--tokenizer", "cp-midibert",
             "--unlabelled", str(tmp_path / "more"),
             "--cache_dir", str(tmp_path / "cache")]  # fmt: skip
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / "scripts" / "make_tokens.py"), run_name="__main__")
    assert "5 of 5 pieces, 295 tokens" in capsys.readouterr().out
    tokens = load_tokens(output)
    assert dict(zip(tokens.pieces, tokens.splits, strict=True)) == {
        "any.mid": "", "0.mid": "train", "1.mid": "train", "2.mid": "train", "3.mid": "held_out",
    }  # fmt: skip
    assert tokens.labels["emotion"].tolist() == [IGNORE, 0, 1, 2, 3]
    assert len(tokens.fingerprints_of([0, 4])) == 2
    assert tokens.fingerprints.contents.all()
    shutil.copy(pieces[3].path, tmp_path / "more" / "renamed.mid")  # held out
    with pytest.raises(SystemExit, match="2"):
        runpy.run_path(str(ROOT / "scripts" / "make_tokens.py"), run_name="__main__")
    assert "in the unlabelled music: 3.mid (same content)" in capsys.readouterr().err
