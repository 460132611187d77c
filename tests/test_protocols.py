"""Held-out pieces: no song, piece or game is on both sides of a split."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from small_corpora import write_percepiano, write_ym2413

from symbolic.data import (
    PROTOCOLS,
    READERS,
    DataArguments,
    LeakError,
    Piece,
    assert_disjoint,
    group_folds,
    group_name,
    held_out,
    hold_out,
    merged_groups,
    read_emopia,
    read_labelled,
    read_vgmidi,
    training_pieces,
    validation_mask,
)
from symbolic.tasks import IGNORE


@pytest.fixture
def labelled_folder(tmp_path, write_table):
    """Twelve tunes of two files each, in three splits; the last two tunes are in none."""
    splits = ["train"] * 6 + ["val"] * 2 + ["test"] * 2 + [""] * 2
    rows = [
        {"file": f"tune{i}{k}.mid", "quadrant": 1 + i % 4, "group": f"tune{i}", "split": split}
        for i, split in enumerate(splits)
        for k in "ab"
    ]
    return write_table(tmp_path / "tunes" / "labels.csv", rows)


@pytest.fixture
def data(emopia_folder, vgmidi_folder, labelled_folder):
    return DataArguments(
        emopia=str(emopia_folder), vgmidi=str(vgmidi_folder), labelled=str(labelled_folder)
    )


def groups(pieces):
    return {piece.group for piece in pieces}


def test_look_alikes_are_one_group_through_others():
    merged = merged_groups("abcde", [("c", "b"), ("e", "c"), ("a", "nobody")])
    assert merged == {"a": "a", "b": "b", "c": "b", "d": "d", "e": "b"}


def test_a_whole_corpus_is_held_out_from_the_others(data):
    train, test = held_out(replace(data, hold_out="vgmidi-all"))
    assert {piece.corpus for piece in test} == {"vgmidi"}
    assert len(test) == len(read_vgmidi(data.vgmidi))
    assert {piece.corpus for piece in train} == {"emopia", "tunes"}
    with pytest.raises(ValueError, match="nothing to train on"):
        held_out(DataArguments(vgmidi=data.vgmidi, hold_out="vgmidi-all"))
    alone = DataArguments(vgmidi=data.vgmidi, unlabelled="music", hold_out="vgmidi-all")
    assert held_out(alone)[1] == test
    record = json.loads(json.dumps(alone.record()))
    assert held_out(DataArguments(vgmidi=data.vgmidi).of_record(record))[1] == test


def test_a_leak_is_refused_and_named():
    with pytest.raises(LeakError, match="2 groups are in both train and test: x, y"):
        assert_disjoint(train=["x", "y", "z"], test=["y", "x"])
    assert_disjoint(train=["x"], test=["y"], validation=[])


def test_folds_keep_groups_together_and_quadrants_balanced():
    rng = np.random.default_rng(0)
    names = [f"song{i}" for i in rng.integers(0, 60, 300)]
    labels = rng.integers(0, 4, 300)
    fold = group_folds(labels, names, 5, seed=1)
    assert sorted(set(fold)) == [0, 1, 2, 3, 4]
    for song in set(names):
        assert len({f for f, g in zip(fold, names, strict=True) if g == song}) == 1
    assert (fold == group_folds(labels, names, 5, seed=1)).all()
    assert (fold != group_folds(labels, names, 5, seed=2)).any()


SAFE = ("emopia-val", "emopia-cls-val", "emopia-dev-0", "emopia-dev-4", "emopia-song-3",
        "vgmidi-2", "vgmidi-game-1", "labelled-1", "labelled-val", "labelled-test")  # fmt: skip


@pytest.mark.parametrize("hold_out", SAFE)
def test_no_protocol_leaks(data, hold_out):
    train, test = held_out(replace(data, hold_out=hold_out, folds=3 if "game" in hold_out else 5))
    corpus = test[0].corpus
    assert {piece.corpus for piece in test} == {corpus}
    assert not groups(train) & groups(test)
    assert {piece.corpus for piece in train} == {"emopia", "vgmidi", "tunes"}
    if hold_out != "emopia-song-3" and corpus == "emopia":
        assert all(piece.split == "train" for piece in train if piece.corpus == "emopia")
    if hold_out.startswith("emopia-dev"):
        assert all(piece.split == "train" for piece in test)


def test_only_training_pieces_of_the_other_corpora_join(data):
    train, _ = held_out(replace(data, hold_out="vgmidi-0"))
    assert [p for p in train if p.corpus == "emopia"] == training_pieces(read_emopia(data.emopia))
    assert groups(p for p in train if p.corpus == "tunes") == {f"tune{i}" for i in range(6)}
    everything, nothing = held_out(replace(data, hold_out="none"))
    assert nothing == []
    assert len(everything) == len(train) + len(read_vgmidi(data.vgmidi)) - sum(
        piece.corpus == "vgmidi" for piece in train
    )


@pytest.mark.parametrize(
    ("name", "reader", "field"),
    [
        ("emopia-song-", read_emopia, "emopia"),
        ("vgmidi-", read_vgmidi, "vgmidi"),
        ("vgmidi-game-", read_vgmidi, "vgmidi"),
        ("labelled-", read_labelled, "labelled"),
    ],
)
def test_the_folds_of_a_corpus_cover_it_once(data, name, reader, field):
    files = [
        piece.path
        for k in range(3)
        for piece in held_out(replace(data, hold_out=f"{name}{k}", folds=3))[1]
    ]
    assert sorted(files) == sorted(piece.path for piece in reader(getattr(data, field)))


@pytest.mark.parametrize("name", ["emopia", "vgmidi", "labelled"])
def test_folds_are_the_same_for_models_of_notes_and_of_audio(data, name):
    corpus = READERS[name](data.folders[name])
    for k in range(3):
        _, test = held_out(replace(data, hold_out=f"{name}-{k}", folds=3))
        assert test == [corpus.pieces[i] for i in hold_out(corpus, f"fold-{k}", folds=3)[1]]


@pytest.fixture
def keyed_folder(tmp_path):
    """Twelve songs of POP909 with keys."""
    folder = tmp_path / "pop909"
    folder.mkdir()
    rows = [f"{i:03}.mid,{'C:maj' if i % 2 else 'A:min'}" for i in range(12)]
    (folder / "pop909_keys.csv").write_text("\n".join(["file,key", *rows]))
    for row in rows:
        (folder / row.split(",")[0]).touch()
    return folder


def test_any_corpus_of_notes_has_folds_and_joins_the_training_pieces(data, keyed_folder):
    data = replace(data, corpora=[f"pop909={keyed_folder}"])
    assert list(data.folders) == ["emopia", "vgmidi", "labelled", "pop909"]
    train, test = held_out(replace(data, hold_out="pop909-1", folds=3))
    assert {piece.corpus for piece in test} == {"pop909"}
    assert sum(piece.corpus == "pop909" for piece in [*train, *test]) == 12
    assert {piece.corpus for piece in train} == {"emopia", "vgmidi", "tunes", "pop909"}
    assert len(held_out(replace(data, hold_out="pop909-all"))[1]) == 12


def test_an_option_of_its_own_and_a_name_give_the_same_corpus(data, tmp_path):
    folder = str(write_ym2413(tmp_path / "ym2413"))
    for one in (replace(data, ym2413=folder), replace(data, corpora=[f"ym2413={folder}"])):
        assert list(one.folders) == ["emopia", "vgmidi", "ym2413", "labelled"]
        train, test = held_out(replace(one, hold_out="ym2413-1", folds=4))
        assert {piece.corpus for piece in test} == {"ym2413"}
        assert {piece.corpus for piece in train} == {"emopia", "vgmidi", "ym2413", "tunes"}
        assert len(held_out(replace(one, hold_out="ym2413-all"))[1]) == 20
        record = json.loads(json.dumps(replace(one, hold_out="ym2413-1").record()))
        assert replace(data, ym2413=folder).of_record(record).folders == one.folders
    with pytest.raises(ValueError, match=r"ym2413.*given twice"):
        held_out(replace(data, ym2413=folder, corpora=[f"ym2413={folder}"]))


def test_passages_by_several_players_are_held_out_together(data, tmp_path):
    data = replace(data, percepiano=str(write_percepiano(tmp_path / "percepiano")))
    assert len(held_out(replace(data, hold_out="percepiano-all"))[1]) == 32
    for name, count in (("percepiano", 2), ("percepiano-segment", 4)):
        found = [held_out(replace(data, hold_out=f"{name}-{k}", folds=count)) for k in range(count)]
        assert sum(len(test) for _, test in found) == 32
        for train, test in found:
            assert not {p.same_notes for p in train} & {p.same_notes for p in test}
    with pytest.raises(ValueError, match="--folds 2 is the most"):
        held_out(replace(data, hold_out="percepiano-0"))


@pytest.mark.parametrize("corpora", ["pop909", "pop909=", "nobody=here", "emopia=here"])
def test_a_corpus_that_does_not_exist_is_refused(data, corpora):
    with pytest.raises(ValueError, match="corpora"):
        held_out(replace(data, corpora=[corpora]))


def test_a_record_names_corpora_and_not_where_they_lie(data, keyed_folder, tmp_path):
    data = replace(data, corpora=[f"pop909={keyed_folder}"], hold_out="pop909-0", fold_seed=3)
    record = data.record()
    assert str(tmp_path) not in str(record)
    assert (record["vgmidi"], record["corpora"]) == ("vgmidi", ["pop909=pop909"])
    assert replace(data, hold_out="none", fold_seed=0).of_record(record) == data
    with pytest.raises(ValueError, match=r"trained on pop909.*--corpora"):
        replace(data, corpora=[]).of_record(record)
    with pytest.raises(ValueError, match=r"trained on emopia.*--emopia"):
        replace(data, emopia=None).of_record(record)
    older = {name: value for name, value in record.items() if name != "corpora"}
    assert data.of_record(older) == replace(data, corpora=[])


def test_folds_follow_from_their_seed(data):
    first, again, other = (
        held_out(replace(data, hold_out="emopia-song-0", fold_seed=seed))[1] for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


def test_a_game_is_on_one_side_only(data):
    both = 0
    for k in range(3):
        train, test = held_out(replace(data, hold_out=f"vgmidi-game-{k}", folds=3))
        games = [{piece.path.name.split("_")[0] for piece in side} for side in (train, test)]
        assert not games[0] & games[1]
        train, test = held_out(replace(data, hold_out=f"vgmidi-{k}", folds=3))
        games = [{piece.path.name.split("_")[0] for piece in side} for side in (train, test)]
        both += len(games[0] & games[1])
    assert both


def test_emopia_cls_holds_out_other_songs(data):
    train, test = held_out(replace(data, hold_out="emopia-cls-val"))
    assert {"song1", "song6"} <= groups(test)
    assert {"song7", "other"} <= groups(train)
    assert "song0" not in groups(train) | groups(test)  # EMOPIA_cls leaves it out


def test_labelled_pieces_without_splits_are_all_trained_on(data, labelled_folder):
    table = labelled_folder / "labels.csv"
    table.write_text("".join(line.rpartition(",")[0] + "\n" for line in table.open()))
    train, _ = held_out(replace(data, hold_out="emopia-val"))
    assert sum(piece.corpus == "tunes" for piece in train) == 24


@pytest.mark.parametrize("wrong", ["labelled-dev", "labelled-7", "labelled", "lebelled-val"])
def test_a_part_that_does_not_exist_is_refused_with_those_to_type(labelled_folder, wrong):
    data = DataArguments(labelled=str(labelled_folder), hold_out=wrong)
    choices = "of labelled there are labelled-0 to labelled-4, labelled-test, labelled-val, none"
    with pytest.raises(ValueError, match=f"^hold_out '{wrong}': .*; {choices}$"):
        held_out(data)


def test_the_parts_of_all_given_corpora_are_listed(data):
    with pytest.raises(ValueError, match="tunes has no such fold or split") as error:
        held_out(replace(data, hold_out="labelled-dev", folds=3))
    names = str(error.value).split("there are ")[1].split(", ")
    assert {"labelled-val", "labelled-all", "emopia-val", "vgmidi-game-0 to vgmidi-game-2"} < {
        *names
    }
    for name in names:
        for part in name.split(" to "):
            assert held_out(replace(data, hold_out=part, folds=3))[0]


def test_a_part_of_a_corpus_that_is_not_given_is_refused_with_others(labelled_folder):
    with pytest.raises(ValueError, match=r"corpus is not given.* labelled-0 to labelled-4"):
        held_out(DataArguments(labelled=str(labelled_folder), hold_out="emopia-val"))


def test_a_part_of_recordings_is_refused_with_those_to_type(labelled_folder):
    corpus = READERS["labelled"](labelled_folder)
    for wrong in ("fold-5", "dev"):
        with pytest.raises(ValueError, match=f"'{wrong}': .*fold-0 to fold-4, test, val, none$"):
            hold_out(corpus, wrong)


def test_a_labelled_song_on_both_sides_of_its_split_is_a_leak(data, labelled_folder):
    table = labelled_folder / "labels.csv"
    table.write_text(
        table.read_text().replace("tune0a.mid,1,tune0,train", "tune0a.mid,1,tune0,val")
    )
    with pytest.raises(LeakError, match=r"tunes: 1 groups are in both train and held_out: tune0"):
        held_out(replace(data, hold_out="labelled-val"))


def test_a_held_out_file_among_the_labelled_pieces_is_a_leak(data, labelled_folder):
    (labelled_folder / "midi" / "Q1_song1_0.mid").write_bytes(b"")  # EMOPIA has it too
    table = labelled_folder / "labels.csv"
    table.write_text(table.read_text() + "Q1_song1_0.mid,1,other name,train\n")
    held_out(replace(data, hold_out="emopia-val"))
    with pytest.raises(LeakError, match=r"files held out: Q1_song1_0\.mid"):
        held_out(replace(data, hold_out="emopia-cls-val"))


@pytest.mark.parametrize(
    "hold_out",
    ["emopia-test", "vgmidi-5", "vgmidi-", "emopia-dev-x", "emopia-song--1", "vgmidi-game-",
     "labelled-7", "none-", "", "emopia"],
)  # fmt: skip
def test_protocols_that_do_not_exist_are_refused(data, hold_out):
    with pytest.raises(ValueError, match=r"hold_out|fold"):
        held_out(replace(data, hold_out=hold_out))


def test_every_protocol_needs_its_corpus():
    for name, protocol in PROTOCOLS.items():
        hold_out = f"{name}0" if name.endswith("-") else name
        expected = "its corpus is not given" if protocol.corpus else "nothing to train on"
        with pytest.raises(ValueError, match=expected):
            held_out(DataArguments(hold_out=hold_out))
    with pytest.raises(ValueError, match="does not exist"):
        held_out(DataArguments(hold_out="nobody-0"))


@pytest.mark.parametrize("folds", [1, 4, 100])
def test_more_folds_than_games_are_refused(data, folds):
    with pytest.raises(ValueError, match=f"{folds} folds"):
        held_out(replace(data, hold_out="vgmidi-game-0", folds=folds))


def pieces(count, songs, corpus="made"):
    rng = np.random.default_rng(0)
    return [
        Piece(f"{i}.mid", f"song{rng.integers(songs)}", {"emotion": i % 4}, corpus)
        for i in range(count)
    ]


def parted(train, share, seed=0):
    """The training pieces that are left, and the validation pieces."""
    quadrants = [piece.labels.get("emotion", IGNORE) for piece in train]
    names = [group_name(piece.corpus, piece.group) for piece in train]
    chosen = validation_mask(quadrants, names, share, seed)
    return tuple(
        [piece for piece, taken in zip(train, chosen, strict=True) if taken == side]
        for side in (False, True)
    )


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.5, 0.7])
def test_validation_takes_about_its_share_of_every_quadrant(share):
    train = pieces(400, 120)
    kept, validation = parted(train, share, seed=1)
    assert sorted(kept + validation, key=train.index) == train
    assert not groups(kept) & groups(validation)
    counts = Counter(piece.labels["emotion"] for piece in validation)
    for quadrant in range(4):
        assert abs(counts[quadrant] / 100 - share) < 0.06
    assert parted(train, share, seed=1) == (kept, validation)
    assert parted(train, share, seed=2) != (kept, validation)


def test_validation_knows_corpora_apart_and_takes_what_has_no_label():
    train = pieces(40, 12) + [replace(p, labels={}, corpus="bare") for p in pieces(40, 12)]
    kept, validation = parted(train, 0.25)
    assert {piece.corpus for piece in validation} == {"made", "bare"}
    named = [{(p.corpus, p.group) for p in side} for side in (kept, validation)]
    assert not named[0] & named[1]
    assert groups(kept) & groups(validation)  # of different corpora, which are different songs


def test_validation_of_few_songs_takes_at_least_one():
    kept, validation = parted(pieces(12, 3), 0.01)
    assert len(groups(validation)) == 1
    assert kept
    kept, validation = parted(pieces(12, 3), 0.99)
    assert len(groups(kept)) == 1
    assert validation


def test_validation_that_cannot_be_is_refused():
    for share in (0, 1, -0.1, 1.5):
        with pytest.raises(ValueError, match="between 0 and 1"):
            parted(pieces(40, 10), share)
    for few in (pieces(40, 1), []):
        with pytest.raises(ValueError, match="cannot be parted"):
            parted(few, 0.1)


def test_the_protocols_of_real_corpora_hold(data_folder):
    real = DataArguments(emopia=str(data_folder / "emopia"), vgmidi=str(data_folder / "vgmidi"))
    for name in ("emopia-val", "emopia-cls-val", "emopia-dev-1", "emopia-song-1", "vgmidi-0",
                 "vgmidi-game-0"):  # fmt: skip
        train, test = held_out(replace(real, hold_out=name))
        assert not groups(train) & groups(test)
        own = Counter(p.labels["emotion"] for p in train if p.corpus == test[0].corpus)
        assert all(own[quadrant] for quadrant in range(4))
