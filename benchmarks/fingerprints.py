"""Same music found by fingerprints: changed copies, and chance matches between corpora.

    python benchmarks/fingerprints.py DATA

A copy is found by its melody alone: its name, its group and its notes are others.
"""

import argparse
import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from symbolic.data.audit.fingerprints import Fingerprints, common
from symbolic.notes import NoteTable, read_notes

CORPORA = ("emopia/midi", "vgmidi/midi", "ym2413/midi", "pretrain/pop909", "pretrain/piano_midi_de")
LEAST_NOTES = 10
MOST_PIECES = 1000


def fingerprints(corpus: str, tables: Sequence[NoteTable]) -> Fingerprints:
    names = [f"{corpus.replace('/', ' ')} {i}" for i in range(len(tables))]
    return Fingerprints.of_notes(names, names, tables)


def changed(table: NoteTable, semitones: int, tempo: float, dropped: float, rng) -> NoteTable:
    """Transpose, change the tempo, and drop a share of the notes."""
    table = table.select(rng.random(len(table)) >= dropped)
    pitch = np.clip(table.pitch + semitones, 0, 127)
    onset, duration = table.onset / tempo, table.duration / tempo
    return replace(table, pitch=pitch, onset=onset, duration=duration)


def part(table: NoteTable, start: float = 5.0, seconds: float = 15.0) -> NoteTable:
    return table.select((table.onset >= start) & (table.onset < start + seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, help="folder of the corpora")
    folder = parser.parse_args().data
    rng = np.random.default_rng(0)
    tables = {
        corpus: [
            read_notes(path) for path in sorted((folder / corpus).rglob("*.mid"))[:MOST_PIECES]
        ]
        for corpus in CORPORA
    }
    trained = {corpus: fingerprints(corpus, read) for corpus, read in tables.items()}
    ways = {
        "transposed": lambda table: changed(table, 3, 1.0, 0.0, rng),
        "10 % faster": lambda table: changed(table, -2, 1.1, 0.0, rng),
        "5 % dropped": lambda table: changed(table, 1, 1.0, 0.05, rng),
        "15 seconds": part,
    }
    rows = []
    for corpus, read in tables.items():
        row = {"corpus": corpus, "pieces": len(read)}
        for name, way in ways.items():
            copies = [copy for copy in map(way, read) if len(copy) > LEAST_NOTES]
            found = common(trained[corpus], fingerprints("copy", copies))
            row[name] = round(len(found) / len(copies), 3)
        rows.append(row)
    print(pd.DataFrame(rows).to_string(index=False))
    pairs = chance = 0
    for one, other in itertools.combinations(CORPORA, 2):
        pairs += len(tables[one]) * len(tables[other])
        chance += len(common(trained[one], trained[other]))
    print(f"{chance} pieces found in another corpus, of {pairs:,} pairs of pieces")


if __name__ == "__main__":
    main()
