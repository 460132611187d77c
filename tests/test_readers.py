"""Readers of corpora of notes, and what they say of what is not there."""

import pandas as pd
import pytest
from small_corpora import write_percepiano, write_ym2413

from symbolic.data import (
    READERS,
    read_emopia,
    read_percepiano,
    read_pop909,
    read_vgmidi,
    read_when_in_rome,
    read_ym2413,
)
from symbolic.notes.keys import KEY_NAMES, parse_key


def edit(table, change):
    frame = change(pd.read_csv(table, dtype=str, keep_default_na=False))
    frame.to_csv(table, index=False)


def test_songs_that_look_like_a_validation_song_are_in_neither_split(emopia_folder):
    splits = {piece.path.name.split("_")[1]: piece.split for piece in read_emopia(emopia_folder)}
    assert splits["FoTXpYZXxJs"] == splits["jO2zX6Ul8GM"] == ""
    assert splits["Ie5koh4qvJc"] == splits["other"] == "val"
    assert splits["song3"] == "train"


def test_the_split_of_emopia_cls_is_read_with_its_gaps_and_without_look_alikes(emopia_folder):
    def swap(frame):
        frame.loc[frame["song"] == "FoTXpYZXxJs", "split_emopia_cls"] = "train"
        return frame

    edit(emopia_folder / "clips.csv", swap)
    pieces = read_emopia(emopia_folder, split="split_emopia_cls")
    splits = {piece.path.name.split("_")[1]: piece.split for piece in pieces}
    assert len(pieces) == 48
    assert splits["song0"] == ""
    assert splits["song1"] == splits["Ie5koh4qvJc"] == "val"
    assert splits["song7"] == splits["other"] == "train"
    assert splits["FoTXpYZXxJs"] == ""


def test_a_split_that_the_table_lacks_is_refused(emopia_folder):
    edit(emopia_folder / "clips.csv", lambda frame: frame.drop(columns="split_emopia_cls"))
    assert len(read_emopia(emopia_folder)) == 48
    with pytest.raises(FileNotFoundError, match=r"clips\.csv: no column split_emopia_cls"):
        read_emopia(emopia_folder, split="split_emopia_cls")


def test_main_theme_of_two_games_is_two_pieces(vgmidi_folder):
    groups = {piece.group for piece in read_vgmidi(vgmidi_folder)}
    assert {"Zelda / Main Theme", "Mario / Main Theme"} <= groups
    assert len(groups) == 21
    assert read_vgmidi(vgmidi_folder)[0].labels["valence_arousal"] == (1.0, -1.0)


def test_all_pieces_of_a_game_can_be_one_group(vgmidi_folder):
    pieces = read_vgmidi(vgmidi_folder, by="game")
    assert {piece.group for piece in pieces} == {"Zelda", "Mario", "Sonic"}
    assert all(piece.path.name.startswith(piece.group) for piece in pieces)
    with pytest.raises(ValueError, match="not by 'composer'"):
        read_vgmidi(vgmidi_folder, by="composer")


def test_games_with_the_same_music_are_one_group(tmp_path):
    pieces = read_ym2413(write_ym2413(tmp_path))
    assert {piece.group for piece in pieces} == {"Out Run", "Ys", "Columns", "Rastan"}
    assert sum(piece.group == "Out Run" for piece in pieces) == 8
    assert [piece.labels for piece in pieces[:4]] == [{"emotion": i} for i in range(4)]
    assert {(piece.corpus, piece.split) for piece in pieces} == {("ym2413", "")}


@pytest.mark.parametrize(("column", "said"), [("quadrant", "no quadrant"), ("game", "no game")])
def test_music_of_a_game_needs_its_game_and_a_quadrant(tmp_path, column, said):
    edit(write_ym2413(tmp_path) / "clips.csv", lambda frame: frame.assign(**{column: ""}))
    with pytest.raises(ValueError, match=rf"clips\.csv, line 2: {said}"):
        read_ym2413(tmp_path)


def test_ratings_become_valence_and_arousal_and_no_quadrant(tmp_path):
    pieces = {piece.path.stem: piece for piece in read_percepiano(write_percepiano(tmp_path))}
    piece = pieces["Schubert_D960_mv2_8bars_12_16"]  # dark 0.8, energy 0.275
    assert list(piece.labels) == ["valence_arousal"]
    assert piece.labels["valence_arousal"] == pytest.approx((-0.6, -0.45))
    assert piece.group == "Schubert_D960_mv2"
    assert {piece.group for piece in pieces.values()} == {"Schubert_D960_mv2", "Schubert_D960_mv3"}


