"""Robustness: predictions that stay when the music is played a little otherwise."""

import numpy as np
import pytest

from symbolic.evaluation.robustness import note_perturbations, robustness, robustness_scores
from symbolic.notes import note_table, read_notes
from symbolic.notes.augment import drop_dynamics

PERTURBATIONS = note_perturbations()
KINDS = ("transposition", "tempo", "velocity")


def scores_of(predict, pieces):
    """The scores of one system."""
    return robustness_scores(robustness({"system": predict}, pieces, PERTURBATIONS)["system"])


@pytest.fixture(scope="module")
def pieces():
    """Tunes of different length, register, tempo and loudness, all with dynamics."""
    rng = np.random.default_rng(0)
    return [
        note_table(
            np.arange(n) * 240,
            [240] * n,
            rng.integers(40, 81, n),
            rng.integers(30, 100, n),
            tempos=([0], [rng.uniform(60, 160)]),
        )
        for n in rng.integers(5, 40, 40)
    ]


def answer_from(measure, middle):
    """Q1 or Q3, by whether what is measured of a piece lies above the middle."""

    def answer(tables):
        return {"emotion": np.eye(4)[[2 * (measure(table) <= middle) for table in tables]]}

    return answer


def shares(found):
    return {name: found[name] for name in PERTURBATIONS if name in found}


def test_counting_notes_is_robust_to_all_that_keeps_the_notes(pieces):
    found = scores_of(answer_from(len, 20), pieces)
    assert set(shares(found).values()) == {1.0}
    assert set(shares(found)) == set(PERTURBATIONS)
    assert all(found[kind] == 1.0 and found[f"{kind}_distance"] == 0.0 for kind in KINDS)


@pytest.mark.parametrize(
    ("kind", "measure"),
    [
        ("transposition", lambda table: table.pitch.mean()),
        ("tempo", lambda table: table.duration.mean()),
        ("velocity", lambda table: table.velocity.mean()),
    ],
)
def test_listening_to_one_thing_only_is_moved_by_that_thing_only(pieces, kind, measure):
    middle = np.median([measure(table) for table in pieces])
    found = scores_of(answer_from(measure, middle), pieces)
    assert found[kind] < 1.0
    assert found[f"{kind}_distance"] == pytest.approx(1 - found[kind])
    assert all(found[other] == 1.0 for other in KINDS if other != kind)


def test_a_kind_is_the_mean_of_its_perturbations(pieces):
    found = scores_of(answer_from(lambda table: table.pitch.mean(), 60), pieces)
    parts = [share for name, share in found.items() if name.startswith("transposition ")]
    assert len(parts) == 4
    assert found["transposition"] == pytest.approx(np.mean(parts))


def test_velocity_is_asked_of_pieces_with_dynamics_only(pieces):
    loud = answer_from(lambda table: table.velocity.mean(), 64.9)
    mixed = [*pieces, *(drop_dynamics(table) for table in pieces)]
    alone, found = scores_of(loud, pieces), scores_of(loud, mixed)
    assert (found["pieces"], found["velocity_pieces"]) == (80, 40)
    assert found["velocity"] == alone["velocity"]
    assert (
        scores_of(loud, [drop_dynamics(pieces[0])]).keys().isdisjoint({"velocity", "velocity x0.9"})
    )


def test_of_no_pieces_nothing_is_said():
    assert scores_of(answer_from(len, 0), []) == {}


def test_the_perturbations_leave_the_music_recognisable(data_folder):
    table = read_notes(sorted((data_folder / "emopia" / "midi").glob("*.mid"))[0])
    for change in PERTURBATIONS.values():
        changed = change(table, None)
        assert len(changed) == len(table)
        assert 0.89 < changed.seconds / table.seconds < 1.12
