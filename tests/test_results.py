"""What a frame of predictions says."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic.evaluation.comparison import compare
from symbolic.evaluation.summary import summarise
from symbolic.evaluation.tables import confusion_table, confusion_tables, results_table
from symbolic.inference.prediction_table import columns_of, piece_level, read_predictions
from symbolic.tasks import EMOTION, KEY, QUADRANTS
from symbolic.tasks.intervals import grouped_bootstrap
from symbolic.tasks.metrics import confusion, emotion_metrics

PROBABILITIES = columns_of(EMOTION)
KEYS = dict(enumerate(KEY.labels))


def predictions(true, answers, groups=None, seed=0, fold=0, corpus="songs"):
    """A frame of certain answers; `true` and `answers` are 0..3."""
    n = len(true)
    frame = pd.DataFrame(
        {
            "corpus": corpus,
            "file": [f"clip {i}.mid" for i in range(n)],
            "group": [f"song {i}" for i in range(n)] if groups is None else groups,
            "fold": fold,
            "seed": seed,
            "emotion": [QUADRANTS[quadrant] for quadrant in true],
        }
    )
    frame[PROBABILITIES] = np.eye(4)[answers]
    return frame


@pytest.fixture
def clips():
    """60 clips of 12 songs in 3 folds; the system is right in about two of three."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, 4, 60)
    answers = np.where(rng.random(60) < 0.6, true, rng.integers(0, 4, 60))
    songs = np.repeat([f"song {i}" for i in range(12)], 5)
    frame = predictions(true, answers, songs, fold=np.repeat(np.arange(3), 20))
    frame[PROBABILITIES] = 0.7 * frame[PROBABILITIES] + 0.3 * rng.dirichlet(np.ones(4), 60)
    return frame


def quadrants(frame):
    return frame["emotion"].map(QUADRANTS.index).to_numpy()


def test_scores_and_intervals_are_those_of_the_metrics(clips):
    found = summarise(clips, draws=100)
    q = clips[PROBABILITIES].to_numpy()
    assert found.scores == pytest.approx(emotion_metrics(quadrants(clips), q))
    assert (found.confusion["emotion"] == confusion(quadrants(clips), q)).all()
    right = q.argmax(axis=1) == quadrants(clips)
    expected = grouped_bootstrap(lambda rows: right[rows].mean(), clips["group"], 100)
    assert found.intervals["accuracy"] == pytest.approx(expected)
    assert (found.pieces, found.groups, found.folds, found.seeds) == (60, 12, 3, (0,))


@settings(max_examples=25)
@given(st.data())
def test_the_interval_contains_the_estimate(data):
    n = data.draw(st.integers(2, 25))
    draw = st.lists(st.integers(0, 3), min_size=n, max_size=n)
    songs = [f"song {i}" for i in data.draw(draw)]
    frame = predictions(data.draw(draw), data.draw(draw), songs)
    found = summarise(frame, draws=400)
    low, high = found.intervals["accuracy"]
    assert 0 <= low <= found.scores["accuracy"] <= high <= 1


def test_folds_are_scored_one_by_one(clips):
    found = summarise(clips, draws=10)
    q = clips[PROBABILITIES].to_numpy()
    for name in ("accuracy", "macro_f1"):
        scores = [
            emotion_metrics(quadrants(clips[clips["fold"] == k]), q[clips["fold"] == k])[name]
            for k in range(3)
        ]
        assert found.over_folds[name] == pytest.approx((np.mean(scores), np.std(scores, ddof=1)))
    assert summarise(clips[clips["fold"] == 1], draws=10).over_folds == {}


def test_a_clip_scored_by_three_seeds_counts_once_for_its_song(clips):
    thrice = pd.concat([clips.assign(seed=seed) for seed in range(3)])
    once, found = summarise(clips, draws=100), summarise(thrice, draws=100)
    assert found.scores.pop("ensemble_accuracy") == pytest.approx(once.scores["accuracy"])
    assert found.intervals.pop("ensemble_accuracy") == pytest.approx(once.intervals["accuracy"])
    assert found.intervals == once.intervals
    assert found.scores == pytest.approx(once.scores)
    assert found.confusion["emotion"] == pytest.approx(once.confusion["emotion"])
    assert (found.pieces, found.groups, found.counts) == (once.pieces, once.groups, once.counts)
    assert found.seeds == (0, 1, 2)
    assert found.over_folds["accuracy"][0] == pytest.approx(once.over_folds["accuracy"][0])


