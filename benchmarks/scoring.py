"""How fast music is scored: files to table, its parts, and bare forward passes for comparison.

    python benchmarks/scoring.py FOLDER

`bare forward pass` is that of the default model, everything that it hears at hand; the one of a
small BERT on the notes (2 layers, 96 wide, windows of 256) is what hearing them would cost alone.
Peers in the same run: pretty_midi for reading, MidiTok's CPWord for tokenizing.
"""

import argparse
import time
from pathlib import Path

import pandas as pd
import torch
from miditok import CPWord
from pretty_midi import PrettyMIDI

from symbolic import EmotionScorer, read_notes
from symbolic.data import window_starts
from symbolic.features import feature_rows, features
from symbolic.inference.prediction import predict_ids
from symbolic.notes.sources import find_files
from symbolic.tokenizers import CPTokenizer
from symbolic.training.build import ShapeArguments, build_model


def timed(function, items) -> float:
    start = time.perf_counter()
    for item in items:
        function(item)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="MIDI files")
    parser.add_argument("--files", type=int, default=300, help="how many of them (300)")
    parser.add_argument("--peer-files", type=int, default=30, help="how many for the peers (30)")
    options = parser.parse_args()
    files = list(find_files(options.folder))[: options.files]
    scorer = EmotionScorer.from_pretrained()
    tokenizer, names = CPTokenizer(), scorer.predictor.config.feature_names
    scorer.score(files[:8])

    start = time.perf_counter()
    scorer.score(files)
    whole = time.perf_counter() - start
    tables = [tokenizer.emitted(read_notes(file)) for file in files]
    notes = sum(map(len, tables))

    start = time.perf_counter()
    features_of = feature_rows(tables, names)
    many = time.perf_counter() - start
    start = time.perf_counter()
    scorer.predictor.predict([], features_of, 32)
    bare = time.perf_counter() - start

    bert = build_model(tokenizer, ShapeArguments(window=256)).eval()
    ids = [tokenizer.note_ids(table) for table in tables]
    start = time.perf_counter()
    predict_ids(bert, ids)
    hearing = time.perf_counter() - start
    windows = sum(len(window_starts(len(one), 256)) for one in ids)
    peers = files[: options.peer_files]
    peer_notes = sum(map(len, tables[: len(peers)]))
    cp_word = CPWord()
    rows = [
        ("files to table", whole, notes, len(files)),
        ("bare forward pass", bare, notes, len(files)),
        (f"bare forward pass, small BERT on {windows} windows", hearing, notes, len(files)),
        ("read", timed(read_notes, files), notes, len(files)),
        ("tokenize, already read", timed(tokenizer.ids, tables), notes, len(files)),
        ("features, already read", many, notes, len(files)),
        ("features one by one", timed(lambda t: features(t, names), tables), notes, len(files)),
        ("read and tokenize", timed(tokenizer.ids, files), notes, len(files)),
        ("peer: read, pretty_midi", timed(lambda f: PrettyMIDI(str(f)), peers), peer_notes,
         len(peers)),
        ("peer: read and tokenize, MidiTok CPWord", timed(cp_word, peers), peer_notes, len(peers)),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["what", "seconds", "notes", "files"])
    table["files/s"] = table["files"] / table["seconds"]
    table["notes/s"] = table["notes"] / table["seconds"]
    print(f"{torch.get_num_threads()} threads")
    print(table.to_string(index=False, float_format="{:,.1f}".format))


if __name__ == "__main__":
    main()
