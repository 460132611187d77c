"""How fast files become ids: this package's tokenizers beside MidiTok's, and what many notes cost.

    python benchmarks/tokenizing.py FOLDER...

One thread, the same files in the same run, reading and parsing included. Each of ours is timed one
file at a time (`ids`) and many at a time (`ids_many`), the best of three runs; MidiTok once, which
takes minutes.
"""

import argparse
import os
import tempfile
import time
import warnings
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy

import miditok
import numpy as np
import pandas as pd
from symusic import Note, Score, Track

from symbolic.notes.sources import find_sources
from symbolic.tokenizers import CPTokenizer, FerreiraTokenizer

OURS = {
    "CP midibert": CPTokenizer(preset="midibert"),
    "CP score": CPTokenizer(preset="score"),
    "CP performance": CPTokenizer(),
    "Ferreira": FerreiraTokenizer(),
}
PEERS = ("CPWord", "REMI", "Octuple")


def seconds(call, times: int = 1) -> float:
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def count_notes(files: list[Path]) -> int:
    return sum(Score(file).note_num() for file in files)


def compare(files: list[Path], peer_files: int) -> pd.DataFrame:
    """Notes per second of every tokenizer; peers on evenly spaced files."""
    sample = files[:: -(-len(files) // peer_files)] if peer_files else files
    rows = []
    for name, tokenizer in OURS.items():
        tokenizer.ids_many(files)
        one = seconds(lambda t=tokenizer: [t.ids(file) for file in files], 3)
        many = seconds(lambda t=tokenizer: t.ids_many(files), 3)
        rows.append((name, len(files), count_notes(files) / one, count_notes(files) / many))
    for name in PEERS:
        tokenizer = getattr(miditok, name)()
        taken = seconds(lambda t=tokenizer: [t(file) for file in sample])
        rows.append((f"MidiTok {name}", len(sample), count_notes(sample) / taken, np.nan))
    table = pd.DataFrame(rows, columns=["tokenizer", "files", "one by one", "many"])
    peer = table.loc[table["tokenizer"] == "MidiTok CPWord", "one by one"].item()
    table["one / CPWord"] = table["one by one"] / peer
    table["many / CPWord"] = table["many"] / peer
    return table


def growth(sizes=(1_000, 10_000, 100_000, 1_000_000)) -> pd.DataFrame:
    """Nanoseconds per note in one file of ever more notes."""
    rng = np.random.default_rng(0)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for n in sizes:
            score = Score(480)
            onset = np.cumsum(rng.integers(0, 200, n)) // 7
            columns = onset, rng.integers(1, 900, n), rng.integers(22, 108, n)
            notes = Note.from_numpy(
                *(column.astype(np.int32) for column in columns[:2]),
                columns[2].astype(np.int8),
                rng.integers(1, 128, n).astype(np.int8),
            )
            score.tracks.append(Track(notes=notes))
            path = Path(folder, f"{n}.mid")
            score.dump_midi(path)
            cost = {
                name: seconds(lambda t=tokenizer, path=path: t.ids(path), 3) / n * 1e9
                for name, tokenizer in OURS.items()
            }
            rows.append({"notes": n, **cost})
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*", help="MIDI files, a table for each folder")
    parser.add_argument("--peer-files", type=int, default=0, help="files for the peers (all)")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for folder in options.folders:
        files = list(find_sources(folder))
        print(f"\n{folder.parent.name}/{folder.name}: {count_notes(files):,} notes; notes/s")
        table = compare(files, options.peer_files)
        print(table.to_string(index=False, float_format="{:,.0f}".format, na_rep="-"))
    print("\nOne file of so many notes: nanoseconds a note, parse included")
    print(growth().to_string(index=False, float_format="{:,.0f}".format))


if __name__ == "__main__":
    main()
