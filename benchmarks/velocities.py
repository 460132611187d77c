"""Velocities that a pre-trained encoder predicts for pieces that it was not trained on.

    OMP_NUM_THREADS=1 python benchmarks/velocities.py DATA [--encoder base]

All velocities of a piece are masked. `r` is the mean over pieces of the correlation over their
notes, with a 95 % interval from drawing pieces; `6 classes` the share of notes whose dynamic class
(pp to ff) is right, by the expected velocity; `level known`, the same after the mean and deviation
of the predictions of a piece were made those of the piece, since notes do not tell how loud a
recording is; `most frequent`, the share of the class that most notes of a corpus have; `r, pitch`,
the correlation of velocity with pitch.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from probes import readable, unseen

from symbolic import VelocityModel
from symbolic.tasks.intervals import grouped_bootstrap
from symbolic.tasks.velocity import velocity_classes
from symbolic.training.run_folder import training_pieces

CORPORA = ("pop909", "pop1k7", "pianist8", "piano_midi_de")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="base", help="name or folder (base)")
    parser.add_argument("--only", nargs="+", default=CORPORA, help="names of corpora")
    parser.add_argument("--most", type=int, default=60, help="pieces of a corpus (60)")
    options = parser.parse_args()
    model, record = VelocityModel(options.encoder), training_pieces(options.encoder)
    rows = []
    for corpus in options.only:
        paths = sorted((options.data / "pretrain" / corpus).rglob("*.mid"))
        paths = [p for p, new in zip(paths, unseen(record, paths), strict=True) if new]
        tables = [table for table in readable(paths)[1] if table.has_dynamics][: options.most]
        found = model.predict(tables)
        true = [table.velocity.astype(float) for table in tables]
        r = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(found, true, strict=True)])
        pitch = [np.corrcoef(t.pitch, v)[0, 1] for t, v in zip(tables, true, strict=True)]
        level = [
            (a - a.mean()) / max(a.std(), 1e-6) * b.std() + b.mean()
            for a, b in zip(found, true, strict=True)
        ]
        classes = velocity_classes(np.concatenate(true).astype(int))
        right, known = (
            (
                velocity_classes(np.rint(np.concatenate(v)).clip(1, 127).astype(int)) == classes
            ).mean()
            for v in (found, level)
        )
        low, high = grouped_bootstrap(lambda i, r=r: float(r[i].mean()), [*map(str, range(len(r)))])
        rows.append(
            {
                "corpus": corpus,
                "pieces": len(tables),
                "r": f"{r.mean():.3f} [{low:.3f}, {high:.3f}]",
                "r, pitch": np.mean(pitch),
                "6 classes": right,
                "level known": known,
                "most frequent": np.bincount(classes).max() / len(classes),
            }
        )
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
