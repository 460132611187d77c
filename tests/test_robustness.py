"""Robustness: predictions that stay when the music is played a little otherwise."""

from dataclasses import replace

import numpy as np
import pytest

from symbolic.evaluation.robustness import note_perturbations, robustness, robustness_scores
from symbolic.notes import note_table, read_notes
from symbolic.notes.augment import drop_dynamics
from symbolic.notes.table import NOTE_COLUMNS

PERTURBATIONS = note_perturbations()
KINDS = ("transposition", "tempo", "velocity", "orchestration")


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
    assert set(shares(found)) == set(PERTURBATIONS) - {"drums dropped"}
    kept = {name: share for name, share in shares(found).items() if "orchestration" not in name}
    assert set(kept.values()) == {1.0}
    for kind in KINDS[:3]:
        assert found[kind] == 1.0
        assert found[f"{kind}_distance"] == 0.0
    assert found["orchestration doubled -12"] == found["orchestration doubled +12"] < 1.0
    parts = ("doubled -12", "doubled +12", "pad")
    mean = np.mean([found[f"orchestration {part}"] for part in parts])
    assert found["orchestration"] == pytest.approx(mean)


def with_drums(table):
    drum = replace(table.select(slice(1)), is_drum=np.ones(1, bool))
    return replace(
        table,
        **{name: np.append(getattr(drum, name), getattr(table, name)) for name in NOTE_COLUMNS},
    )


def test_drums_are_dropped_where_there_are_any(pieces):
    some = [with_drums(table) for table in pieces[:10]] + pieces[10:]
    found = scores_of(answer_from(lambda table: table.is_drum.any(), 0), some)
    assert (found["drums"], found["drums_pieces"], found["pieces"]) == (0.0, 10, 40)
    assert all(found[kind] == 1.0 for kind in KINDS)
    assert scores_of(answer_from(len, 0), some)["drums dropped"] == 1.0
    none = scores_of(answer_from(len, 20), pieces)
    assert none["drums_pieces"] == 0
    assert none.keys().isdisjoint({"drums", "drums dropped", "drums_distance"})


@pytest.mark.parametrize(
    ("kind", "measure"),
    [
        ("transposition", lambda table: table.pitch[table.track == 0].mean()),
        ("tempo", lambda table: table.duration[table.track == 0].mean()),
        ("velocity", lambda table: table.velocity.max()),
        ("orchestration", lambda table: len(np.unique(table.track)) - 0.5),
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
    for name, change in PERTURBATIONS.items():
        changed = change(table, None)
        if "orchestration" in name:
            assert len(table) < len(changed) <= 2 * len(table)
        else:
            assert len(changed) == len(table)
        assert 0.89 < changed.seconds / table.seconds < 1.12
