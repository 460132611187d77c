"""Tables of scores are read as they were before they were written, whatever the format."""

import json

import numpy as np
import pandas as pd
import pytest

from symbolic.scoring.columns import SCORES
from symbolic.scoring.emotion import COLUMNS
from symbolic.scoring.table_writers import WRITERS
from symbolic.scoring.tables import plain_text, read_rows, read_scores

FORMATS = ("csv", "jsonl", "json", "parquet", "folder")
ODD = (
    *("=1+1.mid", "'=x.mid", "+a", "-b", "@c", "'tis.mid", "007", "nan", "NA"),
    *("\ttab", "\rreturn", "re\rturn", "re\r\nturn", 'plain, "quoted"\nß.mid'),
)


def scored(path):
    """A row of the table for a piece that is most likely angry."""
    row = {"path": path, "quadrant": "Q2", "confidence": 0.5, "q1": 0.25, "q2": 0.5}
    row |= {"q3": 0.125, "q4": 0.125, "valence": -0.25, "arousal": 0.5, "familiarity": 1.0}
    return row | {"key": "C major", "key_confidence": 0.5, "notes": 9, "seconds": 6.0, "error": ""}


def failed(path, error="no notes"):
    return {"path": path, "error": error}


def saved(rows, folder, form, types=SCORES):
    """Rows in a file of a format, or as parts in a folder; two shards."""
    path = folder / ("scores.parquet" if form == "folder" else f"scores.{form}")
    if form == "parquet":
        table = pd.DataFrame(rows, columns=list(types))
        texts = [name for name, kind in types.items() if kind == "text"]
        table.astype(dict.fromkeys(texts, "string")).to_parquet(path, index=False)
        return path
    sink = WRITERS[path.suffix](path, types)
    sink.open(None)
    half = len(rows) // 2
    for shard in (rows[:half], rows[half:]):
        if shard:
            sink.write(shard)
    sink.close()
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_a_table_is_read_as_it_was_before_it_was_written(tmp_path, form):
    read = read_scores(saved([*map(scored, ODD), failed("x", "=no notes")], tmp_path, form))
    assert list(read) == list(COLUMNS)
    assert read["path"].tolist() == [*ODD, "x"]
    assert read["error"].tolist() == [""] * len(ODD) + ["=no notes"]
    assert read["quadrant"].tolist() == ["Q2"] * len(ODD) + [""]
    assert read["key"].tolist() == ["C major"] * len(ODD) + [""]
    assert read["q2"].tolist()[:-1] == [0.5] * len(ODD)
    assert np.isnan(read["q2"].iloc[-1])
    assert read["mean_velocity"].dtype == float
    assert read["mean_velocity"].isna().all()
    assert read["notes"].dtype == "Int64"
    assert read["notes"].sum() == 9 * len(ODD)


@pytest.mark.parametrize("form", FORMATS)
def test_rows_are_read_without_pandas_as_with_it(tmp_path, form):
    types = {**SCORES, "genre": "text", "tempo": "number", "notes": "count"}
    rows = [scored(path) | {"genre": "=rock", "tempo": 60.5} for path in ODD]
    path = saved([*rows, failed("x", "=no notes"), {}], tmp_path, form, types)
    found, expected = read_rows(path), read_scores(path)
    assert [list(row) for row in found] == [list(types)] * len(expected)
    for row, same in zip(found, expected.to_dict("records"), strict=True):
        for name, kind in types.items():
            if kind == "text":
                assert (row[name] or "") == same[name]
            else:
                assert (row[name] is None) if pd.isna(same[name]) else row[name] == same[name]
    if form != "parquet":  # not of our writer
        assert {type(row["notes"]) for row in found} == {int, type(None)}


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "parquet"])
def test_a_table_without_rows_has_none(tmp_path, form):
    assert read_rows(saved([], tmp_path, form)) == []


@pytest.mark.parametrize("form", FORMATS)
def test_the_names_of_labels_may_have_commas_and_quotes(tmp_path, form):
    labels = ["tags: slow, quiet", 'tags: "live"', "tags: two\nlines"]
    types = {"path": "text", **dict.fromkeys(labels, "number"), "error": "text"}
    row = {"path": "a", **{label: n / 4 for n, label in enumerate(labels)}, "error": ""}
    path = saved([row], tmp_path, form, types)
    assert list(read_scores(path)) == list(types)
    assert [read_rows(path)[0][label] for label in labels] == [0, 0.25, 0.5]


@pytest.mark.parametrize("form", FORMATS)
def test_only_columns_that_are_asked_for_are_read_in_that_order(tmp_path, form):
    path = saved([scored("a"), failed("b")], tmp_path, form)
    read = read_scores(path, ("error", "q1"), optional=("mood", "path"))
    assert list(read) == ["error", "q1", "path"]
    with pytest.raises(ValueError, match="no column mood, sound in") as refused:
        read_scores(path, ("path", "mood", "sound"))
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("form", FORMATS)
def test_a_column_that_is_empty_for_many_rows_keeps_its_type(tmp_path, monkeypatch, form):
    monkeypatch.setattr("symbolic.scoring.tables.ROWS", 2)
    types = {**SCORES, "genre": "text", "tempo": "number"}
    rows = [failed("a"), failed("b"), scored("c") | {"genre": "=rock", "tempo": 60.5}, failed("d")]
    read = read_scores(saved(rows, tmp_path, form, types))
    assert read["path"].tolist() == ["a", "b", "c", "d"]
    assert read["quadrant"].tolist() == ["", "", "Q2", ""]
    assert read["genre"].tolist() == ["", "", "=rock", ""]
    for name in ("q1", "tempo"):
        assert read[name].dtype == float
        assert read[name].notna().tolist() == [False, False, True, False]


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "parquet"])
def test_a_table_without_rows_has_its_columns(tmp_path, form):
    read = read_scores(saved([], tmp_path, form))
    assert list(read) == list(COLUMNS)
    assert len(read) == 0
    assert list(read_scores(tmp_path / f"scores.{form}", ("path", "q1"))) == ["path", "q1"]


