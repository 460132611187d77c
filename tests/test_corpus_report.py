"""The page about a scored corpus, read as a browser reads it."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from symbolic.commands.report import main
from symbolic.notes.keys import KEY_NAMES
from symbolic.reports.corpus.page import corpus_page, shown
from symbolic.reports.corpus.plots import CROWD, FIFTHS, RELATIVE
from symbolic.reports.corpus.statistics import CONFIDENCES, NEEDED, OPTIONAL, corpus_report
from symbolic.scoring.emotion import COLUMNS
from symbolic.scoring.tables import read_scores

VOID = {"meta", "br", "img", "link"}
SPACE = "\N{NARROW NO-BREAK SPACE}"
NONE = "\N{EN DASH}"
SIGNS = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
HOSTILE = "<script>alert(1)</script>.mid"


class Page(HTMLParser):
    """Its tags, its tables as rows of cells, its tiles, and the text of each element."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.open = [], [], []
        self.tables, self.tiles, self.texts = {}, {}, {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag not in VOID:
            self.open.append(tag)
        told = dict(attributes)
        if told.get("role") == "region":
            self.table = self.tables.setdefault(told["aria-label"], [])
        elif tag == "tr":
            self.table.append([])
        elif tag in ("th", "td"):
            self.table[-1].append("")
        elif tag in ("dt", "h1", "h2", "title", "figcaption", "p", "footer"):
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "dd":
            self.tiles[self.texts["dt"][-1]] = data
        elif {"td", "th"} & set(self.open):
            self.table[-1][-1] += data
        elif within := [tag for tag in self.open if tag in self.texts]:
            self.texts[within[-1]][-1] += data


def scores(probabilities, errors=(), paths=None, **columns):
    """A table as the scorer makes it: scored pieces `p0.mid` ..., then files `e0.mid` ... ."""
    answers = np.asarray(probabilities, float).reshape(-1, 4)
    rows, count = len(answers), len(answers) + len(errors)
    table = pd.DataFrame(index=range(count), columns=list(COLUMNS), dtype=object)
    names = [f"p{n}.mid" for n in range(rows)] + [f"e{n}.mid" for n in range(len(errors))]
    table["path"] = np.array(names if paths is None else paths, object)
    table["error"] = np.array([""] * rows + list(errors), object)
    told = {name: answers[:, n] for n, name in enumerate(("q1", "q2", "q3", "q4"))}
    told |= {"valence": (answers @ SIGNS)[:, 0], "arousal": (answers @ SIGNS)[:, 1]}
    told |= {"confidence": answers.max(axis=1, initial=0), "notes": 10, "seconds": 60.0}
    told |= {"quadrant": [f"Q{n + 1}" for n in answers.argmax(axis=1)]}
    told |= {"familiarity": 1.0, "key": "C major"} | columns
    for name, values in told.items():
        table.loc[: rows - 1, name] = values
    numbers = {"familiarity", "key_confidence", "mean_velocity", "seconds", *told}
    kinds = dict.fromkeys(numbers - {"quadrant", "key", "notes", "path", "error"}, float)
    return table.astype(kinds | {"notes": "Int64"})


def page(table, name="scores.csv"):
    return Page(corpus_page(table, name))


def percent(text):
    return f"{text}{SPACE}%"


def command(*words):
    return main(list(map(str, words)))


def refusal(capsys, *words):
    """What the command prints when it refuses its arguments."""
    assert command(*words) == 2
    return capsys.readouterr().err


FOUR = [
    [0.7, 0.1, 0.1, 0.1],
    [0.6, 0.2, 0.1, 0.1],
    [0.1, 0.9, 0.0, 0.0],
    [0.0, 0.1, 0.5, 0.4],
]


def neutral(table):
    """Its texts as a spreadsheet cannot calculate them."""
    table = table.copy()
    for name in ("path", "error"):
        marked = table[name].str.startswith(tuple("=+-@\t\r'"))
        table.loc[marked, name] = "'" + table.loc[marked, name]
    return table


def in_parts(table, path):
    path.mkdir()
    for number in (1, 0):  # the second is written first
        half = table[2:] if number else table[:2]
        half.to_parquet(path / f"part-{number:05d}.parquet", index=False)


WRITERS = {
    "table.csv": lambda table, path: neutral(table).to_csv(path, index=False),
    "table.jsonl": lambda table, path: table.to_json(path, orient="records", lines=True),
    "table.parquet": lambda table, path: table.to_parquet(path, index=False),
    "parts.parquet": in_parts,
    "parts": in_parts,
}


def test_the_tiles_and_the_title_tell_how_many_were_scored():
    found = page(scores(FOUR, ["no notes", "empty file"]))
    assert found.tiles["files"] == "6"
    assert found.tiles["scored"] == "4"
    assert found.tiles["errors"] == "2"
    assert found.tiles["minutes of music"] == "4"
    assert found.tiles["mean confidence"] == percent("67.5")
    assert found.texts["title"] == ["scores.csv: 6 files, 4 scored, 2 errors"]


def test_quadrants_are_counted_beside_their_mean_probability():
    _, *rows = page(scores(FOUR)).tables["Pieces by quadrant"]
    assert rows == [
        ["Q1 happy", "2", percent("50.0"), percent("35.0")],
        ["Q2 angry", "1", percent("25.0"), percent("32.5")],
        ["Q3 sad", "1", percent("25.0"), percent("17.5")],
        ["Q4 calm", "0", percent("0.0"), percent("15.0")],
    ]


def test_keys_are_counted_and_those_of_minor_told_apart():
    keys = ["a minor", "C major", "a minor", "f# minor"]
    found = page(scores(FOUR, key=keys))
    rows = {key: (count, part) for key, count, part in found.tables["Pieces by key"][1:]}
    assert set(rows) == set(KEY_NAMES)
    assert rows["a minor"] == ("2", percent("50.0"))
    assert rows["f# minor"] == ("1", percent("25.0"))
    assert rows["A major"][0] == rows["F# major"][0] == "0"
    assert f"minor keys: {percent('75.0')}" in " ".join(found.texts["figcaption"])


def test_the_circle_of_fifths_holds_every_key_once_beside_its_relative():
    assert sorted(FIFTHS + RELATIVE) == list(range(24))
    names = [(KEY_NAMES[a], KEY_NAMES[b]) for a, b in zip(FIFTHS, RELATIVE, strict=True)]
    assert ("C major", "a minor") in names
    assert ("Eb major", "c minor") in names
    assert all((b - a) % 12 == 7 for a, b in pairwise(FIFTHS))


def test_confidence_is_counted_by_quadrant():
    found = page(scores(FOUR)).tables["Pieces by probability and quadrant"]
    counts = np.array([[int(cell) for cell in row[1:]] for row in found[1:]]).T
    assert counts.shape == (4, len(CONFIDENCES) - 1)
    assert counts.sum(axis=1).tolist() == [2, 1, 1, 0]
    assert counts[3].sum() == 0
    report = corpus_report(scores([[0.97, 0.01, 0.01, 0.01], [0.25] * 4, [1, 0, 0, 0]]))
    assert report.confidences()[0, [0, -1]].tolist() == [1, 2]


def test_familiar_pieces_are_told_from_those_that_are_not():
    _, *rows = page(scores(FOUR, familiarity=[1.0, 0.75, 0.5, 0.0])).tables["Pieces by familiarity"]
    assert [row[1] for row in rows] == ["2", "1", "1"]
    assert [row[3] for row in rows] == [percent("65.0"), percent("90.0"), percent("50.0")]
    _, *rows = page(scores(FOUR, familiarity=[1.0, np.nan, 0.3, 0.2])).tables[
        "Pieces by familiarity"
    ]
    assert [row[1] for row in rows] == ["1", "1", "1", "1"]
    assert rows[-1][0] == "Unknown"


def test_the_most_certain_pieces_of_each_quadrant_are_listed_the_surest_first():
    certain = [[c, 1 - c, 0, 0] for c in (0.6, 0.9, 0.7, 0.8, 0.65, 0.99, 0.55)]
    found = page(scores([*certain, [0, 0, 0, 1]]))
    _, *rows = found.tables["Most confident predictions of Q1 happy"]
    assert [row[0] for row in rows] == ["p5.mid", "p1.mid", "p3.mid", "p2.mid", "p4.mid"]
    assert rows[0][1:] == [percent("99.0"), "C major", "1.00"]
    assert [row[0] for row in found.tables["Most confident predictions of Q4 calm"][1:]] == [
        "p7.mid"
    ]
    assert "Most confident predictions of Q2 angry" not in found.tables


def test_the_least_certain_pieces_are_listed_the_least_sure_first():
    doubtful = [[0.3 + n / 100, 0.7 - n / 100 - 0.2, 0.1, 0.1] for n in range(30)]
    _, *rows = page(scores([*doubtful, [0.25] * 4])).tables["Least confident predictions"]
    assert len(rows) == 20
    assert rows[0] == ["p30.mid", "0.25 · 0.25 · 0.25 · 0.25", "C major", "1.00"]
    sure = [max(float(part) for part in row[1].split(" · ")) for row in rows]
    assert sure == sorted(sure)


def test_pieces_of_one_probability_are_in_the_order_of_their_names():
    found = page(scores([[1, 0, 0, 0]] * 8, paths=[f"{name}.mid" for name in "hbfdgcae"]))
    for told in ("Most confident predictions of Q1 happy", "Least confident predictions"):
        assert [row[0] for row in found.tables[told][1:6]] == [f"{name}.mid" for name in "abcde"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("lasts 30 hours, more than the 24 read", "lasts 31.5 hours, more than the 24 read"),
        ("the file begins with b'MThd'", "the file begins with b'it\\'s'"),
        ('root element is "html"', 'root element is "svg"'),
        ("root element is <html>", "root element is <svg>"),
        ("1,200,000 notes, more", "3,000,000 notes, more"),
        ("byte 0xff in position 3", "byte 0x80 in position 17"),
        ("broken  archive", "broken\narchive"),
    ],
)
def test_reasons_that_differ_in_numbers_and_quotes_are_of_one_kind(first, second):
    kinds = corpus_report(scores([], [first, second])).error_kinds()
    assert kinds[["count", "example"]].to_numpy().tolist() == [[2, "e0.mid"]]


