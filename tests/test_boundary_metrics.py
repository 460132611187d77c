"""Boundaries that are found, against those that are annotated."""

import json

import numpy as np
import pytest

from symbolic.tasks.boundary_metrics import boundary_scores

mir_eval = pytest.importorskip("mir_eval")


def intervals(times):
    times = np.unique(times)
    return np.stack([times[:-1], times[1:]], axis=1)


def test_the_pairs_of_mir_eval_have_its_scores(data_folder):
    pairs = data_folder / "conformance" / "mir_eval_segment"
    files = sorted(pairs.glob("ref*.lab"))
    assert len(files) == 10
    for file in files:
        estimate = file.with_name(file.name.replace("ref", "est"))
        truth, found = (np.loadtxt(one, usecols=(0, 1), ndmin=2) for one in (file, estimate))
        number = file.stem.removeprefix("ref")
        wanted = json.loads((pairs / f"output{number}.json").read_text(encoding="utf-8"))
        scores = boundary_scores(np.unique(truth), np.unique(found))
        for window, theirs in ((0.5, "0.5"), (3, "3.0")):
            for name, ours in (
                ("Precision", "precision"),
                ("Recall", "recall"),
                ("F-measure", "f"),
            ):
                assert scores[f"{ours}_{window:g}"] == pytest.approx(wanted[f"{name}@{theirs}"])


@pytest.mark.parametrize("trim", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_any_two_annotations_have_the_scores_of_mir_eval(seed, trim):
    rng = np.random.default_rng(seed)
    truth = np.cumsum(rng.uniform(0.2, 20, rng.integers(3, 12))) + rng.choice([0, 3])
    found = np.cumsum(rng.uniform(0.2, 20, rng.integers(3, 12))) + rng.choice([0, 3])
    scores = boundary_scores(truth, found, trim=trim)
    adjusted, _ = mir_eval.util.adjust_intervals(intervals(truth), t_min=0.0)
    other, _ = mir_eval.util.adjust_intervals(intervals(found), t_min=0.0, t_max=adjusted.max())
    for window in (0.5, 3.0):
        wanted = mir_eval.segment.detection(adjusted, other, window=window, trim=trim)
        assert [scores[f"{n}_{window:g}"] for n in ("precision", "recall", "f")] == [*wanted]


def test_a_boundary_counts_once():
    scores = boundary_scores([0, 10, 20], [0, 9.8, 10.2, 20])
    assert scores["recall_0.5"] == 1
    assert scores["precision_0.5"] == pytest.approx(3 / 4)


def test_how_far_off_it_may_be():
    scores = boundary_scores([0, 10, 20], [0, 12, 20], trim=True)
    assert scores["f_0.5"] == 0
    assert scores["f_3"] == 1


def test_beginning_and_end_are_found_by_everyone_unless_they_are_trimmed():
    assert boundary_scores([0, 10, 20], [0, 20])["precision_0.5"] == 1
    assert boundary_scores([0, 10, 20], [0, 20])["recall_0.5"] == pytest.approx(2 / 3)
    assert boundary_scores([0, 10, 20], [0, 20], trim=True)["f_0.5"] == 0


def test_what_comes_after_the_end_is_the_end():
    assert boundary_scores([0, 10, 20], [0, 10, 20, 30])["f_0.5"] == 1
    assert boundary_scores([0, 10, 20], [0, 10, 35])["f_0.5"] == 1
    assert boundary_scores([2, 10, 20], [])["precision_0.5"] == 1


def test_times_out_of_order_and_pieces_without_a_segment_are_refused():
    with pytest.raises(ValueError, match="not ascending"):
        boundary_scores([0, 10, 20], [0, 12, 11])
    with pytest.raises(ValueError, match="not a single segment"):
        boundary_scores([0], [0, 1])