def test_performances_of_the_same_notes_have_one_name_whatever_the_table_calls_them(tmp_path):
    pieces = read_percepiano(write_percepiano(tmp_path))
    same = [piece for piece in pieces if piece.same_notes == "Schubert_D960_mv3_8bars_02"]
    assert [piece.path.stem.rsplit("_", 2)[1] for piece in same] == ["0", "1", "12", "Score"]
    assert len({piece.same_notes for piece in pieces}) == 8


def test_segments_that_share_music_are_one_group(tmp_path):
    found = read_percepiano(write_percepiano(tmp_path), by="segment")
    groups = {piece.same_notes.removeprefix("Schubert_D960_"): piece.group for piece in found}
    assert groups["mv2_16bars_01"] == groups["mv2_8bars_01"] == groups["mv2_8bars_02"]
    assert len({groups[f"mv{n}_8bars_{s}"] for n in (2, 3) for s in ("01", "16")}) == 4
    with pytest.raises(ValueError, match="not by 'player'"):
        read_percepiano(tmp_path, by="player")


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("dark", "", "dark '' is not within 0..1"),
        ("energy", "1.5", "energy '1.5' is not within 0..1"),
        ("energy", "loud", "energy 'loud' is not a number"),
        ("file", "Q1_song.mid", r"Q1_song\.mid gives no movement, length, player and segment"),
    ],
)
def test_ratings_that_do_not_exist_are_named_with_their_line(tmp_path, column, value, said):
    def spoil(frame):
        frame.loc[3, column] = value
        return frame

    edit(write_percepiano(tmp_path) / "ratings.csv", spoil)
    (tmp_path / "midi" / "Q1_song.mid").touch()
    with pytest.raises(ValueError, match=rf"ratings\.csv, line 5: .*{said}"):
        read_percepiano(tmp_path)


def test_the_key_of_a_song_is_the_first_that_is_annotated(tmp_path, write_table):
    rows = [
        {"file": "001.mid", "key": "Gb:maj", "keys": "Gb:maj"},
        {"file": "002.mid", "key": "G#:min", "keys": "G#:min B:maj"},
    ]
    folder = write_table(tmp_path / "pop909_keys.csv", rows, files="pop909") / "pop909"
    pieces = read_pop909(folder)
    assert [KEY_NAMES[piece.labels["key"]] for piece in pieces] == ["F# major", "g# minor"]
    assert [piece.group for piece in pieces] == ["001", "002"]
    assert {piece.corpus for piece in pieces} == {"pop909"}
    (tmp_path / "pop909_keys.csv").rename(tmp_path / "others.csv")
    assert read_pop909(folder, tmp_path / "others.csv") == pieces
    (tmp_path / "others.csv").rename(folder / "pop909_keys.csv")
    assert read_pop909(folder) == pieces


def test_lower_case_opening_keys_are_minor(tmp_path, write_table):
    rows = [
        {"file": f"{key}_song.mxl", "collection": "Songs", "opening_key": key}
        for key in ("Eb", "a", "db", "Cb")
    ]
    folder = write_table(tmp_path / "when_in_rome_keys.csv", rows, files="scores") / "scores"
    keys = [KEY_NAMES[piece.labels["key"]] for piece in read_when_in_rome(folder)]
    assert keys == ["Eb major", "a minor", "c# minor", "B major"]


