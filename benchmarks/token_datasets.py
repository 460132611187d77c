"""How fast music becomes a data set of token ids, and how much memory that takes.

    python benchmarks/token_datasets.py FOLDER [FOLDER ...]

Built, and from the cache; for comparison the tokenizer alone, in one process and without labels.
Then the share of the tokens that is padding, with batches by chance and by length. (The file is not
called datasets.py: Python would take it for the library.)
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from symbolic.data import LengthSampler, build_token_dataset, unlabelled_pieces_in
from symbolic.tokenizers import build_tokenizer

EVERY = 0.02  # seconds between looks at the memory


class Memory:
    """Most memory that this process and its children have had, in MB, while it is entered.

    `rss` counts what processes share once for each of them, `pss` once.
    """

    def __enter__(self):
        self.rss = self.pss = 0.0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        self.thread.join()

    def watch(self) -> None:
        me = psutil.Process()
        while not self.over.wait(EVERY):
            try:
                used = [p.memory_full_info() for p in (me, *me.children(recursive=True))]
            except psutil.Error:  # one of them has just ended
                continue
            self.rss = max(self.rss, sum(one.rss for one in used) / 1e6)
            self.pss = max(self.pss, sum(getattr(one, "pss", 0) for one in used) / 1e6)


def measured(what: str, function: Callable[[], int], files: int) -> dict:
    with Memory() as memory:
        start = time.perf_counter()
        tokens = function()
        seconds = time.perf_counter() - start
    return {
        "what": what,
        "files": files,
        "tokens": tokens,
        "seconds": seconds,
        "tokens/s": tokens / seconds,
        "MB rss": memory.rss,
        "MB pss": memory.pss,
    }


def padding(lengths: np.ndarray, order: np.ndarray, batch_size: int) -> float:
    """Share of the padded batches' tokens that is padding."""
    starts = np.arange(0, len(order), batch_size)
    longest = np.maximum.reduceat(lengths[order], starts)
    computed = longest * np.diff(np.append(starts, len(order)))
    return 1 - lengths.sum() / computed.sum()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="MIDI or MusicXML files")
    parser.add_argument("--tokenizers", nargs="+", default=["cp-performance", "cp-midibert"])
    parser.add_argument("--workers", type=int, help="processes; one for each core by default")
    parser.add_argument("--batch-size", type=int, default=32, help="for the padding (32)")
    options = parser.parse_args()
    pieces = unlabelled_pieces_in(options.folders)
    rows = []
    for name in options.tokenizers:
        tokenizer = build_tokenizer(name)
        with tempfile.TemporaryDirectory() as cache:

            def build(tokenizer=tokenizer, cache=cache) -> int:
                return sum(build_token_dataset(pieces, tokenizer, cache, options.workers)["length"])

            rows.append(measured(f"{name}: build", build, len(pieces)))
            rows.append(measured(f"{name}: from cache", build, len(pieces)))
            lengths = np.array(build_token_dataset(pieces, tokenizer, cache)["length"])
        paths = [piece.path for piece in pieces]

        def alone(tokenizer=tokenizer, paths=paths) -> int:
            return sum(len(ids) for ids in tokenizer.ids_many(paths) if isinstance(ids, np.ndarray))

        rows.append(measured(f"{name}: tokenizer alone", alone, len(pieces)))
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:,.1f}".format))
    for window in (256, 512, 1024, int(lengths.max())):
        cut = np.minimum(lengths, window)
        chance = np.random.default_rng(0).permutation(len(cut))
        grouped = np.array(list(LengthSampler(cut, options.batch_size)))
        shares = [padding(cut, order, options.batch_size) for order in (chance, grouped)]
        print(f"window {window}: padding {shares[0]:.1%} by chance, {shares[1]:.1%} by length")


if __name__ == "__main__":
    main()
