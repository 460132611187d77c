"""What audio systems weigh and how long they take, each at its own length of input.

    python benchmarks/audio_encoders.py --systems short_chunk musicnn --width 0.5

`forward` and `training step` are examples a second of the whole model in one thread, with one task
of tags, from pictures or samples that are ready; the front end is not counted. `times real` is
seconds of music heard in a second by `forward`. Medians of the process's time; the input is noise.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from symbolic.encoders import AUDIO_SYSTEMS
from symbolic.modeling import SymbolicModel
from symbolic.tasks import TAGS


def seconds(step: Callable[[], None], rounds: int, limit: float) -> float:
    """Median seconds of the process, after a warm-up that alone counts where it is past `limit`."""
    taken = []
    for turn in range(rounds + 1):
        start = time.process_time()
        step()
        taken.append(time.process_time() - start)
        if turn == 0 and taken[0] > limit:
            return taken[0]
    return float(np.median(taken[1:]))


def measured(name: str, options: argparse.Namespace) -> dict[str, object]:
    """One row of the table."""
    torch.manual_seed(0)
    system, size = AUDIO_SYSTEMS[name], options.batch_size
    model = SymbolicModel(system.config([TAGS], options.width))
    samples = system.front.takes_samples
    shape = (system.positions,) if samples else (system.positions, system.front.width)
    values = torch.rand(size, *shape)
    labels = {TAGS.name: torch.randint(0, 2, (size, TAGS.num_labels)).float()}

    @torch.inference_mode()
    def answer() -> None:
        model(input_values=values)

    def learn() -> None:
        model(input_values=values, labels=labels).loss.backward()
        model.zero_grad()

    model.eval()
    forward = size / seconds(answer, options.rounds, options.limit)
    model.train()
    return {
        "system": name,
        "seconds": system.seconds,
        "encoder": sum(p.numel() for p in model.encoder.parameters()),
        "heads": sum(p.numel() for p in model.heads.parameters()),
        "forward": forward,
        "times real": forward * system.seconds,
        "training step": size / seconds(learn, options.rounds, options.limit),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--systems", nargs="+", default=[*AUDIO_SYSTEMS], choices=AUDIO_SYSTEMS)
    parser.add_argument("--width", type=float, default=1.0, help="factor on channels and units")
    parser.add_argument("--batch_size", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=8.0, help="past which warming up is all")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for name in options.systems:
        rows.append(measured(name, options))
        print(name, flush=True)
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.2f}".format))


if __name__ == "__main__":
    main()