def test_other_reasons_are_of_other_kinds():
    reasons = ["no notes", "no such file", "can't be read", "utf-8 is broken", "utf-16 is broken"]
    assert len(corpus_report(scores([], reasons)).error_kinds()) == len(reasons)


def test_error_kinds_are_counted_the_most_frequent_first():
    reasons = ["empty file", "lasts 30 hours", "lasts 31 hours", "lasts 2 hours"]
    _, *rows = page(scores(FOUR, reasons)).tables["Errors by kind"]
    assert rows == [
        ["lasts … hours", "3", percent("75.0"), "e1.mid"],
        ["empty file", "1", percent("25.0"), "e0.mid"],
    ]


def test_many_kinds_of_errors_are_cut_short_and_the_rest_is_counted():
    words = [f"{a}{b}" for a in "abcde" for b in "fghij"]
    found = page(scores([], words))
    assert len(found.tables["Errors by kind"]) == 1 + 20
    assert "And 5 kinds more, in 5 files." in found.texts["p"]


def test_a_row_without_answer_and_without_reason_is_not_scored():
    table = scores(FOUR)
    table.loc[3, ["quadrant", "q1", "q2", "q3", "q4"]] = None
    found = page(table)
    assert found.tiles["scored"] == "3"
    assert found.tables["Errors by kind"][1][0] == "no reason given"


