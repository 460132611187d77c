"""Fingerprints: the same music is found again under other names, other music is not."""

from dataclasses import replace

import numpy as np
import pytest

from symbolic.data import LeakError, Piece
from symbolic.data.audit.fingerprints import Fingerprints, assert_unseen, common
from symbolic.data.groups import hashed_group
from symbolic.notes import note_table
from symbolic.notes.score import table_score


def song(seed, notes=120):
    """A melody of random pitches, with a bass note a third of the time."""
    rng = np.random.default_rng(seed)
    pitch = 66 + rng.integers(-6, 7, notes)
    onset = np.cumsum(rng.choice([240, 480], notes))
    bass = rng.random(notes) < 0.3
    return note_table(
        np.append(onset, onset[bass]),
        np.full(notes + bass.sum(), 200),
        np.append(pitch, np.full(bass.sum(), 40)),
        np.append(rng.integers(40, 100, notes), np.full(bass.sum(), 50)),
    )


def prints(tables, name="song", corpus="training"):
    names = [f"{name} {i}.mid" for i in range(len(tables))]
    return Fingerprints.of_notes(names, [f"{corpus}: {n}" for n in names], tables)


def transposed(table, semitones=3, tempo=1.1):
    pitch = table.pitch + semitones
    onset, duration = table.onset / tempo, table.duration / tempo
    return replace(table, pitch=pitch, onset=onset, duration=duration)


TRAINED = prints([song(seed) for seed in range(6)])


def test_other_music_is_not_found():
    held = prints([song(seed) for seed in range(10, 16)], name="other", corpus="test")
    assert common(TRAINED, held) == {}
    assert_unseen(TRAINED, held, ["other"] * 6, "training")


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({}, "content"),
        ({"table": transposed(song(2))}, "melody"),
        ({"table": song(99), "names": ["Song 2.xml"]}, None),
        ({"table": song(99), "names": ["song 2.xml"]}, "name"),
        ({"table": song(99), "groups": ["training: song 2.mid"]}, "group"),
    ],
)
def test_the_same_music_is_found(changed, kind):
    names, groups = changed.get("names", ["new.mid"]), changed.get("groups", ["test: new"])
    held = Fingerprints.of_notes(names, groups, [changed.get("table", song(2))])
    assert common(TRAINED, held) == ({0: kind} if kind else {})


def test_a_part_of_a_piece_is_found():
    whole = song(3)
    part = whole.select((whole.onset > 10) & (whole.onset < 40))
    assert common(TRAINED, prints([part], name="clip", corpus="test")) == {0: "melody"}


def test_a_run_of_seconds_that_two_pieces_share_is_no_melody():
    whole = song(3)
    part = whole.select((whole.onset > 10) & (whole.onset < 14))
    other = song(50)
    both = note_table(
        *(
            np.append(getattr(other, name), getattr(part, name))
            for name in ("onset_ticks", "duration_ticks", "pitch", "velocity")
        )
    )
    assert common(TRAINED, prints([both], name="quote", corpus="test")) == {}


def test_many_performances_of_one_group_are_found():
    trained = Fingerprints.of_notes(
        [f"take {i}" for i in range(60)],
        ["training: sonata"] * 60,
        [transposed(song(7), 0, 1.01 + i / 500) for i in range(60)],
    )
    assert common(trained, prints([song(7)], name="new", corpus="test")) == {0: "melody"}


def test_names_without_a_letter_are_no_sign():
    held = Fingerprints.of_names(["12.mid"], ["test: 12"])
    assert common(Fingerprints.of_names(["12.mid"], ["other: 12"]), held) == {}


def test_the_error_names_pieces_and_what_is_the_same():
    held = prints([song(80), song(2)], name="new", corpus="test")
    with pytest.raises(LeakError, match=r"1 of 2 .* in the encoder: second \(same content\)"):
        assert_unseen(TRAINED, held, ["first", "second"], "the encoder")


def test_saved_fingerprints_find_the_same(tmp_path):
    TRAINED.save(tmp_path / "pieces.npz")
    loaded = Fingerprints.load(tmp_path / "pieces.npz")
    held = prints([transposed(song(2)), song(90), song(4)], name="new", corpus="test")
    assert common(loaded, held) == common(TRAINED, held) == {0: "melody", 2: "content"}
    assert len(loaded) == len(TRAINED) == 6


def test_joined_fingerprints_find_pieces_of_each():
    others = prints([song(seed) for seed in (20, 21)], name="another", corpus="more")
    joined = Fingerprints.joined([Fingerprints(), others, TRAINED])
    held = prints([transposed(song(21)), transposed(song(5))], name="new", corpus="test")
    assert common(joined, held) == {0: "melody", 1: "melody"}
    assert common(Fingerprints.joined([]), held) == {}


def test_pieces_are_compared_by_their_files(tmp_path):
    for name, content in {"a.wav": b"sound", "b.wav": b"other", "c.wav": b"sound"}.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "broken.mid").write_bytes(b"no MIDI")
    for name, table in {"x.mid": song(30), "y.mid": transposed(song(30))}.items():
        table_score(table).dump_midi(tmp_path / name)

    def of(*names):
        return Fingerprints.of_pieces([Piece(tmp_path / name, name, corpus="c") for name in names])

    held = of("y.mid", "b.wav", "c.wav", "missing.wav")
    assert common(of("a.wav", "broken.mid", "x.mid"), held) == {0: "melody", 2: "content"}


def test_a_selection_has_the_pieces_in_its_order():
    chosen = TRAINED.take([4, 1])
    held = prints([transposed(song(1)), transposed(song(2)), song(4)], "new", "test")
    assert common(chosen, held) == {0: "melody", 2: "content"}
    assert common(TRAINED.take([]), held) == {}
    assert common(chosen.take([1]), held) == {0: "melody"}


def test_groups_of_older_records_are_compared():
    old = Fingerprints.of_groups([hashed_group("emopia: a song"), "unlabelled: my file"])
    held = Fingerprints.of_names(["x.mid", "my file.mid"], ["emopia: a song", "other: piece"])
    assert common(old, held) == {0: "group", 1: "name"}


@pytest.mark.parametrize("change", ["no archive", "cut", "another array", "a count too many"])
def test_a_file_of_something_else_is_refused(tmp_path, change):
    path = tmp_path / "pieces.npz"
    TRAINED.save(path)
    with np.load(path) as stored:
        arrays = dict(stored)
    if change == "no archive":
        path.write_bytes(b"no archive")
    elif change == "cut":
        path.write_bytes(path.read_bytes()[:200])
    elif change == "another array":
        np.savez(path, **arrays, more=np.zeros(3))
    else:
        np.savez(path, **{**arrays, "counts": arrays["counts"] + np.uint32(1)})
    with pytest.raises(ValueError, match=r"pieces\.npz"):
        Fingerprints.load(path)
