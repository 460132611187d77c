"""Tasks whose labels follow from the notes: one file and one line in `TASKS`."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from symbolic.data import Piece, PieceDataset, TokenDataset, load_tokens, save_tokens, tokens_of
from symbolic.data.datasets.collator import Collator
from symbolic.data.datasets.feature_dataset import FeatureDataset
from symbolic.data.labels import checked_label, token_labels
from symbolic.data.tokens.build import build_token_dataset
from symbolic.features import FEATURE_NAMES
from symbolic.notes import note_table, read_notes
from symbolic.notes.augment import Augmentation
from symbolic.tasks import IGNORE, TASKS, Task
from symbolic.tokenizers import build_tokenizer

TOKENIZER = build_tokenizer("cp-performance")


def note_count(notes):
    return (float(len(notes)),)


def register(notes):
    """Whether each note is low, in the middle or high."""
    return np.clip((notes.pitch - 48) // 12, 0, 2)


COUNT = Task("count", "sequence", "regression", ("notes",), label=note_count)
REGISTER = Task("test register", "token", "single", ("low", "middle", "high"), label=register)


@pytest.fixture
def added(monkeypatch):
    """Two more tasks."""
    for task in (COUNT, REGISTER):
        monkeypatch.setitem(TASKS, task.name, task)


@pytest.fixture
def piece(write_midi, tune, tmp_path):
    return Piece(write_midi(tmp_path / "tune.mid", tune(12)), "tune", {"emotion": 1}, "made")


def test_the_hook_is_no_part_of_a_saved_task():
    assert "label" not in COUNT.to_dict()
    assert Task(**COUNT.to_dict()) == COUNT


def test_a_data_set_of_pieces_has_the_labels(added, piece):
    table = read_notes(piece.path)
    data = PieceDataset([piece], [table], TOKENIZER, augmentation=Augmentation(0, 0, 0, 0))
    labels = data[0]["labels"]
    notes = TOKENIZER.emitted(table)
    assert labels["count"] == note_count(notes)
    assert (labels["test register"] == register(notes)).all()
    assert {"emotion", "key", "velocity"} < set(labels)


def test_an_annotated_label_wins(added, piece):
    table = read_notes(piece.path)
    piece.labels["count"] = (3.0,)
    assert PieceDataset([piece], [table], TOKENIZER)[0]["labels"]["count"] == (3.0,)
    assert tokens_of([piece], [table], TOKENIZER).labels["count"].tolist() == [[3.0]]


def test_a_token_file_keeps_the_labels(added, piece, tmp_path):
    table = read_notes(piece.path)
    notes = TOKENIZER.emitted(table)
    tokens = tokens_of([piece], [table], TOKENIZER)
    for suffix in (".npz", ".safetensors"):
        save_tokens(tokens, tmp_path / f"tokens{suffix}")
        read = load_tokens(tmp_path / f"tokens{suffix}")
        assert read.labels["count"].tolist() == [[len(notes)]]
        assert (read.token_labels["test register"] == register(notes)).all()
        assert (read.velocity == tokens.velocity).all()
    example = TokenDataset(read, every=True)[0]
    batch = Collator((COUNT, REGISTER), TOKENIZER.pad_ids)([example])
    assert torch.equal(batch["labels"]["count"], torch.tensor([[float(len(notes))]]))
    assert (batch["labels"]["test register"][0].numpy() == register(notes)).all()


def test_a_data_set_of_tokens_has_columns_and_is_another_one(piece, tmp_path, monkeypatch):
    build_token_dataset([piece], TOKENIZER, tmp_path / "cache", workers=0)
    before = set((tmp_path / "cache").iterdir())
    for task in (COUNT, REGISTER):
        monkeypatch.setitem(TASKS, task.name, task)
    rows = build_token_dataset([piece], TOKENIZER, tmp_path / "cache", workers=0)
    notes = TOKENIZER.emitted(read_notes(piece.path))
    assert set((tmp_path / "cache").iterdir()) > before
    assert rows[0]["count"] == [len(notes)]
    assert rows[0]["test register"] == register(notes).tolist()


def test_features_have_the_labels_of_the_piece(added, piece):
    notes = TOKENIZER.emitted(read_notes(piece.path))
    labels = FeatureDataset.of([piece], [notes], FEATURE_NAMES[:2])[0]["labels"]
    assert labels["emotion"] == 1
    assert labels["count"] == note_count(notes)


@pytest.mark.parametrize("label", [-1, 3, 7])
def test_a_label_that_is_no_class_is_refused_with_the_name_of_its_task(label):
    notes = note_table([0, 480], [480, 480], [60, 64], [70, 80])
    wrong = Task("wrong", "sequence", "single", ("a", "b", "c"), label=lambda notes: label)
    with pytest.raises(ValueError, match=f"task 'wrong'.*{label}"):
        checked_label(wrong, wrong.label(notes))
    of_notes = replace(wrong, level="token", label=lambda notes: np.full(len(notes), label))
    with pytest.raises(ValueError, match="task 'wrong'"):
        token_labels(of_notes, notes, np.ones(2, bool))


@pytest.mark.parametrize(
    ("level", "kind", "label", "reason"),
    [
        ("token", "single", [0, 1], "2 labels for 3 notes"),
        ("token", "single", 1, "1 labels for 3 notes"),
        ("token", "regression", [[0.5, 0.5, 0.5]], "1 labels for 3 notes"),
        ("token", "multi", [0.0, 1.0, 1.0], r"labels of shape \(3,\), not \(3, 2\)"),
        ("token", "single", ["thin", "thin", "thick"], "'thin', and labels are class indices"),
        ("sequence", "single", "thin", "'thin', and labels are class indices, 0 to 1"),
        ("sequence", "single", None, "None, and labels are class indices"),
        ("sequence", "single", 0.5, "class 0.5, and labels are class indices"),
        ("sequence", "single", [0, 1], r"labels of shape \(2,\), not \(\)"),
        ("sequence", "regression", 0.5, r"labels of shape \(\), not \(2,\)"),
        ("sequence", "regression", ("thin", "thick"), "not numbers"),
    ],
)
def test_what_a_label_function_may_not_give_is_said_with_its_task(level, kind, label, reason):
    wrong = Task("texture", level, kind, ("thin", "thick"))
    notes = 3 if level == "token" else 0
    with pytest.raises(ValueError, match=rf"task 'texture': its label function gives .*{reason}"):
        checked_label(wrong, label, notes)


@pytest.mark.parametrize("label", [True, np.int8(1), np.float64(1), np.array(1), IGNORE])
def test_numbers_of_any_type_are_classes(label):
    task = Task("texture", "sequence", "single", ("thin", "thick"))
    assert checked_label(task, label) is label