def test_what_the_table_holds_cannot_act():
    table = scores(
        FOUR,
        ["not XML: <img src=x onerror=alert(1)> & 'this'", "bad"],
        paths=[HOSTILE, 'a"onload="x.mid', "&lt;b&gt;.mid", "d.mid", "e.mid", f"x/{HOSTILE}"],
        key=['<a href="http://evil.example">', "C major", "C major", "C major"],
    )
    found = page(table, "<b>name</b>.csv")
    assert not {"script", "img", "link", "a", "iframe", "object", "image"} & set(found.tags)
    assert not [name for _, name, _ in found.attributes if name.startswith("on")]
    assert found.texts["h1"] == ["<b>name</b>.csv"]
    cells = [row[0] for rows in found.tables.values() for row in rows]
    assert "&lt;b&gt;.mid" in cells
    assert 'a"onload="x.mid' in cells
    text = corpus_page(table, "<b>name</b>.csv")
    assert "&lt;script&gt;alert(1)&lt;" in text
    assert "<script" not in text


def test_what_cannot_be_seen_or_written_is_shown_as_an_escape():
    assert shown("a\x07b\u202ec\udcffd\ufeff") == "a\\x07b\\u202ec\\udcffd\\ufeff"
    assert shown("héllo 音楽 🎵") == "héllo 音楽 🎵"
    assert len(shown("x" * 10_000)) <= 300
    table = scores(FOUR, paths=["a\x00\x1b[31m.mid", "b\\udcff.mid", "c\r\n.mid", "d\u2067.mid"])
    text = corpus_page(table, "\udcfe.csv")
    assert text.encode("utf-8").decode("utf-8") == text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2067]", text)
    assert "a\\x00\\x1b[31m.mid" in text
    assert "c\\r\\n.mid" in text


