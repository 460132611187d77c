"""The encoder of the key: which parts of pieces it learns from, and how often it is right."""

from pathlib import Path

import numpy as np
import pytest

from symbolic import SymbolicModel
from symbolic.commands.keys.train_key import main
from symbolic.data.corpora.annotated_keys import steady_songs, work_of
from symbolic.data.groups import hashed_group
from symbolic.data.pieces import Piece
from symbolic.inference.prediction import predict_features
from symbolic.notes import note_table
from symbolic.notes.keys import KEY_NAMES
from symbolic.tokenizers import build_tokenizer
from symbolic.training.keys import (
    KeyArguments,
    cross_validate,
    examples,
    excerpts,
    openings,
)
from symbolic.training.run_folder import training_groups

pytestmark = pytest.mark.slow  # of real runs, as they are

MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 11)


def notes_of(key, rng, n=260):
    """A scale's notes over its tonic and dominant, one every third of a second."""
    scale = np.array(MAJOR if key < 12 else MINOR) + key % 12
    pitch = 60 + rng.choice(scale, n, p=[0.3, 0.1, 0.15, 0.1, 0.2, 0.1, 0.05])
    bass = 36 + key % 12 + rng.choice([0, 7], n // 4)
    return [(160 * i, 160, int(p), 70) for i, p in enumerate(pitch)] + [
        (640 * i, 640, int(p), 70) for i, p in enumerate(bass)
    ]


@pytest.fixture(scope="module")
def corpora(tmp_path_factory, write_midi):
    """POP909 and When in Rome in small: 36 songs and 24 "scores" of random keys."""
    folder = tmp_path_factory.mktemp("keys")
    rng = np.random.default_rng(0)
    rows = {"pop909": ["file,key,keys"], "when_in_rome": ["file,opening_key"]}
    for corpus, count in (("pop909", 36), ("when_in_rome", 24)):
        (folder / corpus).mkdir()
        for i in range(count):
            key = int(rng.integers(24))
            name = f"{i:03d}.mid" if corpus == "pop909" else f"Book_{'AB'[i % 2]}_{i}.mid"
            write_midi(folder / corpus / name, notes_of(key, rng))
            text = KEY_NAMES[key]
            both = f"{text.replace(' ', ':')} C:maj" if i % 6 == 0 else text.replace(" ", ":")
            rows[corpus].append(f"{name},{text}" + (f",{both}" if corpus == "pop909" else ""))
        (folder / f"{corpus}_keys.csv").write_text("\n".join(rows[corpus]) + "\n")
    return folder


@pytest.fixture(scope="module")
def arguments(corpora):
    return KeyArguments(str(corpora / "pop909"), str(corpora / "when_in_rome"), folds=3)


@pytest.fixture(scope="module")
def data(arguments):
    return examples(arguments)


def training(folder):
    from transformers import TrainingArguments

    from symbolic.training.keys import KEY_DEFAULTS

    return TrainingArguments(**{**KEY_DEFAULTS, "output_dir": str(folder), "use_cpu": True})


def test_excerpts_are_parts_and_openings_begin_where_the_piece_does():
    onset = np.arange(600) * 480
    notes = note_table(onset, np.full(600, 480), np.arange(600) % 60 + 30, np.full(600, 70))
    rng = np.random.default_rng(0)
    parts = excerpts(notes, 20, rng)
    assert len(parts) == 20
    assert len({float(part.onset[0]) for part in parts}) > 10
    assert all(9 < part.onset[-1] - part.onset[0] < 61 for part in parts)
    assert all(part.onset[0] == 0 and part.onset[-1] < 61 for part in openings(notes, 5, rng))
    short = note_table([0, 480], [480, 480], [60, 62], [64, 64])
    assert excerpts(short, 3, rng) == openings(short, 3, rng) == []


def test_only_songs_that_keep_their_key_have_excerpts(corpora, data):
    steady = steady_songs(corpora / "pop909")
    assert len(steady) == 30
    parts = data.piece[len(data.pieces) :]
    with_parts = {data.pieces[i].path for i in parts if data.pieces[i].corpus == "pop909"}
    assert with_parts == steady


def test_whole_pieces_count_more_than_their_parts_and_scores_more_than_songs(data):
    kinds = [piece.corpus for piece in data.pieces]
    assert data.piece[: len(kinds)].tolist() == list(range(len(kinds)))
    song, score = (data.times[kinds.index(corpus)] for corpus in ("pop909", "when_in_rome"))
    assert score > song > data.times[-1]


def test_a_score_is_of_the_book_or_author_that_its_name_begins_with():
    def work(name):
        return work_of(Piece(Path(f"{name}.mxl"), "", {}, "when_in_rome"))

    assert work("Textbooks_Reger_Max_Modulation_95A") == "Textbooks_Reger_Max_Modulation"
    assert work("Quartets_Beethoven_Ludwig_van_Op018_No3_3") == "Quartets_Beethoven_Ludwig_van"
    assert work("Textbooks_Kostka_Stefan_Tonal_Harmony_ex18_7").endswith("Tonal_Harmony")


def test_keys_of_pieces_that_were_never_heard(data, tmp_path):
    groups = [f"{piece.corpus} {piece.group}" for piece in data.pieces]
    answers = cross_validate(
        data, groups, 3, 0, build_tokenizer("cp-performance"), training(tmp_path)
    )
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-6)
    assert (answers.argmax(axis=1) == data.keys).mean() > 0.7


