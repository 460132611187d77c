"""Ratings of performances of the same notes: correlations, training and evaluation with them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from small_corpora import write_percepiano, write_ym2413

from symbolic.cli import main
from symbolic.data import DataArguments, Piece, held_out, read_percepiano
from symbolic.data.splits.protocols import held_out_pieces
from symbolic.evaluation.correlations import correlations
from symbolic.evaluation.summary import summarise
from symbolic.evaluation.tables import results_table
from symbolic.inference.prediction_table import as_predictions, read_predictions, with_same_notes
from symbolic.tasks import EMOTION, KEY, VALENCE_AROUSAL, valence_arousal
from symbolic.training.notes import with_labels

NAMES = ("valence", "arousal")


def pearson(x, y):
    return np.corrcoef(x, y)[0, 1]


@pytest.fixture
def ratings():
    """Sixty pieces of ten sets of the same notes, two of them of one piece: labels, predictions."""
    rng = np.random.default_rng(0)
    same = np.array([0, 1, *rng.integers(2, 10, 58)])
    labels = rng.normal(size=(60, 2)) + rng.normal(size=(10, 2))[same]
    return labels, 0.4 * labels + rng.normal(size=(60, 2)), same


def test_correlations_are_those_of_pieces_of_differences_and_of_means(ratings):
    labels, predictions, same = ratings
    one = np.zeros(60, int)
    scores, intervals = correlations(labels, predictions, NAMES, one, one, same, draws=200)
    for k, name in enumerate(NAMES):
        x, y = labels[:, k], predictions[:, k]
        means = [[values[same == s].mean() for s in range(10)] for values in (x, y)]
        several = same > 1
        apart = [(v - np.array(m)[same])[several] for v, m in zip((x, y), means, strict=True)]
        assert scores[f"{name}_r"] == pytest.approx(pearson(x, y))
        assert scores[f"{name}_r_same_notes"] == pytest.approx(pearson(*apart))
        assert scores[f"{name}_r_means"] == pytest.approx(pearson(*means))
    assert intervals.keys() == scores.keys()
    assert all(low < scores[name] < high for name, (low, high) in intervals.items())


def test_a_shift_of_all_performances_of_a_set_changes_no_difference(ratings):
    labels, predictions, same = ratings
    one = np.zeros(60, int)
    shifted = predictions + 9 * np.random.default_rng(1).normal(size=(10, 2))[same]
    before, after = (
        correlations(labels, p, NAMES, one, one, same, 20)[0] for p in (predictions, shifted)
    )
    for name in NAMES:
        assert after[f"{name}_r_same_notes"] == pytest.approx(before[f"{name}_r_same_notes"])
        assert abs(after[f"{name}_r"] - before[f"{name}_r"]) > 0.05


def test_correlations_are_means_over_seeds_and_leave_out_missing_labels(ratings):
    labels, predictions, same = ratings
    seeds = np.arange(60) % 2
    labels[::7, 0] = np.nan
    scores, _ = correlations(labels, predictions, NAMES, seeds, same, draws=20)
    known = ~np.isnan(labels[:, 0])
    each = [
        pearson(*(values[known & (seeds == k), 0] for values in (labels, predictions)))
        for k in (0, 1)
    ]
    assert scores["valence_r"] == pytest.approx(np.mean(each))
    assert set(scores) == {"valence_r", "arousal_r"}


def test_a_correlation_that_is_not_defined_is_no_score():
    labels, zeros = np.array([[1.0, -1.0]] * 4), np.zeros(4, int)
    predictions = np.random.default_rng(0).normal(size=(4, 2))
    assert correlations(labels, predictions, NAMES, zeros, zeros, np.arange(4)) == ({}, {})
    assert correlations(labels[:0], predictions[:0], NAMES, zeros[:0], zeros[:0]) == ({}, {})


def predicted(same_notes):
    """Predictions of quadrants, of 24 pieces with ratings of valence and arousal."""
    rng = np.random.default_rng(3)
    probabilities = rng.dirichlet(np.ones(4), 24)
    plane = valence_arousal(probabilities) + rng.normal(size=(24, 2))
    rows = [
        {"corpus": "percepiano", "file": f"{i}.mid", "group": f"mv{i % 2}", "fold": 0, "seed": 0}
        | {"emotion": ""}
        | {f"emotion: Q{k + 1}": p for k, p in enumerate(probabilities[i])}
        | {f"true valence_arousal: {n}": v for n, v in zip(NAMES, plane[i], strict=True)}
        | ({"same_notes": f"s{i % 6}"} if same_notes else {})
        for i in range(24)
    ]
    return as_predictions(pd.DataFrame(rows)), plane, valence_arousal(probabilities)


def test_quadrants_are_correlated_with_ratings_within_the_same_notes():
    frame, plane, found = predicted(same_notes=True)
    summary = summarise(frame, draws=50)
    assert summary.scores["valence_r"] == pytest.approx(pearson(plane[:, 0], found[:, 0]))
    names = {f"{n}_{end}" for n in NAMES for end in ("r", "r_same_notes", "r_means")}
    assert names <= set(summary.to_dict()["scores"])
    assert names <= set(summary.to_dict()["intervals"])
    assert "arousal r, same notes" in results_table({"model": summary})


def test_strengths_are_correlated_where_all_pieces_have_them():
    frame, plane, _ = predicted(same_notes=True)
    strengths = 3 * plane + np.random.default_rng(5).normal(size=(24, 2))
    rated = frame.assign(valence_strength=strengths[:, 0], arousal_strength=strengths[:, 1])
    summary = summarise(as_predictions(rated.astype(str).replace("nan", "")), draws=50)
    for k, name in enumerate(NAMES):
        found = summary.scores[f"{name}_strength_r"]
        assert found == pytest.approx(pearson(plane[:, k], strengths[:, k]))
        assert f"{name}_strength_r_same_notes" in summary.intervals
    assert "arousal strength r, same notes" in results_table({"model": summary})
    lacking = rated.assign(valence_strength=[np.nan, *strengths[1:, 0]])
    assert "valence_strength_r" not in summarise(lacking, draws=50).scores


def test_without_names_of_the_same_notes_there_is_only_one_correlation():
    frame, _, _ = predicted(same_notes=False)
    scores = summarise(frame, draws=50).scores
    assert {name for name in scores if "_r" in name} == {
        *("valence_r", "arousal_r", "valence_rmse", "arousal_rmse", "valence_r2", "arousal_r2")
    }


def test_only_tables_of_performances_have_the_column():
    pieces = [Piece(Path("a.mid"), "a", same_notes="s"), Piece(Path("b.mid"), "b")]
    rows = [{"file": "a.mid"}, {"file": "b.mid"}]
    assert [row["same_notes"] for row in with_same_notes(rows, pieces)] == ["s", ""]
    assert with_same_notes(rows[1:], pieces[1:]) == rows[1:]


def test_corpora_without_a_trained_label_are_left_out_and_named(caplog):
    pieces = [
        Piece(Path(f"{corpus}{i}.mid"), str(i), labels, corpus)
        for i in range(3)
        for corpus, labels in (("games", {"emotion": i}), ("played", {"valence_arousal": (0, 0)}))
    ]
    assert with_labels(pieces, [EMOTION]) == pieces[::2]
    assert "no piece of played has a label of emotion (it has valence_arousal): it is left out" in (
        caplog.text
    )
    caplog.clear()
    assert with_labels(pieces, [EMOTION, VALENCE_AROUSAL]) == pieces
    assert "no piece of games has a label of valence_arousal" in caplog.text
    assert "left out" not in caplog.text
    assert with_labels(pieces, [EMOTION, KEY]) == pieces  # keys follow from the notes
    caplog.clear()
    assert with_labels(pieces, [EMOTION], rated=True) == pieces
    assert not caplog.text
    assert with_labels(pieces[1::2], [EMOTION]) == pieces[1::2]  # training then refuses the task
    caplog.clear()
    assert with_labels(pieces[::2], [EMOTION]) == pieces[::2]
    assert not caplog.text


@pytest.fixture(scope="module")
def corpora(tmp_path_factory, midi_bytes, tune):
    """Both corpora in small, each piece with a tempo, a key and a loudness of its own."""
    folder = tmp_path_factory.mktemp("corpora")

    def content(step):
        return lambda i: midi_bytes(tune(24 + i % 5, 54 + 5 * i % 23, 40 + i, step(i)))

    for name, write, step in (
        ("ym2413", write_ym2413, lambda i: 120 + 160 * (i % 3)),
        ("percepiano", write_percepiano, lambda i: 100 + 9 * i),
    ):
        (folder / name).mkdir()
        write(folder / name, content(step))
    return folder


def command(*words):
    return main([str(word) for word in words])


@pytest.fixture(scope="module")
def run(corpora, tmp_path_factory):
    """A model of quadrants, trained on games."""
    folder = tmp_path_factory.mktemp("run")
    words = ["--ym2413", corpora / "ym2413"]
    words += ["--hold-out", "ym2413-0", "--folds", 4, "--tasks", "emotion", "--encoder", "features"]
    words += ["--max-steps", 2, "--use-cpu", "True", "--disable-tqdm", "True"]
    assert command("train", *words, "--output-dir", folder) == 0
    return folder


def test_features_of_quadrants_are_fitted_to_the_order_of_ratings(run, corpora, tmp_path):
    words = ["--ym2413", corpora / "ym2413", "--percepiano", corpora / "percepiano"]
    words += ["--hold-out", "ym2413-0", "--folds", 4, "--tasks", "emotion", "--encoder", "features"]
    words += ["--max-steps", 2, "--use-cpu", "True", "--disable-tqdm", "True"]
    assert command("train", *words, "--output-dir", tmp_path) == 0
    record = json.loads((tmp_path / "training.json").read_text())
    assert list(record["groups"]) == ["percepiano", "ym2413"]
    rated, alone = (load_file(one / "model.safetensors") for one in (tmp_path, run))
    name = "heads.emotion.references"
    assert len(rated[name]) == len(alone[name])  # pieces with a rating alone are none
    name = "heads.emotion.arousal.weight"
    assert not np.allclose(rated[name], alone[name])


def test_quadrants_are_trained_without_the_pieces_that_have_none(run):
    record = json.loads((run / "training.json").read_text())
    assert list(record["groups"]) == ["ym2413"]
    assert "same_notes" not in read_predictions(run / "predictions.csv")


def test_a_model_of_quadrants_is_evaluated_on_ratings(run, corpora, tmp_path, capsys):
    words = ["evaluate", run, "--hold-out", "percepiano-all", "--output-dir", tmp_path]
    words += ["--percepiano", corpora / "percepiano"]
    assert command(*words, "--no-robustness") == 0
    assert "percepiano-all: 32 pieces, 2 groups, 1 run" in capsys.readouterr().out
    scores = json.loads((tmp_path / "metrics.json").read_text())["scores"]
    assert {"valence_r", "arousal_r", "arousal_r_same_notes", "valence_r_means"} <= set(scores)
    assert {"valence_strength_r", "arousal_strength_r_same_notes"} <= set(scores)
    assert "accuracy" not in scores
    assert "performances of the same notes" in (tmp_path / "results.md").read_text()
    assert not (run / "metrics.json").exists()  # of other pieces than training held out
    assert command(*words, "--ym2413", corpora / "ym2413", "--baselines", "majority") == 0
    assert "| majority | 32 (2) |" in (tmp_path / "results.md").read_text()


def test_pieces_that_a_model_was_trained_on_are_refused(run, corpora, capsys):
    words = ["--hold-out", "ym2413-all", "--ym2413", corpora / "ym2413"]
    assert command("evaluate", run, *words) == 2
    assert "leak" in capsys.readouterr().err
    assert command("evaluate", run, "--hold-out", "percepiano-all") == 2
    assert "its corpus is not given" in capsys.readouterr().err
    assert command("evaluate", run, "--hold-out", "none", *words[2:]) == 2
    assert "no piece is held out" in capsys.readouterr().err


def test_ratings_are_trained_and_their_sets_are_in_the_predictions(corpora, tmp_path):
    words = ["--corpora", f"percepiano={corpora / 'percepiano'}", "--hold-out", "percepiano-1"]
    words += ["--folds", 2, "--tasks", "valence_arousal", "--encoder", "features"]
    words += ["--max-steps", 2, "--use-cpu", "True", "--disable-tqdm", "True"]
    assert command("train", *words, "--output-dir", tmp_path / "run") == 0
    frame = read_predictions(tmp_path / "run" / "predictions.csv")
    assert frame["same_notes"].nunique() == 4
    assert frame["group"].nunique() == 1
    words = [tmp_path / "run", "--percepiano", corpora / "percepiano", "--no-robustness"]
    assert command("evaluate", *words) == 0
    scores = json.loads((tmp_path / "run" / "metrics.json").read_text())["scores"]
    assert "arousal_r_same_notes" in scores


def test_a_grid_of_games_is_trained(corpora, tmp_path, capsys):
    words = ["--ym2413", corpora / "ym2413", "--protocols", "ym2413", "--systems", "logistic"]
    words += ["--folds", 2, "--output-dir", tmp_path, "--cache-dir", tmp_path / "cache"]
    assert command("sweep", *words, "--use-cpu") == 0
    assert "**ym2413, size small**: 20 pieces of 4 groups" in capsys.readouterr().out


def test_held_out_pieces_are_those_of_the_split(corpora):
    data = DataArguments(percepiano=str(corpora / "percepiano"), folds=2, hold_out="percepiano-0")
    assert held_out_pieces(data) == held_out(data)[1]
    data.hold_out = "percepiano-all"
    assert held_out_pieces(data) == read_percepiano(corpora / "percepiano")
