"""Table of POP909 for training and tests: songs that the encoder in the package has not seen.

    python benchmarks/pop909_split.py DATA TABLE

Writes the columns `path`, `key` (annotated, of songs with one key), `group` and `split`, `test` for
songs that it has not seen, for `symbolic train --labelled TABLE --hold-out labelled-test`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from probes import unseen

from symbolic.training.run_folder import training_pieces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("table", type=Path, help="CSV to write")
    parser.add_argument("--encoder", default="base", help="name or folder (base)")
    options = parser.parse_args()
    keys = pd.read_csv(options.data / "key" / "pop909_keys.csv", dtype=str)
    one = keys[~keys["keys"].str.strip().str.contains(" ")].set_index("file")["key"]
    paths = sorted((options.data / "pretrain" / "pop909").rglob("*.mid"))
    new = unseen(training_pieces(options.encoder), paths)
    names = [path.name for path in paths]
    table = {
        "path": [str(path.resolve()) for path in paths],
        "key": [one.get(name, "") for name in names],
        "group": names,
        "split": np.where(new, "test", "train"),
    }
    pd.DataFrame(table).to_csv(options.table, index=False)
    print(f"{options.table}: {len(paths)} songs, {new.sum()} of them to test")


if __name__ == "__main__":
    main()
