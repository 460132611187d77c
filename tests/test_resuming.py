"""Runs that are interrupted at any moment, and resumed: what they write is what one run writes."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from limits import HANGS, wait_until

from symbolic.cli import main
from symbolic.scoring.corpus import (
    InterruptedRunError,
    RunSummary,
    ScoringArguments,
    run,
    score_corpus,
)
from symbolic.scoring.corpus.checkpoint import Checkpoint
from symbolic.scoring.table_writers import CsvWriter, ParquetWriter
from symbolic.scoring.tables import read_scores as read
from symbolic.scoring.windows import SlidingWindow

COMMAND = "import sys; from symbolic.cli import main; sys.exit(main(sys.argv[1:]))"
FORK = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
HERE = ScoringArguments(workers=0)
WINDOWS = ScoringArguments(workers=0, sliding=SlidingWindow(4, 2))


@pytest.fixture
def corpus(small_corpus) -> Path:
    return small_corpus


def content(path: Path):
    """What two outputs are compared by."""
    if path.is_dir():
        return {part.name: part.read_bytes() for part in sorted(path.iterdir())}
    return path.read_bytes()


def interrupted(at: int, error: type[BaseException], monkeypatch, call: str):
    """Let the `at`-th call of a method of the run's parts fail, after or before its work."""
    owner, name = {"sink": (CsvWriter, "write"), "part": (ParquetWriter, "write"),
                   "ledger": (Checkpoint, "enter")}[call]  # fmt: skip
    real, calls = getattr(owner, name), []

    def failing(self, *words):
        calls.append(1)
        if len(calls) == at:
            if call != "ledger":  # the rows are on the disk, and the ledger knows nothing of them
                real(self, *words)
            raise error
        return real(self, *words)

    monkeypatch.setattr(owner, name, failing)


@pytest.fixture(scope="module")
def whole(small_corpus, tmp_path_factory):
    """The output of one run by its suffix, its timeline and its tally."""
    made = {}

    def of(suffix):
        if suffix not in made:
            folder = tmp_path_factory.mktemp("whole")
            output, timeline = folder / f"whole{suffix}", folder / "timeline.csv"
            tally = score_corpus(small_corpus, output, WINDOWS, shard=4, timeline=timeline)
            made[suffix] = output, timeline, tally
        return made[suffix]

    return of


@pytest.mark.parametrize(
    ("suffix", "at", "call"),
    [
        *((".csv", at, call) for at in (1, 2, 5, 8) for call in ("rows", "ledger")),
        (".jsonl", 5, "rows"),
        (".json", 5, "rows"),
        (".parquet", 5, "rows"),
    ],
)
def test_a_run_that_is_interrupted_and_resumed_gives_what_one_gives(
    suffix, at, call, corpus, whole, tmp_path, monkeypatch
):
    expected, expected_timeline, expected_tally = whole(suffix)
    output, timeline = tmp_path / f"output{suffix}", tmp_path / "timeline.csv"
    kind = call if call == "ledger" else "part" if suffix == ".parquet" else "sink"
    with monkeypatch.context() as patch:
        interrupted(at, KeyboardInterrupt, patch, kind)
        with pytest.raises(KeyboardInterrupt):
            score_corpus(corpus, output, WINDOWS, shard=4, timeline=timeline)
    if at > 2 or suffix == ".csv":  # whole shards, or a head alone
        rows = len(read(output))
        assert rows % 4 == 0 or (call, at, rows) == ("ledger", 8, 30)
    if at > 2:  # a shard is entered
        with pytest.raises(InterruptedRunError, match="resume it"):
            score_corpus(corpus, output, WINDOWS, shard=4, timeline=timeline)
    tally = score_corpus(corpus, output, WINDOWS, shard=4, resume=True, timeline=timeline)
    assert content(output) == content(expected)
    assert content(timeline) == content(expected_timeline)
    assert {**vars(tally), "resumed": 0} == vars(expected_tally)
    assert tally.resumed % 4 == 0
    assert not list(tmp_path.glob("*.resume*"))


def half_done(corpus, output, monkeypatch, arguments=HERE) -> None:
    with monkeypatch.context() as patch:
        interrupted(3, KeyboardInterrupt, patch, "sink")
        with pytest.raises(KeyboardInterrupt):
            score_corpus(corpus, output, arguments, shard=4)
    assert Checkpoint(output).exists


def test_what_a_killed_run_left_behind_its_last_shard_is_cut_off(corpus, tmp_path, monkeypatch):
    score_corpus(corpus, tmp_path / "whole.csv", HERE, shard=4)
    half_done(corpus, tmp_path / "output.csv", monkeypatch)
    with open(tmp_path / "output.csv", "ab") as file:
        file.write(b"/half/a/row.mid,Q1,0.3")
    score_corpus(corpus, tmp_path / "output.csv", HERE, shard=4, resume=True)
    assert content(tmp_path / "output.csv") == content(tmp_path / "whole.csv")


@pytest.mark.parametrize("what", ["added", "changed", "options", "shard", "shortened"])
def test_a_run_is_not_resumed_with_other_files_or_options(
    what, tmp_path, midi_bytes, tune, monkeypatch
):
    folder, output = tmp_path / "music", tmp_path / "output.csv"
    folder.mkdir()
    for i in range(20):
        (folder / f"{i:02d}.mid").write_bytes(midi_bytes(tune(12 + i)))
    half_done(folder, output, monkeypatch)
    before = content(output)
    told = {"arguments": HERE, "shard": 4}
    match what:
        case "added":
            (folder / "more.mid").write_bytes(midi_bytes(tune(50)))
        case "changed":
            (folder / "03.mid").write_bytes(midi_bytes(tune(50)))
        case "options":
            told["arguments"] = ScoringArguments(workers=0, batch_size=7)
        case "shard":
            told["shard"] = 5
        case "shortened":
            os.truncate(output, len(before) - 1)
            before = before[:-1]
    with pytest.raises(ValueError, match=r"cannot be resumed|shorter than"):
        score_corpus(folder, output, resume=True, **told)
    assert content(output) == before
    assert Checkpoint(output).exists