def test_scores_of_several_seeds_are_their_mean():
    good, bad = (
        predictions([0, 1, 2, 3], [0, 1, 2, 3]),
        predictions([0, 1, 2, 3], [0, 0, 0, 0], seed=1),
    )
    found = summarise(pd.concat([good, bad]), draws=10)
    assert found.scores["accuracy"] == pytest.approx((1 + 0.25) / 2)
    assert found.scores["macro_f1"] == pytest.approx((1 + 0.4 / 4) / 2)
    assert found.confusion["emotion"].sum() == 4
    assert found.confusion["emotion"][1].tolist() == [0.5, 0.5, 0, 0]


def test_seeds_predict_together_by_their_mean_probabilities():
    sure, unsure = predictions([0, 1, 2], [0, 1, 3]), predictions([0, 1, 2], [1, 1, 2], seed=1)
    sure[PROBABILITIES] = sure[PROBABILITIES] * 0.8 + 0.05
    unsure[PROBABILITIES] = unsure[PROBABILITIES] * 0.4 + 0.15
    found = summarise(pd.concat([sure, unsure]), draws=10)
    # The surer seed decides: it is right about the first clip and wrong about the last.
    assert found.scores["ensemble_accuracy"] == pytest.approx(2 / 3)
    third = predictions([0, 1, 2], [2, 2, 2], seed=2)
    third[PROBABILITIES] = third[PROBABILITIES] * 0.6 + 0.1
    assert summarise(pd.concat([sure, unsure, third]), draws=10).scores[
        "ensemble_accuracy"
    ] == pytest.approx(1.0)
    low, high = found.intervals["ensemble_accuracy"]
    assert 0 <= low <= 2 / 3 <= high <= 1


def test_seeds_do_not_predict_together_where_a_clip_lacks_one():
    whole, part = predictions([0, 1], [0, 1]), predictions([0], [0], seed=1)
    assert "ensemble_accuracy" not in summarise(pd.concat([whole, part]), draws=10).scores
    assert "ensemble_accuracy" not in summarise(whole, draws=10).scores


def test_songs_of_two_corpora_may_have_one_name(clips):
    both = pd.concat([clips, clips.assign(corpus="games")])
    found = summarise(both, draws=10)
    assert (found.pieces, found.groups) == (120, 24)
    renamed = both.assign(group=both["corpus"] + both["group"])
    assert found.intervals == summarise(renamed, draws=10).intervals


def test_pieces_without_a_quadrant_are_not_scored_for_it(clips):
    some = clips.assign(emotion=clips["emotion"].where(clips.index < 20, None))
    found = summarise(some, draws=10)
    assert found.scores == pytest.approx(summarise(clips[:20], draws=10).scores)
    assert found.counts == {"quadrant": 20}
    assert found.pieces == 60
    none = summarise(clips.assign(emotion=None), draws=10)
    assert (none.scores, none.intervals, none.confusion) == ({}, {}, {})


def test_valence_and_arousal_follow_from_the_quadrants_unless_they_are_predicted():
    frame = predictions([0, 1, 2, 3], [0, 1, 2, 3])
    frame["true valence_arousal: valence"] = [1.0, -1.0, -1.0, 1.0]
    frame["true valence_arousal: arousal"] = [1.0, 1.0, -1.0, -1.0]
    found = summarise(frame, draws=10).scores
    assert (found["valence_ccc"], found["arousal_rmse"], found["arousal_r2"]) == (1.0, 0.0, 1.0)
    frame["valence_arousal: valence"] = -frame["true valence_arousal: valence"]
    said = summarise(frame, draws=10).scores
    assert (said["valence_ccc"], said["arousal_ccc"]) == (-1.0, 1.0)
    assert said["valence"] == 1.0  # the half of the plane, which the quadrants say


def test_keys_and_velocities_are_scored_where_they_are_known():
    frame = predictions([0] * 5, [0] * 5).drop(columns=PROBABILITIES)
    frame["key"] = pd.Series([0, 0, 0, 0, np.nan]).map(KEYS)
    frame["key predicted"] = pd.Series([0, 7, 9 + 12, np.nan, 3]).map(KEYS)
    frame["velocity correct"], frame["velocity notes"] = [9, 1, 0, 0, 0], [10, 10, 0, 0, 0]
    found = summarise(frame, draws=100)
    assert found.scores == pytest.approx(
        {"key_exact": 0.25, "key_mirex": (1 + 0.5 + 0.3) / 4, "velocity_accuracy": 0.5}
    )
    assert found.counts == {"key": 4, "velocity": 2, "velocity_notes": 20}
    low, high = found.intervals["key_exact"]
    assert low < 0.25 < high
    assert found.confusion == {}


