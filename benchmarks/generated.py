"""Fréchet distances between quadrants of EMOPIA.

    OMP_NUM_THREADS=1 python benchmarks/generated.py DATA

The songs of EMOPIA are divided into two halves. Each row has the distance (`frechet_distance`)
between the clips of one quadrant in the first half and those of another, or the same, quadrant in
the second, for the vectors of the encoder in the package (pre-trained without EMOPIA) and for the
standardised features of the default model. Clips of a song are dealt together.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

import symbolic
from symbolic.data import READERS
from symbolic.evaluation.generation.frechet import frechet_distance
from symbolic.tasks import EMOTION, QUADRANTS

PAIRS = ((0, 0), (2, 2), (0, 1), (2, 3), (0, 2), (1, 3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--deals", type=int, default=200)
    options = parser.parse_args()
    pieces = [
        p for p in READERS["emopia"].read(options.data / "emopia") if EMOTION.name in p.labels
    ]
    quadrant = np.array([piece.labels[EMOTION.name] for piece in pieces])
    song = np.array([piece.group for piece in pieces])
    names = np.unique(song)
    chosen = np.random.default_rng(0).permutation(names)[: len(names) // 2]
    half = np.isin(song, chosen)
    rows = []
    for encoder in ("base", None):
        scorer = symbolic.load(encoder)
        assert isinstance(scorer, symbolic.NoteScorer | symbolic.EmotionScorer)
        vectors = scorer.embed([piece.path for piece in pieces], workers=0)
        for a, b in PAIRS:
            first, second = half & (quadrant == a), ~half & (quadrant == b)
            found = frechet_distance(
                vectors[first], vectors[second], song[first], song[second], options.deals
            )
            low, high = found.by_chance_range
            rows.append(
                {
                    "vectors": encoder or "features",
                    "A": QUADRANTS[a],
                    "B": QUADRANTS[b],
                    "clips": "{} + {}".format(*found.sizes),
                    "distance": f"{found.distance:.1f} ± {found.standard_error:.1f}",
                    "by chance": f"{found.by_chance:.1f} [{low:.1f}, {high:.1f}]",
                    "excess": found.excess,
                    "of the variance": found.share,
                    "p": found.p_value,
                }
            )
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