def test_a_table_that_a_spreadsheet_saved_is_read(tmp_path):
    path = saved([scored("a"), failed("b")], tmp_path, "csv")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    read = read_scores(path)
    assert list(read) == list(COLUMNS)
    assert read["error"].tolist() == ["", "no notes"]


def test_an_apostrophe_is_taken_away_only_where_one_was_put():
    texts = pd.Series(["'=a", "''b", "'tis", "=c", "'", "", "a'=b"], dtype="string[pyarrow]")
    assert plain_text(texts).tolist() == ["=a", "'b", "'tis", "=c", "'", "", "a'=b"]
    assert plain_text(texts[3:4]).tolist() == ["=c"]


@pytest.mark.parametrize("form", ["jsonl", "json", "parquet"])
def test_an_apostrophe_in_a_format_without_formulas_is_of_the_name(tmp_path, form):
    assert read_scores(saved([scored("'=a")], tmp_path, form))["path"].tolist() == ["'=a"]


def test_what_is_no_text_is_read_as_an_escape(tmp_path):
    (tmp_path / "scores.csv").write_bytes(b"path,error\n\xff.mid,\n")
    assert read_scores(tmp_path / "scores.csv")["path"].tolist() == ["\\xff.mid"]
    (tmp_path / "scores.jsonl").write_text('{"path":"\\ud800.mid","error":null}\n')
    assert read_scores(tmp_path / "scores.jsonl")["path"].tolist() == ["\\ud800.mid"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "cannot be read as a table"),
        ("a.csv", b"path,error\n1,2\n4,5,6,7\n", "cannot be read as a table"),
        ("a.csv", b"path,q1,error\nx,much,\n", "cannot be read as a table"),
        ("a.csv", b"path,notes,error\nx,1.5,\n", "cannot be read as a table"),
        ("a.jsonl", b'{"path":"x"}\n\n{"path"', "line 3 is not JSON"),
        ("a.jsonl", b"[1]\n", "line 1 is no JSON object"),
        ("a.json", b"[1]\n", "not a JSON array of objects"),
        ("a.json", b'{"path":"x"}\n{"path":"y"}\n', "cannot be read as a table"),
        ("a.jsonl", b'{"path":"x","q1":"much"}\n', "cannot be read as a table"),
        ("a.parquet", b"PAR1 and no more of it", "cannot be read as a table"),
        ("a.txt", b"path,error\n", "not a table of scores"),
    ],
)
def test_what_is_no_table_is_refused_by_name(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=words) as refused:
        read_scores(path)
    assert str(refused.value).startswith(str(path))


def test_damaged_rows_are_refused_by_name(tmp_path):
    for name, content in {
        "a.csv": "path,notes,error\nx,1.5,\n",
        "b.csv": "path,error\n1,2\n4,5,6\n",
        "c.csv": "",
        "d.jsonl": '{"path"',
        "e.json": "[1]",
        "f.parquet": "PAR1 and no more of it",
    }.items():
        path = tmp_path / name
        path.write_text(content)
        with pytest.raises(ValueError, match="cannot be read as a table") as refused:
            read_rows(path)
        assert str(refused.value).startswith(str(path))


def test_the_part_that_cannot_be_read_is_named(tmp_path):
    path = saved([scored("a"), scored("b")], tmp_path, "folder")
    (path / "part-00001.parquet").write_bytes(b"PAR1 and no more of it")
    with pytest.raises(ValueError, match=r"part-00001\.parquet: cannot be read"):
        read_scores(path)


def test_an_unfinished_part_is_not_read(tmp_path):
    path = saved([scored("a"), scored("b")], tmp_path, "folder")
    (path / "part-00002.parquet.unfinished").write_bytes(b"PAR1")
    assert read_scores(path)["path"].tolist() == ["a", "b"]


def test_a_folder_without_parts_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no part-"):
        read_scores(tmp_path)
    for suffix in ("csv", "jsonl", "parquet"):
        with pytest.raises(FileNotFoundError):
            read_scores(tmp_path / f"none.{suffix}")


@pytest.mark.parametrize("path", ["a/b.mid", "a\\b/c.mid", 'a"/\\/.mid', "a\\/b.mid"])
def test_rows_of_json_have_paths_with_plain_slashes(path, tmp_path):
    saved([{"path": path}], tmp_path, "jsonl", {"path": "text"})
    text = (tmp_path / "scores.jsonl").read_text()
    assert json.loads(text) == {"path": path}
    assert text == json.dumps({"path": path}, separators=(",", ":")) + "\n"
