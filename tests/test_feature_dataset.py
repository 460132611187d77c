"""Features as training examples: of pieces, and of repeated corpora."""

import numpy as np
import pytest

from symbolic.data import Collator, FeatureDataset, Piece
from symbolic.features import TONAL_NAMES, features
from symbolic.notes import ReadError, note_table
from symbolic.tasks import EMOTION, KEY, VELOCITY
from symbolic.training.notes import repeated

NAMES = ("pitch_mean", "velocity_mean", *TONAL_NAMES)
PIECES = [Piece(f"{i}.mid", f"song{i}", {"emotion": i, "key": i}, "pop909") for i in range(3)]
TABLES = [
    note_table(np.arange(20) * 240, np.full(20, 240), 50 + i + np.arange(20) % 9, np.arange(60, 80))
    for i in range(3)
]


def test_examples_are_the_features_of_pieces():
    data = FeatureDataset.of(PIECES, TABLES, NAMES)
    assert data.rows.shape == (3, len(NAMES))
    for i, table in enumerate(TABLES):
        example = data[i]
        np.testing.assert_allclose(example["features"], features(table, NAMES), rtol=1e-6)
        assert {name: example["labels"][name] for name in ("emotion", "key")} == {
            "emotion": i,
            "key": i,
        }


def test_a_piece_without_notes_is_named():
    nothing = TABLES[0].select(np.zeros(20, bool))
    with pytest.raises(ReadError, match=r"no note.*1\.mid|1\.mid.*no note"):
        FeatureDataset.of(PIECES, [TABLES[0], nothing, TABLES[2]], NAMES)
    with pytest.raises(ValueError, match="features of 2 pieces, and labels of 1"):
        FeatureDataset(np.zeros((2, 3)), [{}])


def test_batches_have_features_and_a_label_of_every_task():
    data = FeatureDataset.of(PIECES, TABLES, NAMES)
    batch = Collator((EMOTION, KEY), [0])([data[0], data[2]])
    assert set(batch) == {"features", "labels"}
    assert batch["features"].shape == (2, len(NAMES))
    assert batch["labels"]["key"].tolist() == [0, 2]
    unlabelled = [{"features": np.zeros(3), "labels": {}}]
    assert Collator((EMOTION,), [0])(unlabelled)["labels"]["emotion"].tolist() == [-100]
    assert Collator((VELOCITY,), [0])(unlabelled)["labels"]["velocity"].shape == (1, 0)


def test_pieces_of_a_corpus_are_repeated():
    pieces = [Piece(f"{i}.mid", "", {}, corpus) for i, corpus in enumerate(("a", "b", "a"))]
    assert repeated(pieces, "") == [0, 1, 2]
    assert repeated(pieces, "b=3") == [0, 1, 1, 1, 2]
    assert repeated(pieces, "b=2, a=2") == [0, 0, 1, 1, 2, 2]
    for wrong in ("b", "b=0", "b=some"):
        with pytest.raises(ValueError, match="how many times"):
            repeated(pieces, wrong)
    with pytest.raises(ValueError, match="no piece of c"):
        repeated(pieces, "c=2")
