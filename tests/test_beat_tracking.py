"""Beats of performances whose file has none."""

import numpy as np
import pytest

from symbolic.notes import note_table
from symbolic.notes.beats import has_beats, metrical_edges, track_beats

TICKS = 960  # in a second, at 120 quarters a minute and 480 ticks


def performance(beats, rng, jitter=0.01):
    """Chords on each beat and notes halfway between, at seconds that are no beats of the file."""
    beats = np.asarray(beats)
    between = (beats[:-1] + beats[1:]) / 2
    onset = np.concatenate([beats, beats, between])
    onset = onset + rng.normal(0, jitter, len(onset))
    order = onset.argsort()
    velocity = np.concatenate([np.full(2 * len(beats), 90), np.full(len(between), 45)])[order]
    pitch = rng.integers(40, 90, len(onset))
    return note_table(
        np.rint(onset[order] * TICKS).clip(0), np.full(len(onset), 200), pitch, velocity
    )


@pytest.mark.parametrize("period", [0.53, 0.62, 0.77])
def test_a_steady_performance_has_its_beats(period):
    beats = 1.3 + period * np.arange(100)
    notes = performance(beats, np.random.default_rng(0))
    assert not has_beats(notes)
    found = track_beats(notes)
    assert np.mean([np.abs(beats - time).min() < 0.07 for time in found]) > 0.95
    times = round(np.median(np.diff(found)) / period)  # every beat, or every second one
    assert times in (1, 2)
    assert np.median(np.diff(found)) == pytest.approx(times * period, abs=0.02)
    assert len(found) > 95 / times


def test_beats_follow_a_tempo_that_changes_slowly():
    steps = 0.6 + 0.04 * np.sin(np.arange(150) / 25)
    beats = 0.4 + np.cumsum(steps)
    found = track_beats(performance(beats, np.random.default_rng(1)))
    assert np.mean([np.abs(beats - time).min() < 0.07 for time in found]) > 0.9
    assert len(found) > 70


def test_edges_of_a_performance_are_its_beats_from_the_beginning_to_the_last_note():
    beats = 5 + 0.62 * np.arange(60)
    notes = performance(beats, np.random.default_rng(2))
    edges = metrical_edges(notes, "beat")
    assert edges[0] == 0
    assert (np.diff(edges) > 0).all()
    assert edges[-2] <= notes.onset.max() < edges[-1]
    assert np.median(np.diff(edges)) == pytest.approx(0.62, abs=0.02)
    assert np.diff(edges)[1:].max() < 1.0  # also before the first note


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 6])
def test_notes_on_the_grid_of_the_file_have_its_beats(parts):
    onset = np.arange(0, 200) * (480 // parts)
    notes = note_table(
        onset, np.full(200, 60), np.full(200, 60) + np.arange(200) % 5, np.full(200, 64)
    )
    assert has_beats(notes)
    np.testing.assert_allclose(np.diff(metrical_edges(notes, "beat"))[1:], 0.5)


@pytest.mark.parametrize("onset", [[13], [0, 333], [17, 500, 2222], [100_001, 100_100, 130_003]])
def test_a_few_notes_have_edges(onset):
    size = len(onset)
    notes = note_table(
        np.array(onset), np.full(size, 100), np.arange(60, 60 + size), np.full(size, 64)
    )
    assert len(track_beats(notes)) >= 1
    edges = metrical_edges(notes, "beat")
    assert edges[0] == 0
    assert edges[-1] > notes.onset.max()
