"""What it takes to score a corpus: files a second, memory, and what 100,000 files would cost.

    python benchmarks/corpora.py throughput DATA
    python benchmarks/corpora.py memory DATA

`throughput` scores the MIDI of some folders from path to row and, in the same run, does its parts
alone on one core: what makes files ready for the model (read, tokenize, features), and the model's
bare forward pass. The aim is 80 % of the slower part. `answer and write` is what the one process
could do that answers and writes, by the time that it used: more cores than it keeps busy wait. A
small BERT on notes, with random weights, stands beside the model in the package, and MusicXML
beside MIDI.

`memory` scores 4,000 and then 40,000 files, the same music each with a track name of its own, each
in a process of its own, and compares how much these held at most. Pages that processes share count
in each of the first two columns, and once in `of all together` (Linux; five times a second).
"""

import argparse
import multiprocessing
import os
import resource
import time
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from symbolic import EmotionScorer, ReadError
from symbolic.notes.pool import apply_many
from symbolic.notes.sources import find_files
from symbolic.scoring.corpus import ScoringArguments, score_corpus

MIDI = ("emopia/midi", "vgmidi/midi", "pretrain")
MUSICXML = "key/when_in_rome"
CORES = (1, 8, 64)
COUNTS = (4_000, 40_000)


def ready(scorer: EmotionScorer, files: list[Path]) -> tuple[list, float]:
    """What the model takes of each file, and the seconds that one core took for it."""
    start = time.perf_counter()
    found = apply_many(scorer.preprocess, files, workers=0, files_per_task=scorer.files_per_task)
    made = [one for one in found if not isinstance(one, ReadError)]
    return made, time.perf_counter() - start


def forward(scorer: EmotionScorer, made: list) -> float:
    """Seconds of the bare forward pass on one core."""
    takes_features = bool(scorer.predictor.config.feature_names)
    rows = np.stack([one.features for one in made]) if takes_features else None
    import torch  # here, since `memory` measures processes that do without

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    start = time.perf_counter()
    scorer.predictor.predict([one.ids for one in made], rows, 32)
    seconds = time.perf_counter() - start
    torch.set_num_threads(before)
    return seconds


def measured(name: str, model: str | None, files: list[Path], scratch: Path) -> dict:
    """One row of the table: the whole and its parts, in files a second."""
    scorer = EmotionScorer.from_pretrained(model)
    made, reading = ready(scorer, files)
    passing = forward(scorer, made)
    start, busy = time.perf_counter(), time.process_time()
    tally = score_corpus(files, scratch / "scores.csv", ScoringArguments(model))
    whole, busy = time.perf_counter() - start, time.process_time() - busy
    assert tally.files == len(files)
    slower = len(files) / max(reading, passing)
    rate = len(files) / whole
    return {
        "what": name,
        "files": len(files),
        "scored": tally.scored,
        "ready, one core": len(files) / reading,
        "bare pass, one core": len(files) / passing,
        "answer and write": len(files) / busy,
        "path to row": rate,
        "of the slower": f"{rate / slower:.0%}",
    }


def throughput(options: argparse.Namespace) -> None:
    import pandas as pd
    import torch

    from symbolic.training.build import ShapeArguments, build_model

    midi = [file for folder in MIDI for file in find_files(options.data / folder)]
    scores = list(find_files(options.data / MUSICXML))[: options.musicxml]
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        scorer = EmotionScorer.from_pretrained()
        torch.manual_seed(0)
        build_model(scorer.tokenizer, ShapeArguments()).save_pretrained(scratch / "bert")
        scorer.tokenizer.save_pretrained(scratch / "bert")
        rng = np.random.default_rng(0)
        some = [midi[i] for i in sorted(rng.choice(len(midi), options.bert, replace=False))]
        rows = [
            measured("MIDI, model in the package", None, midi, scratch),
            measured("MIDI, small BERT", str(scratch / "bert"), some, scratch),
            measured("MusicXML, model in the package", None, scores, scratch),
        ]
    table = pd.DataFrame(rows)
    print(f"{os.cpu_count()} cores; files a second:")
    print(table.to_string(index=False, float_format="{:,.1f}".format))
    print("\nMinutes for 100,000 files, if more cores add up as these do:")
    for row in rows:
        a_core = row["path to row"] / os.cpu_count()
        told = ", ".join(f"{1e5 / a_core / n / 60:,.1f} on {n}" for n in CORES)
        print(f"  {row['what']}: {told} cores")


def named(data: bytes, name: bytes) -> bytes:
    """A MIDI file whose first track has another name."""
    at = data.index(b"MTrk")
    size = int.from_bytes(data[at + 4 : at + 8], "big")
    event = b"\x00\xff\x03" + bytes([len(name)]) + name
    length = (size + len(event)).to_bytes(4, "big")
    return data[: at + 4] + length + event + data[at + 8 :]


def held(folder: str, output: str, answers) -> None:
    """Score a folder and tell how much this process, and the largest that read, held at most."""
    start = time.perf_counter()
    tally = score_corpus(folder, output)
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    most = [resource.getrusage(kind).ru_maxrss / 1024 for kind in kinds]
    answers.put((tally.files, tally.scored, time.perf_counter() - start, *most))


def in_all(process: int) -> float:
    """MiB of a process and those it has started, pages that they share counted once."""
    total, waiting = 0, [process]
    while waiting:
        one = waiting.pop()
        with suppress(OSError):  # it has ended
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
            for children in Path(f"/proc/{one}/task").glob("*/children"):
                waiting += map(int, children.read_text().split())
    return total / 1024


def memory(options: argparse.Namespace) -> None:
    import pandas as pd

    paths = [file for folder in MIDI for file in find_files(options.data / folder)]
    files = [path.read_bytes() for path in paths]
    rows = []
    with TemporaryDirectory(dir=options.scratch) as scratch:
        for count in COUNTS:
            folder = Path(scratch, str(count))
            for i, data in enumerate(islice(cycle(files), count)):
                place = folder / f"{i // 1000:03d}"
                place.mkdir(parents=True, exist_ok=True)
                (place / f"{i:06d}.mid").write_bytes(named(data, b"%d" % i))
            context = multiprocessing.get_context("spawn")
            answers = context.Queue()
            output = os.path.join(scratch, f"{count}.csv")
            process = context.Process(target=held, args=(str(folder), output, answers))
            process.start()
            most = 0.0
            while process.is_alive() and answers.empty():
                most = max(most, in_all(process.pid))
                time.sleep(0.2)
            rows.append((*answers.get(), most))
            process.join()
    columns = ["files", "scored", "seconds", "MiB at most", "of a reader", "of all together"]
    print(pd.DataFrame(rows, columns=columns).to_string(index=False, float_format="{:,.0f}".format))
    times = rows[1][3] / rows[0][3]
    print(f"{times:.3f} times the memory for {COUNTS[1] // COUNTS[0]} times the files")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("throughput", "memory"))
    parser.add_argument("data", type=Path, help="folder with " + ", ".join((*MIDI, MUSICXML)))
    parser.add_argument("--bert", type=int, default=400, help="files for the small BERT (400)")
    parser.add_argument("--musicxml", type=int, default=120, help="scores (120)")
    parser.add_argument("--scratch", help="folder for the files of memory")
    options = parser.parse_args()
    {"throughput": throughput, "memory": memory}[options.what](options)


if __name__ == "__main__":
    main()