def test_seeds_that_saw_different_pieces_still_have_intervals():
    first, second = predictions([0, 1], [0, 1]), predictions([2, 3], [2, 3], seed=1)
    second["file"], second["group"] = ["c.mid", "d.mid"], ["song c", "song d"]
    assert summarise(pd.concat([first, second]), draws=50).intervals["accuracy"] == (1.0, 1.0)


def test_a_summary_is_json_without_what_is_not_defined(clips):
    names = ("true valence_arousal: valence", "valence_arousal: valence")
    constant = clips.assign(**dict.fromkeys(names, 1.0))  # no spread: no concordance
    found = summarise(constant, draws=10, protocol="by song", robustness={"tempo": np.nan})
    text = json.dumps(found.to_dict(), allow_nan=False)
    again = json.loads(text)
    assert set(again) == {
        *("protocol", "leaks", "pieces", "groups", "folds", "seeds"),
        *("scores", "counts", "intervals", "over_folds", "robustness"),
    }
    assert "valence_ccc" not in again["scores"]
    assert again["scores"]["valence_rmse"] == 0.0
    assert again["robustness"] == {}
    assert len(again["intervals"]["accuracy"]) == len(again["over_folds"]["macro_f1"]) == 2


def test_a_system_is_no_better_than_itself(clips):
    found = compare(clips, clips.sample(frac=1, random_state=0), draws=50)
    assert (found.difference, found.interval, found.pieces) == (0.0, (0.0, 0.0), 60)


def test_the_paired_difference_is_narrower_than_either_score(clips):
    better = clips.copy()
    wrong = np.flatnonzero(clips[PROBABILITIES].to_numpy().argmax(axis=1) != quadrants(clips))[:6]
    better.loc[wrong, PROBABILITIES] = np.eye(4)[quadrants(clips)[wrong]]
    found = compare(better, clips)
    assert found.difference == pytest.approx(6 / 60)
    assert found.interval[0] >= 0
    low, high = summarise(clips).intervals["accuracy"]
    assert found.interval[1] - found.interval[0] < high - low


def test_seeds_of_one_system_are_averaged_before_systems_are_compared(clips):
    thrice = pd.concat([clips.assign(seed=seed) for seed in range(3)])
    assert compare(thrice, clips, draws=50).interval == (0.0, 0.0)


def test_seeds_are_drawn_where_both_systems_have_the_same(clips):
    """Trainings that differ make the interval wider than songs alone do."""
    labels = quadrants(clips)
    good = clips.copy()
    good[PROBABILITIES] = np.eye(4)[labels]
    bad = clips.copy()
    bad[PROBABILITIES] = np.eye(4)[(labels + 1) % 4]
    unsteady = pd.concat([(good, bad)[seed % 2].assign(seed=seed) for seed in range(4)])
    steady = pd.concat([bad.assign(seed=seed) for seed in range(4)])
    found = compare(unsteady, steady)
    assert (found.difference, found.seeds) == (0.5, 4)
    assert found.interval[1] - found.interval[0] > 0.3
    # Without the same seeds each piece counts as its mean, .5 above: no spread is left.
    alone = compare(unsteady, bad)
    assert (alone.difference, alone.interval, alone.seeds) == (0.5, (0.5, 0.5), 1)


def test_only_the_same_pieces_are_compared(clips):
    with pytest.raises(ValueError, match=r"different pieces: 1 are .* clip 59\.mid of songs"):
        compare(clips, clips[:-1])
    with pytest.raises(ValueError, match=r"clip 0\.mid another emotion"):
        compare(
            clips, clips.assign(emotion=["Q3" if q == "Q1" else "Q1" for q in clips["emotion"]])
        )
    with pytest.raises(ValueError, match="another group"):
        compare(clips, clips.assign(group="one song"))
    with pytest.raises(ValueError, match="no predictions of emotion"):
        compare(clips, clips.drop(columns=PROBABILITIES))


