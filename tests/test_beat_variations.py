"""Variations of pieces by beats in training: other beats, one track, mosaics."""

from functools import partial

import numpy as np
import pytest
import torch

from symbolic.audio.beat_rows import beat_row
from symbolic.data.datasets.beat_dataset import BeatDataset
from symbolic.data.datasets.beat_variations import INSIDE_WEIGHT, BeatVariations
from symbolic.notes import note_table
from symbolic.structure.confidence import calibrated, fit_confidence
from symbolic.structure.detection import BoundaryArguments, position_labels
from symbolic.tasks import BOUNDARY

KINDS = ("chroma", "onsets", "lead_roll", "lead_onsets")
TIMES = (0.0, 16.0, 32.0, 64.0)


def piece(seed=0, beats=128):
    rng = np.random.default_rng(seed)
    onset = np.repeat(np.arange(beats), 2) * 480
    track = np.tile([0, 1], beats)
    pitch = rng.integers(40, 90, 2 * beats)
    return note_table(onset, np.full(2 * beats, 400), pitch, np.full(2 * beats, 64), track)


def variations(count=3):
    labels = partial(position_labels, arguments=BoundaryArguments())
    return BeatVariations([piece(i) for i in range(count)], [TIMES] * count, KINDS, labels)


def test_other_beats_have_their_rolls_and_the_boundaries_at_their_times():
    made, counts = variations(), set()
    for seed in range(40):
        rolls, edges = made.with_other_beats(0, np.random.default_rng(seed))
        assert len(rolls) == len(edges) - 1
        assert rolls.dtype == np.float32
        assert (np.diff(edges) > 0).all()
        labels = made.labels(TIMES, edges[:-1])
        for time in TIMES[1:-1]:
            assert labels[np.abs(edges[:-1] - time).argmin(), 0] > 0.5
        counts.add(len(rolls))
    assert 128 in counts  # the beats of the piece, with one track
    assert max(counts) >= 256  # halves
    assert min(counts) <= 65  # pairs


def test_one_track_leads_with_all_notes():
    made = variations()
    plain = beat_row(made.notes[0], "beat", None, KINDS).rolls
    kept = [made.with_other_beats(0, np.random.default_rng(seed))[0] for seed in range(40)]
    same = [rolls for rolls in kept if len(rolls) == len(plain)]
    assert same
    for rolls in same:
        np.testing.assert_array_equal(rolls[:, :28], plain[:, :28])
        np.testing.assert_array_equal(rolls[:, 116:], rolls[:, 12:28])  # lead_onsets, onsets
    assert not np.array_equal(plain[:, 116:], plain[:, 12:28])


def test_joints_of_a_mosaic_are_boundaries():
    made = variations()
    for seed in range(20):
        rolls, labels = made.mosaic(seed % 3, 200, np.random.default_rng(seed))
        assert rolls.shape == (200, 132)
        assert labels.shape == (200, 2)
        assert labels[0, 0] == 0
        joints = np.flatnonzero(labels[:, 0] == 1)
        assert len(joints)
        assert (labels[joints, 1] == 1).all()
        assert np.isin(labels[:, 1], np.float32([INSIDE_WEIGHT, 1])).all()


def test_a_data_set_takes_variations_as_often_as_it_is_told():
    notes = [piece(i) for i in range(3)]
    rows = [beat_row(one, "beat", None, KINDS) for one in notes]
    labels = [
        {BOUNDARY.name: position_labels(TIMES, row.edges[:-1], BoundaryArguments())} for row in rows
    ]
    for variety, least, most in ((0.0, 0, 0), (0.5, 20, 60), (1.0, 60, 81)):
        data = BeatDataset(rows, labels, 128, 128, None, KINDS, 0, variations(), variety)
        torch.manual_seed(0)
        other = 0
        for i in range(81):
            example = data[i % 3]
            assert example["unit_count"] == len(example["labels"][BOUNDARY.name])
            assert example["unit_count"] == len(example["unit_rolls"]) <= 128
            plain = rows[i % 3].rolls
            other += not np.array_equal(example["unit_rolls"], plain[: example["unit_count"]])
        assert least <= other <= most


def test_calibrated_confidence_is_the_share_of_right_ones():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.3, 1, 20_000)
    right = rng.random(20_000) < confidence**2
    found = calibrated(confidence, fit_confidence(confidence, right))
    for low in (0.2, 0.4, 0.6, 0.8):
        chosen = (found >= low) & (found < low + 0.2)
        if chosen.sum() > 500:
            assert right[chosen].mean() == pytest.approx(found[chosen].mean(), abs=0.06)
    assert (np.diff(found[confidence.argsort()]) >= 0).all()


def test_confidence_of_boundaries_that_are_all_right_is_finite():
    line = fit_confidence(np.array([0.5, 1.0, 0.9]), np.ones(3, bool))
    assert np.isfinite(line).all()
    assert (calibrated(np.array([0.5, 1.0]), line) > 0.5).all()