def test_a_key_that_does_not_exist_is_named_with_its_line(tmp_path, write_table):
    rows = [{"file": "001.mid", "key": "C:maj"}, {"file": "002.mid", "key": "H:dur"}]
    folder = write_table(tmp_path / "pop909_keys.csv", rows, files="pop909") / "pop909"
    with pytest.raises(ValueError, match=r"pop909_keys\.csv, line 3: key.*H:dur"):
        read_pop909(folder)
    edit(tmp_path / "pop909_keys.csv", lambda frame: frame.replace("H:dur", ""))
    with pytest.raises(ValueError, match=r"pop909_keys\.csv, line 3: no key"):
        read_pop909(folder)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("emopia", r"clips\.csv.*song.*midi/.*EMOPIA.*Hung.*zenodo"),
        ("vgmidi", r"phrases\.csv.*game.*midi/.*VGMIDI.*Ferreira.*lucasnfe/vgmidi"),
        ("ym2413", r"clips\.csv.*game.*midi/.*YM2413-MDB.*Choi"),
        ("percepiano", r"ratings\.csv.*dark, energy.*midi/.*PercePiano.*Park"),
        ("labelled", r"labels\.csv"),
        ("pop909", r"pop909_keys\.csv.*key.*POP909.*Wang.*music-x-lab/POP909-Dataset"),
        ("when_in_rome", r"when_in_rome_keys\.csv.*opening_key.*When in Rome.*MarkGotham"),
    ],
)
def test_a_missing_corpus_says_what_it_should_look_like_and_where_it_is(tmp_path, name, said):
    with pytest.raises(FileNotFoundError, match=said) as raised:
        READERS[name](tmp_path / "nowhere")
    assert "nowhere" in str(raised.value)


def test_files_that_are_missing_are_counted(emopia_folder):
    (emopia_folder / "midi" / "Q1_Ie5koh4qvJc_0.mid").unlink()
    with pytest.raises(FileNotFoundError, match=r"midi: 1 of the 48 files of clips\.csv are"):
        read_emopia(emopia_folder)


def test_songs_in_folders_of_their_own_are_another_layout(tmp_path, write_table):
    rows = [{"file": "001.mid", "key": "C:maj"}]
    folder = write_table(tmp_path / "pop909_keys.csv", rows, files="pop909") / "pop909"
    (folder / "001").mkdir()
    (folder / "001.mid").rename(folder / "001" / "001.mid")
    with pytest.raises(FileNotFoundError, match=r"pop909: 1 of the 1 files.*all songs in one"):
        read_pop909(folder)


def test_a_table_without_a_column_is_refused(emopia_folder):
    edit(emopia_folder / "clips.csv", lambda frame: frame.drop(columns="song"))
    with pytest.raises(FileNotFoundError, match=r"clips\.csv: no column song"):
        read_emopia(emopia_folder)


@pytest.mark.parametrize("quadrant", ["Q5", ""])
def test_a_quadrant_that_does_not_exist_is_named_with_its_line(
    emopia_folder, vgmidi_folder, quadrant
):
    def spoil(frame):
        frame.loc[4, "quadrant"] = quadrant
        return frame

    for reader, table in (
        (read_emopia, emopia_folder / "clips.csv"),
        (read_vgmidi, vgmidi_folder / "phrases.csv"),
    ):
        edit(table, spoil)
        with pytest.raises(ValueError, match=rf"{table.name}, line 6: .*quadrant.*{quadrant}"):
            reader(table.parent)


def test_the_real_corpora_are_read_whole(data_folder):
    emopia = read_emopia(data_folder / "emopia")
    assert len(emopia) == 990
    assert len({piece.group for piece in emopia}) == 355 - 6  # six pairs, two connected, are merged
    assert len(read_vgmidi(data_folder / "vgmidi")) == 162
    with_cls = read_emopia(data_folder / "emopia", split="split_emopia_cls")
    assert not {p.group for p in with_cls if p.split == "val"} & {
        p.group for p in with_cls if p.split == "train"
    }


def test_the_real_corpora_of_games_and_of_players_are_read_whole(data_folder):
    if not (data_folder / "ym2413").is_dir() or not (data_folder / "percepiano").is_dir():
        pytest.skip("no YM2413-MDB and PercePiano")
    games = read_ym2413(data_folder / "ym2413")
    assert (len(games), len({piece.group for piece in games})) == (391, 43 - 2)
    played = read_percepiano(data_folder / "percepiano")
    assert (len(played), len({piece.same_notes for piece in played})) == (847, 69)
    assert all(-1 <= value <= 1 for piece in played for value in piece.labels["valence_arousal"])


def test_real_annotated_keys_are_all_understood(data_folder):
    songs = data_folder / "pretrain" / "pop909"
    table = data_folder / "key" / "pop909_keys.csv"
    scores = data_folder / "key" / "when_in_rome"
    if not songs.is_dir() or not table.is_file() or not scores.is_dir():
        pytest.skip("no POP909 and When in Rome with their keys")
    pieces = read_pop909(songs, table)
    assert len(pieces) == 909
    assert pieces[0].labels["key"] == parse_key("F# major")
    assert {piece.labels["key"] >= 12 for piece in read_when_in_rome(scores)} == {True, False}
