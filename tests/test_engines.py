"""Engines: whoever does the work, the rows are the same."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from limits import HANGS

from symbolic.scoring.corpus import ScoringArguments, engines, score_corpus
from symbolic.scoring.windows import SlidingWindow

pytestmark = pytest.mark.slow
ARGUMENTS_PLAIN = ScoringArguments(workers=1)
ARGUMENTS = ScoringArguments(workers=2, sliding=SlidingWindow(4, 2))
COMMAND = "import sys; from symbolic.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, midi_bytes, tune) -> Path:
    """Twenty files; some are twins, one cannot be read; and eight more in a zip."""
    import zipfile

    folder = tmp_path_factory.mktemp("corpus")
    for i in range(20):
        data = midi_bytes(tune(12 + i % 17, 50 + i % 12)) if i != 5 else b"not music"
        (folder / f"{i:02d}.mid").write_bytes(data)
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        for i in range(8):
            archive.writestr(f"in/{i}.mid", midi_bytes(tune(40 + i)))
    return folder


@pytest.fixture(scope="module")
def expected(corpus, tmp_path_factory) -> list[pd.DataFrame]:
    """The tables of the local engine."""
    folder = tmp_path_factory.mktemp("local")
    return scored(corpus, folder, "local")


def scored(corpus, folder, engine) -> list[pd.DataFrame]:
    output, timeline = folder / "scores.csv", folder / "timeline.csv"
    sources = [corpus, corpus / "more.zip"]
    score_corpus(sources, output, ARGUMENTS, timeline=timeline, engine=engine, shard=4)
    return [pd.read_csv(path) for path in (output, timeline)]


def assert_the_same(tables, expected):
    for table, other in zip(tables, expected, strict=True):
        pd.testing.assert_frame_equal(table, other, atol=1e-4, rtol=0)


@pytest.fixture(scope="module")
def cluster():
    """Two nodes on this machine, each of one core."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install .[ray]")
    from ray.cluster_utils import Cluster

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_raylet_start_wait_time_s", str(HANGS))
    told = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
    made = Cluster(initialize_head=True, head_node_args={**told, "include_dashboard": False})
    made.add_node(**told)
    ray.init(address=made.address, log_to_driver=False)
    try:
        made.wait_for_nodes(HANGS)
        yield ray
    finally:
        ray.shutdown()
        made.shutdown()


def test_a_ray_cluster_of_two_nodes_gives_the_same_rows(
    cluster, corpus, expected, tmp_path, monkeypatch
):
    assert len([node for node in cluster.nodes() if node["Alive"]]) == 2
    assert len(expected[0]) == 28
    monkeypatch.chdir(corpus.parent)  # where no actor began: paths are made absolute for them
    tables = scored(Path(corpus.name), tmp_path, "ray")
    for table in tables:
        table["path"] = f"{corpus.parent}{os.sep}" + table["path"]
    assert_the_same(tables, expected)


def test_an_interrupted_run_is_resumed_by_another_engine(
    cluster, corpus, expected, tmp_path, monkeypatch
):
    real, calls = engines.RayEngine.file_rows, []

    def fails(self, *words):
        for rows in real(self, *words):
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt
            yield rows

    with monkeypatch.context() as patch:
        patch.setattr(engines.RayEngine, "file_rows", fails)
        with pytest.raises(KeyboardInterrupt):
            scored(corpus, tmp_path, "ray")
    output, timeline = tmp_path / "scores.csv", tmp_path / "timeline.csv"
    assert len(pd.read_csv(output)) == 8
    sources = [corpus, corpus / "more.zip"]
    tally = score_corpus(sources, output, ARGUMENTS, timeline=timeline, resume=True, shard=4)
    assert tally.resumed == 8
    assert_the_same([pd.read_csv(path) for path in (output, timeline)], expected)


def test_what_only_this_machine_sees_is_refused_by_ray(cluster, corpus, tmp_path):
    subprocess.run(["tar", "-czf", tmp_path / "x.tgz", "-C", corpus, "01.mid"], check=True)
    with pytest.raises(ValueError, match="expanded here"):
        score_corpus(tmp_path / "x.tgz", tmp_path / "a.csv", ARGUMENTS_PLAIN, engine="ray")
    assert [one.name for one in tmp_path.iterdir()] == ["x.tgz"]


def test_without_ray_its_engine_says_what_to_install(corpus, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r"symbolic-emotion\[ray\]"):
        score_corpus(corpus, tmp_path / "a.csv", engine="ray")


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


def test_two_processes_of_accelerate_give_the_same_rows(corpus, expected, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(COMMAND)
    subprocess.run(
        [
            *(sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"),
            *("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"),
            *(program, "score", corpus, corpus / "more.zip", "--engine", "accelerate"),
            *("-o", tmp_path / "scores.csv", "--timeline", tmp_path / "timeline.csv"),
            *("--window", "4s", "--hop", "2s", "--shard", "4", "-q"),
        ],
        check=True,
        env={**os.environ, "MASTER_PORT": str(free_port())},
        timeout=HANGS,
    )
    tables = [pd.read_csv(tmp_path / name) for name in ("scores.csv", "timeline.csv")]
    assert_the_same(tables, expected)
