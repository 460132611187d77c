"""Time to parse, read and tokenize MIDI, in microseconds a file.

    python benchmarks/reading_midi.py DATA
    PYTHONPATH=OLDER python benchmarks/reading_midi.py DATA

`OLDER` is a checkout of an older commit. Files are in memory. Of each file, or of 32 together, the
best of seven passes counts, so that other work on the machine matters less.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from symbolic.notes.batch import read_batch
from symbolic.notes.read import read_notes
from symbolic.tokenizers import CPTokenizer

try:
    from symbolic.notes.midi.reader import parse_midi
except ModuleNotFoundError:  # in an older commit
    from symbolic.notes.midi import parse_midi  # type: ignore[attr-defined]

CORPORA = {"emopia/midi": 400, "vgmidi/midi": 160, "ym2413/midi": 200, "pretrain/pop909": 150}
TOGETHER = 32  # as where data sets are tokenized
PASSES = 7


def microseconds(work: Callable, items: Sequence, files: int) -> float:
    """Time `work` on each of the items; microseconds for each of the files that they hold."""
    total = 0.0
    for item in items:
        times = []
        for _ in range(PASSES):
            begin = time.perf_counter()
            work(item)
            times.append(time.perf_counter() - begin)
        total += min(times)
    return round(total / files * 1e6, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, help="folder of the corpora")
    folder = parser.parse_args().data
    tokenizer = CPTokenizer()
    rows = []
    for corpus, count in CORPORA.items():
        files = [path.read_bytes() for path in sorted((folder / corpus).rglob("*.mid"))[:count]]
        groups = [files[i : i + TOGETHER] for i in range(0, len(files), TOGETHER)]
        ways = {
            "parse_midi": (parse_midi, files),
            "read_notes": (read_notes, files),
            "read_batch": (read_batch, groups),
            "ids": (tokenizer.ids, files),
            "ids_many": (tokenizer.ids_many, groups),
        }
        times = {name: microseconds(*way, len(files)) for name, way in ways.items()}
        rows.append({"corpus": corpus, "files": len(files)} | times)
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