def test_the_phrases_of_a_piece_are_averaged_and_must_agree():
    frame = predictions([0, 0, 1, 2, 3], [0, 1, 1, 2, 3], ["a", "a", "b", "b", "c"])
    frame.loc[:1, PROBABILITIES] = [[0.9, 0.1, 0, 0], [0.2, 0.8, 0, 0]]
    frame["velocity correct"], frame["velocity notes"] = [1, 2, 0, 0, 0], [4, 4, 0, 0, 0]
    joined, left_out = piece_level(frame)
    assert left_out == 1  # b is angry and sad
    assert joined["file"].tolist() == ["a", "c"]
    assert joined["emotion"].tolist() == ["Q1", "Q4"]
    assert joined.loc[0, PROBABILITIES].tolist() == pytest.approx([0.55, 0.45, 0, 0])
    assert joined.loc[0, ["velocity correct", "velocity notes"]].tolist() == [3, 8]
    assert summarise(joined, draws=10).scores["accuracy"] == 1.0


def test_pieces_are_joined_within_their_seed_and_left_out_once():
    frame = predictions([0, 0, 1, 2], [0, 1, 1, 2], ["a", "a", "b", "b"])
    joined, left_out = piece_level(pd.concat([frame, frame.assign(seed=1)]))
    assert (len(joined), left_out) == (2, 1)
    assert joined["seed"].tolist() == [0, 1]


def test_a_piece_that_was_split_across_folds_cannot_be_joined(clips):
    with pytest.raises(ValueError, match="more than one fold"):
        piece_level(clips.assign(fold=np.arange(60) % 2))


def test_a_table_has_the_columns_that_there_are_figures_for(clips):
    model = summarise(clips, draws=50, robustness={"tempo": 0.9})
    keys = (
        predictions([0, 1], [0, 1])
        .drop(columns=PROBABILITIES)
        .assign(**{"key": "C major", "key predicted": "C major"})
    )
    table = results_table({"model": model, "profiles": summarise(keys, draws=50)})
    head, _, first, second = table.splitlines()
    assert "accuracy over folds" in head
    assert "key exact" in head
    assert "velocity" not in head
    assert "CCC" not in head
    low, high = model.intervals["accuracy"]
    assert f"| {model.scores['accuracy']:.3f} [{low:.3f}, {high:.3f}] |" in first
    assert " ± " in first
    assert second.startswith("| profiles | 2 (2) | - |")
    assert "1.000 [1.000, 1.000]" in second
    assert {line.count("|") for line in table.splitlines()} == {head.count("|")}


def test_differences_stand_in_the_last_column(clips):
    clean = summarise(clips, draws=10)
    table = results_table({"a": clean, "b": clean}, {"a": compare(clips, clips, 10)}, "b")
    assert table.splitlines()[0].endswith("| accuracy above b |")
    assert table.splitlines()[2].endswith("| +0.000 [+0.000, +0.000] |")
    assert table.splitlines()[3].endswith("| - |")


def test_confusion_tables_name_their_task_and_what_rows_are():
    matrices = {"emotion": np.eye(4), "key": np.eye(24)}
    summary = summarise(predictions([0, 1], [0, 1]), draws=2)
    summary = replace(summary, tasks=(EMOTION, KEY), confusion=matrices)
    line, first, second = confusion_tables({"a|b": summary})
    assert line == "Rows are true classes, columns predicted ones."
    assert first.startswith("| a\\|b, emotion | Q1 | Q2 | Q3 | Q4 |\n")
    assert second.startswith("| a\\|b, key | C major |")
    assert confusion_tables({"none": replace(summary, confusion={})}) == []


def test_a_confusion_table_has_whole_counts_where_they_are_whole():
    assert "| **Q1** | 1 | 0 | 0 | 0 |" in confusion_table(np.eye(4), "model")
    assert "| **Q4** | 0.0 | 0.0 | 0.0 | 0.5 |" in confusion_table(np.eye(4) / 2)


def test_predictions_are_read_as_they_were_written(clips, tmp_path):
    frame = clips.assign(emotion=clips["emotion"].where(clips.index > 3, None))
    frame.loc[5:9, "group"] = "NA"  # a song may be called so
    frame["key"] = np.where(frame.index % 2, "c minor", None)
    frame.to_csv(tmp_path / "predictions.csv", index=False)
    again = read_predictions(tmp_path / "predictions.csv")
    pd.testing.assert_frame_equal(again, frame, check_dtype=False)
    assert summarise(again, draws=10).to_dict() == summarise(frame, draws=10).to_dict()


