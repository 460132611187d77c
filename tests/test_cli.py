"""The command, as a user meets it."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from limits import HANGS

from symbolic.cli import COMMANDS, main
from symbolic.scoring.emotion import COLUMNS, EmotionScorer

READERS = {
    ".csv": lambda path: pd.read_csv(path, keep_default_na=False, na_values={"key": ""}),
    ".parquet": pd.read_parquet,
    ".jsonl": lambda path: pd.read_json(path, lines=True),
}
NUMBERS = ["q1", "q2", "q3", "q4", "valence", "arousal", "notes", "seconds", "mean_velocity"]


@pytest.fixture
def folder(tmp_path, write_midi, tune):
    """Three pieces, one of them deeper, one without dynamics, and a file that is no music."""
    music = tmp_path / "music"
    (music / "deep").mkdir(parents=True)
    write_midi(music / "a.mid", tune(20))
    write_midi(music / "b.mid", [(0, 480, 60, 64), (480, 480, 67, 64)])
    write_midi(music / "deep" / "ç.mid", tune(90, tonic=50))
    (music / "x.mid").write_text("no music")
    return music


@pytest.fixture
def score(tiny_model_folder, capsys):
    """Run `symbolic score` and return its status, its output and its lines on stderr."""

    def run(*words, model=tiny_model_folder):
        status = main(["score", *map(str, words), "--model", str(model), "--workers", "0"])
        output, errors = capsys.readouterr()
        return status, output, errors.splitlines()

    return run


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl", ".CSV"])
def test_the_written_table_is_the_scorers(suffix, score, folder, tiny_scorer, tmp_path):
    path = tmp_path / "new folder" / f"table{suffix}"
    status, _, _ = score(folder, "-o", path, "-q")
    assert status == 0
    written = READERS[suffix.lower()](path)
    expected = tiny_scorer.score(folder, workers=0)
    assert list(written.columns) == list(COLUMNS)
    for name in NUMBERS:
        found = pd.to_numeric(written[name]).astype(float)
        assert np.allclose(found, expected[name].astype(float), atol=1e-6, equal_nan=True), name
    for name in ("path", "quadrant", "key", "error"):
        assert list(written[name].fillna("")) == list(expected[name].fillna("")), name


def test_what_was_scored_is_printed_and_what_was_not_is_on_stderr(score, folder):
    status, output, errors = score(folder)
    assert status == 0
    assert "scored 3 of 4 files" in output
    for name in ("a.mid", "b.mid", "ç.mid"):
        assert name in output
    assert "x.mid" not in output
    assert [line for line in errors if "not scored" in line] == [
        f"not scored: {folder}/x.mid: neither MIDI nor MusicXML: the file begins with b'no music'"
    ]


def test_quiet_says_nothing(score, folder, tmp_path):
    assert score(folder, "-q", "-o", tmp_path / "table.csv") == (0, "", [])


def test_a_folder_of_bad_files_only_is_done_with_status_0(score, tmp_path):
    (tmp_path / "x.mid").write_text("no music")
    status, output, errors = score(tmp_path, "--plot", tmp_path / "plane.png")
    assert status == 0
    assert "scored 0 of 1 files" in output
    assert any("x.mid" in line for line in errors)
    assert (tmp_path / "plane.png").stat().st_size > 0


def test_folders_are_searched_on_top_only_where_asked(score, folder, tmp_path):
    score(folder, "--no-recursive", "-q", "-o", tmp_path / "table.csv")
    assert len(pd.read_csv(tmp_path / "table.csv")) == 3


def test_a_missing_file_that_is_named_gets_a_row(score, folder, tmp_path):
    words = (folder / "a.mid", folder / "gone.mid", "-q", "-o", tmp_path / "table.csv")
    assert score(*words)[0] == 0
    assert list(pd.read_csv(tmp_path / "table.csv")["error"].fillna("")) == ["", "no such file"]


def test_nothing_to_score_is_status_1_and_one_line(score, tmp_path):
    (tmp_path / "readme.txt").write_text("no music here")
    status, output, errors = score(tmp_path)
    assert (status, output) == (1, "")
    assert len(errors) == 1
    assert str(tmp_path) in errors[0]


@pytest.mark.parametrize(
    "words",
    [
        ["--loud"],
        ["-o", "table.xlsx"],
        ["-o", "table"],
        ["--plot", "plane.gif"],
        ["--plot", "plane"],
        ["--batch-size", "0"],
        ["--batch-size", "-1"],
        ["--batch-size", "many"],
        ["--workers", "-1"],
        ["--workers", "1.5"],
    ],
    ids=" ".join,
)
def test_wrong_words_are_status_2(words, score, folder, capsys):
    with pytest.raises(SystemExit) as caught:
        score(folder, *words)
    assert caught.value.code == 2
    assert "symbolic score: error: argument" in capsys.readouterr().err or words == ["--loud"]


@pytest.mark.parametrize("words", [[], ["score"], ["sing"]], ids=str)
def test_an_incomplete_command_is_status_2(words):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2


def assert_refused(answer, *words):
    status, output, errors = answer
    assert (status, output) == (2, "")
    assert len(errors) == 1, errors
    assert errors[0].startswith("symbolic: error: ")
    for word in words:
        assert word in errors[0]


def test_an_unknown_model_is_status_2_and_one_line(score, folder, tmp_path):
    assert_refused(score(folder, model="nobody/nothing"), "nobody/nothing")
    assert_refused(score(folder, model=tmp_path), str(tmp_path))


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "music_tokenizer.json"])
@pytest.mark.parametrize("content", [None, b"{", b""], ids=["missing", "damaged", "empty"])
def test_a_damaged_model_is_status_2_and_one_line(
    file, content, score, folder, tiny_model_folder, tmp_path
):
    model = shutil.copytree(tiny_model_folder, tmp_path / "model")
    (model / file).unlink()
    if content is not None:
        (model / file).write_bytes(content)
    assert_refused(score(folder, model=model), str(model))


@pytest.mark.parametrize("device", ["piano", "cuda:99", "meta"])
def test_a_device_that_is_not_there_is_status_2_and_one_line(device, score, folder):
    assert_refused(score(folder, "--device", device), device)


@pytest.mark.parametrize("option", ["-o", "--plot"])
def test_where_nothing_can_be_written_nothing_is_scored(
    option, score, folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(EmotionScorer, "from_pretrained", lambda *a, **k: pytest.fail("loaded"))
    suffix = ".csv" if option == "-o" else ".png"
    (tmp_path / "file").write_text("")
    (tmp_path / f"folder{suffix}").mkdir()
    for path in (tmp_path / "file" / f"a{suffix}", tmp_path / f"folder{suffix}"):
        assert_refused(score(folder, option, path), str(path))
    if os.geteuid():  # root may write everywhere
        (tmp_path / "locked").mkdir(mode=0o500)
        path = tmp_path / "locked" / f"a{suffix}"
        assert_refused(score(folder, option, path), str(path))


def test_an_output_of_an_earlier_run_is_written_anew(score, folder, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old\n" * 1000)
    assert score(folder, "-q", "-o", path)[0] == 0
    assert len(pd.read_csv(path)) == 4


def test_the_picture_shows_something(score, folder, tmp_path):
    from matplotlib.image import imread

    path = tmp_path / "plane.png"
    status, output, _ = score(folder, "--plot", path)
    assert status == 0
    assert str(path) in output
    picture = imread(path)[..., :3]
    assert min(picture.shape[:2]) > 500
    colours = {tuple(colour) for colour in np.round(picture.reshape(-1, 3)[::7], 1)}
    assert len(colours) > 4


def test_a_picture_of_pieces_is_not_one_of_none(score, folder, tmp_path):
    from matplotlib.image import imread

    score(folder / "x.mid", "--plot", tmp_path / "none.png")
    score(folder, "--plot", tmp_path / "some.png")
    none, some = imread(tmp_path / "none.png"), imread(tmp_path / "some.png")
    assert none.shape != some.shape or (none != some).any()


def test_names_that_no_terminal_can_show_are_printed_all_the_same(
    folder, tiny_model_folder, monkeypatch
):
    (folder / "音.mid").write_text("no music")
    screens = [io.TextIOWrapper(io.BytesIO(), "ascii") for _ in range(2)]
    monkeypatch.setattr(sys, "stdout", screens[0])
    monkeypatch.setattr(sys, "stderr", screens[1])
    words = ["score", str(folder), "--model", str(tiny_model_folder), "--workers", "0"]
    assert main(words) == 0
    for screen in screens:
        screen.flush()
    assert rb"\xe7.mid" in screens[0].buffer.getvalue()
    assert rb"\u97f3.mid" in screens[1].buffer.getvalue()


@pytest.mark.slow
def test_a_reader_that_has_gone_is_no_error(folder, tiny_model_folder, root):
    reader, writer = os.pipe()
    os.close(reader)
    command = "import sys; from symbolic.cli import main; sys.exit(main(sys.argv[1:]))"
    words = ["score", str(folder / "a.mid"), "--model", str(tiny_model_folder), "--workers", "0"]
    done = subprocess.run(
        [sys.executable, "-c", command, *words],
        cwd=root,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=HANGS,
    )
    os.close(writer)
    assert done.returncode == 0, done.stderr
    assert "BrokenPipe" not in done.stderr


@pytest.mark.parametrize(
    "words", [["--version"], ["--help"], ["score", "--help"], ["audit", "--help"]], ids=" ".join
)
def test_help_and_version_do_not_wait_for_torch(words, root):
    command = (
        "import atexit, sys\n"
        "from symbolic.cli import main\n"
        "heavy = {'torch', 'transformers', 'pandas', 'music21', 'miditok', 'matplotlib'}\n"
        "atexit.register(lambda: print('loaded:', sorted(heavy & set(sys.modules))))\n"
        "main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", command, *words],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    assert done.returncode == 0, done.stderr
    assert "symbolic" in done.stdout
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_rows_are_printed_as_json_for_programs(score, folder):
    status, output, errors = score(folder, "--json")
    rows = [json.loads(line) for line in output.splitlines()]
    assert status == 0
    assert [Path(row["path"]).name for row in rows] == ["a.mid", "b.mid", "ç.mid", "x.mid"]
    assert all(list(row) == list(COLUMNS) for row in rows)
    assert [bool(row["error"]) for row in rows] == [False, False, False, True]
    assert any("scored 3 of 4 files" in line for line in errors)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert "usage" in capsys.readouterr().out


@pytest.mark.parametrize("module", ["symbolic", "symbolic.cli"])
def test_the_module_is_the_command(module):
    done = subprocess.run(
        [sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("symbolic ")
