"""A run that is killed twenty times at random moments, and engines side by side.

    python benchmarks/interruptions.py kills DATA
    python benchmarks/interruptions.py engines DATA

`kills` runs `symbolic score` to its end, and then again and again with kill -9 after a random time,
resumed until it has been killed 20 times; what it writes must be the same to the last byte.

`engines` scores the same files by processes of this machine, by a Ray cluster of two nodes that
begins on it, and by two processes of `accelerate launch`, and compares their rows.
"""

import argparse
import random
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

PLACES = ("emopia/midi", "vgmidi/midi")
COMMAND = "import sys; from symbolic.cli import main; sys.exit(main(sys.argv[1:]))"


def words(data: Path, output: Path, *more: str) -> list[str]:
    return [*("score", *(str(data / one) for one in PLACES)), "-o", str(output), "-q", *more]


def kills(options: argparse.Namespace, scratch: Path) -> int:
    rng, wrong = random.Random(options.seed), 0
    for suffix in ("csv", "jsonl"):
        python = [sys.executable, "-c", COMMAND]
        whole, output = scratch / f"whole.{suffix}", scratch / f"output.{suffix}"
        start = time.monotonic()
        subprocess.run([*python, *words(options.data, whole, "--shard", "32")], check=True)
        seconds = time.monotonic() - start
        killed = resumed = runs = 0
        while killed < options.kills:
            more = ("--shard", "32", "--resume")
            process = subprocess.Popen([*python, *words(options.data, output, *more)])
            try:
                status = process.wait(rng.uniform(0.2, 0.9) * seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                killed += 1
                resumed += output.exists()
                continue
            assert status == 0, status
            runs += 1
            wrong += output.read_bytes() != whole.read_bytes()
            output.unlink()
        process = subprocess.run([*python, *words(options.data, output, *more)], check=True)
        runs += 1
        wrong += output.read_bytes() != whole.read_bytes()
        print(
            f"{suffix}: {seconds:.1f} s without interruption; killed {killed} times, {resumed} of "
            f"them after rows had been written; {runs} runs came to their end, {wrong} differ"
        )
    return int(wrong > 0)


def engines(options: argparse.Namespace, scratch: Path) -> int:
    import ray
    from ray.cluster_utils import Cluster

    from symbolic.scoring.corpus import ScoringArguments, score_corpus

    sources = [options.data / one for one in PLACES]
    rows, tables = [], {}

    def took(name: str, call) -> None:
        start = time.monotonic()
        call(scratch / f"{name}.csv")
        rows.append((name, time.monotonic() - start))
        tables[name] = pd.read_csv(scratch / f"{name}.csv")

    took("local", lambda path: score_corpus(sources, path, ScoringArguments(workers=2), shard=64))
    told = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args={**told, "include_dashboard": False})
    cluster.add_node(**told)
    ray.init(address=cluster.address, log_to_driver=False)
    took(
        "ray", lambda path: score_corpus(sources, path, ScoringArguments(), engine="ray", shard=64)
    )
    ray.shutdown()
    cluster.shutdown()
    program = scratch / "program.py"
    program.write_text(COMMAND)
    launch = [
        *(sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"),
        *("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", program),
    ]
    more = ("--engine", "accelerate", "--shard", "64")
    took(
        "accelerate",
        lambda path: subprocess.run([*launch, *words(options.data, path, *more)], check=True),
    )
    local, wrong = tables["local"], 0
    numbers = local.select_dtypes("number").columns
    for name, seconds in rows:
        table = tables[name]
        apart = np.nanmax(np.abs(table[numbers].to_numpy() - local[numbers].to_numpy()))
        texts = all(table[one].equals(local[one]) for one in local.columns.difference(numbers))
        wrong += not (texts and apart < 1e-4)
        print(f"{name}: {len(table)} rows in {seconds:.1f} s, at most {apart:.1e} from local's, "
              f"texts {'equal' if texts else 'DIFFER'}")  # fmt: skip
    return int(wrong > 0)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("kills", "engines"))
    parser.add_argument("data", type=Path, help="folder with " + ", ".join(PLACES))
    parser.add_argument("--kills", type=int, default=20, help="how many of each format (20)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with TemporaryDirectory() as scratch:
        return {"kills": kills, "engines": engines}[options.what](options, Path(scratch))


if __name__ == "__main__":
    sys.exit(main())