def test_to_resume_what_was_never_begun_is_to_begin(corpus, tmp_path):
    score_corpus(corpus, tmp_path / "a.csv", HERE, resume=True)
    score_corpus(corpus, tmp_path / "b.csv", HERE)
    assert content(tmp_path / "a.csv") == content(tmp_path / "b.csv")


def test_a_run_that_is_not_resumed_has_no_checkpoint(whole, corpus, tmp_path, monkeypatch):
    real, seen = CsvWriter.write, []

    def write(self, rows):
        seen.append([path.name for path in tmp_path.iterdir()])
        return real(self, rows)

    monkeypatch.setattr(CsvWriter, "write", write)
    expected, _, summary = whole(".csv")
    output = tmp_path / "scores.csv"
    assert score_corpus(corpus, output, HERE, shard=4, resumable=False) == summary
    assert seen == [["scores.csv"]] * len(seen)
    assert len(seen) > 1
    assert content(output) == content(expected)
    with pytest.raises(ValueError, match="only a run with a checkpoint"):
        score_corpus(corpus, output, HERE, resume=True, resumable=False)


def test_to_resume_what_is_complete_changes_nothing(corpus, tmp_path):
    output = tmp_path / "a.csv"
    output.write_text("somebody's\n")
    assert score_corpus(corpus, output, HERE, resume=True) == RunSummary()
    assert output.read_text() == "somebody's\n"


def test_a_run_that_was_killed_while_it_planned_begins_anew(corpus, tmp_path, monkeypatch):
    output = tmp_path / "a.csv"
    output.write_text("of an earlier run\n")
    with monkeypatch.context() as patch:
        patch.setattr(run, "make_plan", lambda *_, **__: (_ for _ in ()).throw(MemoryError))
        with pytest.raises(MemoryError):
            score_corpus(corpus, output, HERE)
    for resume in (True, False):
        Checkpoint(output).begin()
        score_corpus(corpus, output, HERE, resume=resume)
        assert len(read(output)) == 30


def words(corpus, output, *more) -> list[str]:
    return ["score", str(corpus), "-o", str(output), "--shard", "4", "--workers", "1", "-q", *more]


def whole_run(corpus, output, *more) -> None:
    subprocess.run([sys.executable, "-c", COMMAND, *words(corpus, output, *more)], check=True)


def child(arguments: list[str], errors: Path, held: int | None) -> None:
    """The command, in a process that has imported everything, and leads a group of its own."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells ignore it in the background
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 - as long as the process
    if held is not None:
        write, written = CsvWriter.write, []

        def hold(sink, rows):
            write(sink, rows)
            written.extend(rows)
            if len(written) > held:
                time.sleep(HANGS)

        CsvWriter.write = hold
    sys.exit(main(arguments))


def begun(corpus, output, rows: int, held: bool = False):
    """A run of the command that has written so many rows, and where it is held writes no more."""
    arguments = words(corpus, output, "--resume")
    errors = output.with_suffix(".errors")
    process = FORK.Process(target=child, args=[arguments, errors, rows if held else None])
    process.start()

    def has_written():
        return output.exists() and output.read_bytes().count(b"\n") > rows

    wait_until(lambda: not process.is_alive() or has_written())
    assert process.is_alive() or not held, errors.read_text()
    return process


@pytest.fixture(scope="module")
def many(tmp_path_factory, midi_bytes, tune) -> Path:
    folder = tmp_path_factory.mktemp("many")
    for i in range(300):
        (folder / f"{i:03d}.mid").write_bytes(midi_bytes(tune(12 + i % 250, 40 + i % 30)))
    return folder


@pytest.mark.slow
def test_a_run_that_is_killed_at_random_moments_ends_the_same(many, tmp_path):
    whole_run(many, tmp_path / "whole.csv")
    output, rng, killed = tmp_path / "output.csv", random.Random(0), 0
    while killed < 2:
        process = begun(many, output, rng.randrange(20, 200) if killed else 0)
        time.sleep(rng.uniform(0, 0.05))
        ended = not process.is_alive()
        process.kill()
        process.join()
        if ended:  # before it could be killed: another one
            output.unlink()
        else:
            killed += 1
    whole_run(many, output, "--resume")
    assert content(output) == content(tmp_path / "whole.csv")
    assert not Checkpoint(output).exists


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_a_valid_table_and_no_process(how, many, tmp_path):
    process = begun(many, tmp_path / "output.csv", 20, held=True)
    os.kill(process.pid, how)
    process.join(HANGS)
    assert process.exitcode == 130
    said = (tmp_path / "output.errors").read_text()
    assert "--resume goes on" in said
    assert "Traceback" not in said
    table = read(tmp_path / "output.csv")
    assert len(table) % 4 == 0
    assert 16 <= len(table) < 300  # the last shard may not be entered yet
    assert not is_there(process.pid)  # its group is empty


@pytest.mark.slow
def test_no_worker_outlives_a_run_that_is_killed(many, tmp_path):
    process = begun(many, tmp_path / "output.csv", 4, held=True)
    process.kill()
    process.join(HANGS)
    wait_until(lambda: not is_there(process.pid))


def is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
