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
from symbolic.scoring import progress
from symbolic.scoring.emotion import COLUMNS, EmotionScorer

READERS = {
    ".csv": lambda path: pd.read_csv(path, keep_default_na=False, na_values={"key": ""}),
    ".parquet": pd.read_parquet,
    ".jsonl": lambda path: pd.read_json(path, lines=True),
    ".json": pd.read_json,
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


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl", ".json", ".CSV"])
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


def test_every_file_is_in_the_printed_table_with_its_error(score, folder):
    status, output, errors = score(folder)
    assert (status, errors) == (0, [])
    lines = output.splitlines()
    assert "scored 3 of 4 files" in lines
    for name in ("a.mid", "b.mid", "ç.mid"):
        assert any(line.lstrip().startswith(name) for line in lines)
    (failed,) = [line for line in lines if line.lstrip().startswith("x.mid")]
    assert failed.endswith("neither MIDI nor MusicXML: the file begins with b'no music'")
    assert "nan" not in failed.lower()
    assert "<NA>" not in failed


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json", ".parquet"])
def test_the_same_table_is_printed_whatever_is_written(suffix, score, folder, tmp_path):
    (folder / "a\nb.mid").write_text("no music")
    printed = score(folder)[1].split("\n\n")[0]
    assert "a\\nb.mid" in printed
    assert score(folder, "-o", tmp_path / f"table{suffix}")[1].split("\n\n")[0] == printed


def test_numbers_are_printed_with_few_decimals(score, folder):
    heading, first, *_ = score(folder)[1].splitlines()
    assert heading.split()[:3] == ["path", "quadrant", "confidence"]
    assert heading.endswith("  error")
    first = first.replace(" major", "_major").replace(" minor", "_minor")
    cells = dict(zip(heading.split(), first.split(), strict=False))  # without an error
    assert cells["path"] == "a.mid"
    assert len(cells["confidence"].partition(".")[2]) == 2
    assert cells["notes"] == "20"
    assert cells["seconds"].isdecimal()


def test_of_many_files_the_first_and_the_last_are_printed(score, folder):
    for number in range(80):
        (folder / f"bad {number:02}.mid").write_text("no music")
    status, output, errors = score(folder)
    lines = output.split("\n\n")[0].splitlines()
    assert (status, len(lines)) == (0, 62)
    assert set(lines[31].split()) == {"..."}
    assert len(errors) == 81  # those that are not on the screen are listed


def test_files_of_one_name_are_printed_with_their_folders(score, folder):
    (folder / "more").mkdir()
    shutil.copy(folder / "a.mid", folder / "more" / "a.mid")
    output = score(folder)[1]
    assert str(folder / "more" / "a.mid") in output
    assert str(folder / "a.mid") in output


def test_quiet_says_nothing(score, folder, tmp_path):
    assert score(folder, "-q", "-o", tmp_path / "table.csv") == (0, "", [])


def test_a_folder_of_bad_files_only_is_status_1(score, tmp_path):
    (tmp_path / "x.mid").write_text("no music")
    status, output, _ = score(tmp_path, "--plot", tmp_path / "plane.png")
    assert status == 1
    assert "scored 0 of 1 files" in output
    assert "x.mid" in output
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
    assert "1 file passed over: 1 .txt" in errors[0]


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
    assert rb"\u97f3.mid" in screens[0].buffer.getvalue()
    assert main([*words, "--json"]) == 0
    for screen in screens:
        screen.flush()
    assert "音.mid".encode() in screens[0].buffer.getvalue()  # programs read UTF-8
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


@pytest.mark.parametrize(
    ("words", "read"),
    [
        (("--output", "-"), pd.read_csv),
        (("-o", "-", "--json"), READERS[".jsonl"]),
        (("--json",), READERS[".jsonl"]),
    ],
)
def test_standard_output_has_the_rows_and_nothing_else(words, read, score, folder, tmp_path):
    status, output, errors = score(folder, *words)
    assert status == 0
    table = read(io.StringIO(output))
    assert list(table.columns) == list(COLUMNS)
    assert list(table["path"].map(lambda path: Path(path).name))[-1] == "x.mid"
    assert table["error"].iloc[-1].startswith("neither MIDI nor MusicXML")
    assert any("scored 3 of 4 files" in line for line in errors)


def test_json_is_printed_or_written_not_both(score, folder, tmp_path):
    assert score(folder, "--json", "-o", tmp_path / "table.csv")[0] == 2
    assert score(folder, "--resume", "-o", "-")[0] == 2


def test_a_missing_file_alone_is_status_1_for_the_module_too(tmp_path):
    for command in ("score", "segment"):
        words = [sys.executable, "-m", "symbolic", command, str(tmp_path / "gone.mid")]
        done = subprocess.run(words, capture_output=True, text=True)
        assert done.returncode == 1, command
        assert "no such file" in done.stdout
        assert done.stderr == ""  # neither bars nor warnings where nobody watches


def test_a_complete_table_that_is_resumed_is_status_0(score, folder, tmp_path):
    words = (folder, "--resume", "-o", tmp_path / "table.csv")
    assert score(*words)[0] == 0
    status, output, _ = score(*words)
    assert status == 0
    assert "nothing is left to score" in output


def test_files_passed_over_are_counted_by_reason(score, folder, tmp_path):
    for name in ("one.wav", "two.WAV", "README", ".hidden.mid"):
        (folder / name).write_text("")
    (folder / ".git").mkdir()
    (folder / "link").symlink_to(folder / "more", target_is_directory=True)
    (folder / "more").mkdir()
    last = score(folder)[1].splitlines()[-1]
    reasons = "2 .wav, 2 hidden, 1 link to a folder, 1 without suffix"
    assert last == f"6 files passed over: {reasons}; see docs/corpora.md"
    assert score(folder, "--json")[2][-1] == last
    assert "passed over" not in score(folder / "a.mid", folder / "one.wav")[1]
    archive = shutil.make_archive(str(tmp_path / "music"), "zip", folder / "more")
    assert "passed over" not in score(folder / "a.mid", archive)[1]
    (folder / "more" / "cover.jpg").write_text("")
    archive = shutil.make_archive(str(tmp_path / "music"), "gztar", folder / "more")
    last = score(folder / "a.mid", archive)[1].splitlines()[-1]
    assert last == "1 file passed over: 1 .jpg; see docs/corpora.md"


def test_printed_columns_have_the_names_of_those_written(score, folder):
    heading = next(line for line in score(folder)[1].splitlines() if "quadrant" in line)
    assert set(heading.split()) <= {*COLUMNS}


def test_a_bar_is_for_long_work_on_a_terminal(score, folder, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def on_terminal():
        terminal = Terminal()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", terminal)
            score(folder)
        return terminal.getvalue()

    monkeypatch.setattr(progress, "DELAY", 1e9)
    assert on_terminal() == ""
    monkeypatch.setattr(progress, "DELAY", 0)
    assert "0/4" in on_terminal()
    assert score(folder)[2] == []  # no terminal


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
