"""Tables of predictions of recordings: what they say, and what they must not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from symbolic.data.pieces import Piece
from symbolic.evaluation.comparison import compare
from symbolic.evaluation.report import write_report
from symbolic.evaluation.summary import summarise
from symbolic.evaluation.tables import results_table
from symbolic.inference.prediction_table import (
    labels_and_predictions,
    prediction_rows,
    read_predictions,
    write_predictions,
)
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
    rows = prediction_rows(TASKS, told, said, fold="fold-0", seed=0)
    write_predictions(rows, tmp_path / "predictions.csv")
    frame = read_predictions(tmp_path / "predictions.csv")
    labels, probabilities = labels_and_predictions(frame, GENRE)
    assert labels.tolist() == [-100, *(i % 10 for i in range(1, 12))]
    np.testing.assert_allclose(probabilities, said["genre"])
    truth, values = labels_and_predictions(frame, TAGS)
    assert np.isnan(truth[0]).all()
    np.testing.assert_array_equal(truth[1:], [piece.labels["tags"] for piece in told[1:]])
    np.testing.assert_allclose(values, said["tags"])
    truth, _ = labels_and_predictions(frame, VALENCE_AROUSAL)
    assert np.isnan(truth[:, 1]).all()
    assert truth[7, 0] == pytest.approx(7 / 6 - 1)


def test_a_table_of_something_else_is_refused(tmp_path):
    path = tmp_path / "predictions.csv"
    with pytest.raises(FileNotFoundError):
        read_predictions(path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="no column corpus"):
        read_predictions(path)
    frame = pd.DataFrame(prediction_rows((GENRE,), pieces(), answers(), fold="fold-0", seed=0))
    with pytest.raises(ValueError, match="no predictions of tags"):
        labels_and_predictions(frame, TAGS)


def test_each_kind_of_task_has_its_figures():
    told, said = pieces(), answers()
    said["genre"] = np.eye(10)[[i % 10 for i in range(12)]] * 0.9 + 0.01
    said["valence_arousal"][:, 0] = [i / 6 - 1 for i in range(12)]
    frame = pd.DataFrame(prediction_rows(TASKS, told, said, fold="fold-0", seed=0))
    found = summarise(frame, TASKS, draws=50)
    assert found.scores["genre: accuracy"] == 1
    assert found.intervals["genre: accuracy"] == (1, 1)
    assert (found.pieces, found.groups, found.folds) == (12, 6, 1)
    assert np.trace(found.confusion["genre"]) == 12
    truth = np.array([piece.labels["tags"] for piece in told])
    expected = tag_metrics(truth, said["tags"])["roc_auc"]
    assert found.scores["tags: roc_auc"] == pytest.approx(expected)
    assert "tags" not in found.confusion
    low, high = found.intervals["tags: roc_auc"]
    assert low <= found.scores["tags: roc_auc"] <= high
    assert found.scores["valence_ccc"] == pytest.approx(1)
    assert found.scores["valence_rmse"] == pytest.approx(0, abs=1e-12)
    assert not any(name.startswith("arousal") for name in found.scores)  # nothing is known of it
    assert found.counts == {"valence": 12, "genre": 12, "tags": 12}
    table = results_table({"first": summarise(frame, (GENRE,), draws=50), "second": found})
    assert table.splitlines()[2].startswith(
        "| first | 12 (6) | - | - | - | - | 1.000 [1.000, 1.000] |"
    )
    assert "tags: roc auc" in table.splitlines()[0]


def test_seeds_are_averaged_and_are_no_new_recordings():
    told = pieces()
    right = np.eye(10)[[i % 10 for i in range(12)]]
    wrong = np.roll(right, 1, axis=1)
    rows = prediction_rows((GENRE,), told, {"genre": right}, fold="fold-0", seed=0)
    rows += prediction_rows((GENRE,), told, {"genre": wrong}, fold="fold-0", seed=1)
    summary = summarise(pd.DataFrame(rows), (GENRE,), draws=50)
    assert summary.scores["genre: accuracy"] == 0.5
    assert summary.confusion["genre"].sum() == summary.pieces == 12
    assert (summary.folds, summary.runs, summary.seeds) == (1, 2, (0, 1))


def test_a_task_without_labels_has_no_score():
    rows = prediction_rows((GENRE,), [Piece(Path("a.wav"), "a")], {"genre": np.ones((1, 10)) / 10},
                      fold="fold-0", seed=0)  # fmt: skip
    found = summarise(pd.DataFrame(rows), (GENRE,))
    assert (found.tasks, found.scores, found.counts) == ((), {}, {})


def test_recordings_of_one_name_are_two_recordings():
    told = [Piece(Path(f"{folder}/01.wav"), folder, {"genre": k}) for k, folder in enumerate("ab")]
    said = {"genre": np.eye(10)[:2]}
    first, second = (prediction_rows((GENRE,), told, said, fold="f", seed=s) for s in (0, 1))
    found = summarise(pd.DataFrame(first + second), (GENRE,), draws=5)
    assert (found.pieces, found.counts) == (2, {"genre": 2})
    assert found.confusion["genre"].sum() == 2
    told[1] = Piece(told[1].path, "a", {"genre": 1})  # also of one artist
    rows = prediction_rows((GENRE,), told, said, fold="f", seed=0)
    assert summarise(pd.DataFrame(rows), (GENRE,), draws=5).scores["genre: accuracy"] == 1
    with pytest.raises(ValueError, match="twice by one seed"):
        summarise(pd.DataFrame(rows + [{**row, "fold": "g"} for row in rows[:1]]))


def two_systems(folds=("fold-0", "fold-1")):
    """A system that is always right about genre and tags, and one that guesses, in two folds."""
    told = pieces()
    truth = np.array([piece.labels["tags"] for piece in told])
    right = {"genre": np.eye(10)[[i % 10 for i in range(12)]], "tags": truth}
    systems = []
    for said in (right, answers()):
        rows = []
        for fold, name in enumerate(folds):
            chosen = slice(6 * fold, 6 * fold + 6)
            part = {task: values[chosen] for task, values in said.items()}
            rows += prediction_rows((GENRE, TAGS), told[chosen], part, fold=name, seed=0)
        systems.append(pd.DataFrame(rows))
    return systems


def test_tasks_of_audio_have_folds_and_paired_differences():
    right, chance = two_systems()
    found = summarise(right, draws=20)
    assert found.over_folds["genre: accuracy"] == (1.0, 0.0)
    assert set(found.over_folds) == set(found.intervals)
    difference = compare(right, chance, 50, task=GENRE)
    accuracy = summarise(chance, (GENRE,), draws=5).scores["genre: accuracy"]
    assert difference.difference == pytest.approx(1 - accuracy)
    assert difference.interval[0] > 0
    tags = compare(right, chance.sample(frac=1, random_state=0), 50, task=TAGS)
    auc = summarise(chance, (TAGS,), draws=5).scores["tags: roc_auc"]
    assert (tags.score, tags.difference) == ("roc_auc", pytest.approx(1 - auc))
    assert compare(right, right, 20, task=TAGS).interval == (0.0, 0.0)
    with pytest.raises(ValueError, match="no predictions of valence_arousal"):
        compare(right, chance, task=VALENCE_AROUSAL)


def test_a_task_of_audio_is_reported_as_one_of_notes(tmp_path):
    right, chance = two_systems()
    frames = {"model": right, "chance": chance}
    summaries = {name: summarise(frame, draws=20) for name, frame in frames.items()}
    differences = {"model": compare(right, chance, 20, task=summaries["chance"].tasks[0])}
    write_report(tmp_path, frames, summaries, differences, "chance")
    text = (tmp_path / "results.md").read_text()
    assert "| accuracy above chance |" in text
    assert "genre: accuracy over folds" in text
    matrix = pd.read_csv(tmp_path / "model" / "confusion.csv", index_col="true")
    assert list(matrix) == list(GENRE.labels)
    for name in ("confusion.png", "reliability.png", "metrics.json"):
        assert (tmp_path / "chance" / name).stat().st_size > 100
