"""Tokens a second of `symbolic pretrain` on two cores, beside a former commit.

    python benchmarks/pretraining.py DATA --former CHECKOUT

Both train an encoder of the same size (RoFormer, 4 layers of 256, windows of 128, 64 windows a
step) on Pianist8, by their own defaults of precision: the former commit in one process with two
threads, which was its best; this one in two processes of one thread. Only the training is timed, by
the clock, after two steps; the runs take turns.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

WINDOW, WINDOWS = 128, 64
SHAPE = (
    "--tokenizer cp-performance --backbone roformer --hidden-size 256 --layers 4 --heads 4 "
    f"--feedforward 1024 --dropout 0 --head-dropout 0 --training-window {WINDOW} --use-cpu True "
    "--save-strategy no --logging-strategy no --disable-tqdm True"
)
TIMED = """
import sys, time
from transformers import TrainerCallback
from symbolic.commands.pretrain import main
from symbolic.training import trainer

class Clock(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == 2:
            self.began = time.perf_counter()
        if state.global_step == args.max_steps and state.is_world_process_zero:
            seconds = time.perf_counter() - self.began
            print("SECONDS", seconds / (args.max_steps - 2), flush=True)

made = trainer.SymbolicTrainer.__init__
def init(self, *args, **kwargs):
    made(self, *args, **kwargs)
    self.add_callback(Clock)
trainer.SymbolicTrainer.__init__ = init
sys.argv[0] = "symbolic pretrain"
raise SystemExit(main())
"""


def seconds(checkout: Path, music: Path, processes: int, steps: int, own: str = "") -> float:
    """Train for some steps, and return the seconds of one."""
    threads = 2 // processes
    with tempfile.TemporaryDirectory() as scratch:
        script = Path(scratch, "timed.py")
        script.write_text(TIMED)
        start = [sys.executable, str(script)]
        if processes > 1:
            run = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
            start = [*run, "--nproc-per-node", str(processes), str(script)]
        batch = f"--per-device-train-batch-size {WINDOWS // processes} --max-steps {steps}"
        words = f"--music {music} {SHAPE} {batch} {own} --output-dir {scratch}/run"
        # The cache of tokens is that of `datasets`, one for each version of the columns.
        environment = {
            **os.environ,
            "PYTHONPATH": str(checkout),
            "OMP_NUM_THREADS": str(threads),
            "HF_HUB_OFFLINE": "1",
        }
        done = subprocess.run(
            [*start, *words.split()], env=environment, capture_output=True, text=True, check=False
        )
    found = [line for line in done.stdout.splitlines() if line.startswith("SECONDS")]
    if not found:
        raise RuntimeError(done.stderr[-2000:])
    return float(found[0].split()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--former", type=Path, required=True, help="checkout of a former commit")
    parser.add_argument("--steps", type=int, default=14)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    music, here = options.data / "pretrain" / "pianist8", Path(__file__).parents[1]
    kinds = {
        "former, one process": (options.former, 1, ""),
        "now, one process": (here, 1, ""),
        "now, two processes": (here, 2, ""),
        "now, two processes, as `base`": (here, 2, "--objective mixed --derived True"),
    }
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(options.rounds):
        for name, (checkout, processes, own) in kinds.items():
            taken[name].append(seconds(checkout, music, processes, options.steps, own))
    rates = {name: WINDOW * WINDOWS / np.median(values) for name, values in taken.items()}
    first = next(iter(rates.values()))
    rows = [{"training": k, "notes a second": v, "times": v / first} for k, v in rates.items()]
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.2f}".format))


if __name__ == "__main__":
    main()
