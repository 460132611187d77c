"""One's own labelled music: what a CSV may say, and what is said of one that is wrong."""

import math

import numpy as np
import pytest

from symbolic.data import READERS, read_audio_folder, read_labelled
from symbolic.data.splits.hold_out import classes, hold_out
from symbolic.notes.keys import parse_key
from symbolic.tasks import TASKS, Task


@pytest.fixture
def write(tmp_path):
    """Write labels.csv and the files it needs; returns its folder."""

    def labels(text, *files, name="labels.csv", encoding="utf-8"):
        folder = tmp_path / "tunes"
        folder.mkdir(exist_ok=True)
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(b"")
        (folder / name).write_text(text, encoding=encoding)
        return folder

    return labels


@pytest.mark.parametrize("column", ["velocity", "Boundary"])
def test_a_column_of_a_task_of_notes_is_ignored_with_a_warning(write, column, caplog):
    folder = write(f"path,quadrant,{column}\na.mid,Q2,3\n", "a.mid")
    (piece,) = read_labelled(folder)
    assert piece.labels == {"emotion": 1}
    assert f"labels.csv: the column {column.lower()} is ignored" in caplog.text
    folder = write(f"path,{column}\na.mid,3\n", "a.mid")
    with pytest.raises(ValueError, match="none of the columns"):
        read_labelled(folder)


def test_a_row_is_a_piece_with_the_labels_it_has(write):
    folder = write(
        "path,quadrant,valence,arousal,key,group,split\n"
        "a.mid,Q2,-0.5,0.25,a minor,Suite,train\n"
        "b.mid,,,,Gb:maj,Suite,train\n"
        "c.xml,4,NaN,-0.1,,,val\n"
        "d.mid,,,,,,\n",
        "a.mid", "b.mid", "c.xml", "d.mid",
    )  # fmt: skip
    a, b, c, d = read_labelled(folder)
    assert a.labels == {"emotion": 1, "valence_arousal": (-0.5, 0.25), "key": parse_key("a")}
    assert b.labels == {"key": parse_key("F# major")}
    assert c.labels["emotion"] == 3
    assert math.isnan(c.labels["valence_arousal"][0])
    assert c.labels["valence_arousal"][1] == -0.1
    assert d.labels == {}
    assert [piece.group for piece in (a, b, c, d)] == ["Suite", "Suite", "c.xml", "d.mid"]
    assert [piece.split for piece in (a, b, c, d)] == ["train", "train", "val", ""]
    assert {piece.corpus for piece in (a, b, c, d)} == {"tunes"}
    assert a.path == folder / "a.mid"


@pytest.mark.parametrize(
    ("names", "quadrant"),
    [
        (("Q1", "q1", "happy", "Happy", "1", "1.0", " Q1 "), 0),
        (("Q2", "angry", "2"), 1),
        (("Q3", "SAD", "3"), 2),
        (("Q4", "calm", "4"), 3),
    ],
)
def test_quadrants_have_names_and_numbers(write, names, quadrant):
    files = [f"{i}.mid" for i in range(len(names))]
    rows = "".join(f"{file},{name}\n" for file, name in zip(files, names, strict=True))
    for piece in read_labelled(write("file,quadrant\n" + rows, *files)):
        assert piece.labels == {"emotion": quadrant}


def test_a_quadrant_follows_from_the_signs_of_valence_and_arousal(write):
    folder = write(
        "path,valence,arousal\na,.5,.1\nb,-1,1\nc,-.2,-.3\nd,.2,-.3\ne,0,.3\nf,,-.3\n", *"abcdef"
    )
    found = [piece.labels.get("emotion") for piece in read_labelled(folder)]
    assert found == [0, 1, 2, 3, None, None]


def test_a_quadrant_that_is_written_wins_over_the_signs(write):
    folder = write("path,quadrant,valence,arousal\na,Q3,1,1\nb,,-1,1\n", "a", "b")
    assert [piece.labels["emotion"] for piece in read_labelled(folder)] == [2, 1]


@pytest.mark.parametrize("values", ["5,6\nb,1,1", "0.9,0.1\nb,0.2,0.8", "-1,2\nb,-2,1"])
def test_no_quadrant_follows_from_another_scale(write, values):
    for piece in read_labelled(write(f"path,valence,arousal\na,{values}\n", "a", "b")):
        assert set(piece.labels) == {"valence_arousal"}