def test_a_piece_that_cannot_be_read_costs_only_itself(corpora, data, caplog):
    broken = corpora / "pop909" / "004.mid"
    content = broken.read_bytes()
    try:
        broken.write_bytes(b"nothing")
        found = examples(KeyArguments(str(corpora / "pop909"), str(corpora / "when_in_rome")))
    finally:
        broken.write_bytes(content)
    assert len(found.pieces) == len(data.pieces) - 1
    assert "004.mid left out" in caplog.text


def test_the_command_leaves_a_model_that_another_begins_with(corpora, tmp_path, capsys, emopia):
    key = tmp_path / "key"
    told = ["--pop909", corpora / "pop909", "--when_in_rome", corpora / "when_in_rome"]
    told += ["--folds", "2", "--fold_seeds", "4", "--use_cpu", "True", "--output_dir", key]
    assert main([str(word) for word in told]) == 0
    table = (key / "keys.md").read_text()
    assert table in capsys.readouterr().out
    assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == [
        "| pop909, by piece, folds 4",
        "| when_in_rome, by piece, folds 4",
        "| when_in_rome, by book or author, folds 4",
    ]
    heard = SymbolicModel.from_pretrained(key)
    assert [task.name for task in heard.tasks] == ["key"]

    from symbolic.commands.train import main as train

    told = ["--emopia", emopia, "--encoder", "features", "--features", "all,tonal", "--pretrained"]
    told += [key, "--freeze", "encoder", "--tasks", "emotion,key=0", "--num_train_epochs", "1"]
    told += ["--use_cpu", "True", "--output_dir", tmp_path / "both", "--repeats", "emopia=2"]
    assert train([str(word) for word in told]) == 0
    both = SymbolicModel.from_pretrained(tmp_path / "both")
    for name, value in heard.encoder.tonic.state_dict().items():
        assert (both.encoder.tonic.state_dict()[name] == value).all(), name
    rows = np.random.default_rng(0).random((5, 952)).astype(np.float32)
    expected = predict_features(heard, rows[:, 280:])["key"]
    np.testing.assert_allclose(predict_features(both, rows)["key"], expected, atol=1e-6)
    told[told.index("features")] = "notes"
    told.append("--overwrite")
    assert train([str(word) for word in told]) == 2
    assert "use --encoder features" in capsys.readouterr().err
    names = ("pop909: 000", "when_in_rome: Book_A_0", "emopia: song0")
    assert set(map(hashed_group, names)) <= set(training_groups(tmp_path / "both"))
