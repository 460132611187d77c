"""Corpora: rows are written as they come, and whatever happens none is lost or doubled."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from limits import HANGS

from symbolic import EmotionScorer
from symbolic.notes import batch
from symbolic.notes.archives import NamedBytes
from symbolic.notes.sources import find_sources
from symbolic.scoring.corpus import (
    NoFilesError,
    ScoringArguments,
    load_scorer,
    score_corpus,
    score_dataset,
)
from symbolic.scoring.corpus.plan import by_name, make_plan
from symbolic.scoring.emotion import COLUMNS
from symbolic.scoring.table_writers import WRITERS
from symbolic.scoring.tables import read_scores
from symbolic.scoring.windows import SlidingWindow

COMMAND = "import sys; from symbolic.cli import main; sys.exit(main(sys.argv[1:]))"
HERE = ScoringArguments(workers=0)
SUFFIXES = (".csv", ".jsonl", ".parquet")


@pytest.fixture(scope="module")
def corpus(small_corpus) -> Path:
    return small_corpus


@pytest.fixture(scope="module")
def scored(corpus) -> pd.DataFrame:
    """What the scorer says of the corpus, by path."""
    table = EmotionScorer.from_pretrained().score(corpus, workers=0)
    return table.set_index("path").sort_index()


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".jsonl":
        return pd.read_json(path, lines=True, dtype={"path": str})
    return pd.read_csv(path)


def content(path: Path):
    """What two outputs are compared by."""
    if path.is_dir():
        return {part.name: part.read_bytes() for part in sorted(path.iterdir())}
    return path.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_written_rows_are_the_scorers(suffix, corpus, scored, tmp_path):
    output = tmp_path / f"scores{suffix}"
    tally = score_corpus(corpus, output, HERE, shard=4)
    table = read(output)
    assert table["path"].tolist() == sorted(scored.index)
    assert list(table) == list(COLUMNS)
    assert table["error"].fillna("").tolist() == scored["error"].tolist()
    assert table["quadrant"].fillna("").tolist() == scored["quadrant"].fillna("").tolist()
    numbers = ["confidence", "q1", "q2", "q3", "q4", "valence", "arousal", "notes", "seconds"]
    for name in numbers:
        expected = scored[name].astype(float).to_numpy(float)
        assert np.allclose(table[name].astype(float), expected, atol=1e-5, equal_nan=True), name
    failed = int((scored["error"] != "").sum())
    assert (tally.files, tally.scored, tally.duplicates) == (30, 30 - failed, 3)
    assert tally.errors == [[path, scored.loc[path, "error"]] for path in scored.index[
        scored["error"] != ""]]  # fmt: skip
    assert failed == 4
    assert sorted(one.name for one in tmp_path.iterdir()) == [output.name]


def test_files_of_one_content_are_read_once(corpus, tmp_path, monkeypatch):
    opened = []
    content_of = batch.content_of
    monkeypatch.setattr(
        batch, "content_of", lambda source: opened.append(str(source)) or content_of(source)
    )
    score_corpus(corpus, tmp_path / "scores.csv", HERE, shard=4)
    assert len(opened) == len(set(opened)) == 27
    rows = read(tmp_path / "scores.csv").set_index("path")
    twins = rows[[path.endswith(("01.mid", "08.mid", "25.mid", "26.mid")) for path in rows.index]]
    assert len(twins) == 4
    assert (twins.nunique(dropna=False) == 1).all()


def test_neither_workers_nor_shards_nor_where_files_lie_change_rows(corpus, tmp_path):
    score_corpus(corpus, tmp_path / "a.csv", HERE, shard=1000)
    score_corpus(corpus, tmp_path / "b.csv", ScoringArguments(workers=2), shard=1000)
    assert content(tmp_path / "a.csv") == content(tmp_path / "b.csv")
    score_corpus(corpus, tmp_path / "c.csv", HERE, shard=3)
    a, c = read(tmp_path / "a.csv"), read(tmp_path / "c.csv")
    pd.testing.assert_frame_equal(a, c, atol=1e-5)


def test_the_run_before_is_written_over(corpus, tmp_path):
    for suffix in SUFFIXES:
        output = tmp_path / f"a{suffix}"
        output.write_text("an older table, of one file\n")
        for shard in (4, 1000):
            score_corpus(corpus, output, HERE, shard=shard)
            assert len(read(output)) == 30


def test_a_folder_with_other_things_in_it_is_left_alone(corpus, tmp_path):
    output = tmp_path / "a.parquet"
    output.mkdir()
    (output / "thesis.txt").write_text("precious")
    (output / "part-00000.parquet").write_text("mine")
    with pytest.raises(ValueError, match="holds more"):
        score_corpus(corpus, output, HERE)
    assert (output / "part-00000.parquet").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["crash", "hang", "eat", "raise"])
def test_a_file_that_ends_its_reader_costs_its_own_row(kind, corpus, tmp_path, monkeypatch):
    content_of = batch.content_of

    def read_or_fall(source):
        if str(source).endswith("05.mid"):
            match kind:
                case "crash":
                    os.kill(os.getpid(), signal.SIGKILL)
                case "hang":
                    time.sleep(HANGS)
                case "eat":
                    bytearray(2 * 2**30)
                case "raise":
                    raise ZeroDivisionError("of all things")
        return content_of(source)

    score_corpus(corpus, tmp_path / "whole.csv", HERE, shard=4)
    monkeypatch.setattr(batch, "content_of", read_or_fall)
    timeout = 5 if kind == "hang" else HANGS  # the other files take milliseconds
    arguments = ScoringArguments(workers=2, timeout=timeout, memory=2**30)
    score_corpus(corpus, tmp_path / "output.csv", arguments, shard=4)
    whole, table = read(tmp_path / "whole.csv"), read(tmp_path / "output.csv")
    fell = table["path"].str.endswith("05.mid")
    words = {
        "crash": "process died",
        "hang": "not read within 5 s",
        "eat": "memory",
        "raise": "ZeroDivisionError",
    }[kind]
    assert table.loc[fell, "error"].str.contains(words).all()
    assert fell.sum() == 1
    pd.testing.assert_frame_equal(table[~fell], whole[~fell], atol=1e-5)


def test_cells_that_a_spreadsheet_would_compute_are_made_harmless(tmp_path, write_midi, tune):
    names = ["=1+1.mid", "+a.mid", "-b.mid", "@c.mid", "'d.mid", "e.mid", 'f,"g".mid']
    for i, name in enumerate(names):
        write_midi(tmp_path / name, tune(12 + i))
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        score_corpus(names, "scores.csv", HERE)
        score_corpus(names, "scores.jsonl", HERE)
    finally:
        os.chdir(here)
    written = pd.read_csv(tmp_path / "scores.csv")["path"].tolist()
    expected = [("'" if name[0] in "=+-@'" else "") + name for name in sorted(names)]
    assert written == expected
    assert read(tmp_path / "scores.jsonl")["path"].tolist() == sorted(names)


def test_texts_of_any_kind_come_back_from_every_table(tmp_path):
    texts = ["a\rb", 'c"d', "e,f", "g\nh", "ü", "'=i", "\ud800j", "", "\tk"]
    rows = [{"path": text, "error": "x"} for text in texts]
    types = {"path": "text", "n": "number", "error": "text"}
    for suffix, kind in WRITERS.items():
        sink = kind(tmp_path / f"a{suffix}", types)
        sink.open(None)
        for some in (rows[:4], rows[4:]):
            sink.write(some)
        sink.close()
        expected = [text.replace("\ud800", "\\ud800") for text in texts]
        assert read_scores(tmp_path / f"a{suffix}")["path"].tolist() == expected


def test_an_archive_is_a_corpus(corpus, tmp_path):
    subprocess.run(["tar", "-czf", tmp_path / "x.tar.gz", "-C", corpus, "."], check=True)
    score_corpus(tmp_path / "x.tar.gz", tmp_path / "x.csv", HERE)
    score_corpus(corpus, tmp_path / "y.csv", HERE)
    packed, plain = read(tmp_path / "x.csv"), read(tmp_path / "y.csv")
    assert packed["path"].tolist() == [
        path.replace(str(corpus), f"{tmp_path}/x.tar.gz/.") for path in plain["path"]
    ]
    columns = ["quadrant", "notes", "error"]
    assert packed[columns].equals(plain[columns])


def test_a_timeline_stands_beside_the_table(corpus, tmp_path):
    arguments = ScoringArguments(workers=2, sliding=SlidingWindow(4, 2))
    score_corpus(corpus, tmp_path / "a.csv", arguments, timeline=tmp_path / "t.jsonl", shard=7)
    table, windows = read(tmp_path / "a.csv"), read(tmp_path / "t.jsonl")
    assert windows["path"].unique().tolist() == table["path"].tolist()
    failed = windows["error"] != ""
    assert failed.sum() == 4
    first = windows[~failed].groupby("path")["start"].first()
    assert (first == 0).all()
    assert windows[~failed]["window"].max() > 1


def test_a_timeline_and_its_windows_go_together(corpus, tmp_path):
    with pytest.raises(ValueError, match="takes both"):
        score_corpus(corpus, tmp_path / "a.csv", HERE, timeline=tmp_path / "t.csv")
    with pytest.raises(ValueError, match="takes both"):
        score_corpus(corpus, tmp_path / "a.csv", ScoringArguments(sliding=SlidingWindow()))
    with pytest.raises(ValueError, match="cannot be one file"):
        score_corpus(
            corpus,
            tmp_path / "a.csv",
            ScoringArguments(sliding=SlidingWindow()),
            timeline=tmp_path / "a.csv",
        )


def test_nothing_to_score_leaves_nothing(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoFilesError, match="MIDI or MusicXML"):
        score_corpus(tmp_path / "empty", tmp_path / "a.csv", HERE)
    assert [one.name for one in tmp_path.iterdir()] == ["empty"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("no engine", {"engine": "steam"}),
        ("cannot be loaded", {"arguments": ScoringArguments("nowhere/at-all")}),
        ("cannot be used", {"arguments": ScoringArguments(device="cuda:99")}),
        ("write to", {"output": "a.xlsx"}),
    ],
)
def test_what_cannot_be_had_is_a_value_error(words, told, corpus, tmp_path):
    output = tmp_path / told.pop("output", "a.csv")
    with pytest.raises(ValueError, match=words):
        score_corpus(corpus, output, **told)
    assert not list(tmp_path.iterdir())


def test_weights_in_a_pickle_are_not_loaded(tiny_model_folder, tmp_path):
    import torch
    from safetensors.torch import load_file

    for path in tiny_model_folder.iterdir():
        if path.suffix != ".safetensors":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    torch.save(load_file(tiny_model_folder / "model.safetensors"), tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match="safetensors"):
        load_scorer(str(tmp_path))


def test_code_that_a_model_brings_is_not_run(tiny_model_folder, corpus, tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    for path in tiny_model_folder.iterdir():
        (model / path.name).write_bytes(path.read_bytes())
    config = json.loads((model / "config.json").read_text())
    config["auto_map"] = {name: f"evil.{name}" for name in ("AutoConfig", "AutoModel")}
    (model / "config.json").write_text(json.dumps(config))
    ran = tmp_path / "ran"
    (model / "evil.py").write_text(f"open({str(ran)!r}, 'w')\nAutoConfig = AutoModel = 1")
    score_corpus(corpus, tmp_path / "a.csv", ScoringArguments(str(model), workers=0))
    assert not ran.exists()


def test_no_connection_is_made(corpus, tmp_path, monkeypatch):
    def connect(*words):
        pytest.fail(f"connects to {words}")

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    assert score_corpus(corpus, tmp_path / "a.csv", HERE).files == 30


def test_a_model_of_notes_scores_a_corpus(corpus, tiny_scorer, tiny_model_folder, tmp_path):
    arguments = ScoringArguments(str(tiny_model_folder), workers=1, sliding=SlidingWindow(3, 3))
    score_corpus(corpus, tmp_path / "a.csv", arguments, timeline=tmp_path / "t.csv", shard=4)
    expected = tiny_scorer.score(corpus, workers=0).sort_values("path")
    found = read(tmp_path / "a.csv")
    assert np.allclose(found["q1"], expected["q1"].astype(float), atol=1e-4, equal_nan=True)


def test_a_plan_knows_twins_and_what_is_needed_later(midi_bytes, tune):
    data = [midi_bytes(tune(12 + i)) for i in range(3)]
    order = [0, 1, 0, 2, 1, 0, 2]
    plan = make_plan([NamedBytes(str(i), data[kind]) for i, kind in enumerate(order)], 2)
    assert plan.first.tolist() == [0, 1, 0, 3, 1, 0, 3]
    assert [plan.unique(k) for k in range(len(plan))] == [[0, 1], [3], [], []]
    assert np.flatnonzero(plan.needed_later).tolist() == [0, 1, 3]
    same = make_plan(plan.sources, 2)
    assert plan.fingerprint({}) == same.fingerprint({})
    assert plan.fingerprint({}) != same.fingerprint({"model": "another"})


def test_threads_find_the_twins_that_one_finds(midi_bytes, tune, monkeypatch):
    sources = [NamedBytes(str(i), midi_bytes(tune(12 + i % 5))) for i in range(20)]
    monkeypatch.setattr("symbolic.scoring.corpus.plan.FILES_PER_BATCH", 3)
    plans = []
    for waiting in (0, np.inf):
        monkeypatch.setattr("symbolic.scoring.corpus.plan.WAITING", waiting)
        plans.append(make_plan(sources, 4))
    assert plans[0].first.tolist() == plans[1].first.tolist() == [i % 5 for i in range(20)]
    assert plans[0].fingerprint({}) == plans[1].fingerprint({})


def test_files_that_cannot_be_read_are_no_twins(tmp_path):
    plan = make_plan(by_name(find_sources([tmp_path / "a.mid", tmp_path / "b.mid"])), 2)
    assert plan.first.tolist() == [0, 1]


def test_a_column_of_a_dataset_gets_its_scores(corpus, scored, tmp_path):
    import datasets

    files = sorted(scored.index)
    rows = {
        "file": [Path(path).name for path in files],
        "midi": [Path(path).read_bytes() for path in files],
    }
    given = datasets.Dataset.from_dict(rows)
    found = score_dataset(given, "midi", HERE, name="file", shard=4)
    assert found.column_names == ["file", "midi", *COLUMNS[1:]]
    table = found.remove_columns("midi").to_pandas()
    assert table["error"].tolist() == scored["error"].tolist()
    assert np.allclose(table["q1"], scored["q1"].astype(float), atol=1e-5, equal_nan=True)
    inner = given.map(lambda row: {"midi": {"bytes": row["midi"], "path": None}})
    again = score_dataset(inner, "midi", HERE)
    assert again["quadrant"] == found["quadrant"]
    with pytest.raises(ValueError, match="no column"):
        score_dataset(given, "audio", HERE)
    with pytest.raises(ValueError, match="rename"):
        score_dataset(given.rename_column("file", "key"), "midi", HERE)


def test_a_column_of_paths_gets_its_scores(corpus, scored):
    import datasets

    paths = [*sorted(scored.index)[:3], "gone.mid", None]
    given = datasets.Dataset.from_dict({"file": paths})
    files = given.map(lambda row: {"file": {"bytes": None, "path": row["file"]}})
    for one in (given, files):
        table = score_dataset(one, "file", HERE).to_pandas()
        q1 = scored.loc[paths[:3], "q1"].astype(float)
        assert np.allclose(table["q1"][:3], q1, atol=1e-5, equal_nan=True)
        assert table["error"].tolist()[3:] == ["no such file", "neither bytes nor a path"]


def test_recordings_of_a_dataset_are_not_decoded_twice(scored):
    import datasets

    path = sorted(scored.index)[0]  # which no decoder of recordings could read
    given = datasets.Dataset.from_dict({"file": [path]}).cast_column("file", datasets.Audio())
    assert score_dataset(given, "file", HERE)["error"] == [scored.loc[path, "error"]]
    beside = given.add_column("midi", [Path(path).read_bytes()])
    found = score_dataset(beside, "midi", HERE).remove_columns("file")
    assert found["error"] == [scored.loc[path, "error"]]


def test_what_is_no_dataset_of_files_is_refused_at_once():
    import datasets

    given = datasets.Dataset.from_dict({"number": [1], "file": ["gone.mid"], "list": [["a.mid"]]})
    with pytest.raises(TypeError, match="streamed"):
        score_dataset(given.to_iterable_dataset(), "file", HERE)
    with pytest.raises(TypeError, match="'train', 'test'"):
        score_dataset(datasets.DatasetDict(train=given, test=given), "file", HERE)
    with pytest.raises(TypeError, match="got list"):
        score_dataset(["gone.mid"], "file", HERE)
    for column in ("number", "list"):
        with pytest.raises(ValueError, match=f"column {column} has neither bytes nor paths"):
            score_dataset(given, column, HERE)


@pytest.mark.slow
def test_lists_on_standard_input_are_scored(corpus, tmp_path):
    files = sorted(str(path) for path in corpus.rglob("*.mid"))
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "score", "-", "-o", str(tmp_path / "a.jsonl"),
         "--workers", "0"],
        input="\0".join(files).encode(), capture_output=True, check=True,
    )  # fmt: skip
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert sorted(row["path"] for row in rows) == files
    assert b"scored 26 of 30 files, of which 3 are the same as others" in done.stdout
