"""Tables of predictions of recordings: what they say, and what they must not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from symbolic.data.pieces import Piece
from symbolic.evaluation.audio import audio_table, summarise_audio
from symbolic.inference.audio_predictions import audio_rows, read_audio_rows, truth_and_answers
from symbolic.inference.note_predictions import write_predictions
from symbolic.tasks import GENRE, TAGS, VALENCE_AROUSAL
from symbolic.tasks.tag_metrics import tag_metrics

RNG = np.random.default_rng(0)
TASKS = (GENRE, TAGS, VALENCE_AROUSAL)


def pieces(count=12):
    found = []
    for i in range(count):
        tags = [float(j == i % 10 or j == (i * 7 + 1) % 10) for j in range(10)]
        labels = {"genre": i % 10, "tags": tuple(tags), "valence_arousal": (i / 6 - 1, np.nan)}
        found.append(Piece(Path(f"{i}.wav"), f"artist {i // 2}", labels, "tunes"))
    return found


def answers(count=12):
    return {
        "genre": RNG.dirichlet(np.ones(10), count),
        "tags": RNG.random((count, 10)),
        "valence_arousal": RNG.normal(size=(count, 2)),
    }


def test_rows_come_back_from_a_file_as_they_were(tmp_path):
    told, said = pieces(), answers()
    told[0].labels.clear()  # nothing is known of the first
    rows = audio_rows(TASKS, told, said, fold="fold-0", seed=0)
    write_predictions(rows, tmp_path / "predictions.csv")
    frame = read_audio_rows(tmp_path / "predictions.csv")
    labels, probabilities = truth_and_answers(frame, GENRE)
    assert labels.tolist() == [-100, *(i % 10 for i in range(1, 12))]
    np.testing.assert_allclose(probabilities, said["genre"])
    truth, values = truth_and_answers(frame, TAGS)
    assert np.isnan(truth[0]).all()
    np.testing.assert_array_equal(truth[1:], [piece.labels["tags"] for piece in told[1:]])
    np.testing.assert_allclose(values, said["tags"])
    truth, _ = truth_and_answers(frame, VALENCE_AROUSAL)
    assert np.isnan(truth[:, 1]).all()
    assert truth[7, 0] == pytest.approx(7 / 6 - 1)


def test_a_table_of_something_else_is_refused(tmp_path):
    path = tmp_path / "predictions.csv"
    with pytest.raises(FileNotFoundError):
        read_audio_rows(path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="no column corpus"):
        read_audio_rows(path)
    frame = pd.DataFrame(audio_rows((GENRE,), pieces(), answers(), fold="fold-0", seed=0))
    with pytest.raises(ValueError, match="no answers to tags"):
        truth_and_answers(frame, TAGS)


def test_each_kind_of_task_has_its_figures():
    told, said = pieces(), answers()
    said["genre"] = np.eye(10)[[i % 10 for i in range(12)]] * 0.9 + 0.01
    said["valence_arousal"][:, 0] = [i / 6 - 1 for i in range(12)]
    frame = pd.DataFrame(audio_rows(TASKS, told, said, fold="fold-0", seed=0))
    genre, tags, plane = (summarise_audio(frame, task, draws=50) for task in TASKS)
    assert genre.scores["accuracy"] == 1
    assert genre.intervals["accuracy"] == (1, 1)
    assert (genre.recordings, genre.groups, genre.folds) == (12, 6, 1)
    assert np.trace(genre.confusion) == 12
    truth = np.array([piece.labels["tags"] for piece in told])
    assert tags.scores["roc_auc"] == pytest.approx(tag_metrics(truth, said["tags"])["roc_auc"])
    assert tags.confusion is None
    low, high = tags.intervals["roc_auc"]
    assert low <= tags.scores["roc_auc"] <= high
    assert plane.scores["valence_ccc"] == pytest.approx(1)
    assert plane.scores["valence_rmse"] == pytest.approx(0, abs=1e-12)
    assert not any(name.startswith("arousal") for name in plane.scores)  # nothing is known of it
    table = audio_table({"first": genre, "second": tags})
    assert table.splitlines()[2].startswith("| first | 12 (6) | 1 | 1.000 [1.000, 1.000] |")
    assert "roc auc" in table.splitlines()[0]


def test_seeds_are_averaged_and_are_no_new_recordings():
    told = pieces()
    right = np.eye(10)[[i % 10 for i in range(12)]]
    wrong = np.roll(right, 1, axis=1)
    rows = audio_rows((GENRE,), told, {"genre": right}, fold="fold-0", seed=0)
    rows += audio_rows((GENRE,), told, {"genre": wrong}, fold="fold-0", seed=1)
    summary = summarise_audio(pd.DataFrame(rows), GENRE, draws=50)
    assert summary.scores["accuracy"] == 0.5
    assert summary.recordings == 12
    assert summary.folds == 2


def test_a_task_without_labels_has_no_score():
    rows = audio_rows((GENRE,), [Piece(Path("a.wav"), "a")], {"genre": np.ones((1, 10)) / 10},
                      fold="fold-0", seed=0)  # fmt: skip
    with pytest.raises(ValueError, match="no recording has a label of genre"):
        summarise_audio(pd.DataFrame(rows), GENRE)
