"""Names of parts: which are the same, and intro and outro."""

import numpy as np
import pytest

from symbolic import Segmenter
from symbolic.audio.beat_rows import beat_row
from symbolic.audio.front_end import ROLL_WIDTHS
from symbolic.notes import note_table
from symbolic.structure import naming
from symbolic.structure.naming import NAMING_ROLLS, PartNames, grouped, part_names, similarities

BEATS, QUARTER = 16, 480
CHORDS = {
    "a": ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)),
    "b": ((9, 12, 16), (2, 5, 9), (4, 8, 11), (9, 12, 16)),
    "c": ((3, 7, 10), (10, 14, 17), (8, 12, 15), (1, 5, 8)),
}
TUNES = {
    "a": (0, 4, 7, 4, 5, 9, 12, 9, 7, 11, 14, 11, 12, 7, 4, 0),
    "b": (9, 8, 9, 11, 12, 11, 9, 5, 4, 5, 8, 11, 9, 9, 4, 4),
    "c": (3, 3, 10, 10, 8, 7, 5, 3, 1, 1, 5, 8, 10, 8, 7, 5),
}


def song(form, silent=()):
    """A song of parts of 16 beats; its melody is silent in the parts with these numbers."""
    rows = []
    for part, kind in enumerate(form):
        start = part * BEATS
        for beat, pitch in enumerate(TUNES[kind]):
            if part not in silent:
                rows.append((start + beat, 0.9, 72 + pitch, 90, 0))
        for bar, chord in enumerate(CHORDS[kind]):
            for beat in range(0, 4, 1 if kind == "a" else 2):
                rows += [(start + 4 * bar + beat, 0.9, 48 + tone, 60, 1) for tone in chord]
    onset, length, pitch, velocity, track = np.array(sorted(rows)).T
    return note_table(
        QUARTER * onset, QUARTER * length, pitch, velocity, track, ticks_per_quarter=QUARTER
    )


def named(form, silent=(), times=None):
    notes = song(form, silent)
    if times is None:
        times = np.arange(len(form) + 1) * BEATS / 2
    return part_names(beat_row(notes, "beat", None, NAMING_ROLLS), times)


def test_parts_that_are_the_same_have_one_name():
    found = named("abacb")
    assert found.labels == ("A", "B", "A", "C", "B")
    assert found.similar_to == (None, None, 1, None, 2)


def test_first_and_last_parts_without_the_melody_are_intro_and_outro():
    assert named("abab", silent=(0, 3)).labels == ("intro", "A", "B", "outro")
    assert named("abab", silent=(1,)).labels[0] == "A"


def test_a_piece_without_a_melody_of_its_own_has_letters():
    notes = song("abab")
    alone = notes.select(notes.track == 1)
    row = beat_row(alone, "beat", None, NAMING_ROLLS)
    assert part_names(row, np.arange(5) * BEATS / 2).labels == ("A", "B", "A", "B")


def test_a_part_that_is_a_little_off_its_boundary_keeps_its_name():
    times = np.array([0, 8.5, 16, 23.5, 32])
    assert [label[0] for label in named("abab", times=times).labels] == ["A", "B", "A", "B"]


def test_one_part_and_parts_shorter_than_a_beat_have_names():
    assert named("a").labels == ("A",)
    assert named("a").similar_to == (None,)
    found = named("ab", times=np.array([0, 0.01, 0.02, 8, 16]))
    assert len(found.labels) == len(found.similar_to) == 4


def test_of_several_equal_parts_the_first_is_the_one_that_a_part_is_similar_to():
    assert named("ababaab").similar_to == (None, None, 1, 2, 1, 1, 2)


@pytest.mark.parametrize("rows", [7, 256])
def test_parts_are_compared_beat_by_beat_at_the_best_shift(rows, monkeypatch):
    monkeypatch.setattr(naming, "ROWS", rows)
    row = beat_row(song("abcab"), "beat", None, NAMING_ROLLS)
    cuts = np.array([0, 16, 17, 30, 49, 49, 80])
    found = similarities(row, cuts)
    begin = 0
    for column, kind in enumerate(NAMING_ROLLS):
        view = row.rolls[:, begin : begin + ROLL_WIDTHS[kind]].astype(float)
        begin += ROLL_WIDTHS[kind]
        if kind.endswith("onsets"):
            view = (view - view.mean(axis=0)) / (view.std(axis=0) + 1e-6)
        silent = ~view.any(axis=1, keepdims=True)
        view = np.hstack(
            [view / np.where(silent, 1, np.linalg.norm(view, axis=1)[:, None]), silent]
        )
        for pair, (a, b) in enumerate(zip(*np.triu_indices(6, 1), strict=True)):
            one, other = (view[cuts[part] : cuts[part + 1]] for part in (a, b))
            shorter = min(len(one), len(other))
            means = [0.0] if not shorter else []
            for shift in range(-2, 3):
                moved, beside = one[max(-shift, 0) :], other[max(shift, 0) :]
                size = min(len(moved), len(beside))
                if size >= max(shorter - 2, 1):
                    means.append((moved[:size] * beside[:size]).sum(axis=1).mean())
            assert found[pair, column] == pytest.approx(max(means), abs=1e-5)


def test_groups_are_joined_by_their_means():
    same = np.array([[1, 0.9, 0.1, 0.2], [0.9, 1, 0.2, 0.5], [0.1, 0.2, 1, 0.0], [0.2, 0.5, 0, 1]])
    assert grouped(same, 0.4) == [0, 0, 2, 3]  # the last is beside the first two .35 on average
    assert grouped(same, 0.3) == [0, 0, 2, 0]
    assert grouped(np.ones((1, 1)), 0.4) == [0]


def test_a_row_of_other_rolls_is_refused():
    row = beat_row(song("a"), "beat", None, ["chroma"])
    with pytest.raises(ValueError, match="lead_onsets"):
        part_names(row, [0, 8])


def test_parts_of_files_have_names_by_the_model_and_by_novelty(tmp_path):
    from symbolic.notes.score import table_score

    path = tmp_path / "song.mid"
    table_score(song("abcabc")).dump_midi(path)
    for model in (None, "novelty"):
        (one,) = Segmenter.from_pretrained(model).segment([path], workers=0)
        assert len(one.names.labels) == len(one.times) - 1
        boundaries = one.to_dict()["boundaries"]
        assert [b["label"] for b in boundaries[:-1]] == list(one.names.labels)
        assert "label" not in boundaries[-1]
        assert one.names.labels[0] in one.to_audacity().splitlines()[0]
    assert PartNames() == PartNames((), ())
