"""Whether ids come back from the score that they decode to, on real music.

python benchmarks/round_trip.py FOLDER... --files 200
"""

import argparse
import logging
from pathlib import Path

import numpy as np
import pandas as pd

from symbolic.notes.sources import find_files
from symbolic.tokenizers import CPTokenizer, FerreiraTokenizer, NoteTokenizer

TOKENIZERS = {
    "CP midibert": CPTokenizer(preset="midibert"),
    "CP score": CPTokenizer(preset="score"),
    "CP performance": CPTokenizer(),
    "Ferreira": FerreiraTokenizer(),
}


def row(tokenizer: NoteTokenizer, files: list[Path]) -> dict[str, float]:
    """Shares of files whose ids come back: all columns, all but Hold, and in a second round; and of
    the notes whose Hold comes back, or is in the bin beside it."""
    same, but_hold, settled, apart = [], [], [], []
    for file in files:
        ids = tokenizer.ids(file)
        once = tokenizer.ids(tokenizer.decode(ids))
        twice = tokenizer.ids(tokenizer.decode(once))
        same.append(np.array_equal(once, ids))
        settled.append(np.array_equal(twice, once))
        if "Hold" in tokenizer.field_names:
            but_hold.append(np.array_equal(once[:, :-1], ids[:, :-1]))
            apart.append(np.abs(once[:, -1] - ids[:, -1]))
    shares = {"files": len(files), "same": np.mean(same), "second round": np.mean(settled)}
    if apart:
        apart = np.concatenate(apart)
        shares |= {"all but Hold": np.mean(but_hold), "Hold": (apart == 0).mean()}
        shares |= {"Hold within 1": (apart <= 1).mean()}
    return shares


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="MIDI files")
    parser.add_argument("--files", type=int, default=200, help="evenly spaced, of each (200)")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    for folder in options.folders:
        files = list(find_files(folder))
        files = files[:: -(-len(files) // options.files)]
        table = pd.DataFrame({name: row(t, files) for name, t in TOKENIZERS.items()}).T
        print(f"\n{folder.parent.name}/{folder.name}")
        print(table.to_string(float_format="{:.3f}".format, na_rep="-"))


if __name__ == "__main__":
    main()