def test_a_table_of_the_first_version_says_the_same(clips, tmp_path):
    names = ["true valence_arousal: valence", "true valence_arousal: arousal"]
    rng = np.random.default_rng(1)
    frame = clips.assign(**dict(zip(names, rng.uniform(-1, 1, (2, 60)), strict=True)))
    numbers = np.arange(60) % 24
    frame["key"], frame["key predicted"] = ([KEYS[i] for i in n] for n in (numbers, numbers[::-1]))
    frame["velocity notes"], frame["velocity correct"] = 9.0, np.arange(60) % 8 + 0.0
    old = clips[["corpus", "file", "group", "fold", "seed"]].copy()
    old["key"] = np.where(np.arange(60) == 7, np.nan, numbers)
    frame.loc[7, "key"] = None
    old["quadrant"] = frame["emotion"]
    old["valence"], old["arousal"] = (frame[name] for name in names)
    old["predicted"] = [QUADRANTS[i] for i in frame[PROBABILITIES].to_numpy().argmax(axis=1)]
    old[["q1", "q2", "q3", "q4"]] = frame[PROBABILITIES]
    old["key_predicted"] = numbers[::-1]
    old["velocity_right"], old["velocity_asked"] = frame["velocity correct"], 9
    old.to_csv(tmp_path / "predictions.csv", index=False)
    again = read_predictions(tmp_path / "predictions.csv")
    assert summarise(again, draws=50).to_dict() == summarise(frame, draws=50).to_dict()
    assert (again["emotion predicted"] == old["predicted"]).all()
    old.assign(key=24).to_csv(tmp_path / "wrong.csv", index=False)
    with pytest.raises(ValueError, match="key '24' is none of C major"):
        read_predictions(tmp_path / "wrong.csv")


CERTAINLY_WRONG = dict(zip(PROBABILITIES, (-1.0, 2.0, 0.0, 0.0), strict=True))


def with_q1(frame, values):
    return frame.assign(**{"emotion: Q1": values})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="fold"), "no column fold"),
        (lambda f: f.drop(columns=["group", "seed"]), "no column group, seed"),
        (lambda f: f.drop(columns="emotion: Q3"), "no column emotion: Q3"),
        (lambda f: f.assign(**{"velocity correct": 1}), "no column velocity notes"),
        (lambda f: f[:0], "no predictions"),
        (lambda f: f.assign(emotion="Q5"), "emotion 'Q5' is none of Q1, Q2, Q3, Q4"),
        (lambda f: with_q1(f, f["emotion: Q1"] + 0.1),
         r"sum to 1, in 60 rows, the first is clip 0\.mid"),
        (lambda f: with_q1(f, np.nan), "sum to 1"),
        (lambda f: f.assign(**CERTAINLY_WRONG), "not probabilities"),
        (lambda f: with_q1(f, "high"), "column emotion: Q1: .*high"),
        (lambda f: f.assign(key="24"), "key '24' is none of C major"),
        (lambda f: f.assign(**{"velocity correct": 2, "velocity notes": 1}),
         "more notes are correct"),
        (lambda f: pd.concat([f, f[:1]]), r"twice by one seed, in 1 rows, the first is clip 0"),
        (lambda f: pd.concat([f, f.assign(seed=1, group="x")]), "more than one group"),
        (lambda f: pd.concat([f[:1].assign(emotion="Q1"), f[:1].assign(seed=1, emotion="Q2")]),
         "more than one emotion"),
    ],
)  # fmt: skip
def test_a_bad_table_is_refused_by_name(clips, tmp_path, change, message):
    path = tmp_path / "wrong.csv"
    change(clips).to_csv(path, index=False)
    with pytest.raises(ValueError, match=rf"wrong\.csv: .*{message}"):
        read_predictions(path)


def test_what_is_no_table_is_refused_by_name(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00MThd")
    for name in ("empty.csv", "bytes.csv"):
        with pytest.raises(ValueError, match=name):
            read_predictions(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        read_predictions(tmp_path / "none.csv")


def test_a_frame_with_missing_names_is_refused(clips):
    for column in ("corpus", "group", "seed"):
        with pytest.raises(ValueError, match=f"no {column}"):
            summarise(clips.assign(**{column: None}))