@pytest.mark.parametrize(("values", "said"), [("5,80", "from 5 to 80"), ("-0.5,1", "")])
def test_ratings_on_another_scale_are_named(write, values, said, caplog):
    folder = write(f"path,valence,arousal,group\na.mid,{values},a\n", "a.mid")
    read_labelled(folder)
    assert ("valence and arousal reach" in caplog.text) == bool(said)
    assert said in caplog.text


def test_files_may_lie_in_midi(write):
    folder = write("file,key\nx/a.mid,C major\nb.mid,c minor\n", "midi/x/a.mid", "midi/b.mid")
    assert [piece.path for piece in read_labelled(folder)] == [
        folder / "midi" / "x" / "a.mid",
        folder / "midi" / "b.mid",
    ]


def test_a_table_of_a_spreadsheet_is_read(write):
    folder = write('Path,Key,Artist\n"a, b.mid",C major,"Ann\nBob"\n', "a, b.mid",
                   encoding="utf-8-sig")  # fmt: skip
    (piece,) = read_labelled(folder)
    assert piece.labels == {"key": 0}
    assert piece.group == "a, b.mid"
    assert read_labelled(folder / "labels.csv") == [piece]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,quadrant\na.mid,Q1\nb.mid,Q7\n", r"line 3: quadrant 'Q7'"),
        ("path,quadrant\na.mid,0\n", r"line 2: quadrant '0'"),
        ("path,valence\na.mid,high\n", r"line 2: valence 'high' is not a number"),
        ("path,arousal\na.mid,inf\n", r"line 2: arousal 'inf' is not a number"),
        ("path,key\n\na.mid,H dur\n", r"line 3: key.*'H dur'"),
        ("path,key\na.mid,C\nmidi/../a.mid,C\n", r"line 3: .*has a row already, in line 2"),
        ("path,key\n,C\n", r"line 2: no path"),
        ("path,key\na.mid\n", r"line 2: the row has not the 2 values"),
        ("path,key\na.mid,C,D\n", r"line 2: the row has not the 2 values"),
        (
            "path,artist\na.mid,Ann\n",
            r"none of the columns quadrant .or emotion., valence, arousal, key.*; it has the "
            r"columns path, artist; expected",
        ),
        ("fname,quadrant\na,Q1\n", r"no column path or file; it has the columns fname, quadrant"),
        ("path,file,key\na.mid,b.mid,C\n", r"both a column path and a column file"),
        ("path,key,Song,group\na.mid,C,x,y\n", r"both a column group and a column song"),
        ("path,emotion,quadrant\na.mid,Q1,Q1\n", r"both a column quadrant and a column emotion"),
        ("path,key,Key\na.mid,C,D\n", r"two columns are called 'key'"),
        ("path,key\n", r"no row below"),
        ("", r"it is empty"),
    ],
)
def test_a_table_that_is_wrong_is_named_with_line_and_value(write, text, said):
    folder = write(text, "a.mid", "b.mid", "midi/c.mid")
    with pytest.raises(ValueError, match=rf"tunes.labels\.csv.*{said}"):
        read_labelled(folder)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_table_may_have_other_separators_and_other_names_of_columns(write, separator):
    lines = ["File,Emotion,Song", "a.mid,happy,One", '"b, c.mid",Q3,One']
    text = "\n".join(lines).replace(",", separator).replace(f"b{separator} c", "b, c")
    pieces = read_labelled(write(text, "a.mid", "b, c.mid"))
    assert [piece.labels for piece in pieces] == [{"emotion": 0}, {"emotion": 2}]
    assert [piece.group for piece in pieces] == ["One", "One"]


def test_columns_that_are_not_used_are_named_once(write, caplog):
    folder = write("path,quadrant,artist,year\na.mid,Q1,Ann,1999\n", "a.mid")
    assert read_labelled(folder) == read_labelled(folder)
    assert [record.getMessage() for record in caplog.records] == [
        f"{folder / 'labels.csv'}: no column group or song: each file is its own group; columns "
        "not used: artist, year; to keep the files of one artist together, call that column group"
    ]


def test_a_table_of_which_all_is_used_needs_no_line(write, caplog):
    read_labelled(write("path,quadrant,song,split\na.mid,Q1,Tune,train\n", "a.mid"))
    assert not caplog.records


