"""How fast files become ids: this package's tokenizers beside MidiTok's, and what many notes cost.

    python benchmarks/tokenizing.py FOLDER...

One thread, the same files in the same run, reading and parsing included. Each of ours is timed one
file at a time (`ids`) and many at a time (`ids_many`), the best of three runs; MidiTok once, which
takes minutes. Ids are kept and nothing else: where MidiTok's events are kept as well
(`--keep-events`), Python's garbage collector halves its speed. What symusic takes to parse is in
all of them.

With `--single`, only the processor time of single files: each of ours and CPWord take the same
files in turn, five times; the medians count.
"""

import argparse
import logging
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

from symbolic.notes.sources import find_files
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


def only_ids(sequences) -> list:
    return [s.ids for s in sequences] if isinstance(sequences, list) else sequences.ids


def count_notes(files: list[Path]) -> int:
    return sum(Score(file).note_num() for file in files)


def every(files: list[Path], count: int) -> list[Path]:
    """Choose at most `count` evenly spaced files, or all if it is 0."""
    return files[:: -(-len(files) // count)] if count else files


def measure(files: list[Path], peer_files: int, keep=only_ids) -> pd.DataFrame:
    """Notes and seconds of every tokenizer; peers on evenly spaced files."""
    sample = every(files, peer_files)
    rows = []
    for name, tokenizer in OURS.items():
        tokenizer.ids_many(files)
        one = seconds(lambda t=tokenizer: [t.ids(file) for file in files], 3)
        many = seconds(lambda t=tokenizer: t.ids_many(files), 3)
        rows.append((name, len(files), count_notes(files), one, many))
    parse = seconds(lambda: [Score.from_midi(file.read_bytes()) and None for file in files], 3)
    rows.append(("symusic, parse alone", len(files), count_notes(files), parse, np.nan))
    for name in PEERS:
        tokenizer = getattr(miditok, name)()
        taken = seconds(lambda t=tokenizer: [keep(t(file)) for file in sample])
        rows.append((f"MidiTok {name}", len(sample), count_notes(sample), taken, np.nan))
    columns = ["tokenizer", "files", "notes", "one", "many"]
    return pd.DataFrame(rows, columns=columns).set_index("tokenizer")


def show(title: str, measured: pd.DataFrame) -> None:
    """Notes per second, and how often those of CPWord."""
    table = measured[["files", "notes"]].copy()
    for column, name in ("one", "one by one"), ("many", "many"):
        table[name] = measured["notes"] / measured[column]
    peer = table.loc["MidiTok CPWord", "one by one"]
    for name in ("one by one", "many"):
        table[f"{name} / CPWord"] = table[name] / peer
    print(f"\n{title}, notes a second")
    print(table.to_string(float_format="{:,.0f}".format, na_rep="-"))


def single_files(files: list[Path], rounds: int = 5) -> pd.DataFrame:
    """Microseconds a file, one at a time, and how often as fast as CPWord: medians of rounds."""
    peer = miditok.CPWord()
    ways = {name: tokenizer.ids for name, tokenizer in OURS.items()}
    ways["reading alone"] = Path.read_bytes
    ways["reading and symusic's parse"] = lambda file: Score.from_midi(file.read_bytes())
    ways["MidiTok CPWord"] = lambda file: only_ids(peer(file))
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.thread_time()  # without the time of other work on the machine
            for file in files:
                way(file)
            times[name].append((time.thread_time() - start) / len(files) * 1e6)
    table = pd.DataFrame({"microseconds": {name: np.median(each) for name, each in times.items()}})
    table["/ CPWord"] = table.loc["MidiTok CPWord", "microseconds"] / table["microseconds"]
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
    parser.add_argument("--single", action="store_true", help="only the time of single files")
    parser.add_argument("--keep-events", action="store_true", help="of MidiTok, beside its ids")
    options = parser.parse_args()
    keep = (lambda sequences: sequences) if options.keep_events else only_ids
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    if options.single:
        for folder in options.folders:
            files = every(list(find_files(folder)), options.peer_files)
            print(f"\n{folder.parent.name}/{folder.name}, {len(files)} files one at a time")
            print(single_files(files).to_string(float_format="{:,.1f}".format))
        return
    parts = []
    for folder in options.folders:
        parts.append(measure(list(find_files(folder)), options.peer_files, keep))
        show(f"{folder.parent.name}/{folder.name}", parts[-1])
    if len(parts) > 1:
        show("all of them", sum(parts[1:], parts[0]))
    print("\nOne file of so many notes: nanoseconds a note, parse included")
    print(growth().to_string(index=False, float_format="{:,.0f}".format))


if __name__ == "__main__":
    main()