@pytest.mark.parametrize("count", [4, CROWD + 1], ids=["points", "density"])
def test_the_page_needs_nothing_from_elsewhere(count):
    text = corpus_page(scores(np.resize(FOUR, (count, 4)), ["no notes"]), "scores.csv")
    found = Page(text)
    assert not re.search(r"https?:|//|@import|javascript:|data:", text)
    assert "src" not in {name for _, name, _ in found.attributes}
    links = [value for _, name, value in found.attributes if name in ("href", "xlink:href")]
    ids = [value for _, name, value in found.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert links
    assert all(link[0] == "#" and link[1:] in ids for link in links)
    assert set(re.findall(r"url\(#([^)]*)\)", text)) <= set(ids)
    assert set(re.findall(r"url\((.)", text)) <= {"#"}
    policies = [v for tag, name, v in found.attributes if (tag, name) == ("meta", "content")]
    assert any("default-src 'none'" in policy for policy in policies)
    assert not any("script-src" in policy or "*" in policy for policy in policies)


def test_those_who_do_not_see_the_pictures_are_told_what_is_in_them():
    found = page(scores(FOUR))
    pictures = [value for tag, name, value in found.attributes if (tag, name) == ("svg", "role")]
    told = [value for tag, name, value in found.attributes if (tag, name) == ("svg", "aria-label")]
    assert pictures == ["img"] * 3
    assert told[0].startswith("4 pieces on the valence-arousal plane: 50.0")
    heads = [value for tag, name, value in found.attributes if (tag, name) == ("th", "scope")]
    assert len(heads) == found.tags.count("th")
    assert ("html", "lang", "en") in found.attributes


def test_few_pieces_are_points_and_many_a_density():
    few = corpus_page(scores(FOUR), "a")
    assert "pieces per cell" not in few
    plane = few[few.index('id="plane"') : few.index('id="keys"')]
    assert len(re.findall(r"<use [^>]*href=\"#plane-", plane)) >= 4
    many = scores(np.resize(FOUR, (CROWD + 1, 4)))
    assert "pieces per cell" in corpus_page(many, "a")


def test_a_large_corpus_makes_no_large_page():
    answers = np.random.default_rng(0).dirichlet([0.5] * 4, 20_000)
    assert len(corpus_page(scores(answers), "a").encode()) < 2**20
    assert len(corpus_page(scores(answers[:CROWD]), "a").encode()) < 2**20


def test_the_same_table_makes_the_same_bytes_whatever_the_process(tmp_path):
    scores(FOUR, ["no notes"]).to_csv(tmp_path / "a.csv", index=False)
    here = corpus_page(read_scores(tmp_path / "a.csv"), "a.csv").encode()
    code = (
        "import sys; from symbolic.scoring.tables import read_scores; "
        "from symbolic.reports.corpus.page import corpus_page; "
        "sys.stdout.buffer.write(corpus_page(read_scores(sys.argv[1]), 'a.csv').encode())"
    )
    there = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.csv")],
        env=os.environ | {"PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "0", "TZ": "Asia/Tokyo"},
        capture_output=True,
        check=True,
    )
    assert there.stdout == here


@pytest.mark.slow
def test_a_scorers_table_makes_the_page_of_what_was_written(tmp_path):
    table = scores(FOUR, ["no notes"], paths=["=a.mid", "'b.mid", "c.mid", "''d.mid", "-e.mid"])
    expected = corpus_page(table, "same")
    for name, write in WRITERS.items():
        write(table, tmp_path / name)
        assert corpus_page(read_scores(tmp_path / name, NEEDED, OPTIONAL), "same") == expected, name


def test_a_table_need_not_tell_keys_familiarity_and_length():
    found = page(scores(FOUR).drop(columns=["key", "familiarity", "seconds"]))
    assert found.tiles["scored"] == "4"
    assert "Pieces by key" not in found.tables
    assert "Pieces by familiarity" not in found.tables
    assert found.tables["Most confident predictions of Q2 angry"][1][2:] == [NONE, NONE]
    assert page(scores(FOUR, key=None, familiarity=np.nan)).tiles["scored"] == "4"


def test_a_corpus_of_which_nothing_was_scored_has_its_errors():
    found = page(scores([], ["no notes", "no notes"]))
    assert (found.tiles["scored"], found.tiles["errors"]) == ("0", "2")
    assert found.tables["Errors by kind"][1] == ["no notes", "2", percent("100.0"), "e0.mid"]
    assert "svg" not in found.tags
    assert "No file was scored." in found.texts["p"]


def test_a_corpus_without_errors_has_no_table_of_them():
    assert "Errors by kind" not in page(scores(FOUR)).tables


def test_one_piece_is_a_corpus():
    found = page(scores([[0.1, 0.2, 0.3, 0.4]]))
    assert found.tiles["file"] == "1"
    assert found.tables["Pieces by quadrant"][4][1:3] == ["1", percent("100.0")]


@pytest.mark.parametrize("name", ["table.csv", "table.jsonl", "table.parquet"])
def test_an_empty_table_makes_a_page(name, tmp_path):
    WRITERS[name](scores([]), tmp_path / name)
    assert command(tmp_path / name) == 0
    found = Page((tmp_path / "table.html").read_text(encoding="utf-8"))
    assert found.tiles["files"] == "0"


def test_folders_that_all_paths_share_are_told_once():
    found = page(scores(FOUR[:2], ["no notes"], paths=["/m/x/a.mid", "/m/y/b.mid", "/m/yz.mid"]))
    assert found.texts["footer"] == ["All paths begin with /m/"]
    assert [row[0] for row in found.tables["Least confident predictions"][1:]] == [
        "b.midy/",
        "a.midx/",
    ]
    assert corpus_report(scores(FOUR, paths=["/m/a1", "/m/a2", "/m/a3", "/m/a4"])).folder == "/m/"
    assert corpus_report(scores(FOUR, paths=["a1", "a2", "\\xff1", "a4"])).folder == ""


@pytest.mark.parametrize("name", WRITERS)
def test_the_command_writes_the_page_beside_the_table(name, tmp_path, capsys):
    WRITERS[name](scores(FOUR, ["no notes"]), tmp_path / name)
    assert command(tmp_path / name) == 0
    path = tmp_path / f"{name.split('.')[0]}.html"
    assert capsys.readouterr().out == f"page in {path}\n"
    found = Page(path.read_text(encoding="utf-8"))
    assert found.texts["h1"] == [name]
    assert found.tiles["scored"] == "4"


def test_the_command_writes_where_it_is_told_to(tmp_path):
    scores(FOUR).to_csv(tmp_path / "a.csv", index=False)
    assert command(tmp_path / "a.csv", "--output", tmp_path / "new" / "b.htm") == 0
    assert Page((tmp_path / "new" / "b.htm").read_text(encoding="utf-8")).tiles["scored"] == "4"
    assert not (tmp_path / "a.html").exists()


@pytest.mark.parametrize("name", ["table.csv", "table.parquet", "parts"])
def test_the_command_does_not_write_over_its_table(name, tmp_path, capsys):
    path = tmp_path / name
    WRITERS[name](scores(FOUR), path)
    part = path / "part-00000.parquet" if path.is_dir() else path
    before = part.read_bytes()
    (tmp_path / "page.html").symlink_to(part)
    message = refusal(capsys, path, "-o", tmp_path / "page.html")
    assert "it is the table of scores" in message
    assert part.read_bytes() == before


@pytest.mark.parametrize("name", ["table.csv", "table.jsonl", "table.parquet", "parts"])
def test_a_table_of_something_else_is_refused_by_name(name, tmp_path, capsys):
    WRITERS[name](scores(FOUR).drop(columns=["quadrant", "q3"]), tmp_path / name)
    message = refusal(capsys, tmp_path / name)
    assert re.search(rf"{name}.*no column quadrant, q3", message)
    assert not list(tmp_path.glob("*.html"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"q1": 7.0}, "do not|are not probabilities"),
        ({"q1": np.nan}, "are not probabilities"),
        ({"quadrant": "Q5"}, "'Q5' is not a quadrant"),
    ],
)
def test_rows_that_are_no_scores_are_refused(change, told, tmp_path, capsys):
    table = scores(FOUR)
    for name, value in change.items():
        table.loc[1, name] = value
    with pytest.raises(ValueError, match=told):
        corpus_page(table, "a.csv")
    table.to_csv(tmp_path / "a.csv", index=False)
    assert re.search(rf"a\.csv.*({told})", refusal(capsys, tmp_path / "a.csv"))


def test_what_is_no_table_is_refused(tmp_path, capsys):
    (tmp_path / "notes.csv").write_bytes(b"")
    (tmp_path / "broken.jsonl").write_text('{"path": "a"\n')
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 or not")
    (tmp_path / "scores.txt").write_text("path\n")
    (tmp_path / "empty").mkdir()
    for name in ("notes.csv", "broken.jsonl", "broken.parquet", "scores.txt", "empty", "none.csv"):
        assert name in refusal(capsys, tmp_path / name)
    assert not list(tmp_path.glob("*.html"))


def test_the_command_writes_pages_only(tmp_path, capsys):
    scores(FOUR).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(SystemExit):
        command(tmp_path / "a.csv", "--output", tmp_path / "a.csv")
    assert ".html" in capsys.readouterr().err