@pytest.mark.parametrize("read", [read_labelled, read_audio_folder])
def test_a_column_of_groups_is_no_column_of_splits(write, read):
    files = [f"{i}.mid" for i in range(13)]
    rows = "".join(f"{name},Q1,song {name}\n" for name in files)
    with pytest.raises(ValueError, match=r"split has 13 different values, song 0.*8 more.*group"):
        read(write(f"path,quadrant,split\n{rows}", *files))
    rows = "".join(f"{name},Q1,fold {i % 12}\n" for i, name in enumerate(files))
    assert read_labelled(write(f"path,quadrant,split\n{rows}", *files))


def test_a_folder_with_another_table_is_asked_for_it(write):
    folder = write("path,quadrant\na.mid,Q1\n", "a.mid", name="my_ratings.csv")
    with pytest.raises(FileNotFoundError, match=r"did you mean .*my_ratings\.csv\?"):
        read_labelled(folder)


def test_a_table_of_another_encoding_is_named(write):
    with pytest.raises(ValueError, match=r"labels\.csv: not a table that can be read.*utf-8"):
        read_labelled(write("path,key,title\na.mid,C,Für Elise\n", "a.mid", encoding="latin-1"))


def test_music_that_is_missing_is_named_with_its_line(write):
    folder = write("path,key\na.mid,C\ngone.mid,C\n", "a.mid")
    with pytest.raises(FileNotFoundError, match=r"labels\.csv, line 3: gone\.mid is neither"):
        read_labelled(folder)


def test_a_folder_without_a_table_says_what_it_should_look_like(tmp_path):
    for path in (tmp_path, tmp_path / "labels.csv"):
        with pytest.raises(FileNotFoundError, match=r"labels\.csv: not there.*path.*quadrant"):
            read_labelled(path)


METRE = Task("Metre", "sequence", "single", ("duple", "triple"))
FORM = Task("form", "sequence", "multi", ("verse", "chorus", "bridge"))
ENERGY = Task("energy", "sequence", "regression", ("Energy",))


@pytest.fixture
def added(monkeypatch):
    """Three more tasks."""
    for task in (METRE, FORM, ENERGY):
        monkeypatch.setitem(TASKS, task.name, task)


@pytest.mark.parametrize("read", [read_labelled, lambda path: read_audio_folder(path).pieces])
def test_a_new_task_has_columns(added, write, read):
    folder = write("path,metre,form,energy\na,Triple,verse|Bridge,0.5\nb,,,\nc,duple,,\n", *"abc")
    found = [piece.labels for piece in read(folder)]
    assert found == [{"Metre": 1, "form": (1.0, 0.0, 1.0), "energy": (0.5,)}, {}, {"Metre": 0}]


def test_a_corpus_of_recordings_has_the_new_tasks_with_a_label(added, write):
    folder = write("path,metre,form,genre\na,triple,,rock\nb,duple,,jazz\n", "a", "b")
    assert [task.name for task in read_audio_folder(folder).tasks] == ["genre", "Metre"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,metre\na,waltz\n", r"line 2: metre 'waltz' is none of duple, triple"),
        ("path,form\na,verse; coda\n", r"line 2: form 'coda' is none of verse, chorus, bridge"),
        ("path,energy\na,high\n", r"line 2: energy 'high' is not a number"),
        ("path,artist\na,Ann\n", r"none of the columns .*key, metre, form, energy"),
    ],
)
def test_a_label_that_a_new_task_lacks_is_named(added, write, text, said):
    with pytest.raises(ValueError, match=rf"labels\.csv.*{said}"):
        read_labelled(write(text, "a"))


def test_columns_of_recordings_are_no_labels_of_notes(write):
    (piece,) = read_labelled(write("path,quadrant,genre,mood,tags\na,Q1,folk,merry,flute\n", "a"))
    assert piece.labels == {"emotion": 0}


def test_folds_of_music_without_quadrants_are_stratified_by_the_first_annotated_task(write):
    files = [f"{i}.mid" for i in range(20)]
    rows = [f"{name},{'C major' if i < 10 else 'a minor'}\n" for i, name in enumerate(files)]
    corpus = READERS["labelled"](write("path,key\n" + "".join(rows), *files))
    keys = np.array([piece.labels["key"] for piece in corpus.pieces])
    assert (classes(corpus) == keys).all()
    for fold in range(5):
        _, test = hold_out(corpus, f"fold-{fold}")
        assert sorted(keys[test]) == sorted(keys[[0, 1, 10, 11]])
